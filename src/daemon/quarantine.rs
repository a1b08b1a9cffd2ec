//! Upkeep of quarantine: what is old leaves it, a page at a time, and lanes learn how full it is.
//!
//! Each round costs time in proportion to what is kept; the pause after it is a hundred times as long, and a minute at
//! least. Where several shards have daemons, each does it: what one of them is removing the others pass over.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::context::Context;
use crate::ingest::State;
use crate::ingest::quarantine::Cap;
use crate::model::time::{DAY_US, SECOND_US};
use crate::store::StoreError;
use crate::store::pool::within;
use crate::store::quarantine::{Page, Purge, fullness, purge_page};
use crate::telemetry::chain;

/// The shortest pause between two rounds.
const EVERY: Duration = Duration::from_secs(60);
/// How much longer than a round the pause after it is.
const PAUSES_PER_ROUND: u32 = 100;
/// Rejections that one transaction removes.
const PAGE_ROWS: i32 = 500;

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

    async fn round(&self) -> Result<(), StoreError> {
        self.expire().await?;
        let mut connection = self.context.connector.connect().await?;
        let (was_full, added_before) = (self.cap.is_full(0), self.cap.added_bytes());
        let full =
            within(self.context.connector.timeout(), "measuring the quarantine", fullness(&mut connection)).await?;
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

    /// Removes what has not come again for too long.
    async fn expire(&self) -> Result<(), StoreError> {
        if self.retention_days == 0 {
            return Ok(());
        }
        let before = self.context.clock.now().plus_micros(-i64::from(self.retention_days) * DAY_US);
        let which = Purge { before, reason: None, only_resolved: false };
        let mut connection = self.context.connector.connect().await?;
        let (mut page, mut expired) = (Some(Page::FIRST), 0);
        while let Some(from) = page {
            let began = Instant::now();
            let purging = purge_page(&mut connection, which, from, PAGE_ROWS);
            let (purged, next) = within(self.context.connector.timeout(), "purging the quarantine", purging).await?;
            self.context.telemetry.quarantine.expired_rows.increment(purged.rows);
            (page, expired) = (next, expired + purged.rows);
            // Ingest keeps its share of the database.
            sleep(began.elapsed()).await;
        }
        if expired > 0 {
            tracing::info!(quarantine.expired_rows = expired, "what was too old has left quarantine");
        }
        Ok(())
    }
}
