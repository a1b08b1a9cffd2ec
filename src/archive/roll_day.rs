//! Roll day: the way of one metric and day from blocks to a file in the manifest.
//!
//! # Why
//! A day is due for its blocks, or for a range that its source has replaced. Either way the live file is merged with
//! what is in the hot table; where nothing changes it stays, and notes what it knows now; where nothing stands any more
//! it ends and no file takes its place, since a file without rows would say nothing.

use std::collections::HashMap;
use std::time::Instant;

use sqlx::PgConnection;

use super::aside::superseded;
use super::build::{Job, MergedFile};
use super::conflict::messages;
use super::error::ArchiveError;
use super::export::{Pace, export};
use super::file::{Head, Row};
use super::publish::{manifest_row, place_file};
use super::report::Rolled;
use super::roll::{QUESTION_TIMEOUT, Roller};
use super::subjects::Subjects;
use super::thread::on_thread;
use crate::faults::{Defect, crash_point, is_injected};
use crate::model::ids::DeviceId;
use crate::model::metric::Metric;
use crate::store::archive::{self as store, ArchiveFile, Aside, Change, Due, NextFile, Recorded, Snapshot, Taken};
use crate::store::pool::within;
use crate::telemetry::{RollStep, chain};

/// How often a day is rolled again whose blocks changed meanwhile.
const TRIES: u32 = 5;

impl Roller {
    /// Rolls one metric and day, again where its blocks changed meanwhile.
    pub(super) async fn roll_day(&self, connection: &mut PgConnection, due: &Due) -> Result<Rolled, ArchiveError> {
        let unknown = || ArchiveError::Metric { metric: due.metric.0 };
        let metric = self.context.catalogue.by_id(due.metric).ok_or_else(unknown)?;
        for _ in 0..TRIES {
            // On the heap, as the steps below: one within another they would need more of the stack than a thread has.
            if let Some(rolled) = Box::pin(self.try_day(connection, due, metric)).await? {
                let archive = &self.context.telemetry.archive;
                archive.rolled_samples.increment(rolled.samples);
                archive.duplicate_samples.increment(rolled.duplicates);
                archive.conflict_samples.increment(rolled.conflicts);
                archive.outdated_samples.increment(rolled.outdated);
                archive.superseded_samples.increment(rolled.superseded);
                archive.written_bytes.increment(rolled.bytes.unwrap_or(0));
                return Ok(rolled);
            }
        }
        Err(ArchiveError::Changing { tries: TRIES })
    }

    /// One try; `None` where some block changed before it was recorded.
    async fn try_day(
        &self,
        connection: &mut PgConnection,
        due: &Due,
        metric: &Metric,
    ) -> Result<Option<Rolled>, ArchiveError> {
        let began = Instant::now();
        let Some(Taken { mut snapshot, blocks, revised_to }) = Snapshot::take(connection, due).await? else {
            return Ok(None);
        };
        crash_point();
        let live = snapshot.live_file(&metric.name).await?;
        if let Some(live) = &live {
            // What is damaged must not become the next generation.
            let (roller, file) = (self.clone(), live.clone());
            on_thread(move || roller.archive.prove(&roller.context.catalogue, &file)).await?;
        }
        let generation = snapshot.last_generation(&metric.name).await? + 1;
        let (subjects, wear_change) = self.subjects(&mut snapshot).await?;
        let subject_key = subjects.key.clone();
        let head = Head { metric: metric.clone(), day: due.day, generation, subject_key, revised_to };
        let (archive, name) = (self.archive.clone(), live.as_ref().map(|live| live.name.clone()));
        let job = Job { archive, head: head.clone(), live: name, subjects };
        let series = snapshot.series(live.as_ref()).await?;
        let pace = Pace::begin(self.config.duty_percent);
        let merged = Box::pin(export(&mut snapshot, &series, (blocks, live.as_ref()), job, pace)).await?;
        // The live file was proved above, so where it holds all of them it may stay, unless the law wants a new one.
        let is_new = live.is_none() || merged.new > 0 || merged.superseded.rows > 0 || snapshot.is_any_held().await?;
        snapshot.end().await?;
        crash_point();
        self.context.telemetry.archive.took(RollStep::Export, began.elapsed());
        let shards = series.into_iter().filter_map(|one| Some((one.device, one.shard?))).collect();
        Box::pin(self.settle_day(connection, (due, blocks), (live, is_new), (merged, head, shards), wear_change)).await
    }

