//! Roll: the whole way from days that are over to files in the manifest, a metric and day at a time.
//!
//! Between its steps lie the points at which a test kills it (`crash_point`); from each of them the next roll must find
//! its way. A day that cannot be rolled is reported and left in the hot table; the others are rolled. What no day could
//! survive (no database, a full disk) ends the roll.

use std::time::Duration;

use sqlx::PgConnection;
use tracing::{Instrument as _, Span};

use super::claim::own;
use super::error::ArchiveError;
use super::handle::Archive;
use super::recover::{delete_superseded, recover};
use super::report::RollReport;
use super::storage::Storage;
use crate::config::ArchiveConfig;
use crate::context::Context;
use crate::faults::crash_point;
use crate::model::time::{SECOND_US, Timestamp};
use crate::store::archive::{self as store, Due};
use crate::store::care::context::Maintenance;
use crate::store::care::error::CareError;
use crate::store::care::goal::keep_days;
use crate::store::hot::{Chunk, chunks_before, drop_if_empty};
use crate::store::inspect::server;
use crate::store::pool::within;
use crate::telemetry::chain;

/// Clocks that differ by more would let a day end that has not.
const CLOCK_DIFFERENCE_MAX_US: i64 = 3_600 * SECOND_US;
/// Longer than any question on a busy machine, and than any merge into a day; shorter than for ever.
pub(super) const QUESTION_TIMEOUT: Duration = Duration::from_secs(600);

/// Moves days that are over into the archive.
#[derive(Clone, Debug)]
pub struct Roller {
    /// Where to.
    pub archive: Archive,
    /// Opens the connection of a roll, on which statements may take long; counts, and has the clock.
    pub context: Context,
    /// When a day is over, and how long superseded files stay.
    pub config: ArchiveConfig,
}

/// How far a roll is in blocks, or an erasure in bytes, for whoever watches.
#[derive(Copy, Clone, Debug)]
pub enum RollProgress {
    /// So many are due.
    Due(u64),
    /// So many of them are done.
    Done(u64),
}

/// What a roll is to do.
struct Choice {
    /// The chunks that are wholly over.
    chunks: Vec<Chunk>,
    /// What is due in all of them.
    due: Vec<Due>,
    /// Chunks that the server cannot read, as they are told.
    unread: Vec<String>,
}

impl Roller {
    /// What is due: every metric and day that ended `archive.after_days` ago, or by `before`, the oldest first.
    pub async fn due(&self, before: Option<Timestamp>) -> Result<Vec<Due>, ArchiveError> {
        let mut connection = self.context.connector.connect().await?;
        self.choose(&mut connection, before).await.map(|choice| choice.due)
    }

    /// Rolls what is due; `None` where another roller is running.
    pub async fn roll(
        &self,
        before: Option<Timestamp>,
        watch: &mut (dyn FnMut(RollProgress) + Send),
    ) -> Result<Option<RollReport>, ArchiveError> {
        let mut connection = self.context.connector.connect().await?;
        let connection = &mut connection;
        if !store::try_be_only_roller(connection).await? {
            return Ok(None);
        }
        self.check_clock(connection).await?;
        let owned = own(&self.archive, &self.context, connection).await?;
        owned.advance(&self.archive, &self.context, connection).await?;
        crash_point();
        let recovered = Box::pin(recover(connection, &self.archive, &self.context, false)).await?;
        self.context.telemetry.archive.missing_files.set(recovered.missing.len() as f64);
        self.context.telemetry.archive.unlisted_files.set(recovered.unlisted.len() as f64);
        self.report_verified(connection).await?;
        let mut report = RollReport::after(&recovered);
        let spent_before = self.context.telemetry.archive.spent_ms();
        let Choice { chunks, due, unread } = self.choose(connection, before).await?;
        self.context.telemetry.unreadable_blocks.increment(unread.len() as u64);
        unread.into_iter().for_each(|told| self.note_failure(&mut report, told));
        self.note_lag(&due);
        watch(RollProgress::Due(due.iter().map(|due| due.blocks).sum()));
        self.keep_goals(&due).await;
        for due in &due {
            match Box::pin(self.roll_day(connection, due)).instrument(self.span(due)).await {
                Ok(rolled) => report.add(rolled),
                Err(error) if error.is_of_the_day() => {
                    self.archive.at(Storage::remove_unfinished).await?;
                    self.context.telemetry.unreadable_blocks.increment(u64::from(error.is_unreadable()));
                    self.note_failure(&mut report, self.told(due, &error));
                }
                Err(error) => {
                    // As well as it can: the next roll does it too.
                    let _ = self.archive.at(Storage::remove_unfinished).await;
                    return Err(error);
                }
            }
            watch(RollProgress::Done(due.blocks));
        }
        self.roll_up_files(connection).await;
        let rolled_all = report.failed.is_empty();
        self.relabel_some(connection, &mut report).await?;
        for chunk in &chunks {
            report.chunks += u64::from(drop_if_empty(connection, chunk).await?);
        }
        let grace = (self.context.clock.now(), self.config.grace_us());
        report.deleted = delete_superseded(connection, &self.archive, &recovered.redundant, grace).await?;
        let retired = self.retire(connection).await?;
        (report.retired, report.retired_samples) = (retired.names.len() as u64, retired.samples);
        report.step_ms = self.context.telemetry.archive.spent_ms();
        for (step, ms) in &mut report.step_ms {
            *ms -= spent_before.get(step).copied().unwrap_or(0).min(*ms);
        }
        if rolled_all {
            self.context.telemetry.archive.lag_seconds.set(0.0);
        }
        Ok(Some(report))
    }

