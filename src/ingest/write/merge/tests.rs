//! Merges against a model that knows nothing of blocks.

use proptest::prelude::*;

use super::model::{Message, Model, ModelCounts};
use super::*;
#[cfg(debug_assertions)]
use crate::faults::is_seen;
use crate::model::ids::SeriesId;
use crate::model::origin::{Origin, Revision};
use crate::model::sample::Flags;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_micros(1_795_428_000_000_000 + minute * 60_000_000).unwrap()
}

fn sample(minute: i64, span: Option<i64>, value: i32) -> Sample {
    let span_us = span.map(|minutes| minutes * 60_000_000);
    Sample { start: at(minute), span_us, value: f64::from(value), flags: Flags::NONE, origin: Origin::default() }
}

fn revised(sample: Sample, revision: Option<i64>) -> Sample {
    Sample { origin: Origin { revision: revision.and_then(Revision::new), ..Origin::default() }, ..sample }
}

fn range(from: i64, to: i64, revision: i64) -> ReplacedRange {
    ReplacedRange { from: at(from), to: at(to), revision: Revision::new(revision).unwrap() }
}

/// Few keys, values and revisions, so that each outcome is common; a midnight lies at minute 840.
fn message(revisions: bool) -> impl Strategy<Value = Message> {
    let one = (780..900_i64, prop_oneof![3 => Just(None), 1 => Just(Some(1)), 1 => Just(Some(2))], 0..3);
    let samples = prop::collection::vec(one, 0..40);
    let revision = if revisions { prop::option::weighted(0.6, 0..5_i64).boxed() } else { Just(None).boxed() };
    let stretch = prop::option::weighted(0.4, (780..900_i64, 1..60_i64));
    (samples, revision, stretch).prop_map(|(samples, revision, stretch)| Message {
        range: stretch.zip(revision).map(|((from, minutes), revision)| range(from, from + minutes, revision)),
        samples: samples
            .into_iter()
            .map(|(minute, span, value)| revised(sample(minute, span, value), revision))
            .collect(),
    })
}

fn units(revisions: bool) -> impl Strategy<Value = (Precedence, Vec<Vec<Message>>)> {
    let precedence = prop_oneof![Just(Precedence::ByShape), Just(Precedence::Later)];
    (precedence, prop::collection::vec(prop::collection::vec(message(revisions), 1..4), 1..8))
}

/// What the database keeps of one series.
#[derive(Clone, Debug, Default)]
struct Table {
    blocks: Vec<Block>,
    superseded: Vec<Sample>,
    ranges: Vec<ReplacedRange>,
}

impl Table {
    /// Merges a unit, and writes what comes of it as the database does.
    fn write(&mut self, precedence: Precedence, unit: &[Message]) -> Merged {
        let stored = readable(&self.blocks);
        let mut superseded: Vec<_> = self.superseded.iter().map(|one| (one.start, Word::from(one))).collect();
        superseded.sort_by_key(|(start, _)| *start);
        let known = KnownSeries { precedence, stored: &stored, superseded: &superseded, ranges: &self.ranges };
        let merged = merge(&known, incoming(unit));
        self.blocks.retain(|block| !merged.removed.contains(&block.start));
        self.blocks.extend(merged.blocks.iter().cloned());
        self.blocks.sort_by_key(|block| block.start);
        self.superseded.extend(merged.superseded.iter().copied());
        for (range, _) in &merged.ranges {
            self.ranges.retain(|old| !range.subsumes(old));
            self.ranges.push(*range);
        }
        merged
    }

    fn samples(&self) -> Vec<Sample> {
        self.blocks.iter().flat_map(Block::samples).collect()
    }

    fn covered(&self, start: Timestamp) -> Option<Revision> {
        self.ranges.iter().filter(|range| range.covers(start)).map(|range| range.revision).max()
    }
}

fn incoming(unit: &[Message]) -> Incoming {
    let mut incoming = Incoming::default();
    for (part, message) in unit.iter().enumerate() {
        incoming.ranges.extend(message.range.map(|range| (range, part)));
        incoming.samples.extend(message.samples.iter().map(|sample| (*sample, part)));
    }
    incoming
}

/// The blocks as the database hands them over.
fn readable(blocks: &[Block]) -> Vec<Stored> {
    blocks.iter().cloned().map(Stored::Block).collect()
}

