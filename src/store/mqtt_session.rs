//! The record of sessions at the broker: which a shard's daemon has, and which it has left and not drained.
//!
//! Each statement that writes compares the shard's epoch, so that a former owner ends no session of its successor.

use std::collections::HashSet;
use std::time::Duration;

use sqlx::postgres::{PgPool, PgRow};
use sqlx::{PgConnection, Row};

use super::StoreError;
use super::moment::Moment;
use super::shard::Ownership;
use crate::model::ids::ShardName;
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

/// A filter that a broker has granted to a session of another shard, and that it means to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantedFilter {
    /// Whose session.
    pub shard: String,
    /// Its name.
    pub client_id: String,
    /// The filter.
    pub filter: String,
    /// Since when its connection has it, by its daemon's clock: another connection, another grant.
    pub since: Option<Timestamp>,
}

/// What is known of a session's present connection, or of its last.
#[derive(Clone, Debug)]
pub struct Connection<'a> {
    /// When it last was connected.
    pub at: Timestamp,
    /// How long the broker keeps it without a connection.
    pub expiry_s: u32,
    /// Which filters the connection was granted; none where it has ended.
    pub granted: &'a [String],
    /// When.
    pub granted_at: Option<Timestamp>,
    /// A moment since then at which it lived for certain, by the database's clock.
    pub proved_at: Option<Timestamp>,
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

/// What sessions of other shards are granted at a broker and mean to keep, and how long ago each was connected for
/// certain. Nothing of a session whose client id is one of `ours`.
pub async fn grants_of_others(
    pool: &PgPool,
    own: &ShardName,
    broker: &str,
    ours: &[String],
) -> Result<Vec<(GrantedFilter, Option<Duration>)>, StoreError> {
    let rows = sqlx::query(
        "SELECT shard, client_id, filter, granted_at,
                extract(epoch FROM clock_timestamp() - proved_at)::double precision
         FROM signal.mqtt_session, unnest(granted) AS filter
         WHERE shard <> $1 AND broker = $2 AND client_id <> ALL ($3) AND ended_at IS NULL
         ORDER BY proved_at DESC NULLS LAST, shard, client_id, filter LIMIT $4",
    )
    .bind(own.as_str())
    .bind(broker)
    .bind(ours)
    .bind(SESSIONS_MAX)
    .fetch_all(pool)
    .await;
    let read = |row: &PgRow| {
        let age_s: Option<f64> = row.try_get(4)?;
        let grant = GrantedFilter {
            shard: row.try_get(0)?,
            client_id: row.try_get(1)?,
            filter: row.try_get(2)?,
            since: row.try_get::<Option<Moment>, _>(3)?.map(|moment| moment.0),
        };
        Ok((grant, age_s.and_then(|age_s| Duration::try_from_secs_f64(age_s).ok())))
    };
    rows.and_then(|rows| rows.iter().map(read).collect())
        .map_err(StoreError::at("reading what other shards have subscribed to"))
}

/// Those, by broker and client id, which are open sessions of another shard as well.
pub async fn names_of_others(pool: &PgPool, own: &Ownership) -> Result<HashSet<(String, String)>, StoreError> {
    let names: Vec<(String, String)> = sqlx::query_as(
        "SELECT broker, client_id FROM signal.mqtt_session WHERE shard = $1 AND ended_at IS NULL
         INTERSECT
         SELECT broker, client_id FROM signal.mqtt_session WHERE shard <> $1 AND ended_at IS NULL
         LIMIT $2",
    )
    .bind(own.shard.as_str())
    .bind(SESSIONS_MAX)
    .fetch_all(pool)
    .await
    .map_err(StoreError::at("reading the sessions of other shards"))?;
    Ok(names.into_iter().collect())
}

/// Notes that a session means to keep none of its filters.
pub async fn leave_session(
    pool: &PgPool,
    own: &Ownership,
    (broker, client_id): (&str, &str),
) -> Result<(), StoreError> {
    let step = StoreError::at("noting that a session is left");
    let mut transaction = pool.begin().await.map_err(&step)?;
    super::shard::fence(&mut transaction, own).await?;
    sqlx::query("UPDATE signal.mqtt_session SET granted = '{}' WHERE shard = $1 AND broker = $2 AND client_id = $3")
        .bind(own.shard.as_str())
        .bind(broker)
        .bind(client_id)
        .execute(&mut *transaction)
        .await
        .map_err(&step)?;
    transaction.commit().await.map_err(&step)
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

/// Records a session with its filters, before it is connected or once it has other filters; of those that were granted,
/// the `kept` ones stay so. A row of the same name whose broker was never written down is this one.
pub async fn record_session(
    pool: &PgPool,
    own: &Ownership,
    session: &RecordedSession,
    kept: &[String],
) -> Result<(), StoreError> {
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
                 granted = ARRAY(SELECT unnest(mqtt_session.granted) INTERSECT SELECT unnest($7)),
                 -- Of its connection nothing is known here.
                 proved_at = NULL, ended_at = NULL",
    )
    .bind(Moment(session.recorded_at))
    .bind(i64::from(session.expiry_s))
    .bind(own.shard.as_str())
    .bind(&session.broker)
    .bind(&session.client_id)
    .bind(&session.filters)
    .bind(kept)
    .execute(&mut *transaction)
    .await
    .map_err(&step)?;
    transaction.commit().await.map_err(&step)
}

/// Notes what is known of a session's connection; returns the database's time, none where the shard has another owner.
pub async fn note_connected(
    pool: &PgPool,
    own: &Ownership,
    (broker, client_id): (&str, &str),
    connection: &Connection<'_>,
) -> Result<Option<Timestamp>, StoreError> {
    let noted: Option<Moment> = sqlx::query_scalar(
        "UPDATE signal.mqtt_session
         SET connected_at = $4, expiry_s = $5, granted = $7, granted_at = $8, proved_at = $9
         WHERE shard = $1 AND broker = $2 AND client_id = $3
           AND EXISTS (SELECT FROM signal.ingest_shard WHERE shard = $1 AND epoch = $6)
         RETURNING clock_timestamp()",
    )
    .bind(own.shard.as_str())
    .bind(broker)
    .bind(client_id)
    .bind(Moment(connection.at))
    .bind(i64::from(connection.expiry_s))
    .bind(own.epoch.0)
    .bind(connection.granted)
    .bind(connection.granted_at.map(Moment))
    .bind(connection.proved_at.map(Moment))
    .fetch_optional(pool)
    .await
    .map_err(StoreError::at("noting that a session is connected"))?;
    Ok(noted.map(|moment| moment.0))
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
    sqlx::query(
        "UPDATE signal.mqtt_session SET ended_at = $4, granted = '{}'
         WHERE shard = $1 AND broker = $2 AND client_id = $3",
    )
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
