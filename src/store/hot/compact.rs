//! Small blocks of closed chunks: found, read, and replaced by longer ones.
//!
//! # Why
//! Each statement names the chunk's own table, so that the planner has one relation before it and not one for each
//! chunk that is stored. Reading and replacing are one transaction (`Replacing`), which is fenced by the shard's epoch
//! and has the days alone in which it reads (`days`). It removes by ranges, since what it joins is adjacent, and it
//! counts what it has removed: another number than was read means that somebody wrote without the lock, and nothing is
//! committed.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Postgres, Row as _, Transaction};

use super::commit::copy;
use super::copy::CopyRows;
use super::days::{Hold, LOCKS, hold_days};
use super::row::{BLOCK, Stored, Unreadable, stored_at};
use crate::model::block::Block;
use crate::model::ids::{SeriesId, ShardName};
use crate::model::time::{Day, SECOND_US, Timestamp};
use crate::store::StoreError;
use crate::store::moment::Moment;
use crate::store::shard::{Ownership, fence};

/// True for a block that is still compressed as lanes do it, and that the table's constraints let be written anew.
pub(super) const LOOSE: &str = "pg_column_compression(values) = 'lz4' AND cardinality(values) > 0 AND tick_us > 0 \
                                AND stop_at >= start_at AND cardinality(values) = ALL (ARRAY[ \
                                coalesce(cardinality(gaps), cardinality(values)), \
                                coalesce(cardinality(spans_us), cardinality(values)), \
                                coalesce(cardinality(flags), cardinality(values))])";

/// How long a chunk of more than `NARROW_DAYS` is left alone after it was compacted: each look reads the whole of it.
const REVISIT_US: i64 = 6 * 3_600 * SECOND_US;
const NARROW_DAYS: i32 = 8;
/// Rows that one transaction compresses: a few tenths of a second.
const COMPRESSED_ROWS_MAX: i64 = 2_048;

/// One time range of the hot table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompactionChunk {
    /// Its table, quoted.
    pub(super) table: String,
    /// Where it begins.
    pub from: Timestamp,
    /// Up to where its days are over.
    pub to: Timestamp,
    /// Whether all of its days are: only then is it compressed for the long run.
    pub is_over: bool,
    /// When this shard last compacted it; `None` where it never has.
    pub looked_at: Option<Timestamp>,
    /// Rows that the server has ever counted into it: more than before means that samples have come since.
    written: i64,
}

/// A series of a chunk that has small blocks side by side.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub series: SeriesId,
    /// Start of the first block that may be joined.
    pub first: Timestamp,
    /// Start of the last one.
    pub last: Timestamp,
    /// Blocks that may be joined.
    pub blocks: u64,
    /// What they hold.
    pub samples: u64,
}

/// A small block, and in which stretch of its series it lies: a long block, one that cannot be read, and midnight part
/// two stretches.
#[derive(Clone, Debug, PartialEq)]
pub struct Small {
    /// Whose.
    pub series: SeriesId,
    /// Which stretch.
    pub stretch: i64,
    /// The samples.
    pub block: Block,
}

/// What was read of a chunk.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SmallBlocks {
    /// Those that may be joined, by series and time.
    pub small: Vec<Small>,
    /// Those that cannot be read and stay as they are.
    pub unreadable: Vec<Unreadable>,
}

impl SmallBlocks {
    /// How many blocks were read, whether they can be or not.
    pub fn len(&self) -> usize {
        self.small.len() + self.unreadable.len()
    }

    /// True where there was none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Adjacent small blocks, and that others replace.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Whose.
    pub series: SeriesId,
    /// Start of the first of them.
    pub first: Timestamp,
    /// Start of the last of them.
    pub last: Timestamp,
    /// How many they are.
    pub blocks: u64,
}

/// What is to be read of a chunk: the small blocks of some series between two moments, so many at most.
#[derive(Clone, Debug)]
pub struct CompactionLimits {
    /// Whose, in rising order.
    pub series: Vec<SeriesId>,
    /// From where.
    pub from: Timestamp,
    /// Up to where: the days between the two are held.
    pub until: Timestamp,
    /// How many.
    pub blocks_max: i64,
    /// A block of fewer samples is small.
    pub small: i32,
}

