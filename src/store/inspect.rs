//! Inspect: what `doctor` asks the database about itself: version, settings, clock, and who owns a shard.

use sqlx::{PgConnection, Row};

use super::StoreError;
use super::moment::Moment;
use crate::model::ids::ShardName;
use crate::model::time::Timestamp;

/// What a server reports about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// As in 170002 for 17.2.
    pub version_number: i32,
    /// As the server writes it: `17.2 (Debian …)`.
    pub version: String,
    /// The extension's version in this database; `None` where it was not created.
    pub timescale: Option<String>,
    /// Whether the server has loaded the extension's library.
    pub timescale_is_loaded: bool,
    /// `fsync`: whether commits reach the disk at all.
    pub fsync: String,
    /// `full_page_writes`: whether a torn page can be repaired after a crash.
    pub full_page_writes: String,
    /// `synchronous_commit` in the sessions that we open.
    pub synchronous_commit: String,
    /// True on a standby, which takes no writes.
    pub is_standby: bool,
    /// The server's clock.
    pub now: Timestamp,
}

/// Who last took a shard, and whether it is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// As the daemon calls itself.
    pub name: String,
    /// The epoch: how many owners the shard has had.
    pub epoch: i64,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// Whether it still holds the shard's lock.
    pub is_alive: bool,
}

/// What the server can hold in locks, and how many chunks there are.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct LockCapacity {
    /// How many chunks there are. A question without a time locks each, and its index.
    pub chunks: i64,
    /// Locks that all sessions of the server can hold together.
    pub locks: i64,
    /// Sessions that share them: `locks` is this times `max_locks_per_transaction`.
    pub sessions: i64,
}

/// Asks what the server can hold in locks, and how many chunks there are.
pub async fn lock_capacity(connection: &mut PgConnection) -> Result<LockCapacity, StoreError> {
    let (chunks, locks, sessions) = sqlx::query_as(
        "SELECT (SELECT count(*) FROM signal.chunks()), sessions * current_setting('max_locks_per_transaction')::bigint,
                sessions
         FROM (SELECT current_setting('max_connections')::bigint
                      + current_setting('max_prepared_transactions')::bigint AS sessions) AS server",
    )
    .fetch_one(connection)
    .await
    .map_err(StoreError::at("asking how many locks the server can hold"))?;
    Ok(LockCapacity { chunks, locks, sessions })
}

/// Events in the partition of the audit that should be empty; none where this login may not ask.
pub async fn uncut_audit(connection: &mut PgConnection) -> Result<Option<i64>, StoreError> {
    let step = StoreError::at("asking how far the audit's partitions are");
    let may_ask = "SELECT has_function_privilege('care.uncut_audit()', 'EXECUTE')";
    match sqlx::query_scalar(may_ask).fetch_one(&mut *connection).await.map_err(&step)? {
        true => sqlx::query_scalar("SELECT care.uncut_audit()").fetch_one(connection).await.map(Some).map_err(&step),
        false => Ok(None),
    }
}

/// Asks the server what it is.
pub async fn server(connection: &mut PgConnection) -> Result<Server, StoreError> {
    let step = StoreError::at("asking the database what it is");
    let row = sqlx::query(
        "SELECT current_setting('server_version_num')::integer, current_setting('server_version'),
                (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'),
                current_setting('timescaledb.disable_load', true) IS NOT NULL,
                current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
                pg_is_in_recovery(), clock_timestamp()",
    )
    .fetch_one(connection)
    .await
    .map_err(&step)?;
    Ok(Server {
        version_number: row.try_get(0).map_err(&step)?,
        version: row.try_get(1).map_err(&step)?,
        timescale: row.try_get(2).map_err(&step)?,
        timescale_is_loaded: row.try_get(3).map_err(&step)?,
        fsync: row.try_get(4).map_err(&step)?,
        full_page_writes: row.try_get(5).map_err(&step)?,
        synchronous_commit: row.try_get(6).map_err(&step)?,
        is_standby: row.try_get(7).map_err(&step)?,
        now: row.try_get::<Moment, _>(8).map_err(&step)?.0,
    })
}

/// Asks who owns a shard, without touching its lock; `None` where nobody ever has.
pub async fn shard_owner(connection: &mut PgConnection, shard: &ShardName) -> Result<Option<Owner>, StoreError> {
    let step = StoreError::at("asking who owns the shard");
    // A session lock on a 64-bit key shows as two halves.
    let row = sqlx::query(
        "SELECT owner, epoch, taken_at,
                EXISTS (SELECT FROM pg_locks
                        WHERE locktype = 'advisory' AND granted AND objsubid = 1
                          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                          AND (classid::bigint << 32 | objid::bigint)
                              = hashtextextended('healthtrack.shard.' || $1, 0))
         FROM signal.ingest_shard WHERE shard = $1",
    )
    .bind(shard.as_str())
    .fetch_optional(connection)
    .await
    .map_err(&step)?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Owner {
        name: row.try_get(0).map_err(&step)?,
        epoch: row.try_get(1).map_err(&step)?,
        taken_at: row.try_get::<Moment, _>(2).map_err(&step)?.0,
        is_alive: row.try_get(3).map_err(&step)?,
    }))
}
