//! Row group: rows that wait to be encoded, and the same as columns.
//!
//! Names, words and units are handed over as Arrow dictionaries, which the file does not show: rows come sorted, so a
//! name is kept once where it changes, not once a row; and so are flags and origins.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::{Int32Builder, PrimitiveBuilder};
use arrow_array::types::{ArrowPrimitiveType, Int16Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    ArrayRef, DictionaryArray, Float64Array, Int32Array, PrimitiveArray, StringArray, TimestampMicrosecondArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::ArrowError;

use super::columns::{ROWS_PER_BATCH, ZONE};
use super::row_slice::RowSlice;
use crate::model::ids::{DeviceId, SubjectId};
use crate::model::metric::Metric;
use crate::model::origin::{Origin, Revision};
use crate::model::sample::Flags;
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;

/// From so many rows a message on, moments of reception repeat long enough to be packed as they are.
const ROWS_OF_LONG_MESSAGE: usize = 64;

/// Rows that wait to be encoded: those of one row group at most.
#[derive(Debug, Default)]
pub(super) struct RowGroup {
    device: Words<DeviceId>,
    subject: Words<SubjectId>,
    statistic: Words<Statistic>,
    start: Vec<i64>,
    end: Vec<Option<i64>>,
    /// 0 for a bound, so that it does not decide how values are encoded.
    value: Vec<f64>,
    flags: Words<Flags>,
    origin: Words<Origin>,
}

impl RowGroup {
    /// How many rows wait.
    pub(super) fn rows(&self) -> usize {
        self.start.len()
    }

    /// True where every value that waits is a whole number.
    pub(super) fn has_whole_values(&self) -> bool {
        self.value.iter().all(|value| value.fract() == 0.0)
    }

    /// True where few of the rows that wait came together.
    pub(super) fn has_short_messages(&self) -> bool {
        self.rows() < ROWS_OF_LONG_MESSAGE.saturating_mul(self.origin.runs.len())
    }

    /// Adds rows. A value is a place in the list of codes, where there is one.
    pub(super) fn push(&mut self, slice: &RowSlice<'_>) {
        let rows = slice.len();
        self.device.push(Some(slice.device), rows);
        self.subject.push(slice.subject, rows);
        self.statistic.push((!slice.statistic.is_none()).then_some(&slice.statistic), rows);
        self.start.extend(slice.starts.iter().map(|start| start.micros()));
        match slice.ends {
            None => self.end.resize(self.start.len(), None),
            Some(ends) => self.end.extend(ends.iter().map(|end| Some(end.micros()))),
        }
        self.value.extend_from_slice(slice.values);
        let first = self.value.len() - rows;
        slice.each_piece(|piece, flags, origin| {
            self.flags.push((flags != Flags::NONE).then_some(&flags), piece.len());
            self.origin.push((origin != Origin::default()).then_some(&origin), piece.len());
            if flags.is_bound() {
                let bounds = self.value.get_mut(first + piece.start..first + piece.end);
                bounds.into_iter().for_each(|bounds| bounds.fill(0.0));
            }
        });
    }

    /// Empty again; its memory stays for the next rows.
    pub(super) fn clear(&mut self) {
        self.device.runs.clear();
        self.subject.runs.clear();
        self.statistic.runs.clear();
        self.start.clear();
        self.end.clear();
        self.value.clear();
        self.flags.runs.clear();
        self.origin.runs.clear();
    }

    /// Memory that it keeps.
    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        8 * self.start.capacity() + 16 * self.end.capacity() + 8 * self.value.capacity()
    }

    /// The rows as columns, a few at a time.
    pub(super) fn batches<'a>(
        &'a self,
        fixed: &'a Fixed,
    ) -> impl Iterator<Item = Result<Vec<ArrayRef>, ArrowError>> + 'a {
        let device = words(&self.device, |device| device.as_str().to_owned());
        let subject = words(&self.subject, |subject| subject.as_str().to_owned());
        let statistic = words(&self.statistic, |statistic| statistic.text().unwrap_or_default());
        let flags = words(&self.flags, |flags| flags.words().collect::<Vec<_>>().join(" "));
        (0..self.rows()).step_by(ROWS_PER_BATCH).map(move |from| {
            let rows = from..self.rows().min(from + ROWS_PER_BATCH);
            let start: Vec<i64> = self.start.get(rows.clone()).unwrap_or_default().to_vec();
            let end: Vec<Option<i64>> = self.end.get(rows.clone()).unwrap_or_default().to_vec();
            let numbers = self.flags.nulls(&rows, |flags| flags.is_bound());
            let (value, code) = fixed.values(self.value.get(rows.clone()).unwrap_or_default(), numbers)?;
            let moment = |origin: &Origin| origin.received_at.map(Timestamp::micros);
            let received = self.origin.numbers::<TimestampMicrosecondType>(&rows, moment);
            Ok(vec![
                self.device.column(&rows, &device)?,
                fixed.constant(rows.len(), Some(&fixed.metric))?,
                self.statistic.column(&rows, &statistic)?,
                Arc::new(TimestampMicrosecondArray::from(start).with_timezone(ZONE)),
                Arc::new(TimestampMicrosecondArray::from(end).with_timezone(ZONE)),
                value,
                code,
                fixed.constant(rows.len(), fixed.unit.as_ref())?,
                self.flags.column(&rows, &flags)?,
                Arc::new(self.origin.numbers::<Int16Type>(&rows, |origin| origin.utc_offset_minutes)),
                Arc::new(received.with_timezone(ZONE)),
                Arc::new(self.origin.numbers::<Int64Type>(&rows, |origin| origin.revision.map(Revision::number))),
                self.subject.column(&rows, &subject)?,
            ])
        })
    }
}

