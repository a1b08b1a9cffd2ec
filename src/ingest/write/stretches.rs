//! Stretches: in which moments a unit's series need what is stored, and what is said in them.

use std::collections::BTreeSet;

use super::group::Group;
use super::unit::Part;
use crate::model::ids::SeriesId;
use crate::model::revision::Word;
use crate::model::time::{Day, MINUTE_US, Timestamp};
use crate::store::hot::BlockRange;

/// Samples further apart are looked for each by itself: what lies in a minute costs less than another look-up.
const GAP_US: i64 = MINUTE_US;

/// The days in which these groups' samples begin, in order.
pub(super) fn days(groups: &[Group], parts: &[Part]) -> Vec<Day> {
    let days: BTreeSet<Day> =
        groups.iter().flat_map(|group| group.runs(parts)).flat_map(|part| part.run.days()).collect();
    days.into_iter().collect()
}

/// The days in which these groups replace something, in order.
pub(super) fn replaced_days(groups: &[Group], parts: &[Part]) -> Vec<Day> {
    let stretches = groups.iter().flat_map(|group| group.replaced(parts));
    let days: BTreeSet<Day> = stretches.flat_map(|(from, to)| by_day(from, to)).map(|(from, _)| from.day()).collect();
    days.into_iter().collect()
}

/// The stretches in which the merges need stored blocks beside those of their samples: where something is replaced.
pub(super) fn replaced(merges: &[Group], parts: &[Part]) -> Vec<BlockRange> {
    let of = |group: &Group| {
        let series = group.series;
        let days = group.replaced(parts).into_iter().flat_map(|(from, to)| by_day(from, to));
        days.map(move |(from, to)| BlockRange { series, from, to }).collect::<Vec<_>>()
    };
    merges.iter().flat_map(of).collect()
}

/// `[from, to)` in pieces of one day each, from their first to their last moment.
pub(super) fn by_day(from: Timestamp, to: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> {
    let last = to.plus_micros(-1);
    let next = move |day: &Day| Some(day.next()).filter(|next| next.start() <= last);
    let days = std::iter::successors(Some(from.day()).filter(|_| from <= last), next);
    days.map(move |day| (day.start().max(from), day.next().start().plus_micros(-1).min(last)))
}

/// The stretches in which the merges' samples begin: none is longer than a day, and none spans a gap, so that what
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

/// What the merges' samples say that begin in these stretches, which are some of those that are wanted.
pub(super) fn words(merges: &[Group], parts: &[Part], stretches: &[BlockRange]) -> Vec<(SeriesId, Timestamp, Word)> {
    let mut stretches = stretches.to_vec();
    stretches.sort_unstable_by_key(|stretch| (stretch.series, stretch.from));
    let lies_in_one = |series: SeriesId, start: Timestamp| {
        let after = stretches.partition_point(|stretch| (stretch.series, stretch.from) <= (series, start));
        let before = after.checked_sub(1).and_then(|place| stretches.get(place));
        before.is_some_and(|stretch| stretch.series == series && start <= stretch.to)
    };
    let mut words = Vec::new();
    for group in merges {
        let samples = group.runs(parts).flat_map(|part| part.run.samples());
        let said = samples.filter(|sample| lies_in_one(group.series, sample.start));
        words.extend(said.map(|sample| (group.series, sample.start, Word::from(&sample))));
    }
    words
}
