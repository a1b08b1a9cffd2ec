//! Wellness programmes: seats, sessions, completion; and how much a centre is used.
//!
//! Who gets a seat is decided in the database under the programme's lock, so two that ask at once cannot both be told
//! that they have the last one.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

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

/// A programme as who takes part sees it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ProgrammeSeen {
    /// Name.
    pub title: String,
    /// What it is about, in one word.
    pub topic: String,
    /// More, in words.
    pub description: String,
    /// First day.
    pub first_on: Day,
    /// Day before which it ends.
    pub stop_on: Day,
    /// The facility that runs it; none for one of the whole network.
    pub place: Option<String>,
    /// Where the patient stands; `None` for who never asked for a seat.
    pub status: Option<EnrolmentStatus>,
    /// Whether the patient was ever given a seat.
    pub admitted: bool,
    /// Sessions that complete it.
    pub sessions_needed: i32,
    /// What the patient thinks of it, 1 to 5.
    pub rating: Option<i16>,
    /// The same in words.
    pub comment: Option<String>,
}

/// A session of a programme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSeen {
    /// What it is called.
    pub title: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Whether it does not take place.
    pub cancelled: bool,
    /// At which facility.
    pub place: Option<String>,
    /// In which room.
    pub room: Option<String>,
    /// Who leads it.
    pub provider: Option<String>,
    /// Whether the patient was there.
    pub attended: bool,
}

/// A programme and its sessions, with what is a patient's own of them; `None` where there is none, or it is not open to
/// the actor.
///
/// # Errors
/// The database's.
pub async fn read(
    actor: &mut Actor<'_>,
    patient: PatientId,
    programme: ProgrammeId,
) -> Result<Option<(ProgrammeSeen, Vec<SessionSeen>)>, CareError> {
    let Some(look) = actor.look(Some(patient), "participation", None).await? else { return Ok(None) };
    let (connection, token, failed) = actor.ask("reading a programme")?;
    let query = sqlx::query_as("SELECT * FROM api.read_programme($1, $2, $3, $4)").bind(token).bind(look);
    let seen: Option<ProgrammeSeen> =
        query.bind(patient).bind(programme).fetch_optional(connection).await.map_err(failed)?;
    let Some(seen) = seen else { return Ok(None) };
    let (connection, token, failed) = actor.ask("reading sessions of a programme")?;
    let query = sqlx::query("SELECT * FROM api.read_programme_sessions($1, $2, $3, $4)").bind(token).bind(look);
    let rows = query.bind(patient).bind(programme).fetch_all(connection).await.map_err(&failed)?;
    let sessions: Result<Vec<SessionSeen>, sqlx::Error> = rows.iter().map(session).collect();
    Ok(Some((seen, sessions.map_err(failed)?)))
}

fn session(row: &PgRow) -> Result<SessionSeen, sqlx::Error> {
    Ok(SessionSeen {
        title: row.try_get("title")?,
        starts_at: row.try_get::<Moment, _>("starts_at")?.0,
        ends_at: row.try_get::<Moment, _>("ends_at")?.0,
        cancelled: row.try_get("cancelled")?,
        place: row.try_get("place")?,
        room: row.try_get("room")?,
        provider: row.try_get("provider")?,
        attended: row.try_get("attended")?,
    })
}

/// Says how a programme was, as who takes part; what was said before is replaced.
///
/// # Errors
/// `feedback_is_of_participants`, `programme_feedback_rating_is_1_to_5`, `programme_feedback_comment_is_short`, and the
/// database's.
pub async fn give_feedback(
    actor: &mut Actor<'_>,
    programme: ProgrammeId,
    patient: PatientId,
    (rating, comment): (i16, Option<&str>),
) -> Result<EnrolmentId, CareError> {
    let (connection, token, failed) = actor.write("saying how a programme was").await?;
    sqlx::query_scalar("SELECT api.give_programme_feedback($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(programme)
        .bind(patient)
        .bind(rating)
        .bind(comment)
        .fetch_one(connection)
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
