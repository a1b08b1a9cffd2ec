//! Plan: which series of a unit are simply appended, which must be merged, and what rows both give.

use std::collections::{BTreeSet, HashMap};

use super::memory::SeriesMemory;
use super::merge::{Tagged, merge};
use super::unit::Part;
use crate::faults::{Defect, is_injected};
use crate::model::block::{Block, BlockBuilder};
use crate::model::ids::SeriesId;
use crate::model::time::{Day, MINUTE_US, Timestamp};
use crate::store::directory::SeriesKey;
use crate::store::hot::{BlockRange, Changes, Removal, Stored, Unreadable};
use crate::telemetry::Tally;

/// Samples further apart are looked for each by itself: what lies in a minute costs less than another look-up.
const GAP_US: i64 = MINUTE_US;

/// The parts of one series: in the order in which they begin where it is appended, else in that in which they came.
#[derive(Debug)]
pub(super) struct Group {
    series: SeriesId,
    key: SeriesKey,
    /// Places in the unit.
    parts: Vec<usize>,
}

/// What a transaction is to hold, and what it makes of the samples.
#[derive(Debug, Default)]
pub(super) struct WritePlan {
    pub(super) removals: Vec<Removal>,
    /// What of its blocks is new.
    pub(super) changes: Changes,
    /// Where each series then ends.
    lasts: Vec<(SeriesKey, Timestamp)>,
    pub(super) tally: Tally,
    /// The parts of conflicting samples, one entry a sample.
    pub(super) conflicts: Vec<usize>,
    /// The parts of samples that belong into a block that cannot be read, one entry a sample.
    pub(super) unreadable: Vec<(usize, Unreadable)>,
}

/// Parts a unit by series: those that are simply appended, and the others.
pub(super) fn split(parts: &[Part], series: &SeriesMemory) -> (Vec<Group>, Vec<Group>) {
    let mut order: Vec<(SeriesId, Option<Timestamp>, usize)> = Vec::with_capacity(parts.len());
    for (place, part) in parts.iter().enumerate() {
        // Every key was taken up before; one that was not would be written by no lane.
        if let Some(state) = series.get(&part.key) {
            order.push((state.id, part.run.first(), place));
        }
    }
    order.sort_unstable();
    let (mut appends, mut merges) = (Vec::new(), Vec::new());
    for group in order.chunk_by(|(a, ..), (b, ..)| a == b) {
        let places: Vec<usize> = group.iter().map(|(.., place)| *place).collect();
        let Some((id, key)) = group.first().and_then(|(id, _, place)| Some((*id, parts.get(*place)?.key))) else {
            continue;
        };
        let last = series.get(&key).and_then(|state| state.last).filter(|_| !is_injected(Defect::ForgetLasts));
        let mut group = Group { series: id, key, parts: places };
        if group.is_append(parts, last) {
            appends.push(group);
        } else {
            // Of two values for one moment the one that came first stays, wherever its part begins.
            group.parts.sort_unstable();
            merges.push(group);
        }
    }
    (appends, merges)
}

/// Forgets the ends of a unit's series: what became of it is not known.
pub(super) fn forget(parts: &[Part], series: &mut SeriesMemory) {
    for part in parts {
        series.forget(&part.key);
    }
}

/// The days in which these groups' samples begin, in order.
pub(super) fn days(groups: &[Group], parts: &[Part]) -> Vec<Day> {
    let days: BTreeSet<Day> =
        groups.iter().flat_map(|group| group.runs(parts)).flat_map(|part| part.run.days()).collect();
    days.into_iter().collect()
}

/// The stretches in which the merges need stored blocks: none is longer than a day, and none spans a gap, so that what
/// lies between samples that are far apart is not read.
pub(super) fn wanted(merges: &[Group], parts: &[Part]) -> Vec<BlockRange> {
    let is_near = |a: &Timestamp, b: &Timestamp| a.day() == b.day() && b.micros_since(*a) <= GAP_US;
    let mut wanted = Vec::new();
    for group in merges {
        let samples = group.runs(parts).flat_map(|part| part.run.samples());
        let mut starts: Vec<Timestamp> = samples.map(|sample| sample.start).collect();
        starts.sort_unstable();
        wanted.extend(
            starts
                .chunk_by(is_near)
                .filter_map(|near| Some(BlockRange { series: group.series, from: *near.first()?, to: *near.last()? })),
        );
    }
    wanted
}

/// Puts the rows of both kinds. `stored` is in order of series and time.
pub(super) fn lay(
    appends: &[Group],
    merges: &[Group],
    parts: &[Part],
    stored: Vec<(SeriesId, Stored)>,
    put: &mut impl FnMut(SeriesId, &Block),
) -> WritePlan {
    let mut laid = WritePlan::default();
    for group in appends {
        let mut builder = BlockBuilder::default();
        for part in group.runs(parts) {
            laid.tally.stored += u64::try_from(part.run.len()).unwrap_or(u64::MAX);
            builder.add_run(&part.run);
        }
        let blocks = builder.finish();
        for block in &blocks {
            laid.changes.store(group.series, (block.start, block.stop), block.len());
        }
        laid.push(group, &blocks, put);
    }
    let mut by_series: HashMap<SeriesId, Vec<Stored>> = HashMap::new();
    for (series, block) in stored {
        by_series.entry(series).or_default().push(block);
    }
    for group in merges {
        let tag = |place: &usize| parts.get(*place).map(|part| (part, *place));
        let incoming: Vec<Tagged> = group
            .parts
            .iter()
            .filter_map(tag)
            .flat_map(|(part, place)| part.run.samples().map(move |sample| (sample, place)))
            .collect();
        let merged = merge(by_series.get(&group.series).map_or(&[], Vec::as_slice), incoming);
        laid.tally.stored += merged.stored;
        laid.changes.store_each(group.series, &merged.added);
        laid.tally.duplicate += merged.duplicates;
        laid.tally.conflict += u64::try_from(merged.conflicts.len()).unwrap_or(u64::MAX);
        laid.tally.quarantined += u64::try_from(merged.unreadable.len()).unwrap_or(u64::MAX);
        laid.conflicts.extend(merged.conflicts);
        laid.unreadable.extend(merged.unreadable);
        laid.removals.extend(merged.removed.into_iter().map(|start| Removal { series: group.series, start }));
        laid.push(group, &merged.blocks, put);
    }
    laid
}

impl WritePlan {
    /// What the lane knows of its series once this is committed.
    pub(super) fn remember(&self, series: &mut SeriesMemory) {
        for (key, last) in &self.lasts {
            series.advance(key, *last);
        }
    }

    fn push(&mut self, group: &Group, blocks: &[Block], put: &mut impl FnMut(SeriesId, &Block)) {
        for block in blocks {
            put(group.series, block);
        }
        self.lasts.extend(blocks.iter().map(|block| block.stop).max().map(|last| (group.key, last)));
    }
}

impl Group {
    fn runs<'a>(&'a self, parts: &'a [Part]) -> impl Iterator<Item = &'a Part> {
        self.parts.iter().filter_map(|place| parts.get(*place))
    }

    /// True where every sample begins after all that was before it, so that none can be there already.
    fn is_append(&self, parts: &[Part], mut last: Option<Timestamp>) -> bool {
        self.runs(parts).all(|part| {
            let begins_after = last.is_none_or(|last| part.run.first().is_some_and(|first| first > last));
            last = part.run.last();
            begins_after && part.run.is_rising()
        })
    }
}
