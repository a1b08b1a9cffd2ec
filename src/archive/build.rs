//! Build: a snapshot's blocks, merged with the live file, become a new file that has no name yet.
//!
//! # Why
//! Encoding is work for a processor and reading blocks is waiting for the server, so a thread of its own writes while
//! the next blocks come; the daemon's own threads stay with ingest. What is on the way between them is bounded:
//! `BATCHES_MAX` batches of `BATCH_SAMPLES` and a block, 7 MB, beside one row group of each file. Conflicts wait in a
//! file of their own (`conflict`), however many they are.

use std::fs::File;
use std::io::{BufWriter, Seek as _};
use std::path::{Path, PathBuf};

use tokio::sync::mpsc;

use super::conflict::{BUFFER_BYTES, ConflictWriter, Conflicts, failed};
use super::error::ArchiveError;
use super::file::{Facts, FileError, FileWriter, Head, RowSlice, Rows};
use super::handle::Archive;
use super::merge::{HotRows, Merge, MergeOutcome};
use super::subjects::Subjects;
use crate::model::block::Block;
use crate::model::ids::DeviceId;
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

/// A file without a name, and what became of the hot rows.
#[derive(Debug)]
pub(super) struct Built {
    pub(super) part: PathBuf,
    pub(super) file: File,
    pub(super) facts: Facts,
    /// Hot rows that the live file did not hold.
    pub(super) new: u64,
    /// Hot rows that it held.
    pub(super) duplicates: u64,
    /// Hot rows whose key it held with another value.
    pub(super) conflicts: Conflicts,
}

/// Writes the file of a job out of batches, until no more come.
pub(super) fn build(job: Job, mut batches: mpsc::Receiver<Vec<HotBlock>>) -> Result<Built, ArchiveError> {
    let mut builder = Builder::begin(job)?;
    let mut hot = HotRows::default();
    while let Some(batch) = batches.blocking_recv() {
        for HotBlock { device, statistic, block } in batch {
            hot.push(&device, statistic, block, |slice| builder.lay(slice))?;
        }
    }
    hot.finish(|slice| builder.lay(slice))?;
    builder.finish()
}

/// Writes the file of a job out of another file's rows, as if they were hot.
pub(super) fn join(job: Job, other: &str) -> Result<Built, ArchiveError> {
    let mut rows = job.archive.rows(other, &job.head.metric)?;
    let mut builder = Builder::begin(job)?;
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
}

impl Builder {
    fn begin(Job { archive, head, live, subjects }: Job) -> Result<Builder, ArchiveError> {
        let (part, file) = archive.storage.create(&head.metric.name, head.day)?;
        let old = live.map(|name| archive.rows(&name, &head.metric)).transpose()?;
        let out = file.try_clone().map_err(|error| failed(&part)(error.into()))?;
        let conflicts = ConflictWriter::new(archive.clone(), head.clone());
        let writer = FileWriter::begin(BufWriter::with_capacity(BUFFER_BYTES, out), head, &archive.keys);
        let writer = writer.map_err(failed(&part))?;
        let met = MergeOutcomeRows { new: 0, duplicates: 0, conflicts };
        Ok(Builder { part, file, writer, merge: Merge::new(old), subjects, met })
    }

    /// Lays rows that come after those before them.
    fn lay(&mut self, slice: RowSlice<'_>) -> Result<(), ArchiveError> {
        let Builder { part, writer, merge, subjects, met, .. } = self;
        let laid = merge.lay(slice, |what, slice| take(writer, subjects, met, what, slice));
        laid.map_err(|error| error.of(part))
    }

    fn finish(self) -> Result<Built, ArchiveError> {
        let Builder { part, file, mut writer, merge, subjects, mut met } = self;
        let laid = merge.finish(|what, slice| take(&mut writer, &subjects, &mut met, what, slice));
        laid.map_err(|error| error.of(&part))?;
        let (out, facts) = writer.finish().map_err(failed(&part))?;
        drop(out.into_inner().map_err(|error| failed(&part)(error.into_error().into()))?);
        let MergeOutcomeRows { new, duplicates, conflicts } = met;
        Ok(Built { part, file, facts, new, duplicates, conflicts: conflicts.finish()? })
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
    met.note(what, &slice).map_err(Failed::Conflict)
}

impl Built {
    /// The file for another reader, from its beginning.
    pub(super) fn reopen(&self) -> Result<File, ArchiveError> {
        let opened = File::open(&self.part).and_then(|mut file| file.rewind().map(|()| file));
        opened.map_err(|error| failed(&self.part)(error.into()))
    }
}

/// How hot rows ended.
struct MergeOutcomeRows {
    new: u64,
    duplicates: u64,
    conflicts: ConflictWriter,
}

impl MergeOutcomeRows {
    fn note(&mut self, met: MergeOutcome, slice: &RowSlice<'_>) -> Result<(), ArchiveError> {
        match met {
            MergeOutcome::Old => {}
            MergeOutcome::New => self.new += slice.len() as u64,
            MergeOutcome::Duplicate => self.duplicates += slice.len() as u64,
            MergeOutcome::Conflict => self.conflicts.push(slice)?,
        }
        Ok(())
    }
}

/// What ends a merge.
enum Failed {
    /// Old or new file.
    File(FileError),
    /// Conflicting rows.
    Conflict(ArchiveError),
}

impl Failed {
    fn of(self, part: &Path) -> ArchiveError {
        match self {
            Failed::File(source) => failed(part)(source),
            Failed::Conflict(error) => error,
        }
    }
}

impl From<FileError> for Failed {
    fn from(error: FileError) -> Failed {
        Failed::File(error)
    }
}
