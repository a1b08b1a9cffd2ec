//! Retention: every table with rows of a person has a class; rows expire when their class says so, and not before.

use uuid::Uuid;

use super::network::Network;

/// Tables whose class is missing or does not fit, each with what to do.
const MISCLASSIFIED: &str = "SELECT relation || ': ' || problem FROM access.misclassified()";

#[tokio::test]
async fn every_table_with_rows_of_a_person_is_in_a_class_that_fits() {
    let mut network = Network::new().await;
    let wrong = network.rows(MISCLASSIFIED).await;
    assert!(wrong.is_empty(), "a migration that adds tables inserts into access.table_class:\n{}", wrong.join("\n"));
    network
        .run(
            "CREATE TABLE care.injected (patient_id uuid);
             CREATE TABLE care.injected_child (goal_id uuid, patient_id_of uuid,
                 FOREIGN KEY (patient_id_of, goal_id) REFERENCES care.goal (patient_id, goal_id));
             ALTER TABLE care.dispense ADD COLUMN injected text;
             ALTER TABLE care.dispense ADD COLUMN injected_status text CHECK (injected_status IN ('a', 'b'));
             UPDATE access.table_class SET blanked = '{titel}' WHERE relation = 'care.care_plan';
             UPDATE access.table_class SET blanked = '{title,status_reason}' WHERE relation = 'care.care_plan_activity'",
        )
        .await;
    let wrong = network.rows(MISCLASSIFIED).await;
    for (place, start) in [
        "care.care_plan: Has no column titel",
        "care.care_plan: Says in title what anybody writes",
        "care.care_plan_activity: Stays while care.goal is deleted",
        "care.dispense: Says in injected what anybody writes",
        "care.injected: Holds rows of persons by patient_id",
        "care.injected_child: Refers to a person's rows in care.goal",
    ]
    .into_iter()
    .enumerate()
    {
        assert!(wrong[place].starts_with(start), "{wrong:#?}");
    }
    assert_eq!(wrong.len(), 6, "{wrong:#?}");
}

#[tokio::test]
async fn every_trigger_that_refuses_a_change_of_persons_rows_lets_an_erasure_past() {
    let mut network = Network::new().await;
    let unspared = "SELECT trigger || ' on ' || relation FROM access.unspared()";
    let wrong = network.rows(unspared).await;
    assert!(wrong.is_empty(), "a migration that adds such triggers calls access.spare_erasures(): {wrong:?}");
    network
        .run(
            "CREATE TRIGGER injected BEFORE UPDATE OR DELETE ON care.address FOR EACH ROW
                 WHEN (OLD.use = 'home' OR OLD.use = 'temp') EXECUTE FUNCTION care.refuse_change()",
        )
        .await;
    assert_eq!(network.rows(unspared).await, ["injected on care.address"]);
    network.run("CALL access.spare_erasures()").await;
    assert_eq!(network.rows(unspared).await, [""; 0]);
    let made = "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'injected'";
    let made = network.one(made).await;
    assert!(made.contains("WHEN (((NOT access.erasing()) AND ((old.use = 'home'::text) OR "), "{made}");
}

/// Two people with notes of two years ago and of today.
pub(crate) async fn two(network: &mut Network) -> (Uuid, Uuid) {
    let (first, second, provider) = (network.patient().await, network.patient().await, network.provider().await);
    for (person, age) in [(first, "2 years"), (first, "1 day"), (second, "2 years")] {
        network
            .run(&format!(
                "WITH made AS (
                     INSERT INTO care.note (patient_id, author_id, loinc, title, created_at)
                     VALUES ('{person}', '{provider}', '11506-3', 'Visit', now() - INTERVAL '{age}') RETURNING note_id)
                 INSERT INTO care.note_section (patient_id, note_id, place, loinc, title, body)
                 SELECT '{person}', note_id, 1, '51848-0', 'Assessment', 'A cold' FROM made"
            ))
            .await;
    }
    network.run("UPDATE care.note SET status = 'signed', signed_at = now()").await;
    (first, second)
}

/// Lets all rows expire that may, and how many did.
pub(crate) async fn expired(network: &mut Network) -> i64 {
    let mut sum = 0;
    // Each call takes one table, and there are fewer.
    for _ in 0..150 {
        sum += network.one("SELECT care.expire_rows()::text").await.parse::<i64>().unwrap();
    }
    sum
}

async fn notes(network: &mut Network) -> String {
    network
        .one("SELECT concat_ws(' ', (SELECT count(*) FROM care.note), (SELECT count(*) FROM care.note_section))")
        .await
}

