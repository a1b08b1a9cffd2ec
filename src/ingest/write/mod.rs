//! Write: a lane takes a batch, lays it into the hot table in one transaction, and then, and only then, settles its
//! messages.
//!
//! # Why
//! A lane remembers where each of its series ends. A run that begins after that is new for certain, so it is appended
//! by COPY without a look at what is stored; anything else is merged (`merge`). Asking the database for each block was
//! measured at 15 us a block against 3 to 9 us for its COPY. Memory may decide because one daemon owns the shard, one
//! lane owns the device, and the database fences both (`store::shard`).
//!
//! After any failure the lane forgets the series of its unit and reads their ends again: a transaction whose COMMIT got
//! no answer may stand or not, and a merge is right in both cases.
//!
//! Invariants: nothing is settled before its COMMIT; every sample of a batch is counted once, as stored, duplicate,
//! conflict or quarantined; what the database refuses costs one sample, not its batch (`unit`).

mod merge;
mod plan;
mod unit;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::PgConnection;
use sqlx::postgres::PgPool;
use tokio::time::sleep;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::ack::{Acks, Token};
use super::quarantine::{Cap, row, source};
use super::queue::{Arrival, Budget, Queue};
use super::state::State;
use crate::config::UnknownDevice;
use crate::context::Context;
use crate::faults::{Defect, is_injected};
use crate::model::backoff::jittered;
use crate::model::ids::{DeviceId, DeviceKey};
use crate::model::reason::{Reason, Rejection};
use crate::model::time::{Day, Timestamp};
use crate::store::directory::{self, Known, SeriesKey, SeriesState};
use crate::store::hot::{self, CopyRows, Write, Writing};
use crate::store::pool::within;
use crate::store::shard::Ownership;
use crate::store::{Fault, StoreError};
use crate::telemetry::{Tally, chain};
use unit::{Part, Refusal, RejectedItem, Unit};

/// The first pause after a passing fault; it doubles up to `RETRY_MAX`.
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);
/// The copy buffer keeps no more than this between batches.
const KEPT_BYTES_MAX: usize = 16 << 20;

/// What all lanes of one daemon share.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Opens the lane's own connection, counts, and knows the present.
    pub context: Context,
    /// Whether the database answers.
    pub state: Arc<State>,
    /// For looking devices up.
    pub pool: PgPool,
    /// With which right the lane writes.
    pub own: Ownership,
    /// The connections' trackers, by their number.
    pub acks: Arc<[Arc<Acks>]>,
    /// What is received and not yet committed.
    pub budget: Arc<Budget>,
    /// What each source may put aside.
    pub cap: Arc<Cap>,
    /// What to do with a device that nobody has added.
    pub unknown_device: UnknownDevice,
}

/// One writer, with a connection and a memory of its own.
#[derive(Debug)]
pub struct Lane {
    /// The lane's number among its daemon's.
    number: usize,
    shared: Shared,
    connection: Option<PgConnection>,
    devices: HashMap<DeviceId, DeviceKey>,
    series: HashMap<SeriesKey, SeriesState>,
    /// Days whose chunk is there.
    chunks: HashSet<Day>,
    rows: CopyRows,
    /// Rows that the present batch has written, over all its transactions.
    batch_rows: usize,
}

impl Lane {
    /// Lane `number`, which knows nothing yet.
    pub fn new(number: usize, shared: Shared) -> Lane {
        let (devices, series, chunks) = (HashMap::new(), HashMap::new(), HashSet::new());
        Lane { number, shared, connection: None, devices, series, chunks, rows: CopyRows::default(), batch_rows: 0 }
    }

