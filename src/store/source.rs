//! Sources: which of them may speak for which device.
//!
//! # Why
//! A payload may name any device, so what a broker lets a client publish says nothing of whose samples they are. A
//! device is spoken for by the source of its own name and by those in `signal.device_source`.
//!
//! Whom a daemon has let speak, it remembers. What takes a right away raises the revision of the writers of the
//! device's shard, which each of their transactions compares (`writer`): the right counts in none that commits later.

use sqlx::postgres::PgPool;
use sqlx::{Connection as _, PgConnection};

use super::StoreError;
use super::moment::Moment;
use crate::model::ids::{DeviceId, DeviceKey};
use crate::model::time::Timestamp;

/// Which right is taken from a source.
#[derive(Copy, Clone, Debug)]
pub enum Disallowing<'a> {
    /// That it speaks for these devices.
    Devices(&'a [DeviceId]),
    /// That it speaks for any but itself.
    All,
}

/// Gives devices that wait for a source to the one that spoke for them first, which comes with each.
pub(super) async fn claim(
    transaction: &mut PgConnection,
    devices: &[DeviceKey],
    sources: &[&str],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "WITH claimed AS (
             UPDATE signal.device SET awaits_source = false
             FROM unnest($1::integer[], $2::text[]) AS first (device_key, source)
             WHERE device.device_key = first.device_key AND awaits_source
             RETURNING device.device_key, device_id, first.source)
         INSERT INTO signal.device_source (allowed_at, device_key, source, allowed_by)
         SELECT $3, device_key, source, 'upgrade' FROM claimed WHERE source <> device_id ON CONFLICT DO NOTHING",
    )
    .bind(keys(devices))
    .bind(sources)
    .bind(Moment(now))
    .execute(transaction)
    .await
    .map(|_| ())
    .map_err(StoreError::at("giving devices to their sources"))
}

/// Those of these pairs of a device and a source that may be: their places.
/// What is learnt here is true for each later transaction of the writer whose transaction it is.
pub(super) async fn allowed(
    transaction: &mut PgConnection,
    devices: &[DeviceKey],
    sources: &[&str],
) -> Result<Vec<usize>, StoreError> {
    let places: Vec<i64> = sqlx::query_scalar(
        "SELECT place - 1
         FROM unnest($1::integer[], $2::text[]) WITH ORDINALITY AS asked (device_key, source, place)
         JOIN signal.device_source USING (device_key, source)",
    )
    .bind(keys(devices))
    .bind(sources)
    .fetch_all(transaction)
    .await
    .map_err(StoreError::at("looking sources up"))?;
    Ok(places.into_iter().filter_map(|place| usize::try_from(place).ok()).collect())
}

/// Lets a source speak for devices; returns for how many it could not before. They wait for no other source any more.
pub async fn allow(pool: &PgPool, source: &DeviceId, devices: &[DeviceId], now: Timestamp) -> Result<u64, StoreError> {
    let new: i64 = sqlx::query_scalar(
        "WITH named AS MATERIALIZED (SELECT device_key, device_id FROM signal.device WHERE device_id = ANY ($1)),
              settled AS (
                  UPDATE signal.device SET awaits_source = false FROM named
                  WHERE device.device_key = named.device_key AND awaits_source),
              new AS (
                  INSERT INTO signal.device_source (allowed_at, device_key, source, allowed_by)
                  SELECT $3, device_key, $2, 'operator' FROM named WHERE device_id <> $2
                  ON CONFLICT (device_key, source) DO NOTHING RETURNING 1)
         SELECT count(*) FROM new",
    )
    .bind(names(devices))
    .bind(source.as_str())
    .bind(Moment(now))
    .fetch_one(pool)
    .await
    .map_err(StoreError::at("letting a source speak for devices"))?;
    Ok(u64::try_from(new).unwrap_or(0))
}

/// Those of these devices for which a source may not speak, as far as that is said of it, by name.
pub async fn find_not_allowed(
    connection: &mut PgConnection,
    source: &DeviceId,
    devices: &[DeviceId],
) -> Result<Vec<String>, StoreError> {
    sqlx::query_scalar(
        "SELECT device_id FROM signal.device
         WHERE device_id = ANY ($1) AND NOT EXISTS (
             SELECT FROM signal.device_source
             WHERE device_source.device_key = device.device_key AND source = $2)
         ORDER BY 1",
    )
    .bind(names(devices))
    .bind(source.as_str())
    .fetch_all(connection)
    .await
    .map_err(StoreError::at("looking sources up"))
}

/// Takes that from it; returns for how many devices. Those that are named wait for no source any more, lest this one
/// be the first.
pub async fn disallow(
    connection: &mut PgConnection,
    source: &DeviceId,
    which: Disallowing<'_>,
) -> Result<u64, StoreError> {
    let step = StoreError::at("taking from a source that it speaks for devices");
    let devices = match which {
        Disallowing::Devices(devices) => Some(names(devices)),
        Disallowing::All => None,
    };
    let mut transaction = connection.begin().await.map_err(&step)?;
    // Before anything else, in the order in which the lanes' own transactions come: what they write may be of it, too.
    sqlx::query(
        "SELECT FROM signal.ingest_writer
         WHERE shard IN (SELECT shard FROM signal.device JOIN signal.device_source USING (device_key)
                         WHERE ($1::text[] IS NULL OR device_id = ANY ($1)) AND source = $2)
         ORDER BY shard, lane FOR NO KEY UPDATE",
    )
    .bind(&devices)
    .bind(source.as_str())
    .execute(&mut *transaction)
    .await
    .map_err(&step)?;
    sqlx::query("UPDATE signal.device SET awaits_source = false WHERE device_id = ANY ($1) AND awaits_source")
        .bind(&devices)
        .execute(&mut *transaction)
        .await
        .map_err(&step)?;
    let gone = sqlx::query(
        "DELETE FROM signal.device_source USING signal.device
         WHERE device.device_key = device_source.device_key AND ($1::text[] IS NULL OR device_id = ANY ($1))
           AND source = $2",
    )
    .bind(&devices)
    .bind(source.as_str())
    .execute(&mut *transaction)
    .await
    .map_err(&step)?
    .rows_affected();
    transaction.commit().await.map_err(&step)?;
    Ok(gone)
}

/// How many devices wait for the next source that names them.
pub async fn waiting(connection: &mut PgConnection) -> Result<u64, StoreError> {
    let waiting: i64 = sqlx::query_scalar("SELECT count(*) FROM signal.device WHERE awaits_source")
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("counting devices that wait for a source"))?;
    Ok(u64::try_from(waiting).unwrap_or(0))
}

/// Lets no device wait any more for the next source that names it; returns how many did.
pub async fn end_waiting(connection: &mut PgConnection) -> Result<u64, StoreError> {
    sqlx::query("UPDATE signal.device SET awaits_source = false WHERE awaits_source")
        .execute(connection)
        .await
        .map(|done| done.rows_affected())
        .map_err(StoreError::at("letting devices wait for no source"))
}

fn keys(devices: &[DeviceKey]) -> Vec<i32> {
    devices.iter().map(|device| device.0).collect()
}

fn names(devices: &[DeviceId]) -> Vec<&str> {
    devices.iter().map(DeviceId::as_str).collect()
}
