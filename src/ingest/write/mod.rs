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

/// One transaction.
mod transaction;

/// Series of which something was replaced beyond what is stored.
mod ahead;

/// What becomes of a unit that the database rejects.
mod cut;

/// Samples merged into what is stored.
mod merge;

/// What is appended, what is merged, and what rows both give.
mod plan;

/// What a unit says of one series.
mod group;

/// In which moments merges need what is stored.
mod stretches;

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
use super::quarantine::{Admissions, Cap};
use super::queue::{Arrival, Budget, Queue};
use super::rights::Rights;
use super::state::{Asker, State};
use crate::context::Context;
use crate::faults::{Defect, is_injected};
use crate::model::backoff::jittered;
use crate::model::ids::SeriesId;
use crate::model::reason::Reason;
use crate::model::time::{Day, Timestamp};
use crate::store::hot::{CopyRows, Unreadable};
use crate::store::newcomers::DevicePolicy;
use crate::store::writer::Writer;
use crate::store::{Fault, StoreError};
use crate::telemetry::chain;
use memory::{DeviceMemory, SeriesMemory};
use progress::BatchProgress;
use speakers::SpeakerMemory;

/// The first pause before a retry; it doubles up to `RETRY_MAX`.
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// The timer has no shorter pause.
const LULL_MIN: Duration = Duration::from_millis(1);
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
