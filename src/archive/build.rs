//! Build: a snapshot's blocks, merged with the live file, become a new file that has no name yet.
//!
//! # Why
//! Encoding is work for a processor and reading blocks is waiting for the server, so a thread of its own writes while
//! the next blocks come; the daemon's own threads stay with ingest. What is on the way between them is bounded:
//! `BATCHES_MAX` batches of `BATCH_SAMPLES` and a block, 7 MB, beside one row group of each file. Conflicts wait in a
//! file of their own (`conflict`), however many they are.

use std::fs::File;
use std::io::{BufWriter, Seek as _};
use std::path::PathBuf;

use tokio::sync::mpsc;

use super::conflict::{BUFFER_BYTES, ConflictWriter, Conflicts};
use super::error::ArchiveError;
use super::file::{Facts, FileError, FileWriter, Head, RowFilter, RowSlice, open};
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
    let Job { archive, head, live, subjects } = job;
    let (part, file) = archive.storage.create(&head.metric.name, head.day)?;
    let shown = part.display().to_string();
    let failed = |source: FileError| ArchiveError::File { name: shown.clone(), source };
    let io = |error: std::io::Error| failed(error.into());
    let old = match &live {
        None => None,
        Some(name) => {
            let opened = open(archive.storage.open(name)?, &head.metric, &archive.keys);
            let rows = opened.and_then(|opened| opened.rows(RowFilter::default()));
            Some(rows.map_err(|source| ArchiveError::File { name: name.clone(), source })?)
        }
    };
    let mut merge = Merge::new(old);
    let out = BufWriter::with_capacity(BUFFER_BYTES, file.try_clone().map_err(io)?);
    let conflicts = ConflictWriter::new(archive.clone(), head.clone());
    let mut writer = FileWriter::begin(out, head, &archive.keys).map_err(failed)?;
    let mut met = MergeOutcomeRows { new: 0, duplicates: 0, conflicts };
    let mut hot = HotRows::default();
    let mut take = |what: MergeOutcome, slice: RowSlice<'_>| {
        if what.is_next() {
            subjects.named(&slice, |slice| writer.push_slice(&slice)).map_err(Failed::File)?;
        }
        met.note(what, &slice).map_err(Failed::Conflict)
    };
    let named = |error| match error {
        Failed::File(source) => failed(source),
        Failed::Conflict(error) => error,
    };
    while let Some(batch) = batches.blocking_recv() {
        for HotBlock { device, statistic, block } in batch {
            hot.push(&device, statistic, block, |slice| merge.lay(slice, &mut take)).map_err(named)?;
        }
    }
    hot.finish(|slice| merge.lay(slice, &mut take)).map_err(named)?;
    merge.finish(&mut take).map_err(named)?;
    let (out, facts) = writer.finish().map_err(failed)?;
    drop(out.into_inner().map_err(|error| io(error.into_error()))?);
    let MergeOutcomeRows { new, duplicates, conflicts } = met;
    Ok(Built { part, file, facts, new, duplicates, conflicts: conflicts.finish()? })
}

impl Built {
    /// The file for another reader, from its beginning.
    pub(super) fn reopen(&self) -> Result<File, ArchiveError> {
        let failed =
            |error: std::io::Error| ArchiveError::File { name: self.part.display().to_string(), source: error.into() };
        let mut file = File::open(&self.part).map_err(failed)?;
        file.rewind().map_err(failed)?;
        Ok(file)
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

impl From<FileError> for Failed {
    fn from(error: FileError) -> Failed {
        Failed::File(error)
    }
}
