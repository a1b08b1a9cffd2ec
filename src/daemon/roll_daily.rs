//! Duty: the daemon that owns its shard rolls once a day, from `archive.hour` on; also after a start, where that hour
//! has passed. Cut off in the middle, it leaves what a killed roll leaves.

use std::time::{Duration, Instant};

use tokio::time::{interval, sleep};

use crate::archive::roll::Roller;
use crate::model::time::Timestamp;
use crate::telemetry::Role;

/// How often the clock is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long to wait after a roll that failed, or while another roller is at work.
const PAUSE: Duration = Duration::from_secs(600);

/// Rolls day after day.
pub(super) async fn run(roller: Roller) {
    let mut every = interval(LOOK_EVERY);
    let mut last: Option<Timestamp> = None;
    // Each roll says it again; a daemon that has not rolled yet must not look as if nobody ever verified.
    if let Ok(mut connection) = roller.connector.connect().await
        && let Err(error) = roller.tell_verified(&mut connection).await
    {
        tracing::warn!("when the archive was verified is not known until the next roll: {error}");
    }
    loop {
        every.tick().await;
        let now = roller.clock.now();
        if roller.telemetry.role() != Role::Owner || !is_due(now, last, roller.config.hour_us()) {
            continue;
        }
        let began = Instant::now();
        match roller.roll(None, &mut |_| {}).await {
            Ok(Some(report)) => {
                last = Some(now);
                let (days, samples, bytes) = (report.days, report.samples, report.bytes);
                let (duplicates, conflicts, failed) = (report.duplicates, report.conflicts, report.failed.len());
                let seconds = began.elapsed().as_secs();
                let retired = report.retired;
                tracing::info!(
                    days,
                    samples,
                    bytes,
                    duplicates,
                    conflicts,
                    failed,
                    retired,
                    seconds,
                    "days were rolled"
                );
            }
            Ok(None) => {
                tracing::info!("another roller is at work");
                sleep(PAUSE).await;
            }
            Err(error) => {
                roller.telemetry.archive.failures.increment(1);
                let cause = std::error::Error::source(&error).map(|source| format!(": {source}")).unwrap_or_default();
                tracing::error!("the roll ended early and goes on later: {error}{cause}");
                sleep(PAUSE).await;
            }
        }
    }
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
