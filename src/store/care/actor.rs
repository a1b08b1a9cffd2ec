//! Who acts: the only way to a person's data.
//!
//! Row-level security asks the settings of the transaction who acts. They end with it, so a connection that goes back
//! to its pool is nobody's, and nobody sees nothing. `SET LOCAL` outside a transaction would only warn; this type
//! cannot be had without one.

use sqlx::{Connection as _, PgConnection, Postgres, Transaction};

use super::context::{Analyst, DataKeys, Visitor};
use super::error::{CareError, RuleCatalogue};
use crate::model::people::{AccountId, Role};

/// A transaction in which one account acts, with the rights of `healthtrack_portal` and no others.
#[derive(Debug)]
pub struct Actor<'c> {
    transaction: Transaction<'c, Postgres>,
    account: AccountId,
    role: Role,
    rules: RuleCatalogue,
}

impl<'c> Actor<'c> {
    /// Begins a transaction for an account; `None` where there is no such account or it is disabled.
    ///
    /// The connection's login must be a member of `healthtrack_portal`. What is not committed is undone, its audit too.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(
        connection: &'c mut PgConnection,
        rules: &RuleCatalogue,
        account: AccountId,
    ) -> Result<Option<Actor<'c>>, CareError> {
        let failed = rules.explains("beginning to act");
        let mut transaction = connection.begin().await.map_err(&failed)?;
        sqlx::query("SET LOCAL ROLE healthtrack_portal").execute(&mut *transaction).await.map_err(&failed)?;
        sqlx::query("SELECT set_config('healthtrack.actor', $1, true)")
            .bind(account.to_string())
            .execute(&mut *transaction)
            .await
            .map_err(&failed)?;
        let role: Option<Role> =
            sqlx::query_scalar("SELECT access.part()").fetch_one(&mut *transaction).await.map_err(&failed)?;
        Ok(role.map(|role| Actor { transaction, account, role, rules: rules.clone() }))
    }
}

impl Actor<'_> {
    /// The account that acts.
    pub fn account(&self) -> AccountId {
        self.account
    }

    /// As what it acts.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The same account as one of those who review what is shown to everybody.
    pub fn visitor(&mut self) -> Visitor<'_> {
        Visitor::on(&mut self.transaction).with_rules(&self.rules)
    }

    /// The same account as one who counts outcomes, of the patients that it may see.
    pub fn analyst(&mut self) -> Analyst<'_> {
        Analyst::on(&mut self.transaction).with_rules(&self.rules)
    }

    /// The data keys of the patients that this account may see.
    pub fn data_keys(&mut self) -> DataKeys<'_> {
        DataKeys::on(&mut self.transaction).with_rules(&self.rules)
    }

    /// The connection for one step, and what makes a sentence of its refusal.
    pub(super) fn step(
        &mut self,
        step: &'static str,
    ) -> (&mut PgConnection, impl Fn(sqlx::Error) -> CareError + use<>) {
        (&mut self.transaction, self.rules.explains(step))
    }

    /// Keeps what was done, and its audit.
    ///
    /// # Errors
    /// The database's; nothing of it was done then, unless the answer alone was lost.
    pub async fn commit(self) -> Result<(), CareError> {
        let failed = self.rules.explains("keeping what was done");
        self.transaction.commit().await.map_err(failed)
    }
}
