//! A lane's memory over many batches, with commits that fail or get no answer in between: whatever it appends and
//! whatever it merges, each sample is stored once.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::memory::SeriesMemory;
use super::plan;
use super::unit::Part;
use crate::model::block::Block;
use crate::model::ids::{DeviceKey, MetricId, SeriesId};
use crate::model::origin::Origin;
use crate::model::sample::{Flags, Run, Sample, SampleKey};
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;
use crate::store::directory::{SeriesKey, SeriesState};
use crate::store::hot::{BlockRange, Stored};
use crate::telemetry::Tally;

/// How an attempt to commit ends.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum End {
    Stands,
    /// It failed, and nothing was written.
    Failed,
    /// It stands, and the lane never learns it.
    Unanswered,
}

/// What is wrong on purpose.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Fault {
    Nothing,
    /// After a failure the lane trusts its memory.
    NothingForgotten,
    /// After a commit the lane trusts its older memory.
    NothingLearnt,
}

/// The hot table, as the lane sees it.
#[derive(Clone, Debug, Default)]
struct Table(BTreeMap<SeriesId, Vec<Block>>);

impl Table {
    fn last(&self, series: SeriesId) -> Option<Timestamp> {
        self.0.get(&series)?.iter().map(|block| block.stop).max()
    }

