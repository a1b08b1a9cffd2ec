//! Merge: samples that cannot simply be appended are merged into what is stored, each once.
//!
//! # Why
//! A stored block that holds none of the new samples stays as it is, whatever surrounds it: a late sample rewrites
//! one block and not a day. Blocks of one series never overlap, so a new sample belongs either into one stored block or
//! between two of them.
//!
//! Nothing can be said of a sample that belongs into an unreadable block: it is handed back.
//!
//! Invariants, each kept by `tests`: every incoming sample ends as stored, duplicate, conflict or handed back; what was
//! stored stays as it was; the blocks that come out overlap neither each other nor those that stay.

use std::collections::BTreeMap;

use crate::faults::{Defect, is_injected};
use crate::model::block::{Block, BlockBuilder};
use crate::model::sample::Sample;
use crate::model::time::Timestamp;
use crate::store::hot::{Stored, Unreadable};

/// A sample and the place, in its unit of work, of the part that brought it.
pub(super) type Tagged = (Sample, usize);

/// What is to be written, and how the incoming samples ended.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Merged {
    /// Starts of stored blocks that the new ones take the place of.
    pub(super) removed: Vec<Timestamp>,
    /// New blocks.
    pub(super) blocks: Vec<Block>,
    /// New samples.
    pub(super) stored: u64,
    /// When each of them begins, in order.
    pub(super) added: Vec<Timestamp>,
    /// Samples that were there with the same value.
    pub(super) duplicates: u64,
    /// The parts of samples that were there with another value: the first stays.
    pub(super) conflicts: Vec<usize>,
    /// The parts of samples that belong into a block that cannot be read, and the block.
    pub(super) unreadable: Vec<(usize, Unreadable)>,
}

/// Where a new sample goes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Before stored block n, and after the one before it.
    Before(usize),
    /// Into stored block n.
    Into(usize),
}

/// Lays `incoming` into `stored`, which is in order of time.
pub(super) fn merge(stored: &[Stored], mut incoming: Vec<Tagged>) -> Merged {
    // Stable: of two that came with one key, the first is first.
    incoming.sort_by_key(|(sample, _)| sample.key());
    let mut merged = Merged::default();
    let mut new: BTreeMap<Place, Vec<Sample>> = BTreeMap::new();
    let mut unpacked: BTreeMap<usize, Vec<Sample>> = BTreeMap::new();
    let mut first: Option<Sample> = None;
    for (sample, part) in incoming {
        // What the key holds already: the same key of this batch, else a stored sample.
        let same = first.filter(|first| first.key() == sample.key());
        let place = place_of(stored, sample.start);
        if let Place::Into(at) = place
            && let Some(Stored::Unreadable(block)) = stored.get(at)
        {
            merged.unreadable.push((part, *block));
            continue;
        }
        let there = same.or_else(|| match place {
            Place::Into(at) => {
                let samples = unpacked.entry(at).or_insert_with(|| unpack(stored, at));
                let found = samples.binary_search_by_key(&sample.key(), Sample::key).ok();
                found.and_then(|found| samples.get(found).copied())
            }
            Place::Before(_) => None,
        });
        let there = there.filter(|_| !is_injected(Defect::NoDuplicateCheck));
        match there {
            Some(there) if there.value == sample.value => merged.duplicates += 1,
            Some(_) => merged.conflicts.push(part),
            None => {
                merged.stored += 1;
                merged.added.push(sample.start);
                new.entry(place).or_default().push(sample);
            }
        }
        first = Some(there.unwrap_or(sample));
    }
    for (place, samples) in new {
        let samples = match place {
            Place::Before(_) => samples,
            Place::Into(at) => {
                merged.removed.extend(stored.get(at).map(Stored::start));
                let mut all = unpacked.remove(&at).unwrap_or_default();
                all.extend(samples);
                all.sort_by_key(Sample::key);
                all
            }
        };
        let mut builder = BlockBuilder::default();
        builder.add_samples(&samples);
        merged.blocks.extend(builder.finish());
    }
    merged
}

fn place_of(stored: &[Stored], start: Timestamp) -> Place {
    // The first block that does not end before the sample.
    let at = stored.partition_point(|block| block.stop() < start);
    match stored.get(at) {
        Some(block) if block.start() <= start => Place::Into(at),
        _ => Place::Before(at),
    }
}

