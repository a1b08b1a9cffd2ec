//! Shard ownership: who may write, fenced by an epoch.
//!
//! # Why
//! Two things guard a shard. A session-level advisory lock says who is alive: it is released with the connection, so a
//! standby takes over as soon as the owner's process dies. The epoch says who may write: each new owner raises it and
//! every write transaction compares it, so an owner that wrongly takes itself for alive writes nothing.

use std::time::Duration;

use sqlx::{Executor as _, PgConnection, Row as _};

use super::StoreError;
use crate::model::ids::{Epoch, ShardName};

/// A shard and the epoch in which its owner took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ownership {
    /// Which shard.
    pub shard: ShardName,
    /// Its fencing token.
    pub epoch: Epoch,
}

impl Ownership {
    /// Another has taken the shard since.
    pub(crate) fn fenced(&self) -> StoreError {
        StoreError::Fenced { shard: self.shard.as_str().to_owned() }
    }

    /// A source has lost a right, by which a writer has this revision.
    pub(super) fn disallowed(&self, revision: i64) -> StoreError {
        StoreError::Disallowed { shard: self.shard.as_str().to_owned(), revision }
    }

    /// The database has not all that this owner committed.
    pub(crate) fn forgotten(&self) -> StoreError {
        StoreError::Forgotten { shard: self.shard.as_str().to_owned() }
    }
}

/// Tries to take the shard for the life of this connection.
///
/// `None` where another daemon holds it. An owner that takes it anew passes its former ownership: the epoch is later
/// than that, whatever the database remembers.
pub async fn try_take(
    connection: &mut PgConnection,
    shard: &ShardName,
    owner: &str,
    former: Option<&Ownership>,
) -> Result<Option<Ownership>, StoreError> {
    if !try_hold(connection, shard).await? {
        return Ok(None);
    }
    let epoch: i64 = sqlx::query_scalar(
        "INSERT INTO signal.ingest_shard (epoch, taken_at, shard, owner) VALUES ($3 + 1, clock_timestamp(), $1, $2)
         ON CONFLICT (shard) DO UPDATE
             SET epoch = greatest(ingest_shard.epoch, $3) + 1, taken_at = excluded.taken_at, owner = excluded.owner
         RETURNING epoch",
    )
    .bind(shard.as_str())
    .bind(owner)
    .bind(former.map_or(0, |former| former.epoch.0))
    .fetch_one(&mut *connection)
    .await
    .map_err(StoreError::at("taking the shard"))?;
    if is_uncommitted(connection).await? {
        return Err(StoreError::Pooled { how: "answers a statement before it is committed" });
    }
    Ok(Some(Ownership { shard: shard.clone(), epoch: Epoch(epoch) }))
}

/// Whether the statement before has not ended its transaction: pgpool in its raw mode begins one of its own around a
/// statement with parameters that writes, and leaves it open, so that nobody else sees what was answered.
async fn is_uncommitted(connection: &mut PgConnection) -> Result<bool, StoreError> {
    let question = sqlx::raw_sql("SELECT pg_current_xact_id_if_assigned() IS NOT NULL");
    let step = StoreError::at("asking whether the shard is taken");
    let row = connection.fetch_one(question).await.map_err(&step)?;
    row.try_get(0).map_err(&step)
}

/// Ends the connection that holds the shard where it has asked nothing for `silence`, and those that have been as long
/// in the midst of a transaction that locks the shard's row; true where there was one.
///
/// An owner asks twice a second over it. One that is stopped, or whose machine is frozen, asks nothing, and its sockets
/// stay open: no timeout of TCP ever sees that. When each last asked is what the server knows of it, so nothing is
/// written for this. A login sees and may end connections of its own role, so owner and standby share one.
pub async fn end_silent_owner(
    connection: &mut PgConnection,
    shard: &ShardName,
    silence: Duration,
) -> Result<bool, StoreError> {
    let ended: i64 = sqlx::query_scalar(
        "WITH silent AS (
             SELECT pid FROM pg_stat_activity
             WHERE datname = current_database() AND (state LIKE 'idle%' OR wait_event = 'ClientRead')
               AND state_change < clock_timestamp() - make_interval(secs => $2)
         ), held AS (
             SELECT held.* FROM pg_locks AS held JOIN silent USING (pid)
             WHERE granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
         ), owner AS (
             SELECT pid FROM held
             WHERE locktype = 'advisory' AND objsubid = 1
               AND (classid::bigint << 32 | objid::bigint) = hashtextextended('healthtrack.shard.' || $1, 0)
             UNION
             SELECT pid FROM held
             WHERE locktype = 'relation' AND mode = 'RowShareLock' AND relation = 'signal.ingest_shard'::regclass
         )
         SELECT count(pg_terminate_backend(pid)) FROM owner",
    )
    .bind(shard.as_str())
    .bind(silence.as_secs_f64())
    .fetch_one(connection)
    .await
    .map_err(StoreError::at("looking at the shard's owner"))?;
    Ok(ended > 0)
}

/// Tries to hold the shard's lock for the life of this connection; false where another connection holds it.
pub async fn try_hold(connection: &mut PgConnection, shard: &ShardName) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended('healthtrack.shard.' || $1, 0))")
        .bind(shard.as_str())
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("taking the shard"))
}

/// The shard's present epoch; none where nobody has ever taken it.
pub async fn epoch(connection: &mut PgConnection, shard: &ShardName) -> Result<Option<Epoch>, StoreError> {
    let epoch: Option<i64> = sqlx::query_scalar("SELECT epoch FROM signal.ingest_shard WHERE shard = $1")
        .bind(shard.as_str())
        .fetch_optional(connection)
        .await
        .map_err(StoreError::at("reading the shard's epoch"))?;
    Ok(epoch.map(Epoch))
}

/// Checks that the connection, and with it the lock, is still alive.
pub async fn still_alive(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("SELECT 1").execute(connection).await.map(|_| ()).map_err(StoreError::at("keeping the shard"))
}

/// Locks the shard's row against another owner until the transaction ends; fails if there is another one already.
pub(super) async fn fence(transaction: &mut PgConnection, own: &Ownership) -> Result<(), StoreError> {
    let held: Option<i32> =
        sqlx::query_scalar("SELECT 1 FROM signal.ingest_shard WHERE shard = $1 AND epoch = $2 FOR SHARE")
            .bind(own.shard.as_str())
            .bind(own.epoch.0)
            .fetch_optional(transaction)
            .await
            .map_err(StoreError::at("locking the shard's row"))?;
    match held {
        Some(_) => Ok(()),
        None => Err(own.fenced()),
    }
}
