//! Drugs: structured doses, who may prescribe, and fills that keep to their prescription.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

use super::network::{Network, refused_by};

/// A patient in care of a provider, a drug and a pharmacy.
struct Case {
    patient: Uuid,
    provider: Uuid,
    drug: Uuid,
    pharmacy: Uuid,
}

impl Case {
    async fn in_a(network: &mut Network) -> Case {
        let (patient, provider) = (network.patient().await, network.provider().await);
        network
            .run(&format!(
                "INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
                 VALUES ('{patient}', '{provider}', '[2025-01-01, 2026-07-01)', 'care_team')"
            ))
            .await;
        let drug = network
            .id("INSERT INTO care.medication (strength, code_system, code, name, ingredient, form, strength_unit)
                 VALUES (500, 'rxnorm', '860975', 'Metformin 500 mg tablet', 'metformin', 'tablet', 'mg')
                 RETURNING medication_id")
            .await;
        Case { patient, provider, drug, pharmacy: network.facility("IL", "pharmacy").await }
    }

    /// A prescription for a half year, two refills, sixty tablets a fill; with some columns otherwise.
    fn prescription(&self, columns: &str, values: &str) -> String {
        let Case { patient, provider, drug, .. } = self;
        format!(
            "INSERT INTO care.prescription (patient_id, medication_id, prescriber_id, valid_during, refills_allowed, quantity,
                                            dose_unit, route, instructions, {columns})
             VALUES ('{patient}', '{drug}', '{provider}', '[2026-01-01, 2026-07-01)', 2, 60, '{{tablet}}', 'oral',
                     'Take one tablet twice a day', {values}) RETURNING prescription_id"
        )
    }

    fn usual(&self) -> String {
        self.prescription("authored_at, dose_quantity, times, days_supply", "'2026-01-01 09:00+00', 1, 2, 30")
    }

    fn fill(&self, prescription: Uuid, on: &str, quantity: &str) -> String {
        let Case { patient, pharmacy, .. } = self;
        format!(
            "INSERT INTO care.dispense (patient_id, prescription_id, facility_id, filled_on, days_supply, quantity)
             VALUES ('{patient}', '{prescription}', '{pharmacy}', '{on}', 30, {quantity})"
        )
    }
}

#[tokio::test]
async fn a_dose_is_a_number_with_a_unit_a_route_and_a_frequency() {
    let mut network = Network::new().await;
    let case = Case::in_a(&mut network).await;
    network.run(&case.usual()).await;
    let columns = "authored_at, dose_quantity, times, days_supply, as_needed, per_unit";
    for (values, rule) in [
        ("'2026-01-01', 0, 2, 30, false, 'day'", "prescription_dose_is_positive"),
        ("'2026-01-01', 61, 2, 30, false, 'day'", "prescription_dose_is_positive"),
        ("'2026-01-01', 1, NULL, 30, false, 'day'", "prescription_frequency_is_given"),
        ("'2026-01-01', 1, 25, 30, false, 'day'", "prescription_frequency_is_believable"),
        ("'2026-01-01', 1, 2, 30, false, 'moon'", "prescription_per_unit_is_known"),
        ("'2026-01-01', 1, 2, 0, false, 'day'", "prescription_supply_is_believable"),
    ] {
        assert_eq!(network.refusal(&case.prescription(columns, values)).await, rule);
    }
    let none = case
        .prescription("authored_at, dose_quantity, times, days_supply, per_amount", "'2026-01-01', 1, 2, 30, 'NaN'");
    assert_eq!(network.refusal(&none).await, "prescription_amounts_are_numbers");
    let endless = case.usual().replace(", 2026-07-01)", ",)");
    assert_eq!(network.refusal(&endless).await, "prescription_period_is_bounded");
    network.run(&case.prescription(columns, "'2026-01-01', 1, NULL, 30, true, 'day'")).await;
    let unexplained = network.refusal("UPDATE care.prescription SET status = 'stopped'").await;
    assert_eq!(unexplained, "prescription_stop_says_why");
    let blank = case.prescription(&format!("{columns}, override_reason"), "'2026-01-01', 1, 2, 30, false, 'day', ' '");
    assert_eq!(network.refusal(&blank).await, "prescription_override_says_why");
}

