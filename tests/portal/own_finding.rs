//! Times that are not there yet, or not here: waited for in a place, and looked for where there are many providers.

use axum::http::StatusCode;

use crate::own_appointments::{Door, starts};

#[tokio::test]
async fn a_time_is_waited_for_once_and_left() {
    let mut door = Door::new().await;
    let (facility, day) = (door.facility.to_string(), door.today().await);
    let place = door.place().await;
    let first = door.me.get("/me/waitlist").await;
    assert!(first.body.contains(&place) && !first.body.contains(&facility), "first the place: {}", first.body);
    let there = door.me.post("/me/waitlist", &[("place", &place)]).await;
    assert!(there.status == StatusCode::OK && there.body.contains(&facility), "{}", there.body);
    assert!(there.body.contains("Ada Okafor"), "{}", there.body);
    let nowhere = door.me.post("/me/waitlist", &[("place", "")]).await;
    assert_eq!(nowhere.status, StatusCode::UNPROCESSABLE_ENTITY);
    let mut form = vec![("place", place.as_str()), ("facility", facility.as_str()), ("minutes", "30")];
    form.extend([("mode", "in_person"), ("since", day.as_str())]);
    let empty = door.me.post("/me/waitlist", &form).await;
    assert!(empty.body.contains("Fill this in.") && empty.body.contains("aria-invalid"), "{}", empty.body);
    form.push(("until", &day));
    assert_eq!(door.me.post("/me/waitlist", &form).await.location(), "/me/waitlist?done=saved");
    let twice = door.me.post("/me/waitlist", &form).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(twice.body.contains("The patient is on this wait-list already."), "{}", twice.body);
    let told = "SELECT to_char(lower(wanted_during) AT TIME ZONE 'America/Chicago', 'FMDD Mon YYYY')
                FROM care.waitlist_entry";
    let told = door.network().one(told).await;
    let list = door.me.get("/me/waitlist").await;
    assert!(list.body.contains(&format!("{told} – {told}")), "a day to its end is that day: {}", list.body);
    let entry = door.network().one("SELECT waitlist_entry_id::text FROM care.waitlist_entry").await;
    let leave = format!("/me/waitlist/{entry}/leave");
    let stranger = door.network().patient().await;
    let stranger = door.network().account("patient", Some(stranger)).await;
    let stranger = door.house.signed_in(stranger).await;
    assert_eq!(stranger.post(&leave, &[]).await.status, StatusCode::NOT_FOUND);
    for _ in 0..2 {
        assert_eq!(door.me.post(&leave, &[]).await.location(), "/me/waitlist?done=removed");
    }
}

#[tokio::test]
async fn times_are_looked_for_by_specialty_and_place() {
    let mut door = Door::new().await;
    let (day, provider) = (door.today().await, door.provider);
    door.network()
        .run(&format!(
            "INSERT INTO care.provider_specialty (provider_id, specialty) VALUES ('{provider}', 'dermatology')"
        ))
        .await;
    // More who come first by name, and elsewhere, than are looked at.
    let elsewhere = door.network().facility("NY", "clinic").await;
    door.network()
        .run(&format!(
            "WITH made AS (
                 INSERT INTO care.provider (family_name, given_name, email)
                 SELECT 'Aaron', 'A' || n, 'a' || n || '@example.org' FROM generate_series(1, 510) AS n RETURNING provider_id
             ), known AS (
                 INSERT INTO care.provider_specialty (provider_id, specialty) SELECT provider_id, 'cardiology' FROM made
             ) INSERT INTO care.affiliation (provider_id, facility_id, valid_during, role)
             SELECT provider_id, '{elsewhere}', daterange('2020-01-01', NULL), 'attending' FROM made"
        ))
        .await;
    let place = door.place().await;
    for more in [("specialty", "dermatology"), ("place", place.as_str())] {
        let found = door.me.post("/me/appointments/find", &[("mode", "in_person"), ("from_on", &day), more]).await;
        assert!(found.body.contains("Ada Okafor") && !starts(&found).is_empty(), "{more:?}: {}", found.body);
    }
    let none = door.me.post("/me/appointments/find", &[("mode", "in_person"), ("from_on", &day)]).await;
    assert!(none.body.contains("None of the providers looked at so far") && none.body.contains("More providers"));
    assert!(!none.body.contains("Nobody has an open time"), "{}", none.body);
}
