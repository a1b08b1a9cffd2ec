//! Devices and series: the database's numbers for their names.

use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::StoreError;
use super::hot::END;
use super::moment::Moment;
use super::shard::Ownership;
use super::writer::Writer;
use crate::model::ids::{DeviceId, DeviceKey, MetricId, SeriesId};
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;

/// What is known of a device that published.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Bound to this shard: its samples may be written.
    Ours(DeviceKey),
    /// Bound to another shard, which has an owner.
    Elsewhere,
    /// Not registered.
    Unknown,
}

/// One row of `device list`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct DeviceRow {
    /// Its name.
    pub device_id: String,
    /// What added it.
    pub added_by: String,
    /// The shard that writes it; none until its first sample.
    pub shard: Option<String>,
    /// How many series it has.
    pub series: i64,
}

/// A series by its parts.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct SeriesKey {
    /// Its device.
    pub device: DeviceKey,
    /// Its metric.
    pub metric: MetricId,
    /// Its statistic.
    pub statistic: Statistic,
}

/// What a writer needs to know of a series before its first block.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct SeriesState {
    /// Its number.
    pub id: SeriesId,
    /// Start of its last stored sample; `None` while it has none.
    pub last: Option<Timestamp>,
}

/// Registers devices that are not there yet; returns how many were new.
pub async fn add_devices(
    pool: &PgPool,
    devices: &[DeviceId],
    added_by: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let names: Vec<&str> = devices.iter().map(DeviceId::as_str).collect();
    sqlx::query(
        "INSERT INTO signal.device (added_at, device_id, added_by)
         SELECT $3, name, $2 FROM unnest($1::text[]) AS name ON CONFLICT (device_id) DO NOTHING",
    )
    .bind(names)
    .bind(added_by)
    .bind(Moment(now))
    .execute(pool)
    .await
    .map(|done| done.rows_affected())
    .map_err(StoreError::at("adding devices"))
}

/// Every device, by name.
pub async fn list_devices(pool: &PgPool) -> Result<Vec<DeviceRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT device_id, added_by, shard, 
                (SELECT count(*) FROM signal.series WHERE series.device_key = device.device_key) AS series
         FROM signal.device ORDER BY device_id",
    )
    .fetch_all(pool)
    .await
    .map_err(StoreError::at("listing devices"))?;
    Ok(rows
        .iter()
        .map(|row| DeviceRow { device_id: row.get(0), added_by: row.get(1), shard: row.get(2), series: row.get(3) })
        .collect())
}

/// Looks devices up for a shard's owner and binds those that no shard has yet.
///
/// A device of a shard without an owner moves here: that shard's epoch is raised in the same transaction, so a daemon
/// that still remembers the device's series there is fenced off. What is learnt here is true for each later transaction
/// of the writer.
pub async fn resolve_devices(
    pool: &PgPool,
    writer: &mut Writer,
    devices: &[DeviceId],
) -> Result<Vec<Known>, StoreError> {
    let step = StoreError::at("looking devices up");
    let names: Vec<&str> = devices.iter().map(DeviceId::as_str).collect();
    let own = writer.own().clone();
    let mut connection = pool.acquire().await.map_err(&step)?;
    let mut transaction = writer.begin(&mut connection).await?;
    sqlx::query("UPDATE signal.device SET shard = $2 WHERE device_id = ANY ($1) AND shard IS NULL")
        .bind(&names)
        .bind(own.shard.as_str())
        .execute(transaction.connection())
        .await
        .map_err(&step)?;
    adopt(transaction.connection(), &own, &names).await.map_err(&step)?;
    let rows: Vec<(Option<i32>, Option<String>)> = sqlx::query_as(
        "SELECT device.device_key, device.shard
         FROM unnest($1::text[]) WITH ORDINALITY AS want (device_id, place)
         LEFT JOIN signal.device USING (device_id) ORDER BY want.place",
    )
    .bind(&names)
    .fetch_all(transaction.connection())
    .await
    .map_err(&step)?;
    transaction.commit().await?;
    Ok(rows
        .into_iter()
        .map(|(key, shard)| match key {
            None => Known::Unknown,
            Some(key) if shard.as_deref() == Some(own.shard.as_str()) => Known::Ours(DeviceKey(key)),
            Some(_) => Known::Elsewhere,
        })
        .collect())
}