    /// Writes batches until the queue is closed and empty. Ends early only where the shard has another owner.
    pub async fn run(mut self, queue: &Queue) -> Result<(), StoreError> {
        let mut batch = Vec::new();
        while queue.next_batch(&mut batch).await {
            if is_injected(Defect::AckBeforeCommit) {
                self.acknowledge(&batch);
            }
            let samples: u64 = batch.iter().map(|arrival| arrival.samples).sum();
            let span = tracing::debug_span!(
                "batch",
                lane = self.number,
                shard = self.shared.own.shard.as_str(),
                batch.samples = samples,
                batch.rows = Empty
            );
            self.shared.context.telemetry.batch_samples.record(samples as f64);
            self.batch_rows = 0;
            let tally = self.write(&mut batch).instrument(span.clone()).await?;
            span.record("batch.rows", self.batch_rows);
            drop(span);
            if is_injected(Defect::DieAfterCommit) {
                std::process::abort();
            }
            self.settle(&batch, tally);
            batch.clear();
        }
        Ok(())
    }

    async fn write(&mut self, batch: &mut [Arrival]) -> Result<Tally, StoreError> {
        let known = self.know_devices(batch).await?;
        let mut whole = unit::whole(batch, |arrival| self.device_of(arrival, &known));
        for refusal in &mut whole.refusals {
            refusal.kept = batch.get(refusal.arrival).is_some_and(|arrival| self.admits(arrival));
        }
        let mut tally = Tally::default();
        // The last is written first, so that the earlier half of a cut unit is still written before the later one.
        let mut units = vec![whole];
        while let Some(unit) = units.pop() {
            match self.write_unit(&unit, batch).await {
                Ok(written) => tally.add(written),
                Err(error) => match error.fault() {
                    Fault::Fenced => return Err(error),
                    Fault::Data => units.extend(self.cut(unit, batch, &error, &mut tally)),
                    Fault::Passing if is_injected(Defect::AckAroundFailure) => {}
                    Fault::Passing => {
                        units.push(unit);
                        self.wait_for_database(&error).await;
                    }
                },
            }
        }
        Ok(tally)
    }

    /// Halves a unit that the database refuses, or puts the culprit aside once it stands alone.
    fn cut(&mut self, unit: Unit, batch: &[Arrival], error: &StoreError, tally: &mut Tally) -> Vec<Unit> {
        self.shared.context.telemetry.batch_bisections.increment(1);
        match unit.split() {
            Ok([first, second]) => vec![second, first],
            Err(RejectedItem::Sample(arrival)) => {
                let kept = batch.get(arrival).is_some_and(|arrival| self.admits(arrival));
                vec![Unit::of_refused_sample(arrival, kept)]
            }
            Err(RejectedItem::Row(refusal)) => {
                let reason = refusal.rejection.reason;
                tracing::error!(%reason, "the database refuses a row of the quarantine; it is only counted: {error}");
                tally.quarantined += refusal.rejection.samples;
                self.shared.context.telemetry.quarantine_capped.increment(refusal.rejection.samples);
                Vec::new()
            }
            Err(RejectedItem::Nothing) => Vec::new(),
        }
    }

