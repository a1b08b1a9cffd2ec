//! Wellness programmes: seats, sessions, completion; and how much a centre is used.
//!
//! Who gets a seat is decided in the database under the programme's lock, so two that ask at once cannot both be told
//! that they have the last one.

use super::actor::Actor;
use super::context::Maintenance;
use super::error::CareError;
use crate::model::people::{
    AttendanceId, EnrolmentId, EnrolmentStatus, FacilityId, PatientId, ProgrammeId, ProgrammeSessionId,
};
use crate::model::time::{Day, Timestamp};
use crate::store::moment::Moment;

/// A programme in a list.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx_macros::FromRow)]
pub struct Programme {
    /// Key.
    pub programme_id: ProgrammeId,
    /// Facility that runs it; none for one of the whole network.
    pub facility_id: Option<FacilityId>,
    /// What it is about, in one word.
    pub topic: String,
    /// Name.
    pub title: String,
    /// First day.
    pub first_on: Day,
    /// Day before which it ends.
    pub stop_on: Day,
    /// Seats that are free.
    pub seats_free: i32,
}

/// What somebody who asks for a seat is given.
#[derive(Copy, Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub enum Admission {
    /// A seat.
    Enrolled,
    /// A place in the queue for one.
    Waitlisted,
}

/// How far an enrolment has come.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx_macros::FromRow)]
pub struct Participation {
    /// Enrolment.
    pub enrolment_id: EnrolmentId,
    /// Programme.
    pub programme_id: ProgrammeId,
    /// Name of the programme.
    pub title: String,
    /// Where it stands.
    pub status: EnrolmentStatus,
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
    /// The centre's own day.
    pub counted_on: Day,
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
pub async fn open(actor: &mut Actor<'_>, facility: Option<FacilityId>) -> Result<Vec<Programme>, CareError> {
    let (connection, token, failed) = actor.ask("listing programmes")?;
    sqlx::query_as("SELECT * FROM api.list_programmes($1, $2)")
        .bind(token)
        .bind(facility)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Enrols a patient, or puts the patient into the queue.
///
/// # Errors
/// `enrolment_is_open`, `enrolment_of_a_patient_is_one`, `enrolment_is_asked_by_who_may`, and the database's.
pub async fn enrol(actor: &mut Actor<'_>, programme: ProgrammeId, patient: PatientId) -> Result<Admission, CareError> {
    let (connection, token, failed) = actor.write("enrolling in a programme").await?;
    let status: EnrolmentStatus = sqlx::query_scalar("SELECT api.enrol($1, $2, $3)")
        .bind(token)
        .bind(programme)
        .bind(patient)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok(if status == EnrolmentStatus::Enrolled { Admission::Enrolled } else { Admission::Waitlisted })
}

/// Withdraws a patient; how many of those who wait were admitted instead.
///
/// # Errors
/// `withdrawal_is_of_the_enrolled`, `withdrawal_is_asked_by_who_may`, and the database's.
pub async fn withdraw(actor: &mut Actor<'_>, programme: ProgrammeId, patient: PatientId) -> Result<i64, CareError> {
    let (connection, token, failed) = actor.write("withdrawing from a programme").await?;
    sqlx::query_scalar("SELECT api.withdraw($1, $2, $3)")
        .bind(token)
        .bind(programme)
        .bind(patient)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Notes a participant at a session, as the programme's staff; the key of the attendance.
///
/// # Errors
/// `attendance_is_noted_by_staff`, `attendance_is_of_the_enrolled`, `attendance_is_once_a_session`,
/// `attendance_is_of_a_session_that_takes_place`, and the database's.
pub async fn attend(
    actor: &mut Actor<'_>,
    session: ProgrammeSessionId,
    patient: PatientId,
) -> Result<AttendanceId, CareError> {
    let (connection, token, failed) = actor.write("noting an attendance").await?;
    sqlx::query_scalar("SELECT api.attend($1, $2, $3)")
        .bind(token)
        .bind(session)
        .bind(patient)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Completes an enrolment by the programme's rule; when it was completed.
///
/// # Errors
/// `enrolment_has_attended_enough`, `completion_is_of_the_enrolled`, and the database's.
pub async fn complete(actor: &mut Actor<'_>, enrolment: EnrolmentId) -> Result<Timestamp, CareError> {
    let (connection, token, failed) = actor.write("completing a programme").await?;
    sqlx::query_scalar::<_, Moment>("SELECT api.complete_enrolment($1, $2)")
        .bind(token)
        .bind(enrolment)
        .fetch_one(connection)
        .await
        .map(|moment| moment.0)
        .map_err(failed)
}

/// The enrolments of a patient that the actor may see, the latest first; 200 at most.
///
/// # Errors
/// The database's.
pub async fn participation(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<Participation>, CareError> {
    let Some(look) = actor.look(Some(patient), "participation", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading participation")?;
    sqlx::query_as("SELECT * FROM api.read_participation($1, $2, $3)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Counts the days in `[from, to)` of all wellness centres again of which something has changed; how many.
///
/// # Errors
/// The database's.
pub async fn refresh_engagement(maintenance: &mut Maintenance<'_>, from: Day, to: Day) -> Result<i64, CareError> {
    let (connection, failed) = maintenance.step("counting engagement");
    sqlx::query_scalar("SELECT care.refresh_engagement($1, $2)")
        .bind(from)
        .bind(to)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// The days in `[from, to)` on which something happened at a centre, in order; 1,000 at most.
///
/// # Errors
/// The database's.
pub async fn engagement(
    actor: &mut Actor<'_>,
    centre: FacilityId,
    from: Day,
    to: Day,
) -> Result<Vec<EngagementDay>, CareError> {
    let (connection, token, failed) = actor.ask("reading engagement")?;
    sqlx::query_as("SELECT * FROM api.read_engagement($1, $2, $3, $4)")
        .bind(token)
        .bind(centre)
        .bind(from)
        .bind(to)
        .fetch_all(connection)
        .await
        .map_err(failed)
}
