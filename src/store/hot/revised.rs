//! Revised: what stood once, and which ranges were replaced: read for a merge, and written by it.
//!
//! # Why
//! A word that arrives is weighed against what stands, what stood, and what was taken back (`model::revision`). The
//! last two are asked for by the days of a series in which samples arrive, since look-ups cost more than the few rows
//! that lie between them. Words that say the same are read once, however often they were superseded; still a source may
//! correct one moment a million times, and what is read lies in memory, so more than `SUPERSEDED_MAX` is an error
//! that a smaller unit does not meet.

use futures_util::TryStreamExt as _;
use sqlx::{PgConnection, Row as _};

use super::overlap::{BlockRange, REPLACED_SAMPLES_MAX};
use crate::model::ids::SeriesId;
use crate::model::origin::Revision;
use crate::model::revision::{REPLACED_DAYS_MAX, ReplacedRange, Word};
use crate::model::sample::{Flags, Sample};
use crate::model::time::{DAY_US, Timestamp};
use crate::store::StoreError;
use crate::store::moment::Moment;

/// Superseded words that are read for one transaction.
const SUPERSEDED_MAX: usize = 1 << 20;
/// Rows that one statement writes: some 2 MB.
const ROWS_MAX: usize = 1 << 15;

/// What of the past a merge needs to know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// What stood once, by series and start.
    pub superseded: Vec<(SeriesId, Timestamp, Word)>,
    /// What was replaced, in no order.
    pub ranges: Vec<(SeriesId, ReplacedRange)>,
}

/// What a merge adds to the past.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Revised {
    /// What stands no longer, in the order in which it was superseded.
    pub superseded: Vec<(SeriesId, Sample)>,
    /// What is replaced.
    pub ranges: Vec<NewRange>,
}

/// A range that a message has replaced.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct NewRange {
    /// Whose.
    pub series: SeriesId,
    /// Which.
    pub range: ReplacedRange,
    /// When the message came.
    pub received_at: Timestamp,
}

impl Revised {
    /// True where nothing is superseded or replaced.
    pub fn is_empty(&self) -> bool {
        self.superseded.is_empty() && self.ranges.is_empty()
    }
}

/// What stood in the stretches that are wanted, and which ranges touch them or those that are replaced.
pub(super) async fn past(
    connection: &mut PgConnection,
    wanted: &[BlockRange],
    replaced: &[BlockRange],
) -> Result<Past, StoreError> {
    let days = by_day(wanted);
    let superseded = if days.is_empty() { Vec::new() } else { superseded(connection, &days).await? };
    let days = by_day(&[wanted, replaced].concat());
    let ranges = ranges(connection, &days).await.map_err(StoreError::reading("reading replaced ranges"))?;
    Ok(Past { superseded, ranges })
}

async fn superseded(
    connection: &mut PgConnection,
    days: &[BlockRange],
) -> Result<Vec<(SeriesId, Timestamp, Word)>, StoreError> {
    let step = StoreError::reading("reading what was superseded");
    let query =
        "SELECT DISTINCT former.series_id, former.start_at, former.span_us, former.value, former.flags, former.revision
                 FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS want (series_id, first, last)
                 CROSS JOIN LATERAL (
                     SELECT * FROM signal.superseded_value AS former
                     WHERE former.series_id = want.series_id AND former.start_at BETWEEN want.first AND want.last
                     OFFSET 0) AS former
                 ORDER BY former.series_id, former.start_at";
    let mut rows = sqlx::query(query)
        .bind(days.iter().map(|day| day.series.0).collect::<Vec<_>>())
        .bind(days.iter().map(|day| Moment(day.from)).collect::<Vec<_>>())
        .bind(days.iter().map(|day| Moment(day.to)).collect::<Vec<_>>())
        .fetch(connection);
    let mut superseded = Vec::new();
    while let Some(row) = rows.try_next().await.map_err(&step)? {
        if superseded.len() >= SUPERSEDED_MAX {
            return Err(StoreError::LargeMerge { samples_max: SUPERSEDED_MAX });
        }
        let read = || {
            let flags: i16 = row.try_get(4)?;
            let word = Word {
                span_us: row.try_get(2)?,
                value: row.try_get(3)?,
                bounds: Flags(u8::try_from(flags).unwrap_or(0)).bounds(),
                revision: row.try_get::<Option<i64>, _>(5)?.and_then(Revision::new),
            };
            Ok((SeriesId(row.try_get(0)?), row.try_get::<Moment, _>(1)?.0, word))
        };
        superseded.push(read().map_err(&step)?);
    }
    Ok(superseded)
}

