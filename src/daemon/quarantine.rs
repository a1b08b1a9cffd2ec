//! Upkeep of quarantine: what is old leaves it, a page at a time, and lanes learn how full it is.
//!
//! Each round costs time in proportion to what is kept; the pause after it is a hundred times as long, and a minute at
//! least. A page that takes too long, since it costs time to find out what the law holds, is made smaller, and at last
//! one rejection is passed over until the next round, so that none keeps all later ones. Where several
//! shards have daemons, each does it: what one of them is removing the others pass over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgConnection;
use tokio::time::sleep;

use crate::context::Context;
use crate::ingest::State;
use crate::ingest::quarantine::Cap;
use crate::model::time::SECOND_US;
use crate::store::StoreError;
use crate::store::pool::within;
use crate::store::quarantine::{Page, Purge, fullness, pass_over, purge_page};
use crate::telemetry::chain;

/// The shortest pause between two rounds.
const EVERY: Duration = Duration::from_secs(60);
/// How much longer than a round the pause after it is.
const PAUSES_PER_ROUND: u32 = 100;
/// Rejections that one transaction removes.
const PAGE_ROWS: i32 = 500;
/// How much smaller a page is made that took too long.
const PAGE_DIVISOR: i32 = 4;

/// What works on quarantine beside ingest.
#[derive(Debug)]
pub(super) struct Upkeep {
    /// Database, clock and counts.
    pub(super) context: Context,
    /// What the lanes ask.
    pub(super) cap: Arc<Cap>,
    /// How long it keeps what does not come again; 0: for ever.
    pub(super) retention_days: u32,
}

impl Upkeep {
    /// Works while the daemon owns its shard.
    pub(super) async fn run(self, state: Arc<State>) {
        state.ownership().await;
        loop {
            let began = Instant::now();
            if let Err(error) = self.round().await {
                tracing::warn!("quarantine could not be looked after, trying again: {}", chain(&error));
            }
            sleep(EVERY.max(began.elapsed() * PAUSES_PER_ROUND)).await;
        }
    }

    /// Measures before anything is removed, so that lanes know at once, and after it, whether or not that succeeds.
    async fn round(&self) -> Result<(), StoreError> {
        let mut connection = self.context.connector.connect().await?;
        let before = self.measure(&mut connection).await;
        let expired = self.expire(&mut connection).await;
        let after = self.measure(&mut connection).await;
        before.and(expired).and(after)
    }

    async fn measure(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let (was_full, added_before) = (self.cap.is_full(0), self.cap.added_bytes());
        let full = within(self.context.connector.timeout(), "measuring the quarantine", fullness(connection)).await?;
        self.cap.measure(&full, added_before);
        let metrics = &self.context.telemetry.quarantine;
        metrics.open_rows.set(full.open_rows as f64);
        metrics.resolved_rows.set(full.resolved_rows as f64);
        metrics.bytes.set(full.bytes() as f64);
        let age_us = full.oldest.map_or(0, |oldest| self.context.clock.now().micros_since(oldest));
        metrics.age_seconds.set(age_us.max(0) as f64 / SECOND_US as f64);
        if self.cap.is_full(0) && !was_full {
            tracing::warn!(
                quarantine.bytes = full.bytes(),
                "quarantine is full: what is rejected is counted, not kept; run `healthtrack quarantine list`, then \
                 resolve and purge, or raise ingest.quarantine_bytes_max"
            );
        }
        Ok(())
    }

    /// Removes what has not come again for too long, but for contradictions that nobody has looked at.
    async fn expire(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let Some(which) = Purge::of_age(self.context.clock.now(), self.retention_days) else { return Ok(()) };
        let timeout = self.context.connector.timeout();
        let (mut page, mut rows_max, mut expired, mut passed_over) = (Some(Page::FIRST), PAGE_ROWS, 0, 0);
        while let Some(from) = page {
            let began = Instant::now();
            let purging = purge_page(connection, which, from, rows_max);
            match within(timeout, "purging the quarantine", purging).await {
                Ok((purged, next)) => {
                    self.context.telemetry.quarantine.expired_rows.increment(purged.rows);
                    (page, expired) = (next, expired + purged.rows);
                }
                Err(error) if error.is_slow() => {
                    // The former one may be in the middle of it.
                    *connection = self.context.connector.connect().await?;
                    if rows_max > 1 {
                        rows_max = (rows_max / PAGE_DIVISOR).max(1);
                    } else {
                        let passing = pass_over(connection, which, from);
                        page = within(timeout, "passing over what cannot be purged", passing).await?;
                        (rows_max, passed_over) = (PAGE_ROWS, passed_over + 1);
                    }
                }
                Err(error) => return Err(error),
            }
            // Ingest keeps its share of the database.
            sleep(began.elapsed()).await;
        }
        if passed_over > 0 {
            tracing::warn!(
                quarantine.passed_over_rows = passed_over,
                "what is too old stays in quarantine where it takes longer than store.statement_timeout_ms to find out \
                 whether the law holds it: run `healthtrack quarantine purge --expired` with a longer one"
            );
        }
        if expired > 0 {
            tracing::info!(quarantine.expired_rows = expired, "what was too old has left quarantine");
        }
        Ok(())
    }
}
