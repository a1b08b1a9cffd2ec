//! How the daemon fares beside which the portal runs: its state and its counts, read as `/readyz` and `/metrics` read
//! them.
//!
//! # Why
//! An operator must see why nothing works before there is anything to scrape with, so the numbers come from the very
//! handles that the metrics are rendered of, and nothing is asked of the database. A rate is of the time between two
//! looks, whoever looks: the daemon counts, and keeps no history. What was counted at looks of before is kept for some
//! minutes, so that what went wrong once does not look wrong for ever: a failure is told as new until a look that comes
//! five minutes later finds no further one.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::shown::exact;
use crate::ingest::State;
use crate::model::time::{MINUTE_US, SECOND_US, Timestamp};
use crate::telemetry::{Outcome, Telemetry, shown};

/// Two looks that follow closer tell no rate.
const APART_US: i64 = 2 * SECOND_US;
/// What is new is told against a look that is so old at least.
const LATELY_US: i64 = 5 * MINUTE_US;
/// Looks that follow closer are not kept.
const KEPT_EVERY_US: i64 = MINUTE_US;
/// So many are.
const KEPT_MAX: usize = 10;
/// What went wrong, counted since the daemon began.
const FAILURES: [&str; 5] = [
    shown::STORE_UNREADABLE_BLOCKS,
    shown::STORE_FORGOTTEN,
    shown::INGEST_QUARANTINE_CAPPED_SAMPLES,
    shown::ARCHIVE_FAILURES,
    shown::COMPACTION_FAILURES,
];

/// State and counts of the daemon.
#[derive(Debug)]
pub(super) struct Pulse {
    telemetry: Arc<Telemetry>,
    state: Arc<State>,
    last: Mutex<Counted>,
    /// Failures as they were counted at looks of before, the oldest first.
    looks: Mutex<VecDeque<(Timestamp, [f64; FAILURES.len()])>>,
}

/// What was counted at the last look, and the rate before it.
#[derive(Copy, Clone, Debug, Default)]
struct Counted {
    at: Option<Timestamp>,
    received: u64,
    /// Samples a second, and over how many seconds.
    rate: Option<(f64, i64)>,
}

/// What is known at one moment.
#[derive(Clone, Debug)]
pub(super) struct PulseReading {
    /// What keeps the daemon from its work.
    pub(super) reasons: Vec<&'static str>,
    /// `owner`, `standby`, `unknown`.
    pub(super) role: &'static str,
    pub(super) subscribed: usize,
    /// Samples a second, and over how many seconds that was counted.
    pub(super) rate: Option<(f64, i64)>,
    pub(super) received: u64,
    pub(super) outcomes: Vec<(&'static str, u64)>,
    pub(super) in_flight: i64,
    /// The Prometheus text.
    metrics: String,
    /// Failures as they were counted some minutes ago; none at first.
    before: [f64; FAILURES.len()],
}

impl Pulse {
    pub(super) fn new(telemetry: Arc<Telemetry>, state: Arc<State>) -> Pulse {
        Pulse { telemetry, state, last: Mutex::default(), looks: Mutex::default() }
    }

    /// How it fares now.
    pub(super) fn read(&self, now: Timestamp) -> PulseReading {
        let status = self.state.status();
        let (received, settled, in_flight) = self.telemetry.balance();
        let metrics = self.telemetry.render();
        let before = self.before(FAILURES.map(|name| sum(&metrics, name)), now);
        PulseReading {
            reasons: status.not_ready_reasons(),
            role: status.role.word(),
            subscribed: status.subscribed(),
            rate: self.rate(received, now),
            received,
            outcomes: Outcome::ALL.map(|outcome| (outcome.word(), settled.of(outcome))).into(),
            in_flight,
            metrics,
            before,
        }
    }

    /// Failures as a look of some minutes ago counted them; this one is kept.
    fn before(&self, counted: [f64; FAILURES.len()], now: Timestamp) -> [f64; FAILURES.len()] {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let before = looks.iter().rev().find(|(at, _)| now.micros_since(*at) >= LATELY_US).map(|(_, counted)| *counted);
        if looks.back().is_none_or(|(at, _)| now.micros_since(*at) >= KEPT_EVERY_US) {
            looks.push_back((now, counted));
        }
        if looks.len() > KEPT_MAX {
            looks.pop_front();
        }
        before.unwrap_or_default()
    }

    fn rate(&self, received: u64, now: Timestamp) -> Option<(f64, i64)> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last.at.map(|at| now.micros_since(at)) {
            Some(0..APART_US) => {}
            Some(apart) if apart >= APART_US => {
                let seconds = apart as f64 / SECOND_US as f64;
                let rate = Some((received.saturating_sub(last.received) as f64 / seconds, apart / SECOND_US));
                *last = Counted { at: Some(now), received, rate };
            }
            _ => *last = Counted { at: Some(now), received, rate: None },
        }
        last.rate
    }
}

impl PulseReading {
    /// A metric, with its label where it has one: all of its lines together.
    pub(super) fn metric(&self, name: &str) -> f64 {
        sum(&self.metrics, name)
    }

