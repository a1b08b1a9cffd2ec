//! Of one series and a few starts: what a source says in any order, with rolls in between, ends as if there were none.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::file::Row;
use super::tests::{Slices, strips};
use super::*;
use crate::model::ids::DeviceId;
use crate::model::origin::{Origin, Revision};
use crate::model::revision::{ReplacedRange, Start, Word};
use crate::model::sample::{Flags, Sample};
use crate::model::statistic::Statistic;
use crate::store::archive::{FormerSample, SeriesPast};

const STARTS: i64 = 4;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_micros(1_795_428_000_000_000 + minute * 60_000_000).unwrap()
}

#[derive(Clone, Debug)]
enum Event {
    Say { minute: i64, span: Option<i64>, value: i32, bounds: Flags, revision: Option<i64> },
    Replace { from: i64, minutes: i64, revision: i64 },
    Roll,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let span = prop_oneof![2 => Just(None), 2 => (1..3_i64).prop_map(Some)];
    let revision = prop_oneof![3 => Just(None), 2 => (0..4_i64).prop_map(Some)];
    let bounds = prop_oneof![5 => Just(Flags::NONE), 1 => Just(Flags::BELOW_RANGE)];
    let say = (0..STARTS, span, 0..3_i32, bounds, revision)
        .prop_map(|(minute, span, value, bounds, revision)| Event::Say { minute, span, value, bounds, revision });
    let replace = (0..STARTS, 1..3_i64, 0..4_i64).prop_map(|(from, minutes, revision)| Event::Replace {
        from,
        minutes,
        revision,
    });
    prop::collection::vec(prop_oneof![12 => say, 2 => replace, 3 => Just(Event::Roll)], 1..40)
}

/// One start as the hot table keeps it, and what is remembered of it.
#[derive(Default)]
struct HotStart {
    standing: Vec<Sample>,
    /// With their numbers, in the order in which they were superseded.
    superseded: Vec<(i64, Sample)>,
}

/// Both tiers of one series.
struct Tiers {
    precedence: Precedence,
    hot: BTreeMap<i64, HotStart>,
    /// With their numbers.
    ranges: Vec<(i64, ReplacedRange)>,
    number: i64,
    file: Vec<Row>,
    known_to: i64,
}

fn word(sample: &Sample) -> Word {
    Word::from(sample)
}

impl Tiers {
    /// What the merge of ingest does with what is said of a start (`ingest::write::merge`).
    fn hear(&mut self, minute: i64, said: Option<Sample>) {
        let hot = self.hot.entry(minute).or_default();
        let mut start = Start::new(self.precedence);
        hot.superseded.iter().for_each(|(_, sample)| start.known_superseded(&word(sample)));
        hot.standing.iter().for_each(|sample| start.known_standing(word(sample), *sample));
        self.ranges
            .iter()
            .filter(|(_, range)| range.covers(at(minute)))
            .for_each(|(_, range)| start.replace(range.revision));
        if let Some(said) = said {
            start.say(word(&said), said);
        }
        hot.standing = start.standing().iter().map(|(_, sample)| *sample).collect();
        for (_, sample) in start.superseded() {
            self.number += 1;
            hot.superseded.push((self.number, *sample));
        }
    }

    fn past(&self) -> KnownPast {
        let ranges = self.ranges.iter().filter(|(number, _)| *number > self.known_to).map(|(_, range)| *range);
        let former = self.hot.values().flat_map(|hot| {
            let mut former: Vec<&(i64, Sample)> = hot.superseded.iter().collect();
            former.sort_by_key(|(number, _)| *number);
            former
        });
        let former = former.map(|(number, sample)| FormerSample { sample: *sample, is_since: *number > self.known_to });
        let (ranges, former) = (ranges.collect(), former.collect());
        KnownPast::of(vec![SeriesPast { device: device(), statistic: Statistic::NONE, ranges, former }])
    }

