//! Insurance, invoices, claims, payments and the ledger: money is booked twice, paid once, and never drifts.

use sqlx::{AssertSqlSafe, Executor as _};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::network::{Network, refused_by};

/// Clients that race.
const CLIENTS: usize = 8;
/// Races that are run: without its lock, a rule was broken in one of two.
const ROUNDS: usize = 6;

/// A patient with a coverage, at a facility, and an issued invoice of two charges: 120.00 and 2 × 40.00.
pub(crate) struct Bill {
    pub(crate) patient: Uuid,
    pub(crate) facility: Uuid,
    pub(crate) coverage: Uuid,
    pub(crate) invoice: Uuid,
}

impl Bill {
    pub(crate) async fn issued(network: &mut Network) -> Bill {
        let bill = Bill::draft(network).await;
        bill.charge(network, "VISIT-30", 1, "120").await;
        bill.charge(network, "LAB-A1C", 2, "40").await;
        network.run(&format!("SELECT care.issue_invoice('{}', '2026-07-01')", bill.invoice)).await;
        bill
    }

    pub(crate) async fn draft(network: &mut Network) -> Bill {
        let (patient, facility) = (network.patient().await, network.facility("IL", "clinic").await);
        network
            .run(
                "INSERT INTO care.charge_code (charge_code, title, unit_price, currency)
                  VALUES ('VISIT-30', 'Visit', 120, 'USD'), ('LAB-A1C', 'HbA1c', 40, 'USD') ON CONFLICT DO NOTHING;
                  INSERT INTO care.insurer (name) VALUES ('Prairie Mutual') ON CONFLICT DO NOTHING;
                  INSERT INTO care.insurance_plan (insurer_id, name) SELECT insurer_id, 'Silver' FROM care.insurer
                  ON CONFLICT DO NOTHING",
            )
            .await;
        let coverage = network
            .id(&format!(
                "WITH made AS (
                     INSERT INTO care.policy (insurer_id, insurance_plan_id, number, holder_name)
                     SELECT insurer_id, insurance_plan_id, upper('P-{patient}'), 'Ana Ruiz' FROM care.insurance_plan
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
        Bill { patient, facility, coverage, invoice }
    }

    fn charging(&self, code: &str, quantity: u32, price: &str) -> String {
        let Bill { patient, facility, invoice, .. } = self;
        format!(
            "INSERT INTO care.charge (patient_id, facility_id, invoice_id, served_on, charge_code, quantity, unit_price)
             VALUES ('{patient}', '{facility}', '{invoice}', '2026-06-01', '{code}', {quantity}, {price})"
        )
    }

    pub(crate) async fn charge(&self, network: &mut Network, code: &str, quantity: u32, price: &str) {
        network.run(&self.charging(code, quantity, price)).await;
    }

    async fn claim(&self, network: &mut Network) -> Uuid {
        network.id(&format!("SELECT care.submit_claim('{}', '{}')", self.invoice, self.coverage)).await
    }

    fn paying(&self, key: &str, amount: &str) -> String {
        format!("SELECT care.pay('{key}-0123456789abcdef', '{}', {amount}, 'cash')", self.invoice)
    }

    /// charged, due from patient, due from insurer, paid by patient, paid by insurer, adjusted.
    async fn balance(&self, network: &mut Network) -> String {
        network
            .one(&format!(
                "SELECT concat_ws(' ', charged, due_from_patient, due_from_insurer, paid_by_patient, paid_by_insurer, adjusted)
                 FROM care.invoice_balance WHERE invoice_id = '{}'",
                self.invoice
            ))
            .await
    }
}

/// An answer to a claim that gives each line the same shares.
pub(crate) fn answering(claim: Uuid, accepted: &str, adjusted: &str) -> String {
    format!(
        "SELECT care.adjudicate_claim('{claim}', array_agg(charge_id), array_agg(round(submitted_amount * {accepted}, 2)),
                                      array_agg(round(submitted_amount * {adjusted}, 2)))
         FROM care.claim_line WHERE claim_id = '{claim}'"
    )
}

#[tokio::test]
async fn an_invoice_goes_from_draft_through_claim_and_payment_to_nothing_due() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    assert_eq!(bill.balance(&mut network).await, "200.00 200.00 0.00 0.00 0.00 0.00");
    let claim = bill.claim(&mut network).await;
    assert_eq!(bill.balance(&mut network).await, "200.00 0.00 200.00 0.00 0.00 0.00");
    network.run(&answering(claim, "0.7", "0.1")).await;
    assert_eq!(bill.balance(&mut network).await, "200.00 40.00 140.00 0.00 0.00 20.00");
    let invoice = bill.invoice;
    let insurer = network
        .id(&format!("SELECT care.pay('insurer-0123456789', '{invoice}', 140, 'bank_transfer', NULL, '{claim}')"))
        .await;
    network.run(&format!("SELECT care.pay('card-0123456789abc', '{invoice}', 40, 'card', 'tok_8f3kd92x')")).await;
    assert_eq!(bill.balance(&mut network).await, "200.00 0.00 0.00 40.00 140.00 20.00");
    network.run(&format!("SELECT care.refund('refund-0123456789', '{insurer}', 15.5, 'paid twice')")).await;
    assert_eq!(bill.balance(&mut network).await, "200.00 0.00 15.50 40.00 124.50 20.00");
}