fn sorted(mut samples: Vec<Sample>) -> Vec<Sample> {
    let key = |one: &Sample| (one.key(), one.value.to_bits(), one.origin.revision);
    samples.sort_by_key(key);
    samples
}

fn agrees_with_the_model((precedence, units): (Precedence, Vec<Vec<Message>>)) -> Result<(), TestCaseError> {
    let (mut table, mut model) = (Table::default(), Model::default());
    for unit in units {
        let mut counts = ModelCounts::default();
        unit.iter().for_each(|message| model.hear(precedence, message, &mut counts));
        let merged = table.write(precedence, &unit);
        let conflicts = merged.conflicts.len() as u64;
        let ended =
            ModelCounts { stored: merged.stored, duplicates: merged.duplicates, outdated: merged.outdated, conflicts };
        prop_assert_eq!(ended, counts);
        prop_assert_eq!(table.samples(), model.samples());
        prop_assert_eq!(sorted(table.superseded.clone()), sorted(model.former.clone()));
        for minute in 770..970 {
            prop_assert_eq!(table.covered(at(minute)), model.covered(at(minute)));
        }
        for pair in table.blocks.windows(2) {
            prop_assert!(pair[0].stop < pair[1].start, "blocks overlap");
            prop_assert!(pair[0].start.day() == pair[0].stop.day());
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_stands_is_what_the_source_said_last(units in units(true)) {
        agrees_with_the_model(units)?;
    }

    #[test]
    fn without_revisions_the_first_instant_and_the_later_interval_stand(units in units(false)) {
        agrees_with_the_model(units)?;
    }

    #[test]
    fn what_belongs_into_an_unreadable_block_is_handed_back_and_nothing_comes_to_lie_over_it(
        before in prop::collection::vec(message(false), 1..6), message in message(true), nth in 1..4_usize
    ) {
        let mut table = Table::default();
        before.into_iter().for_each(|message| { table.write(Precedence::ByShape, &[message]); });
        let damage = |block: &Block| {
            Unreadable { series: SeriesId(1), start: block.start, stop: block.stop, what: "it is damaged" }
        };
        let damaged: Vec<Unreadable> = table.blocks.iter().step_by(nth).map(damage).collect();
        let mut stored = readable(&table.blocks);
        stored.iter_mut().step_by(nth).zip(&damaged).for_each(|(block, bad)| *block = Stored::Unreadable(*bad));
        let known = KnownSeries { precedence: Precedence::ByShape, stored: &stored, superseded: &[], ranges: &[] };
        let parts: Vec<Message> =
            message.samples.iter().map(|one| Message { range: None, samples: vec![*one] }).collect();
        let mut all = incoming(&parts);
        all.ranges.extend(message.range.map(|range| (range, parts.len())));
        let is_blocked = message.range.is_some_and(|range| damaged.iter().any(|bad| bad.start < range.to && bad.stop >= range.from));
        let merged = merge(&known, all);
        prop_assert_eq!(merged.unreadable_ranges.len(), usize::from(is_blocked));
        let is_within = |sample: &Sample| damaged.iter().any(|bad| (bad.start..=bad.stop).contains(&sample.start));
        let expected = message.samples.iter().enumerate().filter(|(_, sample)| is_within(sample)).map(|(part, _)| part);
        let mut handed_back: Vec<usize> = merged.unreadable.iter().map(|(part, _)| *part).collect();
        handed_back.sort_unstable();
        prop_assert_eq!(&handed_back, &expected.collect::<Vec<_>>());
        let ended = merged.stored + merged.duplicates + merged.outdated + (merged.conflicts.len() + handed_back.len()) as u64;
        prop_assert_eq!(ended, message.samples.len() as u64);
        prop_assert!(damaged.iter().all(|bad| !merged.removed.contains(&bad.start)), "a damaged block is removed");
        table.blocks.retain(|block| !merged.removed.contains(&block.start));
        table.blocks.extend(merged.blocks);
        table.blocks.sort_by_key(|block| block.start);
        for pair in table.blocks.windows(2) {
            prop_assert!(pair[0].stop < pair[1].start, "blocks overlap");
        }
    }
}

#[test]
#[cfg(debug_assertions)]
fn the_model_sees_each_thing_that_a_merge_may_not_leave_out() {
    for defect in [Defect::NoDuplicateCheck, Defect::RepeatSuperseded, Defect::ForgetReplaced] {
        assert!(is_seen(defect, &units(true), agrees_with_the_model), "{defect:?}");
    }
}

#[test]
fn a_message_whose_range_cannot_be_read_is_handed_back_whole() {
    let bad = Unreadable { series: SeriesId(1), start: at(10), stop: at(20), what: "it is damaged" };
    let stored = [Stored::Unreadable(bad)];
    let known = KnownSeries { precedence: Precedence::ByShape, stored: &stored, superseded: &[], ranges: &[] };
    let with = |samples: Vec<Sample>| vec![Message { range: Some(range(0, 60, 3)), samples }];
    let merged = merge(&known, incoming(&with(vec![revised(sample(5, None, 1), Some(3))])));
    assert_eq!((merged.unreadable, merged.unreadable_ranges), (vec![(0, bad)], vec![(0, bad)]));
    assert_eq!((merged.stored, merged.ranges), (0, Vec::new()));
    let merged = merge(&known, incoming(&with(Vec::new())));
    assert_eq!((merged.unreadable, merged.unreadable_ranges), (Vec::new(), vec![(0, bad)]));
}

#[test]
fn a_late_sample_rewrites_the_block_it_falls_into_and_no_other() {
    let mut table = Table::default();
    for hour in 0..3 {
        let samples = (0..10).filter(|minute| *minute != 5).map(|m| sample(hour * 60 + m, None, 1)).collect();
        table.write(Precedence::ByShape, &[Message { range: None, samples }]);
    }
    assert_eq!(table.blocks.len(), 3);
    let late = |minute| vec![Message { range: None, samples: vec![sample(minute, None, 7)] }];
    let merged = table.clone().write(Precedence::ByShape, &late(65));
    assert_eq!((merged.removed, merged.blocks.len(), merged.stored), (vec![table.blocks[1].start], 1, 1));
    let between = table.write(Precedence::ByShape, &late(40));
    assert_eq!((between.removed.len(), between.blocks.len()), (0, 1));
}

#[test]
fn a_repeated_message_changes_nothing() {
    let message = [Message {
        range: Some(range(0, 100, 1)),
        samples: (0..100).map(|m| revised(sample(m, None, 5), Some(1))).collect(),
    }];
    let mut table = Table::default();
    table.write(Precedence::ByShape, &message);
    let again = table.write(Precedence::ByShape, &message);
    assert_eq!((again.duplicates, again.stored, again.superseded.len()), (100, 0, 0));
    assert!(again.blocks.is_empty() && again.removed.is_empty() && again.ranges.is_empty());
}

#[test]
fn a_growing_night_is_one_and_its_former_ends_do_not_come_back() {
    let night = |minutes| vec![Message { range: None, samples: vec![sample(0, Some(minutes), 1)] }];
    let mut table = Table::default();
    for minutes in [65, 138, 280, 425, 138, 425, 65] {
        table.write(Precedence::ByShape, &night(minutes));
    }
    assert_eq!(table.samples(), [sample(0, Some(425), 1)]);
    assert_eq!(table.superseded, [65, 138, 280].map(|minutes| sample(0, Some(minutes), 1)));
}

#[test]
fn a_range_is_emptied_by_a_message_without_values_and_what_comes_late_into_it_is_outdated() {
    let mut table = Table::default();
    table
        .write(Precedence::ByShape, &[Message { range: None, samples: (0..20).map(|m| sample(m, None, 1)).collect() }]);
    let merged = table.write(Precedence::ByShape, &[Message { range: Some(range(5, 10, 2)), samples: Vec::new() }]);
    assert_eq!((merged.stored, merged.superseded.len(), table.samples().len()), (0, 5, 15));
    let late = [revised(sample(6, None, 3), Some(1)), sample(7, None, 4), sample(30, None, 5)];
    let merged = table.write(Precedence::ByShape, &[Message { range: None, samples: late.to_vec() }]);
    assert_eq!((merged.stored, merged.outdated, table.samples().len()), (1, 2, 16));
    let all = table.write(Precedence::ByShape, &[Message { range: Some(range(0, 60, 3)), samples: Vec::new() }]);
    assert_eq!((table.samples(), all.blocks), (Vec::new(), Vec::new()));
    assert_eq!(table.ranges, [range(0, 60, 3)], "the range within it says no more");
}
