//! The record kept apart: what gets a category, who sees it then, and that counts, versions and refusals do not tell.

use healthtrack::model::people::{PatientId, RecordPart, Sensitivity};
use healthtrack::store::care::charting;
use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

use super::network::refused_by;
use super::sensitive::Cared;

/// A row of each table that is plain and one that is of HIV, by the author.
async fn recorded() -> Cared {
    let mut cared = Cared::new().await;
    let (patient, author) = (cared.patient, cared.author);
    let facility = cared.network.facility("IL", "hospital").await;
    let rows = format!(
        "INSERT INTO care.condition (patient_id, recorded_by, code_system, code, title, clinical_status, verification_status)
         SELECT '{patient}', '{author}', 'icd10', code, 'Condition', 'active', 'confirmed' FROM unnest('{{I10,B20}}'::text[]) AS code;
         INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, class, principal_code, during)
         SELECT '{patient}', '{facility}', '{author}', 'ambulatory', code, tstzrange(now() - days, now() - days + INTERVAL '1 hour')
         FROM (VALUES ('I10', INTERVAL '3 days'), ('Z21', INTERVAL '2 days')) AS visit (code, days);
         INSERT INTO care.procedure (patient_id, performer_id, kind, code, title, status, sensitivity)
         SELECT '{patient}', '{author}', 'therapy', '91251008', 'Therapy', 'preparation', category FROM unnest('{{NULL,hiv}}'::text[]) AS category;
         INSERT INTO care.medication (strength, code_system, code, name, ingredient, form, strength_unit) VALUES
             (500, 'rxnorm', '861007', 'Metformin 500 mg', 'metformin', 'tablet', 'mg'),
             (50, 'rxnorm', '1433868', 'Dolutegravir 50 mg', 'dolutegravir', 'tablet', 'mg');
         INSERT INTO care.medication_statement (patient_id, medication_id, recorded_by, source, status, taken_during)
         SELECT '{patient}', medication_id, '{author}', 'provider', 'active', daterange(current_date, NULL) FROM care.medication;
         INSERT INTO care.prescription (patient_id, medication_id, prescriber_id, valid_during, times, days_supply, refills_allowed,
                                        dose_quantity, quantity, dose_unit, route, instructions)
         SELECT '{patient}', medication_id, '{author}', daterange(current_date - 120, current_date + 60), 2, 30, 3, 1, 60, 'mg', 'oral', 'Twice a day'
         FROM care.medication;
         INSERT INTO care.dispense (patient_id, prescription_id, facility_id, filled_on, days_supply, quantity)
         SELECT patient_id, prescription_id, '{facility}', current_date - 30, 30, 60 FROM care.prescription;
         INSERT INTO care.lab_order (patient_id, ordered_by, facility_id, loinc, title, status, specimen)
         SELECT '{patient}', '{author}', '{facility}', code, 'Order', 'ordered', 'blood' FROM unnest('{{4548-4,56888-1}}'::text[]) AS code;
         INSERT INTO care.lab_result (patient_id, lab_order_id, observed_at, loinc, title, status, value_number, unit)
         SELECT patient_id, lab_order_id, now(), '2160-0', 'Creatinine', 'final', 1, 'mg/dL' FROM care.lab_order;
         INSERT INTO care.imaging_study (patient_id, facility_id, referrer_id, study_uid, description, status, started_at, sensitivity)
         SELECT '{patient}', '{facility}', '{author}', '1.2.' || n, 'Chest', 'available', now(), category
         FROM (VALUES (1, NULL), (2, 'hiv')) AS study (n, category);
         INSERT INTO care.imaging_series (patient_id, imaging_study_id, series_number, instances, series_uid, modality)
         SELECT patient_id, imaging_study_id, 1, 1, study_uid || '.1', 'CT' FROM care.imaging_study;
         INSERT INTO care.clinical_report (patient_id, lab_order_id, category, loinc, title, status, conclusion, signed_by, signed_at)
         SELECT patient_id, lab_order_id, 'lab', '11502-2', 'Report', 'final', 'Done', '{author}', now() FROM care.lab_order;
         INSERT INTO care.questionnaire (name, edition, title, citation, items) SELECT 'sleep', 1, 'Sleep', 'None', '[{{\"link_id\": \"hours\", \"type\": \"number\", \"text\": \"Hours\", \"required\": false}}]';
         INSERT INTO care.questionnaire_response (patient_id, questionnaire_id, encounter_id)
         SELECT '{patient}', questionnaire_id, encounter_id FROM care.questionnaire, care.encounter
         WHERE name IN ('sleep', 'phq9') AND principal_code = 'I10';
         INSERT INTO care.answer (patient_id, questionnaire_response_id, link_id, value_number)
         SELECT '{patient}', questionnaire_response_id, CASE name WHEN 'sleep' THEN 'hours' ELSE 'phq9_1' END, 1
         FROM care.questionnaire_response JOIN care.questionnaire USING (questionnaire_id);
         UPDATE care.questionnaire_response SET status = 'completed', completed_at = now() WHERE sensitivity IS NULL;"
    );
    cared.network.run(&rows).await;
    cared
}

