//! What can go wrong with a private server: one sentence each, which says what to do.

use std::path::PathBuf;

/// A private server that could not be had.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Neither found nor downloaded.
    #[error(
        "install PostgreSQL 15 or newer (Debian, Ubuntu: apt-get install postgresql; macOS: brew install \
         postgresql@17), or name the folder that holds its initdb, pg_ctl and postgres; {searched}, and it could not \
         be fetched: {fetch}"
    )]
    NotFound {
        /// Where was searched.
        searched: String,
        /// Why the network did not help.
        fetch: String,
    },
    /// A folder was named that does not hold what is needed.
    #[error(
        "name the folder that holds initdb, pg_ctl and postgres of PostgreSQL 15 or newer; {folder} does not: {reason}"
    )]
    Folder {
        /// The folder that was named.
        folder: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The cluster belongs to a Postgres that is not here.
    #[error(
        "choose another --data-dir or install PostgreSQL {cluster}: the data in {data_dir} were made by that version, \
         and what was found is {found}"
    )]
    OtherVersion {
        /// The data directory.
        data_dir: PathBuf,
        /// Its major version.
        cluster: u32,
        /// The versions that were found.
        found: String,
    },
    /// Postgres refuses to run as root, and the user that could run it cannot get there.
    #[error(
        "choose another --data-dir, such as one under /var/lib or /tmp: Postgres refuses to run as root, and the user \
         {user} in its place cannot enter {path}"
    )]
    Unreachable {
        /// The unprivileged user.
        user: String,
        /// What it cannot reach.
        path: PathBuf,
    },
    /// There is no unprivileged user to run as.
    #[error("run as another user than root: Postgres refuses root, and neither postgres nor nobody is a user here")]
    NoAccount,
    /// Another process uses the data directory.
    #[error("choose another --data-dir or stop the other healthtrack: it holds {0}")]
    InUse(PathBuf),
    /// A folder holds something, but no whole cluster.
    #[error("choose another --data-dir or remove {0}: it holds files, but not those of a Postgres cluster")]
    NotACluster(PathBuf),
    /// A tool of Postgres failed.
    #[error("read {log} to see why {tool} failed: {output}")]
    Tool {
        /// Which one.
        tool: &'static str,
        /// Its output.
        output: String,
        /// The log of the server.
        log: PathBuf,
    },
    /// A file could not be read or written.
    #[error("check that {path} can be {done}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What was tried with it.
        done: &'static str,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// The running server would not do as asked.
    #[error("check the private Postgres: {step} failed")]
    Database {
        /// Which step.
        step: &'static str,
        /// The driver's error.
        #[source]
        source: sqlx::Error,
    },
    /// The server could not be ended by SIGKILL.
    #[error("end process {pid}, a private Postgres, by hand: it could not be stopped")]
    Kill {
        /// The postmaster's process.
        pid: u32,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// No password could be generated.
    #[error("try again: the system returned no random bytes for the password of the private Postgres")]
    NoRandomness,
    /// A thread that was to do the work is gone.
    #[error("try again: the work was interrupted")]
    Interrupted,
    /// The broker did not come up.
    #[error("check that programs may listen on 127.0.0.1: the private broker did not start within {0} s")]
    Broker(u64),
}

impl EmbeddedError {
    /// Wraps what the system said about a file.
    pub(super) fn file(path: impl Into<PathBuf>, done: &'static str) -> impl FnOnce(std::io::Error) -> EmbeddedError {
        let path = path.into();
        move |source| EmbeddedError::File { path, done, source }
    }
}
