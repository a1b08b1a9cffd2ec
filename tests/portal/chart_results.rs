//! Results over time, visits page by page, and what is asked of others.

use axum::http::StatusCode;

use crate::problems::cared_for;

#[tokio::test]
async fn results_are_shown_with_their_range_and_trend_and_go_on_page_by_page() {
    let (mut house, carer, path) = cared_for().await;
    let path = path.replace("problems", "results");
    assert!(carer.get(&path).await.body.contains("No results are recorded."));
    let patient = house.network.id("SELECT patient_id FROM care.patient").await;
    house
        .network
        .run(&format!(
            "INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, status, value_number, unit, reference_low, reference_high)
             SELECT '{patient}', now() - days * INTERVAL '1 day', '4548-4', 'HbA1c', 'final', 9 - days / 365.0, '%', 4, 5.7
             FROM generate_series(600, 1, -10) AS days"
        ))
        .await;
    let first = carer.get(&path).await.body;
    assert_eq!(first.matches("<td><a href=").count(), 50, "{first}");
    assert!(first.contains("4 – 5.7") && first.contains("↑") && first.contains("High"), "{first}");
    let hidden = |name: &str| {
        let from = format!("name=\"{name}\" value=\"");
        first.split(&from).nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned()
    };
    let second = carer.post(&path, &[("at", &hidden("at")), ("after", &hidden("after"))]).await.body;
    assert_eq!(second.matches("<td><a href=").count(), 10, "{second}");
    let newest =
        house.network.one("SELECT lab_result_id::text FROM care.lab_result ORDER BY observed_at DESC LIMIT 1").await;
    let one = carer.get(&format!("{path}/{newest}")).await.body;
    for shown in
        ["Trend: +1 % a year, over 60 results", "class=\"usual\"", "class=\"line\"", "Laboratory", "60 samples."]
    {
        assert!(one.contains(shown), "{shown}: {one}");
    }
    house
        .network
        .run(&format!(
            "INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, status, value_number, unit, reference_low, reference_high)
             SELECT '{patient}', now() - n * INTERVAL '1 minute', '2160-0', 'Creatinine', 'final', 0.004, 'mg/dL', 0.0125, 112.5
             FROM generate_series(1, 600) AS n"
        ))
        .await;
    let oldest =
        house.network.one("SELECT lab_result_id::text FROM care.lab_result ORDER BY observed_at LIMIT 1").await;
    let oldest = carer.get(&format!("{path}/{oldest}")).await;
    assert!(oldest.status == StatusCode::OK && oldest.body.contains("HbA1c"), "older than the newest 500");
    let shown = carer.get(&path).await.body;
    assert!(shown.contains("<b>0.004</b> mg/dL") && shown.contains("0.0125 – 112.5"), "{shown}");
    let other = house.network.patient().await;
    assert_eq!(carer.get(&format!("/patients/{other}/results/{newest}")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_test_is_ordered_once_and_taken_back_with_a_reason() {
    let (mut house, carer, path) = cared_for().await;
    let path = path.replace("problems", "requests");
    let facility = format!("facility {}", house.network.facility("IL", "clinic").await);
    let asked = [
        ("category", "laboratory"),
        ("title", "HbA1c"),
        ("code_system", "loinc"),
        ("code", "4548-4"),
        ("specimen", "blood"),
        ("whom", facility.as_str()),
        ("urgency", "urgent"),
        ("reason", "Thirst"),
    ];
    let mut wrong = asked.to_vec();
    wrong.retain(|(name, _)| *name != "specimen");
    let refused = carer.post(&path, &wrong).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("Thirst"), "{}", refused.body);
    let sent = carer.post(&path, &asked).await;
    assert_eq!(sent.location(), format!("{path}?done=sent"), "{}", sent.body);
    let twice = carer.post(&path, &asked).await;
    assert!(twice.body.contains("This is asked for already"), "{}", twice.body);
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.lab_order WHERE specimen = 'blood'").await, "1");
    let key = house.network.one("SELECT service_request_id::text FROM care.service_request").await;
    let version = house.network.one("SELECT version::text FROM care.service_request").await;
    let one = format!("{path}/{key}");
    let silent = carer.post(&one, &[("version", &version), ("status", "revoked")]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", silent.body);
    let revoked = carer.post(&one, &[("version", &version), ("status", "revoked"), ("why", "Done elsewhere")]).await;
    assert_eq!(revoked.location(), format!("{path}?done=saved"), "{}", revoked.body);
    assert!(carer.get(&path).await.body.contains("Laboratory, revoked"));
}

#[tokio::test]
async fn visits_go_on_page_by_page_with_where_they_were() {
    let (mut house, carer, path) = cared_for().await;
    let path = path.replace("problems", "visits");
    assert!(carer.get(&path).await.body.contains("No visits are recorded."));
    let patient = house.network.id("SELECT patient_id FROM care.patient").await;
    let facility = house.network.facility("IL", "clinic").await;
    house
        .network
        .run(&format!(
            "INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, class, during, reason)
             SELECT '{patient}', '{facility}', provider_id, 'ambulatory',
                    tstzrange(now() - days * INTERVAL '1 day', now() - days * INTERVAL '1 day' + INTERVAL '1 hour'), 'Cough'
             FROM care.provider, generate_series(60, 1, -1) AS days"
        ))
        .await;
    let first = carer.get(&path).await.body;
    assert_eq!(first.matches("<td>Cough</td>").count(), 50, "{first}");
    let hidden = |name: &str| {
        let from = format!("name=\"{name}\" value=\"");
        first.split(&from).nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned()
    };
    let second = carer.post(&path, &[("at", &hidden("at")), ("after", &hidden("after"))]).await.body;
    assert_eq!(second.matches("<td>Cough</td>").count(), 10, "{second}");
}
