//! An account that calls functions of `api` over the portal's login, each call a transaction of its own, as a program does.

use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::network::{Network, refused_by};

/// A session of an account.
pub(crate) struct ByToken {
    portal: PgConnection,
    token: String,
}

impl ByToken {
    pub(crate) async fn of(network: &Network, account: Uuid) -> ByToken {
        ByToken { portal: network.login("portal").await, token: network.token(account).await.expose().to_owned() }
    }

    /// The rows of a query, each as one text; `$t` stands for the token. Else the rule that refuses it.
    pub(crate) async fn asks(&mut self, query: &str) -> Result<Vec<String>, String> {
        let said = query.replace("$t", &format!("'{}'", self.token));
        let rows = sqlx::query_scalar::<_, Option<String>>(AssertSqlSafe(said)).fetch_all(&mut self.portal).await;
        rows.map(|rows| rows.into_iter().map(Option::unwrap_or_default).collect())
            .map_err(|error| refused_by::<()>(Err(error), query))
    }

    /// What a call of a function gives, as one text. Else the rule that refuses it.
    pub(crate) async fn calls(&mut self, call: &str) -> Result<String, String> {
        self.asks(&format!("SELECT api.{call}::text")).await.map(|rows| rows.concat())
    }

    /// The key that a call gives.
    pub(crate) async fn key(&mut self, call: &str) -> Uuid {
        self.calls(call).await.unwrap().parse().unwrap()
    }

    /// The rule that refuses a call.
    pub(crate) async fn refused(&mut self, call: &str) -> String {
        self.calls(call).await.unwrap_err()
    }

    /// What a look at a kind of a patient's record shows: `columns` of a reading function; none where it is not open.
    pub(crate) async fn reads(&mut self, kind: &str, function: &str, patient: Uuid, columns: &str) -> Vec<String> {
        let look = self.calls(&format!("look($t, '{patient}', '{kind}', NULL)")).await.unwrap();
        if look.is_empty() {
            return Vec::new();
        }
        self.asks(&format!("SELECT {columns} FROM api.{function}($t, '{look}', '{patient}')")).await.unwrap()
    }
}
