//! Two coverages of one patient: each in its rank, the secondary after the primary, and never more than was charged.

use uuid::Uuid;

use super::money::Bill;
use super::network::Network;

/// A second coverage of a bill's patient.
async fn second(network: &mut Network, bill: &Bill, during: &str) -> Uuid {
    network
        .id(&format!(
            "WITH made AS (
                 INSERT INTO care.policy (insurer_id, insurance_plan_id, number, holder_name)
                 SELECT insurer_id, insurance_plan_id, upper('S-{0}'), 'Luis Ruiz' FROM care.insurance_plan LIMIT 1
                 RETURNING policy_id)
             INSERT INTO care.coverage (patient_id, policy_id, rank, relation, covered_during)
             SELECT '{0}', policy_id, 'secondary', 'spouse', '{during}' FROM made RETURNING coverage_id",
            bill.patient
        ))
        .await
}

fn claim(bill: &Bill, coverage: Uuid) -> String {
    format!("SELECT care.submit_claim('{}', '{coverage}')", bill.invoice)
}

/// An answer that accepts and adjusts such a share of each line, in hundredths.
fn share(claim: Uuid, accepted: u64, adjusted: u64) -> String {
    format!(
        "SELECT care.adjudicate_claim('{claim}', array_agg(charge_id), array_agg(round(submitted_amount * {accepted} / 100, 2)),
                                      array_agg(round(submitted_amount * {adjusted} / 100, 2)))
         FROM care.claim_line WHERE claim_id = '{claim}'"
    )
}

#[tokio::test]
async fn the_secondary_is_asked_after_the_primary_answered_and_for_what_it_left() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    let other = second(&mut network, &bill, "[2026-01-01,)").await;
    assert_eq!(network.refusal(&claim(&bill, other)).await, "claim_follows_the_primary");
    let first = network.id(&claim(&bill, bill.coverage)).await;
    let unanswered = network.refusal(&claim(&bill, other)).await;
    assert_eq!(unanswered, "claim_is_covered_on_the_day_of_service", "all is with the primary");
    network.run(&share(first, 60, 10)).await;
    let asked = network.id(&claim(&bill, other)).await;
    let rest = format!("SELECT submitted_amount::text FROM care.claim WHERE claim_id = '{asked}'");
    assert_eq!(network.one(&rest).await, "60.00", "200 less 120 paid and 20 that nobody pays");
    network.run(&share(asked, 100, 0)).await;
    assert_eq!(
        network.refusal(&claim(&bill, other)).await,
        "claim_is_covered_on_the_day_of_service",
        "nothing is left"
    );
    let due = "SELECT concat_ws(' ', charged, due_from_patient, due_from_insurer, adjusted) FROM care.invoice_balance";
    assert_eq!(network.one(due).await, "200.00 0.00 180.00 20.00");
}

#[tokio::test]
async fn the_secondary_alone_is_asked_for_days_that_the_primary_did_not_cover() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    let other = second(&mut network, &bill, "[2026-01-01,)").await;
    network.run("UPDATE care.coverage SET covered_during = '[2026-06-02, 2027-01-01)' WHERE rank = 'primary'").await;
    network.run(&claim(&bill, other)).await;
}

#[tokio::test]
async fn of_one_rank_a_patient_has_one_coverage_a_day() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    second(&mut network, &bill, "[2026-01-01, 2026-06-01)").await;
    let more = |during: &str| {
        format!(
            "INSERT INTO care.coverage (patient_id, policy_id, rank, covered_during)
             SELECT patient_id, policy_id, rank, '{during}' FROM care.coverage WHERE rank = 'secondary'"
        )
    };
    assert_eq!(network.refusal(&more("[2026-05-31,)")).await, "coverage_of_a_rank_is_one");
    network.run(&more("[2026-06-01,)")).await;
}

#[tokio::test]
async fn whatever_both_answer_all_that_is_paid_is_never_above_the_charge() {
    let mut network = Network::new().await;
    let mut dice = 0x5eed_u64;
    let mut roll = |sides: u64| {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (dice >> 33) % sides
    };
    for round in 0..12 {
        let bill = Bill::issued(&mut network).await;
        let other = second(&mut network, &bill, "[2026-01-01,)").await;
        for coverage in [bill.coverage, other] {
            let Ok(id) = sqlx::query_scalar::<_, Uuid>(sqlx::AssertSqlSafe(claim(&bill, coverage)))
                .fetch_one(&mut network.sql)
                .await
            else {
                continue; // Nothing was left to ask for.
            };
            let accepted = roll(101);
            let adjusted = roll(101 - accepted);
            network.run(&share(id, accepted, adjusted)).await;
            network
                .run(&format!(
                    "SELECT care.pay('insurer-{id}', '{0}', accepted_amount, 'cheque', NULL, '{id}') FROM care.claim
                     WHERE claim_id = '{id}' AND accepted_amount > 0",
                    bill.invoice
                ))
                .await;
        }
        let balance = format!(
            "SELECT concat_ws(' ', charged = due_from_patient + paid_by_insurer + adjusted, due_from_insurer = 0,
                     due_from_patient >= 0)
             FROM care.invoice_balance WHERE invoice_id = '{}'",
            bill.invoice
        );
        assert_eq!(network.one(&balance).await, "t t t", "round {round}");
    }
    let above = "SELECT h.charge_id::text FROM care.charge h JOIN care.claim_line l USING (charge_id)
                 GROUP BY h.charge_id HAVING sum(l.accepted_amount + l.adjusted_amount) > h.amount";
    assert_eq!(network.rows(above).await, [""; 0]);
}
