//! Erase: the transactions in which a device leaves the database, and the proof of every erasure.
//!
//! # Why
//! A daemon remembers devices and series by number. So the rows of all shards are locked first, which lets running
//! writes end and none begin, and the epoch of the device's shard is raised: its owner is fenced at its next write and
//! ends, and whoever is started in its place remembers nothing. No merge and no compaction runs meanwhile, for each is
//! fenced by such a row; no roll does, for the caller is the only roller.
//!
//! Invariant: each count is raised in the transaction that removes what it counts, so a killed erasure that is run
//! again counts nothing twice.

use sqlx::{Connection as _, PgConnection};

use super::erase_worn::{broken_while_worn, forget_wear, take_worn};
use super::manifest::{ArchiveFile, mark_removed};
use super::record::{insert, supersede};
use super::subject::{Worn, not_held};
use crate::faults::{Defect, is_injected};
use crate::model::ids::DeviceId;
use crate::model::people::{AuditAction, PatientId};
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::care::audit::append_within;
use crate::store::hot::{Hold, hold_days};
use crate::store::moment::Moment;

/// Takes the right to write from the daemon that remembers the device.
const FENCE: &str = "UPDATE signal.ingest_shard SET epoch = epoch + 1
                     WHERE shard = (SELECT shard FROM signal.device WHERE device_id = $1)";

/// What an erasure is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erased {
    /// All that a device measured, and the device.
    Device(DeviceId),
    /// What was measured on a patient: what devices measured while the patient wore them.
    Patient(PatientId),
}

impl Erased {
    /// What its proof keeps a digest of.
    fn text(&self) -> String {
        match self {
            Erased::Device(device) => device.as_str().to_owned(),
            Erased::Patient(patient) => patient.0.to_string(),
        }
    }

    /// Which rows of quarantine are of it, or may be: `$1` is its text.
    fn in_quarantine(&self) -> String {
        match self {
            Erased::Device(_) => quarantined("$1"),
            Erased::Patient(_) => broken_while_worn(),
        }
    }
}

/// Rows of quarantine that came from a device, or name it: `device` is SQL for its name. A name in a payload is a whole
/// JSON text.
pub(super) fn quarantined(device: &str) -> String {
    format!(
        "(CASE WHEN topic LIKE 'ht/1/%' THEN split_part(topic, '/', 4) = {device}
               ELSE {device} = ANY (string_to_array(topic, '/')) END
          OR position(convert_to('\"' || {device} || '\"', 'UTF8') IN payload) > 0)"
    )
}

/// How much there is, or was, of what is erased.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Blocks of the hot table.
    pub blocks: u64,
    /// Samples in them.
    pub hot_samples: u64,
    /// Samples in live files.
    pub archived_samples: u64,
    /// Live files that hold some.
    pub files: u64,
    /// Superseded files that may hold some.
    pub deleted_files: u64,
    /// Messages in quarantine.
    pub quarantine_rows: u64,
    /// Its own row and those of its series.
    pub directory_rows: u64,
}

type CountRow = (i64, i64, i64, i64, i64, i64, i64);

impl Counts {
    fn of(row: CountRow) -> Counts {
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        Counts {
            blocks: count(row.0),
            hot_samples: count(row.1),
            archived_samples: count(row.2),
            files: count(row.3),
            deleted_files: count(row.4),
            quarantine_rows: count(row.5),
            directory_rows: count(row.6),
        }
    }
}

/// What the database holds of a device.
pub async fn found_of(connection: &mut PgConnection, device: &DeviceId) -> Result<Counts, StoreError> {
    let row = sqlx::query_as(
        "WITH own AS (SELECT series_id FROM signal.series JOIN signal.device USING (device_key) WHERE device_id = $1),
              held AS (SELECT count(*) AS blocks, coalesce(sum(cardinality(values)), 0)::bigint AS samples
                       FROM signal.block WHERE series_id IN (SELECT series_id FROM own))
         SELECT blocks, samples, 0::bigint, 0::bigint, 0::bigint, 0::bigint,
                (SELECT count(*) FROM own) + (SELECT count(*) FROM signal.device WHERE device_id = $1)
                + (SELECT count(*) FROM care.wear JOIN signal.device USING (device_key) WHERE device_id = $1)
         FROM held",
    );
    let row = row.bind(device.as_str()).fetch_one(connection).await;
    row.map(Counts::of).map_err(StoreError::at("counting what is there of a device"))
}

