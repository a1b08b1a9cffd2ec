//! Appointments: open times, and what becomes of one that is taken.
//!
//! Every rule stands in the database (`schemas/migrations/0037_book_appointments.sql`): these functions only ask; what
//! they are refused comes back as an error, which `refusal::Rules` turns into its sentence. Each is one statement, so a
//! caller whose connection broke may ask again: a status that is there already is no error.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// No history answers with more.
const HISTORY_ROWS_MAX: i64 = 500;

/// Whose open times, and how long a visit is to be.
#[derive(Copy, Clone, Debug)]
pub struct SlotQuery {
    /// With whom.
    pub provider: Uuid,
    /// Where.
    pub facility: Uuid,
    /// From this moment on; nothing past is open.
    pub since: Timestamp,
    /// Until this moment, 100 days later at most.
    pub until: Timestamp,
    /// How long, 5 to 720.
    pub minutes: u16,
}

/// A time that can be had.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// When it begins.
    pub start_at: Timestamp,
    /// When it ends.
    pub end_at: Timestamp,
    /// Until when it is kept for premium members; `None` where it is for all.
    pub for_all_at: Option<Timestamp>,
}

/// Open times, the earliest first.
///
/// # Errors
/// The database's; bounds that are too wide are refused by `slots_are_asked_within_bounds`.
pub async fn open_slots(connection: &mut PgConnection, query: &SlotQuery) -> Result<Vec<Slot>, StoreError> {
    let step = StoreError::at("looking for open times");
    let rows = sqlx::query("SELECT starts_at, ends_at, for_all_at FROM care.open_slots($1, $2, $3, $4, $5)")
        .bind(query.provider)
        .bind(query.facility)
        .bind(Moment(query.since))
        .bind(Moment(query.until))
        .bind(i32::from(query.minutes))
        .fetch_all(connection)
        .await
        .map_err(&step)?;
    let slot = |row: &PgRow| {
        Ok(Slot {
            start_at: row.try_get::<Moment, _>("starts_at")?.0,
            end_at: row.try_get::<Moment, _>("ends_at")?.0,
            for_all_at: row.try_get::<Option<Moment>, _>("for_all_at")?.map(|moment| moment.0),
        })
    };
    rows.iter().map(slot).collect::<Result<_, _>>().map_err(step)
}

/// A time that somebody wants.
#[derive(Clone, Debug)]
pub struct AppointmentRequest {
    /// Who comes.
    pub patient: Uuid,
    /// With whom.
    pub provider: Uuid,
    /// Where.
    pub facility: Uuid,
    /// In which room of it; `None` where none is needed.
    pub room: Option<Uuid>,
    /// When it begins.
    pub start_at: Timestamp,
    /// When it ends.
    pub end_at: Timestamp,
    /// True for a visit by video.
    pub telehealth: bool,
    /// Why, in the patient's words.
    pub reason: Option<String>,
}

/// Holds a time for ten minutes, and gives the appointment's key.
///
/// # Errors
/// The database's; a time that is taken is refused by `appointment_provider_is_free`, and others by their rules.
pub async fn hold(connection: &mut PgConnection, wish: &AppointmentRequest) -> Result<Uuid, StoreError> {
    sqlx::query_scalar("SELECT care.hold_appointment($1, $2, $3, tstzrange($4, $5), $6, $7, $8)")
        .bind(wish.patient)
        .bind(wish.provider)
        .bind(wish.facility)
        .bind(Moment(wish.start_at))
        .bind(Moment(wish.end_at))
        .bind(wish.room)
        .bind(if wish.telehealth { "telehealth" } else { "in_person" })
        .bind(wish.reason.as_deref())
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("holding a time"))
}

/// What may be said of an appointment.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Book what is held.
    Confirm,
    /// Give it back.
    Cancel,
    /// The patient is there.
    CheckIn,
    /// Care was given.
    Complete,
    /// The patient did not come.
    Miss,
}

