//! Ingest as a task: the schema is brought up to date once the database answers, then the service runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::error::DaemonError;
use crate::config::{IngestConfig, MqttConfig};
use crate::context::Context;
use crate::ingest::quarantine::Cap;
use crate::ingest::{Asker, Service, State};
use crate::model::unit::Units;
use crate::store::Fault;
use crate::store::direct::check_direct;
use crate::store::migrate::migrate;
use crate::telemetry::chain;

/// How long to wait before asking a database again that does not answer at the start.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);

/// Runs until `stop` is cancelled and everything received is written and acknowledged.
pub(super) async fn run(
    context: Context,
    state: Arc<State>,
    (mqtt, ingest): (MqttConfig, IngestConfig),
    cap: Arc<Cap>,
    stop: CancellationToken,
) -> Result<(), DaemonError> {
    if !prepare_database(&context, &state, &stop).await? {
        return Ok(());
    }
    let units = Arc::new(Units::builtin()?);
    let pool = context.connector.pool();
    let service = Service { context, state, mqtt, ingest, pool, units, owner: owner(), cap };
    Ok(service.run(stop).await?)
}

/// Brings the schema up to date, once the database answers; false where the daemon is to stop first.
async fn prepare_database(context: &Context, state: &State, stop: &CancellationToken) -> Result<bool, DaemonError> {
    // A migration may wait for a lock, and takes as long as it needs.
    let connector = context.connector.without_statement_timeout();
    loop {
        let migrated = async {
            let ((), mut connection) = tokio::try_join!(check_direct(&context.connector), connector.connect())?;
            migrate(&mut connection, &context.catalogue).await
        };
        match migrated.await {
            Ok(migrated) => {
                tracing::info!(
                    schema.applied = migrated.applied,
                    schema.known = migrated.known,
                    schema.table = if migrated.hypertable { "hypertable" } else { "native partitions" },
                    "the schema is up to date"
                );
                state.database_works(Asker::Migration);
                return Ok(true);
            }
            Err(error) if matches!(error.fault(), Fault::Passing | Fault::TooLarge) => {
                state.database_fails(Asker::Migration);
                tracing::warn!("the database does not answer, retrying: {}", chain(&error));
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = sleep(DATABASE_PAUSE) => {}
            () = stop.cancelled() => return Ok(false),
        }
    }
}

/// Host and process, for whoever reads `signal.ingest_shard`.
fn owner() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "localhost" } else { host.trim() };
    format!("{host}/{}", std::process::id())
}