/// Moves devices of shards that nobody owns to this shard.
async fn adopt(transaction: &mut PgConnection, own: &Ownership, names: &[&str]) -> Result<(), sqlx::Error> {
    let others: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT shard FROM signal.device WHERE device_id = ANY ($1) AND shard <> $2 ORDER BY shard",
    )
    .bind(names)
    .bind(own.shard.as_str())
    .fetch_all(&mut *transaction)
    .await?;
    for other in others {
        // The lock that a living owner holds; taken for this transaction, it keeps a coming owner waiting.
        let ownerless: bool =
            sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtextextended('healthtrack.shard.' || $1, 0))")
                .bind(&other)
                .fetch_one(&mut *transaction)
                .await?;
        if ownerless {
            sqlx::query("UPDATE signal.ingest_shard SET epoch = epoch + 1 WHERE shard = $1")
                .bind(&other)
                .execute(&mut *transaction)
                .await?;
            sqlx::query("UPDATE signal.device SET shard = $3 WHERE device_id = ANY ($1) AND shard = $2")
                .bind(names)
                .bind(&other)
                .bind(own.shard.as_str())
                .execute(&mut *transaction)
                .await?;
        }
    }
    Ok(())
}

/// Looks series up for writing, in the order asked: creates those that are new, reads where the others end: with the
/// day on which their last block begins, where its own end is not what its columns say.
pub async fn get_or_create_series(
    connection: &mut PgConnection,
    keys: &[SeriesKey],
) -> Result<Vec<SeriesState>, StoreError> {
    let step = StoreError::reading("taking series up");
    let found = find_series(connection, keys).await.map_err(&step)?;
    let missing: Vec<SeriesKey> =
        keys.iter().zip(&found).filter(|(_, state)| state.is_none()).map(|(key, _)| *key).collect();
    if missing.is_empty() {
        return Ok(found.into_iter().flatten().collect());
    }
    sqlx::query(
        "INSERT INTO signal.series (device_key, metric_id, statistic)
         SELECT * FROM unnest($1::integer[], $2::smallint[], $3::text[]) ON CONFLICT DO NOTHING",
    )
    .bind(missing.iter().map(|key| key.device.0).collect::<Vec<_>>())
    .bind(missing.iter().map(|key| key.metric.0).collect::<Vec<_>>())
    .bind(missing.iter().map(|key| key.statistic.text()).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await
    .map_err(&step)?;
    Ok(find_series(connection, keys).await.map_err(&step)?.into_iter().flatten().collect())
}

async fn find_series(
    connection: &mut PgConnection,
    keys: &[SeriesKey],
) -> Result<Vec<Option<SeriesState>>, sqlx::Error> {
    let query = format!(
        "SELECT series.series_id,
                (SELECT {END}
                 FROM signal.block WHERE block.series_id = series.series_id ORDER BY block.start_at DESC LIMIT 1)
         FROM unnest($1::integer[], $2::smallint[], $3::text[]) WITH ORDINALITY
              AS want (device_key, metric_id, statistic, place)
         LEFT JOIN signal.series ON series.device_key = want.device_key AND series.metric_id = want.metric_id
                                AND series.statistic IS NOT DISTINCT FROM want.statistic
         ORDER BY want.place"
    );
    let rows: Vec<(Option<i32>, Option<Moment>)> = sqlx::query_as(AssertSqlSafe(query))
        .bind(keys.iter().map(|key| key.device.0).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.metric.0).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.statistic.text()).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, last)| id.map(|id| SeriesState { id: SeriesId(id), last: last.map(|moment| moment.0) }))
        .collect())
}
