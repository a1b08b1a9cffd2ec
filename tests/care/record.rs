//! What a program does with the record: it registers, reads, changes what it has read, prescribes, and shows outcomes,
//! with the rights of whoever acts.

use healthtrack::model::time::Timestamp;
use healthtrack::store::care::medication::{
    Frequency, NewDispense, NewPrescription, dispense, prescribe, stop_prescription,
};
use healthtrack::store::care::outcome::{Rate, adherence, adherence_rates, lab_trends, readmission_rates};
use healthtrack::store::care::record::{
    ConditionChange, Edited, LabValue, NewAddress, NewContact, NewIdentifier, NewLabResult, NewName, NewPatient,
    amend_lab_result, change_condition, read_summary, record_lab_result, register_patient,
};
use healthtrack::store::care::refusal::{CareError, Rules};
use uuid::Uuid;

use super::network::Network;

fn ada() -> NewPatient {
    NewPatient {
        born_on: "1980-05-17".to_owned(),
        sex: "female".to_owned(),
        time_zone: "America/Chicago".to_owned(),
        names: vec![NewName { used: "official".to_owned(), family: "King".to_owned(), given: vec!["Ada".to_owned()] }],
        addresses: vec![NewAddress {
            used: "home".to_owned(),
            lines: vec!["1 Main Street".to_owned()],
            city: "Springfield".to_owned(),
            state: Some("IL".to_owned()),
            postal_code: Some("62701".to_owned()),
            country: None,
        }],
        contacts: vec![NewContact {
            system: "email".to_owned(),
            used: "home".to_owned(),
            value: "ada@example.org".to_owned(),
            preferred: true,
        }],
        identifiers: vec![NewIdentifier {
            facility_id: None,
            system: "ssn".to_owned(),
            value: "123-45-6789".to_owned(),
        }],
    }
}

/// A network in which a provider acts from now on, and that provider.
async fn acting_provider() -> (Network, Uuid) {
    let mut network = Network::new().await;
    let provider = network.provider().await;
    let account = network
        .id(&format!(
            "INSERT INTO access.account (part, login, provider_id) VALUES ('provider', 'ada@example.org', '{provider}')
             RETURNING account_id"
        ))
        .await;
    network.run(&format!("SET ROLE healthtrack_portal; SET healthtrack.actor = '{account}'")).await;
    (network, provider)
}

#[tokio::test]
async fn a_provider_registers_a_patient_and_reads_the_record_that_others_cannot() {
    let (mut network, _) = acting_provider().await;
    let patient = register_patient(&mut network.sql, &ada()).await.unwrap();
    let summary = read_summary(&mut network.sql, patient).await.unwrap().unwrap();
    assert_eq!((summary.patient_id, summary.version, summary.born_on.as_str()), (patient, 1, "1980-05-17"));
    assert_eq!(summary.name.unwrap().family, "King");
    network.run("SET healthtrack.actor = ''").await;
    assert_eq!(read_summary(&mut network.sql, patient).await.unwrap(), None, "nobody acts");
}

#[tokio::test]
async fn a_refused_registration_says_one_sentence_and_leaves_nothing() {
    let (mut network, _) = acting_provider().await;
    let rules = Rules::read(&mut network.sql).await.unwrap();
    let mut person = ada();
    person.contacts[0].value = "ada".to_owned();
    let trouble = rules.explain(register_patient(&mut network.sql, &person).await.unwrap_err());
    let CareError::Refused(refusal) = trouble else { panic!("{trouble}") };
    assert_eq!(refusal.rule, "contact_point_value_fits_its_system");
    assert_eq!(refusal.sentence, "Give a number as +12175550100, or a mail address with one @.");
    network.run("RESET ROLE").await;
    assert_eq!(network.one("SELECT count(*)::text FROM care.patient").await, "0");
}

