//! Transaction: one unit is written, and the lane learns from its success.

use std::collections::HashSet;

use sqlx::PgConnection;

use super::progress::BatchProgress;
use super::unit::{Part, Unit};
use super::{Lane, plan, reject, stretches};
use crate::ingest::quarantine::row;
use crate::ingest::queue::Arrival;
use crate::model::block::Block;
use crate::model::revision::Precedence;
use crate::model::time::Day;
use crate::store::StoreError;
use crate::store::directory::{self, SeriesKey};
use crate::store::hot::{self, Write, Writing};
use crate::store::pool::within;
use crate::telemetry::Tally;

/// The copy buffer keeps no more than this between batches.
const KEPT_BYTES_MAX: usize = 16 << 20;
/// Parts of one transaction that replace others: each holds days of its series, and is weighed against the others.
const REPLACES_MAX: usize = 1_024;

impl Lane {
    /// One transaction, and what the lane learns from its success.
    pub(super) async fn write_unit(
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
    pub(super) async fn connect(&mut self) -> Result<PgConnection, StoreError> {
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
        let mut merged = stretches::days(&merges, &unit.parts);
        let days = stretches::days(&appends, &unit.parts).into_iter().chain(merged.iter().copied());
        let days: Vec<Day> = days.filter(|day| !self.chunks.contains(day)).collect();
        within(timeout, "making chunks", hot::ensure_chunks(connection, &days)).await?;
        merged.extend(stretches::replaced_days(&merges, &unit.parts));
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
}
