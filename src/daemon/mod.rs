//! The daemon with its web pages, as `serve` and `demo` run it.

/// The roll as a task of the daemon.
mod roll_daily;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::time::{interval, sleep};
use tokio_util::sync::CancellationToken;

use crate::archive::Archive;
use crate::archive::roll::Roller;
use crate::config::Config;
use crate::ingest::Service;
use crate::model::metric::Catalogue;
use crate::model::time::{Clock, Day, SystemClock};
use crate::model::unit::Units;
use crate::store::care::context::Maintenance;
use crate::store::care::error::CareError;
use crate::store::care::maintenance::run_maintenance;
use crate::store::hot::ensure_chunks;
use crate::store::migrate::migrate;
use crate::store::pool::Connector;
use crate::telemetry::{Role, Telemetry, UPKEEP_EVERY};

/// How long to wait before asking a database again that does not answer at the start.
const DATABASE_PAUSE: Duration = Duration::from_secs(1);
/// How often chunks are made ahead of time, and for how many days beside the present one.
const CHUNKS_EVERY: Duration = Duration::from_secs(3_600);
const CHUNK_DAYS_AHEAD: usize = 2;
/// How often holds that ran out are ended: a hold lasts 15 minutes.
const NETWORK_EVERY: Duration = Duration::from_secs(60);
/// How often it is asked whether this daemon owns its shard.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where the daemon is asked how it is. Listened on by whoever starts it, who may choose another port.
#[derive(Debug)]
pub struct Listeners {
    /// `/healthz` and `/readyz`.
    pub health: TcpListener,
    /// `/metrics`.
    pub metrics: TcpListener,
}

impl Listeners {
    /// Listens where the configuration says.
    pub async fn open(config: &Config) -> anyhow::Result<Listeners> {
        let health = listen(config.http.bind, "http.bind").await?;
        Ok(Listeners { health, metrics: listen(config.telemetry.bind, "telemetry.bind").await? })
    }
}

/// Runs the daemon until `stop` is cancelled and everything received is written and acknowledged.
pub async fn run(
    config: Config,
    doors: Listeners,
    telemetry: Arc<Telemetry>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let catalogue = Arc::new(Catalogue::builtin()?);
    let connector = Connector::new(&config.store)?;
    let archive = Archive::of(&config.archive)?;
    let health = Router::new().route("/healthz", get(healthz)).route("/readyz", get(readyz));
    let metrics = Router::new().route("/metrics", get(scrape));
    // Both stand before the database does: an operator must be able to ask why nothing works.
    let (health_at, metrics_at) = (doors.health.local_addr()?, doors.metrics.local_addr()?);
    let pages = serve_pages(health, doors.health, &telemetry);
    let scrapes = serve_pages(metrics, doors.metrics, &telemetry);
    tracing::info!(version = env!("CARGO_PKG_VERSION"), health = %health_at, metrics = %metrics_at,
        lanes = config.ingest.lanes, connections = config.mqtt.connections,
        inflight_bytes_max = config.ingest.inflight_bytes_max, "starting");
    let upkeep = tokio::spawn(fold_histograms(Arc::clone(&telemetry)));
    let ran = match prepare_database(&connector, &catalogue, &telemetry, &stop).await? {
        Some(()) => {
            let chunks = tokio::spawn(make_chunks(connector.clone(), Arc::clone(&clock)));
            let network = tokio::spawn(keep_network_up(connector.clone(), Arc::clone(&telemetry)));
            let roller = archive.map(|archive| Roller {
                archive,
                catalogue: Arc::clone(&catalogue),
                connector: connector.without_statement_timeout(),
                config: config.archive,
                telemetry: Arc::clone(&telemetry),
                clock: Arc::clone(&clock),
            });
            let rolling = roller.map(|roller| tokio::spawn(roll_daily::run(roller)));
            let service = Service {
                pool: connector.pool(),
                connector,
                catalogue,
                units: Arc::new(Units::builtin()?),
                telemetry: Arc::clone(&telemetry),
                clock,
                owner: owner(),
                mqtt: config.mqtt,
                ingest: config.ingest,
                compaction: config.compaction,
            };
            let ran = service.run(stop).await;
            chunks.abort();
            network.abort();
            // Cut in the middle, it leaves what the next roll clears away.
            rolling.iter().for_each(tokio::task::JoinHandle::abort);
            ran.map_err(anyhow::Error::from)
        }
        None => Ok(()),
    };
    [pages, scrapes, upkeep].iter().for_each(tokio::task::JoinHandle::abort);
    ran
}

