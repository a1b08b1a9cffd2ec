//! Connections: how they are opened, how long they are waited for, and that a dead peer is noticed.

use std::str::FromStr;
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::time::timeout;

use super::StoreError;
use super::error::CONNECTING;
use crate::config::StoreConfig;
use crate::faults::{Defect, is_injected};

/// Opens connections with one set of options.
#[derive(Clone, Debug)]
pub struct Connector {
    options: PgConnectOptions,
    connections_max: u32,
    acquire_timeout: Duration,
    statement_timeout: Duration,
}

impl Connector {
    /// Reads the URL and sets what every connection needs.
    pub fn new(config: &StoreConfig) -> Result<Connector, StoreError> {
        let statement_timeout = config.statement_timeout();
        let options = PgConnectOptions::from_str(config.url.expose_secret())
            .map_err(StoreError::Url)?
            .application_name("healthtrack")
            .options([
                ("statement_timeout", statement_timeout.as_millis().to_string()),
                // Acknowledged means on disk, whatever the server's default is.
                ("synchronous_commit", if is_injected(Defect::AsynchronousCommit) { "off" } else { "on" }.to_owned()),
                ("timezone", "UTC".to_owned()),
                // What is read after a lock was waited for must be younger than the lock (`hot::days`).
                ("default_transaction_isolation", "read committed".to_owned()),
                // A plan for any bounds is one over all chunks: the sixth execution took 630 ms with 4,000 of them.
                ("plan_cache_mode", "force_custom_plan".to_owned()),
                // A daemon that vanished must not hold its shard's lock for the two hours of the system's default.
                ("tcp_keepalives_idle", "5".to_owned()),
                ("tcp_keepalives_interval", "2".to_owned()),
                ("tcp_keepalives_count", "3".to_owned()),
            ])
            .disable_statement_logging();
        Ok(Connector {
            options,
            connections_max: config.connections_max,
            acquire_timeout: config.acquire_timeout(),
            statement_timeout,
        })
    }

    /// The same for work without a time limit: an export, a migration. The later option wins.
    pub fn without_statement_timeout(&self) -> Connector {
        Connector { options: self.options.clone().options([("statement_timeout", "0")]), ..self.clone() }
    }

    /// A pool that connects when first asked and fails within the configured time if it cannot.
    pub fn pool(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(self.connections_max)
            .acquire_timeout(self.acquire_timeout)
            .connect_lazy_with(self.options.clone())
    }

    /// One connection outside the pool, for a lane or a shard's lock.
    pub async fn connect(&self) -> Result<PgConnection, StoreError> {
        within(self.acquire_timeout, CONNECTING, async {
            PgConnection::connect_with(&self.options).await.map_err(StoreError::at(CONNECTING))
        })
        .await
    }

    /// How long a statement is waited for on this side: a little longer than the server's own limit, so that its answer
    /// wins where there is one, and a cut connection is noticed where there is none.
    pub fn timeout(&self) -> Duration {
        self.statement_timeout + Duration::from_secs(5)
    }
}

/// Waits for `work`, and no longer than `limit`.
pub async fn within<T>(
    limit: Duration,
    step: &'static str,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match timeout(limit, work).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Timeout { step, seconds: limit.as_secs() }),
    }
}
