//! What a patient's devices measured, as charts draw it: all channels of a time under one look.

use uuid::Uuid;

use super::actor::Actor;
use super::context::SignIn;
use super::error::CareError;
use super::session::SessionToken;
use crate::model::people::PatientId;
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// How long the buckets are.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum BucketEvery {
    /// A 360th of the time that is asked for: two days at most.
    Minute,
    /// Hours of at most 93 days.
    Hour,
    /// Days of the patient's zone, of ten years at most.
    Day,
}

impl BucketEvery {
    fn word(self) -> &'static str {
        match self {
            BucketEvery::Minute => "minute",
            BucketEvery::Hour => "hour",
            BucketEvery::Day => "day",
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct VitalsQuery<'a> {
    /// Whose.
    pub patient: PatientId,
    /// Which metrics, by name; 20 at most.
    pub metrics: &'a [&'a str],
    /// From this moment on.
    pub from: Timestamp,
    /// And before this one.
    pub to: Timestamp,
    /// By how long buckets.
    pub every: BucketEvery,
}

/// What a device measured within a bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct VitalsBucket {
    /// Which device.
    pub device: String,
    /// Which metric.
    pub metric: String,
    /// When the bucket begins.
    pub bucket_at: Timestamp,
    /// When it ends.
    pub stop_at: Timestamp,
    /// Of how many samples.
    pub count: i64,
    /// Their mean, or sum for what adds up.
    pub value: f64,
    /// The least.
    pub lowest: f64,
    /// The greatest.
    pub highest: f64,
    /// UCUM unit.
    pub unit: String,
}

/// The newest sample of a metric.
#[derive(Clone, Debug, PartialEq)]
pub struct NewestVital {
    /// Which metric.
    pub metric: String,
    /// What it is called.
    pub title: String,
    /// When it was measured.
    pub measured_at: Timestamp,
    /// The value; `None` for a code.
    pub value: Option<f64>,
    /// The code; `None` for a value.
    pub code: Option<String>,
    /// UCUM unit.
    pub unit: String,
    /// Which device.
    pub device: String,
}

/// Buckets and newest samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Vitals {
    /// By metric, time and device.
    pub buckets: Vec<VitalsBucket>,
    /// One a metric.
    pub newest: Vec<NewestVital>,
}

type BucketRow = (String, String, Moment, Moment, i64, f64, f64, f64, String);
type NewestRow = (String, String, String, Moment, Option<f64>, Option<String>, String);

/// Records the look and reads; `None` where the samples are not open to whoever acts.
///
/// # Errors
/// `vitals_are_asked_within_bounds`, and the database's.
pub async fn read(actor: &mut Actor<'_>, query: &VitalsQuery<'_>) -> Result<Option<Vitals>, CareError> {
    let Some(look) = actor.look(Some(query.patient), "vitals", None).await? else { return Ok(None) };
    let newest = newest_within(actor, look, query.patient).await?;
    let (connection, token, failed) = actor.ask("reading vitals")?;
    let rows: Vec<BucketRow> = sqlx::query_as(
        "SELECT device, metric, bucket_at, stop_at, count, value, lowest, highest, unit
         FROM api.read_vitals($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(token)
    .bind(look)
    .bind(query.patient)
    .bind(query.metrics)
    .bind(Moment(query.from))
    .bind(Moment(query.to))
    .bind(query.every.word())
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let bucket = |(device, metric, bucket_at, stop_at, count, value, lowest, highest, unit): BucketRow| VitalsBucket {
        device,
        metric,
        bucket_at: bucket_at.0,
        stop_at: stop_at.0,
        count,
        value,
        lowest,
        highest,
        unit,
    };
    Ok(Some(Vitals { buckets: rows.into_iter().map(bucket).collect(), newest }))
}

/// Records the look and reads the newest sample of each metric; `None` where they are not open to whoever acts.
///
/// # Errors
/// The database's.
pub async fn newest(actor: &mut Actor<'_>, patient: PatientId) -> Result<Option<Vec<NewestVital>>, CareError> {
    let Some(look) = actor.look(Some(patient), "vitals", None).await? else { return Ok(None) };
    newest_within(actor, look, patient).await.map(Some)
}

/// A look by which the newest samples are read again and again, for five minutes.
#[derive(Copy, Clone, Debug)]
pub struct Watch {
    look: Uuid,
    patient: PatientId,
}

/// Records the look; `None` where the samples are not open to whoever acts.
///
/// # Errors
/// The database's.
pub async fn begin_watch(actor: &mut Actor<'_>, patient: PatientId) -> Result<Option<Watch>, CareError> {
    let look = actor.look(Some(patient), "vitals", None).await?;
    Ok(look.map(|look| Watch { look, patient }))
}

/// Reads the newest samples by a look. In a transaction that writes nothing, the session is not taken for used.
///
/// # Errors
/// `session_stands`, and the database's.
pub async fn watch(actor: &mut Actor<'_>, watch: Watch) -> Result<Vec<NewestVital>, CareError> {
    newest_within(actor, watch.look, watch.patient).await
}

/// A number for each look that stands in its session, by its place among those asked for: another one, once one of the
/// newest samples is. None for a look that is over.
///
/// # Errors
/// The database's.
pub async fn digests(sign_in: &mut SignIn<'_>, asked: &[(SessionToken, Watch)]) -> Result<Vec<Option<i64>>, CareError> {
    let (connection, failed) = sign_in.step("asking which pages have news");
    let tokens: Vec<Vec<u8>> = asked.iter().map(|(token, _)| token.hash()).collect();
    let looks: Vec<Uuid> = asked.iter().map(|(_, watch)| watch.look).collect();
    let query = sqlx::query_as("SELECT place, digest FROM access.digest_of_looks($1, $2)").bind(tokens).bind(looks);
    let found: Vec<(i64, i64)> = query.fetch_all(connection).await.map_err(failed)?;
    let mut digests = vec![None; asked.len()];
    for (place, digest) in found {
        let place = usize::try_from(place).ok().and_then(|place| place.checked_sub(1));
        if let Some(told) = place.and_then(|place| digests.get_mut(place)) {
            *told = Some(digest);
        }
    }
    Ok(digests)
}

async fn newest_within(actor: &mut Actor<'_>, look: Uuid, patient: PatientId) -> Result<Vec<NewestVital>, CareError> {
    let (connection, token, failed) = actor.ask("reading the newest vitals")?;
    let rows: Vec<NewestRow> = sqlx::query_as(
        "SELECT device, metric, title, measured_at, value, code, unit FROM api.read_newest_vitals($1, $2, $3)",
    )
    .bind(token)
    .bind(look)
    .bind(patient)
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let newest = |(device, metric, title, measured_at, value, code, unit): NewestRow| NewestVital {
        metric,
        title,
        measured_at: measured_at.0,
        value,
        code,
        unit,
        device,
    };
    Ok(rows.into_iter().map(newest).collect())
}