    /// What a reader sees and a roll writes; what it supersedes; and how many hot rows had which outcome.
    fn merged(&self) -> (Vec<Row>, Vec<Row>, usize) {
        let mut hot: Vec<Row> = self.hot.values().flat_map(|hot| hot.standing.iter().map(row)).collect();
        hot.sort_by(Row::order);
        let (mut next, mut superseded, mut ended) = (Vec::new(), Vec::new(), 0);
        let mut give = |what: MergeOutcome, slice: RowSlice<'_>| {
            match what {
                MergeOutcome::Old => next.extend(slice.rows()),
                MergeOutcome::New => {
                    ended += slice.len();
                    next.extend(slice.rows())
                }
                MergeOutcome::Superseded => superseded.extend(slice.rows()),
                MergeOutcome::Duplicate | MergeOutcome::Conflict | MergeOutcome::Outdated => ended += slice.len(),
            }
            Ok::<(), FileError>(())
        };
        let mut merge = Merge::new(Slices::of(&self.file), self.precedence);
        merge.know(self.past());
        strips(&hot).iter().for_each(|slice| merge.lay(slice.slice(), &mut give).unwrap());
        merge.finish(&mut give).unwrap();
        assert!(ended >= hot.len(), "each hot row ends as something: {ended} of {}", hot.len());
        (next, superseded, hot.len())
    }

    fn roll(&mut self) {
        self.number += 1;
        let known_to = self.number;
        let (next, superseded, _) = self.merged();
        for row in superseded {
            let minute = row.start.micros_since(at(0)) / 60_000_000;
            self.hot.entry(minute).or_default().superseded.push((known_to, sample(&row)));
        }
        self.hot.values_mut().for_each(|hot| {
            hot.standing.clear();
            // As they are read.
            hot.superseded.sort_by_key(|(number, _)| *number);
        });
        (self.file, self.known_to) = (next, known_to);
    }
}

fn device() -> DeviceId {
    DeviceId::parse("a").unwrap()
}

fn row(sample: &Sample) -> Row {
    let Sample { start, value, flags, origin, .. } = *sample;
    Row { device: device(), statistic: Statistic::NONE, start, end: sample.end(), value, flags, origin, subject: None }
}

fn sample(row: &Row) -> Sample {
    let span_us = row.end.map(|end| end.micros_since(row.start));
    Sample { start: row.start, span_us, value: row.value, flags: row.flags, origin: row.origin }
}

fn told(words: impl Iterator<Item = (i64, Word)>) -> Vec<String> {
    let mut told: Vec<String> = words.map(|(minute, word)| format!("{minute} {word:?}")).collect();
    told.sort();
    told
}

fn check(events: &[Event], precedence: Precedence) -> Result<(), TestCaseError> {
    let mut model: BTreeMap<i64, Start<()>> = (0..STARTS).map(|minute| (minute, Start::new(precedence))).collect();
    let mut tiers =
        Tiers { precedence, hot: BTreeMap::new(), ranges: Vec::new(), number: 0, file: Vec::new(), known_to: 0 };
    for event in events {
        match *event {
            Event::Say { minute, span, value, bounds, revision } => {
                let origin = Origin { revision: revision.and_then(Revision::new), ..Origin::default() };
                let span_us = span.map(|minutes| minutes * 60_000_000);
                // The value of a bound is the limit of the sensor.
                let value = if bounds == Flags::NONE { f64::from(value) } else { 40.0 };
                let sample = Sample { start: at(minute), span_us, value, flags: bounds, origin };
                model.get_mut(&minute).unwrap().say(word(&sample), ());
                tiers.hear(minute, Some(sample));
            }
            Event::Replace { from, minutes, revision } => {
                let revision = Revision::new(revision).unwrap();
                let range = ReplacedRange { from: at(from), to: at(from + minutes), revision };
                tiers.number += 1;
                tiers.ranges.push((tiers.number, range));
                for minute in (from..from + minutes).filter(|minute| *minute < STARTS) {
                    model.get_mut(&minute).unwrap().replace(revision);
                    tiers.hear(minute, None);
                }
            }
            Event::Roll => tiers.roll(),
        }
        let (seen, ..) = tiers.merged();
        prop_assert!(seen.windows(2).all(|pair| pair[0].order(&pair[1]).is_lt()));
        let seen = seen.iter().map(sample).map(|one| (one.start.micros_since(at(0)) / 60_000_000, word(&one)));
        let expected =
            model.iter().flat_map(|(minute, start)| start.standing().iter().map(|(word, ())| (*minute, *word)));
        prop_assert_eq!(told(seen), told(expected), "after {:?}", event);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]
    #[test]
    fn rolls_change_nothing_of_what_stands(events in events(), later in any::<bool>()) {
        check(&events, if later { Precedence::Later } else { Precedence::ByShape })?;
    }
}
