//! The feed of changes: what lanes have committed gets its places, and what is old leaves.
//!
//! # Why
//! Places are given once for all that was committed meanwhile, so the cost does not grow with the number of commits:
//! woken by a commit, it works, and then rests for 50 ms or ten times as long as that took, a second at most. What
//! other programs have changed, such as an erasure, is found within a second. Where several shards have daemons, each
//! does it for all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgConnection;
use tokio::time::{sleep, timeout};

use crate::context::Context;
use crate::ingest::State;
use crate::model::time::SECOND_US;
use crate::store::StoreError;
use crate::store::changes::{kept, number, prune};
use crate::store::pool::within;
use crate::telemetry::chain;

/// How long commits are awaited.
const IDLE_EVERY: Duration = Duration::from_secs(1);
/// How long changes wait for their places at least, so that many get them together.
const REST_MIN: Duration = Duration::from_millis(50);
/// How much longer than the work the rest is.
const RESTS_PER_WORK: u32 = 10;
/// How long changes wait for their places at most.
const REST_MAX: Duration = IDLE_EVERY;
/// How often what is old leaves.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// What follows the commits.
#[derive(Debug)]
pub(super) struct ChangeFeed {
    /// Database, clock and counts.
    pub(super) context: Context,
    /// How long it goes back.
    pub(super) kept: Duration,
}

impl ChangeFeed {
    /// Works while the daemon owns its shard.
    pub(super) async fn run(self, state: Arc<State>) {
        state.ownership().await;
        // The last place that is known to be given: a database that knows less has been restored.
        let (mut connection, mut place, mut pruned) = (None, 0, None);
        loop {
            let rest = match self.round(&mut connection, &mut place, &mut pruned).await {
                Ok(numbered) => (numbered * RESTS_PER_WORK).clamp(REST_MIN, REST_MAX),
                Err(error) => {
                    tracing::warn!("the feed of changes could not be looked after, trying again: {}", chain(&error));
                    connection = None;
                    IDLE_EVERY
                }
            };
            sleep(rest).await;
            // Either there is something to number, or somebody else may have changed something.
            let _ = timeout(IDLE_EVERY, state.committed()).await;
        }
    }

    /// Numbers what was committed, and, once in a while, removes what is old; how long the first took.
    async fn round(
        &self,
        connection: &mut Option<PgConnection>,
        place: &mut i64,
        pruned: &mut Option<Instant>,
    ) -> Result<Duration, StoreError> {
        let connector = &self.context.connector;
        let connection = match connection {
            Some(connection) => connection,
            None => connection.insert(connector.connect().await?),
        };
        let began = Instant::now();
        *place = within(connector.timeout(), "numbering changes", number(connection, *place)).await?;
        let numbered = began.elapsed();
        self.context.telemetry.changes.number_seconds.record(numbered);
        if pruned.is_none_or(|at| at.elapsed() >= PRUNE_EVERY) {
            *pruned = Some(Instant::now());
            self.prune(connection).await?;
        }
        Ok(numbered)
    }

    async fn prune(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let limit = self.context.connector.timeout();
        let now = self.context.clock.now();
        let before = now.plus_micros(-i64::try_from(self.kept.as_micros()).unwrap_or(i64::MAX));
        let began = Instant::now();
        // What is left after a while goes the next time: commits wait for their places meanwhile.
        while within(limit, "removing old changes", prune(connection, before)).await? > 0 {
            if began.elapsed() >= IDLE_EVERY {
                break;
            }
        }
        let kept = within(limit, "measuring the feed of changes", kept(connection)).await?;
        let metrics = &self.context.telemetry.changes;
        metrics.bytes.set(kept.bytes as f64);
        let age_us = kept.since.map_or(0, |since| now.micros_since(since));
        metrics.age_seconds.set(age_us.max(0) as f64 / SECOND_US as f64);
        Ok(())
    }
}
