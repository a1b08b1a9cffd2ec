//! The log: text for people, JSON for machines, always to standard error so that output can be piped.

use std::error::Error;
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

/// An error with all that lies below it, on one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the batch is not written")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("the connection is gone")]
    struct Inner;

    #[test]
    fn an_error_is_told_with_everything_below_it() {
        assert_eq!(chain(&Outer(Inner)), "the batch is not written: the connection is gone");
        assert_eq!(chain(&Inner), "the connection is gone");
    }
}
