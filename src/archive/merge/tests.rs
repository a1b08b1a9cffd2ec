//! Of every row and its start, by a model: what comes out, and as what.

use super::*;
use crate::archive::file::{OriginRuns, Row};
use crate::model::block::BlockBuilder;
use crate::model::origin::{Origin, Revision};
use crate::model::revision::Start;
use crate::model::sample::{Flags, Sample};
use crate::model::statistic::Statistic;
use proptest::prelude::*;
use std::cmp::Ordering;
use std::collections::BTreeMap;

type RowKey = (String, i64, Option<i64>, Option<String>);

fn key(row: &Row) -> RowKey {
    let end = row.end.map(Timestamp::micros);
    (row.device.as_str().to_owned(), row.start.micros(), end, row.statistic.text())
}

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

/// One of three values, without a revision or with one of three.
fn revised(minute: i64, span: Option<i64>, which: i32) -> Sample {
    let origin = Origin { revision: Revision::new(i64::from(which / 3) - 1), ..Origin::default() };
    Sample { origin, ..sample(minute, span, which % 3) }
}

/// Few keys and few values and revisions, so that duplicates and conflicts are common.
fn samples() -> impl Strategy<Value = BTreeMap<(usize, usize, i64, Option<i64>), i32>> {
    let span = prop_oneof![Just(None), Just(Some(1)), Just(Some(2))];
    prop::collection::btree_map((0..3_usize, 0..3_usize, 0..60_i64, span), 0..12, 0..80)
}

/// The rows of these samples, as the hot table gives them: block by block, by device and start.
fn rows(samples: &BTreeMap<(usize, usize, i64, Option<i64>), i32>) -> Vec<Row> {
    let statistics = [Statistic::NONE, Statistic::parse("maximum").unwrap(), Statistic::parse("average").unwrap()];
    let devices = ["B", "a", "a.b"].map(|name| DeviceId::parse(name).unwrap());
    let mut given = Vec::new();
    let mut hot = HotRows::default();
    for (at, device) in devices.iter().enumerate() {
        let mut blocks = Vec::new();
        for (which, statistic) in statistics.iter().enumerate() {
            let mut builder = BlockBuilder::default();
            let own = samples.iter().filter(|((of, as_what, ..), _)| (*of, *as_what) == (at, which));
            let own: Vec<Sample> = own.map(|((.., minute, span), value)| revised(*minute, *span, *value)).collect();
            // Runs of seven, so that there are several blocks a series.
            own.chunk_by(|a, b| a.start.micros() / 420_000_000 == b.start.micros() / 420_000_000).for_each(|run| {
                let mut one = BlockBuilder::default();
                one.add_samples(run);
                blocks.extend(one.finish().into_iter().map(|block| (*statistic, block)));
            });
            builder.add_samples(&[]);
        }
        blocks.sort_by_key(|(_, block)| block.start);
        for (statistic, block) in blocks {
            hot.push(device, statistic, block, |slice| {
                given.extend(slice.rows());
                Ok::<(), FileError>(())
            })
            .unwrap();
        }
    }
    hot.finish(|slice| {
        given.extend(slice.rows());
        Ok::<(), FileError>(())
    })
    .unwrap();
    given
}

/// Rows of a file in strips of up to three.
pub(super) struct Slices(Vec<Strip3>, usize);

pub(super) struct Strip3(Row, Vec<Timestamp>, Option<Vec<Timestamp>>, Vec<f64>, Vec<Flags>, OriginRuns);

pub(super) fn strips(rows: &[Row]) -> Vec<Strip3> {
    let mut left = 0;
    let together = rows.chunk_by(|one, next| {
        left = (left + 1) % 3;
        let same = |row: &Row| (row.device.clone(), row.statistic, row.end.is_some());
        left != 0 && same(one) == same(next)
    });
    let slice = |rows: &[Row]| {
        let ends: Option<Vec<Timestamp>> = rows.iter().map(|row| row.end).collect();
        let (starts, values) = rows.iter().map(|row| (row.start, row.value)).unzip();
        let mut builder = BlockBuilder::default();
        // Of their origins only; blocks keep them as runs.
        let minutes = rows
            .iter()
            .enumerate()
            .map(|(place, row)| Sample { origin: row.origin, ..sample(i64::try_from(place).unwrap(), None, 0) });
        builder.add_samples(&minutes.collect::<Vec<_>>());
        let origins = OriginRuns::of(&builder.finish()[0].origins, rows.len());
        let flags = rows.iter().map(|row| row.flags).collect();
        Strip3(rows[0].clone(), starts, ends, values, flags, origins)
    };
    together.map(slice).collect()
}

impl Strip3 {
    pub(super) fn slice(&self) -> RowSlice<'_> {
        let (ends, origins) = (self.2.as_deref(), self.5.slice());
        RowSlice { starts: &self.1, ends, values: &self.3, flags: &self.4, origins, ..self.0.slice() }
    }
}

