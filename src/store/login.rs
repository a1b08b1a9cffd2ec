//! Logins of a database that is one's own: the demo makes those of its portal.

use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{AssertSqlSafe, PgConnection};

use super::StoreError;

/// SQLSTATE of a role that is there already.
const DUPLICATE_OBJECT: &str = "42710";

/// Makes a login that is a member of one role of the program, or gives it this password; letters and digits alone.
///
/// # Errors
/// The database's.
pub async fn keep_login(
    connection: &mut PgConnection,
    login: &'static str,
    role: &'static str,
    password: &SecretString,
) -> Result<(), StoreError> {
    let failed = StoreError::at("making a login");
    let password: String = password.expose_secret().chars().filter(char::is_ascii_alphanumeric).collect();
    let make = format!("CREATE ROLE {login} LOGIN PASSWORD '{password}' IN ROLE {role}");
    match sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut *connection).await {
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(DUPLICATE_OBJECT) => {
            let change = format!("ALTER ROLE {login} LOGIN PASSWORD '{password}'");
            sqlx::raw_sql(AssertSqlSafe(change)).execute(connection).await.map(drop).map_err(failed)
        }
        Err(error) => Err(failed(error)),
    }
}