#[tokio::test]
async fn an_edit_of_an_old_version_is_told_so_and_changes_nothing() {
    let (mut network, provider) = acting_provider().await;
    let patient = register_patient(&mut network.sql, &ada()).await.unwrap();
    network
        .run(&format!(
            "INSERT INTO care.condition (patient_id, recorded_by, code_system, code, title, clinical_status, verification_status)
             VALUES ('{patient}', '{provider}', 'icd10', 'E11.9', 'Diabetes', 'active', 'provisional')"
        ))
        .await;
    let read = read_summary(&mut network.sql, patient).await.unwrap().unwrap().conditions.remove(0);
    let change = ConditionChange { clinical_status: "active", verification_status: "confirmed", abated_on: None };
    let saved = change_condition(&mut network.sql, read.condition_id, read.version, change).await.unwrap();
    assert_eq!(saved, Edited::Saved(2));
    let over = ConditionChange { clinical_status: "resolved", abated_on: Some("2026-01-01"), ..change };
    let stale = change_condition(&mut network.sql, read.condition_id, read.version, over).await.unwrap();
    assert_eq!(stale, Edited::Stale(2));
    assert_eq!(network.one("SELECT clinical_status FROM care.condition").await, "active");
    let unknown = change_condition(&mut network.sql, Uuid::nil(), 1, change).await.unwrap();
    assert_eq!(unknown, Edited::Unknown);
    network.run("SET healthtrack.actor = ''").await;
    let closed = change_condition(&mut network.sql, read.condition_id, 2, over).await.unwrap();
    assert_eq!(closed, Edited::Unknown, "a closed record does not tell that the row exists");
}

#[tokio::test]
async fn a_result_is_stored_corrected_and_its_course_told() {
    let (mut network, _) = acting_provider().await;
    let patient = register_patient(&mut network.sql, &ada()).await.unwrap();
    let mut result = NewLabResult {
        patient_id: patient,
        lab_order_id: None,
        observed_at: Timestamp::from_micros(1_735_689_600_000_000).unwrap(),
        loinc: "4548-4".to_owned(),
        title: "HbA1c".to_owned(),
        value: LabValue::Number { value: 6.1, unit: "%".to_owned() },
        reference: (Some(4.0), Some(5.6)),
        critical: (None, Some(14.0)),
        preliminary: false,
    };
    assert_eq!(record_lab_result(&mut network.sql, &result).await.unwrap().flag.as_deref(), Some("H"));
    result.observed_at = Timestamp::from_micros(1_735_689_600_000_000 + 31_557_600_000_000).unwrap();
    result.value = LabValue::Number { value: 15.0, unit: "%".to_owned() };
    let wrong = record_lab_result(&mut network.sql, &result).await.unwrap();
    assert_eq!(wrong.flag.as_deref(), Some("HH"));
    amend_lab_result(&mut network.sql, wrong.lab_result_id, 5.1, "another patient's tube").await.unwrap();
    for value in [LabValue::Code("10828004".to_owned()), LabValue::Words("none".to_owned())] {
        let found = NewLabResult { value, loinc: "5802-4".to_owned(), ..result.clone() };
        assert_eq!(record_lab_result(&mut network.sql, &found).await.unwrap().flag, None);
    }
    let absent = NewLabResult { value: LabValue::Absent("clotted".to_owned()), loinc: "718-7".to_owned(), ..result };
    record_lab_result(&mut network.sql, &absent).await.unwrap();
    let trends = lab_trends(&mut network.sql, patient).await.unwrap();
    assert_eq!(trends.len(), 1);
    assert_eq!((trends[0].n, trends[0].first_value, trends[0].last_value), (2, 6.1, 5.1));
    assert_eq!(trends[0].last_flag.as_deref(), Some("N"));
    assert!((trends[0].slope_per_year.unwrap() + 1.0).abs() < 1e-9);
    let summary = read_summary(&mut network.sql, patient).await.unwrap().unwrap();
    assert_eq!(summary.results.len(), 3, "one for each test");
}

