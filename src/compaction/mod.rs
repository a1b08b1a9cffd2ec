//! Compaction: small blocks of days that are over become long ones.
//!
//! ```text
//! a day is over  →  its series with small blocks side by side  →  read, joined, replaced  →  written anew  →  noted
//! lateness_s        a page of series at a time                    a transaction a portion     if half is dead
//! ```
//!
//! # Why
//! A hub that sends each value at once leaves a row a sample, which costs what rows cost. A day that is over hardly
//! changes any more, so each of its samples is rewritten once, and a late one later costs one block of at most 960.
//!
//! It is safe beside everything else: a transaction is fenced by the shard's epoch like a lane's, has its days alone
//! (`store::hot::days`), and either replaces all that it read or nothing, so a reader sees each sample once and whoever
//! is killed at any moment leaves the table as it was before that transaction, or as it is after. One daemon compacts
//! at a time, only to spare the database: two would take turns at the days' locks and be right all the same.
//!
//! A chunk of several days is compacted after each of them, up to where they are over, and written anew with its last.
//!
//! Long arrays of a chunk that is over are compressed by pglz instead of LZ4 from then on, which takes half the space
//! (`store::hot::compact`).
//!
//! Memory is bounded by the portion: 8,192 blocks, or some 500,000 samples, about 40 MB.
//!
//! A block that cannot be read stays as it is, and separates the blocks before it from those after it. A chunk that the
//! server cannot read back is skipped until the next pass; the others are compacted.
//!
//! Invariant: compaction changes no sample and no end of a series, and a second pass changes no block.

mod join;

use std::time::{Duration, Instant};

use sqlx::PgConnection;
use tokio::time::sleep;

use crate::config::CompactionConfig;
use crate::context::Context;
use crate::model::ids::SeriesId;
use crate::store::hot::CopyRows;
use crate::store::hot::compact::{self, Candidate, CompactionChunk, CompactionLimits, Replacing, SmallBlocks, Span};
use crate::store::hot::space::{self, Space};
use crate::store::pool::within;
use crate::store::shard::Ownership;
use crate::store::{Fault, StoreError};
use crate::telemetry::chain;
use join::{SMALL_SAMPLES, join, resume};

/// Series that one query reads: 64 of a value a second are 5.5 million rows, some seconds.
const PAGE_SERIES: i64 = 64;
/// What one transaction replaces: a few tenths of a second, in which a merge into these days waits.
const PORTION_BLOCKS_MAX: u64 = 8_192;
const PORTION_SAMPLES_MAX: u64 = 500_000;
/// Longer than any query on a busy machine, and shorter than for ever.
const QUERY_TIMEOUT: Duration = Duration::from_secs(600);
/// A chunk of a hundred gigabytes is written in this time, even on a slow disk.
const REWRITE_TIMEOUT: Duration = Duration::from_secs(3_600);

/// Joins the small blocks of one shard.
#[derive(Debug)]
pub struct Compactor {
    /// Opens a connection for each pass; its statements may take long.
    pub context: Context,
    /// With which right it writes.
    pub own: Ownership,
    /// When, and how hard.
    pub config: CompactionConfig,
}

/// What a pass did.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Pass {
    /// Chunks that were compacted.
    pub chunks: u64,
    /// Blocks that were joined.
    pub blocks_before: u64,
    /// Blocks that took their place.
    pub blocks_after: u64,
    /// Chunks that could not be compacted to their end.
    pub skipped: u64,
}

impl Compactor {
    /// Makes pass after pass until another owns the shard.
    pub async fn run(self) {
        let mut caught_up = Instant::now();
        loop {
            let began = Instant::now();
            match self.pass().await {
                Ok(Some(pass)) => {
                    if pass.skipped == 0 {
                        caught_up = began;
                    }
                    if pass.blocks_before > 0 {
                        tracing::info!(
                            compaction.chunks = pass.chunks,
                            compaction.blocks_before = pass.blocks_before,
                            compaction.blocks_after = pass.blocks_after,
                            compaction.seconds = began.elapsed().as_secs(),
                            "small blocks were joined"
                        );
                    }
                }
                Ok(None) => tracing::debug!("another daemon is compacting"),
                Err(error) if error.fault() == Fault::Fenced => return,
                Err(error) => {
                    self.context.telemetry.compaction_failures.increment(1);
                    tracing::warn!("compaction ended early and continues later: {}", chain(&error));
                }
            }
            self.context.telemetry.compaction_lag_seconds.set(caught_up.elapsed().as_secs_f64());
            sleep(self.config.every()).await;
        }
    }

