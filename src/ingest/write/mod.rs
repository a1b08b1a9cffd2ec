//! Write: a lane takes a batch, writes it to the hot table in one transaction, and then, and only then, settles its
//! messages.
//!
//! # Why
//! A lane remembers where each of its series ends. A run that begins after that is new for certain, so it is appended
//! by COPY without reading what is stored; anything else is merged (`merge`). Asking the database for each block was
//! measured at 15 us a block against 3 to 9 us for its COPY. Memory may decide because one daemon owns the shard, one
//! lane owns the device, and the database fences both (`store::shard`).
//!
//! After any failure the lane forgets the series of its unit and reads their ends again: a transaction whose COMMIT got
//! no answer may stand or not, and a merge is right in both cases.
//!
//! Invariants: nothing is settled before its COMMIT; every sample of a batch is counted once, as stored, duplicate,
//! outdated, conflict or quarantined; what the database rejects costs one sample, not its batch (`unit`); a stored
//! block that cannot be read costs what belongs into it (`merge`); what is too much for one transaction is written in
//! several. What no waiting cures ends the lane, and with it the daemon.

/// The parts of a batch that one transaction writes.
mod unit;

/// What of a batch is committed.
mod progress;

/// What becomes of a unit that the database rejects.
mod cut;

/// Samples merged into what is stored.
mod merge;

/// What is appended, what is merged, and what rows both give.
mod plan;

/// What the lane remembers of its devices and series.
mod memory;

/// What cannot be stored, as rejections.
mod reject;

/// Which sources the lane lets speak for devices.
mod speakers;

/// Devices and sources, looked up for a batch.
mod devices;

/// What follows a commit.
mod settle;

/// What follows where the database has forgotten.
mod forget;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgConnection;
use tokio::time::sleep;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::ack::Acks;
use super::permanence::Permanence;
use super::quarantine::{Admissions, Cap, row};
use super::queue::{Arrival, Budget, Queue};
use super::rights::Rights;
use super::state::{Asker, State};
use crate::context::Context;
use crate::faults::{Defect, is_injected};
use crate::model::backoff::jittered;
use crate::model::block::Block;
use crate::model::ids::SeriesId;
use crate::model::reason::Reason;
use crate::model::revision::Precedence;
use crate::model::time::{Day, Timestamp};
use crate::store::directory::{self, SeriesKey};
use crate::store::hot::{self, CopyRows, Unreadable, Write, Writing};
use crate::store::newcomers::DevicePolicy;
use crate::store::pool::within;
use crate::store::writer::Writer;
use crate::store::{Fault, StoreError};
use crate::telemetry::{Tally, chain};
use memory::{DeviceMemory, SeriesMemory};
use progress::BatchProgress;
use speakers::SpeakerMemory;
use unit::{Part, Unit};

/// The first pause before a retry; it doubles up to `RETRY_MAX`.
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// The timer has no shorter pause.
const LULL_MIN: Duration = Duration::from_millis(1);
/// The copy buffer keeps no more than this between batches.
const KEPT_BYTES_MAX: usize = 16 << 20;
/// Parts of one transaction that replace others: each holds days of its series, and is weighed against the others.
const REPLACES_MAX: usize = 1_024;
/// Unreadable blocks that a lane remembers to have logged; beyond it they are logged again.
const REPORTED_MAX: usize = 1_024;

/// What all lanes of one daemon share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Opens the lane's own connection, counts, and has the clock.
    pub context: Context,
    /// Whether the database answers.
    pub state: Arc<State>,
    /// With which right the lanes write.
    pub rights: Arc<Rights>,
    /// The connections' trackers, by their number.
    pub acks: Arc<[Arc<Acks>]>,
    /// What is received and not yet committed.
    pub budget: Arc<Budget>,
    /// How much may be quarantined.
    pub cap: Arc<Cap>,
    /// What to do with devices that nobody has added, and who may speak for one.
    pub policy: DevicePolicy,
    /// Series that one lane remembers, and devices.
    pub remembered_series_max: usize,
}