const TABLES: [&str; 14] = [
    "condition",
    "encounter",
    "procedure",
    "medication_statement",
    "prescription",
    "dispense",
    "lab_order",
    "lab_result",
    "imaging_study",
    "imaging_series",
    "clinical_report",
    "questionnaire_response",
    "answer",
    "record_version",
];

#[tokio::test]
async fn each_part_of_the_record_is_kept_apart_from_plain_care_and_from_who_was_granted_the_chart() {
    let mut cared = recorded().await;
    cared
        .network
        .run("UPDATE care.condition SET note = 'Seen again'; UPDATE care.encounter SET reason = 'Cough'")
        .await;
    cared.network.run("DELETE FROM care.record_version WHERE relation NOT IN ('condition')").await;
    for table in TABLES {
        let count = format!("SELECT count(*) FROM care.{table}");
        assert_eq!(cared.seen(&count).await, [2, 2, 1], "{table}");
    }
    let (patient, other) = (cared.patient, cared.other);
    cared.network.run("DELETE FROM access.care_relationship").await;
    cared.grants("chart").await;
    for table in &TABLES[..13] {
        let count = format!("SELECT count(*) FROM care.{table}");
        assert_eq!(cared.seen(&count).await, [2, 0, 1], "{table}");
    }
    cared.grants("hiv,behavioural_health").await;
    for table in &TABLES[..13] {
        let count = format!("SELECT count(*) FROM care.{table}");
        assert_eq!(cared.seen(&count).await, [2, 0, 2], "{table}");
    }
    cared.network.run("DELETE FROM access.grant_of_access").await;
    cared.network.put_in_care(patient, other).await;
    cared.grants("hiv").await;
    let count = "SELECT count(*) FROM care.record_version";
    assert_eq!(cared.seen(count).await[2], 2, "former versions follow their row");
}

