//! Due: messages that the daemon gives to itself again, since the time of what they hold has come.
//!
//! Invariant: a message is given `TRIES_MAX` times at most, and not after `WAIT_DAYS_MAX` days, so none goes round for
//! ever; it is marked as dealt with only where it was not rejected again meanwhile.

use sqlx::{PgConnection, Row as _};

use super::inspect::KeptMessage;
use crate::model::time::{DAY_US, Timestamp};
use crate::store::StoreError;
use crate::store::moment::Moment;

/// How often a message is given at most.
const TRIES_MAX: i16 = 8;
/// How long after its time.
const WAIT_DAYS_MAX: i64 = 2;
/// Who marks messages as dealt with.
const RESOLVED_BY: &str = "healthtrack";
const RESOLUTION: &str = "its time has come, and it was taken in again";

/// Messages of a shard whose time has come, in the order in which they came, since of two totals for one day the later
/// stands; at most `limit`. What was not taken is left for 2 minutes, then 4, and 4 hours before the last time.
pub async fn due(
    connection: &mut PgConnection,
    shard: &str,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<KeptMessage>, StoreError> {
    let rows = sqlx::query(
        "SELECT quarantine_id, topic, content_type, payload
         FROM (SELECT * FROM signal.quarantine_rejection
               WHERE due_at IS NOT NULL AND resolved_at IS NULL AND due_at <= $1 AND due_at > $2 AND tries < $3
                 AND (retried_at IS NULL OR retried_at < $1 - INTERVAL '1 minute' * (1 << (tries + 1)))
                 AND split_part(topic, '/', 3) = $4
               ORDER BY received_at, quarantine_id LIMIT $5) AS due
         JOIN signal.quarantine_payload USING (payload_sha256)
         ORDER BY due.received_at, quarantine_id",
    )
    .bind(Moment(now))
    .bind(Moment(now.plus_micros(-WAIT_DAYS_MAX * DAY_US)))
    .bind(TRIES_MAX)
    .bind(shard)
    .bind(limit)
    .fetch_all(connection)
    .await
    .map_err(StoreError::at("reading what has waited for its time"))?;
    let message = |row: &sqlx::postgres::PgRow| KeptMessage {
        quarantine_id: row.get(0),
        topic: row.get(1),
        content_type: row.get(2),
        payload: row.get(3),
    };
    Ok(rows.iter().map(message).collect())
}

/// Counts that these are given again.
pub async fn count_tries(
    connection: &mut PgConnection,
    quarantine_ids: &[i64],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE signal.quarantine_rejection SET tries = tries + 1, retried_at = $2 WHERE quarantine_id = ANY ($1)",
    )
    .bind(quarantine_ids)
    .bind(Moment(now))
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(StoreError::at("counting what is given again"))
}

/// Marks those as dealt with that the broker has taken since `given_at`. What is rejected later opens them again; how
/// many they are.
pub async fn settle(
    connection: &mut PgConnection,
    quarantine_ids: &[i64],
    given_at: Timestamp,
) -> Result<u64, StoreError> {
    sqlx::query(
        "UPDATE signal.quarantine_rejection SET due_at = NULL, resolved_at = $2, resolved_by = $3, resolution = $4
         WHERE quarantine_id = ANY ($1) AND last_received_at < $2 AND resolved_at IS NULL",
    )
    .bind(quarantine_ids)
    .bind(Moment(given_at))
    .bind(RESOLVED_BY)
    .bind(RESOLUTION)
    .execute(connection)
    .await
    .map(|done| done.rows_affected())
    .map_err(StoreError::at("marking what was taken in again"))
}