/// What is alike in every row of a file.
#[derive(Debug)]
pub(super) struct Fixed {
    metric: ArrayRef,
    unit: Option<ArrayRef>,
    codes: Option<ArrayRef>,
}

impl Fixed {
    /// Of a file of this metric.
    pub(super) fn new(metric: &Metric) -> Fixed {
        let texts = |texts: &[String]| Arc::new(StringArray::from_iter_values(texts)) as ArrayRef;
        Fixed {
            metric: texts(std::slice::from_ref(&metric.name)),
            unit: (!metric.unit.is_empty()).then(|| texts(std::slice::from_ref(&metric.unit))),
            codes: metric.is_coded().then(|| texts(&metric.codes)),
        }
    }

    fn constant(&self, rows: usize, word: Option<&ArrayRef>) -> Result<ArrayRef, ArrowError> {
        match word {
            Some(word) => dictionary(Int32Array::from_value(0, rows), word.clone()),
            None => dictionary(Int32Array::new_null(rows), no_words()),
        }
    }

    /// Values as numbers, of which some may be none, and as codes: one of the two columns holds nothing.
    fn values(&self, values: &[f64], are_numbers: Option<NullBuffer>) -> Result<(ArrayRef, ArrayRef), ArrowError> {
        let numbers = || Arc::new(Float64Array::new(values.to_vec().into(), are_numbers.clone()));
        Ok(match &self.codes {
            None => (numbers(), self.constant(values.len(), None)?),
            Some(codes) => {
                let places = Int32Array::from_iter_values(values.iter().map(|place| *place as i32));
                (Arc::new(Float64Array::new_null(values.len())), dictionary(places, codes.clone())?)
            }
        })
    }
}

/// One column of words, each kept once where it changes, with the row behind its last.
#[derive(Debug)]
struct Words<T> {
    runs: Vec<(Option<T>, usize)>,
}

impl<T> Default for Words<T> {
    fn default() -> Words<T> {
        Words { runs: Vec::new() }
    }
}

impl<T: Clone + PartialEq> Words<T> {
    /// Adds a word for so many rows.
    fn push(&mut self, word: Option<&T>, rows: usize) {
        match self.runs.last_mut() {
            Some((last, to)) if last.as_ref() == word => *to += rows,
            last => {
                let to = last.map_or(0, |(_, to)| *to) + rows;
                self.runs.push((word.cloned(), to));
            }
        }
    }

    /// The words of some rows, by their place, and how many rows in a row have each.
    fn within(&self, rows: &Range<usize>) -> impl Iterator<Item = (usize, Option<&T>, usize)> {
        let first = self.runs.partition_point(|(_, to)| *to <= rows.start);
        let (mut from, end) = (rows.start, rows.end);
        self.runs.iter().enumerate().skip(first).map_while(move |(place, (word, to))| {
            let count = (*to).min(end).saturating_sub(from);
            from += count;
            (count > 0).then_some((place, word.as_ref(), count))
        })
    }

    /// The column of some rows; `words` has a word for each run.
    fn column(&self, rows: &Range<usize>, words: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let mut keys = Int32Builder::with_capacity(rows.len());
        for (place, word, count) in self.within(rows) {
            match word {
                // A group holds far fewer than 2^31 runs.
                Some(_) => keys.append_value_n(place as i32, count),
                None => keys.append_nulls(count),
            }
        }
        dictionary(keys.finish(), words.clone())
    }

    /// A number of each word of some rows.
    fn numbers<P: ArrowPrimitiveType>(
        &self,
        rows: &Range<usize>,
        number: impl Fn(&T) -> Option<P::Native>,
    ) -> PrimitiveArray<P> {
        let mut numbers = PrimitiveBuilder::<P>::with_capacity(rows.len());
        for (_, word, count) in self.within(rows) {
            match word.and_then(&number) {
                Some(number) => numbers.append_value_n(number, count),
                None => numbers.append_nulls(count),
            }
        }
        numbers.finish()
    }

    /// Which of some rows have no such word; `None` where none has.
    fn nulls(&self, rows: &Range<usize>, is_null: impl Fn(&T) -> bool) -> Option<NullBuffer> {
        let is_null = |word: Option<&T>| word.is_some_and(&is_null);
        if !self.within(rows).any(|(_, word, _)| is_null(word)) {
            return None;
        }
        Some(self.within(rows).flat_map(|(_, word, count)| std::iter::repeat_n(!is_null(word), count)).collect())
    }
}

fn words<T>(words: &Words<T>, text: impl Fn(&T) -> String) -> ArrayRef {
    let texts = words.runs.iter().map(|(word, _)| word.as_ref().map(&text).unwrap_or_default());
    Arc::new(StringArray::from_iter_values(texts))
}

fn no_words() -> ArrayRef {
    Arc::new(StringArray::new_null(0))
}

fn dictionary(places: Int32Array, words: ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(places, words)?))
}
