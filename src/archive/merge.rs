//! Merge: rows of the hot table in the order of a file, and laid beside the rows of one, each sample once.
//!
//! # Why
//! Both sides come sorted, so each is held a block or a batch at a time, however long the day. What the file holds was
//! stored first, so it stays; the hot row of the same key is told to be a duplicate, or a conflict.
//!
//! Invariant: what comes out rises in the order of files and holds each key once
//! (`each_key_comes_out_once_and_the_archived_value_stays`).

use std::cmp::Ordering;

use super::file::{FileError, Row};
use crate::model::block::Block;
use crate::model::ids::DeviceId;
use crate::model::sample::Sample;
use crate::model::statistic::Statistic;

/// Blocks of one metric and day, handed over by device and start, as rows in the order of a file.
#[derive(Debug, Default)]
pub(super) struct HotRows {
    /// Rows of the device that was handed over last, in order: those of at most one block a statistic.
    waiting: Vec<Row>,
}

impl HotRows {
    /// Takes a block; the rows that no later block can come before are handed out.
    pub(super) fn push<E>(
        &mut self,
        device: &DeviceId,
        statistic: Statistic,
        block: &Block,
        mut give: impl FnMut(Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let is_other = self.waiting.last().is_some_and(|last| last.device != *device);
        let ready =
            if is_other { self.waiting.len() } else { self.waiting.partition_point(|row| row.start < block.start) };
        self.waiting.drain(..ready).try_for_each(&mut give)?;
        let is_beside_others = !self.waiting.is_empty();
        self.waiting.extend(block.samples().map(|sample| row(device, statistic, &sample)));
        if is_beside_others {
            self.waiting.sort_by(Row::order);
        }
        Ok(())
    }

    /// Hands out what still waits.
    pub(super) fn finish<E>(self, give: impl FnMut(Row) -> Result<(), E>) -> Result<(), E> {
        self.waiting.into_iter().try_for_each(give)
    }
}

fn row(device: &DeviceId, statistic: Statistic, sample: &Sample) -> Row {
    let (start, end) = (sample.start, sample.end());
    Row { device: device.clone(), statistic, start, end, value: sample.value, subject: None }
}

/// What a hot row turned out to be.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// No row of the file has its key.
    New,
    /// The file holds it.
    Duplicate,
    /// The file holds another value under its key.
    Conflict,
}

/// The rows of a file, beside which hot rows are laid.
pub(super) struct Merge<I> {
    old: I,
    next: Option<Row>,
}

impl<I: Iterator<Item = Result<Row, FileError>>> Merge<I> {
    pub(super) fn new(mut old: I) -> Result<Merge<I>, FileError> {
        let next = old.next().transpose()?;
        Ok(Merge { old, next })
    }

    /// Lays one hot row, which comes after those before it: hands out the file's rows before it, and the row itself
    /// where the file does not hold its key.
    pub(super) fn lay<E: From<FileError>>(
        &mut self,
        hot: &Row,
        mut give: impl FnMut(&Row) -> Result<(), E>,
    ) -> Result<Met, E> {
        while let Some(old) = &self.next {
            match old.order(hot) {
                Ordering::Less => {
                    give(old)?;
                    self.next = self.old.next().transpose()?;
                }
                Ordering::Equal if old.value == hot.value => return Ok(Met::Duplicate),
                Ordering::Equal => return Ok(Met::Conflict),
                Ordering::Greater => break,
            }
        }
        give(hot)?;
        Ok(Met::New)
    }

    /// Hands out the file's last rows.
    pub(super) fn finish<E: From<FileError>>(mut self, mut give: impl FnMut(&Row) -> Result<(), E>) -> Result<(), E> {
        while let Some(old) = &self.next {
            give(old)?;
            self.next = self.old.next().transpose()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::block::BlockBuilder;
    use crate::model::sample::Flags;
    use crate::model::time::Timestamp;
    use proptest::prelude::*;
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
                hot.push(device, statistic, &block, |row| {
                    given.push(row);
                    Ok::<(), FileError>(())
                })
                .unwrap();
            }
        }
        hot.finish(|row| {
            given.push(row);
            Ok::<(), FileError>(())
        })
        .unwrap();
        given
    }

    proptest! {
        #[test]
        fn each_key_comes_out_once_and_the_archived_value_stays(old in samples(), hot in samples()) {
            let (old, hot) = (rows(&old), rows(&hot));
            prop_assert!(hot.windows(2).all(|pair| pair[0].order(&pair[1]) == Ordering::Less));
            let mut model: BTreeMap<Key, f64> = old.iter().map(|row| (key(row), row.value)).collect();
            let (mut out, mut met) = (Vec::new(), Vec::new());
            let mut merge = Merge::new(old.into_iter().map(Ok)).unwrap();
            for row in &hot {
                let expected = match model.get(&key(row)) {
                    None => { model.insert(key(row), row.value); Met::New }
                    Some(value) if *value == row.value => Met::Duplicate,
                    Some(_) => Met::Conflict,
                };
                let found = merge.lay(row, |row| { out.push(row.clone()); Ok::<(), FileError>(()) }).unwrap();
                met.push((found, expected));
            }
            merge.finish(|row| { out.push(row.clone()); Ok::<(), FileError>(()) }).unwrap();
            prop_assert!(met.iter().all(|(found, expected)| found == expected));
            prop_assert!(out.windows(2).all(|pair| pair[0].order(&pair[1]) == Ordering::Less));
            let out: BTreeMap<Key, f64> = out.iter().map(|row| (key(row), row.value)).collect();
            prop_assert_eq!(out, model);
        }
    }
}