/// The chunks with days that end by `before` and hold what this shard has not compacted since it came, the oldest
/// first. One that goes on is looked at once after each of its days is over, and a wide one not again for `REVISIT_US`.
pub async fn chunks_to_compact(
    connection: &mut PgConnection,
    shard: &ShardName,
    before: Timestamp,
    now: Timestamp,
) -> Result<Vec<CompactionChunk>, StoreError> {
    let step = StoreError::at("listing chunks");
    let over = before.day().start();
    let rows = sqlx::query(
        "SELECT name, chunk.from_at, least(to_at, $3), to_at <= $2, inserted, done.compacted_at
         FROM signal.chunks() AS chunk
         CROSS JOIN LATERAL (SELECT coalesce(pg_stat_get_tuples_inserted(to_regclass(name)), 0) AS inserted) AS counted
         LEFT JOIN signal.compaction AS done ON done.shard = $1 AND done.from_at = chunk.from_at
         WHERE chunk.from_at < $3 AND done.written IS DISTINCT FROM inserted
           AND (done.compacted_at IS NULL
                OR CASE WHEN to_at > $2 THEN done.compacted_at < $4
                        WHEN to_at - chunk.from_at > make_interval(days => $6) THEN done.compacted_at < $5
                        ELSE true END)
         ORDER BY chunk.from_at",
    )
    .bind(shard.as_str())
    .bind(Moment(before))
    .bind(Moment(over))
    .bind(Moment(over.plus_micros(now.micros_since(before))))
    .bind(Moment(now.plus_micros(-REVISIT_US)))
    .bind(NARROW_DAYS)
    .fetch_all(connection)
    .await
    .map_err(&step)?;
    let chunk = |row: &sqlx::postgres::PgRow| {
        Ok(CompactionChunk {
            table: row.try_get(0)?,
            from: row.try_get::<Moment, _>(1)?.0,
            to: row.try_get::<Moment, _>(2)?.0,
            is_over: row.try_get(3)?,
            written: row.try_get(4)?,
            looked_at: row.try_get::<Option<Moment>, _>(5)?.map(|moment| moment.0),
        })
    };
    rows.iter().map(chunk).collect::<Result<_, _>>().map_err(&step)
}

/// The next series of a shard after `after`, by number.
pub async fn series_after(
    connection: &mut PgConnection,
    own: &Ownership,
    after: SeriesId,
    count: i64,
) -> Result<Vec<SeriesId>, StoreError> {
    let numbers: Vec<i32> = sqlx::query_scalar(
        "SELECT series_id FROM signal.series JOIN signal.device USING (device_key)
         WHERE device.shard = $1 AND series_id > $2 ORDER BY series_id LIMIT $3",
    )
    .bind(own.shard.as_str())
    .bind(after.0)
    .bind(count)
    .fetch_all(connection)
    .await
    .map_err(StoreError::at("listing series"))?;
    Ok(numbers.into_iter().map(SeriesId).collect())
}

/// Those of these series that have small blocks side by side in a chunk, by number.
pub async fn candidates(
    connection: &mut PgConnection,
    chunk: &CompactionChunk,
    series: &[SeriesId],
    small: i32,
) -> Result<Vec<Candidate>, StoreError> {
    let step = StoreError::reading("looking for small blocks");
    let query = format!(
        "SELECT series_id, min(start_at), max(start_at), count(*), sum(samples)::bigint
         FROM (SELECT series_id, start_at, samples,
                      samples < $2 AND (lag(samples, 1, $2) OVER near < $2 OR lead(samples, 1, $2) OVER near < $2)
                          AS may_join
               FROM (SELECT series_id, start_at, cardinality(values) AS samples
                     FROM {} WHERE series_id = ANY ($1) AND start_at < $3) AS block
               WINDOW near AS (PARTITION BY series_id, (start_at AT TIME ZONE 'UTC')::date ORDER BY start_at)) AS block
         WHERE may_join GROUP BY series_id ORDER BY series_id",
        chunk.table
    );
    let numbers: Vec<i32> = series.iter().map(|series| series.0).collect();
    let found = sqlx::query_as(AssertSqlSafe(query)).persistent(false).bind(numbers).bind(small).bind(Moment(chunk.to));
    let found: Vec<(i32, Moment, Moment, i64, i64)> = found.fetch_all(connection).await.map_err(&step)?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    let candidate = |(series, first, last, blocks, samples): (i32, Moment, Moment, i64, i64)| Candidate {
        series: SeriesId(series),
        first: first.0,
        last: last.0,
        blocks: count(blocks),
        samples: count(samples),
    };
    Ok(found.into_iter().map(candidate).collect())
}