    /// Compacts every closed chunk that was written to since the last pass; `None` where another daemon compacts.
    pub async fn pass(&self) -> Result<Option<Pass>, StoreError> {
        let mut connection = self.context.connector.connect().await?;
        let connection = &mut connection;
        if !compact::try_be_only_compactor(connection).await? {
            return Ok(None);
        }
        let now = self.context.clock.now();
        let before = now.plus_micros(-self.config.lateness_us());
        let chunks = compact::chunks_to_compact(connection, &self.own.shard, before, now).await?;
        let mut pass = Pass::default();
        for (place, chunk) in chunks.iter().enumerate() {
            self.context.telemetry.compaction_waiting_chunks.set((chunks.len() - place) as f64);
            match self.compact_chunk(connection, chunk).await {
                Ok((joined, written)) => {
                    pass.chunks += 1;
                    pass.blocks_before += joined;
                    pass.blocks_after += written;
                }
                // What is wrong with this chunk is not wrong with the others.
                Err(error) if error.fault() == Fault::Data || error.is_of_blocks() => {
                    pass.skipped += 1;
                    self.context.telemetry.compaction_failures.increment(1);
                    self.context.telemetry.unreadable_blocks.increment(u64::from(error.is_of_blocks()));
                    tracing::error!(chunk.day = %chunk.from.day(), "a chunk was left as it is: {}", chain(&error));
                }
                Err(error) => return Err(error),
            }
        }
        self.context.telemetry.compaction_waiting_chunks.set(0.0);
        Ok(Some(pass))
    }

    /// Joins what can be joined in a chunk, gives its dead space back, and records the pass.
    async fn compact_chunk(
        &self,
        connection: &mut PgConnection,
        chunk: &CompactionChunk,
    ) -> Result<(u64, u64), StoreError> {
        let mut blocks = (0, 0);
        let is_dense = chunk.is_over && space::try_set_pglz(connection, chunk).await?;
        let mut after = SeriesId(i32::MIN);
        loop {
            let began = Instant::now();
            let series = compact::series_after(connection, &self.own, after, PAGE_SERIES).await?;
            let Some(last) = series.last() else { break };
            after = *last;
            let small = i32::try_from(SMALL_SAMPLES).unwrap_or(i32::MAX);
            let candidates = compact::candidates(connection, chunk, &series, small);
            let candidates = within(QUERY_TIMEOUT, "looking for small blocks", candidates).await?;
            sleep(self.config.rest_after(began.elapsed())).await;
            for portion in portions(&candidates) {
                let (joined, written) = self.join_portion(connection, chunk, portion).await?;
                blocks.0 += joined;
                blocks.1 += written;
            }
            if is_dense {
                self.compress(connection, chunk, &series).await?;
            }
        }
        if !chunk.is_over {
            compact::record_pass(connection, &self.own, chunk, self.context.clock.now(), blocks).await?;
            return Ok(blocks);
        }
        if !is_dense {
            // Not noted, so the next pass comes back to it.
            return Ok(blocks);
        }
        let began = Instant::now();
        let rewrite = space::rewrite_if_wasteful(connection, chunk);
        match within(REWRITE_TIMEOUT, "rewriting a chunk", rewrite).await? {
            Space::Fine => {}
            Space::Reclaimed(bytes) => {
                self.context.telemetry.compaction_reclaimed_bytes.increment(bytes);
                self.context.telemetry.compaction_rewrite_seconds.record(began.elapsed());
            }
            // Not noted, so the next pass comes back to it.
            Space::Busy => return Ok(blocks),
        }
        compact::record_pass(connection, &self.own, chunk, self.context.clock.now(), blocks).await?;
        Ok(blocks)
    }

    /// Compresses what these series have in a chunk and was long enough to be left alone.
    async fn compress(
        &self,
        connection: &mut PgConnection,
        chunk: &CompactionChunk,
        series: &[SeriesId],
    ) -> Result<(), StoreError> {
        let began = Instant::now();
        let loose = space::has_loose(connection, chunk, series);
        let mut is_done = !within(QUERY_TIMEOUT, "looking for loose blocks", loose).await?;
        sleep(self.config.rest_after(began.elapsed())).await;
        while !is_done {
            let began = Instant::now();
            let replacing = Replacing::begin(connection, &self.own, chunk, (chunk.from, chunk.to));
            let replacing = within(QUERY_TIMEOUT, "beginning to compact", replacing).await?;
            is_done = within(QUERY_TIMEOUT, "compressing blocks", replacing.compress(series)).await?;
            sleep(self.config.rest_after(began.elapsed())).await;
        }
        Ok(())
    }

