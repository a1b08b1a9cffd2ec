//! The privacy officer's day: who did what, what nothing explains, emergencies, and who asks to be erased.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::house::{Browser, House};

/// A house, a patient who is in the care of somebody who looked, and the officer.
async fn watched() -> (House, Uuid, Uuid, Browser) {
    let mut house = House::new().await;
    let (patient, provider) = (house.named_patient("Ruiz", "Ana").await, house.network.provider().await);
    house.network.put_in_care(patient, provider).await;
    let carer = house.network.account("provider", Some(provider)).await;
    house.signed_in(carer).await.get(&format!("/patients/{patient}")).await;
    let officer = house.network.account("privacy_officer", None).await;
    let officer = house.signed_in(officer).await;
    (house, patient, carer, officer)
}

#[tokio::test]
async fn the_officer_sees_what_was_done_by_keys_and_that_the_chains_hold() {
    let (mut house, patient, carer, officer) = watched().await;
    let all = officer.get("/audit").await;
    assert_eq!(all.status, StatusCode::OK);
    assert!(all.body.contains("Read: record") && all.body.contains("Ada Okafor"), "{}", all.body);
    assert!(all.body.contains(&patient.to_string()) && !all.body.contains("Ruiz"), "a person is a key: {}", all.body);
    assert!(all.body.contains(">Whole<") && !all.body.contains(">Broken<"), "{}", all.body);
    let by = officer.get(&format!("/audit?account={carer}")).await;
    assert!(by.body.contains("Read: record") && !by.body.contains("Read: audit"), "{}", by.body);
    let of = officer.get(&format!("/audit?patient={}", Uuid::new_v4())).await;
    assert!(of.body.contains("Nothing of this kind"), "{}", of.body);
    for wrong in ["/audit?patient=x", "/audit?account=x", "/audit?after=1.2"] {
        assert_eq!(officer.get(wrong).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
    let forged = format!(
        "SET session_replication_role = replica;
         UPDATE access.audit_event SET outcome = 'denied' WHERE actor = '{carer}';
         RESET session_replication_role"
    );
    house.network.run(&forged).await;
    assert!(officer.get("/audit").await.body.contains(">Broken<"));
}

#[tokio::test]
async fn more_events_than_a_page_has_come_on_the_next_one_and_none_twice() {
    let (mut house, patient, _, officer) = watched().await;
    let events = format!(
        "SELECT access.audit_program('export', '{patient}', 'care.goal/' || gen_random_uuid()) FROM generate_series(1, 130)"
    );
    house.network.run(&events).await;
    let first = officer.get(&format!("/audit?patient={patient}")).await;
    let more = first.body.split("href=\"/audit?patient=").find(|rest| rest.contains("after=")).unwrap();
    let more = first.body.split("class=\"button quiet\" href=\"").nth(1).map_or(more, |rest| rest);
    let path = more.split('"').next().unwrap().replace("&#38;", "&");
    let next = officer.get(&path).await;
    let keys = |body: &str| -> Vec<String> {
        body.split("Export: care.goal/").skip(1).map(|rest| rest.chars().take(36).collect()).collect()
    };
    let (mut seen, second) = (keys(&first.body), keys(&next.body));
    assert!(seen.len() <= 100 && !second.is_empty());
    seen.extend(second);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 130, "each is there once");
}

#[tokio::test]
async fn an_emergency_is_reviewed_once() {
    let (mut house, _, _, officer) = watched().await;
    let (stranger, provider) = (house.network.patient().await, house.network.provider().await);
    let emergency = format!(
        "INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis, reason)
         VALUES ('{stranger}', '{provider}', tstzrange(now() - INTERVAL '26 hours', now() - INTERVAL '25 hours'), 'emergency',
                 'Found unconscious <b>') RETURNING care_relationship_id"
    );
    let emergency = house.network.id(&emergency).await;
    let list = officer.get("/audit/emergencies").await;
    assert!(list.body.contains("Overdue") && list.body.contains("Found unconscious &#60;b&#62;"), "{}", list.body);
    assert!(list.body.contains("<td>Ada Okafor</td>"), "who opened the record: {}", list.body);
    let path = format!("/audit/emergencies/{emergency}");
    let wrong = officer.post(&path, &[("finding", "")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Fill this in."), "{}", wrong.body);
    let reviewed = officer.post(&path, &[("finding", "justified")]).await;
    assert_eq!(reviewed.location(), "/audit/emergencies?done=saved");
    assert!(officer.get(reviewed.location()).await.body.contains("Justified"));
    let again = officer.post(&path, &[("finding", "unjustified")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "sending it twice does nothing");
    let kept = house.network.one("SELECT finding FROM access.emergency_review").await;
    assert_eq!(kept, "justified");
    let nobody = format!("/audit/emergencies/{}", Uuid::new_v4());
    assert_eq!(officer.get(&nobody).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_request_of_an_erasure_is_decided_with_a_reason() {
    let (mut house, patient, _, officer) = watched().await;
    let own = house.network.account("patient", Some(patient)).await;
    let request = format!(
        "INSERT INTO access.erasure_request (patient_id, requested_by, reason)
         VALUES ('{patient}', '{own}', 'I moved away') RETURNING erasure_request_id"
    );
    let path = format!("/audit/erasures/{}", house.network.id(&request).await);
    assert!(officer.get("/audit/erasures").await.body.contains(&format!("href=\"{path}\"")));
    let wrong = officer.post(&path, &[("decision", "refuse"), ("reason", "no")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("aria-invalid") && wrong.body.contains(">no</textarea>"), "{}", wrong.body);
    // What cannot be taken back asks for fresh proof.
    house.network.run("UPDATE access.session SET confirmed_at = now() - INTERVAL '11 minutes'").await;
    let granted = officer.post(&path, &[("decision", "grant"), ("reason", "Nothing speaks against it")]).await;
    assert_eq!(granted.status, StatusCode::UNAUTHORIZED, "{}", granted.body);
    assert_eq!(house.network.one("SELECT status FROM access.erasure_request").await, "requested");
    let decided = officer.post(&path, &[("decision", "refuse"), ("reason", "A duty to keep it stands")]).await;
    assert_eq!(decided.location(), "/audit/erasures?done=saved");
    assert!(officer.get(decided.location()).await.body.contains("Refused: A duty to keep it stands"));
    house.network.run("UPDATE access.session SET confirmed_at = now()").await;
    let again = officer.post(&path, &[("decision", "grant"), ("reason", "Thought again")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(house.network.one("SELECT status FROM access.erasure_request").await, "refused");
}
