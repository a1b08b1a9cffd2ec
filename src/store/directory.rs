//! Devices and series: the database's numbers for their names.

use std::collections::HashMap;

use sqlx::postgres::{PgPool, PgRow};
use sqlx::{PgConnection, PgExecutor, Row};

use super::StoreError;
use super::hot::ends;
use super::moment::Moment;
use super::shard::Ownership;
use crate::model::ids::{DeviceId, DeviceKey, MetricId, SeriesId};
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;

/// What is known of a device that published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Bound to this shard: its samples may be written.
    Ours(DeviceKey),
    /// The same, and from before sources were told apart: it waits for the first that speaks for it.
    Unclaimed(DeviceKey),
    /// Bound to the shard of this name, until an operator moves it.
    Elsewhere(String),
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
    /// Whether the next source that names it may speak for it, since it is older than that rule.
    pub awaits_source: bool,
    /// The sources that may speak for it beside itself, by name.
    pub sources: Vec<AllowedSource>,
}

/// A source that may speak for a device.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AllowedSource {
    /// Its name.
    pub source: String,
    /// What allowed it.
    pub allowed_by: String,
    /// Since when.
    pub allowed_at: String,
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
    /// None of its stored samples begins after this; `None` while it has none.
    pub last: Option<Timestamp>,
}

/// Lets the statements of this transaction find many rows by index: the planner would rather read a table of a million
/// from end to end than look ten thousand up.
pub(super) async fn prefer_indexes(transaction: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("SET LOCAL enable_seqscan = off").execute(transaction).await.map(|_| ())
}

/// Registers devices that are not there yet; returns how many were new.
pub async fn add_devices<'e>(
    executor: impl PgExecutor<'e>,
    devices: &[DeviceId],
    added_by: &str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let names: Vec<&str> = devices.iter().map(DeviceId::as_str).collect();
    sqlx::query(
        "INSERT INTO signal.device (added_at, device_id, added_by)
         SELECT $3, name, $2 FROM unnest($1::text[]) AS name
         -- Each row that is tried takes a number, also where it conflicts.
         WHERE NOT EXISTS (SELECT FROM signal.device WHERE device_id = name) ON CONFLICT (device_id) DO NOTHING",
    )
    .bind(names)
    .bind(added_by)
    .bind(Moment(now))
    .execute(executor)
    .await
    .map(|done| done.rows_affected())
    .map_err(StoreError::at("adding devices"))
}

/// Every device, by name.
pub async fn list_devices(pool: &PgPool) -> Result<Vec<DeviceRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT device_id, added_by, shard,
                (SELECT count(*) FROM signal.series WHERE series.device_key = device.device_key) AS series,
                awaits_source, sources, allowed_by, allowed_at
         FROM signal.device CROSS JOIN LATERAL (
                  SELECT coalesce(array_agg(source ORDER BY source), '{}') AS sources,
                         coalesce(array_agg(allowed_by ORDER BY source), '{}') AS allowed_by,
                         coalesce(array_agg(allowed_at ORDER BY source), '{}') AS allowed_at
                  FROM signal.device_source WHERE device_source.device_key = device.device_key) AS allowed
         ORDER BY device_id",
    )
    .fetch_all(pool)
    .await
    .map_err(StoreError::at("listing devices"))?;
    let sources = |row: &PgRow| {
        let (sources, allowed_by): (Vec<String>, Vec<String>) = (row.get(5), row.get(6));
        let columns = sources.into_iter().zip(allowed_by).zip(row.get::<Vec<Moment>, _>(7));
        let source = |((source, allowed_by), at): ((String, String), Moment)| AllowedSource {
            source,
            allowed_by,
            allowed_at: at.0.to_string(),
        };
        columns.map(source).collect()
    };
    Ok(rows
        .iter()
        .map(|row| DeviceRow {
            device_id: row.get(0),
            added_by: row.get(1),
            shard: row.get(2),
            series: row.get(3),
            awaits_source: row.get(4),
            sources: sources(row),
        })
        .collect())
}

/// The first of these devices, by name, that nobody has added.
pub async fn find_unknown<'e>(executor: impl PgExecutor<'e>, devices: &[&str]) -> Result<Option<String>, StoreError> {
    sqlx::query_scalar(
        "SELECT name FROM unnest($1::text[]) AS name
         WHERE NOT EXISTS (SELECT FROM signal.device WHERE device_id = name) ORDER BY name LIMIT 1",
    )
    .bind(devices)
    .fetch_optional(executor)
    .await
    .map_err(StoreError::at("looking devices up"))
}