/// Begins an erasure, or takes up the one that was killed: its number. That of a patient is an event of the audit from
/// here on, before anything is gone.
pub async fn begin_erasure(connection: &mut PgConnection, of: &Erased, now: Timestamp) -> Result<i64, StoreError> {
    let step = StoreError::at("beginning an erasure");
    let column = match of {
        Erased::Device(_) => "device_sha256",
        Erased::Patient(_) => "patient_sha256",
    };
    // A row that stood already has been written over, which xmax tells.
    let query = format!(
        "INSERT INTO signal.erasure (begun_at, {column}, requested_by)
         VALUES ($2, encode(sha256(convert_to($1, 'UTF8')), 'hex'), session_user)
         ON CONFLICT ({column}) WHERE ended_at IS NULL DO UPDATE SET begun_at = erasure.begun_at
         RETURNING erasure_id, xmax = 0"
    );
    let mut transaction = connection.begin().await.map_err(&step)?;
    let (erasure, is_new): (i64, bool) = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(of.text())
        .bind(Moment(now))
        .fetch_one(&mut *transaction)
        .await
        .map_err(&step)?;
    if let (Erased::Patient(patient), true) = (of, is_new) {
        append_within(&mut transaction, AuditAction::Erase, *patient, "signal.sample").await.map_err(&step)?;
    }
    transaction.commit().await.map_err(&step)?;
    Ok(erasure)
}

/// Removes a device with its series and blocks, and fences the daemon that remembers them.
pub async fn erase_hot(connection: &mut PgConnection, erasure: i64, device: &DeviceId) -> Result<(), StoreError> {
    let step = StoreError::at("erasing a device from the database");
    let mut transaction = connection.begin().await.map_err(&step)?;
    for statement in [
        "SELECT FROM signal.ingest_shard ORDER BY shard FOR NO KEY UPDATE",
        "SELECT FROM signal.device WHERE device_id = $1 FOR UPDATE",
        FENCE,
        "WITH gone AS (
             DELETE FROM signal.block WHERE series_id IN (
                 SELECT series_id FROM signal.series JOIN signal.device USING (device_key) WHERE device_id = $1)
             RETURNING cardinality(values) AS samples)
         UPDATE signal.erasure SET blocks = blocks + (SELECT count(*) FROM gone),
                                   hot_samples = hot_samples + (SELECT coalesce(sum(samples), 0) FROM gone)
         WHERE erasure_id = $2",
        "WITH gone AS (
             DELETE FROM signal.series USING signal.device
             WHERE device.device_key = series.device_key AND device_id = $1 RETURNING 1)
         UPDATE signal.erasure SET directory_rows = directory_rows + (SELECT count(*) FROM gone)
         WHERE erasure_id = $2",
        "WITH gone AS (
             DELETE FROM care.wear USING signal.device
             WHERE device.device_key = wear.device_key AND device_id = $1 RETURNING 1)
         UPDATE signal.erasure SET directory_rows = directory_rows + (SELECT count(*) FROM gone)
         WHERE erasure_id = $2",
        // What is told of the wear and of the thing itself; removing a wear was just noted too.
        "DELETE FROM care.wear_event USING signal.device
         WHERE device.device_key = wear_event.device_key AND device_id = $1",
        "DELETE FROM care.device_detail USING signal.device
         WHERE device.device_key = device_detail.device_key AND device_id = $1",
        "WITH gone AS (DELETE FROM signal.device WHERE device_id = $1 RETURNING 1)
         UPDATE signal.erasure SET directory_rows = directory_rows + (SELECT count(*) FROM gone)
         WHERE erasure_id = $2",
    ] {
        if statement == FENCE && is_injected(Defect::EraseUnfenced) {
            continue;
        }
        let mut query = sqlx::query(statement).persistent(false);
        if statement.contains("$1") {
            query = query.bind(device.as_str());
        }
        if statement.contains("$2") {
            query = query.bind(erasure);
        }
        query.execute(&mut *transaction).await.map_err(&step)?;
    }
    if is_injected(Defect::DieInRoll) {
        std::process::abort();
    }
    transaction.commit().await.map_err(&step)
}

