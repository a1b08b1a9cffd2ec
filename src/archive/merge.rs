//! Merge: rows of the hot table in the order of a file, and laid beside the rows of one, each sample once.
//!
//! # Why
//! Both sides come sorted, so each is held a block or a batch at a time, however long the day. What the file holds was
//! stored first, so it stays; the hot row of the same key is told to be a duplicate, or a conflict.
//!
//! Invariant: what comes out rises in the order of files and holds each key once
//! (`each_key_comes_out_once_and_the_archived_value_stays`).

use super::file::{FileError, Row, Rows, Strip};
use crate::model::block::Block;
use crate::model::ids::{DeviceId, SubjectId};
use crate::model::sample::{Sample, Spans};
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;

/// Blocks of one metric and day, handed over by device and start, as strips in the order of a file.
#[derive(Debug, Default)]
pub(super) struct HotRows {
    /// The last block, as long as no other one lies beside it.
    whole: Option<Columns>,
    /// Rows of the device that was handed over last, in order, where blocks lie beside each other: those of at most one
    /// block a statistic.
    mixed: Vec<Row>,
}

/// A strip that owns its columns.
#[derive(Debug)]
struct Columns {
    device: DeviceId,
    subject: Option<SubjectId>,
    statistic: Statistic,
    starts: Vec<Timestamp>,
    ends: Option<Vec<Timestamp>>,
    values: Vec<f64>,
}

impl HotRows {
    /// Takes a block; the rows that no later block can come before are handed out.
    pub(super) fn push<E>(
        &mut self,
        device: &DeviceId,
        statistic: Statistic,
        block: Block,
        mut give: impl FnMut(Strip<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let is_other = self.mixed.last().is_some_and(|last| last.device != *device);
        let ready = if is_other { self.mixed.len() } else { self.mixed.partition_point(|row| row.start < block.start) };
        self.mixed.drain(..ready).try_for_each(|row| give(row.strip()))?;
        let is_behind =
            |whole: &Columns| whole.device != *device || whole.starts.last().is_some_and(|last| *last < block.start);
        if let Some(whole) = self.whole.take_if(|whole| is_behind(whole)) {
            give(whole.strip())?;
        }
        match Columns::of(device, statistic, block) {
            Ok(columns) if self.whole.is_none() && self.mixed.is_empty() => self.whole = Some(columns),
            Ok(columns) => self.mix(columns.strip().rows()),
            Err(rows) => self.mix(rows.into_iter()),
        }
        Ok(())
    }

    /// Hands out what still waits.
    pub(super) fn finish<E>(self, mut give: impl FnMut(Strip<'_>) -> Result<(), E>) -> Result<(), E> {
        self.whole.iter().try_for_each(|whole| give(whole.strip()))?;
        self.mixed.iter().try_for_each(|row| give(row.strip()))
    }

    fn mix(&mut self, rows: impl Iterator<Item = Row>) {
        let whole = self.whole.take();
        self.mixed.extend(whole.iter().flat_map(|whole| whole.strip().rows()).chain(rows));
        self.mixed.sort_by(Row::order);
    }
}

impl Columns {
    /// A block's columns; its rows, where only some of them last.
    fn of(device: &DeviceId, statistic: Statistic, block: Block) -> Result<Columns, Vec<Row>> {
        let device = device.clone();
        if let Spans::Own(spans) = &block.spans
            && spans.iter().any(Option::is_none)
        {
            let row = |sample: Sample| {
                let (start, end) = (sample.start, sample.end());
                Row { device: device.clone(), statistic, start, end, value: sample.value, subject: None }
            };
            return Err(block.samples().map(row).collect());
        }
        let starts = block.starts();
        let ends = match &block.spans {
            Spans::None => None,
            Spans::Each(span_us) => Some(starts.iter().map(|start| start.plus_micros(*span_us)).collect()),
            Spans::Own(spans) => {
                let end = |(start, span_us): (&Timestamp, &Option<i64>)| start.plus_micros(span_us.unwrap_or(0));
                Some(starts.iter().zip(spans).map(end).collect())
            }
        };
        Ok(Columns { device, subject: None, statistic, starts, ends, values: block.values })
    }

    fn strip(&self) -> Strip<'_> {
        let Columns { device, subject, statistic, starts, ends, values } = self;
        let (subject, ends) = (subject.as_ref(), ends.as_deref());
        Strip { device, subject, statistic: *statistic, starts, ends, values }
    }
}

/// Rows that were merged, and where they are from.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// The file holds them, and they come next.
    Old,
    /// Hot; no row of the file has their keys, and they come next.
    New,
    /// A hot row that the file holds.
    Duplicate,
    /// A hot row whose key the file holds with another value.
    Conflict,
}

impl Met {
    /// True for rows that belong into what is merged.
    pub(super) fn is_next(self) -> bool {
        matches!(self, Met::Old | Met::New)
    }
}

/// Rows of a file, a strip at a time.
pub(super) trait Archived {
    /// The rows that come next and lie together; `None` at the end. They come again until they are passed.
    fn strip(&mut self) -> Result<Option<Strip<'_>>, FileError>;

    /// Passes over so many of them.
    fn pass(&mut self, rows: usize);
}