#[tokio::test]
async fn what_is_wrong_with_insurance_cannot_be_stored() {
    let mut network = Network::new().await;
    let bill = Bill::draft(&mut network).await;
    let patient = bill.patient;
    let cover = |rank: &str, during: &str| {
        format!(
            "INSERT INTO care.coverage (patient_id, policy_id, rank, covered_during)
             SELECT '{patient}', policy_id, '{rank}', '{during}' FROM care.policy"
        )
    };
    assert_eq!(network.refusal(&cover("primary", "[2026-12-31,)")).await, "coverage_of_a_rank_is_one");
    network.run(&cover("primary", "[2027-01-01,)")).await;
    network.run(&cover("secondary", "[2026-12-31,)")).await;
    assert_eq!(network.refusal(&cover("third", "[2026-12-31,)")).await, "coverage_rank_is_known");
    assert_eq!(network.refusal(&cover("primary", "(,2025-01-01)")).await, "coverage_period_has_a_beginning");
    let again = "INSERT INTO care.policy (insurer_id, insurance_plan_id, number, holder_name)
                 SELECT insurer_id, insurance_plan_id, number, holder_name FROM care.policy";
    assert_eq!(network.refusal(again).await, "policy_number_is_unique_at_its_insurer");
    let elsewhere = "WITH other AS (INSERT INTO care.insurer (name) VALUES ('Lakeside') RETURNING insurer_id)
                     INSERT INTO care.policy (insurer_id, insurance_plan_id, number, holder_name)
                     SELECT other.insurer_id, insurance_plan_id, 'X-1', 'Ana Ruiz' FROM care.insurance_plan, other";
    assert_eq!(network.refusal(elsewhere).await, "policy_plan_fkey");
}

#[tokio::test]
async fn an_invoice_that_is_issued_keeps_what_it_says() {
    let mut network = Network::new().await;
    let bill = Bill::draft(&mut network).await;
    let invoice = bill.invoice;
    let issue = format!("SELECT care.issue_invoice('{invoice}', '2026-07-01')");
    assert_eq!(network.refusal(&issue).await, "invoice_charges_something");
    bill.charge(&mut network, "VISIT-30", 1, "120").await;
    assert_eq!(network.refusal(&bill.charging("VISIT-30", 0, "120")).await, "charge_quantity_is_positive");
    assert_eq!(network.refusal(&bill.charging("VISIT-30", 1, "-1")).await, "charge_price_is_not_negative");
    assert_eq!(network.refusal(&bill.paying("a", "1")).await, "invoice_is_issued");
    network.run(&issue).await;
    assert_eq!(network.refusal(&issue).await, "invoice_is_a_draft");
    assert_eq!(network.refusal(&bill.charging("VISIT-30", 1, "120")).await, "charge_is_fixed_once_issued");
    for change in ["UPDATE care.charge SET quantity = 2", "DELETE FROM care.charge"] {
        assert_eq!(network.refusal(change).await, "charge_is_fixed_once_issued");
    }
    for change in ["status = 'draft', issued_at = NULL, due_on = NULL", "number = 'A-2'", "currency = 'EUR'"] {
        assert_eq!(network.refusal(&format!("UPDATE care.invoice SET {change}")).await, "invoice_moves_forward");
    }
    network.run(&bill.paying("a", "20")).await;
    let void = format!("SELECT care.void_invoice('{invoice}')");
    assert_eq!(network.refusal(&void).await, "invoice_is_void_only_when_nothing_came");
    network.run("SELECT care.refund('back-0123456789abc', payment_id, 20, 'wrong person') FROM care.payment").await;
    network.run(&void).await;
    assert_eq!(bill.balance(&mut network).await, "0.00 0.00 0.00 0.00 0.00 0.00");
    assert_eq!(network.refusal(&void).await, "invoice_is_issued");
}

