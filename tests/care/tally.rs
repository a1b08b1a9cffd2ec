//! Sums that are kept are what counting everything gives, at every moment: while two write at once and a third folds,
//! before and after, and whatever was corrected, taken back or removed.
//!
//! One question compares both in one snapshot, so it holds in the midst of the writing as well.

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::network::Network;
use super::wellness::Dice;

/// Transactions of each of the two who write.
const TRANSACTIONS: usize = 80;

/// A sum that is kept: two queries that give the same, and how it is brought up to date.
pub(super) struct Kept {
    pub(super) anew: &'static str,
    pub(super) kept: &'static str,
    pub(super) fold: &'static str,
}

impl Kept {
    pub(super) fn differences(&self) -> String {
        let Kept { anew, kept, .. } = self;
        format!(
            "SELECT concat_ws(' ', 'not kept:', d.*) FROM (({anew}) EXCEPT ({kept})) AS d
             UNION ALL SELECT concat_ws(' ', 'kept for nothing:', d.*) FROM (({kept}) EXCEPT ({anew})) AS d"
        )
    }

    pub(super) async fn holds(&self, network: &mut Network, when: &str) {
        assert_eq!(network.rows(&self.differences()).await, [""; 0], "{when}");
    }

    /// Two write what `transaction` gives them, a third folds and a fourth compares, all at once.
    pub(super) async fn survives(&self, network: &mut Network, mut transaction: impl FnMut(&mut Dice) -> Vec<String>) {
        self.holds(network, "before").await;
        let mut dice = Dice(7);
        let mut writers = JoinSet::new();
        for _ in 0..2 {
            let work: Vec<_> = (0..TRANSACTIONS).map(|_| transaction(&mut dice)).collect();
            writers.spawn(written(network.connection().await, work));
        }
        let mut refused = Vec::new();
        let mut compared = 0;
        while !writers.is_empty() {
            self.holds(network, "while two write").await;
            compared += 1;
            network.run(self.fold).await;
            self.holds(network, "while two write, folded").await;
            while let Some(done) = writers.try_join_next() {
                refused.extend(done.unwrap());
            }
        }
        assert!(compared > 2, "it was compared in the midst of it");
        assert_eq!(refused.iter().filter(|state| *state == "40P01").count(), 0, "nobody waits for each other");
        assert!(refused.len() < TRANSACTIONS, "most of it was done: {refused:?}");
        network.run(self.fold).await;
        self.holds(network, "after").await;
    }
}

/// Runs transactions one after the other; the SQLSTATE of each that was refused. Some take back what they did.
async fn written(mut sql: PgConnection, work: Vec<Vec<String>>) -> Vec<String> {
    let mut refused = Vec::new();
    for (number, statements) in work.into_iter().enumerate() {
        sql.execute("BEGIN").await.unwrap();
        let mut end = if number % 8 == 7 { "ROLLBACK" } else { "COMMIT" };
        for statement in statements {
            if let Err(error) = sql.execute(AssertSqlSafe(statement.clone())).await {
                let state = error.as_database_error().unwrap_or_else(|| panic!("{error}")).code().unwrap().into_owned();
                assert!(
                    ["HT001", "23P01", "23505", "23514", "40P01"].contains(&state.as_str()),
                    "{statement}: {error}"
                );
                refused.push(state);
                end = "ROLLBACK";
                break;
            }
        }
        sql.execute(end).await.unwrap();
    }
    refused
}

const RATINGS: Kept = Kept {
    anew: "SELECT 'facility', facility_id, count(*) AS reviews, round(avg(facility_stars), 2) AS stars FROM care.review
           WHERE state = 'published' AND facility_stars IS NOT NULL GROUP BY facility_id
           UNION ALL SELECT 'provider', provider_id, count(*), round(avg(provider_stars), 2) FROM care.review
           WHERE state = 'published' AND provider_stars IS NOT NULL GROUP BY provider_id",
    kept: "SELECT 'facility', facility_id, reviews, stars FROM care.facility_rating
           UNION ALL SELECT 'provider', provider_id, reviews, stars FROM care.provider_rating",
    fold: "SELECT care.merge_reviews()",
};

