//! Laboratory, images and reports: values with units, flags that follow from ranges, and nothing final is altered.

use uuid::Uuid;

use super::network::Network;

/// A result of `HbA1c`.
fn result(patient: Uuid, columns: &str, values: &str) -> String {
    format!(
        "INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, {columns})
         VALUES ('{patient}', '2026-01-01 08:00+00', '4548-4', 'HbA1c', {values}) RETURNING lab_result_id"
    )
}

#[tokio::test]
async fn a_flag_follows_from_the_range_and_cannot_be_told_otherwise() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let columns = "status, value_number, unit, critical_low, reference_low, reference_high, critical_high";
    for (value, flag) in
        [("3.9", "LL"), ("4", "L"), ("4.19", "L"), ("4.2", "N"), ("6", "N"), ("6.1", "H"), ("14", "H"), ("14.1", "HH")]
    {
        let row = result(patient, columns, &format!("'final', {value}, '%', 4, 4.2, 6, 14"));
        assert_eq!(network.one(&row.replace("RETURNING lab_result_id", "RETURNING flag")).await, flag, "{value}");
    }
    let told = result(patient, "status, value_number, unit, flag", "'final', 5, '%', 'N'");
    assert_eq!(network.refusal(&told).await, "428C9");
    let unordered = result(patient, columns, "'final', 5, '%', 4, 6, 4.2, 14");
    assert_eq!(network.refusal(&unordered).await, "lab_result_range_is_ordered");
}

#[tokio::test]
async fn a_result_has_one_value_and_a_number_has_a_unit() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    for (columns, values, rule) in [
        ("status", "'final'", "lab_result_value_is_one"),
        ("status, value_number, unit, value_text", "'final', 5, '%', 'five'", "lab_result_value_is_one"),
        ("status, value_number", "'final', 5", "lab_result_number_has_a_unit"),
        ("status, value_number, unit", "'final', 'NaN', '%'", "lab_result_values_are_numbers"),
        ("status, value_number, unit, critical_high", "'final', 5, '%', 'NaN'", "lab_result_values_are_numbers"),
        ("status, value_number, unit", "'final', 5, 'per cent'", "ucum_unit_is_printable"),
        ("status, value_text, comparator", "'final', 'none', '<'", "lab_result_comparator_is_known"),
        ("status, value_code", "'final', '10828005'", "lab_result_value_code_is_snomed"),
        ("status, absent_reason", "'final', 'forgotten'", "lab_result_absent_reason_is_known"),
        ("status, value_text", "'amended', 'x'", "lab_result_amended_names_what_it_amends"),
        ("status, value_text, issued_at", "'final', 'x', '2025-12-31'", "lab_result_is_issued_after_it_was_observed"),
    ] {
        assert_eq!(network.refusal(&result(patient, columns, values)).await, rule);
    }
    network.run(&result(patient, "status, value_code", "'final', '10828004'")).await;
    network.run(&result(patient, "status, absent_reason", "'final', 'clotted'")).await;
}

#[tokio::test]
async fn a_unit_fits_the_code_of_its_result() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let of = |loinc: &str, unit: &str| {
        result(patient, "status, value_number, unit", &format!("'final', 5, '{unit}'")).replace("4548-4", loinc)
    };
    for (loinc, unit) in [("4548-4", "kg"), ("4548-4", "mmol/mol"), ("2345-7", "mmol/L"), ("29463-7", "%")] {
        assert_eq!(network.refusal(&of(loinc, unit)).await, "lab_result_unit_fits_its_code", "{loinc} in {unit}");
    }
    for (loinc, unit) in [("59261-8", "mmol/mol"), ("2345-7", "mg/dL"), ("33914-3", "mL/min/{1.73_m2}"), ("1-8", "kg")]
    {
        network.run(&of(loinc, unit)).await;
    }
    let change = "UPDATE care.lab_result SET unit = 'kg' WHERE loinc = '2345-7'";
    assert!(!network.refusal(change).await.is_empty());
}

