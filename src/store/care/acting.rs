//! Who acts: the only door of a portal to the network's data.
//!
//! Row-level security asks the settings of the transaction who acts. They end with it, so a connection that goes back
//! to its pool is nobody's, and nobody sees nothing. `SET LOCAL` outside a transaction would only warn; this type
//! cannot be had without one.

use sqlx::{Connection as _, PgConnection, Postgres, Transaction};
use uuid::Uuid;

use crate::store::StoreError;

/// A transaction in which one account acts, with the rights of `healthtrack_portal` and no others.
#[derive(Debug)]
pub struct Acting<'c> {
    transaction: Transaction<'c, Postgres>,
    part: String,
}

/// Begins a transaction for an account; `None` where there is no such account or it is disabled.
///
/// The connection's login must be a member of `healthtrack_portal`. What is not committed is undone, its audit too.
///
/// # Errors
/// The database's.
pub async fn with_actor(connection: &mut PgConnection, account: Uuid) -> Result<Option<Acting<'_>>, StoreError> {
    let step = StoreError::at("beginning to act");
    let mut transaction = connection.begin().await.map_err(&step)?;
    sqlx::query("SET LOCAL ROLE healthtrack_portal").execute(&mut *transaction).await.map_err(&step)?;
    sqlx::query("SELECT set_config('healthtrack.actor', $1, true)")
        .bind(account.to_string())
        .execute(&mut *transaction)
        .await
        .map_err(&step)?;
    let part: Option<String> =
        sqlx::query_scalar("SELECT access.part()").fetch_one(&mut *transaction).await.map_err(&step)?;
    Ok(part.map(|part| Acting { transaction, part }))
}

impl Acting<'_> {
    /// The part that the account plays: patient, provider, front_desk …
    pub fn part(&self) -> &str {
        &self.part
    }

    /// For statements of this account.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// Keeps what was done, and its audit.
    ///
    /// # Errors
    /// The database's; nothing of it was done then, unless the answer alone was lost.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.transaction.commit().await.map_err(StoreError::at("keeping what was done"))
    }
}
