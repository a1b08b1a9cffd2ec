//! Verdict: what becomes of a reading, and the limits by which that is decided.

use crate::model::ids::MetricId;
use crate::model::reason::Rejection;
use crate::model::sample::Run;
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;

/// How far from the present a sample is valid, and for how long.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct ValidationLimits {
    /// A sample may begin this many microseconds after now: clocks drift.
    pub future_max_us: i64,
    /// A sample may begin this many microseconds before now.
    pub past_max_us: i64,
    /// An interval may last this many microseconds.
    pub span_max_us: i64,
}

/// Samples that are valid, all of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidSamples {
    /// What was measured.
    pub metric: MetricId,
    /// What the values say about many measurements.
    pub statistic: Statistic,
    /// The samples, as they came.
    pub run: Run,
}

/// What became of one reading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verdict {
    /// The samples to keep; `None` where none is left.
    pub valid: Option<ValidSamples>,
    /// The others, one rejection for each reason.
    pub rejections: Vec<Rejection>,
    /// Values by which the vendor says "not measured": no samples.
    pub not_measured: u64,
    /// How many of the valid samples carry a flag.
    pub flagged: u64,
}

/// The first and the last moment at which a sample may begin.
#[derive(Copy, Clone, Debug)]
pub(super) struct Window {
    pub(super) first: Timestamp,
    pub(super) last: Timestamp,
}

impl ValidationLimits {
    pub(super) fn window(&self, now: Timestamp) -> Window {
        Window { first: now.plus_micros(self.past_max_us.saturating_neg()), last: now.plus_micros(self.future_max_us) }
    }
}

impl Window {
    pub(super) fn contains(&self, time: Timestamp) -> bool {
        (self.first <= time) & (time <= self.last)
    }
}