#[tokio::test]
async fn codes_tell_a_category_and_parts_have_that_of_their_whole() {
    let mut cared = recorded().await;
    let parts = "SELECT 'dispense ' || sensitivity FROM care.dispense WHERE sensitivity IS NOT NULL
                 UNION ALL SELECT 'lab_result ' || sensitivity FROM care.lab_result WHERE sensitivity IS NOT NULL
                 UNION ALL SELECT 'report ' || sensitivity FROM care.clinical_report WHERE sensitivity IS NOT NULL
                 UNION ALL SELECT 'series ' || sensitivity FROM care.imaging_series WHERE sensitivity IS NOT NULL
                 UNION ALL SELECT 'answer ' || sensitivity FROM care.answer WHERE sensitivity IS NOT NULL ORDER BY 1";
    let told = ["answer behavioural_health", "dispense hiv", "lab_result hiv", "report hiv", "series hiv"];
    assert_eq!(cared.network.rows(parts).await, told);
    for (system, code, category) in [
        ("icd10", "F32.9", "behavioural_health"),
        ("icd10", "X71", "behavioural_health"),
        ("icd10", "F11.20", "substance_use"),
        ("icd10", "O03.9", "reproductive"),
        ("icd10", "B24", "hiv"),
        ("icd10", "I10", "none"),
        ("icd10", "Z34.0", "none"),
        ("snomed", "86406008", "hiv"),
        ("snomed", "864060081000000105", "none"),
        ("loinc", "44261-6", "behavioural_health"),
        ("atc", "N06AB06", "behavioural_health"),
        ("atc", "A10BA02", "none"),
        ("ingredient", "Emtricitabine / Tenofovir", "hiv"),
        ("ingredient", "metformin", "none"),
        ("service_line", "psychiatric", "behavioural_health"),
    ] {
        let query = format!("SELECT coalesce(care.sensitivity_of('{system}', '{code}')::text, 'none')");
        assert_eq!(cared.network.one(&query).await, category, "{system} {code}");
    }
    cared.network.run("UPDATE care.encounter SET principal_code = 'F20.0' WHERE principal_code = 'I10'").await;
    let later = "SELECT sensitivity::text FROM care.encounter WHERE principal_code = 'F20.0'";
    assert_eq!(cared.network.one(later).await, "behavioural_health", "a code that comes later tells as well");
}

#[tokio::test]
async fn who_wrote_a_row_keeps_it_apart_with_its_parts_and_former_versions_and_never_takes_it_back() {
    let mut cared = recorded().await;
    let whose = PatientId(cared.patient);
    cared.network.run("UPDATE care.lab_order SET note = 'Fasting' WHERE loinc = '4548-4'").await;
    let order: Uuid = cared.network.id("SELECT lab_order_id FROM care.lab_order WHERE sensitivity IS NULL").await;
    let count = "SELECT (SELECT count(*) FROM care.lab_order) + (SELECT count(*) FROM care.lab_result)
                      + (SELECT count(*) FROM care.clinical_report) + (SELECT count(*) FROM care.record_version WHERE relation = 'lab_order')";
    assert_eq!(cared.seen(count).await[2], 4);
    let keeps = async |actor: &mut healthtrack::store::care::actor::Actor<'_>| {
        charting::keep_apart(actor, whose, RecordPart::LabOrder, order, Sensitivity::Reproductive).await
    };
    let [own, author, other] = cared.accounts;
    for account in [other, own] {
        assert_eq!(cared.network.broken(account, keeps).await.rule, "sensitivity_is_its_authors");
    }
    cared.network.does(author, keeps).await;
    assert_eq!(cared.seen(count).await[2], 0);
    assert_eq!(cared.seen(count).await[0], 8, "the patient sees all, with two versions of the order");
    let lower = async |actor: &mut healthtrack::store::care::actor::Actor<'_>| {
        charting::keep_apart(actor, whose, RecordPart::LabOrder, order, Sensitivity::Hiv).await
    };
    assert_eq!(cared.network.broken(author, lower).await.rule, "sensitivity_is_never_lowered");
    let mut portal = cared.network.portal_of(author).await;
    let cleared = portal.execute("UPDATE care.lab_order SET sensitivity = NULL").await;
    assert_eq!(refused_by(cleared, "clearing"), "sensitivity_is_never_lowered");
    cared.network.run("UPDATE care.lab_order SET sensitivity = NULL WHERE sensitivity = 'reproductive'").await;
    assert_eq!(cared.seen("SELECT count(*) FROM care.lab_order").await[2], 1, "who maintains the network may");
    let wrong = "SELECT care.raise_sensitivity(NULL, 'patient', NULL, 'hiv')";
    assert_eq!(refused_by(portal.execute(wrong).await, wrong), "sensitivity_is_of_a_part_of_the_record");
}

