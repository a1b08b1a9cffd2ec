//! Claim: which state of the archive this database knows, and who this database is.

use sqlx::PgConnection;

use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// The nonces that the claim in the archive may show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimNonces {
    /// The one that was settled last; `None` until the first was.
    pub last: Option<String>,
    /// One that was announced and not settled.
    pub next: Option<String>,
}

/// The nonces of this database; `None` where it has claimed no archive.
pub async fn claim_nonces(connection: &mut PgConnection) -> Result<Option<ClaimNonces>, StoreError> {
    let found: Option<(Option<String>, Option<String>)> =
        sqlx::query_as("SELECT nonce::text, next_nonce::text FROM signal.archive_claim")
            .fetch_optional(connection)
            .await
            .map_err(StoreError::at("reading the claim to the archive"))?;
    Ok(found.map(|(last, next)| ClaimNonces { last, next }))
}

/// Who this database is: its server's system identifier, where that may be asked, and its own number there. A copy by
/// SQL has another; a copy of the server's files has the same.
pub async fn database_identity(connection: &mut PgConnection) -> Result<String, StoreError> {
    sqlx::query_scalar(
        "SELECT coalesce(system_identifier::text, 'unknown') || '/' || database_oid FROM signal.database_here()",
    )
    .fetch_one(connection)
    .await
    .map_err(StoreError::at("asking which database this is"))
}

/// Draws the next nonce and announces it.
pub async fn announce_nonce(connection: &mut PgConnection, now: Timestamp) -> Result<String, StoreError> {
    sqlx::query_scalar(
        "INSERT INTO signal.archive_claim AS claim (moved_at, next_nonce) VALUES ($1, gen_random_uuid())
         ON CONFLICT (only_one) DO UPDATE SET moved_at = excluded.moved_at, next_nonce = excluded.next_nonce
         RETURNING next_nonce::text",
    )
    .bind(Moment(now))
    .fetch_one(connection)
    .await
    .map_err(StoreError::at("announcing a claim to the archive"))
}

/// Settles the nonce that was announced, once the archive shows it.
pub async fn settle_nonce(connection: &mut PgConnection, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE signal.archive_claim SET moved_at = $1, nonce = next_nonce, next_nonce = NULL
         WHERE next_nonce IS NOT NULL",
    )
    .bind(Moment(now))
    .execute(connection)
    .await
    .map(drop)
    .map_err(StoreError::at("settling a claim to the archive"))
}

/// Makes the archive with this id the database's own, where it has none.
pub async fn take_archive(connection: &mut PgConnection, id: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO signal.archive (made_at, archive_id) VALUES ($1, $2::text::uuid)
         ON CONFLICT (only_one) DO NOTHING",
    )
    .bind(Moment(now))
    .bind(id)
    .execute(connection)
    .await
    .map(drop)
    .map_err(StoreError::at("taking over an archive"))
}
