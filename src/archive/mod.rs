//! The archive: days that are over leave the hot table for Parquet files, and readers see each sample once throughout.
//!
//! ```text
//! choose    days that are over, metric by metric                            store::archive::due_days
//! export    a snapshot's blocks, laid beside the live file, into a new one  merge, build
//! place     written aside, synced, verified by reopening, named, synced     place (in a bucket: uploaded, read back)
//! record    in one transaction: manifest row in, the file's blocks out      store::archive::record
//! drop      the superseded file goes aside, the empty chunk goes            roll
//! ```
//!
//! # Why
//! *A file becomes true by its manifest row.* It stands under its name, synced and proved, before the transaction that
//! makes the row visible and removes the blocks; so whoever is killed at any moment leaves either all of it or blocks
//! that are rolled again. What a killed roll has left behind is found by the next one (`recover`): half-written files
//! go at once, finished ones that no row names go aside for the grace, since the hot table still holds every sample of
//! them and proving them would cost what writing them again costs. A row whose file is gone is reported at each roll
//! and each `archive verify`, and never forgotten.
//!
//! *Late samples go to the hot table again*, into whatever day they belong to; ingest does not look into files, so it
//! counts a sample that is archived already as stored. Until the next roll of that day readers lay both side by side by
//! key: what the archive holds is first, so it stays (`merge`). The roll then decides for good: a key with the same
//! value was a duplicate and goes, one with another value was a conflict and goes to quarantine, the rest becomes the
//! next generation. The generation before it leaves the live tree in the same roll and is kept for
//! `archive.grace_hours`, so that a reader which began before may finish.
//!
//! *No flags*: the archive keeps the columns of `signal.sample`; what is known against a sample (`signal.block.flags`)
//! is not archived.
//!
//! Invariants: no block is removed but by the transaction that records its file (`store::archive::record`), or by an
//! erasure (`erase`); a file in the manifest is whole under its name (`place`); memory does not grow with the day
//! (`build`).

/// One file of the archive: rows in, rows out, and proof that they are the same.
pub mod file;

/// Where files lie, and every name that is given there.
pub mod place;

/// Whom samples are about, by pseudonym.
pub mod subjects;

/// Rows of the hot table laid beside rows of a file, each once.
mod merge;

/// A snapshot's blocks become a file.
mod build;

/// They are read for it, no faster than is wished.
mod export;

/// A file becomes its own next generation.
mod rewrite;

/// Late values that differ from archived ones.
mod conflict;

/// What killed rolls have left behind.
mod recover;

/// What a roll did.
pub mod report;

/// The whole way, day by day.
pub mod roll;

/// Files whose subjects may be true no more.
mod relabel;

/// What an erasure takes.
mod reach;

/// One device or one person out of both tiers.
pub mod erase;

/// Days that have been kept for long enough.
mod retire;

/// Samples of hot table and archive, each once.
pub mod read;

/// The archive against its manifest, both ways.
pub mod check;

use crate::faults::{Defect, is_injected};
use crate::model::metric::{Catalogue, Metric};
use crate::security::pseudonym::Pseudonyms;
use crate::store::archive::ArchiveFile;
use file::{Content, Facts, FileError, Head, KeyError, KeyId, KeyRing};
use place::PlaceError;

/// Why something cannot be done with the archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// A folder or a name in it.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The inside of a file.
    #[error("{name}")]
    File {
        /// Which.
        name: String,
        /// What is wrong.
        #[source]
        source: FileError,
    },
    /// Keys that cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The manifest names what this version does not know.
    #[error("the manifest's row of {name} cannot be understood; run the version that wrote it")]
    Manifest {
        /// Which file.
        name: String,
    },
    /// Files that nobody can find.
    #[error("the manifest has files, and archive.url (HEALTHTRACK__ARCHIVE__URL) does not say where they are")]
    NoUrl,
    /// A metric of a newer version.
    #[error("this version does not know metric {metric}; run the version that wrote it")]
    Metric {
        /// Its number.
        metric: i16,
    },
    /// More conflicting values than one transaction should carry.
    #[error("more than {max} late values differ from archived ones; nothing was changed, look at what sends them")]
    Conflicts {
        /// How many may be.
        max: usize,
    },
    /// Blocks went or changed in each of several tries.
    #[error("blocks of the day changed while it was rolled, {tries} times; the next roll tries again")]
    Changing {
        /// How often it was tried.
        tries: u32,
    },
    /// The clock of this machine is not to be believed.
    #[error(
        "this machine's clock is {seconds} s from the database's: set it right, since it decides which days are over"
    )]
    Clock {
        /// How far.
        seconds: i64,
    },
    /// A thread ended in a way that it must not.
    #[error("the thread that writes files has ended by itself: report what the log says")]
    Thread,
}