/// Brings the schema up to date, once the database answers; `None` where the daemon is to stop first.
async fn prepare_database(
    connector: &Connector,
    catalogue: &Catalogue,
    telemetry: &Telemetry,
    stop: &CancellationToken,
) -> anyhow::Result<Option<()>> {
    loop {
        match connector.connect().await {
            Ok(mut connection) => {
                let migrated = migrate(&mut connection, catalogue).await?;
                let table = if migrated.hypertable { "hypertable" } else { "native partitions" };
                tracing::info!(applied = migrated.applied, known = migrated.known, table, "the schema is up to date");
                telemetry.database_works();
                return Ok(Some(()));
            }
            Err(error) => {
                telemetry.database_fails();
                let error = anyhow::Error::from(error);
                tracing::warn!("the database does not answer, trying again: {error:#}");
            }
        }
        tokio::select! {
            () = sleep(DATABASE_PAUSE) => {}
            () = stop.cancelled() => return Ok(None),
        }
    }
}

async fn listen(bind: SocketAddr, key: &'static str) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(bind).await;
    listener.with_context(|| format!("cannot listen on {bind}: free the port, or set {key}"))
}

fn serve_pages(
    router: Router<Arc<Telemetry>>,
    listener: TcpListener,
    telemetry: &Arc<Telemetry>,
) -> tokio::task::JoinHandle<()> {
    let router = router.with_state(Arc::clone(telemetry));
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!("the daemon's pages have ended: {error}");
        }
    })
}

/// The process lives.
async fn healthz() -> &'static str {
    "ok\n"
}

/// The daemon does its work, or stands by to do it; else what keeps it from that.
async fn readyz(State(telemetry): State<Arc<Telemetry>>) -> impl IntoResponse {
    match telemetry.not_ready_reasons().as_slice() {
        [] => (StatusCode::OK, format!("ready: {}\n", telemetry.role().word())),
        not_ready_reasons => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", not_ready_reasons.join("; ")))
        }
    }
}

async fn scrape(State(telemetry): State<Arc<Telemetry>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], telemetry.render())
}

async fn fold_histograms(telemetry: Arc<Telemetry>) {
    let mut every = interval(UPKEEP_EVERY);
    loop {
        every.tick().await;
        telemetry.upkeep();
    }
}

/// Makes the chunks of the coming days at leisure. Where that fails, the lane that needs one makes it.
async fn make_chunks(connector: Connector, clock: Arc<dyn Clock>) {
    let mut every = interval(CHUNKS_EVERY);
    loop {
        every.tick().await;
        let today = clock.now().day();
        let days: Vec<Day> =
            std::iter::successors(Some(today), |day| Some(day.next())).take(1 + CHUNK_DAYS_AHEAD).collect();
        let made = match connector.connect().await {
            Ok(mut connection) => ensure_chunks(&mut connection, &days).await,
            Err(error) => Err(error),
        };
        match made {
            Ok(made) => tracing::debug!(made, "chunks are there for the coming days"),
            Err(error) => tracing::warn!("chunks could not be made ahead of time: {error}"),
        }
    }
}

/// Does what the network wants done by the clock. One that fails is done a minute later.
async fn keep_network_up(connector: Connector, telemetry: Arc<Telemetry>) {
    let mut every = interval(LOOK_EVERY);
    let mut last: Option<Instant> = None;
    loop {
        every.tick().await;
        if telemetry.role() != Role::Owner || last.is_some_and(|last| last.elapsed() < NETWORK_EVERY) {
            continue;
        }
        last = Some(Instant::now());
        let done = match connector.connect().await {
            Ok(mut connection) => run_maintenance(&mut Maintenance::on(&mut connection)).await,
            Err(error) => Err(CareError::Failed(error)),
        };
        match done {
            Ok(done) => tracing::debug!(done.ended_holds, done.counted_days, "the network is kept up"),
            Err(error) => tracing::warn!("the network could not be kept up: {:#}", anyhow::Error::from(error)),
        }
    }
}

/// Host and process, for whoever reads `signal.ingest_shard`.
fn owner() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = if host.trim().is_empty() { "localhost" } else { host.trim() };
    format!("{host}/{}", std::process::id())
}
