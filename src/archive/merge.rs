//! Merge: rows of the hot table in the order of a file, merged with the rows of one, each sample once.
//!
//! # Why
//! Both sides come sorted, so each is held a block or a batch at a time, however long the day. What the file holds was
//! stored first, so it stays; the hot row of the same key is a duplicate, or a conflict.
//!
//! Invariant: what comes out rises in the order of files and holds each key once
//! (`each_key_comes_out_once_and_the_archived_value_stays`).

use super::file::{FileError, OriginRuns, Row, RowSlice, Rows};
use crate::model::block::Block;
use crate::model::ids::{DeviceId, SubjectId};
use crate::model::sample::{Flags, Sample, Spans};
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;

/// Blocks of one metric and day, handed over by device and start, as strips in the order of a file.
#[derive(Debug, Default)]
pub(super) struct HotRows {
    /// The last block, as long as no other one overlaps it.
    whole: Option<Columns>,
    /// Rows of the device that was handed over last, in order, where blocks overlap: those of at most one
    /// block a statistic.
    mixed: Vec<Row>,
}

/// A slice that owns its columns.
#[derive(Debug)]
struct Columns {
    device: DeviceId,
    subject: Option<SubjectId>,
    statistic: Statistic,
    starts: Vec<Timestamp>,
    ends: Option<Vec<Timestamp>>,
    values: Vec<f64>,
    flags: Vec<Flags>,
    origins: OriginRuns,
}

impl HotRows {
    /// Takes a block; the rows that no later block can come before are handed out.
    pub(super) fn push<E>(
        &mut self,
        device: &DeviceId,
        statistic: Statistic,
        block: Block,
        mut give: impl FnMut(RowSlice<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let is_other = self.mixed.last().is_some_and(|last| last.device != *device);
        let ready = if is_other { self.mixed.len() } else { self.mixed.partition_point(|row| row.start < block.start) };
        self.mixed.drain(..ready).try_for_each(|row| give(row.slice()))?;
        let is_behind =
            |whole: &Columns| whole.device != *device || whole.starts.last().is_some_and(|last| *last < block.start);
        if let Some(whole) = self.whole.take_if(|whole| is_behind(whole)) {
            give(whole.slice())?;
        }
        match Columns::of(device, statistic, block) {
            Ok(columns) if self.whole.is_none() && self.mixed.is_empty() => self.whole = Some(columns),
            Ok(columns) => self.mix(columns.slice().rows()),
            Err(rows) => self.mix(rows.into_iter()),
        }
        Ok(())
    }

    /// Hands out what still waits.
    pub(super) fn finish<E>(self, mut give: impl FnMut(RowSlice<'_>) -> Result<(), E>) -> Result<(), E> {
        self.whole.iter().try_for_each(|whole| give(whole.slice()))?;
        self.mixed.iter().try_for_each(|row| give(row.slice()))
    }

    fn mix(&mut self, rows: impl Iterator<Item = Row>) {
        let whole = self.whole.take();
        self.mixed.extend(whole.iter().flat_map(|whole| whole.slice().rows()).chain(rows));
        self.mixed.sort_by(Row::order);
    }
}

impl Columns {
    /// A block's columns; its rows, where only some of them last.
    fn of(device: &DeviceId, statistic: Statistic, mut block: Block) -> Result<Columns, Vec<Row>> {
        let device = device.clone();
        block.flags.iter_mut().for_each(|flags| *flags = flags.known());
        if let Spans::Own(spans) = &block.spans
            && spans.iter().any(Option::is_none)
        {
            let row = |sample: Sample| {
                let (start, end) = (sample.start, sample.end());
                let Sample { value, flags, origin, .. } = sample;
                Row { device: device.clone(), statistic, start, end, value, flags, origin, subject: None }
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
        let origins = OriginRuns::of(&block.origins, starts.len());
        let Block { values, flags, .. } = block;
        Ok(Columns { device, subject: None, statistic, starts, ends, values, flags, origins })
    }

    fn slice(&self) -> RowSlice<'_> {
        let Columns { device, subject, statistic, starts, ends, values, flags, origins } = self;
        let (subject, ends, origins) = (subject.as_ref(), ends.as_deref(), origins.slice());
        RowSlice { device, subject, statistic: *statistic, starts, ends, values, flags, origins }
    }
}

/// Rows that were merged, and where they are from.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum MergeOutcome {
    /// The file holds them, and they come next.
    Old,
    /// Hot; no row of the file has their keys, and they come next.
    New,
    /// A hot row that the file holds.
    Duplicate,
    /// A hot row whose key the file holds with another value.
    Conflict,
}

impl MergeOutcome {
    /// True for rows that belong into what is merged.
    pub(super) fn is_next(self) -> bool {
        matches!(self, MergeOutcome::Old | MergeOutcome::New)
    }
}

/// Rows of a file, a slice at a time.
pub(super) trait Archived {
    /// The next consecutive rows; `None` at the end. They come again until they are passed.
    fn slice(&mut self) -> Result<Option<RowSlice<'_>>, FileError>;

    /// Passes over so many of them.
    fn pass(&mut self, rows: usize);
}

impl Archived for Option<Rows> {
    fn slice(&mut self) -> Result<Option<RowSlice<'_>>, FileError> {
        self.as_mut().map_or(Ok(None), Rows::slice)
    }

    fn pass(&mut self, rows: usize) {
        if let Some(of_file) = self {
            of_file.pass(rows);
        }
    }
}

/// The rows of a file, with which hot rows are merged.
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
        mut hot: RowSlice<'_>,
        mut give: impl FnMut(MergeOutcome, RowSlice<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(first) = hot.first() {
            let Some(old) = self.old.slice()? else { return give(MergeOutcome::New, hot) };
            let before = old.rows_before(first);
            if before > 0 {
                give(MergeOutcome::Old, old.slice(0..before))?;
                self.old.pass(before);
                continue;
            }
            let new = old.first().map_or(hot.len(), |old| hot.rows_before(old));
            if new > 0 {
                give(MergeOutcome::New, hot.slice(0..new))?;
                hot = hot.slice(new..hot.len());
                continue;
            }
            // Neither comes before the other: one key.
            let is_same = old.says_first_what(&hot);
            give(if is_same { MergeOutcome::Duplicate } else { MergeOutcome::Conflict }, hot.slice(0..1))?;
            hot = hot.slice(1..hot.len());
        }
        Ok(())
    }

    /// Hands out the file's last rows.
    pub(super) fn finish<E: From<FileError>>(
        mut self,
        mut give: impl FnMut(MergeOutcome, RowSlice<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(old) = self.old.slice()? {
            let rows = old.len();
            give(MergeOutcome::Old, old)?;
            self.old.pass(rows);
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
