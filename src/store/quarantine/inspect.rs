//! Inspect: what an operator lists, shows and has published again.

use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};

use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// What a row of an answer holds, in the order of `quarantine_row`.
const COLUMNS: &str = "quarantine_id, received_at, times_received, samples, reason, topic, detail, retried_at,
                       payload_bytes, resolved_at, resolved_by, resolution";

/// One row as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct QuarantineRow {
    /// Number.
    pub quarantine_id: i64,
    /// When it first came, RFC 3339.
    pub received_at: String,
    /// How often it came.
    pub times_received: i64,
    /// How many samples the rejected part holds.
    pub samples: i64,
    /// Stable word.
    pub reason: String,
    /// MQTT topic.
    pub topic: String,
    /// One sentence.
    pub detail: String,
    /// When it was last retried, RFC 3339.
    pub retried_at: Option<String>,
    /// Bytes of the message.
    pub payload_bytes: i32,
    /// When it was marked as dealt with, RFC 3339; none while it is open.
    pub resolved_at: Option<String>,
    /// Who did that.
    pub resolved_by: Option<String>,
    /// How it was dealt with.
    pub resolution: Option<String>,
}

/// A kept message, to be published again.
#[derive(Clone, Debug)]
pub struct KeptMessage {
    /// Number.
    pub quarantine_id: i64,
    /// MQTT topic.
    pub topic: String,
    /// MQTT 5 content type.
    pub content_type: Option<String>,
    /// The whole message.
    pub payload: Vec<u8>,
}

/// What is listed.
#[derive(Copy, Clone, Debug, Default)]
pub struct ListFilter<'a> {
    /// Only this reason.
    pub reason: Option<&'a str>,
    /// What was marked as dealt with, and not what is open.
    pub resolved: bool,
}

/// The newest rows.
pub async fn list(pool: &PgPool, which: ListFilter<'_>, limit: i64) -> Result<Vec<QuarantineRow>, StoreError> {
    let query = format!(
        "SELECT {COLUMNS} FROM signal.quarantine
         WHERE ($1::text IS NULL OR reason = $1) AND (resolved_at IS NOT NULL) = $2
         ORDER BY quarantine_id DESC LIMIT $3"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(which.reason)
        .bind(which.resolved)
        .bind(limit)
        .fetch_all(pool)
        .await
        .map_err(StoreError::at("listing the quarantine"))?;
    Ok(rows.iter().map(quarantine_row).collect())
}

/// One row.
pub async fn show(pool: &PgPool, quarantine_id: i64) -> Result<Option<(QuarantineRow, Vec<u8>)>, StoreError> {
    let query = format!("SELECT {COLUMNS}, payload FROM signal.quarantine WHERE quarantine_id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(quarantine_id)
        .fetch_optional(pool)
        .await
        .map_err(StoreError::at("reading the quarantine"))?;
    Ok(row.map(|row| (quarantine_row(&row), row.get(12))))
}

/// What is retried: one rejection, or all that are open, of one reason or of any.
#[derive(Copy, Clone, Debug, Default)]
pub struct RetryFilter<'a> {
    /// One rejection, be it open or not.
    pub only: Option<i64>,
    /// Only this reason.
    pub reason: Option<&'a str>,
}

/// Which rows a `RetryFilter` means: `$1` and `$2` are its fields.
const TO_RETRY: &str = "($1::bigint IS NULL AND resolved_at IS NULL OR quarantine_id = $1)
                        AND ($2::text IS NULL OR reason = $2)";

/// How many messages there are to retry, and the number of the newest: what comes later is another retry's.
pub async fn retry_extent(pool: &PgPool, which: RetryFilter<'_>) -> Result<(u64, i64), StoreError> {
    let query =
        format!("SELECT count(*), coalesce(max(quarantine_id), 0) FROM signal.quarantine_rejection WHERE {TO_RETRY}");
    let (count, newest): (i64, i64) = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(which.only)
        .bind(which.reason)
        .fetch_one(pool)
        .await
        .map_err(StoreError::at("reading the quarantine"))?;
    Ok((u64::try_from(count).unwrap_or(0), newest))
}

/// Messages to retry, after a given number; at most `limit`, in order.
pub async fn to_retry(
    pool: &PgPool,
    which: RetryFilter<'_>,
    after: i64,
    limit: i64,
) -> Result<Vec<KeptMessage>, StoreError> {
    let query = format!(
        "SELECT quarantine_id, topic, content_type, payload FROM signal.quarantine
         WHERE {TO_RETRY} AND quarantine_id > $3 ORDER BY quarantine_id LIMIT $4"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(which.only)
        .bind(which.reason)
        .bind(after)
        .bind(limit)
        .fetch_all(pool)
        .await
        .map_err(StoreError::at("reading the quarantine"))?;
    Ok(rows
        .iter()
        .map(|row| KeptMessage {
            quarantine_id: row.get(0),
            topic: row.get(1),
            content_type: row.get(2),
            payload: row.get(3),
        })
        .collect())
}

/// Records that messages were retried.
pub async fn mark_retried(pool: &PgPool, quarantine_ids: &[i64], now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE signal.quarantine_rejection SET retried_at = $2 WHERE quarantine_id = ANY ($1)")
        .bind(quarantine_ids)
        .bind(Moment(now))
        .execute(pool)
        .await
        .map(|_| ())
        .map_err(StoreError::at("marking a retry"))
}

fn quarantine_row(row: &PgRow) -> QuarantineRow {
    let text = |moment: Moment| moment.0.to_string();
    QuarantineRow {
        quarantine_id: row.get(0),
        received_at: text(row.get(1)),
        times_received: row.get(2),
        samples: row.get(3),
        reason: row.get(4),
        topic: row.get(5),
        detail: row.get(6),
        retried_at: row.get::<Option<Moment>, _>(7).map(text),
        payload_bytes: row.get(8),
        resolved_at: row.get::<Option<Moment>, _>(9).map(text),
        resolved_by: row.get(10),
        resolution: row.get(11),
    }
}