    /// Publishes what a merge made, where it is to become live, and records it; `None` where some block changed before.
    async fn settle_day(
        &self,
        connection: &mut PgConnection,
        (due, blocks): (&Due, u64),
        (live, is_new): (Option<ArchiveFile>, bool),
        (merged, head, shards): (MergedFile, Head, HashMap<DeviceId, String>),
        wear_change: i64,
    ) -> Result<Option<Rolled>, ArchiveError> {
        let now = self.context.clock.now();
        let MergedFile { built, new, duplicates, outdated, conflicts, superseded: former } = merged;
        let (metric, revised_to, part) =
            (head.metric.clone(), head.revised_to, built.as_ref().map(|built| built.part.clone()));
        let file = built.as_ref().filter(|_| is_new).map(|built| manifest_row(built, &head, wear_change, now));
        let is_empty = built.is_none();
        match (&file, built) {
            (Some(file), Some(built)) => {
                let mut pace = Pace::begin(self.config.duty_percent);
                Box::pin(place_file(&self.archive, &self.context, built, head, file.name.clone())).await?;
                pace.rest().await;
            }
            (None, Some(built)) => self.archive.discard(&built.part).await?,
            (_, None) => {}
        }
        let began = Instant::now();
        let next = match &file {
            Some(file) => NextFile::New(file),
            None if is_empty => NextFile::None,
            None => NextFile::Same,
        };
        let live_generation = live.as_ref().map(|live| live.generation);
        let change = Change { blocks, live: live_generation, next, revised_to, at: now };
        let of_metric = metric.clone();
        let made = move |rows: &[Row]| messages(rows, &of_metric, &shards, now);
        let aside = Aside {
            conflicts: conflicts.pages(&self.archive, &metric, made).await?,
            superseded: former.pages(&self.archive, &metric, superseded).await?,
        };
        let limit = QUESTION_TIMEOUT + conflicts.time() + former.time();
        let recording = async { Ok(store::record(connection, (due, &metric.name), &change, aside).await) };
        let recorded: Result<_, ArchiveError> = Box::pin(within(limit, "recording a file", recording)).await?;
        self.withdraw_unrecorded(connection, file.as_ref().filter(|_| recorded.is_err())).await;
        let recorded = recorded?;
        conflicts.discard(&self.archive).await?;
        former.discard(&self.archive).await?;
        crash_point();
        self.context.telemetry.archive.took(RollStep::Record, began.elapsed());
        match (recorded, &file, &live) {
            (Recorded::Changed, None, _) => return Ok(None),
            (Recorded::Changed, Some(file), _) => {
                self.archive.withdraw(&file.name).await?;
                return Ok(None);
            }
            (Recorded::Done, None, Some(live)) if is_empty => self.archive.supersede(&live.name, now).await?,
            (Recorded::Done, Some(_), Some(live)) => self.archive.supersede(&live.name, now).await?,
            (Recorded::Done, ..) => {}
        }
        if let (Some(file), Some(part), true) = (&file, part, is_injected(Defect::ManifestBeforeFile)) {
            let name = file.name.clone();
            self.archive.at(move |storage| storage.publish(&part, &name)).await?;
        }
        crash_point();
        let (conflicts, superseded) = (conflicts.rows, former.rows);
        let bytes = file.map(|file| file.bytes);
        Ok(Some(Rolled { samples: new, duplicates, conflicts, outdated, superseded, bytes }))
    }

    /// Withdraws a file whose record has failed, where the server still answers and says that it has no row: its
    /// samples are in the hot table, or have gone from it by another's will. Else the next roll finds out (`recover`).
    async fn withdraw_unrecorded(&self, connection: &mut PgConnection, file: Option<&ArchiveFile>) {
        let Some(ArchiveFile { name, .. }) = file else { return };
        let asked = within(QUESTION_TIMEOUT, "looking for a file's row", store::is_listed(connection, name)).await;
        if let Ok(false) = asked
            && let Err(error) = self.archive.withdraw(name).await
        {
            tracing::warn!(archive.file = name, "a file that was not recorded stays: {}", chain(&error));
        }
    }

    /// Whom the samples of a snapshot are about, and up to which change of wear that is true.
    async fn subjects(&self, snapshot: &mut Snapshot<'_>) -> Result<(Subjects, i64), ArchiveError> {
        let Some(pseudonyms) = &self.archive.pseudonyms else { return Ok((Subjects::default(), 0)) };
        let (worn, change) = snapshot.worn().await?;
        Ok((Subjects::of(pseudonyms, worn), change))
    }
}
