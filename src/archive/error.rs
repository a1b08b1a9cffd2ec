//! Error: why something cannot be done with the archive, in words that say what to do.

use super::file::{FileError, KeyError};
use super::storage::StorageError;

/// Why something cannot be done with the archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The database.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// A folder or a name in it.
    #[error(transparent)]
    Storage(#[from] StorageError),
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
    /// Blocks went or changed in each of several tries.
    #[error("blocks of the day changed while it was rolled, {tries} times; the next roll tries again")]
    Changing {
        /// How often it was tried.
        tries: u32,
    },
    /// The clock of this machine is wrong.
    #[error(
        "this machine's clock is {seconds} s from the database's: set it right, since it decides which days are over"
    )]
    Clock {
        /// How far.
        seconds: i64,
    },
    /// A thread ended in a way that it must not.
    #[error("the thread that writes files has ended by itself: report the log")]
    Thread,
}