fn unpack(stored: &[Stored], at: usize) -> Vec<Sample> {
    match stored.get(at) {
        Some(Stored::Block(block)) => block.samples().collect(),
        Some(Stored::Unreadable(_)) | None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(debug_assertions)]
    use crate::faults::is_seen;
    use crate::model::ids::SeriesId;
    use crate::model::origin::Origin;
    use crate::model::sample::Flags;
    use proptest::prelude::*;
    use std::collections::BTreeMap as Map;

    fn sample(minute: i64, span: Option<i64>, value: i32) -> Sample {
        let start = Timestamp::from_micros(1_795_428_000_000_000 + minute * 60_000_000).unwrap();
        Sample {
            start,
            span_us: span.map(|minutes| minutes * 60_000_000),
            value: f64::from(value),
            flags: Flags::NONE,
            origin: Origin::default(),
        }
    }

    fn samples() -> impl Strategy<Value = Vec<Sample>> {
        // Few keys and few values, so that duplicates and conflicts are common; a midnight lies at minute 840.
        let one = (700..900_i64, prop_oneof![Just(None), Just(Some(1)), Just(Some(2))], 0..3);
        prop::collection::vec(one.prop_map(|(minute, span, value)| sample(minute, span, value)), 0..60)
    }

    /// The blocks as the database hands them over.
    fn readable(blocks: &[Block]) -> Vec<Stored> {
        blocks.iter().cloned().map(Stored::Block).collect()
    }

    /// Applies a merge to the stored blocks, as the database does.
    fn apply(stored: &mut Vec<Block>, merged: Merged) {
        stored.retain(|block| !merged.removed.contains(&block.start));
        stored.extend(merged.blocks);
        stored.sort_by_key(|block| block.start);
    }

    proptest! {
        #[test]
        fn each_sample_is_stored_once_and_the_first_value_stays(batches in prop::collection::vec(samples(), 1..8)) {
            agrees_with_the_model(batches)?;
        }
    }

    proptest! {
        #[test]
        fn what_belongs_into_an_unreadable_block_is_handed_back_and_nothing_comes_to_lie_over_it(
            before in prop::collection::vec(samples(), 1..6), batch in samples(), nth in 1..4_usize
        ) {
            let mut blocks = Vec::new();
            for batch in before {
                let merged = merge(&readable(&blocks), batch.into_iter().map(|sample| (sample, 0)).collect());
                apply(&mut blocks, merged);
            }
            let damage = |block: &Block| {
                Unreadable { series: SeriesId(1), start: block.start, stop: block.stop, what: "it is damaged" }
            };
            let damaged: Vec<Unreadable> = blocks.iter().step_by(nth).map(damage).collect();
            let mut stored = readable(&blocks);
            stored.iter_mut().step_by(nth).zip(&damaged).for_each(|(block, bad)| *block = Stored::Unreadable(*bad));
            let merged = merge(&stored, batch.iter().copied().enumerate().map(|(part, s)| (s, part)).collect());
            let is_within = |sample: &Sample| damaged.iter().any(|bad| (bad.start..=bad.stop).contains(&sample.start));
            let expected = batch.iter().enumerate().filter(|(_, sample)| is_within(sample)).map(|(part, _)| part);
            let mut handed_back: Vec<usize> = merged.unreadable.iter().map(|(part, _)| *part).collect();
            handed_back.sort_unstable();
            prop_assert_eq!(&handed_back, &expected.collect::<Vec<_>>());
            let ended = merged.stored + merged.duplicates + (merged.conflicts.len() + handed_back.len()) as u64;
            prop_assert_eq!(ended, batch.len() as u64);
            prop_assert!(damaged.iter().all(|bad| !merged.removed.contains(&bad.start)), "a damaged block is removed");
            apply(&mut blocks, merged);
            for pair in blocks.windows(2) {
                prop_assert!(pair[0].stop < pair[1].start, "blocks overlap");
            }
        }
    }

    #[test]
    #[cfg(debug_assertions)]
    fn the_model_sees_a_missing_look_at_what_is_stored() {
        let batches = prop::collection::vec(samples(), 1..8);
        assert!(is_seen(Defect::NoDuplicateCheck, &batches, agrees_with_the_model));
    }

    /// The model is a map from key to the first value.
    fn agrees_with_the_model(batches: Vec<Vec<Sample>>) -> Result<(), TestCaseError> {
        let mut stored: Vec<Block> = Vec::new();
        let mut model = Map::new();
        for batch in batches {
            let (mut new, mut duplicates, mut conflicts) = (0, 0, Vec::new());
            for (part, sample) in batch.iter().enumerate() {
                match model.get(&sample.key()) {
                    None => {
                        model.insert(sample.key(), sample.value);
                        new += 1;
                    }
                    Some(value) if *value == sample.value => duplicates += 1,
                    Some(_) => conflicts.push(part),
                }
            }
            let tagged = batch.into_iter().enumerate().map(|(part, sample)| (sample, part)).collect();
            let mut merged = merge(&readable(&stored), tagged);
            merged.conflicts.sort_unstable();
            prop_assert_eq!((merged.stored, merged.duplicates, &merged.conflicts), (new, duplicates, &conflicts));
            apply(&mut stored, merged);
            let samples = |block: &Block| block.samples().map(|s| (s.key(), s.value)).collect::<Vec<_>>();
            let all: Vec<_> = stored.iter().flat_map(samples).collect();
            let expected: Vec<_> = model.iter().map(|(key, value)| (*key, *value)).collect();
            prop_assert_eq!(all, expected);
            for pair in stored.windows(2) {
                prop_assert!(pair[0].stop < pair[1].start, "blocks overlap");
                prop_assert!(pair[0].start.day() == pair[0].stop.day());
            }
        }
        Ok(())
    }

    #[test]
    fn a_late_sample_rewrites_the_block_it_falls_into_and_no_other() {
        let mut stored = Vec::new();
        for hour in 0..3 {
            let run: Vec<_> =
                (0..10).filter(|minute| *minute != 5).map(|m| (sample(hour * 60 + m, None, 1), 0)).collect();
            apply(&mut stored, merge(&[], run));
        }
        assert_eq!(stored.len(), 3);
        let merged = merge(&readable(&stored), vec![(sample(65, None, 7), 0)]);
        assert_eq!((merged.removed, merged.blocks.len(), merged.stored), (vec![stored[1].start], 1, 1));
        let between = merge(&readable(&stored), vec![(sample(40, None, 7), 0)]);
        assert_eq!((between.removed.len(), between.blocks.len()), (0, 1));
    }

    #[test]
    fn a_repeated_message_changes_nothing() {
        let run: Vec<Tagged> = (0..100).map(|minute| (sample(minute, None, 5), 0)).collect();
        let mut stored = Vec::new();
        apply(&mut stored, merge(&[], run.clone()));
        let again = merge(&readable(&stored), run);
        assert_eq!((again.duplicates, again.stored), (100, 0));
        assert!(again.blocks.is_empty() && again.removed.is_empty());
    }
}
