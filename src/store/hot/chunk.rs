//! Chunks: made before they are needed, since plain Postgres rejects a row without one; and dropped once they are
//! empty.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::model::time::{Day, Timestamp};
use crate::store::StoreError;
use crate::store::migrate::is_hypertable;
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
    let mut made = 0;
    for day in days {
        let new: bool = sqlx::query_scalar("SELECT signal.ensure_chunk($1::date)")
            .bind(day.to_string())
            .fetch_one(&mut *connection)
            .await
            .map_err(StoreError::at("making a chunk"))?;
        made += u64::from(new);
    }
    Ok(made)
}

/// A query for all chunks: their table, where they begin, and where the next one begins.
pub(super) fn all_chunks(is_hypertable: bool) -> &'static str {
    if is_hypertable {
        "SELECT format('%I.%I', chunk_schema, chunk_name), range_start, range_end
         FROM timescaledb_information.chunks WHERE hypertable_schema = 'signal' AND hypertable_name = 'block'"
    } else {
        "SELECT format('signal.%I', relname), to_date(substr(relname, 7), 'YYYYMMDD')::timestamp AT TIME ZONE 'UTC',
                (to_date(substr(relname, 7), 'YYYYMMDD') + 1)::timestamp AT TIME ZONE 'UTC'
         FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
         WHERE inhparent = 'signal.block'::regclass AND relname ~ '^block_[0-9]{8}$'"
    }
}

/// The chunks that begin before a moment, the oldest first.
pub async fn chunks_before(connection: &mut PgConnection, before: Timestamp) -> Result<Vec<Chunk>, StoreError> {
    let step = StoreError::at("listing chunks");
    let all = all_chunks(is_hypertable(connection).await?);
    let query = format!(
        "WITH chunk (name, from_at, to_at) AS ({all})
         SELECT name, from_at, to_at FROM chunk WHERE from_at < $1 ORDER BY from_at"
    );
    let found = sqlx::query_as(AssertSqlSafe(query)).bind(Moment(before));
    let found: Vec<(String, Moment, Moment)> = found.fetch_all(connection).await.map_err(step)?;
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
