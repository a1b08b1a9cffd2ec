//! Ctrl-C and SIGTERM: the first asks for an end in order, the second ends it at once.

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The exit codes that a shell gives to what a signal ended.
const INTERRUPTED: i32 = 128 + 2;
const TERMINATED: i32 = 128 + 15;

/// Cancels `stop` at the first signal. At the second the process ends; the watchdog of a private database then stops
/// the database.
pub(super) fn cancel_on_signal(stop: CancellationToken) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    tokio::spawn(async move {
        loop {
            let code = tokio::select! {
                _ = interrupt.recv() => INTERRUPTED,
                _ = terminate.recv() => TERMINATED,
            };
            if stop.is_cancelled() {
                std::process::exit(code);
            }
            tracing::info!("stopping: what is received is still written; a second signal ends the process at once");
            stop.cancel();
        }
    });
    Ok(())
}
