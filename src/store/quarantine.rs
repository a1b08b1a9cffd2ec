//! Quarantine: messages that were rejected, as a whole or in part: kept with their reason, listed, shown, and retried.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sqlx::postgres::{PgPool, PgRow};
use sqlx::{PgConnection, Row};

use super::StoreError;
use super::moment::Moment;
use crate::model::time::Timestamp;

/// One row to be inserted into `signal.quarantine`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// When it came.
    pub received_at: Timestamp,
    /// MQTT topic.
    pub topic: String,
    /// MQTT 5 content type.
    pub content_type: Option<String>,
    /// Stable word.
    pub reason: &'static str,
    /// One sentence for a person.
    pub detail: String,
    /// How many samples the rejected part holds.
    pub samples: u64,
    /// The whole message.
    pub payload: bytes::Bytes,
}

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

/// Writes rows within the caller's transaction, all in one statement; the same bytes for the same reason are counted,
/// not kept twice.
pub(super) async fn insert(connection: &mut PgConnection, rows: &[Quarantined]) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    // One statement may touch a row once, so repetitions within it are counted here.
    let mut first: HashMap<(&[u8], &str, &str), usize> = HashMap::new();
    let (mut kept, mut times): (Vec<&Quarantined>, Vec<i64>) = (Vec::new(), Vec::new());
    for row in rows {
        match first.entry((row.payload.as_ref(), &row.topic, row.reason)) {
            Entry::Occupied(at) => times.get_mut(*at.get()).into_iter().for_each(|times| *times += 1),
            Entry::Vacant(new) => {
                new.insert(kept.len());
                kept.push(row);
                times.push(1);
            }
        }
    }
    let column = |text: fn(&Quarantined) -> &str| kept.iter().map(|row| text(row)).collect::<Vec<_>>();
    sqlx::query(
        "INSERT INTO signal.quarantine (received_at, last_received_at, times_received, samples, topic, reason, detail,
                                        content_type, payload)
         SELECT received_at, received_at, times, samples, topic, reason, detail, content_type, payload
         FROM unnest($1::timestamptz[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::bytea[]) AS new (received_at, times, samples, topic, reason, detail, content_type, payload)
         ON CONFLICT (sha256(payload), md5(topic), reason) DO UPDATE SET
             times_received = quarantine.times_received + excluded.times_received,
             last_received_at = greatest(quarantine.last_received_at, excluded.last_received_at),
             samples = greatest(quarantine.samples, excluded.samples)",
    )
    .bind(kept.iter().map(|row| Moment(row.received_at)).collect::<Vec<_>>())
    .bind(times)
    .bind(kept.iter().map(|row| i64::try_from(row.samples).unwrap_or(i64::MAX)).collect::<Vec<_>>())
    .bind(column(|row| &row.topic))
    .bind(column(|row| row.reason))
    .bind(column(|row| &row.detail))
    .bind(kept.iter().map(|row| row.content_type.as_deref()).collect::<Vec<_>>())
    .bind(kept.iter().map(|row| row.payload.as_ref()).collect::<Vec<_>>())
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(StoreError::at("putting messages into quarantine"))
}

/// The newest rows, optionally of one reason.
pub async fn list(pool: &PgPool, reason: Option<&str>, limit: i64) -> Result<Vec<QuarantineRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT quarantine_id, received_at, times_received, samples, reason, topic, detail, retried_at, length(payload)
         FROM signal.quarantine WHERE $1::text IS NULL OR reason = $1 ORDER BY quarantine_id DESC LIMIT $2",
    )
    .bind(reason)
    .bind(limit)
    .fetch_all(pool)
    .await
    .map_err(StoreError::at("listing the quarantine"))?;
    Ok(rows.iter().map(quarantine_row).collect())
}

/// One row.
pub async fn show(pool: &PgPool, quarantine_id: i64) -> Result<Option<(QuarantineRow, Vec<u8>)>, StoreError> {
    let row = sqlx::query(
        "SELECT quarantine_id, received_at, times_received, samples, reason, topic, detail, retried_at, length(payload),
                payload
         FROM signal.quarantine WHERE quarantine_id = $1",
    )
    .bind(quarantine_id)
    .fetch_optional(pool)
    .await
    .map_err(StoreError::at("reading the quarantine"))?;
    Ok(row.map(|row| (quarantine_row(&row), row.get(9))))
}

/// How many messages there are to retry, and the number of the newest: what comes later is another retry's.
pub async fn retry_extent(pool: &PgPool, only: Option<i64>, reason: Option<&str>) -> Result<(u64, i64), StoreError> {
    let (count, newest): (i64, i64) = sqlx::query_as(
        "SELECT count(*), coalesce(max(quarantine_id), 0) FROM signal.quarantine
         WHERE ($1::bigint IS NULL OR quarantine_id = $1) AND ($2::text IS NULL OR reason = $2)",
    )
    .bind(only)
    .bind(reason)
    .fetch_one(pool)
    .await
    .map_err(StoreError::at("reading the quarantine"))?;
    Ok((u64::try_from(count).unwrap_or(0), newest))
}

/// Messages to retry: one, or all of one reason, after a given number; at most `limit`, in order.
pub async fn to_retry(
    pool: &PgPool,
    only: Option<i64>,
    reason: Option<&str>,
    after: i64,
    limit: i64,
) -> Result<Vec<KeptMessage>, StoreError> {
    let rows = sqlx::query(
        "SELECT quarantine_id, topic, content_type, payload FROM signal.quarantine
         WHERE quarantine_id > $3 AND ($1::bigint IS NULL OR quarantine_id = $1) AND ($2::text IS NULL OR reason = $2)
         ORDER BY quarantine_id LIMIT $4",
    )
    .bind(only)
    .bind(reason)
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
    sqlx::query("UPDATE signal.quarantine SET retried_at = $2 WHERE quarantine_id = ANY ($1)")
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
    }
}
