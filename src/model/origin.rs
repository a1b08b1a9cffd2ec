//! Origin: what is known of how a sample came: when it was received, at which offset its source keeps time, and how
//! often the source has said it anew.
//!
//! # Why
//! A message says this of all its samples, so a run or a block keeps it once for as many samples as share it. Blocks of
//! a slow device are joined out of hundreds of messages; the moment of reception of each would take more room than its
//! samples. So samples in a row that were received within `JOINED_US` of the first of them keep the first's.

use super::time::{MINUTE_US, SECOND_US, Timestamp};

/// Samples in a row that came within this keep one moment of reception.
const JOINED_US: i64 = 15 * MINUTE_US;

/// A word of the source on samples that it may have sent before: the higher one stands. It is from 0 to 2^53, the
/// largest whole number that JSON carries everywhere.
///
/// `Option<Revision>` has the order of words: what comes without a revision is lower than any that has one.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(i64);

impl Revision {
    /// The highest.
    pub const MAX: Revision = Revision(1 << 53);

    /// The revision of this number; `None` where none can have it.
    pub fn new(number: i64) -> Option<Revision> {
        (0..=Revision::MAX.0).contains(&number).then_some(Revision(number))
    }

    /// Its number.
    pub fn number(self) -> i64 {
        self.0
    }
}

/// How a sample came, as far as it is known.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Origin {
    /// The whole second in which it was received, or that of a sample before it (`JOINED_US`).
    pub received_at: Option<Timestamp>,
    /// Minutes by which the source's local time was ahead of UTC, where it said so.
    pub utc_offset_minutes: Option<i16>,
    /// Which word of the source it is.
    pub revision: Option<Revision>,
}

impl Origin {
    /// Received at this moment, and nothing else is known.
    pub fn received(at: Timestamp) -> Origin {
        let second = at.plus_micros(-at.micros().rem_euclid(SECOND_US));
        Origin { received_at: Some(second), ..Origin::default() }
    }

    /// True where a sample of the other origin, next to one of this, keeps this.
    fn holds(&self, other: &Origin) -> bool {
        let came_together = match (self.received_at, other.received_at) {
            (Some(one), Some(other)) => one.micros_since(other).abs() < JOINED_US,
            (one, other) => one == other,
        };
        came_together && self.utc_offset_minutes == other.utc_offset_minutes && self.revision == other.revision
    }
}

/// Origins of samples in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// All share one.
    Each(Origin),
    /// So many samples share one, then so many the next; together as many as there are samples.
    Runs(Vec<(u32, Origin)>),
}

impl Default for Origins {
    fn default() -> Origins {
        Origins::Each(Origin::default())
    }
}

impl Origins {
    /// The origin of sample `index`; nothing is known of one past the end.
    pub fn at(&self, index: usize) -> Origin {
        let mut passed = 0_usize;
        match self {
            Origins::Each(origin) => *origin,
            Origins::Runs(runs) => {
                let found = runs.iter().find(|(count, _)| {
                    passed += length(*count);
                    index < passed
                });
                found.map(|(_, origin)| *origin).unwrap_or_default()
            }
        }
    }

