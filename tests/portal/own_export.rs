//! To take along: all of one's own and nobody else's, as a file whose name tells nothing; to be forgotten: asked once.

use axum::http::StatusCode;
use serde_json::Value;

use crate::own_bills::billed;
use crate::own_journal::{hidden, house};

#[tokio::test]
async fn a_patient_takes_all_of_their_own_along_and_nothing_of_another() {
    let (mut house, own, stranger, (patient, _)) = house().await;
    let facility = house.network.facility("IL", "clinic").await;
    billed(&mut house, patient, facility, "B-90").await;
    let key = hidden(&own.get("/me/journal").await.body, "entry");
    own.post("/me/journal", &[("entry", &key), ("words", "Slept badly")]).await;
    let form = [("with", "all"), ("category", "other"), ("subject", "Hello"), ("body", "Are you there?")];
    own.post("/me/messages", &form).await;
    house
        .network
        .run(&format!(
            "INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, status, value_number, unit)
             SELECT '{patient}', now() - n * INTERVAL '1 minute', '4548-4', 'HbA1c', 'final', 6.1, '%'
             FROM generate_series(1, 1203) AS n"
        ))
        .await;
    let given = own.post("/me/export/record", &[]).await;
    assert_eq!(given.status, StatusCode::OK);
    assert_eq!(given.header("content-type"), "application/json");
    assert_eq!(given.header("content-disposition"), "attachment; filename=\"health-record.json\"");
    assert_eq!(given.header("cache-control"), "no-store");
    let all: Value = serde_json::from_str(&given.body).unwrap();
    assert_eq!(all["journal"][0]["words"], "Slept badly");
    assert_eq!(all["results"].as_array().unwrap().len(), 1_203, "page by page to the last");
    assert_eq!(all["bills"][0]["number"], "B-90");
    assert_eq!(all["bill_lines"][0]["invoice"], all["bills"][0]["invoice"]);
    assert_eq!(all["bill_payments"][0]["cents"], 6_000);
    assert_eq!(all["messages"][0]["body"], "Are you there?");
    assert!(all["record"][0].is_object() && all["care_team"][0]["name"].is_string(), "{:?}", all["record"]);
    let looks = "SELECT count(DISTINCT resource)::text FROM access.audit_event WHERE action = 'read'";
    assert!(house.network.one(looks).await.parse::<u32>().unwrap() > 15, "each part that was read is in the audit");
    let theirs = stranger.post("/me/export/record", &[]).await;
    assert!(!theirs.body.contains("B-90") && !theirs.body.contains("Slept") && !theirs.body.contains("Hello"));
}

#[tokio::test]
async fn what_devices_measured_is_asked_for_by_days() {
    let (_house, own, ..) = house().await;
    assert!(own.get("/me/export").await.body.contains("No device of yours has sent anything yet."));
    let days = |first: &'static str, last: &'static str| [("metric", "heart_rate"), ("first", first), ("last", last)];
    let path = "/me/export/samples";
    let empty = own.post(path, &days("2026-06-01", "2026-06-02")).await;
    assert_eq!(empty.header("content-disposition"), "attachment; filename=\"samples.csv\"");
    assert_eq!(
        empty.body,
        "\"start_at\",\"end_at\",\"value\",\"unit\",\"statistic\",\"code\",\"device\",\"flags\",\"revision\"\r\n"
    );
    for (first, last) in [("2026-06-02", "2026-06-01"), ("2020-01-01", "2026-06-01"), ("2026-02-30", "2026-06-01")] {
        assert_eq!(own.post(path, &days(first, last)).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{first}");
    }
}

#[tokio::test]
async fn an_erasure_is_asked_for_once_and_taken_back() {
    let (mut house, own, stranger, _) = house().await;
    let unsure = own.post("/me/erasure", &[("reason", "I move <away>")]).await;
    assert_eq!(unsure.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(unsure.body.contains("I move &#60;away&#62;") && unsure.body.contains("Tick that you want it."));
    let form = [("reason", "I move <away>"), ("sure", "on")];
    for _ in 0..2 {
        assert_eq!(own.post("/me/erasure", &form).await.location(), "/me/erasure?done=sent");
    }
    assert_eq!(house.network.one("SELECT count(*)::text FROM access.erasure_request").await, "1");
    let shown = own.get("/me/erasure").await;
    assert!(shown.body.contains("Waiting for a decision") && shown.body.contains("I move &#60;away&#62;"));
    assert!(!shown.body.contains("<textarea"), "one at a time");
    let request = hidden(&shown.body, "request");
    let withdraw = "/me/erasure/withdraw";
    assert_eq!(stranger.post(withdraw, &[("request", &request)]).await.status, StatusCode::NOT_FOUND);
    assert!(!stranger.get("/me/erasure").await.body.contains("Waiting"));
    for _ in 0..2 {
        assert_eq!(own.post(withdraw, &[("request", &request)]).await.location(), "/me/erasure?done=ended");
    }
    assert_eq!(stranger.post(withdraw, &[("request", &request)]).await.status, StatusCode::NOT_FOUND);
    assert!(own.get("/me/erasure").await.body.contains("Taken back by you"));
}
