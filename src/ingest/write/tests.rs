//! A lane's memory over many batches, with commits that fail or get no answer in between: whatever it appends and
//! whatever it merges, each sample is stored once.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::memory::SeriesMemory;
use super::merge::model::{Message, Model, ModelCounts};
use super::unit::{Part, Unit};
use super::{plan, stretches};
use crate::model::block::Block;
use crate::model::ids::{DeviceKey, MetricId, SeriesId};
use crate::model::origin::{Origin, Revision};
use crate::model::revision::{Precedence, ReplacedRange, Word};
use crate::model::sample::{Flags, Run, Sample};
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;
use crate::store::directory::{SeriesKey, SeriesState};
use crate::store::hot::{BlockRange, Past, Stored};
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

/// The hot table, as the lane sees it, with what was superseded and replaced.
#[derive(Clone, Debug, Default)]
struct Table {
    blocks: BTreeMap<SeriesId, Vec<Block>>,
    superseded: Vec<(SeriesId, Sample)>,
    ranges: Vec<(SeriesId, ReplacedRange)>,
}

impl Table {
    /// What `ends` says.
    fn last(&self, series: SeriesId) -> Option<Timestamp> {
        let blocks = self.blocks.get(&series).into_iter().flatten().map(|block| block.stop);
        let superseded = self.superseded.iter().filter(|(of, _)| *of == series).map(|(_, sample)| sample.start);
        let ranges = self.ranges.iter().filter(|(of, _)| *of == series).map(|(_, range)| range.last());
        blocks.chain(superseded).chain(ranges).max()
    }

    fn samples(&self, series: SeriesId) -> Vec<Sample> {
        self.blocks.get(&series).into_iter().flatten().flat_map(Block::samples).collect()
    }

    /// What `overlapping` reads: what begins in each stretch, and the block before it, of the same day.
    fn touched(&self, wanted: &[BlockRange]) -> Vec<(SeriesId, Stored)> {
        let mut touched = BTreeMap::new();
        for want in wanted {
            let blocks = self.blocks.get(&want.series).into_iter().flatten();
            let former = blocks.clone().rfind(|block| block.start <= want.from);
            let former = former.filter(|block| block.start.day() == want.from.day());
            let later = blocks.filter(|block| block.start > want.from && block.start <= want.to);
            touched.extend(former.into_iter().chain(later).map(|block| ((want.series, block.start), block)));
        }
        touched.into_iter().map(|((series, _), block)| (series, Stored::Block(block.clone()))).collect()
    }

    /// What `past` reads.
    fn past(
        &self,
        wanted: &[BlockRange],
        replaced: &[BlockRange],
        words_in: impl FnOnce(&[BlockRange]) -> Vec<(SeriesId, Timestamp, Word)>,
    ) -> Past {
        let is_revised = |want: &&BlockRange| {
            let begins = |one: &Sample| (want.from..=want.to).contains(&one.start);
            self.superseded.iter().any(|(series, one)| want.series == *series && begins(one))
        };
        let revised: Vec<BlockRange> = wanted.iter().filter(is_revised).copied().collect();
        let mut superseded = Vec::new();
        for (series, start, said) in words_in(&revised) {
            let former = self.superseded.iter().filter(|(of, one)| (*of, one.start) == (series, start));
            let former = former.map(|(_, one)| Word::from(one));
            let same = |word: &Word| word.revision.is_none() && said.revision.is_none() && word.says_what(&said);
            let highest = former.clone().max_by_key(|word| word.revision);
            superseded.extend(highest.into_iter().chain(former.filter(same)).map(|word| (series, start, word)));
        }
        superseded.sort_by_key(|(series, start, _)| (*series, *start));
        let touches = |(series, range): &&(SeriesId, ReplacedRange)| {
            let mut all = wanted.iter().chain(replaced);
            all.any(|want| want.series == *series && range.from <= want.to && want.from < range.to)
        };
        Past { superseded, ranges: self.ranges.iter().filter(touches).copied().collect() }
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
        let (wanted, replaced) = (stretches::wanted(&merges, parts), stretches::replaced(&merges, parts));
        let past = self.past(&wanted, &replaced, |stretches| stretches::words(&merges, parts, stretches));
        let found = plan::MergePast { stored: self.touched(&[wanted, replaced].concat()), past };
        let mut next = self.clone();
        let mut put = Vec::new();
        let put_one = &mut |series, block: &Block| put.push((series, block.clone()));
        let laid = plan::lay(&appends, &merges, parts, found, &|_| PRECEDENCE, put_one);
        for removal in &laid.removals {
            next.blocks.entry(removal.series).or_default().retain(|block| block.start != removal.start);
        }
        for (series, block) in put {
            let blocks = next.blocks.entry(series).or_default();
            blocks.push(block);
            blocks.sort_by_key(|block| block.start);
        }
        next.superseded.extend(laid.superseded.iter().copied());
        for (series, range, _) in &laid.ranges {
            next.ranges.retain(|(of, old)| of != series || !range.subsumes(old));
            next.ranges.push((*series, *range));
        }
        if end != End::Failed {
            *self = next;
        }
        (end == End::Stands).then_some(laid)
    }
}

const PRECEDENCE: Precedence = Precedence::ByShape;

