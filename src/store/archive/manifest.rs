//! The manifest: which files the archive has, and which it had.

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row as _};

use crate::model::time::{Day, Timestamp};
use crate::store::StoreError;
use crate::store::moment::Moment;

pub(super) const COLUMNS: &str = "archive_file.metric, (archive_file.day)::timestamp AT TIME ZONE 'UTC', generation, \
                       archive_file.name, rows, bytes, sha256, content, first_start_at, last_start_at, key_id, \
                       written_at, superseded_at, removed_at, subject_key_id, wear_change_id, \
                       schema_version, revised_to";

/// One file, as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveFile {
    /// What it holds, by name.
    pub metric: String,
    /// Of which day.
    pub day: Day,
    /// Which version of that metric and day, from 1.
    pub generation: u32,
    /// Where it is.
    pub name: String,
    /// Samples.
    pub rows: u64,
    /// Length.
    pub bytes: u64,
    /// Of its bytes.
    pub sha256: [u8; 32],
    /// Of its rows, 32 hexadecimal digits.
    pub content: String,
    /// Start of its earliest sample.
    pub first: Timestamp,
    /// Start of its latest sample.
    pub last: Timestamp,
    /// Which key opens it.
    pub key_id: Option<String>,
    /// Which key made its pseudonyms; `None` where none was given.
    pub subject_key_id: Option<String>,
    /// The last change of wear that was known when its subjects were decided.
    pub wear_change: i64,
    /// Which columns it has.
    pub version: u32,
    /// Up to which number it knows what was superseded and replaced of its metric and day.
    pub revised_to: i64,
    /// When it became part of the archive.
    pub written_at: Timestamp,
    /// When a newer generation took its place.
    pub superseded_at: Option<Timestamp>,
    /// When it was deleted.
    pub removed_at: Option<Timestamp>,
}

/// Which files are asked for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum FileScope {
    /// Those that readers read.
    Live,
    /// Those that are there: live, or superseded and still within the grace.
    Present,
    /// Those that ever were.
    All,
}

/// Files by metric, day and generation.
pub async fn files(connection: &mut PgConnection, scope: FileScope) -> Result<Vec<ArchiveFile>, StoreError> {
    let step = StoreError::at("reading the manifest");
    let which = match scope {
        FileScope::Live => "superseded_at IS NULL",
        FileScope::Present => "removed_at IS NULL",
        FileScope::All => "true",
    };
    let query = format!(
        "SELECT {COLUMNS} FROM signal.archive_file JOIN signal.metric ON metric.name = archive_file.metric
         WHERE {which} ORDER BY metric_id, day, generation"
    );
    let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(connection).await.map_err(step)?;
    rows.iter().map(file).collect()
}

/// True where any file is or was part of the archive.
pub async fn has_files(connection: &mut PgConnection) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM signal.archive_file)")
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("reading the manifest"))
}

/// True where the manifest names this file.
pub async fn is_listed(connection: &mut PgConnection, name: &str) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM signal.archive_file WHERE name = $1)")
        .bind(name)
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("reading the manifest"))
}

/// The live file of one metric and day.
pub async fn live_file(
    connection: &mut PgConnection,
    metric: &str,
    day: Day,
) -> Result<Option<ArchiveFile>, StoreError> {
    let query = format!(
        "SELECT {COLUMNS} FROM signal.archive_file WHERE metric = $1 AND day = $2::date AND superseded_at IS NULL"
    );
    let row = sqlx::query(AssertSqlSafe(query))
        .bind(metric)
        .bind(day.to_string())
        .fetch_optional(connection)
        .await
        .map_err(StoreError::at("reading the manifest"))?;
    row.as_ref().map(file).transpose()
}

/// Records that a superseded file was deleted.
pub async fn mark_removed(connection: &mut PgConnection, name: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE signal.archive_file SET removed_at = greatest($2, superseded_at)
         WHERE name = $1 AND superseded_at IS NOT NULL",
    )
    .bind(name)
    .bind(Moment(now))
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(StoreError::at("noting a deleted file"))
}

pub(super) fn file(row: &PgRow) -> Result<ArchiveFile, StoreError> {
    let bad = StoreError::BadRow { what: "a file of the manifest must be whole" };
    read(row).map_err(StoreError::at("reading the manifest"))?.ok_or(bad)
}

fn read(row: &PgRow) -> Result<Option<ArchiveFile>, sqlx::Error> {
    let count = |place: usize| row.try_get::<i64, _>(place).map(|number| u64::try_from(number).unwrap_or(0));
    let maybe = |place: usize| row.try_get::<Option<Moment>, _>(place).map(|moment| moment.map(|moment| moment.0));
    let moment = |place: usize| row.try_get::<Moment, _>(place).map(|moment| moment.0);
    let Ok(sha256) = row.try_get::<Vec<u8>, _>(6)?.try_into() else { return Ok(None) };
    Ok(Some(ArchiveFile {
        metric: row.try_get(0)?,
        day: moment(1)?.day(),
        generation: u32::try_from(row.try_get::<i32, _>(2)?).unwrap_or(0),
        name: row.try_get(3)?,
        rows: count(4)?,
        bytes: count(5)?,
        sha256,
        content: row.try_get(7)?,
        first: moment(8)?,
        last: moment(9)?,
        key_id: row.try_get(10)?,
        written_at: moment(11)?,
        superseded_at: maybe(12)?,
        removed_at: maybe(13)?,
        subject_key_id: row.try_get(14)?,
        wear_change: row.try_get(15)?,
        version: u32::try_from(row.try_get::<i16, _>(16)?).unwrap_or(0),
        revised_to: row.try_get(17)?,
    }))
}