    /// Tells Prometheus when the archive was last found sound.
    pub(crate) async fn report_verified(&self, connection: &mut PgConnection) -> Result<(), ArchiveError> {
        if let Some(verified) = store::verified_at(connection).await? {
            self.context.telemetry.archive.verified_seconds.set((verified.micros() / SECOND_US) as f64);
        }
        Ok(())
    }

    /// Looks for what is due.
    async fn choose(&self, connection: &mut PgConnection, before: Option<Timestamp>) -> Result<Choice, ArchiveError> {
        let now = self.context.clock.now();
        let before = before.unwrap_or(now.plus_micros(-self.config.after_us())).min(now);
        let mut chunks = chunks_before(connection, before).await?;
        let mut due = Vec::new();
        let mut unread = Vec::new();
        for chunk in &chunks {
            let found = store::due_days(connection, chunk, before);
            match within(QUESTION_TIMEOUT, "looking for days to roll", found).await {
                Ok(found) => due.extend(found),
                // Its days stay in the hot table, and the others go on.
                Err(error) if error.is_of_blocks() => {
                    let days = format!("{} to {}", chunk.from.day(), chunk.to.plus_micros(-1).day());
                    unread.push((chunk.from, format!("the chunk of {days} stays in the hot table: {}", chain(&error))));
                }
                Err(error) => return Err(error.into()),
            }
        }
        // Days of which something is due as well are rolled once.
        let replaced = store::revised_days(connection, before);
        let replaced = within(QUESTION_TIMEOUT, "looking for archived days that were replaced", replaced).await?;
        let is_due = |day: &Due| due.iter().any(|other: &Due| (other.metric, other.day) == (day.metric, day.day));
        let replaced: Vec<Due> = replaced.into_iter().filter(|day| !is_due(day)).collect();
        due.extend(replaced);
        chunks.retain(|chunk| chunk.to <= before && unread.iter().all(|(from, _)| *from != chunk.from));
        Ok(Choice { chunks, due, unread: unread.into_iter().map(|(_, told)| told).collect() })
    }

    /// Keeps what these days gave for patients' goals, since progress is computed from the hot table. On a connection
    /// of its own, and only logged where it fails: the samples are safe in the archive, and must not wait for it.
    async fn keep_goals(&self, due: &[Due]) {
        let days = due.iter().filter(|due| due.blocks > 0).map(|due| due.day);
        let (Some(first), Some(last)) = (days.clone().min(), days.max()) else { return };
        let kept = async {
            let mut connection = self.context.connector.connect().await?;
            let mut maintenance = Maintenance::on(&mut connection);
            let kept = async { Ok(keep_days(&mut maintenance, first, last).await) };
            within(QUESTION_TIMEOUT, "keeping what was measured for goals", kept).await?.map(drop)
        };
        let kept: Result<(), CareError> = kept.await;
        if let Err(error) = kept {
            let error = chain(&error);
            tracing::error!(goal.from = %first, goal.to = %last, "the progress of goals was not kept: {error}");
        }
    }

    fn span(&self, due: &Due) -> Span {
        let metric = self.context.catalogue.by_id(due.metric).map_or("unknown", |metric| &metric.name);
        tracing::info_span!("roll", roll.day = %due.day, roll.metric = metric)
    }

    pub(super) fn note_failure(&self, report: &mut RollReport, told: String) {
        self.context.telemetry.archive.failures.increment(1);
        tracing::error!("{told}");
        report.failed.push(told);
    }

    /// Refuses a clock that would let days end which have not.
    async fn check_clock(&self, connection: &mut PgConnection) -> Result<(), ArchiveError> {
        let difference_us = self.context.clock.now().micros_since(server(connection).await?.now);
        if difference_us.abs() > CLOCK_DIFFERENCE_MAX_US {
            return Err(ArchiveError::Clock { seconds: difference_us / SECOND_US });
        }
        Ok(())
    }

    /// How long the oldest day has been due.
    fn note_lag(&self, due: &[Due]) {
        let measured = due.iter().filter(|due| due.blocks > 0);
        let since = measured.map(|due| due.day.next().start().plus_micros(self.config.after_us())).min();
        let lag_us = since.map_or(0, |since| self.context.clock.now().micros_since(since).max(0));
        self.context.telemetry.archive.lag_seconds.set(lag_us as f64 / SECOND_US as f64);
    }

    fn told(&self, due: &Due, error: &ArchiveError) -> String {
        let metric = self.context.catalogue.by_id(due.metric).map_or("an unknown metric", |metric| &metric.name);
        format!("{metric} of {} stays in the hot table: {}", due.day, chain(error))
    }
}
