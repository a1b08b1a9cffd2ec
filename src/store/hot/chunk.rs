//! Chunks: made before they are needed, since plain Postgres rejects a row without one; and dropped once they are
//! empty.

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::layout::ChunkLayout;
use crate::model::time::{Day, Timestamp};
use crate::store::StoreError;
use crate::store::moment::Moment;

/// Lock timeout of a drop: while it waits for its locks, writers and readers wait behind it.
const DROP_LOCK_MS: u32 = 100;
/// SQLSTATE of a lock that was not had in time, and of two that waited for one another.
const LOCK_FAULTS: [&str; 2] = ["55P03", "40P01"];

/// One time range of the hot table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its table, quoted.
    table: String,
    /// Where it begins.
    pub from: Timestamp,
    /// Where the next one begins.
    pub to: Timestamp,
}

impl Chunk {
    /// Its table, quoted for SQL.
    pub fn table(&self) -> &str {
        &self.table
    }
}

/// Makes the chunks of these days where they are missing; how many were. Each in a transaction of its own, before the
/// COPY that needs it, so that no writer holds the table's shape while it writes.
pub async fn ensure_chunks(connection: &mut PgConnection, days: &[Day]) -> Result<u64, StoreError> {
    let step = StoreError::at("making a chunk");
    let mut made = 0;
    let mut missing = missing(connection, days).await?;
    if missing.is_empty() {
        return Ok(made);
    }
    let layout = layout(connection).await.map_err(&step)?;
    while let Some(day) = missing.pop_first() {
        let (low, high) = layout.chunk_of(day);
        let (to, is_new): (Moment, bool) = sqlx::query_as(
            "SELECT to_on::timestamp AT TIME ZONE 'UTC', is_new
             FROM signal.ensure_chunk_within($1::date, $2::date, $3::date)",
        )
        .bind(day.to_string())
        .bind(low.to_string())
        .bind(high.to_string())
        .fetch_one(&mut *connection)
        .await
        .map_err(&step)?;
        made += u64::from(is_new);
        missing = missing.split_off(&to.0.day());
    }
    Ok(made)
}

/// Those of these days that no chunk holds.
async fn missing(connection: &mut PgConnection, days: &[Day]) -> Result<BTreeSet<Day>, StoreError> {
    let (Some(first), Some(last)) = (days.iter().min(), days.iter().max()) else { return Ok(BTreeSet::new()) };
    let there = chunks_before(connection, last.next().start()).await?;
    let there: Vec<Chunk> = there.into_iter().filter(|chunk| chunk.to > first.start()).collect();
    let holds = |chunk: &Chunk, day: &Day| chunk.from <= day.start() && day.start() < chunk.to;
    let is_there = |day: &Day| {
        let after = there.partition_point(|chunk| chunk.from <= day.start());
        after.checked_sub(1).and_then(|place| there.get(place)).is_some_and(|chunk| holds(chunk, day))
    };
    Ok(days.iter().copied().filter(|day| !is_there(day)).collect())
}

/// What chunks are made now, by the server's clock and by whether an archive was ever begun.
async fn layout(connection: &mut PgConnection) -> Result<ChunkLayout, sqlx::Error> {
    let (now, has_archive): (Moment, bool) =
        sqlx::query_as("SELECT now(), EXISTS (SELECT FROM signal.archive)").fetch_one(connection).await?;
    Ok(ChunkLayout::of(now.0.day(), has_archive))
}

/// The chunks that begin before a moment, the oldest first.
pub async fn chunks_before(connection: &mut PgConnection, before: Timestamp) -> Result<Vec<Chunk>, StoreError> {
    let step = StoreError::at("listing chunks");
    let query = "SELECT name, from_at, to_at FROM signal.chunks() WHERE from_at < $1 ORDER BY from_at";
    let found: Vec<(String, Moment, Moment)> =
        sqlx::query_as(query).bind(Moment(before)).fetch_all(connection).await.map_err(step)?;
    Ok(found.into_iter().map(|(table, from, to)| Chunk { table, from: from.0, to: to.0 }).collect())
}

/// Drops a chunk that holds nothing; false where it holds something, or its lock was not free in time.
///
/// A writer that remembers the chunk gets an error for its row, forgets the chunk, and creates it
/// again. A reader that must not miss what its snapshot still sees holds a lock on the table
/// (`store::archive::to_read`).
pub async fn drop_if_empty(connection: &mut PgConnection, chunk: &Chunk) -> Result<bool, StoreError> {
    match try_drop(connection, chunk).await {
        Err(sqlx::Error::Database(error)) if LOCK_FAULTS.contains(&error.code().as_deref().unwrap_or_default()) => {
            Ok(false)
        }
        dropped => dropped.map_err(StoreError::at("dropping an empty chunk")),
    }
}

async fn try_drop(connection: &mut PgConnection, chunk: &Chunk) -> Result<bool, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let statement = format!("SET LOCAL lock_timeout = '{DROP_LOCK_MS}ms'");
    sqlx::query(AssertSqlSafe(statement)).persistent(false).execute(&mut *transaction).await?;
    // A function, since only the table's owner may drop it, and a roller need not be that.
    let query = "SELECT signal.drop_chunk_if_empty($1::text::regclass)";
    let dropped: bool = sqlx::query_scalar(query).bind(&chunk.table).fetch_one(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(dropped)
}
