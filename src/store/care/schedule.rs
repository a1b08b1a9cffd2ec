//! Appointments: open times, and what becomes of one that is taken.
//!
//! Every rule stands in the database (`schemas/migrations/0037_book_appointments.sql`): these functions only ask; what
//! they are refused comes back as an error, which `error::RuleCatalogue` turns into its sentence. Each is one
//! statement, so a caller whose connection broke may ask again: a status that is there already is no error.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::actor::Actor;
use super::context::Maintenance;
use super::error::CareError;
use crate::model::people::{
    AppointmentId, AppointmentSeriesId, AppointmentStatus, FacilityId, PatientId, ProviderId, RoomId, VisitMode,
};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// Whose open times, and how long a visit is to be.
#[derive(Copy, Clone, Debug)]
pub struct SlotQuery<'q> {
    /// With whom.
    pub provider: ProviderId,
    /// Where.
    pub facility: FacilityId,
    /// From this moment on; nothing past is open.
    pub since: Timestamp,
    /// Until this moment, 100 days later at most.
    pub until: Timestamp,
    /// How long, 5 to 720; `None` for as long as the kind of visit is.
    pub minutes: Option<u16>,
    /// Of which kind (`appointment_type::list`), with the time before and after it and what it needs.
    pub appointment_type: Option<&'q str>,
    /// For whom, of visits by video: they take place where the patient is, and the provider is licensed there or not.
    pub video_for: Option<PatientId>,
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
/// The database's; bounds that are too wide are refused by `slots_are_asked_within_bounds`, a kind that nobody knows by
/// `appointment_type_is_known`.
pub async fn open_slots(actor: &mut Actor<'_>, query: &SlotQuery<'_>) -> Result<Vec<Slot>, CareError> {
    let (connection, token, failed) = actor.ask("looking for open times")?;
    let rows =
        sqlx::query("SELECT starts_at, ends_at, for_all_at FROM api.find_open_slots($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(token)
            .bind(query.provider)
            .bind(query.facility)
            .bind(Moment(query.since))
            .bind(Moment(query.until))
            .bind(query.minutes.map(i32::from))
            .bind(query.video_for)
            .bind(query.appointment_type)
            .fetch_all(connection)
            .await
            .map_err(&failed)?;
    let slot = |row: &PgRow| {
        Ok(Slot {
            start_at: row.try_get::<Moment, _>("starts_at")?.0,
            end_at: row.try_get::<Moment, _>("ends_at")?.0,
            for_all_at: row.try_get::<Option<Moment>, _>("for_all_at")?.map(|moment| moment.0),
        })
    };
    rows.iter().map(slot).collect::<Result<_, _>>().map_err(failed)
}

/// A time that somebody wants.
#[derive(Clone, Debug)]
pub struct AppointmentRequest {
    /// Who comes.
    pub patient: PatientId,
    /// With whom.
    pub provider: ProviderId,
    /// Where.
    pub facility: FacilityId,
    /// In which room of it; `None` where none is needed.
    pub room: Option<RoomId>,
    /// When it begins.
    pub start_at: Timestamp,
    /// When it ends; `None` where its kind says so.
    pub end_at: Option<Timestamp>,
    /// How they meet.
    pub mode: VisitMode,
    /// Why, in the patient's words.
    pub reason: Option<String>,
    /// Of which kind (`appointment_type::list`); `None` where nobody says.
    pub appointment_type: Option<String>,
}

/// Holds a time for ten minutes, and gives the appointment's key.
///
/// # Errors
/// The database's; a time that is taken is refused by `appointment_provider_is_free`, and others by their rules.
pub async fn hold(actor: &mut Actor<'_>, request: &AppointmentRequest) -> Result<AppointmentId, CareError> {
    let (connection, token, failed) = actor.write("holding a time").await?;
    sqlx::query_scalar("SELECT api.hold_appointment($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)")
        .bind(token)
        .bind(request.patient)
        .bind(request.provider)
        .bind(request.facility)
        .bind(Moment(request.start_at))
        .bind(request.end_at.map(Moment))
        .bind(request.room)
        .bind(request.mode)
        .bind(request.reason.as_deref())
        .bind(request.appointment_type.as_deref())
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// How an appointment goes on; `attendance::cancel` gives one back.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum AppointmentChange {
    /// Book what is held.
    Confirm,
    /// The patient is there.
    CheckIn,
    /// Care was given.
    Complete,
    /// The patient did not come.
    Miss,
}

/// Takes an appointment one step on; nothing happens where it is there already.
///
/// # Errors
/// The database's; a step that cannot be taken is refused by `appointment_transition_is_allowed` and the rules beside
/// it.
pub async fn change(
    actor: &mut Actor<'_>,
    appointment: AppointmentId,
    change: AppointmentChange,
) -> Result<(), CareError> {
    let (word, step) = match change {
        AppointmentChange::Confirm => ("confirm", "booking a held time"),
        AppointmentChange::CheckIn => ("check_in", "checking a patient in"),
        AppointmentChange::Complete => ("complete", "completing a visit"),
        AppointmentChange::Miss => ("miss", "saying that a patient did not come"),
    };
    let (connection, token, failed) = actor.write(step).await?;
    let query = sqlx::query("SELECT api.change_appointment($1, $2, $3)").bind(token).bind(appointment).bind(word);
    query.execute(connection).await.map(drop).map_err(failed)
}

/// Moves a booked appointment, to another provider where one is given. Where the new time cannot be had, the old stays.
///
/// # Errors
/// The database's; refused as `hold` is.
pub async fn reschedule(
    actor: &mut Actor<'_>,
    appointment: AppointmentId,
    (start_at, end_at): (Timestamp, Timestamp),
    provider: Option<ProviderId>,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("moving an appointment").await?;
    sqlx::query("SELECT api.reschedule_appointment($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(appointment)
        .bind(Moment(start_at))
        .bind(Moment(end_at))
        .bind(provider)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}

/// One appointment of a patient's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppointmentSummary {
    /// Key.
    pub appointment_id: AppointmentId,
    /// When it begins.
    pub start_at: Timestamp,
    /// When it ends.
    pub end_at: Timestamp,
    /// Status at present.
    pub status: AppointmentStatus,
    /// How they meet.
    pub mode: VisitMode,
    /// With whom, by name.
    pub provider_name: String,
    /// Where, by name.
    pub facility_name: String,
    /// How many events it has, its making included.
    pub changes: i64,
    /// Follow-ups that it recommends and that are open.
    pub open_follow_ups: i64,
    /// Of which kind; `None` where nobody said.
    pub appointment_type: Option<String>,
    /// The series that it is a part of.
    pub series: Option<AppointmentSeriesId>,
    /// Why it was cancelled; `None` where it was not, or nobody said.
    pub cancellation_reason: Option<String>,
    /// Whether it was cancelled later than its facility asks for; `None` where it was not cancelled.
    pub cancelled_late: Option<bool>,
    /// Names of the rooms and the equipment that it holds.
    pub resources: Vec<String>,
    /// With whom.
    pub provider: ProviderId,
    /// Where.
    pub facility: FacilityId,
    /// Why, in the patient's words.
    pub reason: Option<String>,
    /// Until when it is held; `None` unless it is.
    pub held_until: Option<Timestamp>,
    /// Within how many hours of it a cancellation is late; `None` where its facility asks for no notice.
    pub notice_hours: Option<i16>,
    /// When the patient agreed to be seen by video; `None` until then.
    pub consented_at: Option<Timestamp>,
}

/// A patient's appointments that the asker may see, the latest first, 500 at most.
///
/// # Errors
/// The database's.
pub async fn history(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<AppointmentSummary>, CareError> {
    let Some(look) = actor.look(Some(patient), "appointments", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading a patient's appointments")?;
    let rows = sqlx::query("SELECT * FROM api.read_appointments($1, $2, $3)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    let visit = |row: &PgRow| {
        Ok(AppointmentSummary {
            appointment_id: row.try_get("appointment_id")?,
            start_at: row.try_get::<Moment, _>("starts_at")?.0,
            end_at: row.try_get::<Moment, _>("ends_at")?.0,
            status: row.try_get("status")?,
            mode: row.try_get("mode")?,
            provider_name: row.try_get("provider_name")?,
            facility_name: row.try_get("facility_name")?,
            changes: row.try_get("changes")?,
            open_follow_ups: row.try_get("open_follow_ups")?,
            appointment_type: row.try_get("appointment_type")?,
            series: row.try_get("series")?,
            cancellation_reason: row.try_get("cancellation_reason")?,
            cancelled_late: row.try_get("cancelled_late")?,
            resources: row.try_get("resources")?,
            provider: row.try_get("provider")?,
            facility: row.try_get("facility")?,
            reason: row.try_get("reason")?,
            held_until: row.try_get::<Option<Moment>, _>("held_until")?.map(|moment| moment.0),
            notice_hours: row.try_get("notice_hours")?,
            consented_at: row.try_get::<Option<Moment>, _>("consented_at")?.map(|moment| moment.0),
        })
    };
    rows.iter().map(visit).collect::<Result<_, _>>().map_err(failed)
}

/// Ends holds that have run out, offers their times to who waits, and gives how many ended. Once a minute is right.
///
/// # Errors
/// The database's.
pub async fn expire_holds(maintenance: &mut Maintenance<'_>) -> Result<i32, CareError> {
    let (connection, failed) = maintenance.step("ending holds that have run out");
    sqlx::query_scalar("SELECT care.expire_holds()").fetch_one(connection).await.map_err(failed)
}
