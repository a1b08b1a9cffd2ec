//! Coverage: which revision replaces what begins at a moment, of ranges that may overlap.
//!
//! A source may replace each minute of a day by a range of its own, so ranges are not looked through for each row: they
//! are laid side by side once, and a moment is searched for.

use std::collections::BinaryHeap;

use crate::model::origin::Revision;
use crate::model::revision::ReplacedRange;
use crate::model::time::Timestamp;

/// From each moment on, the highest revision of a range that covers it; before the first, none.
#[derive(Debug, Default)]
pub(super) struct Coverage(Vec<(Timestamp, Option<Revision>)>);

impl Coverage {
    /// Lays ranges side by side.
    pub(super) fn of(mut ranges: Vec<ReplacedRange>) -> Coverage {
        let mut bounds: Vec<Timestamp> = ranges.iter().flat_map(|range| [range.from, range.to]).collect();
        bounds.sort_unstable();
        bounds.dedup();
        ranges.sort_unstable_by_key(|range| range.from);
        let mut coming = ranges.into_iter().peekable();
        // Those that have begun, the highest revision on top; one that has ended stays until it is on top.
        let mut begun: BinaryHeap<(Revision, Timestamp)> = BinaryHeap::new();
        let mut steps: Vec<(Timestamp, Option<Revision>)> = Vec::new();
        for bound in bounds {
            while let Some(range) = coming.next_if(|range| range.from <= bound) {
                begun.push((range.revision, range.to));
            }
            while begun.peek().is_some_and(|(_, to)| *to <= bound) {
                begun.pop();
            }
            let revision = begun.peek().map(|(revision, _)| *revision);
            if steps.last().is_none_or(|(_, before)| *before != revision) {
                steps.push((bound, revision));
            }
        }
        Coverage(steps)
    }

    /// The revision that covers a moment, and from when on it may be another.
    pub(super) fn at(&self, start: Timestamp) -> (Option<Revision>, Option<Timestamp>) {
        let next = self.0.partition_point(|(from, _)| *from <= start);
        let covers = next.checked_sub(1).and_then(|place| self.0.get(place)).and_then(|(_, revision)| *revision);
        (covers, self.0.get(next).map(|(from, _)| *from))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range((from, length, revision): (i64, i64, i64)) -> ReplacedRange {
        let at = |micros| Timestamp::from_micros(micros).unwrap();
        ReplacedRange { from: at(from), to: at(from + length), revision: Revision::new(revision).unwrap() }
    }

    proptest! {
        #[test]
        fn a_moment_is_covered_by_the_highest_revision_of_the_ranges_around_it(
            ranges in prop::collection::vec((0..40_i64, 1..20_i64, 0..6_i64), 0..12),
        ) {
            let ranges: Vec<ReplacedRange> = ranges.into_iter().map(range).collect();
            let coverage = Coverage::of(ranges.clone());
            let by = |moment| {
                let start = Timestamp::from_micros(moment).unwrap();
                (start, ranges.iter().filter(|range| range.covers(start)).map(|range| range.revision).max())
            };
            for moment in -1..70 {
                let (start, expected) = by(moment);
                let (covers, until) = coverage.at(start);
                prop_assert_eq!(covers, expected);
                // It stays so up to there, and not longer.
                let change = (moment..70).map(by).find(|(_, other)| *other != expected).map(|(at, _)| at);
                prop_assert_eq!(until, change);
            }
        }
    }
}