/// Removes what is in quarantine of it.
pub async fn erase_quarantine(connection: &mut PgConnection, erasure: i64, of: &Erased) -> Result<(), StoreError> {
    let query = format!(
        "WITH gone AS (DELETE FROM signal.quarantine WHERE {} RETURNING 1)
         UPDATE signal.erasure SET quarantine_rows = quarantine_rows + (SELECT count(*) FROM gone)
         WHERE erasure_id = $2",
        of.in_quarantine()
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(query)).persistent(false).bind(of.text()).bind(erasure);
    query.execute(connection).await.map(drop).map_err(StoreError::at("erasing from the quarantine"))
}

/// How many messages are in quarantine of it.
pub async fn found_in_quarantine(connection: &mut PgConnection, of: &Erased) -> Result<u64, StoreError> {
    let query = format!("SELECT count(*) FROM signal.quarantine WHERE {}", of.in_quarantine());
    let query = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(query)).persistent(false).bind(of.text());
    let found = query.fetch_one(connection).await.map_err(StoreError::at("counting what is in quarantine"))?;
    Ok(u64::try_from(found).unwrap_or(0))
}

/// What takes a live file's place.
#[derive(Debug)]
pub struct Replacement<'a> {
    /// The file that was live until now.
    pub live: &'a ArchiveFile,
    /// The next generation; `None` where nothing else was in it.
    pub file: Option<&'a ArchiveFile>,
    /// How many samples it no longer holds.
    pub samples: u64,
}

/// Records the next generation of a file, and what an erasure has taken from it.
pub async fn replace(
    connection: &mut PgConnection,
    erasure: Option<i64>,
    change: &Replacement<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let step = StoreError::at("recording a file");
    let mut transaction = connection.begin().await.map_err(&step)?;
    let live = change.live;
    hold_days(&mut transaction, &[live.day], Hold::Alone).await?;
    supersede(&mut transaction, &live.metric, live.day, live.generation, now).await?;
    if let Some(file) = change.file {
        insert(&mut transaction, file).await?;
    }
    if let Some(erasure) = erasure {
        let query = "UPDATE signal.erasure SET files = files + 1, archived_samples = archived_samples + $2
                     WHERE erasure_id = $1";
        let samples = i64::try_from(change.samples).unwrap_or(i64::MAX);
        sqlx::query(query).bind(erasure).bind(samples).execute(&mut *transaction).await.map_err(&step)?;
    }
    if is_injected(Defect::DieInRoll) {
        std::process::abort();
    }
    transaction.commit().await.map_err(&step)
}

/// Notes that a file which lay aside was deleted.
pub async fn note_deleted(
    connection: &mut PgConnection,
    erasure: i64,
    name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let step = StoreError::at("noting a deleted file");
    let mut transaction = connection.begin().await.map_err(&step)?;
    mark_removed(&mut transaction, name, now).await?;
    let query = "UPDATE signal.erasure SET deleted_files = deleted_files + 1 WHERE erasure_id = $1";
    sqlx::query(query).bind(erasure).execute(&mut *transaction).await.map_err(&step)?;
    transaction.commit().await.map_err(&step)
}

/// Ends an erasure, and how much it was in all; one that found nothing leaves no row. With that of a patient goes who
/// wore what: it said until now what is to go, so a killed erasure needs it to the end.
pub async fn end_erasure(
    connection: &mut PgConnection,
    erasure: i64,
    of: &Erased,
    worn: &[Worn],
    now: Timestamp,
) -> Result<Counts, StoreError> {
    let step = StoreError::at("ending an erasure");
    let mut transaction = connection.begin().await.map_err(&step)?;
    if let Erased::Patient(patient) = of {
        // What came since the beginning goes too: after this nothing says that it was the patient's.
        not_held(&mut transaction, of).await?;
        take_worn(&mut transaction, erasure, patient, worn).await?;
        erase_quarantine(&mut transaction, erasure, of).await?;
        forget_wear(&mut transaction, erasure, patient, worn).await?;
    }
    let row: CountRow = sqlx::query_as(
        "UPDATE signal.erasure SET ended_at = greatest($2, begun_at) WHERE erasure_id = $1
         RETURNING blocks, hot_samples, archived_samples, files, deleted_files, quarantine_rows, directory_rows",
    )
    .bind(erasure)
    .bind(Moment(now))
    .fetch_one(&mut *transaction)
    .await
    .map_err(&step)?;
    let counts = Counts::of(row);
    if counts == Counts::default() {
        let query = "DELETE FROM signal.erasure WHERE erasure_id = $1";
        sqlx::query(query).bind(erasure).execute(&mut *transaction).await.map_err(&step)?;
    }
    transaction.commit().await.map_err(&step)?;
    Ok(counts)
}
