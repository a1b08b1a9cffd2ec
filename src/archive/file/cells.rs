//! Cells: one batch of columns, read row by row.

use std::ops::Range;

use arrow::array::{
    Array, AsArray as _, Float64Array, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Float64Type, Int32Type, TimestampMicrosecondType};

use super::columns::{CODE, DEVICE, END, METRIC, START, STATISTIC, SUBJECT, UNIT, VALUE};
use super::error::Damage;
use super::read::Filter;
use super::row::Row;
use crate::model::ids::{DeviceId, SubjectId};
use crate::model::metric::Metric;
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;

/// A batch, and how far it was read.
pub(super) struct Cells {
    metric: Metric,
    columns: Option<Columns>,
    /// The rows still to be read.
    ahead: Range<usize>,
    /// The names of the row before: rows come sorted by device.
    device: Option<DeviceId>,
    subject: Option<SubjectId>,
}

struct Columns {
    device: Texts,
    subject: Texts,
    statistic: Texts,
    /// Each word of the batch as a statistic; `None` for what is none.
    statistics: Vec<Option<Statistic>>,
    code: Texts,
    /// Each word of the batch as a place in the catalogue's list of codes.
    places: Vec<Option<f64>>,
    start: TimestampMicrosecondArray,
    end: TimestampMicrosecondArray,
    value: Float64Array,
}

/// A column of words.
struct Texts {
    places: Int32Array,
    words: StringArray,
}

impl Cells {
    /// No batch yet.
    pub(super) fn none(metric: Metric) -> Cells {
        Cells { metric, columns: None, ahead: 0..0, device: None, subject: None }
    }

    /// Takes the next batch, and passes over what is not of the device that is asked for.
    pub(super) fn load(&mut self, batch: &RecordBatch, filter: &Filter) -> Result<(), Damage> {
        let texts = |place| Texts::of(batch, place).ok_or(Damage::Schema);
        if !texts(METRIC)?.are_all(Some(&self.metric.name)) {
            return Err(Damage::Head("metric"));
        }
        let unit = (!self.metric.unit.is_empty()).then_some(self.metric.unit.as_str());
        if !texts(UNIT)?.are_all(unit) {
            return Err(Damage::Head("unit"));
        }
        let (statistic, code) = (texts(STATISTIC)?, texts(CODE)?);
        let moments =
            |place: usize| batch.columns().get(place)?.as_primitive_opt::<TimestampMicrosecondType>().cloned();
        let columns = Columns {
            statistics: statistic.words.iter().map(|word| Statistic::parse(word?)).collect(),
            places: code.words.iter().map(|word| place_of(&self.metric, word?)).collect(),
            device: texts(DEVICE)?,
            subject: texts(SUBJECT)?,
            statistic,
            code,
            start: moments(START).ok_or(Damage::Schema)?,
            end: moments(END).ok_or(Damage::Schema)?,
            value: batch
                .columns()
                .get(VALUE)
                .and_then(|column| column.as_primitive_opt::<Float64Type>().cloned())
                .ok_or(Damage::Schema)?,
        };
        self.ahead = match &filter.device {
            None => 0..batch.num_rows(),
            Some(device) => columns.of_device(device),
        };
        self.columns = Some(columns);
        Ok(())
    }

    /// The next row; where a cell holds what no writer wrote, its place in the batch.
    pub(super) fn next(&mut self) -> Option<Result<Row, usize>> {
        let place = self.ahead.next()?;
        Some(self.row(place).ok_or(place))
    }

    /// Reads no more.
    pub(super) fn end(&mut self) {
        self.ahead = 0..0;
    }

    /// Rows in the batch.
    pub(super) fn rows(&self) -> usize {
        self.columns.as_ref().map_or(0, |columns| columns.start.len())
    }

    /// True where the batch ends behind the device that is asked for, so that no later one can hold it.
    pub(super) fn is_past(&self, filter: &Filter) -> bool {
        let last = self.columns.as_ref().and_then(|columns| columns.device.text(self.rows().checked_sub(1)?));
        matches!((last, &filter.device), (Some(last), Some(device)) if device.as_str() < last)
    }

    fn row(&mut self, place: usize) -> Option<Row> {
        let columns = self.columns.as_ref()?;
        let device = columns.device.text(place)?;
        if self.device.as_ref().is_none_or(|known| known.as_str() != device) {
            self.device = Some(DeviceId::parse(device).ok()?);
        }
        let subject = columns.subject.text(place);
        if self.subject.as_ref().map(SubjectId::as_str) != subject {
            self.subject = subject.map(SubjectId::parse).transpose().ok()?;
        }
        let statistic = match columns.statistic.place(place) {
            None => Statistic::NONE,
            Some(word) => (*columns.statistics.get(word)?)?,
        };
        let end = match columns.end.is_null(place) {
            true => None,
            false => Some(Timestamp::from_micros(columns.end.value(place)).ok()?),
        };
        let value = match (self.metric.is_coded(), columns.value.is_null(place), columns.code.place(place)) {
            (false, false, None) => columns.value.value(place),
            (true, true, Some(word)) => (*columns.places.get(word)?)?,
            _ => return None,
        };
        if columns.start.is_null(place) {
            return None;
        }
        let start = Timestamp::from_micros(columns.start.value(place)).ok()?;
        Some(Row { device: self.device.clone()?, statistic, start, end, value, subject: self.subject.clone() })
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
}

impl Texts {
    fn of(batch: &RecordBatch, place: usize) -> Option<Texts> {
        let column = batch.columns().get(place)?.as_dictionary_opt::<Int32Type>()?;
        Some(Texts { places: column.keys().clone(), words: column.values().as_string_opt::<i32>()?.clone() })
    }

    fn place(&self, row: usize) -> Option<usize> {
        if self.places.is_null(row) { None } else { usize::try_from(self.places.value(row)).ok() }
    }

    fn text(&self, row: usize) -> Option<&str> {
        let place = self.place(row)?;
        (place < self.words.len()).then(|| self.words.value(place))
    }

    /// True where each row holds this word, or none does.
    fn are_all(&self, word: Option<&str>) -> bool {
        match word {
            None => self.places.null_count() == self.places.len(),
            Some(word) => self.places.null_count() == 0 && self.words.iter().all(|known| known == Some(word)),
        }
    }
}

fn place_of(metric: &Metric, code: &str) -> Option<f64> {
    metric.codes.iter().position(|known| known == code).map(|place| place as f64)
}
