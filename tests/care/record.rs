//! What a program does with the record: it registers, reads, changes what it has read, prescribes, and shows outcomes,
//! with the rights of whoever acts.

use healthtrack::model::people::{
    AddressUse, ClinicalStatus, ConditionId, ContactSystem, ContactUse, FacilityId, IdentifierSystem, LabAbsentReason,
    LabFlag, MedicationId, NameUse, PeriodUnit, PrescriptionId, ProviderId, Route, Sex, VerificationStatus,
};
use healthtrack::model::time::{Day, Timestamp};
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::error::RuleCatalogue;
use healthtrack::store::care::lab::{LabValue, NewLabResult, amend_lab_result, record_lab_result};
use healthtrack::store::care::medication::{
    Frequency, NewDispense, NewPrescription, dispense, prescribe, stop_prescription,
};
use healthtrack::store::care::outcome::{Rate, adherence, adherence_rates, lab_trends, readmission_rates};
use healthtrack::store::care::record::{ConditionChange, Edited, change_condition, read_summary};
use healthtrack::store::care::registration::{
    NewAddress, NewContact, NewIdentifier, NewName, NewPatient, register_patient,
};
use uuid::Uuid;

use super::network::Network;

fn ada() -> NewPatient {
    NewPatient {
        born_on: Some("1980-05-17".parse().unwrap()),
        sex: Sex::Female,
        time_zone: "America/Chicago".to_owned(),
        names: vec![NewName::of(NameUse::Official, Some("King"), &["Ada"])],
        addresses: vec![NewAddress {
            used: AddressUse::Home,
            lines: vec!["1 Main Street".to_owned()],
            city: "Springfield".to_owned(),
            state: Some("IL".to_owned()),
            postal_code: Some("62701".to_owned()),
            country: None,
        }],
        contacts: vec![NewContact {
            system: ContactSystem::Email,
            used: ContactUse::Home,
            value: "ada@example.org".to_owned(),
            preferred: true,
        }],
        identifiers: vec![NewIdentifier {
            facility_id: None,
            system: IdentifierSystem::SocialSecurity,
            value: "123-45-6789".to_owned(),
        }],
    }
}

/// A network with a provider: its key and its account.
async fn with_provider() -> (Network, ProviderId, Uuid) {
    let mut network = Network::new().await;
    let provider = network.provider().await;
    let account = network.provider_account(provider).await;
    (network, ProviderId(provider), account)
}

#[tokio::test]
async fn a_provider_registers_a_patient_and_reads_the_record_that_others_cannot() {
    let (mut network, _, account) = with_provider().await;
    let patient = network.does(account, async |actor| register_patient(actor, &ada()).await).await;
    let read = async |actor: &mut Actor<'_>| read_summary(actor, patient).await;
    let summary = network.does(account, read).await.unwrap();
    assert_eq!(
        (summary.patient_id, summary.version, summary.born_on),
        (patient, 1, Some("1980-05-17".parse().unwrap()))
    );
    assert_eq!(summary.name.unwrap().family.as_deref(), Some("King"));
    let other = network.provider().await;
    let other = network.provider_account(other).await;
    assert_eq!(network.does(other, read).await, None, "no provider in care acts");
    let token = network.token(account).await;
    network.run("UPDATE access.account SET disabled_at = now()").await;
    let rules = RuleCatalogue::default();
    let mut portal = network.login("portal").await;
    assert!(Actor::begin(&mut portal, &rules, &token).await.unwrap().is_none(), "nobody acts");
}

#[tokio::test]
async fn a_refused_registration_says_one_sentence_and_leaves_nothing() {
    let (mut network, _, account) = with_provider().await;
    let mut person = ada();
    person.contacts[0].value = "ada".to_owned();
    let refusal = network.broken(account, async |actor| register_patient(actor, &person).await).await;
    assert_eq!(refusal.rule, "contact_point_value_fits_its_system");
    assert_eq!(refusal.sentence, "Give a number as +12175550100, or a mail address with one @.");
    assert_eq!(network.one("SELECT count(*)::text FROM care.patient").await, "0");
}

#[tokio::test]
async fn an_edit_of_an_old_version_is_told_so_and_changes_nothing() {
    let (mut network, provider, account) = with_provider().await;
    let patient = network.does(account, async |actor| register_patient(actor, &ada()).await).await;
    network
        .run(&format!(
            "INSERT INTO care.condition (patient_id, recorded_by, code_system, code, title, clinical_status, verification_status)
             VALUES ('{patient}', '{provider}', 'icd10', 'E11.9', 'Diabetes', 'active', 'provisional')"
        ))
        .await;
    let read = network.does(account, async |actor| read_summary(actor, patient).await).await;
    let read = read.unwrap().conditions.remove(0);
    let change = ConditionChange {
        clinical_status: ClinicalStatus::Active,
        verification_status: VerificationStatus::Confirmed,
        abated_on: None,
    };
    let edit = async |account, condition, version, change| {
        network.does(account, async |actor| change_condition(actor, condition, version, change).await).await
    };
    assert_eq!(edit(account, read.condition_id, read.version, change).await, Edited::Saved(2));
    let abated_on = Some("2026-01-01".parse().unwrap());
    let over = ConditionChange { clinical_status: ClinicalStatus::Resolved, abated_on, ..change };
    assert_eq!(edit(account, read.condition_id, read.version, over).await, Edited::Stale(2));
    assert_eq!(edit(account, ConditionId(Uuid::nil()), 1, change).await, Edited::Unknown);
    assert_eq!(network.one("SELECT clinical_status FROM care.condition").await, "active");
    let other = network.provider().await;
    let other = network.provider_account(other).await;
    let edit = async |actor: &mut Actor<'_>| change_condition(actor, read.condition_id, 2, over).await;
    let closed = network.does(other, edit).await;
    assert_eq!(closed, Edited::Unknown, "a closed record does not tell that the row exists");
}

