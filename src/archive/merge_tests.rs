//! Of every row and its key, by a model: what comes out, and as what.

use super::*;
use crate::model::block::BlockBuilder;
use crate::model::origin::Origin;
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

/// Few keys and few values, so that duplicates and conflicts are common.
fn samples() -> impl Strategy<Value = BTreeMap<(usize, usize, i64, Option<i64>), i32>> {
    let span = prop_oneof![Just(None), Just(Some(1)), Just(Some(2))];
    prop::collection::btree_map((0..3_usize, 0..3_usize, 0..60_i64, span), 0..3, 0..80)
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
            let own: Vec<Sample> = own.map(|((.., minute, span), value)| sample(*minute, *span, *value)).collect();
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
struct RowSlices(Vec<Strip3>, usize);

struct Strip3(Row, Vec<Timestamp>, Option<Vec<Timestamp>>, Vec<f64>);

fn strips(rows: &[Row]) -> Vec<Strip3> {
    let mut left = 0;
    let together = rows.chunk_by(|one, next| {
        left = (left + 1) % 3;
        let same = |row: &Row| (row.device.clone(), row.statistic, row.end.is_some());
        left != 0 && same(one) == same(next)
    });
    let slice = |rows: &[Row]| {
        let ends: Option<Vec<Timestamp>> = rows.iter().map(|row| row.end).collect();
        let (starts, values) = rows.iter().map(|row| (row.start, row.value)).unzip();
        Strip3(rows[0].clone(), starts, ends, values)
    };
    together.map(slice).collect()
}

impl Strip3 {
    fn slice(&self) -> RowSlice<'_> {
        RowSlice { starts: &self.1, ends: self.2.as_deref(), values: &self.3, ..self.0.slice() }
    }
}

impl Archived for RowSlices {
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

proptest! {
    #[test]
    fn each_key_comes_out_once_and_the_archived_value_stays(old in samples(), hot in samples()) {
        let (old, hot) = (rows(&old), rows(&hot));
        prop_assert!(hot.windows(2).all(|pair| pair[0].order(&pair[1]) == Ordering::Less));
        let mut model: BTreeMap<RowKey, f64> = old.iter().map(|row| (key(row), row.value)).collect();
        let (mut out, mut met) = (Vec::new(), Vec::new());
        let expected: Vec<MergeOutcome> = hot.iter().map(|row| match model.get(&key(row)) {
            None => { model.insert(key(row), row.value); MergeOutcome::New }
            Some(value) if *value == row.value => MergeOutcome::Duplicate,
            Some(_) => MergeOutcome::Conflict,
        }).collect();
        let mut merge = Merge::new(RowSlices(strips(&old), 0));
        let mut take = |what: MergeOutcome, slice: RowSlice<'_>| {
            if what.is_next() { out.extend(slice.rows()) }
            if what != MergeOutcome::Old { met.extend(vec![what; slice.len()]) }
            Ok::<(), FileError>(())
        };
        strips(&hot).iter().for_each(|hot| merge.lay(hot.slice(), &mut take).unwrap());
        merge.finish(&mut take).unwrap();
        prop_assert_eq!(met, expected);
        prop_assert!(out.windows(2).all(|pair| pair[0].order(&pair[1]) == Ordering::Less));
        let out: BTreeMap<RowKey, f64> = out.iter().map(|row| (key(row), row.value)).collect();
        prop_assert_eq!(out, model);
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
