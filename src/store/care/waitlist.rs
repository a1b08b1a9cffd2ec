//! The wait-list: patients who want a time that is taken, and are offered one that is given back.
//!
//! The database chooses who is next, in the transaction that gives a time back
//! (`schemas/migrations/0039_create_waitlist.sql`). An offer is a held appointment: `schedule::change` confirms it, or
//! gives it back.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{
    AppointmentId, FacilityId, PatientId, ProviderId, VisitMode, WaitlistEntryId, WaitlistStatus,
};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// What somebody waits for.
#[derive(Copy, Clone, Debug)]
pub struct WaitlistRequest {
    /// Who waits.
    pub patient: PatientId,
    /// Where.
    pub facility: FacilityId,
    /// With whom; `None` for anybody there.
    pub provider: Option<ProviderId>,
    /// How long a visit, 5 to 720.
    pub minutes: u16,
    /// Not before this moment.
    pub since: Timestamp,
    /// Over by this moment, 370 days later at most.
    pub until: Timestamp,
    /// How they meet.
    pub mode: VisitMode,
}

/// An entry of the wait-list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitlistEntry {
    /// The entry's key.
    pub entry: WaitlistEntryId,
    /// Where it stands.
    pub status: WaitlistStatus,
    /// The time that was offered; `None` while waiting, and after leaving.
    pub appointment: Option<AppointmentId>,
    /// Where, by name.
    pub facility_name: String,
    /// With whom, by name; `None` for anybody there.
    pub provider_name: Option<String>,
    /// Not before this moment.
    pub since: Timestamp,
    /// Over by this moment.
    pub until: Timestamp,
    /// How long a visit.
    pub minutes: i16,
    /// How they meet.
    pub mode: VisitMode,
}

/// Joins; the entry's key.
///
/// # Errors
/// `waitlist_entry_is_one`, `waitlist_entry_wants_a_time`, `waitlist_entry_wants_some_minutes`, and the database's.
pub async fn join(actor: &mut Actor<'_>, request: &WaitlistRequest) -> Result<WaitlistEntryId, CareError> {
    let (connection, token, failed) = actor.write("joining the wait-list").await?;
    sqlx::query_scalar("SELECT api.join_waitlist($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(token)
        .bind(request.patient)
        .bind(request.facility)
        .bind(request.provider)
        .bind(i32::from(request.minutes))
        .bind(Moment(request.since))
        .bind(Moment(request.until))
        .bind(request.mode)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Leaves while waiting, for the patient or the desk of the facility. What is offered is given back by cancelling it.
///
/// # Errors
/// `waitlist_entry_is_waiting`, and the database's.
pub async fn leave(actor: &mut Actor<'_>, entry: WaitlistEntryId) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("leaving the wait-list").await?;
    let query = sqlx::query("SELECT api.leave_waitlist($1, $2)").bind(token).bind(entry);
    query.execute(connection).await.map(drop).map_err(failed)
}

/// The entries of a patient that the actor may see, the latest first, 200 at most.
///
/// # Errors
/// The database's.
pub async fn of_patient(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<WaitlistEntry>, CareError> {
    let Some(look) = actor.look(Some(patient), "waitlist", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading the wait-list")?;
    let rows = sqlx::query("SELECT * FROM api.read_waitlist($1, $2, $3)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    let entry = |row: &PgRow| {
        Ok(WaitlistEntry {
            entry: row.try_get("entry")?,
            status: row.try_get("status")?,
            appointment: row.try_get("appointment")?,
            facility_name: row.try_get("facility_name")?,
            provider_name: row.try_get("provider_name")?,
            since: row.try_get::<Moment, _>("since")?.0,
            until: row.try_get::<Moment, _>("until_at")?.0,
            minutes: row.try_get("minutes")?,
            mode: row.try_get("mode")?,
        })
    };
    rows.iter().map(entry).collect::<Result<_, _>>().map_err(failed)
}
