//! Hot rows: blocks of one metric and day as strips in the order of a file, a block in memory.

use super::super::file::{OriginRuns, Row, RowSlice};
use crate::model::block::Block;
use crate::model::ids::{DeviceId, SubjectId};
use crate::model::sample::{Flags, Sample, Spans};
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;

/// Blocks of one metric and day, handed over by device and start, as strips in the order of a file.
#[derive(Debug, Default)]
pub(in crate::archive) struct HotRows {
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
    pub(in crate::archive) fn push<E>(
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
    pub(in crate::archive) fn finish<E>(self, mut give: impl FnMut(RowSlice<'_>) -> Result<(), E>) -> Result<(), E> {
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
