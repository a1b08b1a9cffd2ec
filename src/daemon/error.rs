//! Why the daemon cannot start, or ended before it was asked to.

use std::io;
use std::net::SocketAddr;

use crate::archive::ArchiveError;
use crate::ingest::IngestError;
use crate::model::metric::CatalogueError;
use crate::model::unit::UnitsError;
use crate::portal::PortalError;
use crate::store::StoreError;
use crate::telemetry::Task;

/// Why the daemon has ended.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// An address that somebody else has, or that this machine has not.
    #[error("cannot listen on {address}: free the port, or set {key}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// The key of the configuration that names it.
        key: &'static str,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// A socket that does not tell where it listens.
    #[error("the daemon's pages cannot be served: start it again")]
    Http(#[from] io::Error),
    /// The catalogue of metrics in the binary.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// The table of units in the binary.
    #[error(transparent)]
    Units(#[from] UnitsError),
    /// The database, or its schema.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archive that the configuration names.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The pages for people.
    #[error(transparent)]
    Portal(#[from] PortalError),
    /// Ingest.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// A task has ended that runs as long as the daemon does.
    #[error("the daemon's task {task} has ended by itself: start it again, and report its log")]
    Ended {
        /// Which.
        task: Task,
    },
    /// A task has panicked.
    #[error("the daemon's task {task} has panicked: start it again, and report its log")]
    Panicked {
        /// Which.
        task: Task,
    },
}
