//! The log: text for people, JSON for machines, always to standard error so that output can be piped.
//!
//! A line is a lowercase message with dotted fields (`batch.rows`). Work that takes time has a span: `batch`, `roll`,
//! `request` and `command`. At a filter of `debug` or finer each span logs at its end how long it took. Neither line
//! nor span ever carries a device or a person.

use std::error::Error;
use std::io::IsTerminal;
use std::panic::PanicHookInfo;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::config::{LogFormat, TelemetryConfig};

/// Starts the log once for the process; a second start changes nothing.
///
/// A filter that cannot be read becomes `info`, and the log says so. From then on a panic is a line of the log.
pub fn start_log(config: &TelemetryConfig) {
    let (filter, unread) = match EnvFilter::try_new(&config.log) {
        Ok(filter) => (filter, false),
        Err(_) => (EnvFilter::new("info"), true),
    };
    let is_detailed = filter.max_level_hint().is_none_or(|level| level >= LevelFilter::DEBUG);
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_span_events(if is_detailed { FmtSpan::CLOSE } else { FmtSpan::NONE })
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    let started = match config.log_format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
    if started.is_ok() {
        std::panic::set_hook(Box::new(log_panic));
        if unread {
            tracing::warn!("telemetry.log is not a filter; logging at info");
        }
    }
}

/// An error and its sources, on one line. Some libraries print their source themselves, so what stands at the end
/// already is not said again.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let said = error.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        source = error.source();
    }
    text
}

/// Where a panic came from. Its message is shown only where it is a constant of the program: one that was put together
/// may hold what a device or a person has sent.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(String::new, ToString::to_string);
    let message = panic.payload().downcast_ref::<&'static str>().unwrap_or(&"its message is not shown");
    tracing::error!("a thread panicked at {place}: {message}");
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

    #[derive(Debug, thiserror::Error)]
    #[error("it failed: {0}")]
    struct Loud(#[source] Inner);

    #[test]
    fn an_error_is_told_with_everything_below_it() {
        assert_eq!(chain(&Outer(Inner)), "the batch is not written: the connection is gone");
        assert_eq!(chain(&Inner), "the connection is gone");
        assert_eq!(chain(&Loud(Inner)), "it failed: the connection is gone", "once");
    }
}
