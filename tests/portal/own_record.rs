//! The own record: what those who care wrote, with its usual ranges and without their drafts; and what a patient finds wrong
//! reaches them once.

use axum::http::StatusCode;

use crate::own_journal::house;

#[tokio::test]
async fn a_patient_reads_the_record_and_says_what_is_wrong_once() {
    let (mut house, own, stranger, (patient, provider)) = house().await;
    let empty = own.get("/me/record").await.body;
    assert!(empty.contains("No active problems are recorded.") && empty.contains("No signed notes"), "{empty}");
    house
        .network
        .run(&format!(
            "INSERT INTO care.condition (patient_id, code_system, code, title, clinical_status, verification_status, abated_on,
                                         recorded_by)
             VALUES ('{patient}', 'icd10', 'J45.909', 'Asthma <b>', 'active', 'confirmed', NULL, '{provider}'),
                    ('{patient}', 'icd10', 'J06.9', 'A cold', 'resolved', 'confirmed', current_date - 90, '{provider}');
             INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, status, value_number, unit, reference_low, reference_high)
             VALUES ('{patient}', now() - INTERVAL '30 days', '4548-4', 'HbA1c', 'final', 8.5, '%', 4, 5.7);
             INSERT INTO care.note (patient_id, author_id, loinc, title)
             VALUES ('{patient}', '{provider}', '11506-3', 'Call of Monday'), ('{patient}', '{provider}', '11506-3', 'Not yet said');
             INSERT INTO care.note_section (patient_id, note_id, place, loinc, title, body)
             SELECT patient_id, note_id, 1, '51848-0', 'Assessment', 'Better <now>' FROM care.note;
             UPDATE care.note SET status = 'signed', signed_at = now() WHERE title ~ 'Monday'"
        ))
        .await;
    let page = own.get("/me/record").await.body;
    for shown in [
        "Asthma &#60;b&#62;",
        "A cold",
        "Resolved, confirmed",
        "4 – 5.7",
        "95 of 100",
        "Call of Monday",
        "Better &#60;now&#62;",
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    assert!(!page.contains("Not yet said"), "a draft is its author's: {page}");
    let result = house.network.one("SELECT lab_result_id::text FROM care.lab_result").await;
    let path = format!("/me/record/results/{result}");
    assert!(page.contains(&path) && own.get("/me/record/results").await.body.contains(&path));
    assert!(own.get(&path).await.body.contains("<svg"));
    assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND);
    let theirs = stranger.get("/me/record").await.body;
    assert!(!theirs.contains("Asthma") && !theirs.contains("Something is wrong here"), "{theirs}");

    let wrong = own.post("/me/record", &[("about", "Problems"), ("body", " ")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Fill this in.") && wrong.body.contains("selected=\"selected\">Problems"));
    let wrong = own.post("/me/record", &[("about", ""), ("body", "It was <never> asthma")]).await;
    assert!(wrong.body.contains("It was &#60;never&#62; asthma"), "{}", wrong.body);
    let form = [("about", "Problems"), ("body", "It was <never> asthma")];
    let (sent, again) = (own.post("/me/record", &form).await, own.post("/me/record", &form).await);
    assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, again.location()));
    let thread = own.get(sent.location()).await.body;
    assert!(thread.contains("Wrong in my record: Problems") && thread.contains("It was &#60;never&#62; asthma"));
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.message").await, "1");
    let account = house.network.account("provider", Some(provider)).await;
    let carer = house.signed_in(account).await;
    let inbox = carer.get(&format!("/patients/{patient}/messages")).await.body;
    assert!(inbox.contains("Wrong in my record: Problems"), "{inbox}");
}