impl Archived for Option<Rows> {
    fn strip(&mut self) -> Result<Option<Strip<'_>>, FileError> {
        self.as_mut().map_or(Ok(None), Rows::strip)
    }

    fn pass(&mut self, rows: usize) {
        if let Some(of_file) = self {
            of_file.pass(rows);
        }
    }
}

/// The rows of a file, beside which hot rows are laid.
pub(super) struct Merge<I> {
    old: I,
}

impl<I: Archived> Merge<I> {
    pub(super) fn new(old: I) -> Merge<I> {
        Merge { old }
    }

    /// Lays hot rows, which come after those before them: hands out the file's rows before each, and the row itself
    /// with what it turned out to be.
    pub(super) fn lay<E: From<FileError>>(
        &mut self,
        mut hot: Strip<'_>,
        mut give: impl FnMut(Met, Strip<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(first) = hot.first() {
            let Some(old) = self.old.strip()? else { return give(Met::New, hot) };
            let before = old.rows_before(first);
            if before > 0 {
                give(Met::Old, old.slice(0..before))?;
                self.old.pass(before);
                continue;
            }
            let new = old.first().map_or(hot.len(), |old| hot.rows_before(old));
            if new > 0 {
                give(Met::New, hot.slice(0..new))?;
                hot = hot.slice(new..hot.len());
                continue;
            }
            // Neither comes before the other: one key.
            let is_same = old.values.first() == hot.values.first();
            give(if is_same { Met::Duplicate } else { Met::Conflict }, hot.slice(0..1))?;
            hot = hot.slice(1..hot.len());
        }
        Ok(())
    }

    /// Hands out the file's last rows.
    pub(super) fn finish<E: From<FileError>>(
        mut self,
        mut give: impl FnMut(Met, Strip<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(old) = self.old.strip()? {
            let rows = old.len();
            give(Met::Old, old)?;
            self.old.pass(rows);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::block::BlockBuilder;
    use crate::model::sample::Flags;
    use proptest::prelude::*;
    use std::cmp::Ordering;
    use std::collections::BTreeMap;

    type Key = (String, i64, Option<i64>, Option<String>);

    fn key(row: &Row) -> Key {
        let end = row.end.map(Timestamp::micros);
        (row.device.as_str().to_owned(), row.start.micros(), end, row.statistic.text())
    }

    fn sample(minute: i64, span: Option<i64>, value: i32) -> Sample {
        let start = Timestamp::from_micros(1_795_428_000_000_000 + minute * 60_000_000).unwrap();
        Sample { start, span_us: span.map(|minutes| minutes * 60_000_000), value: f64::from(value), flags: Flags::NONE }
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
                hot.push(device, statistic, block, |strip| {
                    given.extend(strip.rows());
                    Ok::<(), FileError>(())
                })
                .unwrap();
            }
        }
        hot.finish(|strip| {
            given.extend(strip.rows());
            Ok::<(), FileError>(())
        })
        .unwrap();
        given
    }

    /// Rows of a file in strips of up to three.
    struct Strips(Vec<Strip3>, usize);

    struct Strip3(Row, Vec<Timestamp>, Option<Vec<Timestamp>>, Vec<f64>);

    fn strips(rows: &[Row]) -> Vec<Strip3> {
        let mut left = 0;
        let together = rows.chunk_by(|one, next| {
            left = (left + 1) % 3;
            let same = |row: &Row| (row.device.clone(), row.statistic, row.end.is_some());
            left != 0 && same(one) == same(next)
        });
        let strip = |rows: &[Row]| {
            let ends: Option<Vec<Timestamp>> = rows.iter().map(|row| row.end).collect();
            let (starts, values) = rows.iter().map(|row| (row.start, row.value)).unzip();
            Strip3(rows[0].clone(), starts, ends, values)
        };
        together.map(strip).collect()
    }

    impl Strip3 {
        fn strip(&self) -> Strip<'_> {
            Strip { starts: &self.1, ends: self.2.as_deref(), values: &self.3, ..self.0.strip() }
        }
    }

    impl Archived for Strips {
        fn strip(&mut self) -> Result<Option<Strip<'_>>, FileError> {
            Ok(self.0.first().map(|first| first.strip().slice(self.1..first.1.len())))
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
            let mut model: BTreeMap<Key, f64> = old.iter().map(|row| (key(row), row.value)).collect();
            let (mut out, mut met) = (Vec::new(), Vec::new());
            let expected: Vec<Met> = hot.iter().map(|row| match model.get(&key(row)) {
                None => { model.insert(key(row), row.value); Met::New }
                Some(value) if *value == row.value => Met::Duplicate,
                Some(_) => Met::Conflict,
            }).collect();
            let mut merge = Merge::new(Strips(strips(&old), 0));
            let mut take = |what: Met, strip: Strip<'_>| {
                if what.is_next() { out.extend(strip.rows()) }
                if what != Met::Old { met.extend(vec![what; strip.len()]) }
                Ok::<(), FileError>(())
            };
            strips(&hot).iter().for_each(|hot| merge.lay(hot.strip(), &mut take).unwrap());
            merge.finish(&mut take).unwrap();
            prop_assert_eq!(met, expected);
            prop_assert!(out.windows(2).all(|pair| pair[0].order(&pair[1]) == Ordering::Less));
            let out: BTreeMap<Key, f64> = out.iter().map(|row| (key(row), row.value)).collect();
            prop_assert_eq!(out, model);
        }
    }
}