/// A transaction that has some of a chunk's days alone.
#[derive(Debug)]
pub struct Replacing<'c> {
    transaction: Transaction<'c, Postgres>,
    table: &'c str,
}

impl<'c> Replacing<'c> {
    /// Waits for merges into the days between two moments to end, and keeps others out until this one ends.
    pub async fn begin(
        connection: &'c mut PgConnection,
        own: &Ownership,
        chunk: &'c CompactionChunk,
        (from, until): (Timestamp, Timestamp),
    ) -> Result<Replacing<'c>, StoreError> {
        let step = StoreError::at("beginning to compact");
        let mut transaction = connection.begin().await.map_err(&step)?;
        fence(&mut transaction, own).await?;
        // Nothing was analysed since the chunk was filled, and a plan by hashing or sorting reads all of it. A rewrite
        // before this has left its own lock_timeout.
        sqlx::query(
            "SELECT set_config('lock_timeout', '0', true), set_config('enable_seqscan', 'off', true),
                    set_config('enable_bitmapscan', 'off', true), set_config('enable_hashjoin', 'off', true),
                    set_config('enable_mergejoin', 'off', true)",
        )
        .execute(&mut *transaction)
        .await
        .map_err(&step)?;
        hold_days(&mut transaction, &days_between(from, until), Hold::Alone).await?;
        Ok(Replacing { transaction, table: &chunk.table })
    }

    /// The small blocks asked for, by series and time.
    pub async fn read(&mut self, wish: &CompactionLimits) -> Result<SmallBlocks, StoreError> {
        let step = StoreError::reading("reading small blocks");
        // One series is read in the order of the index and only as far as asked: ordered by more, all of it would be
        // read and sorted for each slice (1.7 s for a day of a row a second, against 0.15 s).
        let (whose, order) = match wish.series.as_slice() {
            [_] => ("series_id = ($1::integer[])[1]", "start_at"),
            _ => ("series_id = ANY ($1)", "series_id, start_at"),
        };
        let query = format!(
            "SELECT series_id, stretch, {BLOCK}
             FROM (SELECT *, sum((cardinality(values) >= $3)::integer) OVER (PARTITION BY series_id ORDER BY start_at)
                                 AS stretch
                   FROM {} WHERE {whose} AND start_at >= $2 AND start_at < $5) AS block
             WHERE cardinality(values) < $3 ORDER BY {order} LIMIT $4",
            self.table
        );
        let rows = sqlx::query(AssertSqlSafe(query))
            .persistent(false)
            .bind(wish.series.iter().map(|series| series.0).collect::<Vec<_>>())
            .bind(Moment(wish.from))
            .bind(wish.small)
            .bind(wish.blocks_max)
            .bind(Moment(wish.until))
            .fetch_all(&mut *self.transaction)
            .await
            .map_err(&step)?;
        let mut read = SmallBlocks::default();
        for row in &rows {
            let series = SeriesId(row.try_get(0).map_err(&step)?);
            let long: i64 = row.try_get(1).map_err(&step)?;
            match stored_at(row, 2)? {
                // Each block that cannot be read begins another stretch, as each long one does.
                Stored::Block(block) => {
                    let stretch = long.saturating_add(i64::try_from(read.unreadable.len()).unwrap_or(i64::MAX));
                    read.small.push(Small { series, stretch, block });
                }
                Stored::Unreadable(block) => read.unreadable.push(block),
            }
        }
        Ok(read)
    }

    /// Compresses some blocks of these series as the chunk now does, and commits; false where there may be more.
    pub async fn compress(mut self, series: &[SeriesId]) -> Result<bool, StoreError> {
        let step = StoreError::reading("compressing blocks");
        // Joined to nothing, an array is a new one, and is compressed when it is stored.
        let query = format!(
            "UPDATE {} SET values = values || '{{}}', gaps = CASE WHEN gaps IS NOT NULL THEN gaps || '{{}}' END
             WHERE ctid = ANY (ARRAY(SELECT ctid FROM {} WHERE series_id = ANY ($1) AND {LOOSE}
                                     LIMIT {COMPRESSED_ROWS_MAX}))",
            self.table, self.table
        );
        let numbers: Vec<i32> = series.iter().map(|series| series.0).collect();
        let compressed = sqlx::query(AssertSqlSafe(query)).persistent(false).bind(numbers);
        let compressed = compressed.execute(&mut *self.transaction).await.map_err(step)?.rows_affected();
        self.transaction.commit().await.map_err(StoreError::at("committing a compression"))?;
        Ok(i64::try_from(compressed).is_ok_and(|compressed| compressed < COMPRESSED_ROWS_MAX))
    }

    /// Removes what was read and joined, writes what takes its place, and commits.
    pub async fn replace(mut self, gone: &[Span], rows: &CopyRows) -> Result<(), StoreError> {
        let step = StoreError::at("removing small blocks");
        let query = format!(
            "DELETE FROM {} AS block USING unnest($1::integer[], $2::timestamptz[], $3::timestamptz[])
                                         AS gone (series_id, first, last)
             WHERE block.series_id = gone.series_id AND block.start_at BETWEEN gone.first AND gone.last",
            self.table
        );
        let removed = sqlx::query(AssertSqlSafe(query))
            .persistent(false)
            .bind(gone.iter().map(|span| span.series.0).collect::<Vec<_>>())
            .bind(gone.iter().map(|span| Moment(span.first)).collect::<Vec<_>>())
            .bind(gone.iter().map(|span| Moment(span.last)).collect::<Vec<_>>())
            .execute(&mut *self.transaction)
            .await
            .map_err(&step)?
            .rows_affected();
        if removed != gone.iter().map(|span| span.blocks).sum::<u64>() {
            return Err(StoreError::BadRow { what: "blocks of a held day must not change" });
        }
        copy(&mut self.transaction, rows).await?;
        self.transaction.commit().await.map_err(StoreError::at("committing a compaction"))
    }
}

