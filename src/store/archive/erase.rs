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

use super::erase_quarantine::erase_quarantine;
use super::erase_worn::{forget_wear, take_worn};
use super::manifest::{ArchiveFile, mark_removed};
use super::record::{insert, supersede};
use super::scope::{ErasureCountRow, ErasureCounts, ErasureTarget};
use super::subject::not_held;
use super::wear::WearPeriod;
use crate::faults::{Defect, crash_point, is_injected};
use crate::model::ids::DeviceId;
use crate::model::people::AuditAction;
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::care::audit::append_within;
use crate::store::hot::{Hold, hold_days};
use crate::store::moment::Moment;
use crate::store::rollup;

/// Takes the right to write from the daemon that remembers the device.
const FENCE: &str = "UPDATE signal.ingest_shard SET epoch = epoch + 1
                     WHERE shard = (SELECT shard FROM signal.device WHERE device_id = $1)";

/// What the database holds of a device.
pub async fn found_of(connection: &mut PgConnection, device: &DeviceId) -> Result<ErasureCounts, StoreError> {
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
    row.map(ErasureCounts::of).map_err(StoreError::at("counting what is there of a device"))
}

/// Begins an erasure, or takes up the one that was killed: its number. That of a patient is an event of the audit from
/// here on, before anything is gone.
pub async fn begin_erasure(
    connection: &mut PgConnection,
    of: &ErasureTarget,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let step = StoreError::at("beginning an erasure");
    let column = match of {
        ErasureTarget::Device(_) => "device_sha256",
        ErasureTarget::Patient(_) => "patient_sha256",
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
    if let (ErasureTarget::Patient(patient), true) = (of, is_new) {
        append_within(&mut transaction, AuditAction::Erase, *patient, "signal.sample").await.map_err(&step)?;
    }
    transaction.commit().await.map_err(&step)?;
    Ok(erasure)
}

/// Removes a device with its series and blocks, and fences the daemon that remembers them.
pub async fn erase_hot(connection: &mut PgConnection, erasure: i64, device: &DeviceId) -> Result<(), StoreError> {
    let step = StoreError::at("erasing a device from the database");
    let mut transaction = connection.begin().await.map_err(&step)?;
    // First: whoever closes rollups may take long, and nobody writes while the shards are locked.
    rollup::hold(&mut transaction).await?;
    for statement in [
        "SELECT FROM signal.ingest_shard ORDER BY shard FOR NO KEY UPDATE",
        "SELECT FROM signal.device WHERE device_id = $1 FOR UPDATE",
        FENCE,
        // Readers of the feed know it by the digest of its name, which nothing here shows from now on.
        "SELECT signal.note_erased_device(encode(sha256(convert_to(device_id, 'UTF8')), 'hex'))
         FROM signal.device WHERE device_id = $1",
        "WITH gone AS (
             DELETE FROM signal.block WHERE series_id IN (
                 SELECT series_id FROM signal.series JOIN signal.device USING (device_key) WHERE device_id = $1)
             RETURNING cardinality(values) AS samples)
         UPDATE signal.erasure SET blocks = blocks + (SELECT count(*) FROM gone),
                                   hot_samples = hot_samples + (SELECT coalesce(sum(samples), 0) FROM gone)
         WHERE erasure_id = $2",
        // What stood once is the device's too.
        "SELECT signal.erase_superseded(
             ARRAY(SELECT series_id FROM signal.series JOIN signal.device USING (device_key) WHERE device_id = $1),
             NULL, NULL)",
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
    crash_point();
    transaction.commit().await.map_err(&step)
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
    crash_point();
    transaction.commit().await.map_err(&step)
}

/// Records that a superseded file was deleted.
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
    of: &ErasureTarget,
    worn: &[WearPeriod],
    now: Timestamp,
) -> Result<ErasureCounts, StoreError> {
    let step = StoreError::at("ending an erasure");
    let mut transaction = connection.begin().await.map_err(&step)?;
    if let ErasureTarget::Patient(patient) = of {
        // What came since the beginning goes too: after this nothing says that it was the patient's.
        not_held(&mut transaction, of).await?;
        take_worn(&mut transaction, erasure, patient, worn).await?;
    }
    // So does what the erasure's own recovery of the archive has put there.
    erase_quarantine(&mut transaction, erasure, of).await?;
    if let ErasureTarget::Patient(patient) = of {
        forget_wear(&mut transaction, erasure, patient, worn).await?;
    }
    let row: ErasureCountRow = sqlx::query_as(
        "UPDATE signal.erasure SET ended_at = greatest($2, begun_at) WHERE erasure_id = $1
         RETURNING blocks, hot_samples, archived_samples, files, deleted_files, quarantine_rows, directory_rows",
    )
    .bind(erasure)
    .bind(Moment(now))
    .fetch_one(&mut *transaction)
    .await
    .map_err(&step)?;
    let counts = ErasureCounts::of(row);
    if counts == ErasureCounts::default() {
        let query = "DELETE FROM signal.erasure WHERE erasure_id = $1";
        sqlx::query(query).bind(erasure).execute(&mut *transaction).await.map_err(&step)?;
    }
    if let (ErasureTarget::Device(device), true) = (of, counts.directory_rows == 0 && counts.files > 0) {
        // Only the archive knew it, so nothing was noted when its rows were removed.
        let query = "SELECT signal.note_erased_device(encode(sha256(convert_to($1, 'UTF8')), 'hex'))";
        sqlx::query(query).bind(device.as_str()).execute(&mut *transaction).await.map_err(&step)?;
    }
    transaction.commit().await.map_err(&step)?;
    Ok(counts)
}
