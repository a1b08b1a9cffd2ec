//! The archive: days that are over leave the hot table for Parquet files, and readers see each sample once throughout.
//!
//! ```text
//! choose    days that are over, metric by metric                            store::archive::due_days
//! export    a snapshot's blocks, merged with the live file, into a new one  merge, build
//! place     staged, synced, verified by reopening, named, synced            storage (in a bucket: uploaded, read back)
//! record    in one transaction: manifest row in, the file's blocks out      store::archive::record
//! drop      the old file is superseded, the chunk dropped                 roll
//! ```
//!
//! # Why
//! *A file becomes true by its manifest row.* It stands under its name, synced and proved, before the transaction that
//! makes the row visible and removes the blocks; so whoever is killed at any moment leaves either all of it or blocks
//! that are rolled again. What a killed roll has left behind is found by the next one (`recover`): half-written files
//! go at once, finished ones that no row names are read and adopted. A row whose file is gone is reported at each roll
//! and each `archive verify`, and never forgotten.
//!
//! *No file that holds samples is deleted because the manifest does not name it*: a manifest may have been restored
//! from a backup (`unlisted`). Nor does a database change an archive that has gone on without it, or that is
//! another's of which it is a copy (`claim`).
//!
//! *Late samples go to the hot table again*, into whatever day they belong to; ingest does not read files, so it
//! counts a sample that is archived already as stored. Until the next roll of that day readers weigh both by the rule
//! of revisions, as if the archived word had never left the hot table (`merge`). The roll then decides for good: what
//! was said before was a duplicate and goes, what is lower than what stands is outdated and goes, what has no better
//! right than what stands was a conflict and goes to quarantine, and the rest becomes the next generation. What it
//! supersedes goes to `signal.superseded_value`. A range that a source has replaced makes the archived days that it
//! touches due, though they have nothing in the hot table; of which nothing stands then, that day has no live file any
//! more. The generation before it leaves the live tree in the same roll and is kept for `archive.grace_hours`, so that
//! a reader which began before may finish.
//!
//! *What is known of a sample goes with it*: its flags, the source's local time, when it was received and which word of
//! the source it is, as `signal.sample` shows them.
//!
//! Invariants: no block is removed but by the transaction that records its file (`store::archive::record`), or by an
//! erasure (`erase`); a file in the manifest is whole under its name (`storage`); memory does not grow with the day
//! (`build`).

/// One file of the archive: rows in, rows out, and proof that they are the same.
pub mod file;

/// Where files are, and every name that is given there.
pub mod storage;

/// Why something cannot be done.
mod error;

/// Waiting, off the threads of the runtime.
mod thread;

/// What the manifest says of a file.
mod manifest;

/// Storage and keys together.
mod handle;

/// Whom samples are about, by pseudonym.
pub mod subjects;

/// Rows of the hot table merged with rows of a file: what the source said last.
mod merge;

/// What does not go into a file waits on the disk.
mod aside;

/// Late values that differ from archived ones, as messages.
mod conflict;

/// A snapshot's blocks become a file.
mod build;

/// They are read for it, throttled as `archive.duty_percent` says.
mod export;

/// A file becomes its own next generation.
mod rewrite;

/// A built file, made one of the archive's.
mod publish;

/// Which database may change it.
pub mod claim;

/// Files that no row of the manifest names.
mod unlisted;

/// The archive against its manifest, both ways.
pub mod check;

/// Both are brought to agree.
pub mod recover;

/// What a roll did.
pub mod report;

/// The whole way, day by day.
pub mod roll;

/// One metric and day of it.
mod roll_day;

/// Files whose samples are not rolled up yet.
mod rollup;

/// Files whose subjects may be out of date.
mod relabel;

/// What an erasure takes.
mod reach;

/// One device or one person out of both tiers.
pub mod erase;

/// Days that have been kept for long enough.
mod retire;

/// Samples of hot table and archive, each once.
pub mod read;

/// What an operator does after a backup was restored.
pub mod restore;

pub use error::ArchiveError;
pub use handle::{Archive, pseudonyms_of};