/// Completed visits of one person, at two facilities with a provider each.
async fn visits(network: &mut Network, count: usize) -> Vec<Uuid> {
    let patient = network.patient().await;
    let places = [network.facility("IL", "clinic").await, network.facility("WI", "clinic").await];
    let providers = [network.provider().await, network.provider().await];
    let mut made = Vec::new();
    for number in 0..count {
        let (place, provider) = (places[number % 2], providers[number / 2 % 2]);
        made.push(
            network
                .id(&format!(
                    "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
                     SELECT '{patient}', '{provider}', '{place}', tstzrange(at, at + INTERVAL '30 minutes'), 'completed'
                     FROM (SELECT TIMESTAMPTZ '2026-01-05 08:00Z' + {number} * INTERVAL '1 hour' AS at) AS moment
                     RETURNING appointment_id"
                ))
                .await,
        );
    }
    made
}

#[tokio::test(flavor = "multi_thread")]
async fn ratings_are_what_counting_every_review_gives() {
    let mut network = Network::new().await;
    let visits = visits(&mut network, 24).await;
    let of = |dice: &mut Dice| {
        let visit = *dice.one(&visits);
        let (of_provider, of_facility) = match (1 + dice.below(5), 1 + dice.below(5), dice.below(3)) {
            (stars, _, 0) => (stars.to_string(), "NULL".to_owned()),
            (_, stars, 1) => ("NULL".to_owned(), stars.to_string()),
            (one, two, _) => (one.to_string(), two.to_string()),
        };
        let state = *dice.one(&[
            "'pending', moderation = NULL",
            "'published', moderation = NULL",
            "'hidden', moderation = 'rude'",
        ]);
        let statement = match dice.below(6) {
            0 | 1 => format!(
                "INSERT INTO care.review (patient_id, appointment_id, provider_id, facility_id, provider_stars, facility_stars, state)
                 SELECT patient_id, appointment_id, provider_id, facility_id, {of_provider}, {of_facility}, 'published'
                 FROM care.appointment WHERE appointment_id = '{visit}' ON CONFLICT DO NOTHING"
            ),
            2 => format!(
                "UPDATE care.review SET provider_stars = {of_provider}, facility_stars = {of_facility}
                 WHERE appointment_id = '{visit}'"
            ),
            3 | 4 => format!("UPDATE care.review SET state = {state} WHERE appointment_id = '{visit}'"),
            _ => format!("DELETE FROM care.review WHERE appointment_id = '{visit}'"),
        };
        vec![statement]
    };
    RATINGS.survives(&mut network, of).await;
    let tally = "SELECT (count(*) FILTER (WHERE provider_reviews + facility_reviews > 0))::text || ' of ' || count(*) FROM care.review_tally";
    assert_eq!(network.one(tally).await, "4 of 4", "each pair has one row once it is merged");
    // What is written with triggers off is counted when it is asked for.
    network
        .run("SET session_replication_role = replica; DELETE FROM care.review; SET session_replication_role = origin")
        .await;
    assert_ne!(network.rows(&RATINGS.differences()).await, [""; 0], "the comparison sees what it should");
    network.run("SELECT care.recount_reviews()").await;
    RATINGS.holds(&mut network, "counted anew").await;
}

const BALANCES: Kept = Kept {
    anew: "SELECT i.patient_id, i.facility_id, i.invoice_id, i.currency::text,
                  -coalesce(sum(e.amount) FILTER (WHERE e.account = 'revenue'), 0) AS charged,
                  coalesce(sum(e.amount) FILTER (WHERE e.account = 'receivable'), 0),
                  coalesce(sum(e.amount) FILTER (WHERE e.account = 'insurer_receivable'), 0),
                  coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash' AND t.claim_id IS NULL), 0),
                  coalesce(sum(e.amount) FILTER (WHERE e.account = 'cash' AND t.claim_id IS NOT NULL), 0),
                  coalesce(sum(e.amount) FILTER (WHERE e.account = 'adjustment'), 0)
           FROM care.invoice i LEFT JOIN care.ledger_transaction t USING (invoice_id)
           LEFT JOIN care.ledger_entry e USING (ledger_transaction_id) GROUP BY i.invoice_id",
    kept: "SELECT patient_id, facility_id, invoice_id, currency::text, charged, due_from_patient, due_from_insurer,
                  paid_by_patient, paid_by_insurer, adjusted FROM care.invoice_balance",
    // Nothing is put off.
    fold: "SELECT",
};