#[tokio::test]
async fn nothing_expires_until_a_class_has_a_retention_and_then_what_is_older_and_not_held() {
    let mut network = Network::owned().await;
    let (_, held) = two(&mut network).await;
    assert_eq!(network.one("SELECT count(kept_for)::text FROM access.row_class").await, "0");
    assert_eq!(expired(&mut network).await, 0);
    let set = |kept: &str| format!("UPDATE access.row_class SET kept_for = '{kept}' WHERE row_class = 'note'");
    assert_eq!(network.refusal(&set("1 day")).await, "row_class_is_kept_for_a_month_at_least");
    network.run(&set("1 year")).await;
    network.run(&format!("UPDATE care.patient SET legal_hold = true WHERE patient_id = '{held}'")).await;
    let mut maintenance = network.login("ingest").await;
    let first = sqlx::query_scalar::<_, i64>("SELECT care.expire_rows()").fetch_one(&mut maintenance).await.unwrap();
    assert_eq!(first + expired(&mut network).await, 2, "a note and its section");
    assert_eq!(notes(&mut network).await, "2 2", "the young one, and that of the held person");
    network.run("UPDATE care.patient SET legal_hold = false").await;
    assert_eq!(expired(&mut network).await, 0, "once a day");
    network.run("UPDATE access.retention_turn SET done_on = done_on - 1").await;
    assert_eq!(expired(&mut network).await, 2);
    let proof = "SELECT concat_ws(' ', row_class, expired_on = current_date, deleted, anonymised, kept_for)
                 FROM access.expiry_proof";
    assert_eq!(network.rows(proof).await, ["note t 4 0 1 year"]);
    for change in [
        "UPDATE access.expiry_proof SET deleted = 1",
        "DELETE FROM access.expiry_proof",
        "TRUNCATE access.expiry_proof",
    ] {
        assert_eq!(network.refusal(change).await, "proof_is_only_added_to");
    }
}

#[tokio::test]
async fn a_record_joined_with_a_held_one_is_kept_and_so_is_what_others_refer_to() {
    let mut network = Network::owned().await;
    let (first, second) = two(&mut network).await;
    network
        .run(&format!(
            "INSERT INTO care.patient_link (patient_id, survivor_id, reason) VALUES ('{second}', '{first}', 'Registered twice');
             UPDATE care.patient SET legal_hold = true WHERE patient_id = '{first}';
             UPDATE access.row_class SET kept_for = '1 year' WHERE row_class IN ('note', 'wellness')"
        ))
        .await;
    assert_eq!(expired(&mut network).await, 0);
    network
        .run(&format!(
            "UPDATE care.patient SET legal_hold = false;
             DELETE FROM care.patient_link;
             UPDATE access.retention_turn SET done_on = done_on - 1;
             WITH plan AS (INSERT INTO care.care_plan (patient_id, provider_id, title)
                           SELECT '{first}', provider_id, 'Sleep' FROM care.provider LIMIT 1 RETURNING care_plan_id),
                  goal AS (INSERT INTO care.goal (patient_id, title, measure, comparator, target, unit, per, pursued_during,
                                                  created_at)
                           SELECT '{first}', title, 'sum', 'at_least', 8, 'h', 'day', '[2020-01-01,2020-02-01)',
                                  now() - INTERVAL '5 years' FROM unnest('{{A,B}}'::text[]) AS title RETURNING goal_id, title)
             INSERT INTO care.care_plan_activity (patient_id, care_plan_id, goal_id, kind, title, due_during)
             SELECT '{first}', care_plan_id, goal_id, 'exercise', 'Walk', '[2020-01-01,2020-02-01)'
             FROM plan, goal WHERE goal.title = 'A'"
        ))
        .await;
    assert_eq!(expired(&mut network).await, 5, "two notes with their sections, and one goal");
    assert_eq!(network.rows("SELECT title FROM care.goal").await, ["A"], "an activity of the plan refers to it");
}

#[tokio::test]
async fn so_many_rows_go_at_a_call_and_a_class_may_be_anonymised_instead() {
    let mut network = Network::owned().await;
    let (first, _) = two(&mut network).await;
    network
        .run(&format!(
            "INSERT INTO care.condition (patient_id, recorded_by, code_system, code, title, clinical_status,
                                         verification_status, note, created_at)
             SELECT '{first}', provider_id, 'icd10', 'J00', 'A cold', 'resolved', 'confirmed', 'Told by phone',
                    now() - INTERVAL '11 years' FROM care.provider, generate_series(1, 600);
             UPDATE access.row_class SET kept_for = '10 years', at_end = 'anonymise' WHERE row_class = 'clinical'"
        ))
        .await;
    let mut calls = Vec::new();
    for _ in 0..150 {
        calls.push(network.one("SELECT care.expire_rows()::text").await);
    }
    calls.retain(|call| call != "0");
    assert_eq!(calls, ["500", "100"]);
    assert_eq!(network.rows("SELECT DISTINCT concat_ws(' ', title, note) FROM care.condition").await, ["J00 erased"]);
    let proof = "SELECT concat_ws(' ', row_class, deleted, anonymised) FROM access.expiry_proof";
    assert_eq!(network.rows(proof).await, ["clinical 0 600"]);
}
