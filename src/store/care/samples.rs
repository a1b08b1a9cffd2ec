//! A patient's samples, as somebody in the portal may see them.
//!
//! Those of the hot table; `care::samples` gives them with what is archived.
//!
//! The database decides and records first, also where the answer is no, and gives samples only for a look that it has
//! kept.

use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::actor::Actor;
use super::error::CareError;
use crate::model::origin::{Origin, Revision};
use crate::model::people::{PatientId, RequestId};
use crate::model::sample::Flags;
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// Samples in one answer at most: two weeks of a value every six seconds, 30 MB.
pub const SAMPLES_MAX: usize = 200_000;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct SamplesQuery {
    /// Whose samples.
    pub patient: PatientId,
    /// Of which metric, by name.
    pub metric: String,
    /// That begin at this moment or later.
    pub from: Timestamp,
    /// And before this one, 400 days later at most.
    pub to: Timestamp,
    /// The request that they are for, as the audit shall say.
    pub request: Option<RequestId>,
}

/// One sample of a patient.
#[derive(Clone, Debug, PartialEq)]
pub struct PatientSample {
    /// When it begins.
    pub start_at: Timestamp,
    /// When it ends; `None` for an instant.
    pub end_at: Option<Timestamp>,
    /// Its value; `None` where it is a code, or lies beyond its sensor's range, as its flags say.
    pub value: Option<f64>,
    /// Of which statistic; `None` for a plain sample.
    pub statistic: Option<String>,
    /// Its code; `None` where it is a value.
    pub code: Option<String>,
    /// The unit.
    pub unit: String,
    /// The device that measured it.
    pub device: String,
    /// What is known against it.
    pub flags: Flags,
    /// How it came.
    pub origin: Origin,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub enum SamplesAnswer {
    /// The samples, in order of time.
    Samples(Vec<PatientSample>),
    /// The record is not open to who asks; one sentence for a person.
    Denied(String),
    /// They are more than [`SAMPLES_MAX`]: a shorter time must be asked for.
    TooMany,
}

/// Records that samples are read, or that it was not allowed, and reads them.
///
/// # Errors
/// The database's; what was asked for wrongly is refused by `samples_are_asked_for_by_metric_and_time`.
pub async fn read_samples(mut actor: Actor<'_>, query: &SamplesQuery) -> Result<SamplesAnswer, CareError> {
    let kind = format!("samples/{}", query.metric);
    let Some(look) = actor.look(Some(query.patient), &kind, query.request).await? else {
        return Ok(SamplesAnswer::Denied("This record is not open to you.".to_owned()));
    };
    within(&mut actor, look, query).await
}

/// The samples by a look at them.
pub(super) async fn within(
    actor: &mut Actor<'_>,
    look: Uuid,
    query: &SamplesQuery,
) -> Result<SamplesAnswer, CareError> {
    let (connection, token, failed) = actor.ask("reading a patient's samples")?;
    let rows = sqlx::query("SELECT * FROM api.read_samples($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(look)
        .bind(query.patient)
        .bind(&query.metric)
        .bind(Moment(query.from))
        .bind(Moment(query.to))
        .bind(i32::try_from(SAMPLES_MAX + 1).unwrap_or(i32::MAX))
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    if rows.len() > SAMPLES_MAX {
        return Ok(SamplesAnswer::TooMany);
    }
    rows.iter().map(sample).collect::<Result<_, _>>().map(SamplesAnswer::Samples).map_err(&failed)
}

fn sample(row: &PgRow) -> Result<PatientSample, sqlx::Error> {
    let words: Vec<String> = row.try_get("flags")?;
    let flags = words.iter().filter_map(|word| Flags::parse(word)).fold(Flags::NONE, Flags::and);
    let origin = Origin {
        received_at: row.try_get::<Option<Moment>, _>("received_at")?.map(|moment| moment.0),
        utc_offset_minutes: row.try_get("utc_offset_minutes")?,
        revision: row.try_get::<Option<i64>, _>("revision")?.and_then(Revision::new),
    };
    Ok(PatientSample {
        start_at: row.try_get::<Moment, _>("start_at")?.0,
        end_at: row.try_get::<Option<Moment>, _>("end_at")?.map(|moment| moment.0),
        value: row.try_get("value")?,
        statistic: row.try_get("statistic")?,
        code: row.try_get("code")?,
        unit: row.try_get("unit")?,
        device: row.try_get("device_id")?,
        flags,
        origin,
    })
}
