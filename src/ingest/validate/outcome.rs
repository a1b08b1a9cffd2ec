//! Outcome: what becomes of one reading.

use crate::model::ids::MetricId;
use crate::model::reason::Rejection;
use crate::model::revision::ReplacedRange;
use crate::model::sample::Run;
use crate::model::statistic::Statistic;

/// Samples that are valid, all of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidSamples {
    /// What was measured.
    pub metric: MetricId,
    /// What the values say about many measurements.
    pub statistic: Statistic,
    /// The samples, as they came; none where something is only taken back.
    pub run: Run,
    /// What they stand in place of.
    pub replaces: Option<ReplacedRange>,
}

/// What became of one reading.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Validated {
    /// The samples to keep; `None` where none is left and nothing is replaced.
    pub valid: Option<ValidSamples>,
    /// The others, one rejection for each reason.
    pub rejections: Vec<Rejection>,
    /// Values by which the vendor says "not measured": no samples.
    pub not_measured: u64,
    /// How many of the valid samples carry a flag.
    pub flagged: u64,
}