#[tokio::test]
async fn what_is_final_is_corrected_by_another_row_once() {
    let mut network = Network::new().await;
    let (patient, other) = (network.patient().await, network.patient().await);
    let first = network.id(&result(patient, "status, value_number, unit", "'preliminary', 5, '%'")).await;
    let amend = |of: Uuid, value: &str| format!("SELECT care.amend_lab_result('{of}', {value}, 'another tube')");
    assert_eq!(network.refusal(&amend(first, "7")).await, "lab_result_amends_what_was_final");
    network.run("UPDATE care.lab_result SET value_number = 6").await;
    network.run("UPDATE care.lab_result SET status = 'final'").await;
    let altered = network.refusal("UPDATE care.lab_result SET value_number = 7").await;
    assert_eq!(altered, "lab_result_that_is_final_is_not_altered");
    let taken_back = network.refusal("UPDATE care.lab_result SET status = 'preliminary'").await;
    assert_eq!(taken_back, "lab_result_that_is_final_is_not_altered");
    let second = network.id(&amend(first, "7")).await;
    assert_eq!(network.refusal(&amend(first, "8")).await, "lab_result_is_amended_once");
    let third = network.id(&amend(second, "8")).await;
    let now = "SELECT trim_scale(value_number)::text FROM care.current_lab_result";
    assert_eq!(network.rows(now).await, ["8"]);
    network
        .run(&format!("UPDATE care.lab_result SET status = 'entered_in_error' WHERE lab_result_id = '{third}'"))
        .await;
    assert_eq!(network.rows(now).await, ["7"], "an error gives way to what it had replaced");
    assert_eq!(network.one("SELECT count(*)::text FROM care.lab_result").await, "3", "nothing was lost");
    let stranger =
        result(other, "status, value_number, unit, amends_lab_result_id", &format!("'amended', 9, '%', '{third}'"));
    assert_eq!(network.refusal(&stranger).await, "lab_result_amended_fkey");
    assert_eq!(network.refusal(&amend(Uuid::nil(), "1")).await, "lab_result_is_known");
}

#[tokio::test]
async fn an_order_has_a_specimen_once_it_was_collected() {
    let mut network = Network::new().await;
    let (patient, provider) = (network.patient().await, network.provider().await);
    let laboratory = network.facility("IL", "diagnostic_center").await;
    let order = |status: &str, collected: &str, loinc: &str| {
        format!(
            "INSERT INTO care.lab_order (patient_id, ordered_by, facility_id, ordered_at, collected_at, loinc, title, status,
                                         specimen, specimen_label)
             VALUES ('{patient}', '{provider}', '{laboratory}', '2026-01-01 08:00+00', {collected}, '{loinc}', 'Lipids',
                     '{status}', 'blood', 'S-1')"
        )
    };
    assert_eq!(
        network.refusal(&order("collected", "NULL", "24331-1")).await,
        "lab_order_has_a_specimen_once_collected"
    );
    let early = network.refusal(&order("collected", "'2026-01-01 07:00+00'", "24331-1")).await;
    assert_eq!(early, "lab_order_is_collected_after_it_was_ordered");
    assert_eq!(network.refusal(&order("ordered", "NULL", "24331-2")).await, "lab_order_code_is_loinc");
    network.run(&order("collected", "'2026-01-01 09:00+00'", "24331-1")).await;
    let label = network.refusal(&order("ordered", "NULL", "24331-1")).await;
    assert_eq!(label, "lab_order_specimen_label_is_unique_in_its_laboratory");
}

