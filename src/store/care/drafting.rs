//! Invoices before they are issued: visits that wait for one, the price list, a draft, and what is put on it.
//!
//! A visit has one invoice that stands, and a charge has the key of the form that adds it: neither is written twice.
//! Once an invoice is issued its charges are fixed, and what is due of it stands in `money`.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{AppointmentId, ChargeId, FacilityId, InvoiceId, PatientId};
use crate::model::time::{Day, Timestamp};
use crate::store::moment::Moment;

/// A visit as a bill names it: of a patient by key, and without what it was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitToBill {
    /// Which.
    pub appointment: AppointmentId,
    /// For whom.
    pub patient: PatientId,
    /// When it began.
    pub starts_at: Timestamp,
    /// booked, completed, `no_show`, cancelled, …
    pub status: String,
    /// `in_person` or telehealth.
    pub mode: String,
    /// Its kind by the network's list, where one was booked.
    pub kind: Option<String>,
    /// With whom.
    pub provider_name: String,
}

/// One of them, with what an invoice begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VisitBilled {
    /// What it is.
    pub visit: VisitToBill,
    /// Its day at the facility.
    pub served_on: Day,
    /// Where.
    pub facility: FacilityId,
    /// What is usually charged for it, where that is one thing.
    pub usual_code: Option<String>,
    /// The invoice that it is on.
    pub invoice: Option<InvoiceId>,
    /// Whether it took place, or is charged although it did not.
    pub is_chargeable: bool,
}

/// A line of the price list.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct PriceLine {
    /// Stable code.
    pub charge_code: String,
    /// In a few words.
    pub title: String,
    /// By which plans of insurers pay.
    pub category: String,
    /// What one costs, in hundredths.
    pub cents: i64,
    /// ISO 4217: USD.
    pub currency: String,
    /// First day on which it is not charged any more.
    pub retired_on: Option<Day>,
}

/// What is put on a draft.
#[derive(Copy, Clone, Debug)]
pub struct NewCharge<'a> {
    /// Key of the form that adds it.
    pub charge: ChargeId,
    /// By the price list.
    pub code: &'a str,
    /// How many.
    pub quantity: i32,
    /// Day of service.
    pub served_on: Day,
}

/// The columns of a visit.
type VisitRow = (AppointmentId, PatientId, Moment, String, String, Option<String>, String);

fn visit((appointment, patient, starts_at, status, mode, kind, provider_name): VisitRow) -> VisitToBill {
    VisitToBill { appointment, patient, starts_at: starts_at.0, status, mode, kind, provider_name }
}

/// Visits at the acting biller's facility that nobody has charged, the newest first; or those to come, the next first.
/// Those after the last line of the page before; 500 at most.
///
/// # Errors
/// The database's.
pub async fn visits_to_bill(
    actor: &mut Actor<'_>,
    are_coming: bool,
    after: Option<(Timestamp, AppointmentId)>,
    rows_max: u16,
) -> Result<Vec<VisitToBill>, CareError> {
    let Some(look) = actor.look(None, "due_invoices", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("listing visits to bill")?;
    let rows: Vec<VisitRow> = sqlx::query_as("SELECT * FROM api.list_visits_to_bill($1, $2, NULL, $3, $4, $5, $6)")
        .bind(token)
        .bind(look)
        .bind(are_coming)
        .bind(after.map(|(starts_at, _)| Moment(starts_at)))
        .bind(after.map(|(_, appointment)| appointment))
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    Ok(rows.into_iter().map(visit).collect())
}

/// One visit of a patient at the acting biller's facility; `None` where there is no such. It tells no more than the
/// list does, so that a first invoice can be written for who has none.
///
/// # Errors
/// The database's.
pub async fn visit_to_bill(
    actor: &mut Actor<'_>,
    patient: PatientId,
    appointment: AppointmentId,
) -> Result<Option<VisitBilled>, CareError> {
    type Row = (
        AppointmentId,
        PatientId,
        Moment,
        String,
        String,
        Option<String>,
        String,
        Day,
        FacilityId,
        Option<String>,
        Option<InvoiceId>,
        bool,
    );
    let Some(look) = actor.look(None, "due_invoices", None).await? else { return Ok(None) };
    let (connection, token, failed) = actor.ask("reading a visit to bill")?;
    let row: Option<Row> = sqlx::query_as("SELECT * FROM api.read_visit_to_bill($1, $2, NULL, $3)")
        .bind(token)
        .bind(look)
        .bind(appointment)
        .fetch_optional(connection)
        .await
        .map_err(failed)?;
    let row = row.filter(|(_, whose, ..)| *whose == patient);
    let read =
        |(one, two, three, four, five, six, seven, served_on, facility, usual_code, invoice, is_chargeable): Row| {
            let visit = visit((one, two, three, four, five, six, seven));
            VisitBilled { visit, served_on, facility, usual_code, invoice, is_chargeable }
        };
    Ok(row.map(read))
}

/// The price list of a day, by title; all that was ever on it where none is named.
///
/// # Errors
/// The database's.
pub async fn price_list(actor: &mut Actor<'_>, on: Option<Day>) -> Result<Vec<PriceLine>, CareError> {
    let (connection, token, failed) = actor.ask("listing prices")?;
    let query = sqlx::query_as("SELECT * FROM api.list_charge_codes($1, $2)").bind(token).bind(on);
    query.fetch_all(connection).await.map_err(failed)
}

/// Drafts an invoice for a visit that is over, with a first charge; the one that stands where the visit has one.
///
/// # Errors
/// `invoice_is_for_a_visit`, `charge_is_priced_by_the_list`, and the database's.
pub async fn draft(
    actor: &mut Actor<'_>,
    appointment: AppointmentId,
    code: &str,
    quantity: i32,
) -> Result<InvoiceId, CareError> {
    let (connection, token, failed) = actor.write("drafting an invoice").await?;
    sqlx::query_scalar("SELECT api.draft_invoice($1, $2, $3, $4)")
        .bind(token)
        .bind(appointment)
        .bind(code)
        .bind(quantity)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Puts something on a draft.
///
/// # Errors
/// `charge_pkey` where the form was sent before, `charge_is_fixed_once_issued`, `charge_is_priced_by_the_list`, the
/// rules of `care.charge`, and the database's.
pub async fn add_charge(actor: &mut Actor<'_>, invoice: InvoiceId, new: &NewCharge<'_>) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("charging something").await?;
    sqlx::query("SELECT api.add_charge($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(new.charge)
        .bind(invoice)
        .bind(new.code)
        .bind(new.quantity)
        .bind(new.served_on)
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}

/// Takes something off a draft, and the draft itself with its last charge.
///
/// # Errors
/// `row_is_changed_as_it_was_read` where it is not there, `charge_is_fixed_once_issued`, `row_stays_under_hold`, and
/// the database's.
pub async fn drop_charge(actor: &mut Actor<'_>, charge: ChargeId) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("taking a charge off a draft").await?;
    let query = sqlx::query("SELECT api.drop_charge($1, $2)").bind(token).bind(charge);
    query.execute(connection).await.map(drop).map_err(failed)
}

/// Voids an issued invoice for which nothing came: what it asked for is not due any more, and another may be written.
///
/// # Errors
/// `invoice_is_void_only_when_nothing_came`, and the database's.
pub async fn void_invoice(actor: &mut Actor<'_>, invoice: InvoiceId) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("voiding an invoice").await?;
    let query = sqlx::query("SELECT api.void_invoice($1, $2)").bind(token).bind(invoice);
    query.execute(connection).await.map(drop).map_err(failed)
}
