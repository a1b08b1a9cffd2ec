//! Visits and stays: what cannot be said of them.

use uuid::Uuid;

use super::network::{Network, refused_by};
use sqlx::{AssertSqlSafe, Executor as _};

/// A stay at a facility; the rest of the row as given.
struct Stay {
    patient: Uuid,
    facility: Uuid,
    provider: Uuid,
}

impl Stay {
    async fn in_a(network: &mut Network) -> Stay {
        Stay {
            patient: network.patient().await,
            facility: network.facility("IL", "hospital").await,
            provider: network.provider().await,
        }
    }

    fn row(&self, during: &str, columns: &str, values: &str) -> String {
        let Stay { patient, facility, provider } = self;
        format!(
            "INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, during, {columns})
             VALUES ('{patient}', '{facility}', '{provider}', '{during}', {values})"
        )
    }

    fn inpatient(&self, during: &str, disposition: &str) -> String {
        let columns = "class, admission_type, service_line, discharge_disposition";
        self.row(during, columns, &format!("'inpatient', 'emergency', 'medical', {disposition}"))
    }
}

#[tokio::test]
async fn a_patient_lies_in_one_bed() {
    let mut network = Network::new().await;
    let stay = Stay::in_a(&mut network).await;
    network.run(&stay.inpatient("[2026-01-01 08:00+00, 2026-01-05 12:00+00)", "'transfer'")).await;
    network.run(&stay.inpatient("[2026-01-05 12:00+00,)", "NULL")).await;
    let inside = network.refusal(&stay.inpatient("[2026-01-04 08:00+00, 2026-01-04 12:00+00)", "'home'")).await;
    assert_eq!(inside, "encounter_inpatient_is_in_one_bed");
    let later = network.refusal(&stay.inpatient("[2026-03-01 08:00+00,)", "NULL")).await;
    assert_eq!(later, "encounter_inpatient_is_in_one_bed", "an open stay keeps out any later one");
    network.run(&stay.row("[2026-01-06 08:00+00, 2026-01-06 09:00+00)", "class", "'virtual'")).await;
}

#[tokio::test]
async fn of_eight_admissions_at_once_one_is_made() {
    let mut network = Network::new().await;
    let stay = Stay::in_a(&mut network).await;
    let mut racers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (mut connection, admit) = (network.connection().await, stay.inpatient("[2026-01-01,)", "NULL"));
        racers.spawn(async move { connection.execute(AssertSqlSafe(admit)).await.map(|_| ()) });
    }
    let results = racers.join_all().await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    for lost in results.into_iter().filter(Result::is_err) {
        assert_eq!(refused_by(lost, "admission"), "encounter_inpatient_is_in_one_bed");
    }
}

#[tokio::test]
async fn how_a_stay_ended_is_said_when_it_ends_and_not_before() {
    let mut network = Network::new().await;
    let stay = Stay::in_a(&mut network).await;
    let (open, over) = ("[2026-01-01,)", "[2026-01-01, 2026-01-09)");
    assert_eq!(network.refusal(&stay.inpatient(open, "'home'")).await, "encounter_disposition_is_given_at_discharge");
    assert_eq!(network.refusal(&stay.inpatient(over, "NULL")).await, "encounter_disposition_is_given_at_discharge");
    assert_eq!(network.refusal(&stay.inpatient(over, "'beamed'")).await, "encounter_disposition_is_known");
    let visit = stay.row("[2026-01-01, 2026-01-02)", "class, discharge_disposition", "'ambulatory', 'home'");
    assert_eq!(network.refusal(&visit).await, "encounter_disposition_is_given_at_discharge");
    let bare = stay.row(over, "class, discharge_disposition", "'inpatient', 'home'");
    assert_eq!(network.refusal(&bare).await, "encounter_is_admitted_as_inpatient");
    let long = stay.row("[2026-01-01, 2026-01-05)", "class", "'emergency'");
    assert_eq!(network.refusal(&long).await, "encounter_visit_ends_within_three_days");
    let columns = "class, admission_type, service_line, discharge_disposition, planned";
    let planned = stay.row(over, columns, "'inpatient', 'emergency', 'medical', 'home', true");
    assert_eq!(network.refusal(&planned).await, "encounter_planned_is_no_emergency");
}

#[tokio::test]
async fn an_appointment_is_met_once_and_by_its_own_patient() {
    let mut network = Network::new().await;
    let stay = Stay::in_a(&mut network).await;
    let appointment = network
        .id(&format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             VALUES ('{}', '{}', '{}', tstzrange(now() + INTERVAL '1 day', now() + INTERVAL '25 hours'), 'booked')
             RETURNING appointment_id",
            stay.patient, stay.provider, stay.facility
        ))
        .await;
    let meet = |stay: &Stay| {
        stay.row(
            "[2026-01-01 08:00+00, 2026-01-01 09:00+00)",
            "class, appointment_id",
            &format!("'ambulatory', '{appointment}'"),
        )
    };
    let other = Stay { patient: network.patient().await, facility: stay.facility, provider: stay.provider };
    assert_eq!(network.refusal(&meet(&other)).await, "encounter_appointment_fkey");
    network.run(&meet(&stay)).await;
    assert_eq!(network.refusal(&meet(&stay)).await, "encounter_appointment_is_met_once");
}