#[tokio::test]
async fn a_charge_hangs_on_no_other_persons_invoice_or_appointment() {
    let mut network = Network::new().await;
    let (bill, other, provider) = (Bill::draft(&mut network).await, network.patient().await, network.provider().await);
    let theirs = bill.charging("VISIT-30", 1, "120").replace(&bill.patient.to_string(), &other.to_string());
    assert_eq!(network.refusal(&theirs).await, "charge_invoice_fkey");
    let facility = bill.facility;
    let visit = network
        .id(&format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             VALUES ('{other}', '{provider}', '{facility}', '[2026-06-01 10:00+00, 2026-06-01 10:30+00)', 'booked')
             RETURNING appointment_id"
        ))
        .await;
    bill.charge(&mut network, "VISIT-30", 1, "120").await;
    let hang = format!("UPDATE care.charge SET appointment_id = '{visit}'");
    assert_eq!(network.refusal(&hang).await, "charge_appointment_fkey");
    let stay = network
        .id(&format!(
            "INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, during, class)
             VALUES ('{other}', '{facility}', '{provider}', '[2026-06-01 10:00+00, 2026-06-01 10:30+00)', 'ambulatory')
             RETURNING encounter_id"
        ))
        .await;
    let hang = format!("UPDATE care.charge SET encounter_id = '{stay}'");
    assert_eq!(network.refusal(&hang).await, "charge_encounter_fkey");
}

#[tokio::test]
async fn a_claim_asks_once_for_what_is_due_and_was_covered() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    let (invoice, coverage) = (bill.invoice, bill.coverage);
    let submit = format!("SELECT care.submit_claim('{invoice}', '{coverage}')");
    network.run("UPDATE care.coverage SET covered_during = '[2026-06-02, 2027-01-01)'").await;
    assert_eq!(network.refusal(&submit).await, "claim_is_covered_on_the_day_of_service");
    network.run("UPDATE care.coverage SET covered_during = '[2026-06-01, 2026-06-02)'").await;
    network.run(&bill.paying("copay", "30")).await;
    let claim = bill.claim(&mut network).await;
    assert_eq!(
        bill.balance(&mut network).await,
        "200.00 0.00 170.00 30.00 0.00 0.00",
        "what the patient paid is not claimed"
    );
    assert_eq!(network.refusal(&submit).await, "claim_is_covered_on_the_day_of_service", "nothing is left to claim");
    let unanswered = format!("SELECT care.pay('early-0123456789ab', '{invoice}', 1, 'cash', NULL, '{claim}')");
    assert_eq!(network.refusal(&unanswered).await, "payment_follows_the_answer");
    assert_eq!(network.refusal(&answering(claim, "0.8", "0.3")).await, "claim_line_amounts_add_up");
    let half = format!(
        "SELECT care.adjudicate_claim('{claim}', ARRAY[min(charge_id::text)::uuid], '{{1}}', '{{0}}')
         FROM care.claim_line WHERE claim_id = '{claim}'"
    );
    assert_eq!(network.refusal(&half).await, "claim_answer_is_whole");
    network.run(&answering(claim, "0.5", "0")).await;
    assert_eq!(network.refusal(&answering(claim, "0.5", "0")).await, "claim_is_answered_once");
    for change in ["accepted_amount = 1, denied_amount = submitted_amount - 1", "submitted_amount = 1"] {
        assert_eq!(network.refusal(&format!("UPDATE care.claim SET {change}")).await, "claim_is_answered_once");
    }
    let more = "UPDATE care.claim_line SET accepted_amount = submitted_amount";
    assert_eq!(network.refusal(more).await, "claim_is_answered_once");
    let rest = bill.claim(&mut network).await;
    let asked = format!("SELECT submitted_amount::text FROM care.claim WHERE claim_id = '{rest}'");
    assert_eq!(network.one(&asked).await, "85.00", "a second claim asks for what the first has left");
}

