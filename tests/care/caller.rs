//! An account that calls functions of `api` with its token, by SQL, each call a transaction of its own, as any program does.

use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::network::{Network, refused_by};

/// A session of an account, over the portal's login. In what it is given `$t` stands for the token.
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

    /// The rows of a statement, each as the text of its first column; else the rule that refuses it.
    pub(crate) async fn asks(&mut self, statement: &str) -> Result<Vec<String>, String> {
        let said = statement.replace("$t", &format!("'{}'", self.token));
        let rows = sqlx::query_scalar::<_, Option<String>>(AssertSqlSafe(said)).fetch_all(&mut self.portal).await;
        rows.map(|rows| rows.into_iter().map(Option::unwrap_or_default).collect())
            .map_err(|error| refused_by::<()>(Err(error), statement))
    }

    /// The rows of a statement that must not be refused.
    pub(crate) async fn rows(&mut self, statement: &str) -> Vec<String> {
        self.asks(statement).await.unwrap_or_else(|rule| panic!("{statement}: {rule}"))
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

    /// What a call of a function answers, as the text of its row.
    pub(crate) async fn call(&mut self, call: &str) -> Vec<String> {
        self.rows(&format!("SELECT api.{call}::text")).await
    }

    /// What a call of a function gives, as one text; else the rule that refuses it.
    pub(crate) async fn tries(&mut self, call: &str) -> Result<String, String> {
        self.asks(&format!("SELECT api.{call}::text")).await.map(|rows| rows.concat())
    }

    /// The rule that refuses a call.
    pub(crate) async fn refused(&mut self, call: &str) -> String {
        self.tries(call).await.expect_err(call)
    }

    /// Reads a kind of a record, or of all, by a look: `columns` of `function`, its last arguments as they are given, or
    /// none; nothing where it is not open.
    pub(crate) async fn read(
        &mut self,
        columns: &str,
        function: &str,
        patient: Option<Uuid>,
        kind: &str,
        arguments: &str,
    ) -> Vec<String> {
        let read = self.tries_to_read(columns, function, patient, kind, arguments).await;
        read.unwrap_or_else(|rule| panic!("{function}, {kind}: {rule}"))
    }

    /// The same; else the rule that refuses it.
    pub(crate) async fn tries_to_read(
        &mut self,
        columns: &str,
        function: &str,
        patient: Option<Uuid>,
        kind: &str,
        arguments: &str,
    ) -> Result<Vec<String>, String> {
        let patient = patient.map_or_else(|| "NULL".to_owned(), |patient| format!("'{patient}'"));
        let look = self.one(&format!("SELECT api.look($t, {patient}, '{kind}', NULL)::text")).await;
        if look.is_empty() {
            return Ok(Vec::new());
        }
        let arguments = if arguments.is_empty() { String::new() } else { format!(", {arguments}") };
        self.asks(&format!("SELECT {columns} FROM api.{function}($t, '{look}', {patient}{arguments})")).await
    }

    /// Reads a kind of a patient's record where the function needs no more arguments.
    pub(crate) async fn reads(&mut self, kind: &str, function: &str, patient: Uuid, columns: &str) -> Vec<String> {
        self.read(columns, function, Some(patient), kind, "").await
    }
}
