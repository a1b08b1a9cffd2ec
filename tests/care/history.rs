//! Conditions, procedures, allergies, immunizations, and what the record said before.

use super::network::Network;

#[tokio::test]
async fn a_condition_has_a_code_and_a_status_that_agree_with_its_dates() {
    let mut network = Network::new().await;
    let (patient, provider) = (network.patient().await, network.provider().await);
    let condition = |system: &str, code: &str, status: &str, onset: &str, abated: &str| {
        format!(
            "INSERT INTO care.condition (patient_id, recorded_by, code_system, code, title, clinical_status,
                                         verification_status, onset_on, abated_on)
             VALUES ('{patient}', '{provider}', '{system}', '{code}', 'Diabetes', '{status}', 'confirmed', {onset}, {abated})"
        )
    };
    network.run(&condition("icd10", "E11.9", "active", "'2020-01-01'", "NULL")).await;
    network.run(&condition("icd10", "E11.9", "resolved", "'2010-01-01'", "'2012-01-01'")).await;
    let twice = network.refusal(&condition("icd10", "E11.9", "active", "NULL", "NULL")).await;
    assert_eq!(twice, "condition_is_listed_once");
    let over = network.refusal(&condition("icd10", "I10", "active", "'2020-01-01'", "'2021-01-01'")).await;
    assert_eq!(over, "condition_is_over_once_abated");
    let before = network.refusal(&condition("icd10", "I10", "resolved", "'2020-01-01'", "'2019-01-01'")).await;
    assert_eq!(before, "condition_abates_after_onset");
    let code = network.refusal(&condition("snomed", "73211008", "active", "NULL", "NULL")).await;
    assert_eq!(code, "condition_code_fits_its_system");
    let system = network.refusal(&condition("loinc", "2345-7", "active", "NULL", "NULL")).await;
    assert_eq!(system, "condition_code_fits_its_system");
}

#[tokio::test]
async fn nothing_hangs_on_another_patients_visit() {
    let mut network = Network::new().await;
    let (one, two) = (network.patient().await, network.patient().await);
    let (provider, facility) = (network.provider().await, network.facility("IL", "hospital").await);
    let visit = network
        .id(&format!(
            "INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, during, class)
             VALUES ('{one}', '{facility}', '{provider}', '[2026-01-01 09:00+00, 2026-01-01 10:00+00)', 'ambulatory')
             RETURNING encounter_id"
        ))
        .await;
    let condition = |patient| {
        format!(
            "INSERT INTO care.condition (patient_id, encounter_id, recorded_by, code_system, code, title, clinical_status,
                                         verification_status)
             VALUES ('{patient}', '{visit}', '{provider}', 'icd10', 'I10', 'Hypertension', 'active', 'confirmed')"
        )
    };
    assert_eq!(network.refusal(&condition(two)).await, "condition_encounter_fkey");
    network.run(&condition(one)).await;
    let surgery = |patient| {
        format!(
            "INSERT INTO care.procedure (patient_id, encounter_id, performer_id, kind, code, title, status, performed_during)
             VALUES ('{patient}', '{visit}', '{provider}', 'surgery', '80146002', 'Appendectomy', 'completed',
                     '[2026-01-01 09:10+00, 2026-01-01 09:40+00)')"
        )
    };
    assert_eq!(network.refusal(&surgery(two)).await, "procedure_encounter_fkey");
    network.run(&surgery(one)).await;
}

#[tokio::test]
async fn a_procedure_has_a_time_once_it_was_done_and_a_reason_where_it_was_not() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let procedure = |status: &str, during: &str, reason: &str| {
        format!(
            "INSERT INTO care.procedure (patient_id, kind, code, title, status, performed_during, reason)
             VALUES ('{patient}', 'surgery', '80146002', 'Appendectomy', '{status}', {during}, {reason})"
        )
    };
    assert_eq!(network.refusal(&procedure("completed", "NULL", "NULL")).await, "procedure_has_a_time_once_begun");
    let open = network.refusal(&procedure("completed", "'[2026-01-01,)'", "NULL")).await;
    assert_eq!(open, "procedure_is_over_once_completed");
    assert_eq!(network.refusal(&procedure("not_done", "NULL", "NULL")).await, "procedure_not_done_says_why");
    network.run(&procedure("not_done", "NULL", "'the patient had eaten'")).await;
    network.run(&procedure("in_progress", "'[2026-01-01,)'", "NULL")).await;
}

#[tokio::test]
async fn an_allergy_stands_once_with_what_it_did() {
    let mut network = Network::new().await;
    let (one, two) = (network.patient().await, network.patient().await);
    let allergy = |substance: &str, code: &str| {
        format!(
            "INSERT INTO care.allergy (patient_id, category, code_system, code, substance, criticality)
             VALUES ('{one}', 'medication', {code}, '{substance}', 'high') RETURNING allergy_id"
        )
    };
    let penicillin = network.id(&allergy("Penicillin", "'snomed', '91936005'")).await;
    assert_eq!(network.refusal(&allergy("PENICILLIN", "NULL, NULL")).await, "allergy_is_listed_once");
    assert_eq!(network.refusal(&allergy("Latex", "'snomed', NULL")).await, "allergy_code_fits_its_system");
    let reaction = |patient| {
        format!(
            "INSERT INTO care.allergy_reaction (patient_id, allergy_id, code, manifestation, severity)
             VALUES ('{patient}', '{penicillin}', '247472004', 'weal', 'moderate')"
        )
    };
    assert_eq!(network.refusal(&reaction(two)).await, "allergy_reaction_allergy_fkey");
    network.run(&reaction(one)).await;
}

