//! Privilege: whether the server gives each program's login the least that it needs, and keeps people out of its log.
//!
//! The questions are those of `deploy/check-server.sh`, which asks them without this program.

use sqlx::PgConnection;

use super::StoreError;

/// What any login may ask.
const FOR_EVERYBODY: &str = include_str!("../../deploy/check-server.sql");
/// What only a superuser may.
const FOR_SUPERUSERS: &str = include_str!("../../deploy/check-server-superuser.sql");
/// One of the latter: where the former have no answer in its place, this login may ask it.
const SUPERUSERS_CHECK: &str = "hba_trust";

/// What came of a check.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum CheckState {
    /// As it should be.
    Ok,
    /// Somebody may do more than they need.
    Problem,
    /// This login cannot see it.
    Unknown,
}

/// One check of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerCheck {
    /// What it is called in `deploy/privileges.md`.
    pub name: String,
    /// What came of it.
    pub state: CheckState,
    /// What was found.
    pub found: String,
    /// What to do; none where nothing is to be done.
    pub remedy: Option<String>,
}

/// Makes each check that this login can make, and names the others.
pub async fn check_privileges(connection: &mut PgConnection) -> Result<Vec<ServerCheck>, StoreError> {
    let mut checks = ask(connection, FOR_EVERYBODY).await?;
    if !checks.iter().any(|check| check.name == SUPERUSERS_CHECK) {
        checks.extend(ask(connection, FOR_SUPERUSERS).await?);
    }
    Ok(checks)
}

async fn ask(connection: &mut PgConnection, query: &'static str) -> Result<Vec<ServerCheck>, StoreError> {
    let rows: Vec<(String, String, String, Option<String>)> = sqlx::query_as(query)
        .fetch_all(connection)
        .await
        .map_err(StoreError::at("asking who may do what on the server"))?;
    let check = |(name, state, found, remedy): (String, String, _, _)| {
        let state = match state.as_str() {
            "ok" => CheckState::Ok,
            "problem" => CheckState::Problem,
            _ => CheckState::Unknown,
        };
        ServerCheck { name, state, found, remedy }
    };
    Ok(rows.into_iter().map(check).collect())
}
