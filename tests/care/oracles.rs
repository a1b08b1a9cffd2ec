//! What the key of a person tells by itself: nothing. Who may not write in a record is refused alike whatever is true of
//! its person, and who may is told what is wrong.

use uuid::Uuid;

use super::caller::Caller;
use super::network::Network;

fn condition(patient: Uuid, onset_on: &str) -> String {
    format!(
        "add_condition($t, '{patient}', NULL, 'icd10', 'I10', 'Hypertension', 'active', 'confirmed', NULL,
                       '{onset_on}', NULL, NULL)"
    )
}

fn observation(patient: Uuid, day: &str) -> String {
    format!(
        r#"note_observation($t, '{patient}', '{{"loinc":"8867-4","title":"Heart rate","category":"vital_signs",
            "observed_at":"{day}T12:00:00Z","value":{{"number":72,"unit":"/min"}}}}')"#
    )
}

fn number(patient: Uuid, value: &str) -> String {
    format!("add_identifier($t, '{patient}', 'ssn', NULL, '{value}', NULL)")
}

#[tokio::test]
async fn who_may_not_write_in_a_record_is_told_neither_a_birth_nor_a_number() {
    let mut network = Network::owned().await;
    let (patient, provider, colleague) = (network.patient().await, network.provider().await, network.provider().await);
    network.put_in_care(patient, provider).await;
    let mut carer = Caller::playing(&mut network, "provider", provider).await;
    let mut stranger = Caller::playing(&mut network, "provider", colleague).await;
    let somebody = network.patient().await;
    let mut other = Caller::playing(&mut network, "patient", somebody).await;
    carer.key(&number(patient, "219-09-9999")).await;
    for call in [condition, observation] {
        let rule = carer.refused(&call(patient, "1970-01-01")).await;
        assert!(rule.ends_with("_within_a_life"), "{rule}");
        for outsider in [&mut stranger, &mut other] {
            let (before, after) = (call(patient, "1970-01-01"), call(patient, "1990-01-01"));
            assert_eq!(outsider.refused(&before).await, outsider.refused(&after).await, "{before}");
        }
        carer.key(&call(patient, "1990-01-01")).await;
    }
    for outsider in [&mut stranger, &mut other] {
        let (taken, free) = (number(patient, "219-09-9999"), number(patient, "219-09-9998"));
        assert_eq!(outsider.refused(&taken).await, outsider.refused(&free).await);
    }
}

#[tokio::test]
async fn a_task_is_seen_by_who_sees_what_it_is_about() {
    let mut network = Network::owned().await;
    let (patient, provider, colleague) = (network.patient().await, network.provider().await, network.provider().await);
    network.put_in_care(patient, provider).await;
    network.put_in_care(patient, colleague).await;
    let asked = network.provider().await;
    network.account("provider", Some(asked)).await;
    let mut carer = Caller::playing(&mut network, "provider", provider).await;
    let mut second = Caller::playing(&mut network, "provider", colleague).await;
    for category in ["NULL", "'hiv'"] {
        let call = format!(
            "request_service($t, '{patient}', NULL, 'referral', 'order', 'routine', 'snomed', '183524004', 'See her',
                             'I10', 'Why', '{asked}', NULL, NULL, NULL, NULL, NULL, false, {category})"
        );
        carer.key(&call).await;
    }
    let tasks = async |who: &mut Caller| who.read("title", "read_tasks", Some(patient), "tasks", "NULL, NULL, 9").await;
    assert_eq!((tasks(&mut carer).await.len(), tasks(&mut second).await.len()), (2, 1));
}

#[tokio::test]
async fn of_two_who_change_a_row_at_once_the_later_one_is_not_refused_for_having_begun_first() {
    let mut network = Network::owned().await;
    let patient = network.patient().await;
    let mut first = network.connection().await;
    sqlx::raw_sql("BEGIN; SELECT now()").execute(&mut first).await.unwrap();
    network.run("UPDATE care.patient SET sex = 'male'").await;
    sqlx::raw_sql("UPDATE care.patient SET time_zone = 'Asia/Tokyo'; COMMIT").execute(&mut first).await.unwrap();
    let kept =
        format!("SELECT sex || ' ' || time_zone || ' ' || version FROM care.patient WHERE patient_id = '{patient}'");
    assert_eq!(network.one(&kept).await, "male Asia/Tokyo 3");
}
