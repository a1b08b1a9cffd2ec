//! A manager's day: what the facility offers, who works there, its hours, its sessions; and two managers at once.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::house::{Browser, House};

/// A house with a facility, and its manager.
async fn managed() -> (House, Uuid, Browser) {
    let mut house = House::new().await;
    let facility = house.network.facility("IL", "wellness_center").await;
    let account = house.network.account("facility_manager", Some(facility)).await;
    let manager = house.signed_in(account).await;
    (house, facility, manager)
}

#[tokio::test]
async fn a_service_is_offered_once_and_withdrawn_from_a_day_on() {
    let (mut house, _, manager) = managed().await;
    let wrong = manager.post("/centre/services", &[("name", "Yoga"), ("minutes", "2"), ("detail", "At <dawn>")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("At &#60;dawn&#62;") && wrong.body.contains("aria-invalid"), "{}", wrong.body);
    for _ in 0..2 {
        let offered = manager.post("/centre/services", &[("name", "Yoga"), ("minutes", "60")]).await;
        assert_eq!(offered.location(), "/centre/services?done=saved");
    }
    let key = house.network.one("SELECT facility_service_id::text FROM care.facility_service").await;
    let path = format!("/centre/services/{key}");
    let list = manager.get("/centre/services").await;
    assert!(list.body.contains("<b>Yoga</b>") && list.body.contains(&path), "{}", list.body);
    let version = house.network.one("SELECT version::text FROM care.facility_service").await;
    let withdrawn = manager.post(&path, &[("version", &version), ("stop_on", "2026-01-01")]).await;
    assert_eq!(withdrawn.location(), "/centre/services?done=saved");
    assert!(manager.get("/centre/services").await.body.contains("There are none."));
    let again = manager.post(&path, &[("version", &version), ("stop_on", "2026-01-01")]).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND, "what is withdrawn is there no more");
}

#[tokio::test]
async fn hours_of_a_weekday_are_set_and_seen() {
    let (mut house, _, manager) = managed().await;
    let set = [
        ("weekday", "1"),
        ("opens", "08:30"),
        ("closes", "12:00"),
        ("opens_again", "13:00"),
        ("closes_again", "00:00"),
    ];
    assert_eq!(manager.post("/centre/hours", &set).await.location(), "/centre/hours?done=saved");
    let shown = manager.get("/centre/hours").await;
    assert!(shown.body.contains("08:30 – 12:00, 13:00 – 24:00") && shown.body.contains("Closed"), "{}", shown.body);
    let wrong = manager.post("/centre/hours", &[("weekday", "1"), ("opens", "18:00"), ("closes", "noon")]).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.body.contains("Write a time"), "{}", wrong.body);
    let backwards = manager.post("/centre/hours", &[("weekday", "1"), ("opens", "18:00"), ("closes", "17:00")]).await;
    assert_eq!(backwards.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.opening_hours").await, "2");
}

#[tokio::test]
async fn the_second_of_two_managers_sees_both_and_decides() {
    let (mut house, _, manager) = managed().await;
    let form = |version: &'static str, name: &'static str| {
        [
            ("version", version),
            ("name", name),
            ("street", "1 Main Street"),
            ("postal_code", "62701"),
            ("phone", "+12175550100"),
        ]
    };
    assert_eq!(manager.post("/centre/facility", &form("1", "Riverside")).await.location(), "/centre?done=saved");
    let both = manager.post("/centre/facility", &form("1", "Lakeside")).await;
    assert_eq!(both.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(both.body.contains("Somebody has changed this") && both.body.contains("<b>Riverside</b>"), "{}", both.body);
    assert!(
        both.body.contains("value=\"Lakeside\"") && both.body.contains("name=\"version\" value=\"2\""),
        "{}",
        both.body
    );
    assert_eq!(manager.post("/centre/facility", &form("2", "Lakeside")).await.status, StatusCode::SEE_OTHER);
    assert_eq!(house.network.one("SELECT name FROM care.facility").await, "Lakeside");
}

#[tokio::test]
async fn a_programme_gets_a_session_once_and_it_is_cancelled() {
    let (mut house, facility, manager) = managed().await;
    let programme = format!(
        "INSERT INTO care.programme (facility_id, capacity, sessions_needed, enrolment_during, runs_during, topic, title, description)
         VALUES ('{facility}', 9, 1, tstzrange(now(), now() + INTERVAL '9 days'), daterange(current_date, current_date + 90),
                 'sleep', 'Better sleep', 'Nine evenings') RETURNING programme_id"
    );
    let path = format!("/centre/programmes/{}", house.network.id(&programme).await);
    assert!(manager.get(&path).await.body.contains("Add a session: Better sleep"));
    let day = house.network.one("SELECT (current_date + 3)::text").await;
    let (starts, ends) = (format!("{day}T18:00"), format!("{day}T19:00"));
    let session = [("title", "First"), ("starts", &starts), ("ends", &ends)];
    assert_eq!(manager.post(&path, &session).await.location(), "/centre/programmes?done=saved");
    assert_eq!(manager.post(&path, &session).await.status, StatusCode::UNPROCESSABLE_ENTITY, "not twice");
    let local = "SELECT to_char(lower(during) AT TIME ZONE 'America/Chicago', 'HH24:MI') FROM care.programme_session";
    assert_eq!(house.network.one(local).await, "18:00", "in the zone of the facility");
    let key = house.network.one("SELECT programme_session_id::text FROM care.programme_session").await;
    let told = house
        .network
        .one("SELECT 'Better sleep, ' || to_char(current_date + 3, 'FMDD Mon YYYY') || ', 18:00–19:00'")
        .await;
    for path in ["/centre/sessions".to_owned(), format!("/centre/sessions/{key}")] {
        let shown = manager.get(&path).await;
        assert!(shown.body.contains(&told), "{told}: {}", shown.body);
    }
    let cancelled = manager.post(&format!("/centre/sessions/{key}"), &[("version", "1")]).await;
    assert_eq!(cancelled.location(), "/centre/sessions?done=cancelled");
}

#[tokio::test]
async fn somebody_is_named_and_what_is_of_another_facility_is_not_there() {
    let (mut house, _, manager) = managed().await;
    house
        .network
        .run("INSERT INTO care.staff_role (role, title) VALUES ('trainer', 'Trainer') ON CONFLICT DO NOTHING")
        .await;
    let named = [("name", "Kim Lee"), ("role", "Trainer"), ("first_on", "2026-01-01")];
    assert_eq!(manager.post("/centre/staff", &named).await.location(), "/centre/staff?done=saved");
    assert_eq!(manager.post("/centre/staff", &named).await.status, StatusCode::UNPROCESSABLE_ENTITY, "not twice");
    assert!(manager.get("/centre/staff").await.body.contains("Kim Lee"));
    let other = house.network.facility("IL", "clinic").await;
    let service = format!(
        "INSERT INTO care.facility_service (facility_id, name) VALUES ('{other}', 'X') RETURNING facility_service_id"
    );
    let path = format!("/centre/services/{}", house.network.id(&service).await);
    for path in [path.as_str(), "/centre/nothing", "/centre/services/x"] {
        assert_eq!(manager.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        let posted = manager.post(path, &[("version", "1"), ("stop_on", "2026-01-01")]).await;
        assert!([StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY].contains(&posted.status), "{path}");
    }
    let stands = "SELECT count(*)::text FROM care.facility_service WHERE withdrawn_on IS NULL";
    assert_eq!(house.network.one(stands).await, "1");
}
