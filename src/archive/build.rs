//! Build: a snapshot's blocks, merged with the live file, become a new file that has no name yet.
//!
//! # Why
//! Encoding is work for a processor and reading blocks is waiting for the server, so a thread of its own writes while
//! the next blocks come; the daemon's own threads stay with ingest. What is on the way between them is bounded:
//! `BATCHES_MAX` batches of `BATCH_SAMPLES` and a block, 7 MB, beside one row group of each file. What does not go into
//! the file waits in files of its own (`aside`), however much it is.

use std::fs::File;
use std::io::{BufWriter, Seek as _};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use super::aside::{AsideWriter, BUFFER_BYTES, RowsAside, failed};
use super::error::ArchiveError;
use super::file::{Facts, FileError, FileWriter, Head, RowSlice, Rows};
use super::handle::Archive;
use super::merge::{HotRows, KnownPast, Merge, MergeOutcome};
use super::subjects::Subjects;
use crate::model::block::Block;
use crate::model::ids::DeviceId;
use crate::model::revision::Precedence;
use crate::model::statistic::Statistic;

/// A batch is handed over when it holds this many samples.
pub(super) const BATCH_SAMPLES: usize = 65_536;
/// Batches that may wait for the writing thread.
pub(super) const BATCHES_MAX: usize = 4;

/// A block and whose it is.
#[derive(Clone, Debug)]
pub(super) struct HotBlock {
    pub(super) device: DeviceId,
    pub(super) statistic: Statistic,
    pub(super) block: Block,
}

/// What a snapshot hands over.
#[derive(Debug)]
pub(super) enum RollBatch {
    /// What is known of some devices, before their blocks.
    Past(KnownPast),
    /// Blocks.
    Blocks(Vec<HotBlock>),
}

/// What is to be built.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) archive: Archive,
    pub(super) head: Head,
    /// Name of the live file, which is known to be sound.
    pub(super) live: Option<String>,
    /// Whom each row is about, old ones too.
    pub(super) subjects: Subjects,
}

/// A file without a name.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) part: PathBuf,
    pub(super) file: File,
    pub(super) facts: Facts,
}

/// What a merge made, and what became of the rows.
#[derive(Debug)]
pub(super) struct MergedFile {
    /// The file; `None` where no row stands any more.
    pub(super) built: Option<Built>,
    /// Rows that the live file did not hold.
    pub(super) new: u64,
    /// Hot rows that it held.
    pub(super) duplicates: u64,
    /// Hot rows of which it held a higher revision.
    pub(super) outdated: u64,
    /// Hot rows beside which it held another with the same right.
    pub(super) conflicts: RowsAside,
    /// Rows that stand no longer.
    pub(super) superseded: RowsAside,
}

/// Writes the file of a job out of batches, until no more come.
pub(super) fn build(job: Job, mut batches: mpsc::Receiver<RollBatch>) -> Result<MergedFile, ArchiveError> {
    let precedence = Precedence::of(job.head.metric.kind);
    let mut builder = Builder::begin(job, precedence, Outdated::Dropped)?;
    let mut hot = HotRows::default();
    while let Some(batch) = batches.blocking_recv() {
        let blocks = match batch {
            RollBatch::Past(past) => {
                builder.merge.know(past);
                continue;
            }
            RollBatch::Blocks(blocks) => blocks,
        };
        for HotBlock { device, statistic, block } in blocks {
            hot.push(&device, statistic, block, |slice| builder.lay(slice))?;
        }
    }
    hot.finish(|slice| builder.lay(slice))?;
    builder.finish()
}

/// Writes the file of a job out of another file's rows, as if they were hot, and of what was said beside both. Nobody
/// but these files may have them.
pub(super) fn join(job: Job, other: &str, precedence: Precedence, past: KnownPast) -> Result<MergedFile, ArchiveError> {
    let mut rows = job.archive.rows(other, &job.head.metric)?;
    let mut builder = Builder::begin(job, precedence, Outdated::Kept)?;
    builder.merge.know(past);
    let failed = |source| ArchiveError::File { name: other.to_owned(), source };
    while let Some(slice) = rows.slice().map_err(failed)? {
        let count = slice.len();
        builder.lay(slice)?;
        rows.pass(count);
    }
    builder.finish()
}

/// A file that grows out of the live file and what is laid on it.
struct Builder {
    part: PathBuf,
    file: File,
    writer: FileWriter<BufWriter<File>>,
    merge: Merge<Option<Rows>>,
    subjects: Subjects,
    met: MergeOutcomeRows,
    archive: Archive,
}

