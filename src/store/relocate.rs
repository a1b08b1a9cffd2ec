//! Relocate: devices from one shard to another, by an operator's word.
//!
//! # Why
//! The owner of a device's shard remembers where each of its series ends, and appends without a look at what is stored.
//! So a device may move only together with the right to write: the epoch of the shard that it leaves is raised in the
//! same transaction, and a daemon that remembers the device is fenced off and starts again.

use sqlx::{Connection as _, PgConnection};

use super::StoreError;
use super::directory::find_unknown;
use crate::model::ids::{DeviceId, ShardName};

/// Which devices move.
#[derive(Copy, Clone, Debug)]
pub enum Moving<'a> {
    /// Those of these names.
    Devices(&'a [DeviceId]),
    /// All of a shard.
    AllOf(&'a ShardName),
}

/// What became of a move.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    /// Devices that changed their shard.
    pub moved: u64,
    /// Shards that they left, whose daemons start again.
    pub fenced: Vec<String>,
}

/// Why nothing moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The shard that devices are to move to is not there.
    #[error(
        "no daemon has ever owned shard {shard}: check --to, or start a daemon with ingest.shard = \"{shard}\" first"
    )]
    NoShard {
        /// Its name.
        shard: String,
    },
    /// A device is not registered.
    #[error("{device} is not a device: check its name, or add it with `healthtrack device add`; nothing was moved")]
    NoDevice {
        /// The first such name.
        device: String,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Moves devices to a shard, all or none.
pub async fn move_devices(
    connection: &mut PgConnection,
    moving: Moving<'_>,
    to: &ShardName,
) -> Result<Moved, MoveError> {
    let step = StoreError::at("moving devices to another shard");
    let (names, from): (Vec<&str>, Option<&str>) = match moving {
        Moving::Devices(devices) => (devices.iter().map(DeviceId::as_str).collect(), None),
        Moving::AllOf(shard) => (Vec::new(), Some(shard.as_str())),
    };
    let mut transaction = connection.begin().await.map_err(&step)?;
    // Waits for transactions that write, and keeps others from beginning.
    let shards: Vec<String> =
        sqlx::query_scalar("SELECT shard FROM signal.ingest_shard ORDER BY shard FOR NO KEY UPDATE")
            .fetch_all(&mut *transaction)
            .await
            .map_err(&step)?;
    if !shards.iter().any(|shard| shard == to.as_str()) {
        return Err(MoveError::NoShard { shard: to.as_str().to_owned() });
    }
    let unknown = find_unknown(&mut *transaction, &names).await?;
    if let Some(device) = unknown {
        return Err(MoveError::NoDevice { device });
    }
    let fenced: Vec<String> = sqlx::query_scalar(
        "WITH fenced AS (
             UPDATE signal.ingest_shard SET epoch = epoch + 1
             WHERE shard <> $2 AND (shard = $3 OR shard IN (SELECT shard FROM signal.device WHERE device_id = ANY ($1)))
               AND EXISTS (SELECT FROM signal.device WHERE device.shard = ingest_shard.shard)
             RETURNING shard)
         SELECT shard FROM fenced ORDER BY shard",
    )
    .bind(&names)
    .bind(to.as_str())
    .bind(from)
    .fetch_all(&mut *transaction)
    .await
    .map_err(&step)?;
    let moved = sqlx::query(
        "UPDATE signal.device SET shard = $2
         WHERE (device_id = ANY ($1) OR shard = $3) AND shard IS DISTINCT FROM $2",
    )
    .bind(&names)
    .bind(to.as_str())
    .bind(from)
    .execute(&mut *transaction)
    .await
    .map_err(&step)?
    .rows_affected();
    transaction.commit().await.map_err(&step)?;
    Ok(Moved { moved, fenced })
}
