//! Limits: how far from now a sample may be, and how long it may last.

use crate::config::IngestConfig;
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;

/// How far from now a sample is valid, and for how long.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ValidationLimits {
    /// A sample may begin this many microseconds after now: clocks drift.
    pub future_max_us: i64,
    /// A sample may begin this many microseconds before now.
    pub past_max_us: i64,
    /// The interval of a measurement may last this many microseconds.
    pub span_max_us: i64,
    /// The interval of a statistic may last this many microseconds: a season's average is none of a moment.
    pub statistic_span_max_us: i64,
    /// A sample that begins more than this many microseconds before now is older than any device in use.
    pub device_age_max_us: i64,
}

/// The first and the last moment at which a sample may begin.
#[derive(Copy, Clone, Debug)]
pub(super) struct TimeWindow {
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
    /// Before it, no device in use can have measured anything.
    pub(super) devices_since: Timestamp,
}

impl From<&IngestConfig> for ValidationLimits {
    fn from(config: &IngestConfig) -> ValidationLimits {
        ValidationLimits {
            future_max_us: config.future_max_us(),
            past_max_us: config.past_max_us(),
            span_max_us: config.span_max_us(),
            statistic_span_max_us: config.statistic_span_max_us(),
            device_age_max_us: config.device_age_max_us(),
        }
    }
}

impl ValidationLimits {
    pub(super) fn window(&self, now: Timestamp) -> TimeWindow {
        TimeWindow {
            first: now.plus_micros(self.past_max_us.saturating_neg()),
            last: now.plus_micros(self.future_max_us),
            devices_since: now.plus_micros(self.device_age_max_us.saturating_neg()),
        }
    }

    /// How long the interval of such a sample may last.
    pub(super) fn span_max_us_of(&self, statistic: Statistic) -> i64 {
        if statistic.is_none() { self.span_max_us } else { self.statistic_span_max_us }
    }
}

impl TimeWindow {
    pub(super) fn contains(&self, time: Timestamp) -> bool {
        (self.first <= time) & (time <= self.last)
    }

    /// True where a time is valid and nothing is known against it.
    pub(super) fn is_clean(&self, time: Timestamp) -> bool {
        (self.devices_since <= time) & self.contains(time)
    }

    /// True where a time would be valid if its milliseconds were seconds.
    pub(super) fn contains_as_seconds(&self, time: Timestamp) -> bool {
        let as_seconds = time.micros().checked_mul(1_000).and_then(|micros| Timestamp::from_micros(micros).ok());
        as_seconds.is_some_and(|time| self.contains(time))
    }
}
