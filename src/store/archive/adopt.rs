//! Adopt: the transaction in which a file that no row named becomes the live one of its metric and day.

use futures_util::{Stream, TryStreamExt as _};
use sqlx::{Connection as _, PgConnection};

use super::manifest::ArchiveFile;
use super::record::{insert, supersede};
use crate::faults::crash_point;
use crate::store::StoreError;
use crate::store::hot::{Hold, hold_days};
use crate::store::quarantine::{self, Quarantined};

/// Makes a file live in the place of the one that was, if one was. What differs between the two comes in pages.
pub async fn adopt<E: From<StoreError>>(
    connection: &mut PgConnection,
    live: Option<&ArchiveFile>,
    file: &ArchiveFile,
    conflicts: impl Stream<Item = Result<Vec<Quarantined>, E>>,
) -> Result<(), E> {
    let step = StoreError::at("adopting a file");
    let mut transaction = connection.begin().await.map_err(&step)?;
    hold_days(&mut transaction, &[file.day], Hold::Alone).await?;
    if let Some(live) = live {
        supersede(&mut transaction, &live.metric, live.day, live.generation, file.written_at).await?;
    }
    insert(&mut transaction, file).await?;
    let mut conflicts = std::pin::pin!(conflicts);
    while let Some(page) = conflicts.try_next().await? {
        quarantine::insert(&mut transaction, &page).await?;
    }
    crash_point();
    Ok(transaction.commit().await.map_err(&step)?)
}