/// Where the archive is and how its files are read.
#[derive(Clone, Debug)]
pub struct Archive {
    /// Where files lie.
    pub place: place::Place,
    /// What opens them, and what new ones are written with.
    pub keys: KeyRing,
    /// What names the people in them; `None` where they name nobody.
    pub pseudonyms: Option<Pseudonyms>,
}

impl Archive {
    /// The archive of a configuration; `None` where there is none.
    pub fn of(config: &crate::config::ArchiveConfig) -> Result<Option<Archive>, ArchiveError> {
        if config.url.is_empty() {
            return Ok(None);
        }
        Ok(Some(Archive {
            place: place::Place::of(config)?,
            keys: KeyRing::load("archive.key", &config.key_file, &config.keys)?,
            pseudonyms: pseudonyms_of(config)?,
        }))
    }

    /// Asks the place on a thread of its own: a disk or a network may take its time to answer.
    pub async fn at<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&place::Place) -> Result<T, PlaceError> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        let place = self.place.clone();
        build::on_thread(move || Ok(ask(&place)?)).await
    }

    /// Deletes a file that needs no name.
    async fn discard(&self, part: &std::path::Path) -> Result<(), ArchiveError> {
        let part = part.to_owned();
        self.at(move |place| place.discard(&part)).await
    }

    /// Moves a file aside; nothing where it is there already.
    async fn supersede(&self, name: &str) -> Result<(), ArchiveError> {
        let name = name.to_owned();
        self.at(move |place| place.supersede(&name)).await
    }

    /// Proves that a file is what the manifest says of it.
    fn prove(&self, catalogue: &Catalogue, file: &ArchiveFile) -> Result<(), ArchiveError> {
        let head = head_of(catalogue, file)?;
        let facts = facts_of(file).ok_or_else(|| ArchiveError::Manifest { name: file.name.clone() })?;
        let source = self.place.open(&file.name)?;
        let named = |source| ArchiveError::File { name: file.name.clone(), source };
        file::verify(source, &head, &facts, &self.keys).map_err(named)
    }
}

/// What names people in the archive's files; `None` where no key was given.
pub fn pseudonyms_of(config: &crate::config::ArchiveConfig) -> Result<Option<Pseudonyms>, KeyError> {
    let ring = KeyRing::load("archive.subject_key", &config.subject_key_file, &config.subject_keys)?;
    Ok(Pseudonyms::of(&ring))
}

/// A place between two steps, where a test kills whoever works.
fn point() {
    if is_injected(Defect::DieInRoll) {
        std::process::abort();
    }
}

/// What the manifest says that a file is.
fn head_of(catalogue: &Catalogue, file: &ArchiveFile) -> Result<Head, ArchiveError> {
    let (metric, day, generation) = (metric_of(catalogue, file)?.clone(), file.day, file.generation);
    Ok(Head { metric, day, generation, subject_key: key_of(file, file.subject_key_id.as_deref())? })
}

/// A key that the manifest names.
fn key_of(file: &ArchiveFile, id: Option<&str>) -> Result<Option<KeyId>, ArchiveError> {
    let unknown = || ArchiveError::Manifest { name: file.name.clone() };
    id.map(|id| KeyId::parse(id).ok_or_else(unknown)).transpose()
}

fn metric_of<'a>(catalogue: &'a Catalogue, file: &ArchiveFile) -> Result<&'a Metric, ArchiveError> {
    let unknown = || ArchiveError::Manifest { name: file.name.clone() };
    catalogue.by_name(&file.metric).ok_or_else(unknown)
}

/// What the manifest says that a file turned out to be.
fn facts_of(file: &ArchiveFile) -> Option<Facts> {
    let key = key_of(file, file.key_id.as_deref()).ok()?;
    let content = Content::parse(&file.content)?;
    let ArchiveFile { rows, bytes, sha256, first, last, .. } = *file;
    Some(Facts { rows, bytes, sha256, first, last, content, key })
}
