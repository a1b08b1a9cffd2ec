//! `serve`: the daemon, until it is asked to stop.
//!
//! The first signal ends reading from the broker, and the daemon writes and acknowledges what it has received; the
//! second ends the process at once. Nothing depends on a clean stop.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use super::signals::cancel_on_signal;
use crate::config::Config;
use crate::daemon::{Daemon, Listeners};
use crate::telemetry::{Telemetry, start_log};

/// Runs the daemon against a broker and a database.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack serve --config /etc/healthtrack.toml
  HEALTHTRACK__STORE__URL=postgres://… HEALTHTRACK__MQTT__URL=mqtt://… healthtrack serve

config/default.toml documents every key.")]
pub struct Args {
    /// The configuration; the environment (HEALTHTRACK__SECTION__KEY) overrides it [default: built-in defaults]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Runs the daemon until SIGTERM or Ctrl-C, in a span that is opened once the log is started.
pub async fn run(args: Args, span: impl FnOnce() -> Span + Send) -> anyhow::Result<()> {
    let config = Config::load(args.config.as_deref())?;
    start_log(&config.telemetry);
    let telemetry = Arc::new(Telemetry::new().context("the metrics cannot be declared")?);
    let stop = CancellationToken::new();
    cancel_on_signal(stop.clone())?;
    let listeners = Listeners::open(&config).await?;
    let daemon = Daemon { config, listeners, telemetry, state: Arc::default(), playbill: None };
    Ok(daemon.run(stop).instrument(span()).await?)
}
