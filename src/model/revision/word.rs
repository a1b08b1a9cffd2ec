//! Word: what a source says of one start of a series, and which of two that count nothing comes before the other.

use crate::model::ids::MetricId;
use crate::model::metric::{Catalogue, MetricKind};
use crate::model::origin::Revision;
use crate::model::sample::{Flags, Sample};

/// What a source says of one start of a series.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Word {
    /// Microseconds that the interval lasts; `None` for an instant.
    pub span_us: Option<i64>,
    /// The value, in the catalogue's unit.
    pub value: f64,
    /// What the value says besides its number: that it is a bound.
    pub bounds: Flags,
    /// How often the source had said something anew.
    pub revision: Option<Revision>,
}

impl Word {
    /// True where both say the same, however often it was said.
    pub fn says_what(&self, other: &Word) -> bool {
        self.span_us == other.span_us && self.value == other.value && self.bounds == other.bounds
    }
}

impl From<&Sample> for Word {
    fn from(sample: &Sample) -> Word {
        let Sample { span_us, value, flags, origin, .. } = *sample;
        Word { span_us, value, bounds: flags.bounds(), revision: origin.revision }
    }
}

/// Which of two words without a revision stands where they say different things of one start.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Precedence {
    /// Of two instants the first, of two intervals the later; an instant and an interval stand side by side.
    ByShape,
    /// The later, whatever its shape: there is one value for a day, and one for an event.
    Later,
    /// The first of two that last equally long; others stand side by side: nobody knows which was said later.
    Unordered,
}

impl Precedence {
    /// That of a metric.
    pub fn of(kind: MetricKind) -> Precedence {
        match kind {
            MetricKind::Daily | MetricKind::Event => Precedence::Later,
            MetricKind::Instant | MetricKind::Interval | MetricKind::Cumulative | MetricKind::Waveform => {
                Precedence::ByShape
            }
        }
    }

    /// That of the metric with this id.
    pub fn of_metric(catalogue: &Catalogue, metric: MetricId) -> Precedence {
        catalogue.by_id(metric).map_or(Precedence::ByShape, |metric| Precedence::of(metric.kind))
    }

    /// True where of two words without a revision the later stands alone.
    pub(super) fn later_stands(self, standing: &Word, word: &Word) -> bool {
        match self {
            Precedence::ByShape => standing.span_us.is_some() && word.span_us.is_some(),
            Precedence::Later => true,
            Precedence::Unordered => false,
        }
    }
}