#[tokio::test(flavor = "multi_thread")]
async fn balances_are_what_the_ledger_adds_up_to() {
    let mut network = Network::new().await;
    let bill = super::money::Bill::draft(&mut network).await;
    let (patient, facility, coverage) = (bill.patient, bill.facility, bill.coverage);
    let mut invoices = Vec::new();
    for number in 0..8 {
        let invoice = network
            .id(&format!(
                "INSERT INTO care.invoice (patient_id, facility_id, number) VALUES ('{patient}', '{facility}', 'B-{number}')
                 RETURNING invoice_id"
            ))
            .await;
        network
            .run(&format!(
                "INSERT INTO care.charge (patient_id, facility_id, invoice_id, served_on, charge_code, quantity, unit_price)
                 VALUES ('{patient}', '{facility}', '{invoice}', '2026-06-01', 'VISIT-30', 1, 120),
                        ('{patient}', '{facility}', '{invoice}', '2026-06-01', 'LAB-A1C', 2, 40)"
            ))
            .await;
        invoices.push(invoice);
    }
    let of = |dice: &mut Dice| {
        let (invoice, cents, key) = (*dice.one(&invoices), 1 + dice.below(6_000), dice.below(u64::MAX));
        let claim =
            format!("(SELECT claim_id FROM care.claim WHERE invoice_id = '{invoice}' ORDER BY submitted_at LIMIT 1)");
        // A statement that finds nothing to do is not refused.
        let statement = match dice.below(10) {
            0..=2 => format!(
                "SELECT care.issue_invoice(invoice_id, '2026-07-01') FROM care.invoice
                 WHERE invoice_id = '{invoice}' AND status = 'draft'"
            ),
            3 | 4 => format!(
                "SELECT care.pay('key-{key:020}', invoice_id, least({cents} * 0.01, due_from_patient), 'cash')
                 FROM care.invoice_balance WHERE invoice_id = '{invoice}' AND due_from_patient > 0"
            ),
            5 => format!(
                "SELECT care.submit_claim(invoice_id, '{coverage}') FROM care.invoice_balance
                 WHERE invoice_id = '{invoice}' AND due_from_patient > 0"
            ),
            6 => format!(
                "SELECT care.adjudicate_claim(claim_id, array_agg(charge_id), array_agg(l.submitted_amount / 2),
                                              array_agg(l.submitted_amount / 4))
                 FROM care.claim_line l JOIN care.claim USING (claim_id)
                 WHERE claim_id = {claim} AND status = 'submitted' GROUP BY claim_id"
            ),
            7 => format!(
                "SELECT care.pay('key-{key:020}', invoice_id, 1, 'cash', NULL, claim_id)
                 FROM care.claim WHERE claim_id = {claim} AND status = 'adjudicated'"
            ),
            8 => format!(
                "SELECT care.refund('key-{key:020}', payment_id, 0.01, 'too much') FROM care.payment
                 WHERE invoice_id = '{invoice}' ORDER BY payment_id LIMIT 1"
            ),
            _ => format!(
                "SELECT care.void_invoice(invoice_id) FROM care.invoice WHERE invoice_id = '{invoice}' AND status = 'issued'
                 AND NOT EXISTS (SELECT FROM care.ledger_transaction t WHERE t.invoice_id = '{invoice}' AND kind <> 'issue')"
            ),
        };
        vec![statement]
    };
    BALANCES.survives(&mut network, of).await;
    let seen = network.one("SELECT count(DISTINCT kind)::text FROM care.ledger_transaction").await;
    assert!(seen.parse::<u32>().unwrap() >= 5, "most kinds were booked: {seen}");
    network
        .run("SET session_replication_role = replica; DELETE FROM care.ledger_entry; SET session_replication_role = origin")
        .await;
    assert_ne!(network.rows(&BALANCES.differences()).await, [""; 0], "the comparison sees what it should");
    network.run("SELECT care.recount_balances()").await;
    BALANCES.holds(&mut network, "counted anew").await;
}
