//! One transaction: fence, shared days, removals, COPY, quarantine, COMMIT.

use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection, Postgres, Transaction};

use super::copy::{COLUMNS, CopyRows};
use super::days::{Hold, hold_days};
use crate::model::ids::SeriesId;
use crate::model::time::{Day, Timestamp};
use crate::store::StoreError;
use crate::store::moment::Moment;
use crate::store::quarantine::{Quarantined, put_aside};
use crate::store::shard::{Ownership, fence};

/// sqlx copies and flushes whatever one `send` is given: long pieces keep the calls few, and short enough for the
/// cache.
const SEND_BYTES: usize = 256 * 1024;

/// A stored block that a merged one takes the place of.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// Whose.
    pub series: SeriesId,
    /// Which: the blocks of one series never begin together.
    pub start: Timestamp,
}

/// All that one transaction writes.
#[derive(Debug)]
pub struct Write<'a> {
    /// Stored blocks that merged ones take the place of.
    pub removals: &'a [Removal],
    /// New and merged blocks.
    pub rows: &'a CopyRows,
    /// What could not be believed.
    pub quarantined: &'a [Quarantined],
}

/// How long the parts of a transaction took.
#[derive(Copy, Clone, Debug, Default)]
pub struct Timing {
    /// The COPY.
    pub copy: Duration,
    /// The COMMIT.
    pub commit: Duration,
}

/// Begins a lane's transaction: with the right to write the shard, and with the days in which it merges held against
/// compaction. What a merge compares with is read after this, in the same transaction.
pub async fn begin<'c>(
    connection: &'c mut PgConnection,
    own: &Ownership,
    merged: &[Day],
) -> Result<Transaction<'c, Postgres>, StoreError> {
    let mut transaction = connection.begin().await.map_err(StoreError::at("beginning a transaction"))?;
    fence(&mut transaction, own).await?;
    hold_days(&mut transaction, merged, Hold::Shared).await?;
    Ok(transaction)
}

/// Writes all of it or nothing. When this returns `Ok`, it is on disk.
///
/// After an error the outcome may be unknown (the wire was cut during COMMIT): the caller drops the connection and
/// writes the same again by way of a merge.
pub async fn commit(mut transaction: Transaction<'_, Postgres>, write: &Write<'_>) -> Result<Timing, StoreError> {
    remove(&mut transaction, write.removals).await?;
    let began = Instant::now();
    if !write.rows.is_empty() {
        copy(&mut transaction, write.rows).await?;
    }
    let copied = Instant::now();
    put_aside(&mut transaction, write.quarantined).await?;
    let ready = Instant::now();
    transaction.commit().await.map_err(StoreError::at("committing"))?;
    Ok(Timing { copy: copied - began, commit: ready.elapsed() })
}

pub(super) async fn copy(connection: &mut PgConnection, rows: &CopyRows) -> Result<(), StoreError> {
    let step = StoreError::at("copying blocks");
    let statement = format!("COPY signal.block ({COLUMNS}) FROM STDIN (FORMAT binary)");
    let mut stream = connection.copy_in_raw(&statement).await.map_err(&step)?;
    for piece in rows.bytes().chunks(SEND_BYTES) {
        stream.send(piece).await.map_err(&step)?;
    }
    stream.send((-1_i16).to_be_bytes().as_slice()).await.map_err(&step)?;
    stream.finish().await.map(|_| ()).map_err(&step)
}

async fn remove(connection: &mut PgConnection, removals: &[Removal]) -> Result<(), StoreError> {
    let Some(low) = removals.iter().map(|removal| removal.start).min() else { return Ok(()) };
    let high = removals.iter().map(|removal| removal.start).max().unwrap_or(low);
    // The bounds let Postgres leave out every other chunk.
    sqlx::query(
        "DELETE FROM signal.block USING unnest($1::integer[], $2::timestamptz[]) AS gone (series_id, start_at)
         WHERE block.series_id = gone.series_id AND block.start_at = gone.start_at
           AND block.start_at BETWEEN $3 AND $4",
    )
    .bind(removals.iter().map(|removal| removal.series.0).collect::<Vec<_>>())
    .bind(removals.iter().map(|removal| Moment(removal.start)).collect::<Vec<_>>())
    .bind(Moment(low))
    .bind(Moment(high))
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(StoreError::at("removing merged blocks"))
}
