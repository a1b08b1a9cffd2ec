//! Thread: work that waits for a disk, a network or a processor, off the threads of the runtime.
//!
//! # Why
//! A thread of the runtime would keep a daemon from stopping while it works. One of its own dies with the process, and
//! what it has half-written is removed by the next roll.

use tokio::sync::oneshot;

use super::error::ArchiveError;

/// Does work on a thread of its own.
pub(super) async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ArchiveError> + Send + 'static,
) -> Result<T, ArchiveError> {
    let (done, result) = oneshot::channel();
    let started = std::thread::Builder::new().name("archive".to_owned()).spawn(move || {
        // Nobody waits any more where the daemon stops.
        let _ = done.send(work());
    });
    started.map_err(|_| ArchiveError::Thread)?;
    result.await.map_err(|_| ArchiveError::Thread)?
}