#[tokio::test]
async fn a_drug_has_a_code_and_a_substance() {
    let mut network = Network::new().await;
    let drug = |code: &str, ingredient: &str, strength: &str| {
        format!(
            "INSERT INTO care.medication (code_system, code, name, ingredient, form, strength, strength_unit)
             VALUES ('atc', '{code}', 'Metformin', '{ingredient}', 'tablet', {strength})"
        )
    };
    assert_eq!(network.refusal(&drug("A10B02", "metformin", "5, 'mg'")).await, "medication_code_fits_its_system");
    assert_eq!(
        network.refusal(&drug("A10BA02", "Metformin", "5, 'mg'")).await,
        "medication_ingredient_is_in_lower_case"
    );
    assert_eq!(network.refusal(&drug("A10BA02", "metformin", "5, NULL")).await, "medication_strength_has_a_unit");
    assert_eq!(network.refusal(&drug("A10BA02", "metformin", "0, 'mg'")).await, "medication_strength_has_a_unit");
    network.run(&drug("A10BA02", "metformin", "NULL, NULL")).await;
}

#[tokio::test]
async fn only_a_provider_in_care_prescribes_and_in_the_own_name() {
    let mut network = Network::new().await;
    let case = Case::in_a(&mut network).await;
    let columns = "authored_at, dose_quantity, times, days_supply";
    let late = network.refusal(&case.prescription(columns, "'2026-07-01', 1, 2, 30")).await;
    assert_eq!(late, "prescriber_cares_for_the_patient", "care had ended");
    let other = network.provider().await;
    network
        .run(&format!(
            "INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
             VALUES ('{}', '{other}', '[2026-01-01,)', 'care_team')",
            case.patient
        ))
        .await;
    let account = network
        .id(&format!(
            "INSERT INTO access.account (part, login, provider_id) VALUES ('provider', 'other@example.org', '{other}')
             RETURNING account_id"
        ))
        .await;
    let act = |statement: &str| {
        format!(
            "BEGIN; SET LOCAL ROLE healthtrack_care; SET LOCAL healthtrack.actor = '{account}'; {statement}; COMMIT"
        )
    };
    assert_eq!(network.refusal(&act(&case.usual())).await, "prescriber_acts_in_person");
    network.run("ROLLBACK").await;
    let own = Case { provider: other, ..case };
    network.run(&act(&own.usual())).await;
}

#[tokio::test]
async fn a_fill_keeps_to_the_quantity_the_days_and_the_refills() {
    let mut network = Network::new().await;
    let case = Case::in_a(&mut network).await;
    let prescription = network.id(&case.usual()).await;
    let too_much = network.refusal(&case.fill(prescription, "2026-01-02", "61")).await;
    assert_eq!(too_much, "dispense_is_within_the_quantity");
    let too_late = network.refusal(&case.fill(prescription, "2026-07-01", "60")).await;
    assert_eq!(too_late, "dispense_is_within_a_valid_prescription");
    network.run(&case.fill(prescription, "2026-01-02", "60")).await;
    assert_eq!(network.refusal(&case.fill(prescription, "2026-01-02", "60")).await, "dispense_is_filled_once_a_day");
    network.run(&case.fill(prescription, "2026-02-01", "60")).await;
    network.run(&case.fill(prescription, "2026-03-01", "30")).await;
    let used_up = network.refusal(&case.fill(prescription, "2026-04-01", "60")).await;
    assert_eq!(used_up, "dispense_is_within_the_refills");
    network.run("UPDATE care.dispense SET status = 'returned' WHERE filled_on = '2026-03-01'").await;
    network.run(&case.fill(prescription, "2026-04-01", "60")).await;
    let back = network.refusal("UPDATE care.dispense SET status = 'completed'").await;
    assert_eq!(back, "dispense_is_within_the_refills", "what was returned does not come back beside its successor");
    network.run("UPDATE care.prescription SET status = 'stopped', status_reason = 'nausea'").await;
    let stopped = network.refusal(&case.fill(prescription, "2026-05-01", "60")).await;
    assert_eq!(stopped, "dispense_is_within_a_valid_prescription");
    let again = network.refusal("UPDATE care.prescription SET status = 'active'").await;
    assert_eq!(again, "prescription_that_ended_stays_ended");
    let stranger = Case { patient: network.patient().await, ..case };
    assert_eq!(network.refusal(&stranger.fill(prescription, "2026-05-02", "60")).await, "dispense_prescription_fkey");
}

