//! Space: how much disk a closed chunk takes: compressed for the long run, and without the dead space that
//! joining blocks leaves.
//!
//! Both need the chunk to themselves for a while, and are left to a later pass where they do not get it soon.

use sqlx::{AssertSqlSafe, PgConnection};

use super::compact::{CompactionChunk, LOOSE};
use crate::model::ids::SeriesId;
use crate::store::StoreError;

/// SQLSTATE of a lock that was not had in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";
/// Pages that a small chunk may have too many without being worth a rewrite.
const SLACK_BYTES: i64 = 1 << 20;
/// While a rewrite waits for its lock, readers of the chunk wait behind it.
const REWRITE_LOCK_MS: u32 = 1_000;

/// Has long arrays of this chunk compressed by pglz from now on; false where its lock is not free in time.
///
/// Lanes compress by LZ4, which costs a fifth of the time. A chunk that is over is written once more and read for long:
/// there pglz takes half the space (real heart rates every 5 to 15 s: 2.3 bytes a sample with the index, LZ4 4.6).
pub async fn try_set_pglz(connection: &mut PgConnection, chunk: &CompactionChunk) -> Result<bool, StoreError> {
    let step = StoreError::at("setting a chunk's compression");
    let is_dense: bool = sqlx::query_scalar(
        "SELECT NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = $1::text::regclass
                            AND attname IN ('values', 'gaps') AND attcompression = 'l')",
    )
    .bind(&chunk.table)
    .fetch_one(&mut *connection)
    .await
    .map_err(&step)?;
    if is_dense {
        return Ok(true);
    }
    let statements = [
        format!("SET lock_timeout = '{REWRITE_LOCK_MS}ms'"),
        format!("SELECT signal.make_chunk_dense('{}'::regclass)", chunk.table),
    ];
    unless_busy(connection, &statements).await.map_err(&step)
}

/// Whether blocks of these series are still compressed as lanes do it.
pub async fn has_loose(
    connection: &mut PgConnection,
    chunk: &CompactionChunk,
    series: &[SeriesId],
) -> Result<bool, StoreError> {
    let query = format!("SELECT EXISTS (SELECT FROM {} WHERE series_id = ANY ($1) AND {LOOSE})", chunk.table);
    let numbers: Vec<i32> = series.iter().map(|series| series.0).collect();
    let found = sqlx::query_scalar(AssertSqlSafe(query)).persistent(false).bind(numbers).fetch_one(connection);
    found.await.map_err(StoreError::reading("looking for loose blocks"))
}

/// Runs statements that must have the chunk to themselves; false where they do not get it in time.
async fn unless_busy(connection: &mut PgConnection, statements: &[String]) -> Result<bool, sqlx::Error> {
    for statement in statements {
        match sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut *connection).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(LOCK_NOT_AVAILABLE) => {
                return Ok(false);
            }
            done => done.map(drop)?,
        }
    }
    Ok(true)
}

/// What became of a chunk's dead space.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Space {
    /// There is too little of it.
    Fine,
    /// So many bytes were given back.
    Reclaimed(u64),
    /// Its lock was not free in time; the next pass tries again.
    Busy,
}

/// Rewrites a chunk in order of series and time where more than half of it is dead.
///
/// CLUSTER, since a reader with an older snapshot still finds in it what it saw: in a fresh table it would find
/// nothing. It locks this one chunk exclusively while it writes, and is not begun where the lock is not free
/// within `REWRITE_LOCK_MS`.
pub async fn rewrite_if_wasteful(connection: &mut PgConnection, chunk: &CompactionChunk) -> Result<Space, StoreError> {
    let step = StoreError::reading("measuring a chunk");
    // 28 bytes a row for its header and pointer, 32 for its entry in the index.
    let query = format!(
        "SELECT pg_total_relation_size($1::text::regclass),
                (SELECT coalesce(sum(pg_column_size(block.*) + 60), 0)::bigint FROM {} AS block),
                (SELECT relname::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
                 WHERE indrelid = $1::text::regclass AND indisunique AND indisvalid ORDER BY indexrelid LIMIT 1)",
        chunk.table
    );
    let measure = || sqlx::query_as(AssertSqlSafe(query.clone())).persistent(false).bind(&chunk.table);
    let (before, live, index): (i64, i64, Option<String>) =
        measure().fetch_one(&mut *connection).await.map_err(&step)?;
    let Some(index) = index.filter(|_| before > 2 * live + SLACK_BYTES) else { return Ok(Space::Fine) };
    let statements = [
        format!("SET lock_timeout = '{REWRITE_LOCK_MS}ms'"),
        format!("SELECT signal.cluster_chunk('{}'::regclass, '{index}')", chunk.table),
        // Who does not own the chunk is told so and leaves this to autovacuum.
        format!("VACUUM (ANALYZE) {}", chunk.table),
    ];
    if !unless_busy(connection, &statements).await.map_err(StoreError::reading("rewriting a chunk"))? {
        return Ok(Space::Busy);
    }
    let (after, ..): (i64, i64, Option<String>) = measure().fetch_one(connection).await.map_err(&step)?;
    Ok(Space::Reclaimed(u64::try_from(before - after).unwrap_or(0)))
}
