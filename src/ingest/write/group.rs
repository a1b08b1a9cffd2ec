//! Group: what a unit says of one series.

use super::ahead::RangeAhead;
use super::merge::Incoming;
use super::merge::cover::union;
use super::unit::Part;
use crate::model::ids::SeriesId;
use crate::model::time::Timestamp;
use crate::store::directory::SeriesKey;

/// The parts of one series: in the order in which they begin where it is appended, else in that in which they came.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) series: SeriesId,
    pub(super) key: SeriesKey,
    /// Places in the unit.
    pub(super) parts: Vec<usize>,
}

impl Group {
    pub(super) fn runs<'a>(&'a self, parts: &'a [Part]) -> impl Iterator<Item = &'a Part> {
        self.parts.iter().filter_map(|place| parts.get(*place))
    }

    /// What came, for a merge.
    pub(super) fn incoming(&self, parts: &[Part]) -> Incoming {
        let mut incoming = Incoming::default();
        for (place, part) in self.parts.iter().filter_map(|place| Some((*place, parts.get(*place)?))) {
            incoming.ranges.extend(part.replaces.map(|range| (range, place)));
            incoming.samples.extend(part.run.samples().map(|sample| (sample, place)));
        }
        incoming
    }

    /// The stretches that are replaced, none of which touches another.
    pub(super) fn replaced(&self, parts: &[Part]) -> Vec<(Timestamp, Timestamp)> {
        union(self.runs(parts).filter_map(|part| part.replaces))
    }

    /// The same where something is replaced after all that is stored, and no sample has a lower revision.
    pub(super) fn is_append_below(&self, parts: &[Part], ahead: &RangeAhead) -> bool {
        let is_lower = |part: &Part| part.run.lowest_revision() < Some(ahead.revision);
        !self.runs(parts).any(is_lower) && self.is_append(parts, ahead.stored)
    }

    /// True where every sample begins after all that was before it, so that none can be there already.
    pub(super) fn is_append(&self, parts: &[Part], mut last: Option<Timestamp>) -> bool {
        self.runs(parts).all(|part| {
            let begins_after = last.is_none_or(|last| part.run.first().is_some_and(|first| first > last));
            last = part.run.last();
            begins_after && part.run.is_rising() && part.replaces.is_none()
        })
    }
}
