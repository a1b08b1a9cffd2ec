//! Sink: what samples are written to, and what the samples of one series have in common there.

use crate::model::ids::DeviceId;
use crate::model::metric::Metric;
use crate::model::sample::Sample;
use crate::model::statistic::Statistic;

/// The columns of `signal.sample`.
pub(super) const COLUMNS: [&str; 12] = [
    "device_id",
    "metric",
    "statistic",
    "start_at",
    "end_at",
    "value",
    "code",
    "unit",
    "flags",
    "utc_offset_minutes",
    "received_at",
    "revision",
];

/// What the samples of one series have in common.
#[derive(Copy, Clone, Debug)]
pub(super) struct SeriesRef<'a> {
    pub(super) device: &'a DeviceId,
    pub(super) metric: &'a Metric,
    pub(super) statistic: Statistic,
}

impl<'a> SeriesRef<'a> {
    /// The code of a coded metric's sample; `None` for a numeric one.
    pub(super) fn code(&self, sample: &Sample) -> Option<&'a str> {
        self.metric.code_of(sample.value)
    }

    /// The value; `None` where it is the place of a code, or a bound.
    pub(super) fn value(&self, sample: &Sample) -> Option<f64> {
        self.metric.number_of(sample.value).filter(|_| !sample.flags.is_bound())
    }

    /// The unit; `None` for a coded metric.
    pub(super) fn unit(&self) -> Option<&'a str> {
        (!self.metric.unit.is_empty()).then_some(self.metric.unit.as_str())
    }
}

/// What becomes of samples: chunks of one series each, in order.
pub(super) trait SampleSink {
    /// Takes a chunk.
    fn take(&mut self, of: &SeriesRef<'_>, samples: &mut dyn Iterator<Item = Sample>) -> anyhow::Result<()>;

    /// Nothing more comes.
    fn finish(self: Box<Self>) -> anyhow::Result<()>;
}
