//! The feed of changes: places for what is committed, and its end after a time (`signal.changes`).
//!
//! # Why
//! A number that is drawn while writing is not in the order of commits: of two lanes the later one may commit first,
//! and a reader that has seen its number would pass over the other's. So a transaction lists its changes without a
//! place (`hot::changes`), and one session at a time gives places to all that are committed and have none. Whoever
//! reads finds only what has a place, so nothing comes before what has been read already.
//!
//! Invariants: each list that is committed gets places once; a place that was shown is never given to another; where
//! the database has lost places that were given, they are left out and refused.

use sqlx::PgConnection;

use super::StoreError;
use super::moment::Moment;
use crate::model::time::Timestamp;

/// How much is kept.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct KeptChanges {
    /// Bytes on disk.
    pub bytes: u64,
    /// When the oldest got their places; none where nothing was written yet.
    pub since: Option<Timestamp>,
}

/// Gives places to what is committed and has none: the last place. `known_to` is one that is known to be given.
pub async fn number(connection: &mut PgConnection, known_to: i64) -> Result<i64, StoreError> {
    sqlx::query_scalar("SELECT signal.number_changes($1)")
        .bind(known_to)
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("numbering changes"))
}

/// Removes some of what got its place before a time: how many transactions' lists, and 0 where nothing is left.
pub async fn prune(connection: &mut PgConnection, before: Timestamp) -> Result<u64, StoreError> {
    let pruned: i64 = sqlx::query_scalar("SELECT signal.prune_changes($1)")
        .bind(Moment(before))
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("removing old changes"))?;
    Ok(u64::try_from(pruned).unwrap_or(0))
}

/// How much is kept.
pub async fn kept(connection: &mut PgConnection) -> Result<KeptChanges, StoreError> {
    let (bytes, since): (i64, Option<Moment>) = sqlx::query_as(
        "SELECT pg_total_relation_size('signal.change_commit') + pg_total_relation_size('signal.change_batch'),
                kept_since
         FROM signal.change_feed",
    )
    .fetch_one(connection)
    .await
    .map_err(StoreError::at("measuring the feed of changes"))?;
    Ok(KeptChanges { bytes: u64::try_from(bytes).unwrap_or(0), since: since.map(|since| since.0) })
}
