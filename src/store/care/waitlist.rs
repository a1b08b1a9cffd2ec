//! The wait-list: who wants a time that is taken, and is offered one that is given back.
//!
//! The database chooses who is next, in the transaction that gives a time back
//! (`schemas/migrations/0039_create_waitlist.sql`). An offer is a held appointment: `schedule::change` confirms it, or
//! gives it back.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// Entries in one answer at most.
const ENTRIES_MAX: i64 = 200;

/// What somebody waits for.
#[derive(Copy, Clone, Debug)]
pub struct Wanted {
    /// Who waits.
    pub patient: Uuid,
    /// Where.
    pub facility: Uuid,
    /// With whom; `None` for anybody there.
    pub provider: Option<Uuid>,
    /// How long a visit, 5 to 720.
    pub minutes: u16,
    /// Not before this moment.
    pub since: Timestamp,
    /// Over by this moment, 370 days later at most.
    pub until: Timestamp,
    /// True for a visit by video.
    pub telehealth: bool,
}

/// How it stands with who waits.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Waiting {
    /// The entry's key.
    pub entry: Uuid,
    /// `waiting`, `offered`, `taken`, `lapsed` (the offer was let pass) or `left`.
    pub status: String,
    /// The time that was offered; `None` while waiting, and after leaving.
    pub appointment: Option<Uuid>,
}

/// Joins; the entry's key.
///
/// # Errors
/// `waitlist_entry_is_one`, `waitlist_entry_wants_a_time`, `waitlist_entry_wants_some_minutes`, and the database's.
pub async fn join(connection: &mut PgConnection, wanted: &Wanted) -> Result<Uuid, StoreError> {
    sqlx::query_scalar("SELECT care.join_waitlist($1, $2, $3, $4, tstzrange($5, $6), $7)")
        .bind(wanted.patient)
        .bind(wanted.facility)
        .bind(wanted.provider)
        .bind(i32::from(wanted.minutes))
        .bind(Moment(wanted.since))
        .bind(Moment(wanted.until))
        .bind(if wanted.telehealth { "telehealth" } else { "in_person" })
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("joining the wait-list"))
}

/// Leaves while waiting, for the patient or the desk of the facility. What is offered is given back by cancelling it.
///
/// # Errors
/// `waitlist_entry_is_waiting`, and the database's.
pub async fn leave(connection: &mut PgConnection, entry: Uuid) -> Result<(), StoreError> {
    let query = sqlx::query("SELECT care.leave_waitlist($1)").bind(entry);
    query.execute(connection).await.map(drop).map_err(StoreError::at("leaving the wait-list"))
}

/// The entries of a patient that the actor may see, the latest first, 200 at most.
///
/// # Errors
/// The database's.
pub async fn of_patient(connection: &mut PgConnection, patient: Uuid) -> Result<Vec<Waiting>, StoreError> {
    sqlx::query_as(
        "SELECT waitlist_entry_id AS entry, status, appointment_id AS appointment FROM care.waitlist_entry
         WHERE patient_id = $1 ORDER BY joined_at DESC, waitlist_entry_id LIMIT $2",
    )
    .bind(patient)
    .bind(ENTRIES_MAX)
    .fetch_all(connection)
    .await
    .map_err(StoreError::at("reading the wait-list"))
}
