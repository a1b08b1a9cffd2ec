//! Wrapped data keys of patients: what `security::envelope` encrypts texts with.
//!
//! Destroying one destroys what it encrypted, in every copy of the database that does not hold the row any more.

use sqlx::PgConnection;

use super::actor::Actor;
use super::error::{CareError, RuleCatalogue};
use crate::model::people::PatientId;
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// What a look at a data key is called in the audit.
const KIND: &str = "data_key";

/// Whoever encrypts and decrypts texts of patients: an actor, or what makes a synthetic population.
#[derive(Debug)]
pub enum DataKeys<'a, 'c> {
    /// By the rights of whoever acts. A key is found or kept before the first writing.
    Acting(&'a mut Actor<'c>),
    /// By the rights of a login that owns the tables.
    Owning(OwnKeys<'a>),
}

/// A connection of a login that owns the tables.
#[derive(Debug)]
pub struct OwnKeys<'a>(&'a mut PgConnection);

impl<'a> DataKeys<'a, '_> {
    /// On a connection of the store that makes a population.
    pub(in crate::store) fn owning(connection: &'a mut PgConnection) -> Self {
        DataKeys::Owning(OwnKeys(connection))
    }
}

/// A data key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
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
pub async fn find(keys: &mut DataKeys<'_, '_>, patient: PatientId) -> Result<Option<WrappedKey>, CareError> {
    let step = "reading a data key";
    match keys {
        DataKeys::Acting(actor) => {
            let Some(look) = actor.look(Some(patient), KIND, None).await? else { return Ok(None) };
            let (connection, token, failed) = actor.ask(step)?;
            sqlx::query_as("SELECT key_id, wrapped FROM api.read_data_key($1, $2, $3)")
                .bind(token)
                .bind(look)
                .bind(patient)
                .fetch_optional(connection)
                .await
                .map_err(failed)
        }
        DataKeys::Owning(OwnKeys(connection)) => {
            sqlx::query_as("SELECT key_id, wrapped FROM access.data_key WHERE patient_id = $1")
                .bind(patient)
                .fetch_optional(&mut **connection)
                .await
                .map_err(RuleCatalogue::default().explains(step))
        }
    }
}

/// Keeps a patient's data key, unless there is one already; the one that stands, `None` where whoever acts may not see
/// it.
///
/// # Errors
/// The database's.
pub async fn keep(
    keys: &mut DataKeys<'_, '_>,
    patient: PatientId,
    key: &WrappedKey,
    now: Timestamp,
) -> Result<Option<WrappedKey>, CareError> {
    let step = "keeping a data key";
    match keys {
        DataKeys::Acting(actor) => {
            let Some(look) = actor.look(Some(patient), KIND, None).await? else { return Ok(None) };
            let (connection, token, failed) = actor.write(step).await?;
            sqlx::query_as(
                "SELECT kept_key_id AS key_id, kept AS wrapped FROM api.keep_data_key($1, $2, $3, $4, $5, $6)",
            )
            .bind(token)
            .bind(look)
            .bind(patient)
            .bind(&key.key_id)
            .bind(&key.wrapped)
            .bind(Moment(now))
            .fetch_optional(connection)
            .await
            .map_err(failed)
        }
        DataKeys::Owning(OwnKeys(connection)) => {
            sqlx::query(
                "INSERT INTO access.data_key (patient_id, created_at, key_id, wrapped) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (patient_id) DO NOTHING",
            )
            .bind(patient)
            .bind(Moment(now))
            .bind(&key.key_id)
            .bind(&key.wrapped)
            .execute(&mut **connection)
            .await
            .map_err(RuleCatalogue::default().explains(step))?;
            Box::pin(find(keys, patient)).await
        }
    }
}
