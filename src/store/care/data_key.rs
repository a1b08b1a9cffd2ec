//! Wrapped data keys of patients: what `security::envelope` encrypts texts with.
//!
//! Destroying one destroys what it encrypted, in every copy of the database that does not hold the row any more.

use super::context::DataKeys;
use super::error::CareError;
use crate::model::people::PatientId;
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// A data key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Which key wraps it.
    pub key_id: String,
    /// Its ciphertext.
    pub wrapped: Vec<u8>,
}

/// The data key of a patient; `None` where none was made, where it was destroyed, or where whoever acts may not see it.
///
/// # Errors
/// The database's.
pub async fn find(keys: &mut DataKeys<'_>, patient: PatientId) -> Result<Option<WrappedKey>, CareError> {
    let (connection, failed) = keys.step("reading a data key");
    let row: Option<(String, Vec<u8>)> =
        sqlx::query_as("SELECT key_id, wrapped FROM access.data_key WHERE patient_id = $1")
            .bind(patient)
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(row.map(|(key_id, wrapped)| WrappedKey { key_id, wrapped }))
}

/// Keeps a patient's data key, unless there is one already.
///
/// # Errors
/// The database's.
pub async fn keep(
    keys: &mut DataKeys<'_>,
    patient: PatientId,
    key: &WrappedKey,
    now: Timestamp,
) -> Result<(), CareError> {
    let (connection, failed) = keys.step("keeping a data key");
    sqlx::query(
        "INSERT INTO access.data_key (patient_id, created_at, key_id, wrapped) VALUES ($1, $2, $3, $4)
         ON CONFLICT (patient_id) DO NOTHING",
    )
    .bind(patient)
    .bind(Moment(now))
    .bind(&key.key_id)
    .bind(&key.wrapped)
    .execute(connection)
    .await
    .map(drop)
    .map_err(failed)
}