    /// Joins the small blocks of some series, each in a few transactions at most; how many went, and how many came.
    async fn join_portion(
        &self,
        connection: &mut PgConnection,
        chunk: &CompactionChunk,
        portion: &[Candidate],
    ) -> Result<(u64, u64), StoreError> {
        let mut blocks = (0, 0);
        let mut rows = CopyRows::default();
        let Some(mut limits) = limits_of(portion) else { return Ok(blocks) };
        loop {
            let began = Instant::now();
            let replacing = Replacing::begin(connection, &self.own, chunk, (limits.from, limits.until));
            let mut replacing = within(QUERY_TIMEOUT, "beginning to compact", replacing).await?;
            let read = within(QUERY_TIMEOUT, "reading small blocks", replacing.read(&limits)).await?;
            self.report_unreadable(&read);
            let joined = join(&read.small);
            rows.clear();
            for (series, block) in joined.iter().flat_map(|one| one.blocks.iter().map(|block| (one.gone.series, block)))
            {
                rows.push(series, block);
            }
            if !joined.is_empty() {
                let gone: Vec<Span> = joined.iter().map(|one| one.gone).collect();
                within(QUERY_TIMEOUT, "replacing small blocks", replacing.replace(&gone, &rows)).await?;
                let (went, came) = (gone.iter().map(|span| span.blocks).sum::<u64>(), rows.rows() as u64);
                self.context.telemetry.compaction_joined_blocks.increment(went);
                self.context.telemetry.compaction_written_blocks.increment(came);
                self.context.telemetry.compaction_seconds.record(began.elapsed());
                blocks = (blocks.0 + went, blocks.1 + came);
            }
            sleep(self.config.rest_after(began.elapsed())).await;
            let is_cut =
                limits.series.len() == 1 && i64::try_from(read.len()).is_ok_and(|read| read >= limits.blocks_max);
            match resume(&read, &joined) {
                Some(from) if is_cut && (from > limits.from || !joined.is_empty()) => limits.from = from,
                _ => return Ok(blocks),
            }
        }
    }

    /// Counts and logs unreadable blocks. They stay as they are, and nothing is joined across them.
    fn report_unreadable(&self, read: &SmallBlocks) {
        self.context.telemetry.unreadable_blocks.increment(read.unreadable.len() as u64);
        for block in &read.unreadable {
            let (series, day, what) = (block.series.0, block.start.day(), block.what);
            tracing::error!(series.id = series, block.day = %day, "a stored block cannot be read, since {what}; \
                it stays, and `healthtrack doctor` says how to repair it");
        }
    }
}

/// Candidates in portions of what one transaction may hold; one that is longer stands alone and is read in slices.
fn portions(candidates: &[Candidate]) -> impl Iterator<Item = &[Candidate]> {
    let (mut blocks, mut samples) = (0, 0);
    candidates.chunk_by(move |before, next| {
        (blocks, samples) = (blocks + before.blocks, samples + before.samples);
        let fits = blocks + next.blocks <= PORTION_BLOCKS_MAX && samples + next.samples <= PORTION_SAMPLES_MAX;
        if !fits {
            (blocks, samples) = (0, 0);
        }
        fits
    })
}

/// What is to be read of a portion: all of it, or as many blocks of its one series as hold the samples of a portion.
fn limits_of(portion: &[Candidate]) -> Option<CompactionLimits> {
    let from = portion.iter().map(|candidate| candidate.first).min()?;
    let last = portion.iter().map(|candidate| candidate.last).max()?;
    let blocks: u64 = portion.iter().map(|candidate| candidate.blocks).sum();
    let samples: u64 = portion.iter().map(|candidate| candidate.samples).sum();
    let fitting = (PORTION_SAMPLES_MAX * blocks).checked_div(samples).unwrap_or(blocks);
    Some(CompactionLimits {
        series: portion.iter().map(|candidate| candidate.series).collect(),
        from,
        until: last.day().next().start(),
        // Two at least, or nothing would ever be joined.
        blocks_max: i64::try_from(fitting.clamp(2, PORTION_BLOCKS_MAX)).ok()?,
        small: i32::try_from(SMALL_SAMPLES).ok()?,
    })
}
