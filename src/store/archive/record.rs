//! Record: the one transaction in which blocks become a file.
//!
//! It has the day alone (`hot::days`), removes the versions of blocks that the snapshot noted, counts them, replaces
//! the live generation, keeps conflicting values in quarantine and superseded ones as such, and commits; or nothing of
//! it happens.

use futures_util::{Stream, TryStreamExt as _};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::export::Due;
use super::manifest::ArchiveFile;
use super::supersede::{self, SupersededSample};
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
    /// What is live from now on.
    pub next: NextFile<'a>,
    /// Up to which number it knows what was superseded and replaced.
    pub revised_to: i64,
    /// When.
    pub at: Timestamp,
}

/// What is live of a metric and day once its blocks are gone.
#[derive(Copy, Clone, Debug)]
pub enum NextFile<'a> {
    /// A new file.
    New(&'a ArchiveFile),
    /// The file that was live before, which holds all that stands.
    Same,
    /// None, since nothing stands any more.
    None,
}

/// What is kept beside the file, in pages.
#[derive(Debug)]
pub struct Aside<C, S> {
    /// What differs from archived samples.
    pub conflicts: C,
    /// What stands no longer.
    pub superseded: S,
}

/// How it ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// The file is part of the archive.
    Done,
    /// Some block is no longer what the snapshot saw: roll again.
    Changed,
}

/// Records a file and removes the blocks that it holds.
pub async fn record<E: From<StoreError>>(
    connection: &mut PgConnection,
    (due, metric): (&Due, &str),
    change: &Change<'_>,
    aside: Aside<impl Stream<Item = Result<Vec<Quarantined>, E>>, impl Stream<Item = Result<Vec<SupersededSample>, E>>>,
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
    let first_file = match (change.next, change.live) {
        (NextFile::New(file), None) => Some(file.name.as_str()),
        _ => None,
    };
    rollup::keep(&mut transaction, due.day, first_file).await?;
    replace_file(&mut transaction, (due, metric), change).await?;
    let mut superseded = std::pin::pin!(aside.superseded);
    while let Some(page) = superseded.try_next().await? {
        supersede::supersede(&mut transaction, due.metric, change.revised_to, &page).await?;
        crash_point();
    }
    let mut conflicts = std::pin::pin!(aside.conflicts);
    while let Some(page) = conflicts.try_next().await? {
        quarantine::insert(&mut transaction, &page).await?;
        crash_point();
    }
    crash_point();
    transaction.commit().await.map_err(&step)?;
    Ok(Recorded::Done)
}

/// Puts what is live from now on in the place of what was.
async fn replace_file(
    transaction: &mut PgConnection,
    (due, metric): (&Due, &str),
    change: &Change<'_>,
) -> Result<(), StoreError> {
    if let (Some(live), NextFile::New(_) | NextFile::None) = (change.live, change.next) {
        supersede(&mut *transaction, metric, due.day, live, change.at).await?;
    }
    match (change.next, change.live) {
        (NextFile::New(file), _) => insert(transaction, file).await,
        (NextFile::Same, Some(live)) => settle(transaction, (metric, due.day, live), change.revised_to).await,
        (NextFile::None, Some(_)) => rollup::forget_day(transaction, due.metric, due.day).await,
        (NextFile::Same | NextFile::None, None) => Ok(()),
    }
}

/// Notes that the live file knows what was said until now: nothing that it would have to be written anew for.
async fn settle(
    transaction: &mut PgConnection,
    (metric, day, live): (&str, Day, u32),
    revised_to: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE signal.archive_file SET revised_to = greatest(revised_to, $4)
         WHERE metric = $1 AND day = $2::date AND generation = $3 AND superseded_at IS NULL",
    )
    .bind(metric)
    .bind(day.to_string())
    .bind(generation(live))
    .bind(revised_to)
    .execute(transaction)
    .await
    .map(drop)
    .map_err(StoreError::at("noting what a file knows"))
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
    let query = format!("DELETE FROM {} AS block WHERE {which} AND start_at >= $1 AND start_at < $2", due.table());
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
                                          schema_version, revised_to)
         VALUES ($1, $2, $3, $4, $5, $6::date, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
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
    .bind(file.revised_to)
    .execute(transaction)
    .await
    .map(|_| ())
    .map_err(StoreError::at("recording a file"))
}

fn generation(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