/// One writer, with a connection and a memory of its own.
#[derive(Debug)]
pub struct Lane {
    /// The lane's number among its daemon's.
    number: usize,
    shared: Shared,
    /// Its part of the right by which the memory below was learnt.
    writer: Writer,
    connection: Option<PgConnection>,
    devices: DeviceMemory,
    speakers: SpeakerMemory,
    series: SeriesMemory,
    /// Days whose chunk is there.
    chunks: HashSet<Day>,
    rows: CopyRows,
    /// Rows that the current batch has written, over all its transactions.
    batch_rows: usize,
    /// Tries in a row that failed.
    failures: u32,
    /// Unreadable blocks that were logged.
    reported: HashSet<(SeriesId, Timestamp)>,
    /// What of the current batch quarantine keeps.
    admissions: Admissions,
}

impl Lane {
    /// Lane `number`, which knows nothing yet.
    pub fn new(number: usize, shared: Shared) -> Lane {
        let (devices, series, chunks) = (DeviceMemory::default(), SeriesMemory::default(), HashSet::new());
        let (rows, reported, admissions) = (CopyRows::default(), HashSet::new(), Admissions::default());
        let (writer, connection) = (shared.rights.present().of_lane(number), None);
        let (batch_rows, failures) = (0, 0);
        Lane {
            number,
            shared,
            writer,
            connection,
            devices,
            speakers: SpeakerMemory::default(),
            series,
            chunks,
            rows,
            batch_rows,
            failures,
            reported,
            admissions,
        }
    }

    /// Writes batches until the queue is closed and empty. Ends early only where the shard has another owner, or where
    /// a fault is permanent.
    pub async fn run(mut self, queue: &Queue) -> Result<(), StoreError> {
        let (mut batch, mut lull) = (Vec::new(), LULL_MIN);
        while queue.next_batch(&mut batch, lull).await {
            let began = Instant::now();
            if is_injected(Defect::AckBeforeCommit) {
                self.acknowledge(&batch);
            }
            let samples: u64 = batch.iter().map(|arrival| arrival.samples).sum();
            let span = tracing::debug_span!(
                "batch",
                lane = self.number,
                shard = self.writer.own().shard.as_str(),
                batch.samples = samples,
                batch.rows = Empty
            );
            self.shared.context.telemetry.batch_samples.record(samples as f64);
            self.batch_rows = 0;
            self.admissions.clear();
            let tally = self.write(&mut batch).instrument(span.clone()).await?;
            span.record("batch.rows", self.batch_rows);
            drop(span);
            if is_injected(Defect::DieAfterCommit) {
                std::process::abort();
            }
            self.settle(&batch, tally);
            batch.clear();
            lull = began.elapsed().max(LULL_MIN);
        }
        Ok(())
    }

    /// Writes what is left of a batch by the present right. Where that is no longer the one by which it was begun, what
    /// is not written is left for another try.
    async fn write_by_one_right(
        &mut self,
        batch: &mut [Arrival],
        progress: &mut BatchProgress,
    ) -> Result<(), StoreError> {
        self.devices.make_room(self.shared.remembered_series_max);
        self.speakers.make_room(self.shared.remembered_series_max);
        self.series.make_room(self.shared.remembered_series_max);
        let refused = self.know_devices(batch).await?;
        let mut whole = unit::whole(batch, |arrival| self.device_of(arrival, &refused));
        for rejection in &mut whole.rejections {
            rejection.kept = self.admits(batch, rejection.arrival, rejection.rejection.reason);
        }
        // The last is written first, so that the earlier half of a cut unit is still written before the later one.
        let (mut units, mut permanence) = (vec![whole], Permanence::default());
        while let Some(unit) = units.pop() {
            match self.write_unit(&unit, batch, progress).await {
                Ok(ended) => {
                    self.failures = 0;
                    permanence.succeed();
                    progress.write(unit, ended);
                }
                Err(error) => match permanence.weigh(&error) {
                    None => {
                        unit::give_back(batch, [unit].into_iter().chain(units.into_iter().rev()));
                        return Err(error);
                    }
                    Some(fault @ (Fault::Data | Fault::Unreadable)) => {
                        units.extend(self.cut(unit, batch, fault, &error, progress));
                    }
                    Some(Fault::TooLarge) if !unit.is_single() || matches!(error, StoreError::LargeMerge { .. }) => {
                        tracing::warn!("a batch is too large, so its halves are written: {}", chain(&error));
                        units.extend(self.cut(unit, batch, Fault::TooLarge, &error, progress));
                    }
                    Some(Fault::Passing) if is_injected(Defect::AckAroundFailure) => {}
                    Some(Fault::Passing | Fault::TooLarge | Fault::Permanent | Fault::Fenced) => {
                        units.push(unit);
                        self.wait_for_database(&error).await;
                    }
                },
            }
        }
        // Written by a right that was lost meanwhile, it may be gone.
        if self.shared.rights.is_past(self.writer.own().epoch) {
            return Err(self.writer.own().forgotten());
        }
        Ok(())
    }