#[tokio::test]
async fn a_vaccine_is_given_once_a_day_from_a_lot_that_is_fresh() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let vaccine = |cvx: &str, expires: &str, status: &str| {
        format!(
            "INSERT INTO care.immunization (patient_id, given_on, expires_on, cvx, title, status)
             VALUES ('{patient}', '2026-10-01', '{expires}', '{cvx}', 'Influenza', '{status}')"
        )
    };
    network.run(&vaccine("140", "2027-01-01", "completed")).await;
    assert_eq!(network.refusal(&vaccine("140", "2027-01-01", "completed")).await, "immunization_is_given_once_a_day");
    assert_eq!(network.refusal(&vaccine("08", "2026-09-30", "completed")).await, "immunization_lot_is_fresh");
    assert_eq!(network.refusal(&vaccine("8", "2027-01-01", "completed")).await, "immunization_code_is_cvx");
    assert_eq!(network.refusal(&vaccine("08", "2027-01-01", "not_done")).await, "immunization_not_done_says_why");
}

#[tokio::test]
async fn what_the_record_said_before_is_kept_and_cannot_be_altered() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    network
        .run(&format!(
            "INSERT INTO care.allergy (patient_id, category, substance, criticality)
             VALUES ('{patient}', 'food', 'Peanut', 'low');
             UPDATE care.allergy SET criticality = 'high';
             UPDATE care.allergy SET clinical_status = 'resolved'"
        ))
        .await;
    let former = "SELECT version || ' ' || (image ->> 'criticality') || ' ' || (image ->> 'clinical_status')
                  FROM care.record_version WHERE relation = 'allergy' ORDER BY version";
    assert_eq!(network.rows(former).await, ["1 low active", "2 high active"]);
    assert_eq!(network.refusal("UPDATE care.record_version SET image = '{}'").await, "record_version_is_never_altered");
    assert_eq!(network.refusal("TRUNCATE care.record_version").await, "record_version_is_never_altered");
    let other = network.patient().await;
    let moved = format!("UPDATE care.allergy SET patient_id = '{other}'");
    assert_eq!(network.refusal(&moved).await, "record_stays_with_its_patient");
}

#[tokio::test]
async fn what_an_account_writes_bears_its_name_and_the_present_time_whatever_it_says() {
    let mut network = Network::new().await;
    let (patient, provider) = (network.patient().await, network.provider().await);
    network
        .run(&format!(
            "INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
             VALUES ('{patient}', '{provider}', '[2020-01-01,)', 'care_team')"
        ))
        .await;
    let account = network
        .id(&format!(
            "INSERT INTO access.account (part, login, provider_id) VALUES ('provider', 'ada@example.org', '{provider}')
             RETURNING account_id"
        ))
        .await;
    network
        .run(&format!(
            "SET ROLE healthtrack_care; SET healthtrack.actor = '{account}';
             INSERT INTO care.allergy (patient_id, category, substance, criticality, created_at, updated_at, version, updated_by)
             VALUES ('{patient}', 'food', 'Peanut', 'low', '2001-01-01', '2001-01-01', 7, 'somebody else');
             UPDATE care.allergy SET criticality = 'high', created_at = '2001-01-01', updated_by = 'somebody else';
             INSERT INTO care.clinical_report (patient_id, category, title, conclusion, status, signed_by, signed_at)
             VALUES ('{patient}', 'imaging', 'Chest', 'Clear', 'final', '{provider}', '2001-01-01')"
        ))
        .await;
    let stamped = "SELECT version || ' ' || (created_at > '2020-01-01') || ' ' || updated_by FROM care.allergy";
    assert_eq!(network.one(stamped).await, format!("2 true {account}"));
    assert_eq!(
        network.one("SELECT version || ' ' || changed_by FROM care.record_version").await,
        format!("1 {account}")
    );
    assert_eq!(network.one("SELECT (signed_at > '2020-01-01')::text FROM care.clinical_report").await, "true");
}

#[tokio::test]
async fn every_table_of_a_record_that_may_change_keeps_its_former_versions() {
    let mut network = Network::new().await;
    let query = "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'care' AND c.relkind = 'r' AND c.relname = ANY ($${patient, patient_name, address,
               contact_point, identifier, encounter, condition, procedure, allergy, allergy_reaction, immunization,
               medication_statement, prescription, dispense, lab_order, lab_result, imaging_study, imaging_series, clinical_report,
               questionnaire_response, answer}$$)
           AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid
                       AND t.tgname = c.relname || '_keeps_former_versions' AND t.tgenabled = 'O')";
    assert_eq!(network.rows(query).await.len(), 21);
}
