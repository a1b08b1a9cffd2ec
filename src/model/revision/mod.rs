//! Revision: which of the words that a source has said of one start of a series stands.
//!
//! # Why
//! Sources correct themselves: totals grow, nights are scored again, readings are taken back. Those that can say so
//! raise a revision, and the highest stands, whatever the order in which words arrive. Most cannot. Then the first of
//! two instants stays, since a clock that repeats itself is the likelier cause; and of two intervals that begin
//! together, and of two values for one day or one event, the later stands, since that is what growing totals and new
//! scores look like. A word that has stood before and comes again is a repeated delivery and changes nothing.
//!
//! Every tier decides by this file: a lane as samples arrive, and the roll as it joins late samples with archived ones.
//!
//! Invariant: with revisions the outcome does not depend on the order of arrival: what stands at a start is its highest
//! revision, unless a higher range covers it; of two equal ones the first.

/// What is known of one start, and what a further word does to it.
mod start;

/// What was said of one start, asked for by what it says.
mod spoken;

#[cfg(test)]
mod tests;

pub use start::{Said, Start};

use super::ids::MetricId;
use super::metric::{Catalogue, MetricKind};
use super::origin::Revision;
use super::sample::{Flags, Sample};
use super::time::{DAY_US, Timestamp};

/// How many days a source may replace at once.
pub const REPLACED_DAYS_MAX: i64 = 100;

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

/// What a source takes back: all that begins in it and has a lower revision.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplacedRange {
    /// The first moment in it.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// The revision of the word that replaces.
    pub revision: Revision,
}

impl ReplacedRange {
    /// True where something that begins at this moment is replaced, if its revision is lower.
    pub fn covers(&self, start: Timestamp) -> bool {
        self.from <= start && start < self.to
    }

    /// True where the other replaces nothing that this does not.
    pub fn subsumes(&self, other: &ReplacedRange) -> bool {
        self.from <= other.from && other.to <= self.to && other.revision <= self.revision
    }

    /// True where it goes forward, and is no longer than may be replaced at once.
    pub fn is_sound(&self) -> bool {
        self.from < self.to && self.to.micros_since(self.from) <= REPLACED_DAYS_MAX * DAY_US
    }

    /// The last moment in it.
    pub fn last(&self) -> Timestamp {
        self.to.plus_micros(-1)
    }
}

/// Which of two words without a revision stands where they say different things of one start.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Precedence {
    /// Of two instants the first, of two intervals the later; an instant and an interval stand side by side.
    ByShape,
    /// The later, whatever its shape: there is one value for a day, and one for an event.
    Later,
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
    fn later_stands(self, standing: &Word, word: &Word) -> bool {
        self == Precedence::Later || (standing.span_us.is_some() && word.span_us.is_some())
    }
}
