//! Revised: what stood once, and which ranges were replaced: read for a merge, and written by it.
//!
//! # Why
//! A word that arrives is weighed against what stands, what stood, and what was taken back (`model::revision`). A
//! source may correct one moment a million times: a total that is sent each second has 86,400 former words by the
//! evening. So of what stood no more is read than decides: one word of the highest revision for each start of which
//! something is said, and those without a revision that say what is said again. Both are look-ups of one index,
//! whatever has been said before; and where nothing was superseded in the stretch of a sample, as nearly everywhere,
//! not even these are made. What was taken back is asked for by the days of a series in which samples arrive.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use super::overlap::{BlockRange, REPLACED_SAMPLES_MAX};
use crate::model::ids::SeriesId;
use crate::model::origin::Revision;
use crate::model::revision::{REPLACED_DAYS_MAX, ReplacedRange, Word};
use crate::model::sample::{Flags, Sample};
use crate::model::time::{DAY_US, Timestamp};
use crate::store::StoreError;
use crate::store::moment::Moment;

/// Stands for the span of an instant in the index of superseded words.
const NO_SPAN: i64 = -1;
/// Rows that one statement writes: some 2 MB.
const ROWS_MAX: usize = 1 << 15;

/// What of the past a merge needs to know.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// Of what stood once, by series and start: one word of the highest revision for each start that was asked for, and
    /// those without a revision that say what was asked for.
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

/// What stood in the stretches that are wanted, as far as it bears on the words that `words_in` gives for some of them;
/// and which ranges touch them or those that are replaced.
pub(super) async fn past(
    connection: &mut PgConnection,
    wanted: &[BlockRange],
    replaced: &[BlockRange],
    words_in: impl FnOnce(&[BlockRange]) -> Vec<(SeriesId, Timestamp, Word)>,
) -> Result<Past, StoreError> {
    let step = StoreError::reading("reading what was superseded");
    let revised = revised_of(connection, wanted).await.map_err(&step)?;
    let words = if revised.is_empty() { Vec::new() } else { words_in(&revised) };
    let mut superseded = Vec::new();
    for words in words.chunks(ROWS_MAX) {
        superseded.extend(former(connection, words).await.map_err(&step)?);
    }
    superseded.sort_by_key(|(series, start, _)| (*series, *start));
    let days = by_day(&[wanted, replaced].concat());
    let ranges = ranges(connection, &days).await.map_err(StoreError::reading("reading replaced ranges"))?;
    Ok(Past { superseded, ranges })
}

/// Those of the stretches in which something was superseded.
async fn revised_of(connection: &mut PgConnection, wanted: &[BlockRange]) -> Result<Vec<BlockRange>, sqlx::Error> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let query = "SELECT want.place
                 FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY
                      AS want (series_id, first, last, place)
                 CROSS JOIN LATERAL (
                     SELECT FROM signal.superseded_value AS former
                     WHERE former.series_id = want.series_id AND former.start_at BETWEEN want.first AND want.last
                     LIMIT 1) AS former
                 ORDER BY want.place";
    let places: Vec<i64> = sqlx::query_scalar(query)
        .bind(wanted.iter().map(|want| want.series.0).collect::<Vec<_>>())
        .bind(wanted.iter().map(|want| Moment(want.from)).collect::<Vec<_>>())
        .bind(wanted.iter().map(|want| Moment(want.to)).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    let at = |place: i64| usize::try_from(place - 1).ok().and_then(|place| wanted.get(place)).copied();
    Ok(places.into_iter().filter_map(at).collect())
}

async fn former(
    connection: &mut PgConnection,
    words: &[(SeriesId, Timestamp, Word)],
) -> Result<Vec<(SeriesId, Timestamp, Word)>, sqlx::Error> {
    // LIMIT 1 keeps each look-up one of the index; 12 are the bits of bounds.
    let query = "SELECT DISTINCT said.series_id, said.start_at, former.span_us, former.value,
                        (former.flags & 12)::integer, former.revision
                 FROM unnest($1::integer[], $2::timestamptz[], $3::bigint[], $4::float8[], $5::smallint[],
                             $6::boolean[])
                      AS said (series_id, start_at, span_us, value, bounds, is_counted)
                 CROSS JOIN LATERAL (
                     (SELECT span_us, value, flags, revision FROM signal.superseded_value AS highest
                      WHERE highest.series_id = said.series_id AND highest.start_at = said.start_at
                      ORDER BY highest.revision DESC NULLS LAST LIMIT 1)
                     UNION ALL
                     (SELECT span_us, value, flags, revision FROM signal.superseded_value AS same
                      WHERE NOT said.is_counted AND same.series_id = said.series_id AND same.start_at = said.start_at
                        AND same.revision IS NULL AND same.value = said.value
                        AND coalesce(same.span_us, -1) = said.span_us AND same.flags & 12 = said.bounds LIMIT 1)
                 ) AS former";
    let rows = sqlx::query(query)
        .bind(words.iter().map(|(series, ..)| series.0).collect::<Vec<_>>())
        .bind(words.iter().map(|(_, start, _)| Moment(*start)).collect::<Vec<_>>())
        .bind(words.iter().map(|(.., word)| word.span_us.unwrap_or(NO_SPAN)).collect::<Vec<_>>())
        .bind(words.iter().map(|(.., word)| word.value).collect::<Vec<_>>())
        .bind(words.iter().map(|(.., word)| i16::from(word.bounds.0)).collect::<Vec<_>>())
        .bind(words.iter().map(|(.., word)| word.revision.is_some()).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    let read = |row: PgRow| {
        let flags: i32 = row.try_get(4)?;
        let word = Word {
            span_us: row.try_get(2)?,
            value: row.try_get(3)?,
            bounds: Flags(u8::try_from(flags).unwrap_or(0)).bounds(),
            revision: row.try_get::<Option<i64>, _>(5)?.and_then(Revision::new),
        };
        Ok((SeriesId(row.try_get(0)?), row.try_get::<Moment, _>(1)?.0, word))
    };
    rows.into_iter().map(read).collect()
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
