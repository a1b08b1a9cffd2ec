//! Limits: how far from now a sample may be, and how long it may last.

use crate::model::time::Timestamp;

/// How far from now a sample is valid, and for how long.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ValidationLimits {
    /// A sample may begin this many microseconds after now: clocks drift.
    pub future_max_us: i64,
    /// A sample may begin this many microseconds before now.
    pub past_max_us: i64,
    /// An interval may last this many microseconds.
    pub span_max_us: i64,
}

/// The first and the last moment at which a sample may begin.
#[derive(Copy, Clone, Debug)]
pub(super) struct TimeWindow {
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

impl ValidationLimits {
    pub(super) fn window(&self, now: Timestamp) -> TimeWindow {
        TimeWindow {
            first: now.plus_micros(self.past_max_us.saturating_neg()),
            last: now.plus_micros(self.future_max_us),
        }
    }
}

impl TimeWindow {
    pub(super) fn contains(&self, time: Timestamp) -> bool {
        (self.first <= time) & (time <= self.last)
    }
}
