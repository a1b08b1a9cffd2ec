//! Subject: which files name people who are no longer the right ones, and whom the law lets nobody erase.

use sqlx::{AssertSqlSafe, PgConnection};

use super::manifest::{ArchiveFile, COLUMNS, file};
use super::scope::ErasureTarget;
use super::wear::sees_all;
use crate::model::people::PatientId;
use crate::store::StoreError;

/// Refuses what the law forbids: to erase a patient under legal hold, or a device that one has worn.
pub async fn not_held(connection: &mut PgConnection, of: &ErasureTarget) -> Result<(), StoreError> {
    sees_all(connection).await?;
    let query = match of {
        ErasureTarget::Device(device) => sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM care.wear JOIN care.patient USING (patient_id)
                                        JOIN signal.device USING (device_key)
                            WHERE device_id = $1 AND legal_hold)",
        )
        .bind(device.as_str()),
        ErasureTarget::Patient(patient) => {
            let query = "SELECT EXISTS (SELECT FROM care.patient WHERE patient_id = $1 AND legal_hold)";
            sqlx::query_scalar(query).bind(patient.0)
        }
    };
    let held: bool =
        query.fetch_one(connection).await.map_err(StoreError::at("asking whether the law forbids an erasure"))?;
    if held { Err(StoreError::Held) } else { Ok(()) }
}

/// The number of the last change of wear that this transaction sees; 0 where there was none.
pub async fn last_wear_change(connection: &mut PgConnection) -> Result<i64, StoreError> {
    // Not the greatest number that is there: changes that all files have followed are forgotten.
    sqlx::query_scalar(
        "SELECT greatest((SELECT max(wear_change_id) FROM care.wear_change),
                         (SELECT max(wear_change_id) FROM signal.archive_file), 0)",
    )
    .fetch_one(connection)
    .await
    .map_err(StoreError::at("reading changes of wear"))
}

/// Live files whose subjects may be true no more, the oldest days first: those of another key than `key`, where they
/// have subjects or somebody wore something, and those whose time a later change of wear reaches into.
pub async fn due_for_subjects(
    connection: &mut PgConnection,
    key: &str,
    files_max: u32,
) -> Result<Vec<ArchiveFile>, StoreError> {
    let step = StoreError::at("looking for files whose subjects have changed");
    let query = format!(
        "SELECT {COLUMNS} FROM signal.archive_file
         WHERE superseded_at IS NULL AND (
             subject_key_id <> $1
             OR subject_key_id IS NULL AND EXISTS (
                 SELECT FROM care.wear WHERE worn_during && tstzrange(first_start_at, last_start_at, '[]'))
             OR EXISTS (
                 SELECT FROM care.wear_change AS later WHERE later.wear_change_id > archive_file.wear_change_id
                    AND later.worn_during && tstzrange(first_start_at, last_start_at, '[]')))
         ORDER BY day, metric LIMIT $2"
    );
    let rows = sqlx::query(AssertSqlSafe(query)).bind(key).bind(i64::from(files_max));
    rows.fetch_all(connection).await.map_err(step)?.iter().map(file).collect()
}

/// Notes that the subjects of a live file are still true at this change of wear.
pub async fn settle_subjects(connection: &mut PgConnection, name: &str, change: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE signal.archive_file SET wear_change_id = greatest(wear_change_id, $2) WHERE name = $1")
        .bind(name)
        .bind(change)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(StoreError::at("noting that subjects are true"))
}

/// Forgets changes of wear that no live file waits for any more.
pub async fn forget_wear_changes(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM care.wear_change AS done WHERE NOT EXISTS (
             SELECT FROM signal.archive_file WHERE superseded_at IS NULL AND wear_change_id < done.wear_change_id
                AND done.worn_during && tstzrange(first_start_at, last_start_at, '[]'))",
    )
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(StoreError::at("forgetting changes of wear"))
}

/// True where anybody ever wore a device.
pub async fn is_anything_worn(connection: &mut PgConnection) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM care.wear)")
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("reading who wears what"))
}

/// True for the uuid of a patient.
pub async fn is_patient(connection: &mut PgConnection, patient: &PatientId) -> Result<bool, StoreError> {
    sees_all(connection).await?;
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM care.patient WHERE patient_id = $1)")
        .bind(patient.0)
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("looking for a patient"))
}
