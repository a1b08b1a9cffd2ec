//! Past: what series have said beside what stands, for whoever joins hot samples with archived ones.
//!
//! # Why
//! The hot table does not know what files hold. Its words are weighed again where a file has the same start, and for
//! that it must be known which of them was heard first. Each row of `signal.superseded_value` and each range of
//! `signal.replaced_range` is numbered by one sequence, and a file notes the number (`revised_to`) up to which it knows
//! all of its day: what has a higher one came after the file.

use std::collections::BTreeMap;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use crate::model::ids::{DeviceId, MetricId, SeriesId};
use crate::model::origin::{Origin, Revision};
use crate::model::revision::{REPLACED_DAYS_MAX, ReplacedRange};
use crate::model::sample::{Flags, Sample};
use crate::model::statistic::Statistic;
use crate::model::time::Day;
use crate::store::StoreError;
use crate::store::hot::{Hold, hold_days};
use crate::store::moment::Moment;

/// A series with its device and statistic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesOf {
    /// Its number.
    pub series: SeriesId,
    /// What measured.
    pub device: DeviceId,
    /// What its values say about many measurements.
    pub statistic: Statistic,
    /// The shard that writes it.
    pub shard: Option<String>,
}

/// A sample that stood once.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct FormerSample {
    /// What it was.
    pub sample: Sample,
    /// True where the file of its day does not know that it is superseded.
    pub is_since: bool,
}

/// What one series has said beside what stands.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesPast {
    /// What measured.
    pub device: DeviceId,
    /// What its values say about many measurements.
    pub statistic: Statistic,
    /// What was replaced since the file of the day was written, in no order.
    pub ranges: Vec<ReplacedRange>,
    /// By start, and of one start in the order in which they were superseded.
    pub former: Vec<FormerSample>,
}

/// A row's series.
pub(super) fn series_of(
    (series, device, statistic, shard): (i32, String, Option<String>, Option<String>),
) -> Result<SeriesOf, StoreError> {
    let (device, statistic) = whose(&device, statistic.as_deref())?;
    Ok(SeriesOf { series: SeriesId(series), device, statistic, shard })
}

/// A row's device and statistic.
pub(super) fn whose(device: &str, statistic: Option<&str>) -> Result<(DeviceId, Statistic), StoreError> {
    let bad = |what| StoreError::BadRow { what };
    let device = DeviceId::parse(device).map_err(|_| bad("a device's name must be a name"))?;
    let statistic = statistic.map_or(Some(Statistic::NONE), Statistic::parse);
    Ok((device, statistic.ok_or(bad("a statistic must be one of the closed list"))?))
}

/// The past of all series of a metric on a day whose file knows all up to one number, up to another.
pub async fn past_of_day(
    connection: &mut PgConnection,
    (metric, day): (MetricId, Day),
    (known_to, until): (i64, i64),
) -> Result<Vec<SeriesPast>, StoreError> {
    let query = format!(
        "SELECT series_id, device_id, statistic, shard
         FROM (SELECT former.series_id FROM signal.superseded_value AS former JOIN signal.series USING (series_id)
               WHERE series.metric_id = $1 AND former.start_at >= $3 AND former.start_at < $4
               UNION {REPLACED_SERIES}) AS said
         JOIN signal.series USING (series_id) JOIN signal.device USING (device_key)
         ORDER BY device_id COLLATE \"C\", statistic COLLATE \"C\" NULLS FIRST"
    );
    let rows: Vec<(i32, String, Option<String>, Option<String>)> = sqlx::query_as(AssertSqlSafe(query))
        .bind(metric.0)
        .bind(known_to)
        .bind(Moment(day.start()))
        .bind(Moment(day.next().start()))
        .fetch_all(&mut *connection)
        .await
        .map_err(StoreError::reading("reading what was said of an archived day"))?;
    let series: Vec<SeriesOf> = rows.into_iter().map(series_of).collect::<Result<_, _>>()?;
    past_of(connection, &series, day, (known_to, until)).await
}

/// True where any of these series has said anything beside what stands on a day whose file knows all up to a number.
pub(super) async fn has_past(
    snapshot: &mut PgConnection,
    series: &[SeriesOf],
    day: Day,
    known_to: i64,
) -> Result<bool, StoreError> {
    sqlx::query_scalar(
        "SELECT EXISTS (
             SELECT FROM unnest($1::integer[]) AS want (series_id)
             WHERE EXISTS (SELECT FROM signal.superseded_value AS former
                           WHERE former.series_id = want.series_id AND former.start_at >= $2 AND former.start_at < $3)
                OR EXISTS (SELECT FROM signal.replaced_range AS range
                           WHERE range.series_id = want.series_id AND range.from_at < $3 AND range.to_at > $2
                             AND range.range_id > $4))",
    )
    .bind(series.iter().map(|one| one.series.0).collect::<Vec<_>>())
    .bind(Moment(day.start()))
    .bind(Moment(day.next().start()))
    .bind(known_to)
    .fetch_one(snapshot)
    .await
    .map_err(StoreError::reading("asking whether the source said anything before"))
}