async fn ranges(
    connection: &mut PgConnection,
    days: &[BlockRange],
) -> Result<Vec<(SeriesId, ReplacedRange)>, sqlx::Error> {
    let query = "SELECT DISTINCT range.series_id, range.from_at, range.to_at, range.revision
                 FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) AS want (series_id, first, last)
                 CROSS JOIN LATERAL (
                     SELECT * FROM signal.replaced_range AS range
                     WHERE range.series_id = want.series_id AND range.from_at <= want.last
                       AND range.to_at > want.first AND range.to_at <= want.last + $4 * INTERVAL '24 hours'
                     OFFSET 0) AS range";
    let rows: Vec<(i32, Moment, Moment, i64)> = sqlx::query_as(query)
        .bind(days.iter().map(|day| day.series.0).collect::<Vec<_>>())
        .bind(days.iter().map(|day| Moment(day.from)).collect::<Vec<_>>())
        .bind(days.iter().map(|day| Moment(day.to)).collect::<Vec<_>>())
        .bind(REPLACED_DAYS_MAX as f64)
        .fetch_all(connection)
        .await?;
    let range = |(series, from, to, revision): (i32, Moment, Moment, i64)| {
        Some((SeriesId(series), ReplacedRange { from: from.0, to: to.0, revision: Revision::new(revision)? }))
    };
    Ok(rows.into_iter().filter_map(range).collect())
}

/// One stretch for each series and day, from the first to the last moment that is wanted of it.
fn by_day(wanted: &[BlockRange]) -> Vec<BlockRange> {
    let day = |want: &BlockRange| (want.series, want.from.micros().div_euclid(DAY_US));
    let mut sorted = wanted.to_vec();
    sorted.sort_unstable_by_key(|want| (want.series, want.from));
    let joined = sorted.chunk_by(|a, b| day(a) == day(b)).filter_map(|same| {
        let (first, to) = (same.first()?, same.iter().map(|want| want.to).max()?);
        Some(BlockRange { to, ..*first })
    });
    joined.collect()
}

/// Writes what a merge adds to the past. A range that lies within a new one of no lower revision is removed.
///
/// More than `REPLACED_SAMPLES_MAX` is an error that a smaller unit does not meet: few samples begin together.
pub(super) async fn write(connection: &mut PgConnection, revised: &Revised) -> Result<(), StoreError> {
    if revised.superseded.len() > REPLACED_SAMPLES_MAX {
        return Err(StoreError::LargeMerge { samples_max: REPLACED_SAMPLES_MAX });
    }
    for rows in revised.superseded.chunks(ROWS_MAX) {
        supersede(connection, rows).await?;
    }
    if !revised.ranges.is_empty() {
        replace(connection, &revised.ranges).await.map_err(StoreError::at("writing replaced ranges"))?;
    }
    Ok(())
}

/// Keeps values that stand no longer.
async fn supersede(connection: &mut PgConnection, rows: &[(SeriesId, Sample)]) -> Result<(), StoreError> {
    let origins = || rows.iter().map(|(_, sample)| sample.origin);
    sqlx::query(
        "INSERT INTO signal.superseded_value (superseded_at, series_id, start_at, span_us, value, flags, revision,
                                              utc_offset_minutes, received_at)
         SELECT now(), * FROM unnest($1::integer[], $2::timestamptz[], $3::bigint[], $4::float8[], $5::smallint[],
                                     $6::bigint[], $7::smallint[], $8::timestamptz[])",
    )
    .bind(rows.iter().map(|(series, _)| series.0).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, sample)| Moment(sample.start)).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, sample)| sample.span_us).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, sample)| sample.value).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, sample)| i16::from(sample.flags.0)).collect::<Vec<_>>())
    .bind(origins().map(|origin| origin.revision.map(Revision::number)).collect::<Vec<_>>())
    .bind(origins().map(|origin| origin.utc_offset_minutes).collect::<Vec<_>>())
    .bind(origins().map(|origin| origin.received_at.map(Moment)).collect::<Vec<_>>())
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(StoreError::at("keeping superseded values"))
}

async fn replace(connection: &mut PgConnection, ranges: &[NewRange]) -> Result<(), sqlx::Error> {
    let (delete, insert) = (
        "DELETE FROM signal.replaced_range AS old
         USING unnest($1::integer[], $2::timestamptz[], $3::timestamptz[], $4::bigint[])
               AS new (series_id, from_at, to_at, revision)
         WHERE old.series_id = new.series_id AND old.to_at > new.from_at AND old.to_at <= new.to_at
           AND old.from_at >= new.from_at AND old.revision <= new.revision",
        "INSERT INTO signal.replaced_range (series_id, from_at, to_at, revision, received_at)
         SELECT * FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[], $4::bigint[], $5::timestamptz[])",
    );
    let bound = |query| {
        sqlx::query(query)
            .bind(ranges.iter().map(|new| new.series.0).collect::<Vec<_>>())
            .bind(ranges.iter().map(|new| Moment(new.range.from)).collect::<Vec<_>>())
            .bind(ranges.iter().map(|new| Moment(new.range.to)).collect::<Vec<_>>())
            .bind(ranges.iter().map(|new| new.range.revision.number()).collect::<Vec<_>>())
    };
    bound(delete).execute(&mut *connection).await?;
    let received: Vec<Moment> = ranges.iter().map(|new| Moment(new.received_at)).collect();
    bound(insert).bind(received).execute(connection).await.map(|_| ())
}
