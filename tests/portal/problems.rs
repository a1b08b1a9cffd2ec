//! Problems: added, refused with nothing lost, and changed by two at once.

use axum::http::StatusCode;

use crate::house::{Browser, House};

/// A house, a provider who cares for a patient, and the path of the patient's problems.
pub(crate) async fn cared_for() -> (House, Browser, String) {
    let mut house = House::new().await;
    let (patient, provider) = (house.named_patient("Ruiz", "Ana").await, house.network.provider().await);
    house.network.put_in_care(patient, provider).await;
    let account = house.network.account("provider", Some(provider)).await;
    let carer = house.signed_in(account).await;
    (house, carer, format!("/patients/{patient}/problems"))
}

const ASTHMA: [(&str, &str); 5] = [
    ("title", "Asthma"),
    ("code_system", "icd10"),
    ("code", "J45.909"),
    ("clinical_status", "active"),
    ("verification_status", "confirmed"),
];

#[tokio::test]
async fn a_problem_is_added_and_one_that_is_wrong_comes_back_with_all_that_was_typed() {
    let (_house, carer, path) = cared_for().await;
    let mut wrong = ASTHMA.to_vec();
    wrong.extend([("onset_on", "2026-02-30"), ("note", "at night, \"mostly\"")]);
    let refused = carer.post(&path, &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for kept in ["Asthma", "J45.909", "at night, &#34;mostly&#34;", "Enter a valid date.", "aria-invalid"] {
        assert!(refused.body.contains(kept), "{kept}: {}", refused.body);
    }
    let added = carer.post(&path, &ASTHMA).await;
    assert_eq!((added.status, added.location()), (StatusCode::SEE_OTHER, format!("{path}?done=saved").as_str()));
    let twice = carer.post(&path, &ASTHMA).await;
    let told = "id=\"add-code-told\"><b class=\"grave\">This stands in the record already";
    assert!(twice.status == StatusCode::UNPROCESSABLE_ENTITY && twice.body.contains(told), "{}", twice.body);
    let shown = carer.get(added.location()).await;
    assert!(shown.body.contains("Saved.") && shown.body.contains("<b>Asthma</b>"), "{}", shown.body);
}

#[tokio::test]
async fn the_second_of_two_editors_sees_both_and_decides() {
    let (mut house, carer, path) = cared_for().await;
    carer.post(&path, &ASTHMA).await;
    let key = house.network.one("SELECT condition_id::text FROM care.condition").await;
    let one = format!("{path}/{key}");
    let first = [("version", "1"), ("clinical_status", "relapse"), ("verification_status", "confirmed")];
    assert_eq!(carer.post(&one, &first).await.status, StatusCode::SEE_OTHER);
    let second = [("version", "1"), ("clinical_status", "recurrence"), ("verification_status", "confirmed")];
    let both = carer.post(&one, &second).await;
    assert_eq!(both.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(both.body.contains("Somebody has changed this") && both.body.contains("<b>Relapse</b>"), "{}", both.body);
    let decided = [("version", "2"), ("clinical_status", "recurrence"), ("verification_status", "confirmed")];
    assert_eq!(carer.post(&one, &decided).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_problem_that_is_over_stays_in_sight_and_can_come_back() {
    let (mut house, carer, path) = cared_for().await;
    carer.post(&path, &ASTHMA).await;
    let key = house.network.one("SELECT condition_id::text FROM care.condition").await;
    let one = format!("{path}/{key}");
    let over = [("version", "1"), ("clinical_status", "resolved"), ("verification_status", "confirmed")];
    assert_eq!(carer.post(&one, &over).await.status, StatusCode::SEE_OTHER);
    let listed = carer.get(&path).await.body;
    let (_, after) = listed.split_once("<h2>Past</h2>").unwrap_or_else(|| panic!("{listed}"));
    assert!(after.contains("<b>Asthma</b>") && after.contains(&one) && after.contains("Resolved"), "{after}");
    let again = [("version", "2"), ("clinical_status", "recurrence"), ("verification_status", "confirmed")];
    assert_eq!(carer.post(&one, &again).await.status, StatusCode::SEE_OTHER);
    assert!(!carer.get(&path).await.body.contains("<h2>Past</h2>"));
}
