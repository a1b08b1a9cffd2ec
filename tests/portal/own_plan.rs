//! One's own goals, noted once a click, and programmes, enrolled in and withdrawn from.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::house::{Answer, Browser, House};
use crate::network::Network;

/// A goal of a patient's own that no device measures.
pub(crate) async fn own_goal(network: &mut Network, patient: Uuid) -> Uuid {
    network
        .id(&format!(
            "INSERT INTO care.goal (patient_id, title, unit, measure, comparator, target, per, pursued_during)
             VALUES ('{patient}', 'Walk <b>', 'min', 'sum', 'at_least', 30, 'day',
                     daterange(current_date - 30, current_date + 30)) RETURNING goal_id"
        ))
        .await
}

/// A programme with so many seats that takes everybody.
pub(crate) async fn open_programme(network: &mut Network, seats: i32) -> Uuid {
    network
        .id(&format!(
            "INSERT INTO care.programme (capacity, sessions_needed, enrolment_during, runs_during, topic, title,
                                         description)
             VALUES ({seats}, 2, '[2020-01-01, 2056-01-01)', '[2024-01-01, 2056-12-01)', 'sleep', 'Better sleep',
                     'Six evenings') RETURNING programme_id"
        ))
        .await
}

async fn patient() -> (House, Browser, Uuid) {
    let mut house = House::new().await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let account = house.network.account("patient", Some(patient)).await;
    let me = house.signed_in(account).await;
    (house, me, patient)
}

/// How many entries a form has seen.
fn known(page: &Answer) -> String {
    let rest = page.body.split("name=\"known\" value=\"").nth(1).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn what_was_done_is_noted_once_and_drawn() {
    let (mut house, me, patient) = patient().await;
    assert!(me.get("/me/plan").await.body.contains("No plan is followed"));
    let goal = own_goal(&mut house.network, patient).await;
    let page = me.get("/me/plan").await;
    assert!(page.body.contains("Walk &#60;b&#62;") && page.body.contains("At least 30 min a day"), "{}", page.body);
    let day = house.network.one("SELECT (now() AT TIME ZONE 'America/Chicago')::date::text").await;
    let path = format!("/me/plan/{goal}/note");
    let known_before = known(&page);
    let form = [("known", known_before.as_str()), ("value", "45"), ("done_on", &day)];
    assert_eq!(me.post(&path, &form).await.location(), "/me/plan?done=saved");
    let twice = me.post(&path, &form).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(twice.body.contains("Something was noted since this page was opened"), "{}", twice.body);
    let (known_now, count) = (known(&twice), "SELECT count(*)::text FROM care.goal_entry");
    assert_eq!((known_now.as_str(), house.network.one(count).await.as_str()), ("1", "1"));
    let meant = [("known", known_now.as_str()), ("value", "5"), ("done_on", &day)];
    assert_eq!(me.post(&path, &meant).await.status, StatusCode::SEE_OTHER, "one more that is meant");
    let drawn = me.get("/me/plan").await;
    assert!(drawn.body.contains("<svg") && drawn.body.contains("Reached 1 of 1"), "{}", drawn.body);
    assert!(drawn.body.contains("<td class=\"number\">50</td>"), "{}", drawn.body);
    let wrong = me.post(&path, &[("known", "2"), ("value", "much"), ("done_on", &day)]).await;
    assert!(wrong.body.contains("Write a number.") && wrong.body.contains("value=\"much\""), "{}", wrong.body);
    let stranger = house.network.patient().await;
    let other = own_goal(&mut house.network, stranger).await;
    let others = me.post(&format!("/me/plan/{other}/note"), &form).await;
    assert_eq!(others.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_seat_is_taken_once_and_given_back() {
    let (mut house, me, patient) = patient().await;
    let programme = open_programme(&mut house.network, 1).await;
    let enrol = format!("/me/programmes/{programme}/enrol");
    let status = format!("SELECT status FROM care.enrolment WHERE patient_id = '{patient}'");
    assert!(me.get("/me/programmes").await.body.contains("Take part"));
    assert_eq!(me.post(&enrol, &[]).await.location(), "/me/programmes?done=saved");
    assert_eq!(house.network.one(&status).await, "enrolled");
    let twice = me.post(&enrol, &[]).await;
    assert!(
        twice.status == StatusCode::UNPROCESSABLE_ENTITY && twice.body.contains("class=\"wrong\""),
        "{}",
        twice.body
    );
    let second = house.network.patient().await;
    let account = house.network.account("patient", Some(second)).await;
    let second = house.signed_in(account).await;
    assert!(second.get("/me/programmes").await.body.contains("Wait for a seat"));
    let path = format!("/me/programmes/{programme}");
    house
        .network
        .run(&format!(
            "INSERT INTO care.programme_session (programme_id, during, title) VALUES
                 ('{programme}', tstzrange(now() - INTERVAL '9 days', now() - INTERVAL '215 hours'), 'First evening <b>'),
                 ('{programme}', tstzrange(now() - INTERVAL '8 days', now() - INTERVAL '191 hours'), 'Second evening'),
                 ('{programme}', tstzrange(now() + INTERVAL '8 days', now() + INTERVAL '193 hours'), 'Last evening');
             UPDATE care.programme_session SET cancelled_at = now() WHERE title ~ 'Last';
             INSERT INTO care.attendance (patient_id, programme_id, enrolment_id, programme_session_id)
             SELECT e.patient_id, programme_id, e.enrolment_id, s.programme_session_id
             FROM care.enrolment e JOIN care.programme_session s USING (programme_id) WHERE s.title ~ 'First'"
        ))
        .await;
    let seen = me.get(&path).await.body;
    for told in ["Six evenings", "First evening &#60;b&#62;", "You were there", "You were not noted", "Cancelled"] {
        assert!(seen.contains(told), "{told}: {seen}");
    }
    assert!(seen.contains("1 of 2 sessions attended"), "{seen}");
    let wrong = me.post(&path, &[("rating", ""), ("comment", "Slept <well>")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Fill this in.") && wrong.body.contains("Slept &#60;well&#62;"), "{}", wrong.body);
    for stars in ["4", "5"] {
        let said = me.post(&path, &[("rating", stars), ("comment", "Slept <well>")]).await;
        assert_eq!(said.location(), format!("{path}?done=saved"));
    }
    let feedback = "SELECT string_agg(rating || ' ' || comment, ';') FROM care.programme_feedback";
    assert_eq!(house.network.one(feedback).await, "5 Slept <well>", "what is said later stands");
    assert!(!second.get(&path).await.body.contains("How is it?"), "who is not in it says nothing");
    assert_eq!(second.post(&path, &[("rating", "1")]).await.status, StatusCode::NOT_FOUND);
    let withdraw = format!("/me/programmes/{programme}/withdraw");
    assert_eq!(second.post(&withdraw, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY, "who is not in it");
    assert_eq!(me.post(&withdraw, &[]).await.location(), "/me/programmes?done=ended");
    assert_eq!(house.network.one(&status).await, "withdrawn");
}
