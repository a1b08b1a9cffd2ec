//! Error: why heads could not be shipped or verified.

use std::io;
use std::path::PathBuf;

use crate::archive::storage::StorageError;
use crate::security::signature::SignatureError;
use crate::store::care::error::CareError;

/// Why heads could not be shipped or verified.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// A setting is missing.
    #[error("set {0}: heads are signed with a key and kept in a file of their own, and go elsewhere from there")]
    NotSet(&'static str),
    /// A key that is none.
    #[error(transparent)]
    Key(#[from] SignatureError),
    /// The file of records cannot be read or written.
    #[error("cannot {done} {}: check that it is there, yours and not on a full disk", path.display())]
    File {
        /// `read`, `write`, `lock`.
        done: &'static str,
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another program ships into the same file.
    #[error("another `healthtrack audit ship` writes {}: end it, or name another file", .0.display())]
    InUse(PathBuf),
    /// A file of something else.
    #[error("{} does not end with a record: keep it as it is, and name a new file in audit.file", .0.display())]
    NotRecords(PathBuf),
    /// A file of another database.
    #[error("{} holds records of database {of}, and this is {here}: name a new file in audit.file", path.display())]
    OtherDatabase {
        /// Which file.
        path: PathBuf,
        /// Of which.
        of: String,
        /// Which one was asked.
        here: String,
    },
    /// More heads than a record can hold, or more records than there are numbers.
    #[error("the heads do not fit into a record: begin a new file in audit.file, and report this")]
    TooLong,
    /// A target that is none.
    #[error("{setting} must be {form}")]
    Target {
        /// Which setting or argument.
        setting: &'static str,
        /// What it must look like.
        form: &'static str,
    },
    /// More records than there was time for.
    #[error("{outstanding} records are still to be sent there, and go with the next one: ship again")]
    Outstanding {
        /// How many.
        outstanding: u64,
    },
    /// A syslog daemon.
    #[error("cannot send to audit.syslog: check that it listens there, and takes messages of 8,096 bytes")]
    Syslog(#[source] io::Error),
    /// The bucket.
    #[error(transparent)]
    Bucket(#[from] StorageError),
    /// The database.
    #[error(transparent)]
    Database(#[from] CareError),
}

impl AuditError {
    /// What makes an error of what the system says of a file.
    pub(super) fn file(done: &'static str, path: &std::path::Path) -> impl Fn(io::Error) -> AuditError + use<> {
        let path = path.to_owned();
        move |source| AuditError::File { done, path: path.clone(), source }
    }
}