/// The past of some series on a day whose file knows all up to one number, up to another.
pub(super) async fn past_of(
    snapshot: &mut PgConnection,
    series: &[SeriesOf],
    day: Day,
    (known_to, until): (i64, i64),
) -> Result<Vec<SeriesPast>, StoreError> {
    let step = StoreError::reading("reading what the source said before");
    let ids: Vec<i32> = series.iter().map(|one| one.series.0).collect();
    let (from, to) = (Moment(day.start()), Moment(day.next().start()));
    let ranges: Vec<(i32, Moment, Moment, i64)> = sqlx::query_as(
        "SELECT range.series_id, range.from_at, range.to_at, range.revision
         FROM unnest($1::integer[]) AS want (series_id)
         CROSS JOIN LATERAL (
             SELECT * FROM signal.replaced_range AS range
             WHERE range.series_id = want.series_id AND range.from_at < $3 AND range.to_at > $2
               AND range.to_at <= $3 + $5 * INTERVAL '24 hours' AND range.range_id > $4
               AND range.range_id <= $6
             OFFSET 0) AS range",
    )
    .bind(&ids)
    .bind(from)
    .bind(to)
    .bind(known_to)
    .bind(REPLACED_DAYS_MAX as f64)
    .bind(until)
    .fetch_all(&mut *snapshot)
    .await
    .map_err(&step)?;
    let rows = sqlx::query(
        "SELECT former.series_id, former.start_at, former.span_us, former.value, former.flags, former.revision,
                former.utc_offset_minutes, former.received_at, coalesce(former.superseded_id > $4, false)
         FROM unnest($1::integer[]) AS want (series_id)
         CROSS JOIN LATERAL (
             SELECT * FROM signal.superseded_value AS former
             WHERE former.series_id = want.series_id AND former.start_at >= $2 AND former.start_at < $3
               AND (former.superseded_id IS NULL OR former.superseded_id <= $5)
             OFFSET 0) AS former
         ORDER BY former.start_at, former.superseded_id NULLS FIRST",
    )
    .bind(&ids)
    .bind(from)
    .bind(to)
    .bind(known_to)
    .bind(until)
    .fetch_all(snapshot)
    .await
    .map_err(&step)?;
    let mut past: BTreeMap<i32, (Vec<ReplacedRange>, Vec<FormerSample>)> = BTreeMap::new();
    for (series, from, to, revision) in ranges {
        past.entry(series).or_default().0.extend(range(from, to, revision));
    }
    for row in &rows {
        let read = || Ok((row.try_get(0)?, former(row, 1)?));
        let (series, former): (i32, FormerSample) = read().map_err(&step)?;
        past.entry(series).or_default().1.push(former);
    }
    let known = series.iter().filter_map(|of| {
        let (ranges, former) = past.remove(&of.series.0)?;
        Some(SeriesPast { device: of.device.clone(), statistic: of.statistic, ranges, former })
    });
    Ok(known.collect())
}

/// Series that a range has replaced something of since the file of a day was written.
pub(super) const REPLACED_SERIES: &str = "
    SELECT range.series_id FROM signal.replaced_range AS range JOIN signal.series USING (series_id)
    WHERE series.metric_id = $1 AND range.range_id > $2 AND range.from_at < $4 AND range.to_at > $3";

/// Draws the number up to which all that was superseded and replaced of a day is committed. What a snapshot that is
/// taken right after sees beside it, `is_known` tells.
pub async fn draw_number(connection: &mut PgConnection, day: Day) -> Result<i64, StoreError> {
    let step = StoreError::at("numbering what was said");
    let mut alone = connection.begin().await.map_err(&step)?;
    hold_days(&mut alone, &[day], Hold::Alone).await?;
    let draw = "SELECT nextval('signal.replaced_range_range_id_seq')";
    let number = sqlx::query_scalar(draw).fetch_one(&mut *alone).await.map_err(&step)?;
    alone.commit().await.map_err(&step)?;
    Ok(number)
}

/// True where a snapshot sees nothing of a metric and day that has a higher number.
pub(super) async fn is_known(
    snapshot: &mut PgConnection,
    number: i64,
    (metric, day): (MetricId, Day),
) -> Result<bool, StoreError> {
    sqlx::query_scalar(
        "SELECT NOT EXISTS (SELECT FROM signal.superseded_value AS former JOIN signal.series USING (series_id)
                            WHERE former.superseded_id > $1 AND series.metric_id = $2
                              AND former.start_at >= $3 AND former.start_at < $4)
            AND NOT EXISTS (SELECT FROM signal.replaced_range AS range JOIN signal.series USING (series_id)
                            WHERE range.range_id > $1 AND series.metric_id = $2
                              AND range.from_at < $4 AND range.to_at > $3)",
    )
    .bind(number)
    .bind(metric.0)
    .bind(Moment(day.start()))
    .bind(Moment(day.next().start()))
    .fetch_one(snapshot)
    .await
    .map_err(StoreError::at("asking what was said meanwhile"))
}

pub(super) fn range(from: Moment, to: Moment, revision: i64) -> Option<ReplacedRange> {
    Some(ReplacedRange { from: from.0, to: to.0, revision: Revision::new(revision)? })
}

/// A row's sample from a column on, and whether it was superseded since.
pub(super) fn former(row: &PgRow, at: usize) -> Result<FormerSample, sqlx::Error> {
    let flags: i16 = row.try_get(at + 3)?;
    let origin = Origin {
        revision: row.try_get::<Option<i64>, _>(at + 4)?.and_then(Revision::new),
        utc_offset_minutes: row.try_get(at + 5)?,
        received_at: row.try_get::<Option<Moment>, _>(at + 6)?.map(|moment| moment.0),
    };
    let sample = Sample {
        start: row.try_get::<Moment, _>(at)?.0,
        span_us: row.try_get(at + 1)?,
        value: row.try_get(at + 2)?,
        flags: Flags(u8::try_from(flags).unwrap_or(0)),
        origin,
    };
    Ok(FormerSample { sample, is_since: row.try_get(at + 7)? })
}
