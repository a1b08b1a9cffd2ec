//! Error: why storage cannot be used, in words that say what to do and hold no secret.

use std::io;
use std::path::Path;

/// Why the storage cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Not a URL of a folder or a bucket.
    #[error("archive.url must be file:///DIR or s3://BUCKET/PREFIX, without a user, a port or a query")]
    Url,
    /// The environment holds settings with which no object store can be reached.
    #[error("{what}")]
    Settings {
        /// What is wrong, and what to do.
        what: String,
    },
    /// An operation on the disk failed.
    #[error("cannot {what} {path}: check that the archive's disk is there, writable and not full")]
    Io {
        /// Which step.
        what: &'static str,
        /// Of which file or folder.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A request to the object store failed.
    #[error("cannot {what} {path}: {advice}")]
    Store {
        /// Which step.
        what: &'static str,
        /// Of which object.
        path: String,
        /// What to check.
        advice: &'static str,
        /// Its answer.
        #[source]
        source: StoreAnswer,
    },
    /// The object store keeps other bytes than it was sent.
    #[error("{path} is not what was uploaded, {tries} times: the store, or what stands before it, alters bytes")]
    Altered {
        /// Which object.
        path: String,
        /// How often it was sent.
        tries: u32,
    },
    /// More than one copy of an object store can move.
    #[error("{path} would have {bytes} bytes, and a file in an object store may have {max}")]
    TooLong {
        /// Which object.
        path: String,
        /// Its length.
        bytes: u64,
        /// The longest.
        max: u64,
    },
    /// A file that the manifest names is not there.
    #[error("{name} is in the manifest and not in the archive: bring it back from a backup, and run `archive verify`")]
    Missing {
        /// Which.
        name: String,
    },
    /// Another database's archive, or none where there should be one.
    #[error("{path} {found}: check archive.url, and that what it names is the right one")]
    NotOurs {
        /// Which folder or bucket.
        path: String,
        /// What was found.
        found: &'static str,
    },
}

/// A store's answer, without secrets.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct StoreAnswer(pub(super) String);

/// Why a step on a file or a folder has failed.
pub(super) fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StorageError {
    let path = path.display().to_string();
    move |source| StorageError::Io { what, path, source }
}