impl Slices {
    pub(super) fn of(rows: &[Row]) -> Slices {
        Slices(strips(rows), 0)
    }
}

impl Archived for Slices {
    fn slice(&mut self) -> Result<Option<RowSlice<'_>>, FileError> {
        Ok(self.0.first().map(|first| first.slice().slice(self.1..first.1.len())))
    }

    fn pass(&mut self, rows: usize) {
        self.1 += rows;
        if self.0.first().is_some_and(|first| first.1.len() == self.1) {
            (self.0.remove(0), self.1 = 0).1
        }
    }
}

/// What stands of all rows by the rule of revisions, start by start.
fn standing(old: &[Row], hot: &[Row], precedence: Precedence) -> BTreeMap<RowKey, f64> {
    let start_of = |row: &Row| (row.device.as_str().to_owned(), row.statistic.text(), row.start);
    let mut starts: BTreeMap<_, (Vec<&Row>, Vec<&Row>)> = BTreeMap::new();
    old.iter().for_each(|row| starts.entry(start_of(row)).or_default().0.push(row));
    hot.iter().for_each(|row| starts.entry(start_of(row)).or_default().1.push(row));
    let mut standing = BTreeMap::new();
    for (old, hot) in starts.values() {
        if old.is_empty() {
            // The hot table has weighed them.
            standing.extend(hot.iter().map(|row| (key(row), row.value)));
            continue;
        }
        let word = |row: &Row| moment::says(&row.slice(), 0).unwrap();
        let mut start = Start::new(precedence);
        old.iter().for_each(|row| start.known_standing(word(row), *row));
        for row in hot {
            start.say(word(row), *row);
        }
        standing.extend(start.standing().iter().map(|(_, row)| (key(row), row.value)));
    }
    standing
}

proptest! {
    #[test]
    fn each_key_comes_out_once_and_what_is_said_last_stands(
        old in samples(), hot in samples(),
        precedence in prop::sample::select(&[Precedence::ByShape, Precedence::Later, Precedence::Unordered][..])
    ) {
        let (old, hot) = (rows(&old), rows(&hot));
        prop_assert!(hot.windows(2).all(|pair| pair[0].order(&pair[1]) == Ordering::Less));
        let (mut out, mut ended) = (Vec::new(), Vec::new());
        let mut merge = Merge::new(Slices::of(&old), precedence);
        let mut take = |what: MergeOutcome, slice: RowSlice<'_>| {
            if what.is_next() { out.extend(slice.rows()) }
            ended.extend(slice.rows().map(|row| (what, row)));
            Ok::<(), FileError>(())
        };
        strips(&hot).iter().for_each(|hot| merge.lay(hot.slice(), &mut take).unwrap());
        merge.finish(&mut take).unwrap();
        prop_assert!(out.windows(2).all(|pair| pair[0].order(&pair[1]) == Ordering::Less));
        let stands: BTreeMap<RowKey, f64> = out.iter().map(|row| (key(row), row.value)).collect();
        prop_assert_eq!(stands, standing(&old, &hot, precedence));
        // Nothing vanishes: all that was told is handed out, as often as it was told.
        let mut told: Vec<(RowKey, i64)> = old.iter().chain(&hot).map(|row| (key(row), row.value as i64)).collect();
        let mut handed: Vec<(RowKey, i64)> = ended.iter().map(|(_, row)| (key(row), row.value as i64)).collect();
        told.sort();
        handed.sort();
        prop_assert_eq!(handed, told);
        let superseded: Vec<&Row> =
            ended.iter().filter(|(what, _)| *what == MergeOutcome::Superseded).map(|(_, row)| row).collect();
        prop_assert!(superseded.windows(2).all(|pair| pair[0].order(pair[1]) == Ordering::Less));
    }
}

#[test]
fn flags_of_a_later_version_are_left_out_and_the_others_stay() {
    let flags = Flags(Flags::TIME_ASSUMED.0 | 64);
    let samples: Vec<Sample> = (0..2).map(|minute| Sample { flags, ..sample(minute, Some(1), 1) }).collect();
    // Of which one lasts and one does not, so that rows are taken one by one.
    let mixed = [samples[0], Sample { span_us: None, ..samples[1] }];
    for samples in [&samples[..], &mixed] {
        let (mut builder, mut hot) = (BlockBuilder::default(), HotRows::default());
        builder.add_samples(samples);
        let (device, mut given) = (DeviceId::parse("a").unwrap(), Vec::new());
        let mut give = |slice: RowSlice<'_>| -> Result<(), FileError> {
            given.extend(slice.rows().map(|row| row.flags));
            Ok(())
        };
        builder.finish().into_iter().for_each(|block| hot.push(&device, Statistic::NONE, block, &mut give).unwrap());
        hot.finish(&mut give).unwrap();
        assert_eq!(given, [Flags::TIME_ASSUMED; 2]);
    }
}
