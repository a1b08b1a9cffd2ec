//! Of who bills: what each part gets of each URL.

use super::Cell;
use crate::cast::Cast;
use crate::house::House;

pub(super) const CELLS: &[Cell] = &[
    ("/billing", "GET", "i nnnynnnnnnn"),
    ("/billing/visits", "GET", "i nnnynnnnnnn"),
    ("/billing/claims", "GET", "i nnnynnnnnnn"),
    ("/billing/{id}/{bill}", "GET", "i nnnynnnnnnn"),
    ("/billing/{id}/visits/{visit}", "GET", "i nnnynnnnnnn"),
    ("/billing/{id}/claims/{claim}", "GET", "i nnnynnnnnnn"),
];

/// What its URLs name: an invoice, and an open claim of it.
pub(super) async fn keys(cast: &mut Cast) -> Vec<(&'static str, String)> {
    let bill = Bill::issued(&mut cast.house, cast.patient, cast.facility).await;
    let claim = format!("SELECT care.submit_coded_claim('{}', '{}', '{{E11.9}}')", bill.invoice, bill.coverage);
    let claim = cast.house.network.id(&claim).await;
    let visit = visit(&mut cast.house, (cast.patient, cast.provider, cast.facility), "completed", -2).await;
    vec![("{bill}", bill.invoice.to_string()), ("{claim}", claim.to_string()), ("{visit}", visit.to_string())]
}

/// A visit of an hour that begins so many hours from now.
pub(crate) async fn visit(
    house: &mut House,
    (patient, provider, facility): (uuid::Uuid, uuid::Uuid, uuid::Uuid),
    status: &str,
    hours: i64,
) -> uuid::Uuid {
    let made = format!(
        "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
         VALUES ('{patient}', '{provider}', '{facility}', tstzrange(now() + INTERVAL '{hours} hours',
                 now() + INTERVAL '{hours} hours' + INTERVAL '1 hour'), '{status}')
         RETURNING appointment_id"
    );
    house.network.id(&made).await
}

/// An invoice of 120.00 and 2 × 40.00 for somebody who is covered and was seen.
pub(crate) struct Bill {
    pub(crate) invoice: uuid::Uuid,
    pub(crate) coverage: uuid::Uuid,
}

impl Bill {
    /// The same, issued and overdue.
    pub(crate) async fn issued(house: &mut House, patient: uuid::Uuid, facility: uuid::Uuid) -> Bill {
        let bill = Bill::draft(house, patient, facility).await;
        house.network.run(&format!("SELECT care.issue_invoice('{}', '2026-07-01')", bill.invoice)).await;
        bill
    }

    /// The same, to be issued.
    pub(crate) async fn draft(house: &mut House, patient: uuid::Uuid, facility: uuid::Uuid) -> Bill {
        let network = &mut house.network;
        let provider = network.provider().await;
        network
            .run(&format!(
                "INSERT INTO care.charge_code (charge_code, title, unit_price, currency)
                 VALUES ('VISIT-30', 'Visit', 120, 'USD'), ('LAB-A1C', 'HbA1c <b>', 40, 'USD') ON CONFLICT DO NOTHING;
                 INSERT INTO care.insurer (name) VALUES ('Prairie Mutual') ON CONFLICT DO NOTHING;
                 INSERT INTO care.insurance_plan (insurer_id, name) SELECT insurer_id, 'Silver' FROM care.insurer
                 ON CONFLICT DO NOTHING;
                 INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, class, during)
                 VALUES ('{patient}', '{facility}', '{provider}', 'ambulatory', '[2026-06-01 09:00Z, 2026-06-01 10:00Z)')"
            ))
            .await;
        let coverage = network
            .id(&format!(
                "WITH made AS (
                     INSERT INTO care.policy (insurer_id, insurance_plan_id, number, holder_name)
                     SELECT insurer_id, insurance_plan_id, upper('P-{patient}'), 'Ana Ruiz' FROM care.insurance_plan LIMIT 1
                     RETURNING policy_id)
                 INSERT INTO care.coverage (patient_id, policy_id, covered_during)
                 SELECT '{patient}', policy_id, '[2026-01-01, 2027-01-01)' FROM made RETURNING coverage_id"
            ))
            .await;
        let invoice = network
            .id(&format!(
                "INSERT INTO care.invoice (patient_id, facility_id, number) VALUES ('{patient}', '{facility}', 'A-1')
                 RETURNING invoice_id"
            ))
            .await;
        for (code, quantity, price) in [("VISIT-30", 1, 120), ("LAB-A1C", 2, 40)] {
            network
                .run(&format!(
                    "INSERT INTO care.charge (patient_id, facility_id, invoice_id, served_on, charge_code, quantity, unit_price)
                     VALUES ('{patient}', '{facility}', '{invoice}', '2026-06-01', '{code}', {quantity}, {price})"
                ))
                .await;
        }
        Bill { invoice, coverage }
    }
}
