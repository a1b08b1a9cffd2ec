//! The model of a merge: what is said of each start, word by word, as the description of the format says it.

use std::collections::BTreeMap as Map;

use crate::model::origin::Revision;
use crate::model::revision::{Precedence, ReplacedRange};
use crate::model::sample::Sample;
use crate::model::time::Timestamp;

/// What one message says of the series.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) range: Option<ReplacedRange>,
    pub(crate) samples: Vec<Sample>,
}

/// What stands and what stood, by start, and what was replaced.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    standing: Map<Timestamp, Vec<Sample>>,
    pub(crate) former: Vec<Sample>,
    pub(crate) ranges: Vec<ReplacedRange>,
}

/// How samples end.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ModelCounts {
    pub(crate) stored: u64,
    pub(crate) duplicates: u64,
    pub(crate) outdated: u64,
    pub(crate) conflicts: u64,
}

impl Model {
    pub(crate) fn hear(&mut self, precedence: Precedence, message: &Message, counts: &mut ModelCounts) {
        if let Some(range) = message.range {
            for (_, standing) in self.standing.range_mut(range.from..range.to) {
                let lower = |one: &mut Sample| one.origin.revision < Some(range.revision);
                self.former.extend(standing.extract_if(.., lower));
            }
            self.ranges.push(range);
        }
        for sample in &message.samples {
            let standing = self.standing.entry(sample.start).or_default();
            let revision = sample.origin.revision;
            let ranges = self.ranges.iter().filter(|range| range.covers(sample.start)).map(|range| range.revision);
            let highest = standing.iter().filter_map(|one| one.origin.revision).chain(ranges).max();
            let same = |one: &&Sample| (one.span_us, one.value) == (sample.span_us, sample.value);
            if revision < highest {
                counts.outdated += 1;
                continue;
            }
            let takes_place_of = |one: &Sample| match revision {
                Some(_) => one.origin.revision < revision,
                None if precedence == Precedence::Later => true,
                None => one.span_us.is_some() && sample.span_us.is_some(),
            };
            let contradicts = |one: &Sample| match revision {
                Some(_) => one.origin.revision == revision,
                None => !takes_place_of(one) && one.span_us == sample.span_us,
            };
            let stood = || self.former.iter().filter(|one| one.start == sample.start).any(|one| same(&one));
            let is_said = standing.iter().filter(same).any(|one| one.origin.revision == revision);
            if is_said || (revision.is_none() && stood() && !standing.iter().any(contradicts)) {
                counts.duplicates += 1;
            } else if standing.iter().any(contradicts) {
                counts.conflicts += 1;
            } else {
                counts.stored += 1;
                self.former.extend(standing.extract_if(.., |one| takes_place_of(one)));
                standing.push(*sample);
            }
        }
    }

    pub(crate) fn samples(&self) -> Vec<Sample> {
        let mut samples: Vec<Sample> = self.standing.values().flatten().copied().collect();
        samples.sort_by_key(Sample::key);
        samples
    }
}

impl Model {
    /// The highest revision by which this start was replaced.
    pub(crate) fn covered(&self, start: Timestamp) -> Option<Revision> {
        self.ranges.iter().filter(|range| range.covers(start)).map(|range| range.revision).max()
    }
}
