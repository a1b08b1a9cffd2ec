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
    /// Files without a claim.
    #[error(
        "{place} holds {unlisted} files that the manifest does not name: if this database was restored from a backup, \
         or if a roll was killed before an upgrade, `healthtrack archive recover --take-over` takes them back \
         (`--dry-run` shows them); if it is a copy, set another archive.url"
    )]
    Unexplained {
        /// Which folder or bucket.
        place: String,
        /// How many.
        unlisted: usize,
    },
    /// The archive has gone on without this database.
    #[error(
        "{place} was changed since by this database's later self: it was restored from a backup, or is a copy of the \
         server; `healthtrack archive recover --take-over` takes back what is newer, and a copy needs another \
         archive.url"
    )]
    Behind {
        /// Which folder or bucket.
        place: String,
    },
    /// The archive is that of the database of which this one is a copy.
    #[error(
        "{place} is the archive of the database of which this one is a copy: set another archive.url; if the other is \
         gone for good and this one was restored, `healthtrack archive recover --take-over` makes this one its owner"
    )]
    Others {
        /// Which folder or bucket.
        place: String,
    },
    /// What is to be erased may be where nobody can look.
    #[error(
        "{first} and {others} more files that no row of the manifest names cannot be read, and may hold what is to be \
         erased: give their keys, bring them back from a backup, or delete them, and run this again"
    )]
    Unreadable {
        /// One of them.
        first: String,
        /// How many others.
        others: usize,
    },
    /// A file of a metric of a newer version.
    #[error("this version does not know the metric of {name}; run the version that wrote it")]
    UnknownName {
        /// Which file.
        name: String,
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

impl ArchiveError {
    /// True where other days may fare better.
    pub(super) fn is_of_the_day(&self) -> bool {
        match self {
            ArchiveError::File { source, .. } => !matches!(source, FileError::Io(_)),
            ArchiveError::Storage(StorageError::Missing { .. })
            | ArchiveError::Storage(StorageError::TooLong { .. })
            | ArchiveError::Manifest { .. }
            | ArchiveError::Metric { .. }
            | ArchiveError::UnknownName { .. }
            | ArchiveError::Changing { .. } => true,
            error => error.is_unreadable(),
        }
    }

    /// True where a block of the day cannot be read: it is neither archived nor removed before it is repaired.
    pub(super) fn is_unreadable(&self) -> bool {
        matches!(self, ArchiveError::Store(error) if error.is_of_blocks())
    }
}