#[tokio::test]
async fn a_provider_prescribes_a_pharmacy_fills_and_adherence_is_told() {
    let mut network = Network::new().await;
    let pharmacy = network.facility("IL", "pharmacy").await;
    let drug = network
        .id("INSERT INTO care.medication (code_system, code, name, ingredient, form)
             VALUES ('rxnorm', '860975', 'Metformin 500 mg tablet', 'metformin', 'tablet') RETURNING medication_id")
        .await;
    let provider = network.provider().await;
    let account = network
        .id(&format!(
            "INSERT INTO access.account (part, login, provider_id) VALUES ('provider', 'ada@example.org', '{provider}')
             RETURNING account_id"
        ))
        .await;
    network.run(&format!("SET ROLE healthtrack_portal; SET healthtrack.actor = '{account}'")).await;
    let patient = register_patient(&mut network.sql, &ada()).await.unwrap();
    let day = |ago: i32| format!("SELECT (current_date - {ago})::text");
    let (start, later, end) =
        (network.one(&day(100)).await, network.one(&day(60)).await, network.one(&day(-200)).await);
    let order = NewPrescription {
        patient_id: patient,
        medication_id: drug,
        prescriber_id: provider,
        encounter_id: None,
        dose_quantity: 1.0,
        dose_unit: "{tablet}".to_owned(),
        route: "oral".to_owned(),
        frequency: Frequency::Times { times: 2, amount: 1.0, unit: "day" },
        instructions: "One tablet with breakfast and one with dinner".to_owned(),
        quantity: 60.0,
        days_supply: 30,
        refills_allowed: 1,
        valid_from: start.clone(),
        valid_until: end,
    };
    let prescription = prescribe(&mut network.sql, &order).await.unwrap();
    let needed = NewPrescription { frequency: Frequency::AsNeeded, ..order };
    prescribe(&mut network.sql, &needed).await.unwrap();
    let mut fill = NewDispense {
        patient_id: patient,
        prescription_id: prescription,
        facility_id: pharmacy,
        filled_on: start.clone(),
        days_supply: 30,
        quantity: 60.0,
    };
    dispense(&mut network.sql, &fill).await.unwrap();
    fill.filled_on = later.clone();
    dispense(&mut network.sql, &fill).await.unwrap();
    let tomorrow = network.one(&day(-1)).await;
    let told = adherence(&mut network.sql, &start, &tomorrow, Some(patient)).await.unwrap();
    assert_eq!((told[0].fills, told[0].covered_days, told[0].treatment_days, told[0].adherent), (2, 60, 101, false));
    let rates = adherence_rates(&mut network.sql, &start, &tomorrow).await.unwrap();
    assert_eq!((rates[0].0.as_str(), rates[0].1.n, rates[0].1.hits), ("metformin", 1, 0));
    let summary = read_summary(&mut network.sql, patient).await.unwrap().unwrap();
    assert_eq!(summary.prescriptions.len(), 2);
    let stopped = stop_prescription(&mut network.sql, prescription, 1, "nausea").await.unwrap();
    assert_eq!(stopped, Edited::Saved(2));
    let stale = stop_prescription(&mut network.sql, prescription, 1, "nausea").await.unwrap();
    assert_eq!(stale, Edited::Stale(2));
    assert_eq!(stop_prescription(&mut network.sql, Uuid::nil(), 1, "nausea").await.unwrap(), Edited::Unknown);
}

#[tokio::test]
async fn a_rate_of_readmission_comes_with_its_interval() {
    let mut network = Network::new().await;
    let (patient, provider) = (network.patient().await, network.provider().await);
    let hospital = network.facility("IL", "hospital").await;
    for during in ["[2024-03-01, 2024-03-05)", "[2024-03-20, 2024-03-22)"] {
        network
            .run(&format!(
                "INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, class, admission_type, service_line,
                                             discharge_disposition, during)
                 VALUES ('{patient}', '{hospital}', '{provider}', 'inpatient', 'urgent', 'medical', 'home', '{during}')"
            ))
            .await;
    }
    let rates = readmission_rates(&mut network.sql).await.unwrap();
    let expected = Rate { n: 2, hits: 1, rate: 0.5, interval: (0.0945, 0.9055) };
    assert_eq!((rates[0].facility_id, rates[0].year, rates[0].rate), (hospital, 2024, expected));
}
