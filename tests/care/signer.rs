//! What bears a name is changed by whom it names.

use uuid::Uuid;

use super::practice::{Practice, hours_ahead};

/// Two providers in care of one patient, and their accounts.
async fn two() -> (Practice, Uuid, Uuid, Uuid) {
    let mut practice = Practice::new().await;
    let (patient, first) = (practice.patient, practice.provider);
    let second = practice.provider().await;
    for provider in [first, second] {
        practice.network.put_in_care(patient, provider).await;
    }
    let (one, two) =
        (practice.account("provider", Some(first)).await, practice.account("provider", Some(second)).await);
    (practice, second, one, two)
}

#[tokio::test]
async fn a_prescription_is_changed_by_its_prescriber_and_stopped_by_whoever_cares() {
    let (mut practice, _, one, two) = two().await;
    let (patient, provider) = (practice.patient, practice.provider);
    practice
        .network
        .run(&format!(
            "INSERT INTO care.medication (code_system, code, name, ingredient, form)
             VALUES ('atc', 'A10BA02', 'Metformin', 'metformin', 'tablet');
             INSERT INTO care.prescription (patient_id, medication_id, prescriber_id, valid_during, times, days_supply,
                                            dose_quantity, quantity, dose_unit, route, instructions)
             SELECT '{patient}', medication_id, '{provider}', daterange(current_date, current_date + 90), 2, 30, 1, 60, 'mg',
                    'oral', 'Twice a day' FROM care.medication"
        ))
        .await;
    let change = |to: &str| format!("UPDATE care.prescription SET {to}");
    let mend = "UPDATE care.prescription SET status = 'active'";
    for to in [
        "refills_allowed = 12",
        "quantity = 600",
        "instructions = 'All at once'",
        "status = 'entered_in_error'",
        "status = 'stopped', status_reason = 'rash', refills_allowed = 12",
    ] {
        assert_eq!(practice.portal_refusal(two, &change(to)).await, "prescription_is_its_prescribers", "{to}");
    }
    practice.portal(two, &change("status = 'on_hold', status_reason = 'rash'")).await;
    assert_eq!(practice.portal_refusal(two, mend).await, "prescription_is_its_prescribers");
    practice.portal(one, mend).await;
    practice.portal(one, &change("refills_allowed = 2")).await;
    practice.portal(two, &change("status = 'stopped', status_reason = 'rash'")).await;
}

#[tokio::test]
async fn a_signed_report_is_marked_as_an_error_by_its_signer() {
    let (mut practice, _, one, two) = two().await;
    let (patient, provider) = (practice.patient, practice.provider);
    let signed = format!(
        "INSERT INTO care.clinical_report (patient_id, category, title, conclusion, status, signed_by, signed_at)
         VALUES ('{patient}', 'lab', 'Lipids', 'As expected', 'final', '{provider}', now())"
    );
    practice.portal(one, &signed).await;
    let error = "UPDATE care.clinical_report SET status = 'entered_in_error'";
    assert_eq!(practice.portal_refusal(two, error).await, "clinical_report_is_its_signers");
    practice.portal(one, error).await;
}

#[tokio::test]
async fn a_visit_is_changed_by_its_own_provider() {
    let (mut practice, second, one, two) = two().await;
    let patient = practice.patient;
    let visit = practice.taken_over(patient, &hours_ahead(24, 30), "booked").await;
    let cancel = format!("SELECT care.cancel_appointment('{visit}')");
    let take = format!("SELECT care.reschedule_appointment('{visit}', {}, '{second}')", hours_ahead(48, 30));
    for change in [&cancel, &take] {
        assert_eq!(practice.portal_refusal(two, change).await, "appointment_is_its_providers");
    }
    practice.portal(one, &cancel).await;
}

#[tokio::test]
async fn a_provider_records_in_the_own_name() {
    let (mut practice, _, one, two) = two().await;
    let (patient, provider) = (practice.patient, practice.provider);
    for (table, columns, values) in [
        (
            "condition",
            "recorded_by, code_system, code, title, clinical_status, verification_status",
            "'icd10', 'E11.9', 'Diabetes', 'active', 'confirmed'",
        ),
        ("allergy", "recorded_by, category, substance, criticality", "'food', 'Peanut', 'high'"),
        ("lab_order", "ordered_by, loinc, title, specimen", "'24331-1', 'Lipids', 'blood'"),
    ] {
        let insert =
            format!("INSERT INTO care.{table} (patient_id, {columns}) VALUES ('{patient}', '{provider}', {values})");
        assert_eq!(practice.portal_refusal(two, &insert).await, format!("{table}_is_recorded_in_person"));
        practice.portal(one, &insert).await;
        let who = columns.split(',').next().unwrap();
        let taken = format!(
            "UPDATE care.{table} SET {who} = (SELECT provider_id FROM access.acting_provider() AS provider_id)"
        );
        assert_eq!(practice.portal_refusal(two, &taken).await, format!("{table}_is_recorded_in_person"));
    }
}
