//! The record of sessions at the broker: which a shard's daemon has, and which it has left and not drained.
//!
//! Each statement that writes compares the shard's epoch, so that a former owner ends no session of its successor.

use sqlx::postgres::{PgPool, PgRow};
use sqlx::{PgConnection, Row};

use super::StoreError;
use super::moment::Moment;
use super::shard::Ownership;
use crate::model::time::{SECOND_US, Timestamp};

/// The expiry of a session that never expires (MQTT 5, 3.1.2.11.2).
pub const NEVER_S: u32 = u32::MAX;
/// For how long it is remembered that a session was ended.
const REMEMBERED_DAYS: i32 = 90;
/// More sessions than a daemon can leave behind within a session's life.
const SESSIONS_MAX: i64 = 1_000;
const COLUMNS: &str = "shard, broker, client_id, filters, expiry_s, recorded_at, connected_at";

/// A session that the broker may still have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedSession {
    /// Whose.
    pub shard: String,
    /// Where, as in `mqtt://host:1883`; empty where that was never written down.
    pub broker: String,
    /// Its name there.
    pub client_id: String,
    /// What it is subscribed to.
    pub filters: Vec<String>,
    /// How long the broker keeps it without a connection.
    pub expiry_s: u32,
    /// When it was last meant to be connected.
    pub recorded_at: Timestamp,
    /// When it last was.
    pub connected_at: Option<Timestamp>,
}

impl RecordedSession {
    /// Whether the broker has given it up by now.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        let last = self.connected_at.map_or(self.recorded_at, |connected| connected.max(self.recorded_at));
        self.expiry_s != NEVER_S && now.micros_since(last) > i64::from(self.expiry_s) * SECOND_US
    }
}

/// The sessions of a shard that are not ended, and those of a database that wrote no broker down.
pub async fn open_sessions(pool: &PgPool, own: &Ownership) -> Result<Vec<RecordedSession>, StoreError> {
    let query = format!(
        "SELECT {COLUMNS} FROM signal.mqtt_session WHERE shard = $1 AND ended_at IS NULL
         ORDER BY broker, client_id LIMIT {SESSIONS_MAX}"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query)).bind(own.shard.as_str()).fetch_all(pool).await;
    rows.and_then(|rows| rows.iter().map(read).collect()).map_err(StoreError::at("reading the sessions of the shard"))
}

/// Those of every shard, each with whether a daemon owns the shard now.
pub async fn all_open_sessions(connection: &mut PgConnection) -> Result<Vec<(RecordedSession, bool)>, StoreError> {
    // A session lock on a 64-bit key shows as two halves.
    let query = format!(
        "SELECT {COLUMNS}, EXISTS (
             SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND (classid::bigint << 32 | objid::bigint) = hashtextextended('healthtrack.shard.' || shard, 0))
         FROM signal.mqtt_session WHERE ended_at IS NULL ORDER BY shard, broker, client_id LIMIT {SESSIONS_MAX}"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(connection).await;
    let read = |row: &PgRow| Ok((read(row)?, row.try_get(7)?));
    rows.and_then(|rows| rows.iter().map(read).collect()).map_err(StoreError::at("reading the sessions of all shards"))
}

/// Records a session with its filters, before it is connected or once it has other filters. A row of the same name
/// whose broker was never written down is this one.
pub async fn record_session(pool: &PgPool, own: &Ownership, session: &RecordedSession) -> Result<(), StoreError> {
    let step = StoreError::at("recording a session");
    let mut transaction = pool.begin().await.map_err(&step)?;
    super::shard::fence(&mut transaction, own).await?;
    sqlx::query("DELETE FROM signal.mqtt_session WHERE shard = $1 AND broker = '' AND client_id = $2")
        .bind(own.shard.as_str())
        .bind(&session.client_id)
        .execute(&mut *transaction)
        .await
        .map_err(&step)?;
    sqlx::query(
        "INSERT INTO signal.mqtt_session (recorded_at, expiry_s, shard, broker, client_id, filters)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT ON CONSTRAINT mqtt_session_pkey DO UPDATE
             SET recorded_at = excluded.recorded_at, filters = excluded.filters,
                 -- Until the next connection the former one's counts.
                 expiry_s = CASE WHEN mqtt_session.ended_at IS NULL THEN mqtt_session.expiry_s
                                 ELSE excluded.expiry_s END,
                 connected_at = CASE WHEN mqtt_session.ended_at IS NULL THEN mqtt_session.connected_at END,
                 ended_at = NULL",
    )
    .bind(Moment(session.recorded_at))
    .bind(i64::from(session.expiry_s))
    .bind(own.shard.as_str())
    .bind(&session.broker)
    .bind(&session.client_id)
    .bind(&session.filters)
    .execute(&mut *transaction)
    .await
    .map_err(&step)?;
    transaction.commit().await.map_err(&step)
}

/// Notes that a session was connected, and how long the broker keeps it.
pub async fn note_connected(
    pool: &PgPool,
    own: &Ownership,
    (broker, client_id): (&str, &str),
    expiry_s: u32,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE signal.mqtt_session SET connected_at = $4, expiry_s = $5
         WHERE shard = $1 AND broker = $2 AND client_id = $3
           AND EXISTS (SELECT FROM signal.ingest_shard WHERE shard = $1 AND epoch = $6)",
    )
    .bind(own.shard.as_str())
    .bind(broker)
    .bind(client_id)
    .bind(Moment(at))
    .bind(i64::from(expiry_s))
    .bind(own.epoch.0)
    .execute(pool)
    .await
    .map(drop)
    .map_err(StoreError::at("noting that a session is connected"))
}

/// Notes that a session has ended, and forgets those that ended long ago.
pub async fn end_session(
    pool: &PgPool,
    own: &Ownership,
    (broker, client_id): (&str, &str),
    at: Timestamp,
) -> Result<(), StoreError> {
    let step = StoreError::at("noting that a session has ended");
    let mut transaction = pool.begin().await.map_err(&step)?;
    super::shard::fence(&mut transaction, own).await?;
    sqlx::query("UPDATE signal.mqtt_session SET ended_at = $4 WHERE shard = $1 AND broker = $2 AND client_id = $3")
        .bind(own.shard.as_str())
        .bind(broker)
        .bind(client_id)
        .bind(Moment(at))
        .execute(&mut *transaction)
        .await
        .map_err(&step)?;
    sqlx::query("DELETE FROM signal.mqtt_session WHERE shard = $1 AND ended_at < $2 - make_interval(days => $3)")
        .bind(own.shard.as_str())
        .bind(Moment(at))
        .bind(REMEMBERED_DAYS)
        .execute(&mut *transaction)
        .await
        .map_err(&step)?;
    transaction.commit().await.map_err(&step)
}

fn read(row: &PgRow) -> Result<RecordedSession, sqlx::Error> {
    let expiry_s: i64 = row.try_get(4)?;
    Ok(RecordedSession {
        shard: row.try_get(0)?,
        broker: row.try_get(1)?,
        client_id: row.try_get(2)?,
        filters: row.try_get(3)?,
        expiry_s: u32::try_from(expiry_s).unwrap_or(NEVER_S),
        recorded_at: row.try_get::<Moment, _>(5)?.0,
        connected_at: row.try_get::<Option<Moment>, _>(6)?.map(|moment| moment.0),
    })
}