    /// How much was added to a count of failures in the last minutes.
    pub(super) fn lately(&self, name: &str) -> f64 {
        let before = FAILURES.iter().zip(self.before).find(|(known, _)| **known == name);
        self.metric(name) - before.map_or(0.0, |(_, before)| before)
    }

    /// Within how many seconds such a share of a histogram's values lie, by its buckets; `None` where there is none.
    pub(super) fn within(&self, name: &str, share: f64) -> Option<Within> {
        let prefix = format!("{name}_bucket{{le=\"");
        let bucket = |line: &str| -> Option<(f64, f64)> {
            let (bound, count) = line.strip_prefix(prefix.as_str())?.split_once("\"} ")?;
            Some((bound.parse().ok()?, count.parse().ok()?))
        };
        let buckets: Vec<(f64, f64)> = self.metrics.lines().filter_map(bucket).collect();
        let all = buckets.iter().map(|(_, count)| *count).fold(0.0, f64::max);
        let (bound, _) = buckets.iter().find(|(_, count)| all > 0.0 && *count >= all * share)?;
        let greatest = buckets.iter().map(|(bound, _)| *bound).filter(|bound| bound.is_finite()).fold(0.0, f64::max);
        Some(if bound.is_finite() { Within::Bound(*bound) } else { Within::Beyond(greatest) })
    }
}

/// Where most values of a histogram lie.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) enum Within {
    /// Within so many seconds.
    Bound(f64),
    /// Beyond the greatest bound, which is of so many.
    Beyond(f64),
}

impl Within {
    /// Whether that is within so many seconds for certain.
    pub(super) fn is_within(self, seconds: f64) -> bool {
        matches!(self, Within::Bound(bound) if bound <= seconds)
    }
}

impl fmt::Display for Within {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Within::Bound(seconds) => write!(to, "≤ {} s", exact(*seconds)),
            Within::Beyond(seconds) => write!(to, "> {} s", exact(*seconds)),
        }
    }
}

fn sum(metrics: &str, name: &str) -> f64 {
    let value = |line: &str| {
        line.strip_prefix(name).filter(|rest| rest.starts_with([' ', '{']))?.rsplit(' ').next()?.parse::<f64>().ok()
    };
    metrics.lines().filter_map(value).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Tally;

    #[test]
    fn a_rate_is_of_the_time_between_two_looks_and_a_metric_of_all_its_lines() {
        let telemetry = Arc::new(Telemetry::new().unwrap());
        let pulse = Pulse::new(Arc::clone(&telemetry), Arc::default());
        let at = |seconds: i64| Timestamp::from_micros(seconds * SECOND_US).unwrap();
        assert_eq!(pulse.read(at(100)).rate, None);
        telemetry.receive(500);
        telemetry.settle(400, Tally { stored: 390, quarantined: 10, ..Tally::default() });
        assert_eq!(pulse.read(at(101)).rate, None, "too close");
        let read = pulse.read(at(110));
        assert_eq!((read.rate, read.in_flight, read.received), (Some((50.0, 10)), 100, 500));
        assert_eq!(pulse.read(at(111)).rate, Some((50.0, 10)), "the last one stands");
        assert_eq!(read.metric("healthtrack_ingest_samples_total{outcome=\"stored\"}"), 390.0);
        assert_eq!(read.metric("healthtrack_ingest_samples_total"), 400.0);
        assert_eq!(read.metric("healthtrack_ingest_samples"), 0.0, "a part of a name is none");
        assert_eq!(read.within("healthtrack_ingest_arrival_to_commit_seconds", 0.99), None);
        telemetry.arrival_to_commit.record(0.02);
        assert_eq!(
            pulse.read(at(120)).within("healthtrack_ingest_arrival_to_commit_seconds", 0.99),
            Some(Within::Bound(0.025))
        );
        telemetry.arrival_to_commit.record(1e9);
        let slow = pulse.read(at(130)).within("healthtrack_ingest_arrival_to_commit_seconds", 0.99).unwrap();
        assert!(matches!(slow, Within::Beyond(greatest) if greatest > 0.025) && !slow.is_within(f64::INFINITY));
        assert_eq!([Within::Bound(0.0025), Within::Beyond(10.0)].map(|it| it.to_string()), ["≤ 0.0025 s", "> 10 s"]);
    }

    #[test]
    fn a_failure_is_new_until_a_look_five_minutes_later_finds_no_other() {
        let telemetry = Arc::new(Telemetry::new().unwrap());
        let pulse = Pulse::new(Arc::clone(&telemetry), Arc::default());
        let at = |minutes: i64| Timestamp::from_micros((100 + minutes) * MINUTE_US).unwrap();
        telemetry.compaction_failures.increment(1);
        let lately = |minutes| pulse.read(at(minutes)).lately(shown::COMPACTION_FAILURES);
        assert_eq!([lately(0), lately(4), lately(5)], [1.0, 1.0, 0.0]);
        telemetry.compaction_failures.increment(2);
        assert_eq!([lately(6), lately(9), lately(14)], [2.0, 2.0, 0.0]);
        assert_eq!(pulse.read(at(30)).metric(shown::COMPACTION_FAILURES), 3.0);
    }
}