/// Says something of an appointment; nothing happens where it is so already.
///
/// # Errors
/// The database's; what cannot be said is refused by `appointment_transition_is_allowed` and the rules beside it.
pub async fn change(connection: &mut PgConnection, appointment: Uuid, change: Change) -> Result<(), StoreError> {
    let (statement, step) = match change {
        Change::Confirm => ("SELECT care.confirm_appointment($1)", "booking a held time"),
        Change::Cancel => ("SELECT care.cancel_appointment($1)", "giving a time back"),
        Change::CheckIn => ("SELECT care.check_in_appointment($1)", "checking a patient in"),
        Change::Complete => ("SELECT care.complete_appointment($1)", "completing a visit"),
        Change::Miss => ("SELECT care.miss_appointment($1)", "saying that a patient did not come"),
    };
    sqlx::query(statement).bind(appointment).execute(connection).await.map(|_| ()).map_err(StoreError::at(step))
}

/// Moves a booked appointment, to another provider where one is given. Where the new time cannot be had, the old stays.
///
/// # Errors
/// The database's; refused as `hold` is.
pub async fn reschedule(
    connection: &mut PgConnection,
    appointment: Uuid,
    (start_at, end_at): (Timestamp, Timestamp),
    provider: Option<Uuid>,
) -> Result<(), StoreError> {
    sqlx::query("SELECT care.reschedule_appointment($1, tstzrange($2, $3), $4)")
        .bind(appointment)
        .bind(Moment(start_at))
        .bind(Moment(end_at))
        .bind(provider)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(StoreError::at("moving an appointment"))
}

/// One appointment of a patient's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Key.
    pub appointment_id: Uuid,
    /// When it begins.
    pub start_at: Timestamp,
    /// When it ends.
    pub end_at: Timestamp,
    /// Status at present.
    pub status: String,
    /// `in_person` or `telehealth`.
    pub mode: String,
    /// With whom, by name.
    pub provider_name: String,
    /// Where, by name.
    pub facility_name: String,
    /// How many events it has, its making included.
    pub changes: i64,
    /// Follow-ups that it recommends and that are open.
    pub open_follow_ups: i64,
}

/// A patient's appointments that the asker may see, the latest first, 500 at most.
///
/// # Errors
/// The database's.
pub async fn history(connection: &mut PgConnection, patient: Uuid) -> Result<Vec<Visit>, StoreError> {
    let step = StoreError::at("reading a patient's appointments");
    let rows = sqlx::query(
        "SELECT appointment_id, lower(during) AS starts_at, upper(during) AS ends_at, status, mode, provider_name,
                facility_name, changes, open_follow_ups
         FROM care.appointment_history WHERE patient_id = $1 ORDER BY lower(during) DESC LIMIT $2",
    )
    .bind(patient)
    .bind(HISTORY_ROWS_MAX)
    .fetch_all(connection)
    .await
    .map_err(&step)?;
    let visit = |row: &PgRow| {
        Ok(Visit {
            appointment_id: row.try_get("appointment_id")?,
            start_at: row.try_get::<Moment, _>("starts_at")?.0,
            end_at: row.try_get::<Moment, _>("ends_at")?.0,
            status: row.try_get("status")?,
            mode: row.try_get("mode")?,
            provider_name: row.try_get("provider_name")?,
            facility_name: row.try_get("facility_name")?,
            changes: row.try_get("changes")?,
            open_follow_ups: row.try_get("open_follow_ups")?,
        })
    };
    rows.iter().map(visit).collect::<Result<_, _>>().map_err(step)
}

/// Ends holds that have run out, offers their times to who waits, and gives how many ended. Once a minute is right.
///
/// # Errors
/// The database's.
pub async fn expire_holds(connection: &mut PgConnection) -> Result<i32, StoreError> {
    sqlx::query_scalar("SELECT care.expire_holds()")
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("ending holds that have run out"))
}
