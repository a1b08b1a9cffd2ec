//! The log: text for people, JSON for machines, always to standard error so that output can be piped.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, TelemetryConfig};

/// Starts the log once for the process; a second start changes nothing.
///
/// A filter that cannot be read becomes `info`, and the log says so.
pub fn start_log(config: &TelemetryConfig) {
    let (filter, unread) = match EnvFilter::try_new(&config.log) {
        Ok(filter) => (filter, false),
        Err(_) => (EnvFilter::new("info"), true),
    };
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    let started = match config.log_format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
    if started.is_ok() && unread {
        tracing::warn!("telemetry.log is not a filter; logging at info");
    }
}
