//! Upkeep: rejections are marked as dealt with, and are counted.

use sqlx::postgres::PgPool;
use sqlx::{PgConnection, Row};

use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// Rejections that one statement marks.
const RESOLVED_AT_ONCE: i64 = 10_000;

/// Which open rejections are marked.
#[derive(Clone, Debug, Default)]
pub struct ResolveFilter<'a> {
    /// These; all where there is none.
    pub ids: &'a [i64],
    /// Of one reason.
    pub reason: Option<&'a str>,
    /// Last received before this time.
    pub before: Option<Timestamp>,
}

/// How they were dealt with.
#[derive(Clone, Debug)]
pub struct Resolution<'a> {
    /// By whom; none: the database user.
    pub by: Option<&'a str>,
    /// In their words.
    pub because: &'a str,
    /// When.
    pub at: Timestamp,
}

/// Marks open rejections as dealt with; how many.
pub async fn resolve(pool: &PgPool, which: &ResolveFilter<'_>, how: &Resolution<'_>) -> Result<u64, StoreError> {
    let (mut after, mut resolved) = (0_i64, 0);
    loop {
        // What is being received at this moment stays open, and is not waited for.
        let row = sqlx::query(
            "WITH page AS (
                 SELECT quarantine_id FROM signal.quarantine_rejection
                 WHERE quarantine_id > $1 AND resolved_at IS NULL AND ($2 OR quarantine_id = ANY ($3))
                   AND ($4::text IS NULL OR reason = $4) AND last_received_at < $5
                 ORDER BY quarantine_id LIMIT $6 FOR NO KEY UPDATE SKIP LOCKED),
             done AS (
                 UPDATE signal.quarantine_rejection AS rejection
                 SET resolved_at = $7, resolved_by = coalesce($8, session_user), resolution = $9
                 FROM page WHERE page.quarantine_id = rejection.quarantine_id RETURNING rejection.quarantine_id)
             SELECT count(*), max(quarantine_id) FROM done",
        )
        .bind(after)
        .bind(which.ids.is_empty())
        .bind(which.ids)
        .bind(which.reason)
        .bind(Moment(which.before.unwrap_or(Timestamp::MAX)))
        .bind(RESOLVED_AT_ONCE)
        .bind(Moment(how.at))
        .bind(how.by)
        .bind(how.because)
        .fetch_one(pool)
        .await
        .map_err(StoreError::at("marking rejections as resolved"))?;
        resolved += u64::try_from(row.get::<i64, _>(0)).unwrap_or(0);
        match row.get::<Option<i64>, _>(1) {
            Some(last) => after = last,
            None => return Ok(resolved),
        }
    }
}

/// How full quarantine is.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Fullness {
    /// Rejections that nobody has marked as dealt with.
    pub open_rows: u64,
    /// Rejections that somebody has.
    pub resolved_rows: u64,
    /// Bytes of all payloads.
    pub payload_bytes: u64,
    /// When the oldest came.
    pub oldest: Option<Timestamp>,
}

impl Fullness {
    /// Bytes that count against the cap for the whole: payloads, and what rows and their indexes take.
    pub fn bytes(&self) -> u64 {
        capped_bytes(self.open_rows + self.resolved_rows, self.payload_bytes)
    }
}

impl super::Added {
    /// The same of what was added.
    pub fn bytes(&self) -> u64 {
        capped_bytes(self.rows, self.payload_bytes)
    }
}

fn capped_bytes(rows: u64, payload_bytes: u64) -> u64 {
    /// What a rejection takes beside its payload, with its places in three indexes.
    const ROW_BYTES: u64 = 512;
    rows.saturating_mul(ROW_BYTES).saturating_add(payload_bytes)
}

/// Measures it; reads every row, but no payload.
pub async fn fullness(connection: &mut PgConnection) -> Result<Fullness, StoreError> {
    let row = sqlx::query(
        "SELECT count(*) FILTER (WHERE resolved_at IS NULL), count(resolved_at),
                (SELECT coalesce(sum(payload_bytes), 0)::bigint FROM signal.quarantine_payload), min(received_at)
         FROM signal.quarantine_rejection",
    )
    .fetch_one(connection)
    .await
    .map_err(StoreError::at("measuring the quarantine"))?;
    let count = |column: usize| u64::try_from(row.get::<i64, _>(column)).unwrap_or(0);
    let oldest = row.get::<Option<Moment>, _>(3).map(|moment| moment.0);
    Ok(Fullness { open_rows: count(0), resolved_rows: count(1), payload_bytes: count(2), oldest })
}

/// How many open rejections there are of a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReasonCount {
    /// Stable word.
    pub reason: String,
    /// Rejections.
    pub rows: i64,
}

/// Open rejections by reason, the most common first.
pub async fn reasons(connection: &mut PgConnection) -> Result<Vec<ReasonCount>, StoreError> {
    let rows = sqlx::query(
        "SELECT reason, count(*) FROM signal.quarantine_rejection WHERE resolved_at IS NULL
         GROUP BY reason ORDER BY count(*) DESC, reason",
    )
    .fetch_all(connection)
    .await
    .map_err(StoreError::at("counting reasons"))?;
    Ok(rows.iter().map(|row| ReasonCount { reason: row.get(0), rows: row.get(1) }).collect())
}