/// Looks devices up for a shard's owner and binds those that no shard has yet. One of another shard stays there, also
/// while nobody owns that shard: who publishes at the wrong shard, or too early, must not take a device with it.
/// What is learnt here is true for each later transaction of the writer whose transaction it is.
pub async fn resolve_devices(
    transaction: &mut PgConnection,
    own: &Ownership,
    devices: &[DeviceId],
) -> Result<Vec<Known>, StoreError> {
    let step = StoreError::at("looking devices up");
    let names: Vec<&str> = devices.iter().map(DeviceId::as_str).collect();
    prefer_indexes(transaction).await.map_err(&step)?;
    let mut found = find_devices(transaction, own, &names).await.map_err(&step)?;
    if found.values().any(|(_, bound)| *bound == Bound::Nowhere) {
        sqlx::query("UPDATE signal.device SET shard = $2 WHERE device_id = ANY ($1) AND shard IS NULL")
            .bind(&names)
            .bind(own.shard.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(&step)?;
        found = find_devices(transaction, own, &names).await.map_err(&step)?;
    }
    let known = |name: &&str| match found.remove(*name) {
        Some((key, Bound::Here)) => Known::Ours(key),
        Some((key, Bound::HereUnclaimed)) => Known::Unclaimed(key),
        Some((_, Bound::Elsewhere(shard))) => Known::Elsewhere(shard),
        // Bound by nobody: it was added between the two looks.
        Some((_, Bound::Nowhere)) | None => Known::Unknown,
    };
    Ok(names.iter().map(known).collect())
}

/// Which shard writes a device.
#[derive(Debug, PartialEq, Eq)]
enum Bound {
    Nowhere,
    Here,
    HereUnclaimed,
    Elsewhere(String),
}

/// Those of these devices that are there, by name.
async fn find_devices(
    transaction: &mut PgConnection,
    own: &Ownership,
    names: &[&str],
) -> Result<HashMap<String, (DeviceKey, Bound)>, sqlx::Error> {
    let rows: Vec<(String, i32, bool, bool, Option<String>)> = sqlx::query_as(
        "SELECT device_id, device_key, awaits_source, shard IS NULL, nullif(shard, $2)
         FROM signal.device WHERE device_id = ANY ($1)",
    )
    .bind(names)
    .bind(own.shard.as_str())
    .fetch_all(transaction)
    .await?;
    let bound = |is_unclaimed, is_nowhere, other: Option<String>| match other {
        Some(shard) => Bound::Elsewhere(shard),
        None if is_nowhere => Bound::Nowhere,
        None if is_unclaimed => Bound::HereUnclaimed,
        None => Bound::Here,
    };
    let row =
        |(name, key, is_unclaimed, is_nowhere, other)| (name, (DeviceKey(key), bound(is_unclaimed, is_nowhere, other)));
    Ok(rows.into_iter().map(row).collect())
}

/// Looks series up for writing, in the order asked: creates those that are new, reads where the others end: with the
/// day on which their last block begins, where its own end is not what its columns say.
pub async fn get_or_create_series(
    connection: &mut PgConnection,
    keys: &[SeriesKey],
    now: Timestamp,
) -> Result<Vec<SeriesState>, StoreError> {
    let step = StoreError::reading("taking series up");
    let there = find_series(connection, keys).await.map_err(&step)?;
    let missing: Vec<SeriesKey> = keys.iter().zip(&there).filter(|(_, id)| id.is_none()).map(|(key, _)| *key).collect();
    let (mut found, mut is_new) = (there.clone(), true);
    if !missing.is_empty() {
        let made = create_series(connection, &missing).await.map_err(&step)?;
        found = find_series(connection, keys).await.map_err(&step)?;
        // One that somebody else has made meanwhile may have samples.
        is_new = usize::try_from(made).is_ok_and(|made| made == missing.len());
    }
    let has_none = |there: &Option<SeriesId>| there.is_none() && is_new;
    let known = found.iter().zip(&there).filter(|(_, there)| !has_none(there)).filter_map(|(id, _)| *id);
    let known: Vec<SeriesId> = known.collect();
    let mut ends = ends(connection, &known, now).await.map_err(&step)?.into_iter();
    let state = |(id, there)| Some(SeriesState { id: id?, last: if has_none(there) { None } else { ends.next() } });
    Ok(found.into_iter().zip(&there).filter_map(state).collect())
}

async fn find_series(connection: &mut PgConnection, keys: &[SeriesKey]) -> Result<Vec<Option<SeriesId>>, sqlx::Error> {
    let found: Vec<Option<i32>> = sqlx::query_scalar(
        "SELECT series.series_id
         FROM unnest($1::integer[], $2::smallint[], $3::text[]) WITH ORDINALITY
              AS want (device_key, metric_id, statistic, place)
         -- Each by index: a join of so many might read the whole table.
         LEFT JOIN LATERAL (SELECT series_id FROM signal.series
                            WHERE series.device_key = want.device_key AND series.metric_id = want.metric_id
                              AND series.statistic IS NOT DISTINCT FROM want.statistic LIMIT 1) AS series ON true
         ORDER BY want.place",
    )
    .bind(keys.iter().map(|key| key.device.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.metric.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.statistic.text()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    Ok(found.into_iter().map(|id| id.map(SeriesId)).collect())
}

/// Creates series; how many were new.
async fn create_series(connection: &mut PgConnection, keys: &[SeriesKey]) -> Result<u64, sqlx::Error> {
    sqlx::query(
        "INSERT INTO signal.series (device_key, metric_id, statistic)
         SELECT * FROM unnest($1::integer[], $2::smallint[], $3::text[]) ON CONFLICT DO NOTHING",
    )
    .bind(keys.iter().map(|key| key.device.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.metric.0).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.statistic.text()).collect::<Vec<_>>())
    .execute(connection)
    .await
    .map(|done| done.rows_affected())
}