#[tokio::test]
async fn a_result_is_stored_corrected_and_its_course_told() {
    let (network, _, account) = with_provider().await;
    let patient = network.does(account, async |actor| register_patient(actor, &ada()).await).await;
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
    let store =
        async |result: &NewLabResult| network.does(account, async |actor| record_lab_result(actor, result).await).await;
    assert_eq!(store(&result).await.flag, Some(LabFlag::High));
    result.observed_at = Timestamp::from_micros(1_735_689_600_000_000 + 31_557_600_000_000).unwrap();
    result.value = LabValue::Number { value: 15.0, unit: "%".to_owned() };
    let wrong = store(&result).await;
    assert_eq!(wrong.flag, Some(LabFlag::CriticallyHigh));
    let wrong = wrong.lab_result_id;
    network.does(account, async |actor| amend_lab_result(actor, wrong, 5.1, "another patient's tube").await).await;
    for value in [LabValue::Code("10828004".to_owned()), LabValue::Words("none".to_owned())] {
        let found = NewLabResult { value, loinc: "5802-4".to_owned(), ..result.clone() };
        assert_eq!(store(&found).await.flag, None);
    }
    let absent =
        NewLabResult { value: LabValue::Absent(LabAbsentReason::Clotted), loinc: "718-7".to_owned(), ..result };
    store(&absent).await;
    let trends = network.does(account, async |actor| lab_trends(actor, patient).await).await;
    assert_eq!(trends.len(), 1);
    assert_eq!((trends[0].n, trends[0].first_value, trends[0].last_value), (2, 6.1, 5.1));
    assert_eq!(trends[0].last_flag, Some(LabFlag::Normal));
    assert!((trends[0].slope_per_year.unwrap() + 1.0).abs() < 1e-9);
    let summary = network.does(account, async |actor| read_summary(actor, patient).await).await.unwrap();
    assert_eq!(summary.results.len(), 3, "one for each test");
}

#[tokio::test]
async fn a_provider_prescribes_a_pharmacy_fills_and_adherence_is_told() {
    let (mut network, provider, account) = with_provider().await;
    let pharmacy = network.facility("IL", "pharmacy").await;
    let drug = network
        .id("INSERT INTO care.medication (code_system, code, name, ingredient, form)
             VALUES ('rxnorm', '860975', 'Metformin 500 mg tablet', 'metformin', 'tablet') RETURNING medication_id")
        .await;
    let patient = network.does(account, async |actor| register_patient(actor, &ada()).await).await;
    let day = async |network: &mut Network, ago: i32| -> Day {
        network.one(&format!("SELECT (current_date - {ago})::text")).await.parse().unwrap()
    };
    let (start, later, end) =
        (day(&mut network, 100).await, day(&mut network, 60).await, day(&mut network, -200).await);
    let tomorrow = day(&mut network, -1).await;
    let order = NewPrescription {
        patient_id: patient,
        medication_id: MedicationId(drug),
        prescriber_id: provider,
        encounter_id: None,
        dose_quantity: 1.0,
        dose_unit: "{tablet}".to_owned(),
        route: Route::Oral,
        frequency: Frequency::Times { times: 2, amount: 1.0, unit: PeriodUnit::Day },
        instructions: "One tablet with breakfast and one with dinner".to_owned(),
        quantity: 60.0,
        days_supply: 30,
        refills_allowed: 1,
        valid_from: start,
        valid_until: end,
    };
    let prescription = network.does(account, async |actor| prescribe(actor, &order).await).await;
    let needed = NewPrescription { frequency: Frequency::AsNeeded, ..order };
    network.does(account, async |actor| prescribe(actor, &needed).await).await;
    for filled_on in [start, later] {
        let fill = NewDispense {
            patient_id: patient,
            prescription_id: prescription,
            facility_id: FacilityId(pharmacy),
            filled_on,
            days_supply: 30,
            quantity: 60.0,
        };
        network.does(account, async |actor| dispense(actor, &fill).await).await;
    }
    let told = network.does(account, async |actor| adherence(actor, start, tomorrow, Some(patient)).await).await;
    assert_eq!((told[0].fills, told[0].covered_days, told[0].treatment_days, told[0].adherent), (2, 60, 101, false));
    let rates = async |actor: &mut Actor<'_>| adherence_rates(actor, start, tomorrow).await;
    let rates = network.does(account, rates).await;
    assert_eq!((rates[0].0.as_str(), rates[0].1.n, rates[0].1.hits), ("metformin", 1, 0));
    let summary = network.does(account, async |actor| read_summary(actor, patient).await).await.unwrap();
    assert_eq!(summary.prescriptions.len(), 2);
    let stop = async |prescription| {
        network.does(account, async |actor| stop_prescription(actor, prescription, 1, "nausea").await).await
    };
    assert_eq!(stop(prescription).await, Edited::Saved(2));
    assert_eq!(stop(prescription).await, Edited::Stale(2));
    assert_eq!(stop(PrescriptionId(Uuid::nil())).await, Edited::Unknown);
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
    let account = network.provider_account(provider).await;
    network.care(provider, patient).await;
    let rates = network.does(account, async |actor| readmission_rates(actor).await).await;
    let expected = Rate { n: 2, hits: 1, rate: 0.5, interval: (0.0945, 0.9055) };
    assert_eq!((rates[0].facility_id.0, rates[0].year, rates[0].rate), (hospital, 2024, expected));
}
