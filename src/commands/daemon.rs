//! The daemon with its web pages, as `serve` and `demo` run it.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::telemetry::Telemetry;

/// Runs the daemon until `stop` is cancelled and everything received is written and acknowledged.
pub async fn run(_config: Config, _telemetry: Arc<Telemetry>, _stop: CancellationToken) -> anyhow::Result<()> {
    Ok(())
}
