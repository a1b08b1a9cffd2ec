//! Series of visits: booked as a whole or not at all, and cancelled from a moment on.
//!
//! The days follow from a closed subset of the recurrence rules of RFC 5545, on the clock of the facility
//! (`schemas/migrations/0525_create_appointment_series.sql`). Where a day cannot be had nothing is booked, and each day
//! comes back with what refuses it: the caller leaves those days out (`skipped`) and asks again, or chooses another
//! time.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{
    AppointmentId, AppointmentSeriesId, FacilityId, PatientId, ProviderId, RoomId, SeriesFrequency, VisitMode,
};
use crate::model::time::{Day, Timestamp};
use crate::store::moment::Moment;

/// When a series ends.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum SeriesEnd {
    /// After so many days of its rule, 52 at most, skipped ones included.
    Count(u8),
    /// With this day.
    Until(Day),
}

/// A series that somebody wants.
#[derive(Clone, Debug)]
pub struct SeriesRequest {
    /// Who comes.
    pub patient: PatientId,
    /// With whom.
    pub provider: ProviderId,
    /// Where; days and times are on its clock.
    pub facility: FacilityId,
    /// When the first visit begins; the others begin at that time of their days.
    pub first_at: Timestamp,
    /// How long each is; `None` for as long as its kind is.
    pub minutes: Option<u16>,
    /// How often.
    pub frequency: SeriesFrequency,
    /// Every so many weeks or months, 1 to 12.
    pub every: u8,
    /// When it ends.
    pub end: SeriesEnd,
    /// Days of the rule that are left out.
    pub skipped: Vec<Day>,
    /// In which room; `None` where none is needed, or any.
    pub room: Option<RoomId>,
    /// How they meet.
    pub mode: VisitMode,
    /// Why, in the patient's words.
    pub reason: Option<String>,
    /// Of which kind (`appointment_type::list`).
    pub appointment_type: Option<String>,
}

/// What one day of a series came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesDay {
    /// When the visit begins.
    pub start_at: Timestamp,
    /// The series, where it was booked.
    pub series: Option<AppointmentSeriesId>,
    /// The appointment, where the series was booked.
    pub appointment: Option<AppointmentId>,
    /// The rule that refuses this day, and its sentence.
    pub refused: Option<(String, String)>,
}

/// Books all visits of a series, or none: each with its key, or each day with what refuses it, if anything does and the
/// actor may know it.
///
/// # Errors
/// `appointment_series_is_short` and the rules of `care.appointment_series`; what refuses a day is no error.
pub async fn book(actor: &mut Actor<'_>, request: &SeriesRequest) -> Result<Vec<SeriesDay>, CareError> {
    let (connection, token, failed) = actor.write("booking a series").await?;
    let (count, until) = match request.end {
        SeriesEnd::Count(count) => (Some(i32::from(count)), None),
        SeriesEnd::Until(day) => (None, Some(day)),
    };
    let rows =
        sqlx::query("SELECT * FROM api.book_series($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)")
            .bind(token)
            .bind(request.patient)
            .bind(request.provider)
            .bind(request.facility)
            .bind(Moment(request.first_at))
            .bind(request.minutes.map(i32::from))
            .bind(request.frequency)
            .bind(i32::from(request.every))
            .bind(count)
            .bind(until)
            .bind(&request.skipped)
            .bind(request.room)
            .bind(request.mode)
            .bind(request.reason.as_deref())
            .bind(request.appointment_type.as_deref())
            .fetch_all(connection)
            .await
            .map_err(&failed)?;
    let day = |row: &PgRow| {
        let rule: Option<String> = row.try_get("rule")?;
        Ok(SeriesDay {
            start_at: row.try_get::<Moment, _>("starts_at")?.0,
            series: row.try_get("series")?,
            appointment: row.try_get("appointment")?,
            refused: rule.zip(row.try_get("sentence")?),
        })
    };
    rows.iter().map(day).collect::<Result<_, _>>().map_err(failed)
}

/// Cancels the visits of a series that are booked and begin at a moment or later; how many.
///
/// # Errors
/// `appointment_series_is_known`, `appointment_cancellation_is_explained`,
/// `cancellation_reason_is_ones_own_to_give`, and the database's.
pub async fn cancel_from(
    actor: &mut Actor<'_>,
    series: AppointmentSeriesId,
    since: Timestamp,
    reason: &str,
) -> Result<i32, CareError> {
    let (connection, token, failed) = actor.write("cancelling the rest of a series").await?;
    sqlx::query_scalar("SELECT api.cancel_series($1, $2, $3, $4)")
        .bind(token)
        .bind(series)
        .bind(Moment(since))
        .bind(reason)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// A series of a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookedSeries {
    /// Its key.
    pub series: AppointmentSeriesId,
    /// With whom it was booked.
    pub provider: ProviderId,
    /// Where.
    pub facility: FacilityId,
    /// Day of the first visit.
    pub first_on: Day,
    /// Minutes after midnight, on the clock of the facility.
    pub starts_minute: i16,
    /// How often.
    pub frequency: SeriesFrequency,
    /// Every so many weeks or months.
    pub every: i16,
    /// How many visits it has.
    pub visits: i64,
    /// How many of them are booked and to come.
    pub to_come: i64,
    /// When the next of these begins.
    pub next_at: Option<Timestamp>,
}

/// A patient's series that the asker may see, the latest first, 200 at most.
///
/// # Errors
/// The database's.
pub async fn list(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<BookedSeries>, CareError> {
    let Some(look) = actor.look(Some(patient), "appointments", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading a patient's series")?;
    let rows = sqlx::query("SELECT * FROM api.read_series($1, $2, $3)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    let series = |row: &PgRow| {
        Ok(BookedSeries {
            series: row.try_get("series")?,
            provider: row.try_get("provider")?,
            facility: row.try_get("facility")?,
            first_on: row.try_get("first_on")?,
            starts_minute: row.try_get("starts_minute")?,
            frequency: row.try_get("frequency")?,
            every: row.try_get("every")?,
            visits: row.try_get("visits")?,
            to_come: row.try_get("to_come")?,
            next_at: row.try_get::<Option<Moment>, _>("next_at")?.map(|moment| moment.0),
        })
    };
    rows.iter().map(series).collect::<Result<_, _>>().map_err(failed)
}
