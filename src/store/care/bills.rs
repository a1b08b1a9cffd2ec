//! Bills as a biller works with them: invoices and claims by how they stand, and one invoice with what it is for and
//! what was paid.
//!
//! What is done with them stands in `money` and `claim`. Amounts are whole hundredths.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{ChargeId, ClaimId, InvoiceId, PatientId, PaymentId, PaymentMethod};
use crate::model::time::{Day, Timestamp};
use crate::store::moment::Moment;

/// An invoice of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceLine {
    /// Which.
    pub invoice: InvoiceId,
    /// For whom.
    pub patient: PatientId,
    /// Its number at the facility.
    pub number: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it is due; `None` while it is a draft.
    pub due_on: Option<Day>,
    /// ISO 4217: USD.
    pub currency: String,
    /// All its charges.
    pub charged_cents: i64,
    /// What the patient still owes.
    pub due_from_patient_cents: i64,
    /// What insurers were asked for, and have not answered.
    pub due_from_insurer_cents: i64,
}

/// Invoices of the acting biller's facility that are `draft`, `issued` or `void`, the newest first; those after the
/// last line of the page before; 500 at most.
///
/// # Errors
/// The database's.
pub async fn invoices(
    actor: &mut Actor<'_>,
    status: &str,
    after: Option<(Timestamp, InvoiceId)>,
    rows_max: u16,
) -> Result<Vec<InvoiceLine>, CareError> {
    let Some(look) = actor.look(None, "due_invoices", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("listing invoices")?;
    let rows = sqlx::query("SELECT * FROM api.list_invoices($1, $2, NULL, $3, $4, $5, $6)")
        .bind(token)
        .bind(look)
        .bind(status)
        .bind(after.map(|(created_at, _)| Moment(created_at)))
        .bind(after.map(|(_, invoice)| invoice))
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    let line = |row: &PgRow| {
        Ok(InvoiceLine {
            invoice: row.try_get("invoice_id")?,
            patient: row.try_get("patient_id")?,
            number: row.try_get("number")?,
            created_at: row.try_get::<Moment, _>("created_at")?.0,
            due_on: row.try_get("due_on")?,
            currency: row.try_get("currency")?,
            charged_cents: row.try_get("charged_cents")?,
            due_from_patient_cents: row.try_get("due_from_patient_cents")?,
            due_from_insurer_cents: row.try_get("due_from_insurer_cents")?,
        })
    };
    rows.iter().map(line).collect::<Result<_, _>>().map_err(failed)
}

/// A claim of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimOfFacility {
    /// Which.
    pub claim: ClaimId,
    /// For whom.
    pub patient: PatientId,
    /// Number of its invoice.
    pub number: String,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// ISO 4217: USD.
    pub currency: String,
    /// What was asked for.
    pub asked_cents: i64,
    /// What the insurer pays; `None` until it answers.
    pub paid_cents: Option<i64>,
    /// What nobody pays; `None` until it answers.
    pub adjusted_cents: Option<i64>,
    /// What falls back on the patient; `None` until it answers.
    pub denied_cents: Option<i64>,
}

/// Claims of the acting biller's facility that are `submitted`, `adjudicated` or, at least in part, `denied`, the
/// newest first; those after the last line of the page before; 500 at most.
///
/// # Errors
/// The database's.
pub async fn claims(
    actor: &mut Actor<'_>,
    status: &str,
    after: Option<(Timestamp, ClaimId)>,
    rows_max: u16,
) -> Result<Vec<ClaimOfFacility>, CareError> {
    let Some(look) = actor.look(None, "due_invoices", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("listing claims")?;
    let rows = sqlx::query("SELECT * FROM api.list_claims($1, $2, NULL, $3, $4, $5, $6)")
        .bind(token)
        .bind(look)
        .bind(status)
        .bind(after.map(|(submitted_at, _)| Moment(submitted_at)))
        .bind(after.map(|(_, claim)| claim))
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    let line = |row: &PgRow| {
        Ok(ClaimOfFacility {
            claim: row.try_get("claim_id")?,
            patient: row.try_get("patient_id")?,
            number: row.try_get("number")?,
            submitted_at: row.try_get::<Moment, _>("submitted_at")?.0,
            currency: row.try_get("currency")?,
            asked_cents: row.try_get("asked_cents")?,
            paid_cents: row.try_get("paid_cents")?,
            adjusted_cents: row.try_get("adjusted_cents")?,
            denied_cents: row.try_get("denied_cents")?,
        })
    };
    rows.iter().map(line).collect::<Result<_, _>>().map_err(failed)
}

/// One invoice.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Invoice {
    /// Its number at the facility.
    pub number: String,
    /// draft, issued or void.
    pub status: String,
    /// Of which facility, by name.
    pub facility_name: String,
    /// When it is due; `None` while it is a draft.
    pub due_on: Option<Day>,
    /// ISO 4217: USD.
    pub currency: String,
    /// All its charges.
    pub charged_cents: i64,
    /// What the patient still owes, by the ledger.
    pub due_from_patient_cents: i64,
    /// What insurers were asked for and have not answered, by the ledger.
    pub due_from_insurer_cents: i64,
}

/// What an invoice is for.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Charge {
    /// Key.
    pub charge_id: ChargeId,
    /// Day of service.
    pub served_on: Day,
    /// What was done, by the network's list.
    pub charge_code: String,
    /// In a few words.
    pub title: String,
    /// How often.
    pub quantity: i32,
    /// What it costs in all.
    pub cents: i64,
}

/// A payment, and how much of it was given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentLine {
    /// Key.
    pub payment: PaymentId,
    /// When it came.
    pub received_at: Timestamp,
    /// patient or insurer.
    pub payer: String,
    /// How.
    pub method: PaymentMethod,
    /// How much.
    pub cents: i64,
    /// How much of it went back.
    pub given_back_cents: i64,
}

/// One invoice of a patient with its charges and payments; `None` where the actor may see none such.
///
/// # Errors
/// The database's.
pub async fn invoice(
    actor: &mut Actor<'_>,
    patient: PatientId,
    invoice: InvoiceId,
) -> Result<Option<(Invoice, Vec<Charge>, Vec<PaymentLine>)>, CareError> {
    let Some(look) = actor.look(Some(patient), "invoices", None).await? else { return Ok(None) };
    let (connection, token, failed) = actor.ask("reading an invoice")?;
    let found: Option<Invoice> = sqlx::query_as("SELECT * FROM api.read_invoice($1, $2, $3, $4)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(invoice)
        .fetch_optional(&mut *connection)
        .await
        .map_err(&failed)?;
    let Some(found) = found else { return Ok(None) };
    let charges = sqlx::query_as("SELECT * FROM api.read_charges($1, $2, $3, $4)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(invoice)
        .fetch_all(&mut *connection)
        .await
        .map_err(&failed)?;
    let payments = sqlx::query("SELECT * FROM api.read_payments($1, $2, $3, $4)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(invoice)
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    let payments = payments.iter().map(payment).collect::<Result<_, _>>().map_err(failed)?;
    Ok(Some((found, charges, payments)))
}

fn payment(row: &PgRow) -> Result<PaymentLine, sqlx::Error> {
    Ok(PaymentLine {
        payment: row.try_get("payment_id")?,
        received_at: row.try_get::<Moment, _>("received_at")?.0,
        payer: row.try_get("payer")?,
        method: row.try_get("method")?,
        cents: row.try_get("cents")?,
        given_back_cents: row.try_get("given_back_cents")?,
    })
}