#[tokio::test]
async fn images_are_found_by_identifiers_of_the_right_shape() {
    let mut network = Network::new().await;
    let (one, two) = (network.patient().await, network.patient().await);
    let study = |uid: &str| {
        format!(
            "INSERT INTO care.imaging_study (patient_id, started_at, study_uid, description)
             VALUES ('{one}', '2026-01-01', '{uid}', 'Chest') RETURNING imaging_study_id"
        )
    };
    let first = network.id(&study("1.2.840.113619.2.55.3")).await;
    assert_eq!(network.refusal(&study("1.2.840.113619.2.55.3")).await, "imaging_study_uid_is_unique");
    let long = format!("1.2.{}", "3".repeat(61));
    for wrong in ["1.02.3", "9.1.2", "1", "1.2.", "1.2.x", &long] {
        assert_eq!(network.refusal(&study(wrong)).await, "dicom_uid_is_an_object_identifier", "{wrong}");
    }
    let series = |patient, number: i32, modality: &str| {
        format!(
            "INSERT INTO care.imaging_series (patient_id, imaging_study_id, series_number, instances, series_uid, modality)
             VALUES ('{patient}', '{first}', {number}, 120, '1.2.3.{number}', '{modality}')"
        )
    };
    assert_eq!(network.refusal(&series(two, 1, "CT")).await, "imaging_series_imaging_study_fkey");
    assert_eq!(network.refusal(&series(one, 1, "XX")).await, "imaging_series_modality_is_known");
    network.run(&series(one, 1, "CT")).await;
}

#[tokio::test]
async fn a_signed_report_is_never_altered() {
    let mut network = Network::new().await;
    let (patient, provider) = (network.patient().await, network.provider().await);
    let report = network
        .id(&format!(
            "INSERT INTO care.clinical_report (patient_id, category, title, conclusion)
             VALUES ('{patient}', 'imaging', 'Chest', 'Clear') RETURNING clinical_report_id"
        ))
        .await;
    network.run("UPDATE care.clinical_report SET conclusion = 'Clear lungs'").await;
    let unsigned = network.refusal("UPDATE care.clinical_report SET status = 'final'").await;
    assert_eq!(unsigned, "clinical_report_is_signed_once_final");
    let correction = |status: &str, of: &str| {
        format!(
            "INSERT INTO care.clinical_report (patient_id, category, title, conclusion, status, signed_by, signed_at, amends_clinical_report_id)
             VALUES ('{patient}', 'imaging', 'Chest', 'A shadow', '{status}', '{provider}', now(), {of})"
        )
    };
    let early = network.refusal(&correction("amended", &format!("'{report}'"))).await;
    assert_eq!(early, "clinical_report_amends_what_was_signed");
    network
        .run(&format!("UPDATE care.clinical_report SET status = 'final', signed_by = '{provider}', signed_at = now()"))
        .await;
    for change in ["conclusion = 'A shadow'", "status = 'preliminary'", "signed_at = now() + INTERVAL '1 s'"] {
        let refusal = network.refusal(&format!("UPDATE care.clinical_report SET {change}")).await;
        assert_eq!(refusal, "clinical_report_that_is_final_is_not_altered", "{change}");
    }
    assert_eq!(network.refusal(&correction("amended", "NULL")).await, "clinical_report_amended_names_what_it_amends");
    network.run(&correction("amended", &format!("'{report}'"))).await;
    let twice = network.refusal(&correction("amended", &format!("'{report}'"))).await;
    assert_eq!(twice, "clinical_report_is_amended_once");
}

#[tokio::test]
async fn nobody_signs_in_anothers_name() {
    let mut network = Network::new().await;
    let (patient, one, two) = (network.patient().await, network.provider().await, network.provider().await);
    let account = network
        .id(&format!(
            "INSERT INTO access.account (part, login, provider_id) VALUES ('provider', 'one@example.org', '{one}')
             RETURNING account_id"
        ))
        .await;
    network
        .run(&format!(
            "INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
             VALUES ('{patient}', '{one}', '[2020-01-01,)', 'care_team')"
        ))
        .await;
    let sign = |who| {
        format!(
            "BEGIN; SET LOCAL ROLE healthtrack_care; SET LOCAL healthtrack.actor = '{account}';
             INSERT INTO care.clinical_report (patient_id, category, title, conclusion, status, signed_by, signed_at)
             VALUES ('{patient}', 'imaging', 'Chest', 'Clear', 'final', '{who}', now()); COMMIT"
        )
    };
    assert_eq!(network.refusal(&sign(two)).await, "clinical_report_is_signed_in_person");
    network.run("ROLLBACK").await;
    network.run(&sign(one)).await;
}
