//! The daily roll: the daemon that owns its shard rolls once a day, from `archive.hour` on; also after a start, where
//! that hour has passed. Aborted in the middle, it leaves what a killed roll leaves, and the next one clears that away.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::{interval, sleep};

use crate::archive::report::RollReport;
use crate::archive::roll::Roller;
use crate::ingest::State;
use crate::model::time::Timestamp;
use crate::telemetry::chain;

/// How often the clock is read.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// How long to wait after a roll that failed, or while another roller is at work.
const PAUSE: Duration = Duration::from_secs(600);

/// Rolls day after day.
pub(super) async fn run(roller: Roller, state: Arc<State>) {
    state.role_is_known().await;
    // Each roll sets the gauge again; before the first one it must not look as if nobody had ever verified.
    if let Ok(mut connection) = roller.context.connector.connect().await
        && let Err(error) = roller.report_verified(&mut connection).await
    {
        tracing::warn!("cannot read when the archive was last verified: {}", chain(&error));
    }
    state.ownership().await;
    let mut every = interval(CHECK_EVERY);
    let mut last: Option<Timestamp> = None;
    loop {
        every.tick().await;
        let now = roller.context.clock.now();
        if !is_due(now, last, roller.config.hour_us()) {
            continue;
        }
        let began = Instant::now();
        match roller.roll(None, &mut |_| {}).await {
            Ok(Some(report)) => {
                last = Some(now);
                log_report(&report, began.elapsed());
            }
            Ok(None) => {
                tracing::info!("another roller is running");
                sleep(PAUSE).await;
            }
            Err(error) => {
                roller.context.telemetry.archive.failures.increment(1);
                tracing::error!("the roll ended early and continues later: {}", chain(&error));
                sleep(PAUSE).await;
            }
        }
    }
}

fn log_report(report: &RollReport, took: Duration) {
    tracing::info!(
        roll.days = report.days,
        roll.samples = report.samples,
        roll.bytes = report.bytes,
        roll.duplicates = report.duplicates,
        roll.conflicts = report.conflicts,
        roll.failed = report.failed.len(),
        roll.adopted = report.adopted,
        roll.unlisted = report.unlisted.len(),
        roll.retired = report.retired,
        roll.seconds = took.as_secs(),
        "days were rolled"
    );
}

/// True from the hour on, until a roll has begun after it.
fn is_due(now: Timestamp, last: Option<Timestamp>, hour_us: i64) -> bool {
    let from = now.day().start().plus_micros(hour_us);
    now >= from && last.is_none_or(|last| last < from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::SECOND_US;

    #[test]
    fn it_rolls_once_a_day_from_its_hour_on() {
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        let hour_us = 3 * 3_600 * SECOND_US;
        assert!(!is_due(at("2026-11-23T02:59:59Z"), None, hour_us));
        assert!(is_due(at("2026-11-23T03:00:00Z"), None, hour_us));
        assert!(is_due(at("2026-11-23T20:00:00Z"), None, hour_us));
        assert!(!is_due(at("2026-11-23T20:00:00Z"), Some(at("2026-11-23T03:00:00Z")), hour_us));
        assert!(!is_due(at("2026-11-24T02:00:00Z"), Some(at("2026-11-23T03:00:00Z")), hour_us));
        assert!(is_due(at("2026-11-24T03:00:01Z"), Some(at("2026-11-23T20:00:00Z")), hour_us));
    }
}
