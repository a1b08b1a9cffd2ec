//! Sharing: a provider is found by name, sees what is ticked for as long as it stands, and nothing once it is ended.

use axum::http::StatusCode;
use healthtrack::model::people::PatientId;
use healthtrack::store::care::schedule::history;

use crate::own_journal::{hidden, house};

#[tokio::test]
async fn a_record_is_shared_with_a_provider_who_was_found_and_taken_back() {
    let (mut house, own, stranger, (patient, _)) = house().await;
    let other = house.network.provider().await;
    house.network.run(&format!("UPDATE care.provider SET family_name = 'Okafor' WHERE provider_id = '{other}'")).await;
    let account = house.network.account("provider", Some(other)).await;
    let reader = house.signed_in(account).await;
    let record = format!("/patients/{patient}");
    assert_eq!(reader.get(&record).await.status, StatusCode::NOT_FOUND);

    let empty = own.get("/me/sharing").await;
    for part in ["You share nothing beyond", "Nobody acts for you.", "Who cares for you", "until it is ended"] {
        assert!(empty.body.contains(part), "{part}: {}", empty.body);
    }
    let nobody = own.post("/me/sharing/find", &[("name", "%")]).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nobody.body.contains("No provider has a name that begins so"), "{}", nobody.body);
    let found = own.post("/me/sharing/find", &[("name", "oka")]).await;
    assert!(found.status == StatusCode::OK && found.body.contains("Okafor"), "{}", found.body);
    let key = other.to_string();
    let form = [("name", "oka"), ("provider", key.as_str()), ("purpose", "second_opinion")];
    let nothing = own.post("/me/sharing", &form).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nothing.body.contains("Tick at least one thing") && nothing.body.contains("selected"), "{}", nothing.body);
    let mut past = form.to_vec();
    past.extend([("chart", "on"), ("until", "2020-01-01T10:00")]);
    let past = own.post("/me/sharing", &past).await;
    assert!(past.body.contains("Choose an end that is still to come."), "{}", past.body);
    let mut form = form.to_vec();
    form.extend([("chart", "on"), ("hiv", "on")]);
    let (once, twice) = tokio::join!(own.post("/me/sharing", &form), own.post("/me/sharing", &form));
    for answer in [once, twice, own.post("/me/sharing", &form).await] {
        assert_eq!(answer.location(), "/me/sharing?done=shared");
    }
    let standing = "SELECT count(*)::text FROM access.grant_of_access WHERE revoked_at IS NULL";
    assert_eq!(house.network.one(standing).await, "1", "the same stands once");
    let mut longer = form.clone();
    longer.push(("until", "2099-01-01T10:00"));
    assert_eq!(own.post("/me/sharing", &longer).await.location(), "/me/sharing?done=shared");
    assert_eq!(house.network.one(standing).await, "1", "another end takes its place");
    assert!(own.get("/me/sharing").await.body.contains("until 1 Jan 2099"));
    assert_eq!(own.post("/me/sharing", &form).await.location(), "/me/sharing?done=shared");
    assert_eq!(reader.get(&record).await.status, StatusCode::OK);

    let shown = own.get("/me/sharing").await;
    for part in ["Okafor", "Record, HIV", "Second opinion", "until you end it"] {
        assert!(shown.body.contains(part), "{part}: {}", shown.body);
    }
    let grant = hidden(&shown.body, "grant");
    assert_eq!(stranger.post("/me/sharing/end", &[("grant", &grant)]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(reader.get(&record).await.status, StatusCode::OK, "somebody else ends nothing");
    assert_eq!(own.post("/me/sharing/end", &[("grant", &grant)]).await.location(), "/me/sharing?done=ended");
    assert_eq!(reader.get(&record).await.status, StatusCode::NOT_FOUND);
    let again = own.post("/me/sharing/end", &[("grant", &grant)]).await;
    assert_eq!(again.location(), "/me/sharing?done=ended", "what is over is over");
    assert_eq!(stranger.post("/me/sharing/end", &[("grant", &grant)]).await.status, StatusCode::NOT_FOUND);
    assert!(own.get("/me/sharing").await.body.contains("You share nothing beyond"));
}

#[tokio::test]
async fn who_else_looked_is_told_page_by_page_and_own_visits_are_left_out() {
    let (mut house, own, _, (patient, provider)) = house().await;
    for _ in 0..3 {
        own.get("/me/sharing").await;
    }
    assert!(own.get("/me/access").await.body.contains("Nobody else has looked at your record yet."));
    let account = house.network.account("provider", Some(provider)).await;
    let reader = house.signed_in(account).await;
    let record = format!("/patients/{patient}");
    let looks =
        format!("SELECT count(*)::text FROM access.audit_event WHERE actor = '{account}' AND patient_id = '{patient}'");
    while house.network.one(&looks).await.parse::<usize>().unwrap() < 60 {
        reader.get(&record).await;
    }
    let all: usize = house.network.one(&looks).await.parse().unwrap();
    let first = own.get("/me/access").await;
    assert_eq!(first.body.matches("<tr>").count(), 51, "fifty and the heading");
    let next = first.body.split("href=\"/me/access?after=").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let second = own.get(&format!("/me/access?after={next}")).await;
    assert_eq!(second.body.matches("<tr>").count(), all - 50 + 1, "{}", second.body);
    assert!(!second.body.contains("?after=") && second.body.contains("Ada Okafor"), "{}", second.body);
    for wrong in ["x", "1.2", "-1"] {
        assert_eq!(own.get(&format!("/me/access?after={wrong}")).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
}

#[tokio::test]
async fn why_somebody_comes_is_not_for_who_was_granted_appointments_alone() {
    let (mut house, own, _, (patient, provider)) = house().await;
    let other = house.network.provider().await;
    let facility = house.network.facility("IL", "clinic").await;
    house
        .network
        .run(&format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status, reason)
             VALUES ('{patient}', '{provider}', '{facility}',
                     tstzrange(now() + INTERVAL '3 days', now() + INTERVAL '3 days 1 hour'), 'booked', 'I drink')"
        ))
        .await;
    let key = other.to_string();
    let form = [("name", "oka"), ("provider", key.as_str()), ("purpose", "other"), ("schedule", "on")];
    assert_eq!(own.post("/me/sharing", &form).await.location(), "/me/sharing?done=shared");
    for (provider, reason) in [(provider, Some("I drink".to_owned())), (other, None)] {
        let account = house.network.account("provider", Some(provider)).await;
        let seen = house.network.does(account, async |actor| history(actor, PatientId(patient)).await).await;
        assert_eq!(seen.iter().map(|visit| visit.reason.clone()).collect::<Vec<_>>(), [reason]);
    }
}