    /// One transaction, and what the lane learns from its success.
    async fn write_unit(
        &mut self,
        unit: &Unit,
        batch: &[Arrival],
        progress: &mut BatchProgress,
    ) -> Result<Tally, StoreError> {
        let mut connection = self.connect().await?;
        let written = self.write_over(&mut connection, unit, batch, progress).await;
        match &written {
            Ok(_) => self.connection = Some(connection),
            // The connection may be in the middle of anything, and the memory may be wrong: both are made anew.
            Err(_) => {
                self.rows.clear();
                self.chunks.clear();
                plan::forget(&unit.parts, &mut self.series);
            }
        }
        written
    }

    /// The lane's connection, a new one where it has none. Whoever takes it puts it back once its work has succeeded.
    async fn connect(&mut self) -> Result<PgConnection, StoreError> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => self.shared.context.connector.connect().await,
        }
    }

    async fn write_over(
        &mut self,
        connection: &mut PgConnection,
        unit: &Unit,
        batch: &[Arrival],
        progress: &mut BatchProgress,
    ) -> Result<Tally, StoreError> {
        let timeout = self.shared.context.connector.timeout();
        if unit.parts.len() > 1 && unit.parts.iter().filter(|part| part.replaces.is_some()).count() > REPLACES_MAX {
            return Err(StoreError::LargeMerge { samples_max: REPLACES_MAX });
        }
        self.know_series(connection, &unit.parts).await?;
        let (appends, merges) = plan::split(&unit.parts, &self.series);
        let mut merged = plan::days(&merges, &unit.parts);
        let days = plan::days(&appends, &unit.parts).into_iter().chain(merged.iter().copied());
        let days: Vec<Day> = days.filter(|day| !self.chunks.contains(day)).collect();
        within(timeout, "making chunks", hot::ensure_chunks(connection, &days)).await?;
        merged.extend(plan::replaced_days(&merges, &unit.parts));
        let writing = Writing::begin(connection, &mut self.writer, &merged);
        let mut writing = within(timeout, "beginning a transaction", writing).await?;
        // Read inside the transaction that removes: what it sees stays until it commits (`store::hot::days`).
        let found = within(timeout, "reading what is stored", plan::find(&mut writing, &merges, &unit.parts)).await?;
        let (rows, catalogue) = (&mut self.rows, &self.shared.context.catalogue);
        let put = &mut |series, block: &Block| rows.push(series, block);
        let laid =
            plan::lay(&appends, &merges, &unit.parts, found, &|metric| Precedence::of_metric(catalogue, metric), put);
        let (cap, admissions) = (&self.shared.cap, &mut self.admissions);
        let unmergeable = reject::unmergeable(&unit.parts, &laid, |place, reason| {
            batch.get(place).is_some_and(|arrival| admissions.admits(cap, place, arrival, reason))
        });
        let rejections = || unit.rejections.iter().chain(&unmergeable);
        let kept = rejections().filter(|rejection| rejection.kept);
        let quarantined: Vec<_> =
            kept.filter_map(|rejection| Some(row(batch.get(rejection.arrival)?, &rejection.rejection))).collect();
        let revised = laid.revised(|part| Some(batch.get(unit.parts.get(part)?.arrival)?.received_at));
        let write = Write {
            removals: &laid.removals,
            rows: &self.rows,
            revised: &revised,
            changes: &laid.changes,
            quarantined: &quarantined,
        };
        let written = within(timeout, "writing a batch", writing.commit(&write)).await?;

        let telemetry = &self.shared.context.telemetry;
        if let Some(copy) = written.copy {
            telemetry.copy_seconds.record(copy);
        }
        telemetry.commit_seconds.record(written.commit);
        self.shared.cap.add(written.quarantined);
        telemetry.batch_rows.record(self.rows.rows() as f64);
        self.batch_rows += self.rows.rows();
        telemetry.merged_series.increment(merges.len() as u64);
        telemetry.superseded_samples.increment(revised.superseded.len() as u64);
        rejections().for_each(|rejection| progress.reject(rejection));
        self.rows.clear();
        self.rows.shrink_to(KEPT_BYTES_MAX);
        self.chunks.extend(days);
        laid.remember(&mut self.series);
        self.report_unreadable(&laid.unreadable);
        let refused: u64 = unit.rejections.iter().map(|rejection| rejection.rejection.samples).sum();
        Ok(Tally { quarantined: laid.tally.quarantined + refused, ..laid.tally })
    }

    /// Reads the ends of series that the lane does not remember.
    async fn know_series(&mut self, connection: &mut PgConnection, parts: &[Part]) -> Result<(), StoreError> {
        let new: HashSet<SeriesKey> =
            parts.iter().map(|part| part.key).filter(|key| self.series.get(key).is_none()).collect();
        if new.is_empty() {
            return Ok(());
        }
        let keys: Vec<SeriesKey> = new.into_iter().collect();
        let timeout = self.shared.context.connector.timeout();
        let now = self.shared.context.clock.now();
        // By the writer, so that what is learnt here is true for each of its later transactions.
        let learning = async {
            let mut transaction = self.writer.begin(connection).await?;
            let states = directory::get_or_create_series(transaction.connection(), &keys, now).await?;
            transaction.commit().await?;
            Ok(states)
        };
        let states = within(timeout, "taking series up", learning).await?;
        keys.iter().zip(states).for_each(|(key, state)| self.series.insert(key, state));
        Ok(())
    }

    /// Counts unreadable blocks, and logs each when it is first met.
    fn report_unreadable(&mut self, unreadable: &[(usize, Unreadable)]) {
        let met: HashMap<_, _> = unreadable.iter().map(|(_, block)| ((block.series, block.start), block)).collect();
        self.shared.context.telemetry.unreadable_blocks.increment(met.len() as u64);
        if self.reported.len() + met.len() > REPORTED_MAX {
            self.reported.clear();
        }
        for (key, block) in met {
            if self.reported.insert(key) {
                let (series, day, what) = (block.series.0, block.start.day(), block.what);
                tracing::error!(series.id = series, block.day = %day, "a stored block cannot be read, since {what}; \
                    samples within it go to quarantine, and `healthtrack doctor` says how to repair it");
            }
        }
    }

    fn admits(&mut self, batch: &[Arrival], place: usize, reason: Reason) -> bool {
        let Some(arrival) = batch.get(place) else { return false };
        self.admissions.admits(&self.shared.cap, place, arrival, reason)
    }

    async fn wait_for_database(&mut self, error: &StoreError) {
        self.shared.context.telemetry.batch_retries.increment(1);
        self.shared.state.database_fails(Asker::Lane(self.number));
        let pause = (RETRY_MIN * 2_u32.saturating_pow(self.failures.min(16))).min(RETRY_MAX);
        self.failures += 1;
        let remedy = error.remedy().filter(|_| error.fault() == Fault::TooLarge);
        let remedy = remedy.map_or_else(String::new, |remedy| format!("; if it stays so, {remedy}"));
        tracing::warn!("the database did not accept the batch, retrying: {}{remedy}", chain(error));
        sleep(jittered(pause)).await;
    }
}