#[tokio::test]
async fn a_claim_without_lines_or_above_its_charges_does_not_outlive_its_transaction() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    let claim = format!(
        "INSERT INTO care.claim (patient_id, facility_id, invoice_id, coverage_id, submitted_amount)
         VALUES ('{}', '{}', '{}', '{}', 150)",
        bill.patient, bill.facility, bill.invoice, bill.coverage
    );
    assert_eq!(network.refusal(&claim).await, "claim_is_the_sum_of_its_lines");
    let one_line = format!(
        "WITH made AS ({claim} RETURNING claim_id)
         INSERT INTO care.claim_line (claim_id, charge_id, patient_id, facility_id, invoice_id, submitted_amount)
         SELECT claim_id, charge_id, patient_id, facility_id, invoice_id, 150 FROM care.charge, made
         WHERE charge_code = 'VISIT-30'"
    );
    assert_eq!(network.refusal(&one_line).await, "claim_is_not_above_its_charge");
    assert_eq!(network.refusal(&claim.replace(", 150)", ", 200.01)")).await, "claim_is_not_above_what_is_due");
}

#[tokio::test]
async fn the_same_payment_from_eight_clients_at_once_is_one_payment_and_eight_equal_answers() {
    let mut network = Network::new().await;
    let mut bill = Bill::issued(&mut network).await;
    for round in 1..=ROUNDS {
        let answers = race(&network, |_| bill.paying("same", "200")).await;
        let first = answers[0].as_ref().unwrap();
        assert!(answers.iter().all(|answer| answer.as_ref() == Ok(first)), "{answers:?}");
        assert_eq!(network.one("SELECT count(*)::text FROM care.payment").await, round.to_string());
        assert_eq!(bill.balance(&mut network).await, "200.00 0.00 0.00 200.00 0.00 0.00");
        if round < ROUNDS {
            bill = Bill::issued(&mut network).await;
        }
    }
    assert_eq!(network.refusal(&bill.paying("same", "199")).await, "payment_key_is_used_once");
    let by_card = bill.paying("same", "200").replace("'cash'", "'card', 'tok_8f3kd92x'");
    assert_eq!(network.refusal(&by_card).await, "payment_key_is_used_once");
}

#[tokio::test]
async fn eight_payments_at_once_never_pay_more_than_is_due() {
    let mut network = Network::new().await;
    for _ in 0..ROUNDS {
        let bill = Bill::issued(&mut network).await;
        let answers = race(&network, |client| bill.paying(&format!("client{client}"), "60")).await;
        let refused = answers.iter().filter_map(|answer| answer.as_ref().err()).collect::<Vec<_>>();
        assert_eq!(refused, ["payment_is_not_above_what_is_due"; 5], "200 is three times 60, and 20 are left");
        assert_eq!(bill.balance(&mut network).await, "200.00 20.00 0.00 180.00 0.00 0.00");
    }
    let refund = "SELECT care.refund('client{}-0123456789', payment_id, 40, 'wrong') FROM care.payment
                  ORDER BY payment_id LIMIT 1";
    let answers = race(&network, |client| refund.replace("{}", &client.to_string())).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "40 of 60 go back once: {answers:?}");
}