/// Messages of a batch, how often its unit is cut, and how attempts to write it end before one stands.
type Batch = (Vec<Part>, u32, Vec<End>);

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    // Mostly going on from where the last batch was, so that appends are as common as merges.
    let back = prop_oneof![Just(0_i64), -3..1_i64, -40..40_i64];
    let word = (0..3_i32, prop::option::weighted(0.2, Just(50_000_000_i64)), prop::option::weighted(0.3, 0..4_i64));
    let range = prop::option::weighted(0.4, (-20..5_i64, 1..30_i64));
    let part = (0..2_i32, back, 0..6_i64, word, range, prop::bool::weighted(0.1));
    let end = prop_oneof![4 => Just(End::Failed), 6 => Just(End::Unanswered)];
    let attempts = prop_oneof![3 => Just(Vec::new()), 2 => prop::collection::vec(end, 1..3)];
    let batch = (prop::collection::vec(part, 1..4), prop_oneof![3 => Just(0), 1 => 1..4_u32], attempts);
    prop::collection::vec(batch, 1..12).prop_map(|batches| {
        let mut ends = [0_i64; 2];
        let mut made = Vec::new();
        for (parts, cuts, attempts) in batches {
            let mut unit = Vec::new();
            for (arrival, (device, back, count, (value, span_us, revision), range, is_falling)) in
                parts.into_iter().enumerate()
            {
                let end = &mut ends[usize::try_from(device).unwrap()];
                let first = (*end + back).max(0);
                *end = (*end).max(first + count);
                let revision = revision.and_then(Revision::new);
                let origin = Origin { revision, ..Origin::default() };
                let said = |place| Sample { span_us, origin, ..sample(place, value) };
                let mut samples: Vec<Sample> = (first..first + count).map(said).collect();
                if is_falling {
                    samples.reverse();
                }
                let replaces = range.zip(revision).map(|((from, length), revision)| {
                    let from = (first + from).max(0);
                    ReplacedRange { from: sample(from, 0).start, to: sample(from + length, 0).start, revision }
                });
                unit.push(Part { arrival, key: key(device), run: Run::of(&samples), replaces });
            }
            made.push((unit, cuts, attempts));
        }
        made
    })
}

fn key(device: i32) -> SeriesKey {
    SeriesKey { device: DeviceKey(device), metric: MetricId(10), statistic: Statistic::NONE }
}

/// Neighbours are near enough for one look-up and the next but one is not; midnight comes after 180 of them.
fn sample(place: i64, value: i32) -> Sample {
    let start = Timestamp::from_micros(1_795_471_200_000_000 + place * 40_000_000).unwrap();
    Sample { start, span_us: None, value: f64::from(value), flags: Flags::NONE, origin: Origin::default() }
}

/// The pieces of a unit that is cut so often, in their order.
fn pieces(parts: &[Part], cuts: u32) -> Vec<Vec<Part>> {
    let mut units = vec![Unit { parts: parts.to_vec(), rejections: Vec::new() }];
    for _ in 0..cuts {
        units = units
            .into_iter()
            .flat_map(|unit| if unit.is_single() { vec![unit] } else { unit.split().unwrap().into() })
            .collect();
    }
    units.into_iter().map(|unit| unit.parts).collect()
}

/// `Err` says what is wrong.
fn run(batches: &[Batch], fault: Fault) -> Result<(), String> {
    let (mut table, mut memory) = (Table::default(), SeriesMemory::default());
    let mut models: BTreeMap<SeriesId, Model> = BTreeMap::new();
    let mut tally = Tally::default();
    let mut received = 0;
    for (parts, cuts, attempts) in batches {
        for part in parts {
            let message = Message { range: part.replaces, samples: part.run.samples().collect() };
            received += message.samples.len() as u64;
            let model = models.entry(SeriesId(part.key.device.0)).or_default();
            model.hear(PRECEDENCE, &message, &mut ModelCounts::default());
        }
        for parts in pieces(parts, *cuts) {
            for end in attempts.iter().copied().chain([End::Stands]) {
                match table.write(&parts, &mut memory, end) {
                    Some(laid) => {
                        tally.add(laid.tally);
                        if fault != Fault::NothingLearnt {
                            laid.remember(&mut memory);
                        }
                    }
                    None if fault == Fault::NothingForgotten => {}
                    None => plan::forget(&parts, &mut memory),
                }
            }
        }
        for (series, model) in &models {
            let blocks = table.blocks.get(series).map_or(&[][..], Vec::as_slice);
            if blocks.windows(2).any(|pair| pair[0].stop >= pair[1].start) {
                return Err("blocks overlap".to_owned());
            }
            let (stored, expected) = (table.samples(*series), model.samples());
            if stored != expected {
                return Err(format!("{stored:?} are stored where {expected:?} stand"));
            }
            let superseded = table.superseded.iter().filter(|(of, _)| of == series).count();
            if superseded != model.former.len() {
                return Err(format!("{superseded} are superseded, and not {}", model.former.len()));
            }
        }
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
fn twice(attempts: Vec<End>) -> Vec<Batch> {
    let samples: Vec<Sample> = (0..10).map(|second| sample(second, 1)).collect();
    let unit = vec![Part { arrival: 0, key: key(0), run: Run::of(&samples), replaces: None }];
    vec![(unit.clone(), 0, attempts), (unit, 0, Vec::new())]
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
