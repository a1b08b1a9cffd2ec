//! Recover: the archive and its manifest are brought to agree, before anything new is begun: what killed rolls have
//! left behind is finished, and what a restored manifest does not know is taken back.
//!
//! Whoever is here has the roller's lock, so each earlier roll is over and its COMMIT decided: what the manifest does
//! not name now, no transaction will name. No file that holds samples is deleted for that: what is not listed is read,
//! and what becomes of it depends on its rows (`unlisted`). Killed anywhere, the next one goes on.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use sqlx::PgConnection;

use super::aside::{RowsAside, superseded};
use super::build::MergedFile;
use super::check::FileProblem;
use super::conflict::messages;
use super::error::ArchiveError;
use super::file::{Facts, Head, Row};
use super::handle::Archive;
use super::merge::KnownPast;
use super::publish::{manifest_row, place_file, row_of};
use super::storage::Storage;
use super::subjects::Subjects;
use super::thread::on_thread;
use super::unlisted::{Listed, NamedFile, Worth, joined, weigh};
use crate::context::Context;
use crate::faults::crash_point;
use crate::model::time::{Day, SECOND_US, Timestamp};
use crate::store::archive::{
    self as store, ArchiveFile, Aside, FileScope, draw_number, files, last_wear_change, mark_removed, past_of_day,
    shards_of,
};
use crate::telemetry::chain;

/// What was found and done.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct RecoverReport {
    /// Half-written files that were deleted.
    pub unfinished: u64,
    /// Superseded files that were set aside now, since the roll that superseded them was killed.
    pub superseded: u64,
    /// Live files that lay among the superseded ones.
    pub reinstated: u64,
    /// Files that no row of the manifest named, and that are live now.
    pub adopted: u64,
    /// Such files that were joined with the live one of their metric and day.
    pub joined: u64,
    /// Samples that either brought into the manifest.
    pub samples: u64,
    /// Samples that differed from those of the live file, now in quarantine.
    pub conflicts: u64,
    /// Such files that hold nothing but what live files hold; they lie among the superseded ones.
    pub redundant: Vec<String>,
    /// Such files that cannot be used, and stay where they are.
    pub unlisted: Vec<FileProblem>,
    /// Live files of the manifest that are not there.
    pub missing: Vec<String>,
}

/// What lies where.
struct Tree {
    live: HashSet<String>,
    superseded: HashSet<String>,
}

/// A recovery, and what it works with.
struct Recovery<'a> {
    connection: &'a mut PgConnection,
    archive: &'a Archive,
    context: &'a Context,
    tree: Tree,
    /// True where it only says what it would do.
    is_dry: bool,
    report: RecoverReport,
}

/// Brings the archive and its manifest to agree; or says what that would take.
pub(super) async fn recover(
    connection: &mut PgConnection,
    archive: &Archive,
    context: &Context,
    is_dry: bool,
) -> Result<RecoverReport, ArchiveError> {
    let mut report = RecoverReport::default();
    if !is_dry {
        report.unfinished = archive.at(Storage::remove_unfinished).await?;
    }
    let manifest = files(connection, FileScope::All).await?;
    let live = archive.at(Storage::live_names).await?.into_iter().collect();
    let superseded = archive.at(Storage::superseded).await?.into_iter().map(|file| file.name).collect();
    let tree = Tree { live, superseded };
    let mut recovery = Recovery { connection, archive, context, tree, is_dry, report };
    recovery.place_listed(&manifest).await?;
    let unlisted = recovery.sort_unlisted(&manifest);
    let mut known = by_day(&manifest, &recovery.report.missing);
    for (what, mut found) in unlisted {
        let mut listed = known.remove(&what).unwrap_or_default();
        // The newest first: the others are mostly found redundant then.
        found.sort_by_key(|found| std::cmp::Reverse(found.generation));
        for found in found {
            recovery.settle(&found, &mut listed).await?;
        }
    }
    let mut report = recovery.report;
    report.missing.sort();
    for name in &report.missing {
        tracing::error!(archive.file = name, "a file of the manifest is missing; restore it from a backup");
    }
    Ok(report)
}

