//! Money: an invoice from its issue through claim and payment to nothing due.
//!
//! Amounts are whole hundredths of the invoice's currency, so that no sum is rounded on the way. The database keeps the
//! books (`schemas/migrations/0064_create_ledger.sql` and after): what is due is what the ledger says, and a payment's
//! key makes it one payment however often it is sent. A facility's biller writes; a patient reads the own invoices.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{ChargeId, ClaimId, CoverageId, InvoiceId, PatientId, PaymentId, PaymentMethod, RefundId};
use crate::model::time::Day;

/// Invoices in one answer at most.
const INVOICES_MAX: i64 = 500;

/// What an invoice comes to, in hundredths; nothing while it is a draft, and once it is void.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct InvoiceBalance {
    /// Which invoice.
    pub invoice: InvoiceId,
    /// ISO 4217: USD.
    pub currency: String,
    /// All its charges.
    pub charged_cents: i64,
    /// What the patient still owes.
    pub due_from_patient_cents: i64,
    /// What insurers were asked for, and have neither paid, adjusted nor denied.
    pub due_from_insurer_cents: i64,
}

/// Whom a payment is from, for what, and how.
#[derive(Copy, Clone, Debug)]
pub struct Payment<'a> {
    /// Made by the caller, 16 to 80 letters, digits, hyphens and underscores: the same key again is the same payment.
    pub key: &'a str,
    /// For which invoice.
    pub invoice: InvoiceId,
    /// How much, in hundredths.
    pub cents: i64,
    /// How.
    pub method: PaymentMethod,
    /// The processor's token, with `card` and no other method; never a card's number.
    pub token: Option<&'a str>,
    /// The claim that the insurer pays; `None` where the patient does.
    pub claim: Option<ClaimId>,
}

/// What an insurer decides about one charge, in hundredths: what is neither accepted nor adjusted is denied.
#[derive(Copy, Clone, Debug)]
pub struct ChargeDecision {
    /// Which charge.
    pub charge: ChargeId,
    /// What the insurer pays.
    pub accepted_cents: i64,
    /// What nobody pays.
    pub adjusted_cents: i64,
}

/// The invoices of a patient that the actor may see, the latest first, 500 at most.
///
/// # Errors
/// The database's.
pub async fn balances(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<InvoiceBalance>, CareError> {
    let (connection, failed) = actor.step("reading invoices");
    sqlx::query_as(
        "SELECT invoice_id AS invoice, b.currency::text AS currency, (charged * 100)::bigint AS charged_cents,
                (due_from_patient * 100)::bigint AS due_from_patient_cents,
                (due_from_insurer * 100)::bigint AS due_from_insurer_cents
         FROM care.invoice_balance b JOIN care.invoice i USING (invoice_id)
         WHERE b.patient_id = $1 ORDER BY i.created_at DESC, invoice_id LIMIT $2",
    )
    .bind(patient)
    .bind(INVOICES_MAX)
    .fetch_all(connection)
    .await
    .map_err(failed)
}

/// Issues a draft: its charges are fixed, and due on a day.
///
/// # Errors
/// `invoice_is_a_draft`, `invoice_charges_something`, and the database's.
pub async fn issue(actor: &mut Actor<'_>, invoice: InvoiceId, due: Day) -> Result<(), CareError> {
    let (connection, failed) = actor.step("issuing an invoice");
    let query = sqlx::query("SELECT care.issue_invoice($1, $2)").bind(invoice).bind(due);
    query.execute(connection).await.map(drop).map_err(failed)
}

/// Asks an insurer for all that is due and was covered on its day of service; the claim's key. A biller sees the
/// coverage of patients with an appointment at the facility, and no other counts.
///
/// # Errors
/// `claim_is_covered_on_the_day_of_service`, and the database's.
pub async fn submit_claim(
    actor: &mut Actor<'_>,
    invoice: InvoiceId,
    coverage: CoverageId,
) -> Result<ClaimId, CareError> {
    let (connection, failed) = actor.step("submitting a claim");
    let query = sqlx::query_scalar("SELECT care.submit_claim($1, $2)").bind(invoice).bind(coverage);
    query.fetch_one(connection).await.map_err(failed)
}

/// Adjudicates a claim by an insurer's answer, which names every charge of the claim once.
///
/// # Errors
/// `claim_is_answered_once`, `claim_answer_is_whole`, the rules of a claim's line, and the database's.
pub async fn adjudicate(actor: &mut Actor<'_>, claim: ClaimId, decisions: &[ChargeDecision]) -> Result<(), CareError> {
    let (connection, failed) = actor.step("noting an insurer's answer");
    let charges: Vec<ChargeId> = decisions.iter().map(|decision| decision.charge).collect();
    let accepted: Vec<i64> = decisions.iter().map(|decision| decision.accepted_cents).collect();
    let adjusted: Vec<i64> = decisions.iter().map(|decision| decision.adjusted_cents).collect();
    sqlx::query(
        "SELECT care.adjudicate_claim($1, array_agg(charge), array_agg(accepted * 0.01), array_agg(adjusted * 0.01))
         FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS answer (charge, accepted, adjusted)",
    )
    .bind(claim)
    .bind(charges)
    .bind(accepted)
    .bind(adjusted)
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}

/// Pays; the payment's key in the database, the same for the same key of the caller.
///
/// # Errors
/// `invoice_is_issued`, `payment_is_not_above_what_is_due`, `payment_follows_the_answer`, `payment_key_is_used_once`
/// where the key came with another payment, the rules of `care.payment`, and the database's.
pub async fn pay(actor: &mut Actor<'_>, payment: &Payment<'_>) -> Result<PaymentId, CareError> {
    let (connection, failed) = actor.step("paying");
    sqlx::query_scalar("SELECT care.pay($1, $2, $3::bigint * 0.01, $4, $5, $6)")
        .bind(payment.key)
        .bind(payment.invoice)
        .bind(payment.cents)
        .bind(payment.method)
        .bind(payment.token)
        .bind(payment.claim)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Gives back some of a payment, in hundredths, for a reason; the refund's key, as with a payment's.
///
/// # Errors
/// `refund_payment_fkey`, `refund_is_not_above_its_payment`, `refund_key_is_used_once`, the rules of `care.refund`, and
/// the database's.
pub async fn refund(
    actor: &mut Actor<'_>,
    key: &str,
    payment: PaymentId,
    cents: i64,
    reason: &str,
) -> Result<RefundId, CareError> {
    let (connection, failed) = actor.step("giving back");
    sqlx::query_scalar("SELECT care.refund($1, $2, $3::bigint * 0.01, $4)")
        .bind(key)
        .bind(payment)
        .bind(cents)
        .bind(reason)
        .fetch_one(connection)
        .await
        .map_err(failed)
}