#[tokio::test]
async fn a_charge_beside_the_issue_is_on_the_invoice_or_refused() {
    let mut network = Network::new().await;
    let bill = Bill::draft(&mut network).await;
    bill.charge(&mut network, "VISIT-30", 1, "120").await;
    let issue = format!("SELECT care.issue_invoice('{}', '2026-07-01')", bill.invoice);
    race(&network, |client| if client == 0 { issue.clone() } else { bill.charging("LAB-A1C", 1, "40") }).await;
    let sums =
        "SELECT concat_ws(' ', (SELECT sum(amount) FROM care.charge), (SELECT charged FROM care.invoice_balance))";
    let sums = network.one(sums).await;
    let (charges, ledger) = sums.split_once(' ').unwrap();
    assert_eq!(charges, ledger);
}

#[tokio::test]
async fn a_biller_bills_for_the_own_facility_and_a_patient_sees_the_own_money() {
    let mut network = Network::new().await;
    let (bill, other) = (Bill::issued(&mut network).await, Bill::issued(&mut network).await);
    let account = |part: &str, column: &str, id: Uuid| {
        format!(
            "INSERT INTO access.account (part, login, {column}) VALUES ('{part}', '{part}-{id}', '{id}')
             RETURNING account_id"
        )
    };
    let biller = network.id(&account("biller", "facility_id", bill.facility)).await;
    let patient = network.id(&account("patient", "patient_id", bill.patient)).await;
    let acting = |account: Uuid| format!("SET healthtrack.actor = '{account}'; SET ROLE healthtrack_care");
    let invoices = "SELECT invoice_id::text FROM care.invoice_balance";
    let entries = "SELECT DISTINCT patient_id::text FROM care.ledger_entry";
    network.run(&acting(biller)).await;
    assert_eq!(network.rows(invoices).await, [bill.invoice.to_string()]);
    network.run(&bill.paying("desk", "20")).await;
    assert_eq!(
        network.refusal(&other.paying("desk", "20")).await,
        "invoice_is_issued",
        "another facility's is not there"
    );
    let by_hand = "INSERT INTO care.ledger_entry (ledger_transaction_id, patient_id, facility_id, account, amount)
                   SELECT ledger_transaction_id, patient_id, facility_id, 'cash', 1 FROM care.ledger_transaction";
    assert_eq!(network.refusal(by_hand).await, "42501", "nobody writes in the ledger by hand");
    network.run(&format!("RESET ROLE; {}", acting(patient))).await;
    assert_eq!(network.rows(invoices).await, [bill.invoice.to_string()]);
    assert_eq!(network.rows(entries).await, [bill.patient.to_string()]);
    assert_eq!(network.rows("SELECT number FROM care.policy").await.len(), 1, "the own policy and no other");
    let lesser = format!("SELECT care.pay('mine-0123456789abc', '{}', 1, 'cash')", bill.invoice);
    assert_eq!(network.refusal(&lesser).await, "invoice_is_issued", "a patient books no payment");
    network.run("RESET ROLE; SET healthtrack.actor = ''; SET ROLE healthtrack_care").await;
    assert_eq!(network.rows(invoices).await, [""; 0], "nobody sees nothing");
}

#[tokio::test]
async fn no_card_number_and_no_payment_of_nothing_is_stored() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    let by_card = |token: &str| bill.paying("card", "10").replace("'cash'", &format!("'card', '{token}'"));
    for number in ["4111111111111111", "4111-1111-1111-1111", "tok_4111111111111111"] {
        assert_eq!(network.refusal(&by_card(number)).await, "payment_token_is_no_card_number");
    }
    let without = bill.paying("card", "10").replace("'cash'", "'card'");
    assert_eq!(network.refusal(&without).await, "payment_by_card_has_a_token");
    assert_eq!(network.refusal(&bill.paying("none", "0")).await, "payment_is_positive");
    assert_eq!(network.refusal(&bill.paying("less", "-5")).await, "payment_is_positive");
    let guessable = format!("SELECT care.pay('1', '{}', 1, 'cash')", bill.invoice);
    assert_eq!(network.refusal(&guessable).await, "payment_key_is_hard_to_guess");
}

