//! Ask: hours and days of some series, in a zone.

use futures_util::{Stream, TryStreamExt as _};
use sqlx::PgConnection;

use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// How long a bucket is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Every {
    /// An hour of the clock.
    Hour,
    /// A date.
    Day,
}

impl Every {
    fn word(self) -> &'static str {
        match self {
            Every::Hour => "hour",
            Every::Day => "day",
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct RollupQuestion<'a> {
    /// Of which device; `None` for all.
    pub device: Option<&'a str>,
    /// Of which metric; `None` for all.
    pub metric: Option<&'a str>,
    /// How long a bucket is.
    pub every: Every,
    /// Buckets that end after this.
    pub from: Timestamp,
    /// Buckets that begin before this.
    pub to: Timestamp,
    /// In whose time.
    pub zone: &'a str,
}

/// One bucket of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollup {
    /// What measured.
    pub device_id: String,
    /// What was measured.
    pub metric: String,
    /// What the values say about many measurements; `None` for plain ones.
    pub statistic: Option<String>,
    /// Its first moment.
    pub bucket_at: Timestamp,
    /// How many values, bounds apart.
    pub count: i64,
    /// Their sum; `None` for a coded metric, as are the numbers after it.
    pub sum: Option<f64>,
    /// Their mean.
    pub mean: Option<f64>,
    /// The least.
    pub least: Option<f64>,
    /// The greatest.
    pub greatest: Option<f64>,
    /// The first.
    pub first: Option<f64>,
    /// The last.
    pub last: Option<f64>,
    /// Samples below what the sensor can tell.
    pub below: i64,
    /// Samples above what the sensor can tell.
    pub above: i64,
    /// The first code of a coded metric.
    pub first_code: Option<String>,
    /// Its last code.
    pub last_code: Option<String>,
    /// UCUM unit of the values.
    pub unit: String,
    /// False where late samples of an archived day are in it that the next roll compares with the archive.
    pub is_settled: bool,
}

/// The buckets that are asked for, by device, metric, statistic and time.
pub fn rollups<'a>(
    connection: &'a mut PgConnection,
    of: &RollupQuestion<'_>,
) -> impl Stream<Item = Result<Rollup, StoreError>> + 'a {
    let one = |name: Option<&str>| name.map(|name| vec![name.to_owned()]);
    sqlx::query(
        "SELECT device_id, metric, statistic, bucket_at, count, sum, mean, least, greatest, first, last, below, above,
                first_code, last_code, unit, is_settled
         FROM signal.rollup($1, $2, $3, $4, $5, $6)
         ORDER BY device_id COLLATE \"C\", metric, statistic COLLATE \"C\" NULLS FIRST, bucket_at",
    )
    .bind(one(of.device))
    .bind(one(of.metric))
    .bind(of.every.word())
    .bind(Moment(of.from))
    .bind(Moment(of.to))
    .bind(of.zone.to_owned())
    .fetch(connection)
    .map_err(StoreError::reading("asking for rollups"))
    .and_then(|row| async move { read(&row).map_err(StoreError::reading("asking for rollups")) })
}

fn read(row: &sqlx::postgres::PgRow) -> Result<Rollup, sqlx::Error> {
    use sqlx::Row as _;
    Ok(Rollup {
        device_id: row.try_get("device_id")?,
        metric: row.try_get("metric")?,
        statistic: row.try_get("statistic")?,
        bucket_at: row.try_get::<Moment, _>("bucket_at")?.0,
        count: row.try_get("count")?,
        sum: row.try_get("sum")?,
        mean: row.try_get("mean")?,
        least: row.try_get("least")?,
        greatest: row.try_get("greatest")?,
        first: row.try_get("first")?,
        last: row.try_get("last")?,
        below: row.try_get("below")?,
        above: row.try_get("above")?,
        first_code: row.try_get("first_code")?,
        last_code: row.try_get("last_code")?,
        unit: row.try_get("unit")?,
        is_settled: row.try_get("is_settled")?,
    })
}
