//! Worklists: whom a provider cares for, what a day holds, which bills are due.
//!
//! A list is of many people, so it is read under one look at all whom the account may see; who stands on it is decided
//! by the policies of the rows. Pages go on after a row, so that whoever is added meanwhile moves none of them.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{AppointmentId, AppointmentStatus, BirthDate, InvoiceId, PatientId, Sex, VisitMode};
use crate::model::time::{Day, Timestamp};
use crate::store::moment::Moment;

/// Whom a provider cares for.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct PanelLine {
    /// Who.
    pub patient_id: PatientId,
    /// Official family name; `None` where the person has none.
    pub family: Option<String>,
    /// Official given names.
    pub given: Vec<String>,
    /// Birth, as far as it is known; `None` where nothing is.
    pub born_on: Option<BirthDate>,
    /// Administrative gender.
    pub sex: Sex,
}

/// The acting provider's patients by name: of whom an official name in any script begins so (the family name, or the
/// one that there is), in any case of letters; those after the last line of the page before; 200 at most.
///
/// # Errors
/// The database's.
pub async fn panel(
    actor: &mut Actor<'_>,
    name_begins: Option<&str>,
    after: Option<&PanelLine>,
    rows_max: u16,
) -> Result<Vec<PanelLine>, CareError> {
    let Some(look) = actor.look(None, "panel", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading a panel")?;
    sqlx::query_as("SELECT * FROM api.read_panel($1, $2, NULL, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(look)
        .bind(name_begins)
        .bind(after.and_then(|line| line.family.as_deref()))
        .bind(after.map(|line| line.given.as_slice()))
        .bind(after.map(|line| line.patient_id))
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// By what somebody is searched for; what is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PanelSearch {
    /// How an official name begins, in any script and case of letters.
    pub name_begins: Option<String>,
    /// Birth, as far as it is known.
    pub born: Option<BirthDate>,
    /// A record number, or one of a membership, in full.
    pub number: Option<String>,
}

/// The acting provider's patients who fit, by name; 200 at most.
///
/// # Errors
/// The database's.
pub async fn found(actor: &mut Actor<'_>, by: &PanelSearch) -> Result<Vec<PanelLine>, CareError> {
    let Some(look) = actor.look(None, "panel", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("finding patients of a panel")?;
    let query = sqlx::query_as("SELECT * FROM api.read_found($1, $2, NULL, $3, $4, $5)").bind(token).bind(look);
    let query = query.bind(by.name_begins.as_deref()).bind(by.born.as_ref().map(BirthDate::as_str));
    query.bind(by.number.as_deref()).fetch_all(connection).await.map_err(failed)
}

/// An appointment of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayLine {
    /// Which.
    pub appointment: AppointmentId,
    /// When it begins.
    pub start_at: Timestamp,
    /// When it ends.
    pub end_at: Timestamp,
    /// How it stands.
    pub status: AppointmentStatus,
    /// How the patient comes.
    pub mode: VisitMode,
    /// Who comes.
    pub patient: PatientId,
    /// Family name, where there is one, and given names; `None` where the account may not see them.
    pub name: Option<(Option<String>, Vec<String>)>,
}

type DayRow =
    (AppointmentId, Moment, Moment, AppointmentStatus, VisitMode, PatientId, Option<String>, Option<Vec<String>>);

/// Appointments of the acting provider, or at the facility of the acting front desk, that begin in [since, until):
/// eight days and 2,000 at most.
///
/// # Errors
/// `day_is_asked_within_bounds`, and the database's.
pub async fn day(actor: &mut Actor<'_>, since: Timestamp, until: Timestamp) -> Result<Vec<DayLine>, CareError> {
    let Some(look) = actor.look(None, "day", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading a day")?;
    let rows: Vec<DayRow> = sqlx::query_as("SELECT * FROM api.read_day($1, $2, NULL, $3, $4)")
        .bind(token)
        .bind(look)
        .bind(Moment(since))
        .bind(Moment(until))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let line = |(appointment, start_at, end_at, status, mode, patient, family, given): DayRow| DayLine {
        appointment,
        start_at: start_at.0,
        end_at: end_at.0,
        status,
        mode,
        patient,
        name: given.map(|given| (family, given)),
    };
    Ok(rows.into_iter().map(line).collect())
}

/// An invoice that was due.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct DueInvoice {
    /// Which.
    pub invoice_id: InvoiceId,
    /// For whom.
    pub patient_id: PatientId,
    /// Its number at the facility.
    pub number: String,
    /// When it was due.
    pub due_on: Day,
}

/// What a patient still owes of an invoice that was due.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct OverdueBalance {
    /// Of which invoice.
    pub invoice_id: InvoiceId,
    /// Who owes it.
    pub patient_id: PatientId,
    /// The invoice's number at the facility.
    pub number: String,
    /// When it was due.
    pub due_on: Day,
    /// Currency of both amounts.
    pub currency: String,
    /// What the patient owes, in hundredths.
    pub due_from_patient_cents: i64,
    /// What insurers have neither paid nor denied, in hundredths.
    pub due_from_insurer_cents: i64,
}

/// What patients still owe of invoices of the acting biller's facility that were due before a day, the oldest first;
/// those after the last line of the page before; 500 at most.
///
/// # Errors
/// The database's.
pub async fn overdue_balances(
    actor: &mut Actor<'_>,
    before: Day,
    after: Option<(Day, InvoiceId)>,
    rows_max: u16,
) -> Result<Vec<OverdueBalance>, CareError> {
    let Some(look) = actor.look(None, "due_invoices", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading balances that are overdue")?;
    sqlx::query_as("SELECT * FROM api.read_overdue_balances($1, $2, NULL, $3, $4, $5, $6)")
        .bind(token)
        .bind(look)
        .bind(before)
        .bind(after.map(|(due_on, _)| due_on))
        .bind(after.map(|(_, invoice)| invoice))
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Issued invoices of the acting biller's facility that were due before a day, the oldest first; those after the last
/// line of the page before; 500 at most.
///
/// # Errors
/// The database's.
pub async fn due_invoices(
    actor: &mut Actor<'_>,
    before: Day,
    after: Option<&DueInvoice>,
    rows_max: u16,
) -> Result<Vec<DueInvoice>, CareError> {
    let Some(look) = actor.look(None, "due_invoices", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading invoices that are due")?;
    sqlx::query_as("SELECT * FROM api.read_due_invoices($1, $2, NULL, $3, $4, $5, $6)")
        .bind(token)
        .bind(look)
        .bind(before)
        .bind(after.map(|line| line.due_on))
        .bind(after.map(|line| line.invoice_id))
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(failed)
}
