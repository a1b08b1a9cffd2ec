//! Wrapped data keys of patients: what `security::envelope` encrypts texts with.
//!
//! Destroying one destroys what it encrypted, in every copy of the database that does not hold the row any more.

use sqlx::PgConnection;

use super::StoreError;
use super::moment::Moment;
use crate::model::people::PatientId;
use crate::model::time::Timestamp;

/// A data key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// Which key wraps it.
    pub key_id: String,
    /// Its ciphertext.
    pub wrapped: Vec<u8>,
}

/// The data key of a patient; `None` where none was made, or where it was destroyed.
pub async fn find(connection: &mut PgConnection, patient: &PatientId) -> Result<Option<WrappedKey>, StoreError> {
    let row: Option<(String, Vec<u8>)> =
        sqlx::query_as("SELECT key_id, wrapped FROM access.data_key WHERE patient_id = $1")
            .bind(patient.0)
            .fetch_optional(connection)
            .await
            .map_err(StoreError::at("reading a data key"))?;
    Ok(row.map(|(key_id, wrapped)| WrappedKey { key_id, wrapped }))
}

/// Keeps a patient's data key, unless there is one already.
pub async fn keep(
    connection: &mut PgConnection,
    patient: &PatientId,
    key: &WrappedKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO access.data_key (patient_id, created_at, key_id, wrapped) VALUES ($1, $2, $3, $4)
         ON CONFLICT (patient_id) DO NOTHING",
    )
    .bind(patient.0)
    .bind(Moment(now))
    .bind(&key.key_id)
    .bind(&key.wrapped)
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(StoreError::at("keeping a data key"))
}