#[tokio::test]
async fn an_observation_and_what_runs_in_the_family_are_kept_apart_by_their_authors() {
    let mut cared = Cared::new().await;
    let (whose, author) = (PatientId(cared.patient), cared.author);
    let rows = format!(
        "INSERT INTO care.observation (patient_id, observed_at, loinc, title, category, value_text, performed_by, performer_id, status)
         VALUES ('{0}', now() - INTERVAL '1 day', '5196-1', 'Weight', 'survey', 'x', 'provider', '{author}', 'final');
         INSERT INTO care.family_history (patient_id, recorded_by, relative, code_system, code, title)
         VALUES ('{0}', '{author}', 'mother', 'icd10', 'E11.9', 'Diabetes')",
        cared.patient
    );
    cared.network.run(&rows).await;
    for (table, part) in [("observation", RecordPart::Observation), ("family_history", RecordPart::FamilyHistory)] {
        let key: Uuid = cared.network.id(&format!("SELECT {table}_id FROM care.{table}")).await;
        let count = format!("SELECT count(*) FROM care.{table}");
        assert_eq!(cared.seen(&count).await, [1, 1, 1], "{table}");
        let keeps = async |actor: &mut healthtrack::store::care::actor::Actor<'_>| {
            charting::keep_apart(actor, whose, part, key, Sensitivity::BehaviouralHealth).await
        };
        let [_, author, other] = cared.accounts;
        assert_eq!(cared.network.broken(other, keeps).await.rule, "sensitivity_is_its_authors", "{table}");
        cared.network.does(author, keeps).await;
        assert_eq!(cared.seen(&count).await, [1, 1, 0], "{table}");
    }
}

#[tokio::test]
async fn a_refusal_does_not_tell_what_stands_there_already() {
    let cared = recorded().await;
    let (patient, other) = (cared.patient, cared.other);
    let mut portal = cared.network.portal_of(cared.accounts[2]).await;
    let adds = |code: &str| {
        format!(
            "INSERT INTO care.condition (patient_id, recorded_by, code_system, code, title, clinical_status, verification_status)
             VALUES ('{patient}', '{other}', 'icd10', '{code}', 'Condition', 'active', 'confirmed')"
        )
    };
    assert_eq!(refused_by(portal.execute(AssertSqlSafe(adds("I10"))).await, "plain"), "condition_is_listed_once");
    portal.execute(AssertSqlSafe(adds("B20"))).await.unwrap();
    assert_eq!(refused_by(portal.execute(AssertSqlSafe(adds("B20"))).await, "own"), "condition_is_listed_once");
    let lists = format!(
        "INSERT INTO care.medication_statement (patient_id, medication_id, recorded_by, source, status, taken_during)
         SELECT '{patient}', medication_id, '{other}', 'provider', 'active', daterange(current_date, NULL) FROM care.medication
         WHERE ingredient = 'dolutegravir'"
    );
    portal.execute(AssertSqlSafe(lists.clone())).await.unwrap();
    assert_eq!(refused_by(portal.execute(AssertSqlSafe(lists)).await, "own"), "medication_statement_is_listed_once");
}

#[tokio::test]
async fn what_is_checked_by_rows_that_the_writer_is_not_shown_is_checked() {
    let mut cared = recorded().await;
    let patient = cared.patient;
    let drug = cared.network.id("SELECT prescription_id FROM care.prescription WHERE sensitivity = 'hiv'").await;
    let order = cared.network.id("SELECT facility_id FROM care.facility").await;
    let fill = format!(
        "INSERT INTO care.dispense (patient_id, prescription_id, facility_id, filled_on, days_supply, quantity)
         VALUES ('{patient}', '{drug}', '{order}', current_date, 30, 6000)"
    );
    let mut portal = cared.network.portal_of(cared.accounts[2]).await;
    assert_eq!(refused_by(portal.execute(AssertSqlSafe(fill)).await, "fill"), "dispense_is_within_the_quantity");
}
