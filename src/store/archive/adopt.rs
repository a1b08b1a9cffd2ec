//! Adopt: the transaction in which a file that no row named becomes the live one of its metric and day.

use std::collections::HashMap;

use futures_util::{Stream, TryStreamExt as _};
use sqlx::{Connection as _, PgConnection};

use super::manifest::ArchiveFile;
use super::record::{Aside, insert, supersede as end_live};
use super::supersede::{SupersededSample, supersede};
use crate::faults::crash_point;
use crate::model::ids::{DeviceId, MetricId};
use crate::store::StoreError;
use crate::store::hot::{Hold, hold_days};
use crate::store::quarantine::{self, Quarantined};

/// The shards that write these devices. Of one that this database does not know, or that nothing has written, it is the
/// only shard; none where there are several.
pub async fn shards_of(
    connection: &mut PgConnection,
    devices: &[DeviceId],
) -> Result<HashMap<DeviceId, String>, StoreError> {
    let names: Vec<&str> = devices.iter().map(DeviceId::as_str).collect();
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT device_id, coalesce(device.shard, sole.shard)
         FROM unnest($1::text[]) AS wanted (device_id) LEFT JOIN signal.device USING (device_id),
              (SELECT CASE WHEN count(*) = 1 THEN min(shard) END AS shard FROM signal.ingest_shard) AS sole
         WHERE coalesce(device.shard, sole.shard) IS NOT NULL",
    )
    .bind(&names)
    .fetch_all(connection)
    .await
    .map_err(StoreError::at("asking which shards write devices"))?;
    let named = |(device, shard): (String, String)| {
        let device = DeviceId::parse(&device);
        Ok((device.map_err(|_| StoreError::BadRow { what: "a device's name must be a name" })?, shard))
    };
    rows.into_iter().map(named).collect()
}

/// Makes a file live in the place of the one that was, if one was. What differs between the two, and what of them
/// stands no longer, comes in pages.
pub async fn adopt<E: From<StoreError>>(
    connection: &mut PgConnection,
    live: Option<&ArchiveFile>,
    (file, metric): (&ArchiveFile, MetricId),
    aside: Aside<impl Stream<Item = Result<Vec<Quarantined>, E>>, impl Stream<Item = Result<Vec<SupersededSample>, E>>>,
) -> Result<(), E> {
    let step = StoreError::at("adopting a file");
    let mut transaction = connection.begin().await.map_err(&step)?;
    hold_days(&mut transaction, &[file.day], Hold::Alone).await?;
    if let Some(live) = live {
        end_live(&mut transaction, &live.metric, live.day, live.generation, file.written_at).await?;
    }
    insert(&mut transaction, file).await?;
    let mut superseded = std::pin::pin!(aside.superseded);
    while let Some(page) = superseded.try_next().await? {
        supersede(&mut transaction, metric, file.revised_to, &page).await?;
    }
    let mut conflicts = std::pin::pin!(aside.conflicts);
    while let Some(page) = conflicts.try_next().await? {
        quarantine::insert(&mut transaction, &page).await?;
    }
    crash_point();
    Ok(transaction.commit().await.map_err(&step)?)
}
