//! The small tasks beside ingest: chunks ahead of time, maintenance of the network, compaction, histograms.
//!
//! Each waits until the daemon is what it must be to its shard, and then does its work periodically. What
//! fails is logged and done again the next time.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, interval, interval_at};

use crate::compaction::Compactor;
use crate::config::CompactionConfig;
use crate::context::Context;
use crate::ingest::State;
use crate::model::time::Day;
use crate::store::care::context::Maintenance;
use crate::store::care::error::CareError;
use crate::store::care::maintenance::{cut_audit, run_maintenance};
use crate::store::hot::ensure_chunks;
use crate::telemetry::{Telemetry, UPKEEP_EVERY, chain};

/// How often chunks are created ahead of time, and for how many days beside the current one.
const CHUNKS_EVERY: Duration = Duration::from_secs(3_600);
const CHUNK_DAYS_AHEAD: usize = 2;
/// How often holds that ran out are ended: a hold lasts 10 minutes.
const MAINTENANCE_EVERY: Duration = Duration::from_secs(60);
/// Steps in which a partition of the audit is made.
const AUDIT_STEPS: usize = 3;
/// A daemon that starts has its backlog to take in first.
const MAINTENANCE_AFTER: Duration = Duration::from_secs(1);

/// Folds histograms together, or a daemon that nobody scrapes would grow.
pub(super) async fn fold_histograms(telemetry: Arc<Telemetry>) {
    let mut every = interval(UPKEEP_EVERY);
    loop {
        every.tick().await;
        telemetry.upkeep();
    }
}

/// Makes the chunks of the coming days. Where that fails, the lane that needs one makes it.
pub(super) async fn make_chunks(context: Context, state: Arc<State>) {
    state.role_is_known().await;
    let mut every = interval(CHUNKS_EVERY);
    loop {
        every.tick().await;
        let today = context.clock.now().day();
        let days: Vec<Day> =
            std::iter::successors(Some(today), |day| Some(day.next())).take(1 + CHUNK_DAYS_AHEAD).collect();
        let made = match context.connector.connect().await {
            Ok(mut connection) => ensure_chunks(&mut connection, &days).await,
            Err(error) => Err(error),
        };
        match made {
            Ok(made) => tracing::debug!(chunk.created = made, "chunks exist for the coming days"),
            Err(error) => tracing::warn!("chunks could not be created ahead of time: {}", chain(&error)),
        }
    }
}

/// Runs the periodic maintenance of the network, while the daemon owns its shard.
pub(super) async fn maintain_network(context: Context, state: Arc<State>) {
    state.ownership().await;
    let mut every = interval_at(Instant::now() + MAINTENANCE_AFTER, MAINTENANCE_EVERY);
    loop {
        every.tick().await;
        let done = match context.connector.connect().await {
            Ok(mut connection) => run_maintenance(&mut Maintenance::on(&mut connection)).await,
            Err(error) => Err(CareError::Failed(error)),
        };
        match done {
            Ok(done) if !done.failed.is_empty() => {
                tracing::warn!("maintenance of the network has failed in part: {}", done.failed.join(", "));
            }
            Ok(done) => tracing::debug!(
                maintenance.ended_holds = done.ended_holds,
                maintenance.counted_days = done.counted_days,
                "maintenance of the network is done"
            ),
            Err(error) => tracing::warn!("maintenance of the network has failed: {}", chain(&error)),
        }
        // One of its steps reads a partition, which may be as large as nobody cared for it.
        if let Err(error) = make_audit_partition(&context.clone().without_statement_timeout()).await {
            tracing::warn!("the audit's next partition was not made: {}", chain(&error));
        }
    }
}

/// Makes the next partition of the audit where events lie in the one that was made ahead.
async fn make_audit_partition(context: &Context) -> Result<(), CareError> {
    let mut connection = context.connector.connect().await.map_err(CareError::Failed)?;
    for _ in 0..AUDIT_STEPS {
        if !cut_audit(&mut Maintenance::on(&mut connection)).await? {
            break;
        }
    }
    Ok(())
}

/// Joins small blocks while the daemon owns its shard.
pub(super) async fn compact(context: Context, state: Arc<State>, config: CompactionConfig) {
    let mut own = state.ownership().await;
    loop {
        let context = context.without_statement_timeout();
        Compactor { context, own: own.clone(), config: config.clone() }.run().await;
        // It ends only where the shard was taken since: by another daemon, which ingest learns too, and ends this one
        // with words; or by this one, where the database has forgotten.
        own = state.ownership_after(&own).await;
    }
}