impl Builder {
    fn begin(job: Job, precedence: Precedence, if_outdated: Outdated) -> Result<Builder, ArchiveError> {
        let Job { archive, head, live, subjects } = job;
        let (part, file) = archive.storage.create(&head.metric.name, head.day)?;
        let old = live.map(|name| archive.rows(&name, &head.metric)).transpose()?;
        let out = file.try_clone().map_err(|error| failed(&part)(error.into()))?;
        let conflicts = AsideWriter::new(archive.clone(), head.clone(), "conflict");
        let superseded = AsideWriter::new(archive.clone(), head.clone(), "superseded");
        let writer = FileWriter::begin(BufWriter::with_capacity(BUFFER_BYTES, out), head, &archive.keys);
        let writer = writer.map_err(failed(&part))?;
        let met = MergeOutcomeRows { next: 0, new: 0, duplicates: 0, outdated: 0, if_outdated, conflicts, superseded };
        Ok(Builder { part, file, writer, merge: Merge::new(old, precedence), subjects, met, archive })
    }

    /// Lays rows that come after those before them.
    fn lay(&mut self, slice: RowSlice<'_>) -> Result<(), ArchiveError> {
        let Builder { part, writer, merge, subjects, met, .. } = self;
        let laid = merge.lay(slice, |what, slice| take(writer, subjects, met, what, slice));
        laid.map_err(|error| error.of(part))
    }

    fn finish(self) -> Result<MergedFile, ArchiveError> {
        let Builder { part, file, mut writer, merge, subjects, mut met, archive } = self;
        let laid = merge.finish(|what, slice| take(&mut writer, &subjects, &mut met, what, slice));
        laid.map_err(|error| error.of(&part))?;
        let built = if met.next == 0 {
            drop(writer);
            archive.storage.discard(&part)?;
            None
        } else {
            let (out, facts) = writer.finish().map_err(failed(&part))?;
            drop(out.into_inner().map_err(|error| failed(&part)(error.into_error().into()))?);
            Some(Built { part, file, facts })
        };
        let MergeOutcomeRows { new, duplicates, outdated, conflicts, superseded, .. } = met;
        let (conflicts, superseded) = (conflicts.finish()?, superseded.finish()?);
        Ok(MergedFile { built, new, duplicates, outdated, conflicts, superseded })
    }
}

/// Writes merged rows under their subjects, and notes what they were.
fn take(
    writer: &mut FileWriter<BufWriter<File>>,
    subjects: &Subjects,
    met: &mut MergeOutcomeRows,
    what: MergeOutcome,
    slice: RowSlice<'_>,
) -> Result<(), Failed> {
    if what.is_next() {
        subjects.named(&slice, |slice| writer.push_slice(&slice)).map_err(Failed::File)?;
    }
    met.note(what, &slice).map_err(Failed::Aside)
}

impl Built {
    /// The file for another reader, from its beginning.
    pub(super) fn reopen(&self) -> Result<File, ArchiveError> {
        let opened = File::open(&self.part).and_then(|mut file| file.rewind().map(|()| file));
        opened.map_err(|error| failed(&self.part)(error.into()))
    }
}

/// What becomes of rows of which a higher revision was said.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Outdated {
    /// They are counted, as they are when they arrive.
    Dropped,
    /// They go where conflicts go.
    Kept,
}

/// How rows ended.
struct MergeOutcomeRows {
    /// Those in the file.
    next: u64,
    new: u64,
    duplicates: u64,
    outdated: u64,
    if_outdated: Outdated,
    conflicts: AsideWriter,
    superseded: AsideWriter,
}

impl MergeOutcomeRows {
    fn note(&mut self, met: MergeOutcome, slice: &RowSlice<'_>) -> Result<(), ArchiveError> {
        let count = slice.len() as u64;
        match met {
            MergeOutcome::Old => self.next += count,
            MergeOutcome::New => (self.next, self.new) = (self.next + count, self.new + count),
            MergeOutcome::Duplicate => self.duplicates += count,
            MergeOutcome::Outdated if self.if_outdated == Outdated::Kept => self.conflicts.push(slice)?,
            MergeOutcome::Outdated => self.outdated += count,
            MergeOutcome::Conflict => self.conflicts.push(slice)?,
            MergeOutcome::Superseded => self.superseded.push(slice)?,
        }
        Ok(())
    }
}

/// What ends a merge.
enum Failed {
    /// Old or new file.
    File(FileError),
    /// Rows aside.
    Aside(ArchiveError),
}

impl Failed {
    fn of(self, part: &Path) -> ArchiveError {
        match self {
            Failed::File(source) => failed(part)(source),
            Failed::Aside(error) => error,
        }
    }
}

impl From<FileError> for Failed {
    fn from(error: FileError) -> Failed {
        Failed::File(error)
    }
}
