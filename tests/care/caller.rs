//! An account that calls functions of `api` with its token, by SQL, as any program does.

use sqlx::postgres::PgDatabaseError;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::network::Network;

/// A session of an account, over the portal's login.
pub(crate) struct Caller {
    portal: PgConnection,
    token: String,
}

impl Caller {
    pub(crate) async fn of(network: &Network, account: Uuid) -> Caller {
        Caller { portal: network.login("portal").await, token: network.token(account).await.expose().to_owned() }
    }

    /// Whoever plays a part, with a new account.
    pub(crate) async fn playing(network: &mut Network, part: &str, whose: Uuid) -> Caller {
        let account = network.account(part, Some(whose)).await;
        Caller::of(network, account).await
    }

    /// The rows of a statement, each as the text of its first column; `$t` stands for the token.
    async fn try_rows(&mut self, statement: &str) -> Result<Vec<Option<String>>, sqlx::Error> {
        let statement = statement.replace("$t", &format!("'{}'", self.token));
        sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(&mut self.portal).await
    }

    /// The rows of a statement that must not be refused.
    pub(crate) async fn rows(&mut self, statement: &str) -> Vec<String> {
        let rows = self.try_rows(statement).await.unwrap_or_else(|error| panic!("{statement}: {error}"));
        rows.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// The one row of a statement.
    pub(crate) async fn one(&mut self, statement: &str) -> String {
        let rows = self.rows(statement).await;
        assert_eq!(rows.len(), 1, "{statement}: {rows:?}");
        rows[0].clone()
    }

    /// The key that a function gives.
    pub(crate) async fn key(&mut self, call: &str) -> Uuid {
        self.one(&format!("SELECT api.{call}::text")).await.parse().unwrap()
    }

    /// The rule that refuses a call.
    pub(crate) async fn refused(&mut self, call: &str) -> String {
        match self.try_rows(&format!("SELECT api.{call}::text")).await {
            Ok(rows) => panic!("nothing refused {call}: {rows:?}"),
            Err(sqlx::Error::Database(error)) => {
                let error = error.downcast_ref::<PgDatabaseError>();
                error.constraint().map_or_else(|| error.code().to_owned(), str::to_owned)
            }
            Err(error) => panic!("{call}: {error}"),
        }
    }

    /// What a call of a function answers, as the text of its row.
    pub(crate) async fn call(&mut self, call: &str) -> Vec<String> {
        self.rows(&format!("SELECT api.{call}::text")).await
    }

    /// Reads a kind of a record, or of all, by a look: `columns` of `function`, its last arguments as they are given.
    pub(crate) async fn read(
        &mut self,
        columns: &str,
        function: &str,
        patient: Option<Uuid>,
        kind: &str,
        arguments: &str,
    ) -> Vec<String> {
        let patient = patient.map_or_else(|| "NULL".to_owned(), |patient| format!("'{patient}'"));
        let look = self.one(&format!("SELECT api.look($t, {patient}, '{kind}', NULL)::text")).await;
        if look.is_empty() {
            return Vec::new();
        }
        self.rows(&format!("SELECT {columns} FROM api.{function}($t, '{look}', {patient}, {arguments})")).await
    }
}
