//! Wellness programmes: seats, sessions, completion; and how much a centre is used.
//!
//! Who gets a seat is decided in the database under the programme's lock, so two that ask at once cannot both be told
//! that they have the last one.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// A programme in a list.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx_macros::FromRow)]
pub struct Programme {
    /// Key.
    pub programme_id: Uuid,
    /// Facility that runs it; none for one of the whole network.
    pub facility_id: Option<Uuid>,
    /// What it is about, in one word.
    pub topic: String,
    /// Name.
    pub title: String,
    /// First day.
    pub first_on: String,
    /// Day before which it ends.
    pub stop_on: String,
    /// Seats that are free.
    pub seats_free: i32,
}

/// What somebody who asks for a seat is given.
#[derive(Copy, Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Place {
    /// A seat.
    Enrolled,
    /// A place in the queue for one.
    Waitlisted,
}

/// How far an enrolment has come.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx_macros::FromRow)]
pub struct Participation {
    /// Enrolment.
    pub enrolment_id: Uuid,
    /// Programme.
    pub programme_id: Uuid,
    /// Name of the programme.
    pub title: String,
    /// waitlisted, enrolled, completed or withdrawn.
    pub status: String,
    /// Sessions that complete it.
    pub sessions_needed: i32,
    /// Sessions that have taken place.
    pub sessions_held: i64,
    /// How many of them were attended.
    pub sessions_attended: i64,
    /// True once enough were.
    pub rule_met: bool,
}

/// One day of a wellness centre.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx_macros::FromRow)]
pub struct EngagementDay {
    /// The centre's own day, as 2026-03-01.
    pub counted_on: String,
    /// Visits that began.
    pub visits: i32,
    /// Different people who came.
    pub members: i32,
    /// Attendances at sessions.
    pub attendances: i32,
    /// People who were admitted to its programmes.
    pub enrolments: i32,
}

/// Programmes that take enrolments now, those that begin first before the others; 200 at most.
///
/// # Errors
/// The database's.
pub async fn open(connection: &mut PgConnection, facility: Option<Uuid>) -> Result<Vec<Programme>, StoreError> {
    sqlx::query_as(
        "SELECT programme_id, facility_id, topic, title, lower(runs_during)::text AS first_on,
                upper(runs_during)::text AS stop_on, capacity - seats_taken AS seats_free
         FROM care.programme
         WHERE enrolment_during @> now() AND ($1::uuid IS NULL OR facility_id IS NULL OR facility_id = $1)
         ORDER BY runs_during, title LIMIT 200",
    )
    .bind(facility)
    .fetch_all(connection)
    .await
    .map_err(StoreError::at("listing programmes"))
}

/// Enrols a patient, or puts the patient into the queue.
///
/// # Errors
/// `enrolment_is_open`, `enrolment_of_a_patient_is_one`, `enrolment_is_asked_by_who_may`, and the database's.
pub async fn enrol(connection: &mut PgConnection, programme: Uuid, patient: Uuid) -> Result<Place, StoreError> {
    let place: String = sqlx::query_scalar("SELECT care.enrol($1, $2)")
        .bind(programme)
        .bind(patient)
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("enrolling in a programme"))?;
    Ok(if place == "enrolled" { Place::Enrolled } else { Place::Waitlisted })
}

/// Withdraws a patient; how many of those who wait were admitted instead.
///
/// # Errors
/// `withdrawal_is_of_the_enrolled`, `withdrawal_is_asked_by_who_may`, and the database's.
pub async fn withdraw(connection: &mut PgConnection, programme: Uuid, patient: Uuid) -> Result<i64, StoreError> {
    sqlx::query_scalar("SELECT care.withdraw($1, $2)")
        .bind(programme)
        .bind(patient)
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("withdrawing from a programme"))
}

/// Notes a participant at a session, as the programme's staff; the key of the attendance.
///
/// # Errors
/// `attendance_is_noted_by_staff`, `attendance_is_of_the_enrolled`, `attendance_is_once_a_session`,
/// `attendance_is_of_a_session_that_takes_place`, and the database's.
pub async fn attend(connection: &mut PgConnection, session: Uuid, patient: Uuid) -> Result<Uuid, StoreError> {
    sqlx::query_scalar("SELECT care.attend($1, $2)")
        .bind(session)
        .bind(patient)
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("noting an attendance"))
}

/// Completes an enrolment by the programme's rule; when it was completed.
///
/// # Errors
/// `enrolment_has_attended_enough`, `completion_is_of_the_enrolled`, and the database's.
pub async fn complete(connection: &mut PgConnection, enrolment: Uuid) -> Result<Timestamp, StoreError> {
    sqlx::query_scalar::<_, Moment>("SELECT care.complete_enrolment($1)")
        .bind(enrolment)
        .fetch_one(connection)
        .await
        .map(|moment| moment.0)
        .map_err(StoreError::at("completing a programme"))
}

/// The enrolments of a patient that the actor may see, the latest first; 200 at most.
///
/// # Errors
/// The database's.
pub async fn participation(connection: &mut PgConnection, patient: Uuid) -> Result<Vec<Participation>, StoreError> {
    sqlx::query_as(
        "SELECT enrolment_id, programme_id, title, status, sessions_needed, sessions_held, sessions_attended, rule_met
         FROM care.programme_participation WHERE patient_id = $1 ORDER BY asked_at DESC, enrolment_id LIMIT 200",
    )
    .bind(patient)
    .fetch_all(connection)
    .await
    .map_err(StoreError::at("reading participation"))
}

/// Counts the days in `[from, to)` (2026-03-01) of all wellness centres again of which something has changed; how many.
///
/// # Errors
/// The database's.
pub async fn refresh_engagement(connection: &mut PgConnection, from: &str, to: &str) -> Result<i64, StoreError> {
    sqlx::query_scalar("SELECT care.refresh_engagement($1::text::date, $2::text::date)")
        .bind(from)
        .bind(to)
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("counting engagement"))
}

/// The days in `[from, to)` on which something happened at a centre, in order; 1,000 at most.
///
/// # Errors
/// The database's.
pub async fn engagement(
    connection: &mut PgConnection,
    centre: Uuid,
    from: &str,
    to: &str,
) -> Result<Vec<EngagementDay>, StoreError> {
    sqlx::query_as(
        "SELECT counted_on::text AS counted_on, visits, members, attendances, enrolments
         FROM care.centre_engagement_day AS day
         WHERE facility_id = $1 AND day.counted_on >= $2::text::date AND day.counted_on < $3::text::date
         ORDER BY day.counted_on LIMIT 1000",
    )
    .bind(centre)
    .bind(from)
    .bind(to)
    .fetch_all(connection)
    .await
    .map_err(StoreError::at("reading engagement"))
}