    /// The origins one by one, of `count` samples.
    pub fn each(&self, count: usize) -> impl Iterator<Item = Origin> + '_ {
        self.runs(count).flat_map(|(count, origin)| std::iter::repeat_n(origin, count))
    }

    /// How many samples in a row share which, of `count` samples.
    pub fn runs(&self, count: usize) -> impl Iterator<Item = (usize, Origin)> + '_ {
        let (each, runs) = match self {
            Origins::Each(origin) => (Some((count, *origin)).filter(|_| count > 0), &[][..]),
            Origins::Runs(runs) => (None, runs.as_slice()),
        };
        each.into_iter().chain(runs.iter().map(|(count, origin)| (length(*count), *origin)))
    }

    /// Those of samples `from..to`.
    pub fn between(&self, from: usize, to: usize) -> Origins {
        let Origins::Runs(runs) = self else { return self.clone() };
        let (mut cut, mut passed, mut taken) = (Origins::default(), 0_usize, 0_usize);
        for (count, origin) in runs {
            let (first, end) = (passed.max(from), (passed + length(*count)).min(to));
            passed += length(*count);
            if first < end {
                cut.push(taken, end - first, *origin);
                taken += end - first;
            }
        }
        cut
    }

    /// Adds `count` samples of one origin behind the first `before`.
    pub fn push(&mut self, before: usize, count: usize, origin: Origin) {
        if count == 0 {
            return;
        }
        if before == 0 {
            *self = Origins::Each(origin);
            return;
        }
        match self {
            Origins::Each(own) if own.holds(&origin) => {}
            Origins::Each(own) => *self = Origins::Runs(vec![(size(before), *own), (size(count), origin)]),
            Origins::Runs(runs) => match runs.last_mut() {
                Some((last, own)) if own.holds(&origin) => *last = last.saturating_add(size(count)),
                _ => runs.push((size(count), origin)),
            },
        }
    }

    /// Adds those of `count` samples behind the first `before`.
    pub fn append(&mut self, before: usize, more: &Origins, count: usize) {
        more.runs(count).fold(before, |before, (count, origin)| {
            self.push(before, count, origin);
            before + count
        });
    }
}

/// A run has at most some thousand samples in a block, and a million in a message.
fn size(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn length(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn origin((second, offset, revision): (i64, Option<i16>, Option<i64>)) -> Origin {
        let received_at = Timestamp::from_micros(1_795_428_000_000_000 + second * SECOND_US).ok();
        Origin { received_at, utc_offset_minutes: offset, revision: revision.and_then(Revision::new) }
    }

    fn origins() -> impl Strategy<Value = Vec<Origin>> {
        let one = (0..4_000_i64, prop_oneof![Just(None), Just(Some(60))], prop_oneof![Just(None), Just(Some(7))]);
        prop::collection::vec((1..5_usize, one.prop_map(origin)), 1..20)
            .prop_map(|runs| runs.into_iter().flat_map(|(count, origin)| vec![origin; count]).collect())
    }

    fn gathered(all: &[Origin]) -> Origins {
        let mut gathered = Origins::default();
        all.iter().enumerate().for_each(|(place, origin)| gathered.push(place, 1, *origin));
        gathered
    }

    proptest! {
        #[test]
        fn each_sample_keeps_its_offset_and_revision_and_nearly_its_reception(all in origins(), cut in any::<[prop::sample::Index; 2]>()) {
            let kept = gathered(&all);
            prop_assert_eq!(kept.each(all.len()).count(), all.len());
            let (from, to) = (cut[0].index(all.len()), cut[1].index(all.len()));
            let (from, to) = (from.min(to), from.max(to) + 1);
            let mut joined = kept.between(0, from);
            joined.append(from, &kept.between(from, to), to - from);
            joined.append(to, &kept.between(to, all.len()), all.len() - to);
            for (place, said) in all.iter().enumerate() {
                let one = kept.at(place);
                prop_assert_eq!((one.utc_offset_minutes, one.revision), (said.utc_offset_minutes, said.revision));
                let late_us = one.received_at.unwrap().micros_since(said.received_at.unwrap());
                prop_assert!(late_us.abs() < JOINED_US);
                prop_assert_eq!(joined.at(place), one, "what is cut and joined again is what it was");
            }
        }
    }

    #[test]
    fn a_revision_is_a_whole_number_that_json_carries_and_none_is_the_lowest() {
        assert_eq!(
            (Revision::new(-1), Revision::new(1 << 53), Revision::new((1 << 53) + 1)),
            (None, Some(Revision::MAX), None)
        );
        assert!(Revision::new(0) > None);
    }
}
