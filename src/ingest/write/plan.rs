//! Plan: which series of a unit are simply appended, which must be merged, and what rows both give.

use std::collections::HashMap;

use super::group::Group;
use super::memory::SeriesMemory;
use super::merge::cover::union;
use super::merge::{KnownSeries, Merged, merge};
use super::stretches::{by_day, replaced, wanted, words};
use super::unit::Part;
use crate::faults::{Defect, is_injected};
use crate::model::block::{Block, BlockBuilder};
use crate::model::ids::{MetricId, SeriesId};
use crate::model::revision::{Precedence, ReplacedRange, Word};
use crate::model::sample::Sample;
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::directory::SeriesKey;
use crate::store::hot::{Changes, NewRange, Past, Removal, Revised, Stored, Unreadable, Writing};
use crate::telemetry::Tally;

/// What a transaction is to hold, and what it makes of the samples.
#[derive(Debug, Default)]
pub(super) struct WritePlan {
    pub(super) removals: Vec<Removal>,
    /// What of its blocks is new.
    pub(super) changes: Changes,
    /// Until when each series is then stored.
    lasts: Vec<(SeriesKey, Timestamp)>,
    /// What is replaced of each series, before its samples are stored.
    replaced: Vec<(SeriesKey, ReplacedRange)>,
    pub(super) tally: Tally,
    /// The parts of conflicting samples, one entry a sample.
    pub(super) conflicts: Vec<usize>,
    /// The parts of samples that belong into a block that cannot be read, one entry a sample.
    pub(super) unreadable: Vec<(usize, Unreadable)>,
    /// The parts whose range holds a block that cannot be read.
    pub(super) unreadable_ranges: Vec<(usize, Unreadable)>,
    /// What stands no longer.
    pub(super) superseded: Vec<(SeriesId, Sample)>,
    /// What is replaced, and the part that says so.
    pub(super) ranges: Vec<(SeriesId, ReplacedRange, usize)>,
}

/// What the database has of the moments that merges need.
#[derive(Debug, Default)]
pub(super) struct MergePast {
    /// In order of series and time.
    pub(super) stored: Vec<(SeriesId, Stored)>,
    pub(super) past: Past,
}

/// The same, of one series.
#[derive(Debug, Default)]
struct SeriesPast {
    stored: Vec<Stored>,
    superseded: Vec<(Timestamp, Word)>,
    ranges: Vec<ReplacedRange>,
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
        let ahead = series.ahead(&key).filter(|_| last.is_some());
        if group.is_append(parts, last) || ahead.is_some_and(|ahead| group.is_append_below(parts, &ahead)) {
            appends.push(group);
        } else {
            // What is said of one moment is weighed in the order in which it came, wherever its part begins.
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

/// Reads what the merges compare with.
pub(super) async fn find(writing: &mut Writing<'_>, merges: &[Group], parts: &[Part]) -> Result<MergePast, StoreError> {
    let (wanted, replaced) = (wanted(merges, parts), replaced(merges, parts));
    let past = writing.past(&wanted, &replaced, |stretches| words(merges, parts, stretches)).await?;
    Ok(MergePast { stored: writing.stored(&wanted, &replaced).await?, past })
}

/// Puts the rows of both kinds.
pub(super) fn lay(
    appends: &[Group],
    merges: &[Group],
    parts: &[Part],
    found: MergePast,
    precedence_of: &impl Fn(MetricId) -> Precedence,
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
    let by_series = found.by_series();
    let nothing = SeriesPast::default();
    for group in merges {
        let found = by_series.get(&group.series).unwrap_or(&nothing);
        let known = KnownSeries {
            precedence: precedence_of(group.key.metric),
            stored: &found.stored,
            superseded: &found.superseded,
            ranges: &found.ranges,
        };
        laid.take(group, merge(&known, group.incoming(parts)), put);
    }
    laid
}

impl MergePast {
    fn by_series(self) -> HashMap<SeriesId, SeriesPast> {
        let mut by_series: HashMap<SeriesId, SeriesPast> = HashMap::new();
        for (series, block) in self.stored {
            by_series.entry(series).or_default().stored.push(block);
        }
        for (series, start, word) in self.past.superseded {
            by_series.entry(series).or_default().superseded.push((start, word));
        }
        for (series, range) in self.past.ranges {
            by_series.entry(series).or_default().ranges.push(range);
        }
        by_series
    }
}

impl WritePlan {
    /// What stands no longer, and what is replaced; `received_at` says when the message of a part came.
    pub(super) fn revised(&self, received_at: impl Fn(usize) -> Option<Timestamp>) -> Revised {
        let new = |(series, range, part): &(SeriesId, ReplacedRange, usize)| {
            Some(NewRange { series: *series, range: *range, received_at: received_at(*part)? })
        };
        Revised { superseded: self.superseded.clone(), ranges: self.ranges.iter().filter_map(new).collect() }
    }

    /// What the lane knows of its series once this is committed.
    pub(super) fn remember(&self, series: &mut SeriesMemory) {
        for (key, range) in &self.replaced {
            series.replace(key, range);
        }
        for (key, last) in &self.lasts {
            series.store(key, *last);
        }
    }

    fn take(&mut self, group: &Group, merged: Merged, put: &mut impl FnMut(SeriesId, &Block)) {
        let series = group.series;
        self.changes.store_each(series, &merged.added);
        self.changes.supersede_each(series, &merged.gone);
        // The archive may hold what is replaced here, and nobody has counted it.
        let replaced = union(merged.ranges.iter().map(|(range, _)| *range));
        let days = replaced.into_iter().flat_map(|(from, to)| by_day(from, to));
        days.for_each(|day| self.changes.supersede(series, day, None));
        self.tally.stored += merged.stored;
        self.tally.duplicate += merged.duplicates;
        self.tally.outdated += merged.outdated;
        self.tally.conflict += u64::try_from(merged.conflicts.len()).unwrap_or(u64::MAX);
        self.tally.quarantined += u64::try_from(merged.unreadable.len()).unwrap_or(u64::MAX);
        self.conflicts.extend(merged.conflicts);
        self.unreadable.extend(merged.unreadable);
        self.unreadable_ranges.extend(merged.unreadable_ranges);
        self.removals.extend(merged.removed.into_iter().map(|start| Removal { series, start }));
        self.superseded.extend(merged.superseded.into_iter().map(|sample| (series, sample)));
        // What comes later may not be appended where something was replaced, though nothing be stored there.
        self.replaced.extend(merged.ranges.iter().map(|(range, _)| (group.key, *range)));
        self.ranges.extend(merged.ranges.into_iter().map(|(range, part)| (series, range, part)));
        self.push(group, &merged.blocks, put);
    }

    fn push(&mut self, group: &Group, blocks: &[Block], put: &mut impl FnMut(SeriesId, &Block)) {
        for block in blocks {
            put(group.series, block);
        }
        self.lasts.extend(blocks.iter().map(|block| block.stop).max().map(|last| (group.key, last)));
    }
}