    fn samples(&self) -> Vec<(SeriesId, SampleKey, f64)> {
        let of = |(series, blocks): (&SeriesId, &Vec<Block>)| {
            let series = *series;
            let samples = blocks.iter().flat_map(|block| block.samples().collect::<Vec<_>>());
            samples.map(|sample| (series, sample.key(), sample.value)).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(of).collect()
    }

    /// What `overlapping` reads: what begins in each stretch, and the block before it, of the same day.
    fn touched(&self, wanted: &[BlockRange]) -> Vec<(SeriesId, Stored)> {
        let mut touched = BTreeMap::new();
        for want in wanted {
            let blocks = self.0.get(&want.series).into_iter().flatten();
            let former = blocks.clone().rfind(|block| block.start <= want.from);
            let former = former.filter(|block| block.start.day() == want.from.day());
            let later = blocks.filter(|block| block.start > want.from && block.start <= want.to);
            touched.extend(former.into_iter().chain(later).map(|block| ((want.series, block.start), block)));
        }
        touched.into_iter().map(|((series, _), block)| (series, Stored::Block(block.clone()))).collect()
    }

    /// One attempt of one unit, in the steps of `Lane::write_over`.
    fn write(&mut self, parts: &[Part], memory: &mut SeriesMemory, end: End) -> Option<plan::WritePlan> {
        for part in parts {
            let id = SeriesId(part.key.device.0);
            if memory.get(&part.key).is_none() {
                memory.insert(&part.key, SeriesState { id, last: self.last(id) });
            }
        }
        let (appends, merges) = plan::split(parts, memory);
        let stored = self.touched(&plan::wanted(&merges, parts));
        let mut next = self.clone();
        let mut put = Vec::new();
        let laid =
            plan::lay(&appends, &merges, parts, stored, &mut |series, block: &Block| put.push((series, block.clone())));
        for removal in &laid.removals {
            next.0.entry(removal.series).or_default().retain(|block| block.start != removal.start);
        }
        for (series, block) in put {
            let blocks = next.0.entry(series).or_default();
            blocks.push(block);
            blocks.sort_by_key(|block| block.start);
        }
        if end != End::Failed {
            *self = next;
        }
        (end == End::Stands).then_some(laid)
    }
}

fn batches() -> impl Strategy<Value = Vec<(Vec<Part>, Vec<End>)>> {
    // Mostly going on from where the last batch was, so that appends are as common as merges.
    let part =
        (0..2_i32, prop_oneof![Just(0_i64), -3..1_i64, -40..40_i64], 1..6_i64, 0..3_i32, prop::bool::weighted(0.1));
    let end = prop_oneof![4 => Just(End::Failed), 6 => Just(End::Unanswered)];
    let attempts = prop_oneof![3 => Just(Vec::new()), 2 => prop::collection::vec(end, 1..3)];
    let batches = prop::collection::vec((prop::collection::vec(part, 1..4), attempts), 1..12);
    batches.prop_map(|batches| {
        let mut ends = [0_i64; 2];
        let mut made = Vec::new();
        for (parts, attempts) in batches {
            let mut unit = Vec::new();
            for (arrival, (device, back, count, value, is_falling)) in parts.into_iter().enumerate() {
                let end = &mut ends[usize::try_from(device).unwrap()];
                let first = (*end + back).max(0);
                *end = (*end).max(first + count);
                let mut samples: Vec<Sample> = (first..first + count).map(|second| sample(second, value)).collect();
                if is_falling {
                    samples.reverse();
                }
                let key = SeriesKey { device: DeviceKey(device), metric: MetricId(10), statistic: Statistic::NONE };
                unit.push(Part { arrival, key, run: Run::of(&samples) });
            }
            made.push((unit, attempts));
        }
        made
    })
}

/// Neighbours are near enough for one look-up and the next but one is not; midnight comes after 180 of them.
fn sample(place: i64, value: i32) -> Sample {
    let start = Timestamp::from_micros(1_795_471_200_000_000 + place * 40_000_000).unwrap();
    Sample { start, span_us: None, value: f64::from(value), flags: Flags::NONE, origin: Origin::default() }
}

/// `Err` says what is wrong.
fn run(batches: &[(Vec<Part>, Vec<End>)], fault: Fault) -> Result<(), String> {
    let (mut table, mut memory) = (Table::default(), SeriesMemory::default());
    let mut model: BTreeMap<(SeriesId, SampleKey), Vec<f64>> = BTreeMap::new();
    let mut tally = Tally::default();
    let mut received = 0;
    for (parts, attempts) in batches {
        for sample in parts.iter().flat_map(|part| part.run.samples().map(move |sample| (part, sample))) {
            let series = SeriesId(sample.0.key.device.0);
            model.entry((series, sample.1.key())).or_default().push(sample.1.value);
            received += 1;
        }
        for end in attempts.iter().copied().chain([End::Stands]) {
            match table.write(parts, &mut memory, end) {
                Some(laid) => {
                    tally.add(laid.tally);
                    if fault != Fault::NothingLearnt {
                        laid.remember(&mut memory);
                    }
                }
                None if fault == Fault::NothingForgotten => {}
                None => plan::forget(parts, &mut memory),
            }
        }
        for blocks in table.0.values() {
            if blocks.windows(2).any(|pair| pair[0].stop >= pair[1].start) {
                return Err("blocks overlap".to_owned());
            }
        }
    }
    let stored: Vec<(SeriesId, SampleKey)> = table.samples().iter().map(|(series, key, _)| (*series, *key)).collect();
    let expected: Vec<(SeriesId, SampleKey)> = model.keys().copied().collect();
    if stored != expected {
        return Err(format!("{} samples are stored where {} were sent", stored.len(), expected.len()));
    }
    if table.samples().iter().any(|(series, key, value)| model[&(*series, *key)].first() != Some(value)) {
        return Err("another value than the first is stored".to_owned());
    }
    if tally.total() != received {
        return Err(format!("{tally:?} of {received} received"));
    }
    Ok(())
}

proptest! {
    #[test]
    fn whatever_fails_in_between_each_sample_is_stored_once(batches in batches()) {
        prop_assert_eq!(run(&batches, Fault::Nothing), Ok(()));
    }
}

/// Ten samples, written twice; the first commit ends in these ways first.
fn twice(attempts: Vec<End>) -> Vec<(Vec<Part>, Vec<End>)> {
    let samples: Vec<Sample> = (0..10).map(|second| sample(second, 1)).collect();
    let key = SeriesKey { device: DeviceKey(0), metric: MetricId(10), statistic: Statistic::NONE };
    let unit = vec![Part { arrival: 0, key, run: Run::of(&samples) }];
    vec![(unit.clone(), attempts), (unit, Vec::new())]
}

#[test]
fn a_memory_that_is_wrong_is_seen() {
    let unanswered = twice(vec![End::Unanswered]);
    assert_eq!(run(&unanswered, Fault::Nothing), Ok(()));
    assert!(run(&unanswered, Fault::NothingForgotten).is_err(), "the unanswered commit is appended again");
    let repeated = twice(Vec::new());
    assert_eq!(run(&repeated, Fault::Nothing), Ok(()));
    assert!(run(&repeated, Fault::NothingLearnt).is_err(), "the repeated message is appended again");
}
