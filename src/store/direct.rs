//! Direct: whether connections lead to Postgres itself, and to a server that takes writes.
//!
//! # Why
//! A daemon's sessions have settings (a commit is on disk before it is answered), hold locks for as long as they live,
//! and prepare statements. A pooler that deals out server connections by the transaction breaks all of it without an
//! error: a lock outlives its owner, or is a stranger's. So it is recognised at the start, by what it cannot hide: the
//! settings that were asked for are not there, or two sessions at once have one server process.

use sqlx::{Executor as _, PgConnection, Row as _};

use super::StoreError;
use super::pool::Connector;

/// How often each of two connections is asked for its server process.
const ROUNDS: usize = 3;

/// Refuses what the daemon cannot work with.
pub async fn check_direct(connector: &Connector) -> Result<(), StoreError> {
    let (first, second) = tokio::try_join!(connector.connect(), connector.connect())?;
    let mut connections = [first, second];
    let mut processes = [None, None];
    for _ in 0..ROUNDS {
        for (place, connection) in connections.iter_mut().enumerate() {
            let (process, statement_timeout_ms, is_standby) = ask(connection).await?;
            if is_standby {
                return Err(StoreError::Standby);
            }
            if statement_timeout_ms != connector.statement_timeout_ms() {
                return Err(StoreError::Pooled { how: "drops the settings that a session asks for" });
            }
            let known = processes.get_mut(place).and_then(|known: &mut Option<i32>| known.replace(process));
            if known.is_some_and(|known| known != process) {
                return Err(StoreError::Pooled { how: "gives a session another server process for each transaction" });
            }
        }
        if processes.first() == processes.last() {
            return Err(StoreError::Pooled { how: "gives two sessions one server process" });
        }
    }
    Ok(())
}

async fn ask(connection: &mut PgConnection) -> Result<(i32, i64, bool), StoreError> {
    let step = StoreError::at("asking who answers");
    // As one simple query: behind a pooler a prepared statement may be somebody else's.
    let question = "SELECT pg_backend_pid(), setting::bigint, pg_is_in_recovery()
                    FROM pg_settings WHERE name = 'statement_timeout'";
    let row = connection.fetch_one(sqlx::raw_sql(question)).await.map_err(&step)?;
    Ok((row.try_get(0).map_err(&step)?, row.try_get(1).map_err(&step)?, row.try_get(2).map_err(&step)?))
}
