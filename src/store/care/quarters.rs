//! What a patient's devices measured of a metric over weeks: samples of what is hot, and quarters of an hour of what
//! went to the archive, both under one look. Together they tell each reading once.

use super::actor::Actor;
use super::error::CareError;
use super::samples::{PatientSample, SamplesAnswer, SamplesQuery, within};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// What is kept of a quarter of an hour that is archived.
#[derive(Clone, Debug, PartialEq)]
pub struct ArchivedQuarter {
    /// Which device.
    pub device: String,
    /// When it begins.
    pub at: Timestamp,
    /// How many were measured, and how many lay below or above what the sensor can measure.
    pub counts: [i32; 3],
    /// Of those that were measured: their sum, the least, the greatest, the first and the last; `None` where none was.
    pub told: Option<[f64; 5]>,
}

/// Both tiers.
#[derive(Clone, Debug, PartialEq)]
pub struct BothTiers {
    /// The patient's, by its name.
    pub time_zone: String,
    /// What is hot, by time.
    pub samples: Vec<PatientSample>,
    /// What is archived, by time.
    pub quarters: Vec<ArchivedQuarter>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub enum TiersAnswer {
    /// What was measured.
    Known(BothTiers),
    /// The samples are not open to who asks.
    Closed,
    /// They are more than can be told at once: a shorter time must be asked for.
    TooMany,
}

#[derive(sqlx_macros::FromRow)]
struct QuarterRow {
    time_zone: String,
    device: Option<String>,
    quarter_at: Option<Moment>,
    count: Option<i32>,
    below: Option<i32>,
    above: Option<i32>,
    total: Option<f64>,
    lowest: Option<f64>,
    highest: Option<f64>,
    first: Option<f64>,
    last: Option<f64>,
}

/// Records the look and reads.
///
/// # Errors
/// `samples_are_asked_for_by_metric_and_time`, and the database's.
pub async fn read_tiers(actor: &mut Actor<'_>, query: &SamplesQuery) -> Result<TiersAnswer, CareError> {
    let kind = format!("samples/{}", query.metric);
    let Some(look) = actor.look(Some(query.patient), &kind, query.request).await? else {
        return Ok(TiersAnswer::Closed);
    };
    let samples = match within(actor, look, query).await? {
        SamplesAnswer::Samples(samples) => samples,
        SamplesAnswer::Denied(_) => return Ok(TiersAnswer::Closed),
        SamplesAnswer::TooMany => return Ok(TiersAnswer::TooMany),
    };
    let (connection, token, failed) = actor.ask("reading what is archived by quarters")?;
    let rows: Vec<QuarterRow> = sqlx::query_as("SELECT * FROM api.read_quarters($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(look)
        .bind(query.patient)
        .bind(&query.metric)
        .bind(Moment(query.from))
        .bind(Moment(query.to))
        .fetch_all(connection)
        .await
        .map_err(failed)?;
    let Some(time_zone) = rows.first().map(|row| row.time_zone.clone()) else { return Ok(TiersAnswer::Closed) };
    let quarters = rows.into_iter().filter_map(quarter).collect();
    Ok(TiersAnswer::Known(BothTiers { time_zone, samples, quarters }))
}

fn quarter(row: QuarterRow) -> Option<ArchivedQuarter> {
    let counts = [row.count, row.below, row.above].map(Option::unwrap_or_default);
    let told = || Some([row.total?, row.lowest?, row.highest?, row.first?, row.last?]);
    Some(ArchivedQuarter { device: row.device?, at: row.quarter_at?.0, counts, told: told() })
}
