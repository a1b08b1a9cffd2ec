//! Bills: what a patient was charged, what was paid, by whom, and what is still due.
//!
//! Amounts are whole hundredths of a bill's currency. Who takes money and books it is `money`; here is what there is to
//! read of it.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{ChargeId, InvoiceId, PatientId, PaymentId, PaymentMethod};
use crate::model::time::{Day, Timestamp};
use crate::store::moment::Moment;

/// The kind of look.
const KIND: &str = "invoices";

/// A bill and what it comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Its key.
    pub invoice: InvoiceId,
    /// Its number, unlike every other of its facility.
    pub number: String,
    /// Who sent it.
    pub facility: String,
    /// issued or void.
    pub status: String,
    /// When it was sent.
    pub issued_at: Timestamp,
    /// Until when it is to be paid.
    pub due_on: Day,
    /// ISO 4217: USD.
    pub currency: String,
    /// In hundredths.
    pub sums: BillSums,
}

/// What a bill comes to, in hundredths.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct BillSums {
    /// All its charges.
    pub charged: i64,
    /// What the patient paid.
    pub paid_by_patient: i64,
    /// What insurers paid.
    pub paid_by_insurer: i64,
    /// What nobody pays.
    pub adjusted: i64,
    /// What the patient still owes.
    pub due_from_patient: i64,
    /// What insurers were asked for and have not answered.
    pub due_from_insurer: i64,
}

/// A line of a bill.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct BillLine {
    /// Its key.
    pub charge: ChargeId,
    /// When it was done.
    pub served_on: Day,
    /// What it is called.
    pub title: String,
    /// How often.
    pub quantity: i32,
    /// What it costs, in hundredths.
    pub cents: i64,
}

/// Money that came for a bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillPayment {
    /// Its key.
    pub payment: PaymentId,
    /// When it came.
    pub received_at: Timestamp,
    /// patient or insurer.
    pub payer: String,
    /// How.
    pub method: PaymentMethod,
    /// How much, in hundredths.
    pub cents: i64,
    /// What of it was given back.
    pub refunded_cents: i64,
}

type BillRow = (InvoiceId, String, String, String, Moment, Day, String, i64, i64, i64, i64, i64, i64);

/// Bills of a patient that were sent, the latest first: those after the last one of the page before, so many at most.
///
/// # Errors
/// The database's.
pub async fn bills(
    actor: &mut Actor<'_>,
    patient: PatientId,
    after: Option<(Timestamp, InvoiceId)>,
    rows_max: u16,
) -> Result<Vec<Bill>, CareError> {
    let Some(look) = actor.look(Some(patient), KIND, None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading bills")?;
    let rows: Vec<BillRow> = sqlx::query_as("SELECT * FROM api.read_bills($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(after.map(|(at, _)| Moment(at)))
        .bind(after.map(|(_, invoice)| invoice))
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    Ok(rows.into_iter().map(bill).collect())
}

fn bill(row: BillRow) -> Bill {
    let (invoice, number, facility, status, issued_at, due_on, currency, charged, by_patient, by_insurer, ..) = row;
    let (.., adjusted, due_from_patient, due_from_insurer) = row;
    Bill {
        invoice,
        number,
        facility,
        status,
        issued_at: issued_at.0,
        due_on,
        currency,
        sums: BillSums {
            charged,
            paid_by_patient: by_patient,
            paid_by_insurer: by_insurer,
            adjusted,
            due_from_patient,
            due_from_insurer,
        },
    }
}

/// The lines of a bill, by day.
///
/// # Errors
/// The database's.
pub async fn lines(actor: &mut Actor<'_>, patient: PatientId, invoice: InvoiceId) -> Result<Vec<BillLine>, CareError> {
    let Some(look) = actor.look(Some(patient), KIND, None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading the lines of a bill")?;
    sqlx::query_as("SELECT charge, served_on, title, quantity, cents FROM api.read_bill_lines($1, $2, $3, $4)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(invoice)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// What was paid for a bill, the first payment first.
///
/// # Errors
/// The database's.
pub async fn payments(
    actor: &mut Actor<'_>,
    patient: PatientId,
    invoice: InvoiceId,
) -> Result<Vec<BillPayment>, CareError> {
    let Some(look) = actor.look(Some(patient), KIND, None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading the payments of a bill")?;
    let rows: Vec<(PaymentId, Moment, String, PaymentMethod, i64, i64)> =
        sqlx::query_as("SELECT * FROM api.read_bill_payments($1, $2, $3, $4)")
            .bind(token)
            .bind(look)
            .bind(patient)
            .bind(invoice)
            .fetch_all(connection)
            .await
            .map_err(failed)?;
    let payment = |(payment, received_at, payer, method, cents, refunded_cents): (_, Moment, _, _, _, _)| BillPayment {
        payment,
        received_at: received_at.0,
        payer,
        method,
        cents,
        refunded_cents,
    };
    Ok(rows.into_iter().map(payment).collect())
}