/// Records that a chunk was compacted, and what was joined in it.
pub async fn record_pass(
    connection: &mut PgConnection,
    own: &Ownership,
    chunk: &CompactionChunk,
    now: Timestamp,
    (before, after): (u64, u64),
) -> Result<(), StoreError> {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    sqlx::query(
        "INSERT INTO signal.compaction (from_at, compacted_at, written, blocks_before, blocks_after, shard)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (shard, from_at) DO UPDATE
             SET compacted_at = excluded.compacted_at, written = excluded.written,
                 blocks_before = compaction.blocks_before + excluded.blocks_before,
                 blocks_after = compaction.blocks_after + excluded.blocks_after",
    )
    .bind(Moment(chunk.from))
    .bind(Moment(now))
    .bind(if chunk.is_over { chunk.written } else { -1 })
    .bind(count(before))
    .bind(count(after))
    .bind(own.shard.as_str())
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(StoreError::at("noting a compaction"))
}

/// Makes this connection the only one that compacts in this database, for as long as it lives; false where another is.
pub async fn try_be_only_compactor(connection: &mut PgConnection) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended('healthtrack.compaction', 0))")
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("asking to compact"))
}

/// As many as there are locks stand for all days.
fn days_between(from: Timestamp, until: Timestamp) -> Vec<Day> {
    let days = std::iter::successors(Some(from.day()), |day| Some(day.next()));
    days.take_while(|day| day.start() < until).take(LOCKS).collect()
}
