//! Record: the one transaction in which blocks become a file.
//!
//! It has the day alone (`hot::days`), removes the versions of blocks that the snapshot noted, counts them, replaces
//! the live generation, keeps conflicting values in quarantine, and commits; or nothing of it happens.

use futures_util::{Stream, TryStreamExt as _};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::export::Due;
use super::manifest::ArchiveFile;
use crate::faults::{Defect, crash_point, is_injected};
use crate::model::time::{Day, Timestamp};
use crate::store::StoreError;
use crate::store::hot::{Hold, hold_days};
use crate::store::moment::Moment;
use crate::store::quarantine::{self, Quarantined};
use crate::store::rollup;

/// What takes the place of noted blocks.
#[derive(Debug)]
pub struct Change<'a> {
    /// How many blocks the snapshot noted.
    pub blocks: u64,
    /// The generation that must be live until now.
    pub live: Option<u32>,
    /// The file that becomes live; `None` where the live one holds all of them already.
    pub file: Option<&'a ArchiveFile>,
}

/// How it ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The file is part of the archive.
    Done,
    /// Some block is no longer what the snapshot saw: roll again.
    Changed,
}

/// Records a file and removes the blocks that it holds. What differs from archived values comes in pages.
pub async fn record<E: From<StoreError>>(
    connection: &mut PgConnection,
    due: &Due,
    change: &Change<'_>,
    conflicts: impl Stream<Item = Result<Vec<Quarantined>, E>>,
) -> Result<Recorded, E> {
    let step = StoreError::at("recording a file");
    let mut transaction = connection.begin().await.map_err(&step)?;
    rollup::hold(&mut transaction).await?;
    hold_days(&mut transaction, &[due.day], Hold::Alone).await?;
    let removed = remove(&mut transaction, due).await?;
    if removed != change.blocks && !is_injected(Defect::SkipRecount) && !is_injected(Defect::DeleteByPredicate) {
        transaction.rollback().await.map_err(&step)?;
        return Ok(Recorded::Changed);
    }
    if let Some(file) = change.file {
        if let Some(live) = change.live {
            supersede(&mut transaction, &file.metric, file.day, live, file.written_at).await?;
        }
        insert(&mut transaction, file).await?;
    }
    let first_file = change.file.filter(|_| change.live.is_none()).map(|file| file.name.as_str());
    rollup::keep(&mut transaction, due.day, first_file).await?;
    let mut conflicts = std::pin::pin!(conflicts);
    while let Some(page) = conflicts.try_next().await? {
        quarantine::insert(&mut transaction, &page).await?;
        crash_point();
    }
    crash_point();
    transaction.commit().await.map_err(&step)?;
    Ok(Recorded::Done)
}

/// Removes the noted versions of blocks; how many were still there.
async fn remove(transaction: &mut PgConnection, due: &Due) -> Result<u64, StoreError> {
    let which = if is_injected(Defect::DeleteByPredicate) {
        "block.series_id IN (SELECT series_id FROM pg_temp.rolling_block)"
    } else {
        "EXISTS (SELECT FROM pg_temp.rolling_block AS noted
                 WHERE noted.series_id = block.series_id AND noted.start_at = block.start_at
                   AND noted.written_by = block.xmin)"
    };
    let query =
        format!("DELETE FROM {} AS block WHERE {which} AND start_at >= $1 AND start_at < $2", due.chunk.table());
    sqlx::query(AssertSqlSafe(query))
        .persistent(false)
        .bind(Moment(due.day.start()))
        .bind(Moment(due.day.next().start()))
        .execute(transaction)
        .await
        .map(|done| done.rows_affected())
        .map_err(StoreError::at("removing rolled blocks"))
}

/// Ends the live generation of a metric and day.
pub(super) async fn supersede(
    transaction: &mut PgConnection,
    metric: &str,
    day: Day,
    live: u32,
    at: Timestamp,
) -> Result<(), StoreError> {
    let done = sqlx::query(
        "UPDATE signal.archive_file SET superseded_at = $4
         WHERE metric = $1 AND day = $2::date AND generation = $3 AND superseded_at IS NULL",
    )
    .bind(metric)
    .bind(day.to_string())
    .bind(generation(live))
    .bind(Moment(at))
    .execute(transaction)
    .await
    .map_err(StoreError::at("superseding a file"))?;
    match done.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::BadRow { what: "the live generation of a held day must not change" }),
    }
}

/// Makes a file part of the archive.
pub(super) async fn insert(transaction: &mut PgConnection, file: &ArchiveFile) -> Result<(), StoreError> {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    sqlx::query(
        "INSERT INTO signal.archive_file (written_at, first_start_at, last_start_at, rows, bytes, day, generation,
                                          metric, name, key_id, content, sha256, subject_key_id, wear_change_id,
                                          schema_version)
         VALUES ($1, $2, $3, $4, $5, $6::date, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(Moment(file.written_at))
    .bind(Moment(file.first))
    .bind(Moment(file.last))
    .bind(count(file.rows))
    .bind(count(file.bytes))
    .bind(file.day.to_string())
    .bind(generation(file.generation))
    .bind(&file.metric)
    .bind(&file.name)
    .bind(&file.key_id)
    .bind(&file.content)
    .bind(file.sha256.as_slice())
    .bind(&file.subject_key_id)
    .bind(file.wear_change)
    .bind(i16::try_from(file.version).unwrap_or(i16::MAX))
    .execute(transaction)
    .await
    .map(|_| ())
    .map_err(StoreError::at("recording a file"))
}

fn generation(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
