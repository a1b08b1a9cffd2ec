//! Money: an invoice from its issue through claim and payment to nothing due.
//!
//! Amounts are whole hundredths of the invoice's currency, so that no sum is rounded on the way. The database keeps the
//! books (`schemas/migrations/0064_create_ledger.sql` and after): what is due is what the ledger says, and a payment's
//! key makes it one payment however often it is sent. A facility's biller writes; a patient reads the own invoices.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{ChargeId, ClaimId, CoverageId, InvoiceId, PatientId, PaymentId, PaymentMethod, RefundId};
use crate::model::time::Day;

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
    let Some(look) = actor.look(Some(patient), "invoices", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading invoices")?;
    sqlx::query_as("SELECT * FROM api.read_invoices($1, $2, $3)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Issues a draft: its charges are fixed, and due on a day.
///
/// # Errors
/// `invoice_is_a_draft`, `invoice_charges_something`, and the database's.
pub async fn issue(actor: &mut Actor<'_>, invoice: InvoiceId, due: Day) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("issuing an invoice").await?;
    let query = sqlx::query("SELECT api.issue_invoice($1, $2, $3)").bind(token).bind(invoice).bind(due);
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
    let (connection, token, failed) = actor.write("submitting a claim").await?;
    let query = sqlx::query_scalar("SELECT api.submit_claim($1, $2, $3)").bind(token).bind(invoice).bind(coverage);
    query.fetch_one(connection).await.map_err(failed)
}

/// Adjudicates a claim by an insurer's answer, which names every charge of the claim once.
///
/// # Errors
/// `claim_is_answered_once`, `claim_answer_is_whole`, the rules of a claim's line, and the database's.
pub async fn adjudicate(actor: &mut Actor<'_>, claim: ClaimId, decisions: &[ChargeDecision]) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("noting an insurer's answer").await?;
    let charges: Vec<ChargeId> = decisions.iter().map(|decision| decision.charge).collect();
    let accepted: Vec<i64> = decisions.iter().map(|decision| decision.accepted_cents).collect();
    let adjusted: Vec<i64> = decisions.iter().map(|decision| decision.adjusted_cents).collect();
    sqlx::query("SELECT api.adjudicate_claim($1, $2, $3, $4, $5)")
        .bind(token)
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
    let (connection, token, failed) = actor.write("paying").await?;
    sqlx::query_scalar("SELECT api.pay($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
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
    let (connection, token, failed) = actor.write("giving back").await?;
    sqlx::query_scalar("SELECT api.refund($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(key)
        .bind(payment)
        .bind(cents)
        .bind(reason)
        .fetch_one(connection)
        .await
        .map_err(failed)
}