    /// One transaction, and what the lane learns from its success.
    async fn write_unit(&mut self, unit: &Unit, batch: &[Arrival]) -> Result<Tally, StoreError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.shared.context.connector.connect().await?,
        };
        let written = self.write_over(&mut connection, unit, batch).await;
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

    async fn write_over(
        &mut self,
        connection: &mut PgConnection,
        unit: &Unit,
        batch: &[Arrival],
    ) -> Result<Tally, StoreError> {
        let patience = self.shared.context.connector.timeout();
        self.know_series(connection, &unit.parts).await?;
        let (appends, merges) = plan::split(&unit.parts, &self.series);
        let merged = plan::days(&merges, &unit.parts);
        let days = plan::days(&appends, &unit.parts).into_iter().chain(merged.iter().copied());
        let days: Vec<Day> = days.filter(|day| !self.chunks.contains(day)).collect();
        within(patience, "making chunks", hot::ensure_chunks(connection, &days)).await?;
        let writing = Writing::begin(connection, &self.shared.own, &merged);
        let mut writing = within(patience, "beginning a transaction", writing).await?;
        let wanted = plan::wanted(&merges, &unit.parts);
        // Read inside the transaction that removes: what it sees stays until it commits (`store::hot::days`).
        let stored = within(patience, "reading stored blocks", writing.stored(&wanted)).await?;
        let rows = &mut self.rows;
        let laid = plan::lay(&appends, &merges, &unit.parts, stored, &mut |series, block| rows.push(series, block));
        let conflicts = self.refuse_conflicts(&unit.parts, &laid.conflicts, batch);
        let refusals = || unit.refusals.iter().chain(&conflicts);
        let kept = refusals().filter(|refusal| refusal.kept);
        let quarantined: Vec<_> =
            kept.filter_map(|refusal| Some(row(batch.get(refusal.arrival)?, &refusal.rejection))).collect();
        let write = Write { removals: &laid.removals, rows: &self.rows, quarantined: &quarantined };
        let timing = within(patience, "writing a batch", writing.commit(&write)).await?;

        let telemetry = &self.shared.context.telemetry;
        if let Some(copy) = timing.copy {
            telemetry.copy_seconds.record(copy);
        }
        telemetry.commit_seconds.record(timing.commit);
        telemetry.batch_rows.record(self.rows.rows() as f64);
        self.batch_rows += self.rows.rows();
        telemetry.merged_series.increment(merges.len() as u64);
        for refusal in refusals() {
            telemetry.reject(refusal.rejection.reason, refusal.rejection.samples);
            if !refusal.kept {
                telemetry.quarantine_capped.increment(refusal.rejection.samples);
            }
        }
        self.rows.clear();
        self.rows.shrink_to(KEPT_BYTES_MAX);
        self.chunks.extend(days);
        laid.remember(&mut self.series);
        let refused: u64 = unit.refusals.iter().map(|refusal| refusal.rejection.samples).sum();
        Ok(Tally { quarantined: refused, ..laid.tally })
    }

    /// Reads the ends of series that the lane does not remember.
    async fn know_series(&mut self, connection: &mut PgConnection, parts: &[Part]) -> Result<(), StoreError> {
        let new: HashSet<SeriesKey> =
            parts.iter().map(|part| part.key).filter(|key| !self.series.contains_key(key)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let keys: Vec<SeriesKey> = new.into_iter().collect();
        let patience = self.shared.context.connector.timeout();
        let states = within(patience, "taking series up", directory::get_or_create_series(connection, &keys)).await?;
        self.series.extend(keys.into_iter().zip(states));
        Ok(())
    }

    /// Looks up the devices of a batch that the lane does not remember. A passing fault is waited out.
    async fn know_devices(&mut self, batch: &[Arrival]) -> Result<HashMap<DeviceId, Known>, StoreError> {
        let named =
            batch.iter().filter(|arrival| !arrival.valid.is_empty()).filter_map(|arrival| arrival.device.as_ref());
        let new: HashSet<&DeviceId> = named.filter(|device| !self.devices.contains_key(*device)).collect();
        let new: Vec<DeviceId> = new.into_iter().cloned().collect();
        if new.is_empty() {
            return Ok(HashMap::new());
        }
        let known = loop {
            match self.resolve(&new).await {
                Ok(known) => break known,
                Err(error) if error.fault() == Fault::Fenced => return Err(error),
                Err(error) => self.wait_for_database(&error).await,
            }
        };
        let known: HashMap<DeviceId, Known> = new.into_iter().zip(known).collect();
        // Only what cannot change is remembered: an unknown device may be added at any moment.
        self.devices.extend(known.iter().filter_map(|(device, known)| match known {
            Known::Ours(key) => Some((device.clone(), *key)),
            Known::Elsewhere | Known::Unknown => None,
        }));
        Ok(known)
    }

    async fn resolve(&self, devices: &[DeviceId]) -> Result<Vec<Known>, StoreError> {
        let Shared { pool, own, .. } = &self.shared;
        if self.shared.unknown_device == UnknownDevice::Enrol {
            let added = directory::add_devices(pool, devices, "enrolment", self.shared.context.clock.now()).await?;
            self.shared.context.telemetry.enrolled_devices.increment(added);
        }
        let patience = self.shared.context.connector.timeout();
        within(patience, "looking devices up", directory::resolve_devices(pool, own, devices)).await
    }

    fn device_of(&self, arrival: &Arrival, known: &HashMap<DeviceId, Known>) -> Result<DeviceKey, Rejection> {
        let refuse = |reason, detail| Err(Rejection::new(reason, detail, 1));
        let Some(device) = &arrival.device else {
            return refuse(Reason::BadDevice, "the message must name its device, in its topic or its payload");
        };
        if let Some(key) = self.devices.get(device) {
            return Ok(*key);
        }
        match known.get(device) {
            Some(Known::Ours(key)) => Ok(*key),
            Some(Known::Elsewhere) => {
                refuse(Reason::WrongShard, "the device belongs to another shard: publish it under that shard's topics")
            }
            Some(Known::Unknown) | None => {
                refuse(Reason::UnknownDevice, "add the device with `healthtrack device add`, then retry this message")
            }
        }
    }

    /// One refusal for each arrival that holds conflicts.
    fn refuse_conflicts(&self, parts: &[Part], conflicts: &[usize], batch: &[Arrival]) -> Vec<Refusal> {
        let mut counts: HashMap<usize, usize> = HashMap::new();
        for part in conflicts.iter().filter_map(|place| parts.get(*place)) {
            *counts.entry(part.arrival).or_default() += 1;
        }
        let detail = "another value is stored under the same device, metric, statistic, start and end: the first stays";
        let refuse = |(arrival, samples)| Refusal {
            arrival,
            rejection: Rejection::new(Reason::Conflict, detail, samples),
            kept: batch.get(arrival).is_some_and(|arrival| self.admits(arrival)),
        };
        counts.into_iter().map(refuse).collect()
    }

    fn admits(&self, arrival: &Arrival) -> bool {
        self.shared.cap.admits(source(&arrival.topic), arrival.payload.len(), arrival.received_at)
    }

    async fn wait_for_database(&mut self, error: &StoreError) {
        self.shared.context.telemetry.batch_retries.increment(1);
        let pause = self.shared.state.database_fails().min(16);
        let pause = (RETRY_MIN * 2_u32.saturating_pow(pause)).min(RETRY_MAX);
        tracing::warn!("the database does not take the batch, trying again: {}", chain(error));
        sleep(jittered(pause)).await;
    }

    /// Counts the batch, gives its memory back and settles its messages. Everything in it is committed.
    pub(super) fn settle(&self, batch: &[Arrival], tally: Tally) {
        let telemetry = &self.shared.context.telemetry;
        self.shared.state.database_works();
        let samples = batch.iter().map(|arrival| arrival.samples).sum();
        telemetry.settle(samples, tally);
        self.record_latency(batch);
        self.acknowledge(batch);
        self.shared.budget.release(batch.iter().map(|arrival| arrival.weight()).sum());
        telemetry.in_flight_bytes.set(self.shared.budget.bytes() as f64);
    }

    fn acknowledge(&self, batch: &[Arrival]) {
        let mut tokens: Vec<Vec<Token>> = vec![Vec::new(); self.shared.acks.len()];
        for (connection, token) in batch.iter().filter_map(|arrival| arrival.ack) {
            if let Some(tokens) = tokens.get_mut(connection) {
                tokens.push(token);
            }
        }
        self.shared.acks.iter().zip(&tokens).filter(|(_, tokens)| !tokens.is_empty()).for_each(|(acks, tokens)| {
            acks.settle(tokens);
        });
    }

    fn record_latency(&self, batch: &[Arrival]) {
        let telemetry = &self.shared.context.telemetry;
        let (now, instant) = (self.shared.context.clock.now(), Instant::now());
        // Messages of one read share their arrival, so a read is one entry.
        for read in batch.chunk_by(|a, b| a.arrived == b.arrived) {
            if let Some(first) = read.first() {
                telemetry.arrival_to_commit.record_many(instant.duration_since(first.arrived), read.len());
            }
        }
        let seconds = |published: Timestamp| now.micros_since(published).max(0) as f64 / 1e6;
        for published in batch.iter().filter_map(|arrival| arrival.published_at) {
            telemetry.publish_to_commit.record(seconds(published));
        }
    }
}
