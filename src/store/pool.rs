//! Connections: how they are opened, how long they are waited for, and that a dead peer is noticed.
//!
//! Of several hosts the one that takes writes is sought each time that a connection is opened; pools follow to where it
//! was found.

use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor as _, PgConnection, Row as _};
use tokio::time::timeout;

use super::StoreError;
use super::error::CONNECTING;
use super::hosts::Hosts;
use crate::config::StoreConfig;
use crate::faults::{Defect, is_injected};

const REFUSES: &str = "refuses the settings that a session asks for";

/// A pool, with its options for each host.
#[derive(Debug)]
struct Following {
    pool: PgPool,
    options: Vec<PgConnectOptions>,
}

/// Opens connections with one set of options.
#[derive(Clone, Debug)]
pub struct Connector {
    /// For each host of the URL.
    options: Vec<PgConnectOptions>,
    /// Whether only a host that takes writes will do.
    read_write: bool,
    /// The place of the host that was found last.
    found: Arc<AtomicUsize>,
    /// Those that follow to where the others went.
    pools: Arc<Mutex<Vec<Following>>>,
    connections_max: u32,
    acquire_timeout: Duration,
    statement_timeout: Duration,
}

impl Connector {
    /// Reads the URL and sets what every connection needs.
    pub fn new(config: &StoreConfig) -> Result<Connector, StoreError> {
        let statement_timeout = config.statement_timeout();
        let Hosts { urls, read_write } = Hosts::of(config.url.expose_secret())?;
        let of_url = |url: &String| PgConnectOptions::from_str(url).map_err(StoreError::Url);
        let of_host = |options: PgConnectOptions| {
            options
                .application_name("healthtrack")
                .options([
                    ("statement_timeout", statement_timeout.as_millis().to_string()),
                    // Acknowledged means on disk, whatever the server's default is.
                    (
                        "synchronous_commit",
                        if is_injected(Defect::AsynchronousCommit) { "off" } else { "on" }.to_owned(),
                    ),
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
                .disable_statement_logging()
        };
        let options = urls.iter().map(|url| of_url(url).map(of_host)).collect::<Result<_, _>>()?;
        Ok(Connector {
            options,
            read_write,
            found: Arc::default(),
            pools: Arc::default(),
            connections_max: config.connections_max,
            acquire_timeout: config.acquire_timeout(),
            statement_timeout,
        })
    }

    /// The same for work without a time limit: an export, a migration.
    pub fn without_statement_timeout(&self) -> Connector {
        self.with("statement_timeout", "0")
    }

    /// The same for short questions through functions, asked again and again: planning took two thirds of their time.
    /// What reads chunks by bounds is planned for each all the same, where the function says so.
    pub fn with_plans_kept(&self) -> Connector {
        self.with("plan_cache_mode", "auto")
    }

    /// The later option wins.
    fn with(&self, name: &str, value: &str) -> Connector {
        let other = |options: &PgConnectOptions| options.clone().options([(name, value)]);
        Connector { options: self.options.iter().map(other).collect(), ..self.clone() }
    }

    /// A pool that connects when first asked and fails within the configured time if it cannot.
    pub fn pool(&self) -> PgPool {
        let read_write = self.read_write;
        let pool = PgPoolOptions::new()
            .max_connections(self.connections_max)
            .acquire_timeout(self.acquire_timeout)
            // One that was opened while its server took writes may outlast that.
            .before_acquire(move |connection, _| {
                Box::pin(async move { Ok(!read_write || !is_standby(connection).await?) })
            })
            .after_connect(move |connection, _| {
                Box::pin(async move {
                    let is_refused = read_write && is_standby(connection).await?;
                    if is_refused { Err(sqlx::Error::PoolTimedOut) } else { Ok(()) }
                })
            })
            .connect_lazy_with(self.of_host(self.found.load(Ordering::Relaxed)));
        if self.options.len() > 1 {
            let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
            pools.retain(|one| !one.pool.is_closed());
            pools.push(Following { pool: pool.clone(), options: self.options.clone() });
        }
        pool
    }

    /// One connection outside the pool, for a lane or a shard's lock: to the host that takes writes, where there are
    /// several.
    pub async fn connect(&self) -> Result<PgConnection, StoreError> {
        let (hosts, first) = (self.options.len(), self.found.load(Ordering::Relaxed));
        let mut failed = None;
        for place in (first..hosts).chain(0..first) {
            match self.connect_to(place).await {
                Ok(Some(connection)) => {
                    self.found_at(place);
                    return Ok(connection);
                }
                Ok(None) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        Err(failed.unwrap_or(StoreError::NoPrimary))
    }

    /// `None` where the host takes no writes, and has to.
    async fn connect_to(&self, place: usize) -> Result<Option<PgConnection>, StoreError> {
        let step = CONNECTING;
        within(self.acquire_timeout, step, async {
            let mut connection = PgConnection::connect_with(&self.of_host(place)).await.map_err(|source| {
                let code = source.as_database_error().and_then(|error| error.code());
                // Of a server itself it would mean that a parameter has no such form, and ours are constants.
                let is_pooler = code.is_some_and(|code| code == "08P01");
                if is_pooler { StoreError::Pooled { how: REFUSES } } else { StoreError::Database { step, source } }
            })?;
            let is_refused = self.read_write && is_standby(&mut connection).await.map_err(StoreError::at(step))?;
            Ok((!is_refused).then_some(connection))
        })
        .await
    }

    fn of_host(&self, place: usize) -> PgConnectOptions {
        self.options.get(place).cloned().unwrap_or_default()
    }

    /// Leads the pools to where the others went.
    fn found_at(&self, place: usize) {
        if self.found.swap(place, Ordering::Relaxed) != place {
            let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
            for Following { pool, options } in pools.iter() {
                options.get(place).into_iter().for_each(|options| pool.set_connect_options(options.clone()));
            }
        }
    }

    /// The limit that each session asks for, in milliseconds; zero for none.
    pub(super) fn statement_timeout_ms(&self) -> i64 {
        i64::try_from(self.statement_timeout.as_millis()).unwrap_or(i64::MAX)
    }

    /// How long a statement is waited for on this side: a little longer than the server's own limit, so that its answer
    /// wins where there is one, and a cut connection is noticed where there is none.
    pub fn timeout(&self) -> Duration {
        self.statement_timeout + Duration::from_secs(5)
    }
}

async fn is_standby(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    connection.fetch_one(sqlx::raw_sql("SELECT pg_is_in_recovery()")).await?.try_get(0)
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