#[tokio::test]
async fn what_is_booked_stays_and_sums_to_zero() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    network.run(&bill.paying("a", "20")).await;
    for table in ["payment", "refund", "ledger_transaction", "ledger_entry"] {
        let rule = format!("{table}_is_append_only");
        let column = if table == "ledger_entry" { "account" } else { "patient_id" };
        for change in [
            format!("UPDATE care.{table} SET {column} = {column}"),
            format!("DELETE FROM care.{table}"),
            format!("TRUNCATE care.{table} CASCADE"),
        ] {
            // A truncation goes on to the tables that hang on this one, and any of them may be the first to refuse.
            let refusal = network.refusal(&change).await;
            assert!(
                refusal == rule || change.starts_with("TRUNCATE") && refusal.ends_with("_is_append_only"),
                "{refusal}"
            );
        }
    }
    let entry = "INSERT INTO care.ledger_entry (ledger_transaction_id, patient_id, facility_id, account, amount)
                 SELECT ledger_transaction_id, patient_id, facility_id, 'adjustment', 0.01 FROM care.ledger_transaction
                 WHERE kind = 'payment'";
    assert_eq!(network.refusal(entry).await, "ledger_transaction_sums_to_zero");
    let empty = "INSERT INTO care.ledger_transaction (patient_id, facility_id, invoice_id, kind)
                 SELECT patient_id, facility_id, invoice_id, 'void' FROM care.invoice";
    assert_eq!(network.refusal(empty).await, "ledger_transaction_sums_to_zero");
}

#[tokio::test]
async fn whatever_eight_clients_do_at_once_the_books_agree_with_the_documents() {
    let mut network = Network::new().await;
    let mut bills = Vec::new();
    for _ in 0..3 {
        bills.push(Bill::issued(&mut network).await);
    }
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let mut connection = network.connection().await;
        let bills: Vec<(Uuid, Uuid)> = bills.iter().map(|bill| (bill.invoice, bill.coverage)).collect();
        clients.spawn(async move {
            let mut refusals = 0;
            for step in 0..60 {
                let (invoice, coverage) = bills[mix(client, step, 0) % bills.len()];
                let statement = operation(client, step, invoice, coverage);
                if let Err(error) = connection.execute(AssertSqlSafe(statement.clone())).await {
                    let rule = refused_by::<()>(Err(error), &statement);
                    assert!(rule.contains('_'), "a rule refuses, never a deadlock or a bug: {rule} of {statement}");
                    refusals += 1;
                }
            }
            refusals
        });
    }
    let refusals: usize = clients.join_all().await.into_iter().sum();
    assert!(refusals > 0, "some of it must have been refused");
    assert_eq!(network.rows(DRIFT).await, [""; 0]);
    let busy = network.one("SELECT (count(*) > 20)::text FROM care.ledger_transaction").await;
    assert_eq!(busy, "true", "something was booked");
    // The check sees what it should: a payment that is not booked, and an entry out of nothing.
    network.run("SET session_replication_role = replica; UPDATE care.payment SET amount = amount + 1").await;
    assert_ne!(network.rows(DRIFT).await, [""; 0]);
}

