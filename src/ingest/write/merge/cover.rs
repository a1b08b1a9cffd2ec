//! Cover: which replaced ranges cover a start, asked in rising order of starts.

use crate::model::revision::ReplacedRange;
use crate::model::time::Timestamp;

/// A range that covers a start, and the part that brought it; `None` where it is known already.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Covering {
    pub(crate) range: ReplacedRange,
    pub(crate) part: Option<usize>,
}

/// Ranges, those that may cover what is asked for next before the others.
#[derive(Debug)]
pub(super) struct Cover {
    /// By their beginning, the last first.
    waiting: Vec<Covering>,
    covering: Vec<Covering>,
}

impl Cover {
    pub(super) fn new(known: &[ReplacedRange], incoming: &[(ReplacedRange, usize)]) -> Cover {
        let known = known.iter().map(|range| Covering { range: *range, part: None });
        let incoming = incoming.iter().map(|(range, part)| Covering { range: *range, part: Some(*part) });
        let mut waiting: Vec<Covering> = known.chain(incoming).collect();
        waiting.sort_by_key(|one| std::cmp::Reverse(one.range.from));
        Cover { waiting, covering: Vec::new() }
    }

    /// The ranges that cover a start, which is no earlier than that of the call before.
    pub(super) fn at(&mut self, start: Timestamp) -> &[Covering] {
        while let Some(one) = self.waiting.pop_if(|one| one.range.from <= start) {
            self.covering.push(one);
        }
        self.covering.retain(|one| one.range.covers(start));
        &self.covering
    }
}

/// The same moments as stretches `[from, to)` that do not touch, in order.
pub(crate) fn union(ranges: impl Iterator<Item = ReplacedRange>) -> Vec<(Timestamp, Timestamp)> {
    let mut stretches: Vec<(Timestamp, Timestamp)> = ranges.map(|range| (range.from, range.to)).collect();
    stretches.sort_unstable();
    let mut union: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (from, to) in stretches {
        match union.last_mut() {
            Some((_, last)) if from <= *last => *last = to.max(*last),
            _ => union.push((from, to)),
        }
    }
    union
}
