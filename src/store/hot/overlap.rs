//! Overlap: the stored blocks that new samples fall into or lie beside, which is what a merge compares with.
//!
//! # Why
//! A hub may send a sample of last year with one of today. What lies between the two is of no interest, and may be tens
//! of millions of samples. So the caller asks for short stretches, and of each is read what begins in it and the one
//! block before it. The starts come first, out of the index, so that a long block that many stretches share is read
//! once.
//!
//! Where a range is replaced, all that was read may have to be written as superseded, while the shard's row is held and
//! who proves to own it waits: so less is read then (`REPLACED_SAMPLES_MAX`).
//!
//! A query spans `QUERY_DAYS` at most, since the server plans over each chunk between its bounds. All that is read
//! lies in memory until it is merged, so more than `STORED_SAMPLES_MAX` is an error that a smaller unit does not meet:
//! one sample falls into one block.

use std::collections::BTreeMap;

use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use super::row::{BLOCK, Stored, stored_at};
use crate::model::ids::SeriesId;
use crate::model::time::{DAY_US, Timestamp};
use crate::store::StoreError;
use crate::store::moment::Moment;

/// Days that one query spans.
const QUERY_DAYS: i64 = 64;
/// What is read for one transaction: unpacked, some 50 MB.
const STORED_SAMPLES_MAX: usize = 1 << 20;

/// The same where something is replaced: a second's work.
pub(super) const REPLACED_SAMPLES_MAX: usize = 1 << 17;

/// A stretch of one series in which stored blocks are wanted.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct BlockRange {
    /// Whose.
    pub series: SeriesId,
    /// The first moment.
    pub from: Timestamp,
    /// The last moment.
    pub to: Timestamp,
}

/// The stored blocks that may share a moment with what is wanted, by series and time: those that begin in it, and the
/// one before it.
///
/// No block crosses midnight and none overlaps another, so only the block before a stretch can reach into it. Whether
/// it does is not asked of `stop_at`, which may be what is damaged.
pub async fn overlapping(
    connection: &mut PgConnection,
    wanted: &[BlockRange],
) -> Result<Vec<(SeriesId, Stored)>, StoreError> {
    overlapping_within(connection, wanted, STORED_SAMPLES_MAX).await
}

/// The same, of so many samples at most.
pub(super) async fn overlapping_within(
    connection: &mut PgConnection,
    wanted: &[BlockRange],
    samples_max: usize,
) -> Result<Vec<(SeriesId, Stored)>, StoreError> {
    let (mut stored, mut room) = (Vec::new(), Room { samples_max, samples: 0 });
    for wanted in by_span(wanted, |want| want.from).values() {
        read(connection, wanted, &mut stored, &mut room).await?;
    }
    stored.sort_unstable_by_key(|(series, block)| (*series, block.start()));
    end_unreadable_before_next(&mut stored);
    Ok(stored)
}

/// Parts what lies at some moment, so that each part spans `QUERY_DAYS` at most.
pub(super) fn by_span<T: Copy>(items: &[T], at: impl Fn(&T) -> Timestamp) -> BTreeMap<i64, Vec<T>> {
    let mut parts: BTreeMap<i64, Vec<T>> = BTreeMap::new();
    for item in items {
        parts.entry(at(item).micros().div_euclid(QUERY_DAYS * DAY_US)).or_default().push(*item);
    }
    parts
}

/// How much is read, and how much may be.
struct Room {
    samples_max: usize,
    samples: usize,
}

async fn read(
    connection: &mut PgConnection,
    wanted: &[BlockRange],
    stored: &mut Vec<(SeriesId, Stored)>,
    room: &mut Room,
) -> Result<(), StoreError> {
    let step = StoreError::reading("reading stored blocks");
    let low = |want: &BlockRange| want.from.day().start();
    let (Some(first), Some(last)) = (wanted.iter().map(low).min(), wanted.iter().map(|want| want.to).max()) else {
        return Ok(());
    };
    // OFFSET 0 keeps each look-up one of the index: joined as the planner likes, a chunk may be read whole.
    let query = format!(
        "SELECT touched.series_id, {BLOCK}
         FROM (SELECT DISTINCT want.series_id, near.start_at
               FROM unnest($1::integer[], $2::timestamptz[], $3::timestamptz[], $4::timestamptz[])
                    AS want (series_id, low, first, last)
               CROSS JOIN LATERAL (
                   (SELECT former.start_at FROM signal.block AS former
                    WHERE former.series_id = want.series_id AND former.start_at BETWEEN want.low AND want.first
                      AND former.start_at BETWEEN $5 AND $6
                    ORDER BY former.start_at DESC LIMIT 1)
                   UNION ALL
                   (SELECT later.start_at FROM signal.block AS later
                    WHERE later.series_id = want.series_id AND later.start_at > want.first
                      AND later.start_at <= want.last AND later.start_at BETWEEN $5 AND $6 OFFSET 0)
               ) AS near) AS touched
         CROSS JOIN LATERAL (
             SELECT * FROM signal.block WHERE block.series_id = touched.series_id
                AND block.start_at = touched.start_at AND block.start_at BETWEEN $5 AND $6 OFFSET 0) AS block"
    );
    let mut rows = sqlx::query(AssertSqlSafe(query))
        .bind(wanted.iter().map(|want| want.series.0).collect::<Vec<_>>())
        .bind(wanted.iter().map(|want| Moment(low(want))).collect::<Vec<_>>())
        .bind(wanted.iter().map(|want| Moment(want.from)).collect::<Vec<_>>())
        .bind(wanted.iter().map(|want| Moment(want.to)).collect::<Vec<_>>())
        .bind(Moment(first))
        .bind(Moment(last))
        .fetch(connection);
    while let Some(row) = rows.try_next().await.map_err(&step)? {
        let block = stored_at(&row, 1)?;
        if let Stored::Block(block) = &block {
            room.samples += block.len();
        }
        if room.samples > room.samples_max {
            return Err(StoreError::LargeMerge { samples_max: room.samples_max });
        }
        stored.push((SeriesId(row.try_get(0).map_err(&step)?), block));
    }
    Ok(())
}

/// An unreadable block reaches no further than to the next one of its series.
fn end_unreadable_before_next(stored: &mut [(SeriesId, Stored)]) {
    let mut next: Option<(SeriesId, Timestamp)> = None;
    for (series, block) in stored.iter_mut().rev() {
        let start = block.start();
        if let (Stored::Unreadable(block), Some((_, next))) = (block, next.filter(|(of, _)| of == series)) {
            block.stop = block.stop.min(next.plus_micros(-1)).max(start);
        }
        next = Some((*series, start));
    }
}
