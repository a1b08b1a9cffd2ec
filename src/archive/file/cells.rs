//! Cells: one batch of columns, read slice by slice.

use std::ops::Range;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_buffer::ScalarBuffer;

use super::columns::{CODE, DEVICE, END, METRIC, START, STATISTIC, UNIT, VALUE, subject_place};
use super::error::Damage;
use super::extras::Extras;
use super::filter::RowFilter;
use super::row_slice::RowSlice;
use super::texts::{Presence, Texts};
use crate::model::ids::{DeviceId, SubjectId};
use crate::model::metric::Metric;
use crate::model::sample::Flags;
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;

/// A batch, and how far it was read.
pub(super) struct Cells {
    metric: Metric,
    columns: Option<Columns>,
    /// The rows of the batch still to be read.
    ahead: Range<usize>,
    /// The consecutive rows that were found and are not passed yet, and whose they are.
    slice: Range<usize>,
    device: Option<DeviceId>,
    subject: Option<SubjectId>,
    statistic: Statistic,
    is_interval: bool,
}

struct Columns {
    device: Texts,
    subject: Texts,
    statistic: Texts,
    start: Vec<Timestamp>,
    /// Where there is none, the start again.
    end: Vec<Timestamp>,
    has_end: Presence,
    value: ScalarBuffer<f64>,
    extras: Extras,
}

impl Cells {
    /// No batch yet.
    pub(super) fn none(metric: Metric) -> Cells {
        let (columns, device, subject) = (None, None, None);
        let (statistic, is_interval) = (Statistic::NONE, false);
        Cells { metric, columns, ahead: 0..0, slice: 0..0, device, subject, statistic, is_interval }
    }

    /// Takes the next batch, and skips what is not of the device that is asked for. The first row of the batch is
    /// row `before` of what is read.
    pub(super) fn load(&mut self, batch: &RecordBatch, filter: &RowFilter, before: u64) -> Result<(), Damage> {
        let texts = |place| Texts::of(batch, place).ok_or(Damage::Schema);
        let unit = (!self.metric.unit.is_empty()).then_some(self.metric.unit.as_str());
        if !texts(METRIC)?.are_all(Some(&self.metric.name)) {
            return Err(Damage::Head("metric"));
        }
        if !texts(UNIT)?.are_all(unit) {
            return Err(Damage::Head("unit"));
        }
        let wrong = |place: usize| Damage::Row { row: before + place as u64 };
        let (start, has_start) = moments(batch, START)?;
        if let Some(place) = has_start.first_absent(start.len()) {
            return Err(wrong(place));
        }
        let (end, has_end) = moments(batch, END)?;
        let extras = Extras::of(batch)?.map_err(wrong)?;
        let columns = Columns {
            device: texts(DEVICE)?,
            subject: texts(subject_place(batch.num_columns()))?,
            statistic: texts(STATISTIC)?,
            start: timestamps(start.iter().copied()).map_err(wrong)?,
            end: match has_end {
                Presence::None => Vec::new(),
                _ => timestamps(end.iter().zip(&start).enumerate().map(
                    |(place, (end, start))| {
                        if has_end.at(place) { *end } else { *start }
                    },
                ))
                .map_err(wrong)?,
            },
            has_end,
            value: values(batch, &self.metric, &extras.flags)?.map_err(wrong)?,
            extras,
        };
        self.ahead = match &filter.device {
            None => 0..batch.num_rows(),
            Some(device) => columns.of_device(device),
        };
        (self.slice, self.columns) = (0..0, Some(columns));
        Ok(())
    }

    /// Finds the next consecutive rows that are asked for, where none wait: false at the end of the batch; the
    /// place of a cell that holds what no writer wrote.
    pub(super) fn find(&mut self, filter: &RowFilter) -> Result<bool, usize> {
        while self.slice.is_empty() {
            let (Some(columns), false) = (&self.columns, self.ahead.is_empty()) else { return Ok(false) };
            let from = self.ahead.start;
            let device = columns.device.text(from).ok_or(from)?;
            if self.device.as_ref().is_none_or(|known| known.as_str() != device) {
                self.device = Some(DeviceId::parse(device).map_err(|_| from)?);
            }
            let subject = columns.subject.text(from);
            if self.subject.as_ref().map(SubjectId::as_str) != subject {
                self.subject = subject.map(SubjectId::parse).transpose().map_err(|_| from)?;
            }
            self.statistic = match columns.statistic.text(from) {
                None => Statistic::NONE,
                Some(word) => Statistic::parse(word).ok_or(from)?,
            };
            self.is_interval = columns.has_end.at(from);
            let to = columns.end_of(from..self.ahead.end);
            self.ahead.start = to;
            let starts = columns.start.get(from..to).unwrap_or_default();
            let before = |moment: Timestamp| starts.partition_point(|start| *start < moment);
            self.slice = from + filter.from.map_or(0, before)..from + filter.to.map_or(starts.len(), before);
        }
        Ok(true)
    }