#[tokio::test]
async fn what_was_filled_keeps_its_dose() {
    let mut network = Network::new().await;
    let case = Case::in_a(&mut network).await;
    let prescription = network.id(&case.usual()).await;
    network.run("UPDATE care.prescription SET dose_quantity = 2").await;
    network.run(&case.fill(prescription, "2026-01-02", "60")).await;
    let altered = network.refusal("UPDATE care.prescription SET dose_quantity = 1").await;
    assert_eq!(altered, "prescription_that_was_filled_is_not_altered");
    network.run("UPDATE care.prescription SET refills_allowed = 3").await;
}

#[tokio::test]
async fn of_eight_pharmacies_at_once_no_more_fill_than_refills_allow() {
    let mut network = Network::new().await;
    let case = Case::in_a(&mut network).await;
    let prescription = network.id(&case.usual()).await;
    let mut racers = tokio::task::JoinSet::new();
    for day in 1..=8 {
        let (mut connection, fill) =
            (network.connection().await, case.fill(prescription, &format!("2026-02-0{day}"), "60"));
        racers.spawn(async move { connection.execute(AssertSqlSafe(fill)).await.map(|_| ()) });
    }
    let results = racers.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3, "the first fill and two refills");
    for lost in results.into_iter().filter(Result::is_err) {
        assert_eq!(refused_by(lost, "fill"), "dispense_is_within_the_refills");
    }
}

#[tokio::test]
async fn a_fill_waits_for_another_of_the_same_prescription_and_counts_it() {
    let mut network = Network::new().await;
    let case = Case::in_a(&mut network).await;
    let prescription = network.id(&case.usual()).await;
    for day in ["2026-01-02", "2026-02-01"] {
        network.run(&case.fill(prescription, day, "60")).await;
    }
    network.run(&format!("BEGIN; {}", case.fill(prescription, "2026-03-01", "60"))).await;
    let (mut other, fill) = (network.connection().await, case.fill(prescription, "2026-03-02", "60"));
    let other = tokio::spawn(async move { other.execute(AssertSqlSafe(fill)).await.map(|_| ()) });
    let mut watch = network.connection().await;
    let waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let begun = Instant::now();
    while !other.is_finished() && watch.fetch_optional(waits).await.unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(10), "the other fill neither waits nor ends");
    }
    network.run("COMMIT").await;
    assert_eq!(refused_by(other.await.unwrap(), "fill"), "dispense_is_within_the_refills");
}

#[tokio::test]
async fn a_patient_writes_own_statements_and_no_others() {
    let mut network = Network::new().await;
    let case = Case::in_a(&mut network).await;
    let account = network
        .id(&format!(
            "INSERT INTO access.account (part, login, patient_id) VALUES ('patient', 'ada@example.org', '{}')
             RETURNING account_id",
            case.patient
        ))
        .await;
    let state = |patient: Uuid, source: &str| {
        let by = if source == "provider" { format!("'{}'", case.provider) } else { "NULL".to_owned() };
        format!(
            "BEGIN; SET LOCAL ROLE healthtrack_care; SET LOCAL healthtrack.actor = '{account}';
             INSERT INTO care.medication_statement (patient_id, medication_id, taken_during, source, status, recorded_by)
             VALUES ('{patient}', '{}', '[2026-01-01,)', '{source}', 'active', {by}); COMMIT",
            case.drug
        )
    };
    network.run(&state(case.patient, "patient")).await;
    assert_eq!(network.refusal(&state(case.patient, "provider")).await, "42501");
    network.run("ROLLBACK").await;
    let other = network.patient().await;
    assert_eq!(network.refusal(&state(other, "patient")).await, "42501");
}
