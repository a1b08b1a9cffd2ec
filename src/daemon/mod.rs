//! Daemon: what runs in `serve` and `demo`, as tasks under a supervisor.
//!
//! ```text
//! task                        runs                                 works while the daemon
//! ingest                      database, then the service           owns its shard, or waits for it
//! http_health, http_metrics   /healthz, /readyz, the portal; /metrics   runs, also without a database
//! histograms                  telemetry                            runs
//! chunks                      partitions of the coming days        knows who owns the shard
//! roller, compactor           archive, compaction                  owns its shard
//! quarantine                  age, size                            owns its shard
//! early                       daily values that were dated ahead   owns its shard
//! maintenance                 the network's own clock              owns its shard
//! changes                     places in the feed of changes        owns its shard
//! rollups                     hours and days, closed               owns its shard
//! ```
//!
//! # Why
//! Tasks share one `ingest::State` and wait for its changes, so none of them asks the others how they are. Whichever
//! ends unexpectedly ends the daemon in order (`supervisor`).
//!
//! To add a task: its function in `tasks` or a file of its own, its name in `telemetry::Task`, a line in `start`.

/// Why the daemon has ended.
mod error;

/// Each task under its name.
mod supervisor;

/// Connections to the pages.
mod connections;

/// The pages.
mod http;

/// Ingest, once the database is ready.
mod ingest;

/// The small tasks.
mod tasks;

/// Quarantine: what is old leaves it, and how full it is.
mod quarantine;

/// Daily values that were dated ahead, when their time has come.
mod early;

/// The feed of changes: places, and what is old.
mod changes;

/// Hours and days of what was measured.
mod rollups;

/// The roll, once a day.
mod roll_daily;

use std::sync::Arc;

use axum::Router;
use tokio_util::sync::CancellationToken;

pub use error::DaemonError;
pub use http::Listeners;

use crate::archive::Archive;
use crate::archive::roll::Roller;
use crate::config::Config;
use crate::context::Context;
use crate::ingest::State;
use crate::ingest::quarantine::{Cap, CapLimits};
use crate::model::time::SystemClock;
use crate::portal::{Playbill, Portal, router};
use crate::store::pool::Connector;
use crate::telemetry::{Task, Telemetry};
use http::Pages;
use supervisor::Supervisor;

/// A daemon that has not started.
#[derive(Debug)]
pub struct Daemon {
    /// All of the configuration.
    pub config: Config,
    /// Where its pages are asked for.
    pub listeners: Listeners,
    /// Counts.
    pub telemetry: Arc<Telemetry>,
    /// What it is to its shard, for whoever waits for it.
    pub state: Arc<State>,
    /// Whom a visitor can be: of the demo alone.
    pub playbill: Option<Playbill>,
}

impl Daemon {
    /// Runs until `stop` is cancelled, or a task fails, and everything received is written and acknowledged.
    pub async fn run(self, stop: CancellationToken) -> Result<(), DaemonError> {
        // Cancelled by a failure as well, which must not look like a signal to whoever gave `stop`.
        let (stop, closing) = (stop.child_token(), CancellationToken::new());
        let mut supervisor = Supervisor::new(Arc::clone(&self.telemetry));
        self.start(&mut supervisor, &stop, &closing)?;
        let ended = supervisor.watch(&stop).await;
        supervisor.close(&closing).await;
        ended
    }

    /// Starts every task.
    fn start(
        self,
        supervisor: &mut Supervisor,
        stop: &CancellationToken,
        closing: &CancellationToken,
    ) -> Result<(), DaemonError> {
        let Daemon { config, listeners, telemetry, state, playbill } = self;
        let context = Context::new(Connector::new(&config.store)?, Arc::clone(&telemetry))?;
        let archive = Archive::of(&config.archive)?;
        tracing::info!(
            daemon.version = env!("CARGO_PKG_VERSION"),
            http.health = %listeners.health.local_addr()?,
            http.metrics = %listeners.metrics.local_addr()?,
            ingest.lanes = config.ingest.lanes,
            ingest.inflight_bytes_max = config.ingest.inflight_bytes_max,
            mqtt.connections = config.mqtt.connections,
            "starting"
        );
        // The pages do not wait for the database: an operator must be able to ask why nothing works.
        let pages = Pages { telemetry: Arc::clone(&telemetry), state: Arc::clone(&state) };
        let portal = portal_pages(&config, closing, playbill, &pages)?;
        supervisor.spawn_endless(
            Task::HttpHealth,
            http::serve_health(listeners.health, pages.clone(), portal, closing.clone()),
        );
        supervisor.spawn_endless(Task::HttpMetrics, http::serve_metrics(listeners.metrics, pages, closing.clone()));
        supervisor.spawn_endless(Task::Histograms, tasks::fold_histograms(telemetry));
        supervisor.spawn_endless(Task::Chunks, tasks::make_chunks(context.clone(), Arc::clone(&state)));
        supervisor.spawn_endless(Task::Maintenance, tasks::maintain_network(context.clone(), Arc::clone(&state)));
        if let Some(archive) = archive {
            let context = context.without_statement_timeout();
            let roller = Roller { archive, context, config: config.archive };
            supervisor.spawn_endless(Task::Roller, roll_daily::run(roller, Arc::clone(&state)));
        }
        if config.compaction.enabled {
            let compacting = tasks::compact(context.clone(), Arc::clone(&state), config.compaction);
            supervisor.spawn_endless(Task::Compactor, compacting);
        }
        let cap = Arc::new(Cap::new(CapLimits {
            rows_per_source: config.ingest.quarantine_rows_per_source,
            bytes_per_source: config.ingest.quarantine_bytes_per_source,
            bytes_max: config.ingest.quarantine_bytes_max,
        }));
        let retention_days = config.ingest.quarantine_retention_days;
        let quarantine = quarantine::Upkeep { context: context.clone(), cap: Arc::clone(&cap), retention_days };
        supervisor.spawn_endless(Task::Quarantine, quarantine.run(Arc::clone(&state)));
        let early = early::Early { context: context.clone(), mqtt: config.mqtt.clone() };
        supervisor.spawn_endless(Task::Early, early.run(Arc::clone(&state)));
        supervisor.spawn_endless(Task::Rollups, rollups::run(context.clone(), Arc::clone(&state)));
        let feed = changes::ChangeFeed { context: context.clone(), kept: config.ingest.changes_kept() };
        supervisor.spawn_endless(Task::Changes, feed.run(Arc::clone(&state)));
        let settings = (config.mqtt, config.ingest);
        supervisor.spawn(Task::Ingest, ingest::run(context, state, settings, cap, stop.clone()));
        Ok(())
    }
}

/// The pages for people, where a login of the portal is configured.
fn portal_pages(
    config: &Config,
    closing: &CancellationToken,
    playbill: Option<Playbill>,
    pages: &Pages,
) -> Result<Option<Router>, DaemonError> {
    if !config.portal.is_on() {
        return Ok(None);
    }
    let clock = Arc::new(SystemClock);
    let portal = Portal::new(config, clock, closing.clone(), playbill)?;
    portal.watch(Arc::clone(&pages.telemetry), Arc::clone(&pages.state));
    Ok(Some(router(portal)))
}