    /// The rows that were found.
    pub(super) fn slice(&self) -> Option<RowSlice<'_>> {
        let columns = self.columns.as_ref()?;
        let rows = self.slice.clone();
        Some(RowSlice {
            device: self.device.as_ref()?,
            subject: self.subject.as_ref(),
            statistic: self.statistic,
            starts: columns.start.get(rows.clone())?,
            ends: if self.is_interval { Some(columns.end.get(rows.clone())?) } else { None },
            values: columns.value.get(rows.clone())?,
            flags: columns.extras.flags.get(rows.clone()).unwrap_or_default(),
            origins: columns.extras.origins.slice().slice(rows),
        })
    }

    /// Passes over so many of them.
    pub(super) fn pass(&mut self, rows: usize) {
        self.slice.start = self.slice.end.min(self.slice.start + rows);
    }

    /// Reads no more.
    pub(super) fn end(&mut self) {
        (self.ahead, self.slice) = (0..0, 0..0);
    }

    /// Rows in the batch.
    pub(super) fn rows(&self) -> usize {
        self.columns.as_ref().map_or(0, |columns| columns.start.len())
    }

    /// True where the batch ends behind the device that is asked for, so that no later one can hold it.
    pub(super) fn is_past(&self, filter: &RowFilter) -> bool {
        let last = self.columns.as_ref().and_then(|columns| columns.device.text(self.rows().checked_sub(1)?));
        matches!((last, &filter.device), (Some(last), Some(device)) if device.as_str() < last)
    }
}

impl Columns {
    /// The rows of this device, by halving: rows are sorted by device.
    fn of_device(&self, device: &DeviceId) -> Range<usize> {
        let below = |limit: &dyn Fn(&str) -> bool| {
            let (mut low, mut high) = (0, self.start.len());
            while low < high {
                let middle = low + (high - low) / 2;
                if self.device.text(middle).is_some_and(limit) { low = middle + 1 } else { high = middle }
            }
            low
        };
        below(&|text| text < device.as_str())..below(&|text| text <= device.as_str())
    }

    /// Where the rows end that belong with the first of these, or earlier.
    fn end_of(&self, rows: Range<usize>) -> usize {
        let to = self.device.run(rows.clone());
        let to = self.subject.run(rows.start..to);
        let to = self.statistic.run(rows.start..to);
        self.has_end.run(rows.start..to)
    }
}

/// A column of moments, and which of them are there.
fn moments(batch: &RecordBatch, place: usize) -> Result<(ScalarBuffer<i64>, Presence), Damage> {
    let column = batch.columns().get(place).and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
    let column = column.ok_or(Damage::Schema)?;
    Ok((column.values().clone(), Presence::of(column.nulls(), column.len())))
}

/// Numbers as moments, or the place of the first that is none.
fn timestamps(micros: impl Iterator<Item = i64>) -> Result<Vec<Timestamp>, usize> {
    let moment = |(place, micros)| Timestamp::from_micros(micros).map_err(|_| place);
    micros.enumerate().map(moment).collect()
}

/// The values, or places of codes; the place of a row that has neither or both, or a code that is none. Of a bound the
/// limit of the metric's sensors.
fn values(batch: &RecordBatch, metric: &Metric, flags: &[Flags]) -> Result<Result<ScalarBuffer<f64>, usize>, Damage> {
    let numbers = batch.columns().get(VALUE).and_then(|column| column.as_primitive_opt::<Float64Type>());
    let (numbers, codes) = (numbers.ok_or(Damage::Schema)?, Texts::of(batch, CODE).ok_or(Damage::Schema)?);
    let are_there = Presence::of(numbers.nulls(), numbers.len());
    let rows = 0..numbers.len();
    if !metric.is_coded() {
        if flags.iter().any(|flags| flags.is_bound()) {
            let is_right = |place: usize, flags: Flags| flags.is_bound() != are_there.at(place);
            let value = |(place, (flags, number)): (usize, (&Flags, &f64))| {
                let is_right = is_right(place, *flags) && !codes.are_present.at(place);
                is_right.then(|| bound(metric, *flags).unwrap_or(*number)).ok_or(place)
            };
            let values: Result<Vec<f64>, usize> = flags.iter().zip(numbers.values()).enumerate().map(value).collect();
            return Ok(values.map(ScalarBuffer::from));
        }
        let is_wrong = |row: &usize| !are_there.at(*row) || codes.are_present.at(*row);
        let are_plain = matches!((&are_there, &codes.are_present), (Presence::All, Presence::None));
        let wrong = if are_plain { None } else { rows.clone().find(is_wrong) };
        return Ok(wrong.map_or_else(|| Ok(numbers.values().clone()), Err));
    }
    let mut places = Vec::with_capacity(rows.len());
    let mut from = 0;
    while from < rows.end {
        let to = codes.run(from..rows.end);
        let place = codes.text(from).and_then(|code| metric.codes.iter().position(|known| known == code));
        let Some(place) = place.filter(|_| !(from..to).any(|row| are_there.at(row))) else { return Ok(Err(from)) };
        places.resize(to, place as f64);
        from = to;
    }
    Ok(Ok(places.into()))
}

/// What stands for the number of a bound: the limit of the metric's sensors on its side, as in the hot table.
fn bound(metric: &Metric, flags: Flags) -> Option<f64> {
    let range = metric.sensor.or(metric.hard);
    let limit = |is_below: bool| range.map_or(0.0, |range| if is_below { range.low } else { range.high });
    flags.is_bound().then(|| limit(flags.0 & Flags::BELOW_RANGE.0 != 0))
}