/// Invoices of which the ledger says something else than charges, claims, payments and refunds do, added up here anew.
const DRIFT: &str = "
    WITH fact AS (
        SELECT i.invoice_id,
            (SELECT CASE i.status WHEN 'issued' THEN sum(amount) ELSE 0 END FROM care.charge h WHERE h.invoice_id = i.invoice_id) AS charged,
            (SELECT coalesce(sum(amount), 0) FROM care.payment p WHERE p.invoice_id = i.invoice_id AND payer = 'patient') AS patient_paid,
            (SELECT coalesce(sum(amount), 0) FROM care.payment p WHERE p.invoice_id = i.invoice_id AND payer = 'insurer') AS insurer_paid,
            (SELECT coalesce(sum(r.amount), 0) FROM care.refund r JOIN care.payment p USING (payment_id)
             WHERE p.invoice_id = i.invoice_id AND payer = 'patient') AS patient_refunded,
            (SELECT coalesce(sum(r.amount), 0) FROM care.refund r JOIN care.payment p USING (payment_id)
             WHERE p.invoice_id = i.invoice_id AND payer = 'insurer') AS insurer_refunded,
            (SELECT coalesce(sum(coalesce(accepted_amount, submitted_amount)), 0) FROM care.claim c WHERE c.invoice_id = i.invoice_id) AS claimed,
            (SELECT coalesce(sum(adjusted_amount), 0) FROM care.claim c WHERE c.invoice_id = i.invoice_id) AS adjusted
        FROM care.invoice i)
    SELECT b.invoice_id::text FROM care.invoice_balance b JOIN fact f USING (invoice_id)
    WHERE b.charged <> f.charged
       OR b.paid_by_patient <> f.patient_paid - f.patient_refunded
       OR b.paid_by_insurer <> f.insurer_paid - f.insurer_refunded
       OR b.due_from_insurer <> f.claimed - f.insurer_paid + f.insurer_refunded
       OR b.adjusted <> f.adjusted
       OR b.charged <> b.due_from_patient + b.due_from_insurer + b.paid_by_patient + b.paid_by_insurer + b.adjusted
       OR b.due_from_patient < 0 OR b.due_from_insurer < 0
    UNION ALL
    SELECT t.ledger_transaction_id::text FROM care.ledger_transaction t LEFT JOIN care.ledger_entry e USING (ledger_transaction_id)
    GROUP BY 1 HAVING coalesce(sum(e.amount), 1) <> 0";

/// What a client does in a step.
fn operation(client: usize, step: usize, invoice: Uuid, coverage: Uuid) -> String {
    let cents = 1 + mix(client, step, 1) % 6000;
    let (amount, share) = (format!("{}.{:02}", cents / 100, cents % 100), mix(client, step, 2) % 10);
    match mix(client, step, 3) % 10 {
        0..=2 => format!("SELECT care.pay('key-{client}-{step}-0123456789', '{invoice}', {amount}, 'cash')"),
        3 | 4 => format!(
            "SELECT care.pay('key-{client}-{step}-0123456789', '{invoice}', {amount}, 'cheque', NULL, claim_id)
             FROM care.claim WHERE invoice_id = '{invoice}' ORDER BY random() LIMIT 1"
        ),
        5 => format!("SELECT care.submit_claim('{invoice}', '{coverage}')"),
        6 | 7 => format!(
            "SELECT care.adjudicate_claim(claim_id, array_agg(charge_id), array_agg(round(l.submitted_amount * 0.{share}, 2)),
                                          array_agg(0))
             FROM care.claim_line l JOIN care.claim c USING (claim_id)
             WHERE c.invoice_id = '{invoice}' AND c.status = 'submitted' GROUP BY claim_id"
        ),
        8 => format!(
            "SELECT care.refund('key-{client}-{step}-0123456789', payment_id, {amount}, 'wrong')
             FROM care.payment WHERE invoice_id = '{invoice}' ORDER BY random() LIMIT 1"
        ),
        _ if step > 50 => format!("SELECT care.void_invoice('{invoice}')"),
        _ => format!("SELECT care.ledger_balance('{invoice}', 'cash')"),
    }
}

/// A number that looks random and depends on its arguments alone.
fn mix(one: usize, two: usize, three: usize) -> usize {
    let mut state = (one as u64 + 1) << 40 ^ (two as u64 + 1) << 20 ^ (three as u64 + 1);
    for _ in 0..3 {
        state = (state ^ state >> 31).wrapping_mul(0x94d0_49bb_1331_11eb);
    }
    (state >> 33) as usize
}

/// Runs one statement from each of eight connections at once: the text each gives, or the rule that refuses it.
async fn race(network: &Network, statement: impl Fn(usize) -> String) -> Vec<Result<String, String>> {
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        let (mut connection, statement) = (network.connection().await, statement(client));
        clients.spawn(async move {
            match connection.fetch_optional(AssertSqlSafe(statement.clone())).await {
                Ok(row) => Ok(row.map_or_else(String::new, |row| {
                    sqlx::Row::try_get::<Uuid, _>(&row, 0).map_or_else(|_| String::new(), |id| id.to_string())
                })),
                Err(error) => Err(refused_by::<()>(Err(error), &statement)),
            }
        });
    }
    clients.join_all().await
}