impl Recovery<'_> {
    /// Puts the files of the manifest where it says that they are, and notes which are nowhere.
    async fn place_listed(&mut self, manifest: &[ArchiveFile]) -> Result<(), ArchiveError> {
        for file in manifest {
            let is_live = self.tree.live.contains(&file.name);
            if file.superseded_at.is_some() && is_live {
                self.report.superseded += 1;
                self.supersede(&file.name).await?;
            } else if file.superseded_at.is_none() && !is_live {
                if self.tree.superseded.contains(&file.name) {
                    self.report.reinstated += 1;
                    self.reinstate(&file.name).await?;
                } else {
                    self.report.missing.push(file.name.clone());
                }
            }
        }
        Ok(())
    }

    /// The files that no row names, by metric and day.
    fn sort_unlisted(&mut self, manifest: &[ArchiveFile]) -> BTreeMap<(String, Day), Vec<NamedFile>> {
        let listed: HashSet<&str> = manifest.iter().map(|file| file.name.as_str()).collect();
        let found: HashSet<&String> = self.tree.live.union(&self.tree.superseded).collect();
        let mut unlisted: BTreeMap<_, Vec<NamedFile>> = BTreeMap::new();
        for name in found.into_iter().filter(|name| !listed.contains(name.as_str())) {
            match NamedFile::parse(name) {
                Some(named) => unlisted.entry((named.metric.clone(), named.day)).or_default().push(named),
                None => self.report.unlisted.push(FileProblem {
                    name: name.clone(),
                    problem: "it is not named as a file of the archive is".to_owned(),
                }),
            }
        }
        unlisted
    }

    /// Decides on an unlisted file, and does it.
    async fn settle(&mut self, found: &NamedFile, listed: &mut Listed) -> Result<(), ArchiveError> {
        // A later file has taken its place: what that lacks of it was superseded or taken back.
        let is_before = listed.live.as_ref().is_some_and(|live| found.generation < live.generation);
        if is_before && !listed.is_missing && self.tree.superseded.contains(&found.name) {
            self.report.redundant.push(found.name.clone());
            return Ok(());
        }
        let (archive, catalogue) = (self.archive.clone(), Arc::clone(&self.context.catalogue));
        let (file, beside) = (found.clone(), listed.clone());
        match on_thread(move || weigh(&archive, &catalogue, &file, &beside)).await {
            Ok(Worth::Redundant) => {
                self.report.redundant.push(found.name.clone());
                self.supersede(&found.name).await
            }
            Ok(Worth::Adopted(head, facts)) => self.adopt(found, listed, &head, &facts).await,
            Ok(Worth::Joined(head)) => self.join(found, listed, head).await,
            Err(error) if error.is_of_the_day() => {
                let problem = chain(&error);
                tracing::error!(archive.file = found.name, "a file without a row in the manifest stays: {problem}");
                self.report.unlisted.push(FileProblem { name: found.name.clone(), problem });
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Makes a file live that has all of the one that was.
    async fn adopt(
        &mut self,
        found: &NamedFile,
        listed: &mut Listed,
        head: &Head,
        facts: &Facts,
    ) -> Result<(), ArchiveError> {
        let head = &Head { revised_to: self.known_to(listed, head).await?, ..head.clone() };
        // Whom its rows are about is decided anew, where a key of pseudonyms is given.
        let row = row_of(facts, head, 0, self.context.clock.now());
        let before = listed.live.as_ref().map_or(0, |live| live.rows);
        self.report.adopted += 1;
        self.report.samples += row.rows.saturating_sub(before);
        if !self.is_dry {
            tracing::warn!(archive.file = found.name, "adopting a file that no row of the manifest named");
            if !self.tree.live.contains(&found.name) {
                self.reinstate(&found.name).await?;
                let (archive, catalogue) = (self.archive.clone(), Arc::clone(&self.context.catalogue));
                let moved = row.clone();
                on_thread(move || archive.prove(&catalogue, &moved)).await?;
            }
            self.record(listed, &row, head, &(RowsAside::default(), RowsAside::default())).await?;
        }
        self.now_live(listed, row);
        Ok(())
    }

    /// Up to which number a found file knows what was superseded and replaced: what it was made with was told by its
    /// words already, and would bring older ones back if it were told once more. A database that was restored numbers
    /// anew from an earlier number, and all that it holds is from before the file.
    async fn known_to(&mut self, listed: &Listed, head: &Head) -> Result<i64, ArchiveError> {
        let drawn = draw_number(self.connection, head.day).await?;
        Ok(head.revised_to.min(drawn).max(listed.live.as_ref().map_or(0, |live| live.revised_to)))
    }

    /// Makes the next generation out of the live file and one that has something beside it.
    async fn join(&mut self, found: &NamedFile, listed: &mut Listed, head: Head) -> Result<(), ArchiveError> {
        self.report.joined += 1;
        if self.is_dry {
            return Ok(());
        }
        tracing::warn!(archive.file = found.name, "joining a file that no row of the manifest named with the live one");
        let change = last_wear_change(self.connection).await?;
        let day = (Some(found.day.start()), Some(found.day.next().start()));
        let subjects = Subjects::within(self.connection, self.archive.pseudonyms.as_ref(), day).await?;
        // Above both, since the found file may hold just what both together say, and would have the same name.
        let generation = listed.last_generation.max(found.generation) + 1;
        let live_to = listed.live.as_ref().map_or(0, |live| live.revised_to);
        let is_later = found.generation > listed.last_generation;
        let revised_to = if is_later { self.known_to(listed, &head).await? } else { live_to };
        // As in the roll that made it: what had been said since the live file comes before its words.
        let past = match is_later {
            true => past_of_day(self.connection, (head.metric.id, found.day), (live_to, revised_to)).await?,
            false => Vec::new(),
        };
        let head = Head { generation, subject_key: subjects.key.clone(), revised_to, ..head };
        let (archive, made) = (self.archive.clone(), head.clone());
        let (file, beside) = (found.clone(), listed.clone());
        let merged = on_thread(move || joined(&archive, &file, &beside, (made, subjects), KnownPast::of(past))).await?;
        let MergedFile { built, new, conflicts, superseded, .. } = merged;
        // Nothing was taken back, and neither file is empty.
        let built = built.ok_or_else(|| ArchiveError::UnknownName { name: found.name.clone() })?;
        self.report.samples += new;
        self.report.conflicts += conflicts.rows;
        let row = manifest_row(&built, &head, change, self.context.clock.now());
        place_file(self.archive, self.context, built, head.clone(), row.name.clone()).await?;
        let aside = (conflicts, superseded);
        self.record(listed, &row, &head, &aside).await?;
        aside.0.discard(self.archive).await?;
        aside.1.discard(self.archive).await?;
        // Each of its samples is in the file that was recorded just now, in quarantine, or superseded.
        self.archive.withdraw(&found.name).await?;
        self.now_live(listed, row);
        Ok(())
    }

    /// Writes a file's row, and supersedes the live one.
    async fn record(
        &mut self,
        listed: &Listed,
        row: &ArchiveFile,
        head: &Head,
        (conflicts, former): &(RowsAside, RowsAside),
    ) -> Result<(), ArchiveError> {
        crash_point();
        let devices = conflicts.devices(self.archive, &head.metric).await?;
        let shards = shards_of(self.connection, &devices).await?;
        let (metric, now) = (head.metric.clone(), row.written_at);
        let made = move |rows: &[Row]| messages(rows, &metric, &shards, now);
        let aside = Aside {
            conflicts: conflicts.pages(self.archive, &head.metric, made).await?,
            superseded: former.pages(self.archive, &head.metric, superseded).await?,
        };
        store::adopt(self.connection, listed.live.as_ref(), (row, head.metric.id), aside).await?;
        crash_point();
        match &listed.live {
            Some(live) => self.archive.supersede(&live.name, self.context.clock.now()).await,
            None => Ok(()),
        }
    }

    fn now_live(&mut self, listed: &mut Listed, row: ArchiveFile) {
        if let Some(live) = &listed.live {
            self.report.missing.retain(|name| *name != live.name);
        }
        *listed = Listed { last_generation: row.generation, live: Some(row), is_missing: false };
    }

    async fn supersede(&self, name: &str) -> Result<(), ArchiveError> {
        if self.is_dry { Ok(()) } else { self.archive.supersede(name, self.context.clock.now()).await }
    }

    async fn reinstate(&self, name: &str) -> Result<(), ArchiveError> {
        if self.is_dry {
            return Ok(());
        }
        let name = name.to_owned();
        self.archive.at(move |storage| storage.reinstate(&name)).await
    }
}

/// What the manifest knows, by metric and day.
fn by_day(manifest: &[ArchiveFile], missing: &[String]) -> HashMap<(String, Day), Listed> {
    let missing: HashSet<&String> = missing.iter().collect();
    let mut known: HashMap<_, Listed> = HashMap::new();
    for file in manifest {
        let listed = known.entry((file.metric.clone(), file.day)).or_default();
        listed.last_generation = listed.last_generation.max(file.generation);
        if file.superseded_at.is_none() {
            (listed.live, listed.is_missing) = (Some(file.clone()), missing.contains(&file.name));
        }
    }
    known
}

/// Deletes files that were superseded longer ago than the grace; how many. Of those that the manifest does not name,
/// only what was just proved redundant.
pub(super) async fn delete_superseded(
    connection: &mut PgConnection,
    archive: &Archive,
    redundant: &[String],
    (now, grace_us): (Timestamp, i64),
) -> Result<u64, ArchiveError> {
    let manifest = files(connection, FileScope::All).await?;
    let listed: HashMap<&str, Option<Timestamp>> =
        manifest.iter().map(|file| (file.name.as_str(), file.superseded_at)).collect();
    let redundant: HashSet<&str> = redundant.iter().map(String::as_str).collect();
    let is_over = |since: Timestamp| now.micros_since(since) > grace_us;
    let mut deleted = 0;
    for file in archive.at(Storage::superseded).await? {
        let since = match listed.get(file.name.as_str()) {
            Some(superseded_at) => *superseded_at,
            None if redundant.contains(file.name.as_str()) => {
                Some(moment(file.since.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()))
            }
            None => None,
        };
        if since.is_some_and(is_over) {
            archive.at(move |storage| storage.remove_superseded(&file.name)).await?;
            deleted += 1;
        }
    }
    let live: HashSet<String> = archive.at(Storage::live_names).await?.into_iter().collect();
    for ArchiveFile { name, superseded_at, removed_at, .. } in &manifest {
        // Deleted just now, or by a roll that was killed before it could say so.
        if superseded_at.is_some_and(is_over) && removed_at.is_none() && !live.contains(name) {
            mark_removed(connection, name, now).await?;
        }
    }
    Ok(deleted)
}

fn moment(seconds: u64) -> Timestamp {
    let micros = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND_US);
    Timestamp::from_micros(micros).unwrap_or(Timestamp::MAX)
}
