//! Columns: those of `signal.sample` and whom a row is about, as Arrow arrays and as Parquet columns.
//!
//! Names, words and units are handed over as Arrow dictionaries, which the file does not show: rows come sorted, so a
//! name is kept once where it changes, not once a row.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::builder::Int32Builder;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Float64Array, Int32Array, StringArray, TimestampMicrosecondArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterPropertiesBuilder, WriterVersion};
use parquet::schema::types::ColumnPath;

use super::row_slice::RowSlice;
use crate::model::ids::{DeviceId, SubjectId};
use crate::model::metric::Metric;
use crate::model::statistic::Statistic;

/// Rows that one reader's thread takes; DuckDB's own row group.
pub(super) const ROWS_PER_GROUP: usize = 122_880;
/// Rows that are handed over at once: they stay in the second-level cache, and a row group is 15 of them.
pub(super) const ROWS_PER_BATCH: usize = 8_192;
/// Bytes in the longest page: more than the longest names of a whole row group, 122,880 × (4 + 64), so that one page is
/// enough, whatever a chunk holds.
const PAGE_BYTES_MAX: usize = 16 << 20;
/// UTC, as Arrow names it.
const ZONE: &str = "UTC";

/// Places of the columns.
pub(super) const DEVICE: usize = 0;
pub(super) const METRIC: usize = 1;
pub(super) const STATISTIC: usize = 2;
pub(super) const START: usize = 3;
pub(super) const END: usize = 4;
pub(super) const VALUE: usize = 5;
pub(super) const CODE: usize = 6;
pub(super) const UNIT: usize = 7;
pub(super) const SUBJECT: usize = 8;

/// The columns of every file, as they are written.
pub(super) fn schema() -> SchemaRef {
    schema_of(&DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)))
}

/// The columns of every file, as they are read: texts as views into the dictionary's page. As dictionaries they would
/// be hashed and compared again where a column holds nothing, at 0.13 us a row and column (parquet 60.1: comparing two
/// empty slices of an empty buffer costs a fault that the processor has to suppress).
pub(super) fn schema_read() -> SchemaRef {
    schema_of(&DataType::Utf8View)
}

fn schema_of(text: &DataType) -> SchemaRef {
    let text = || text.clone();
    let moment = || DataType::Timestamp(TimeUnit::Microsecond, Some(ZONE.into()));
    Arc::new(Schema::new(vec![
        Field::new("device_id", text(), false),
        Field::new("metric", text(), false),
        Field::new("statistic", text(), true),
        Field::new("start_at", moment(), false),
        Field::new("end_at", moment(), true),
        Field::new("value", DataType::Float64, true),
        Field::new("code", text(), true),
        Field::new("unit", text(), true),
        Field::new("subject_id", text(), true),
    ]))
}

/// What zstd does with values, bytes a sample of the real heart rate of seven people over 31 days: level 3 packs a file
/// into 1.24, level 6 into 1.14, level 9 into 1.12 at half of the speed.
const ZSTD_LEVEL: i32 = 6;

/// Their layout in Parquet. See the module's `# Why` for the pages.
///
/// Whole numbers, as heart rates, are split into byte streams: two of the eight say everything, and zstd takes 0.60
/// bytes a value where a dictionary's packed indices, which keep to no byte, take 0.78. Fractions fill all eight
/// streams, so they have a dictionary.
pub(super) fn layout(
    builder: WriterPropertiesBuilder,
    has_whole_values: bool,
) -> Result<WriterPropertiesBuilder, ParquetError> {
    let rising =
        |column: usize, nulls_first| SortingColumn { column_idx: column as i32, descending: false, nulls_first };
    let mut builder = builder
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by(concat!("healthtrack version ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
        .set_data_page_row_count_limit(2 * ROWS_PER_GROUP)
        .set_data_page_size_limit(PAGE_BYTES_MAX)
        .set_dictionary_page_size_limit(PAGE_BYTES_MAX)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_bloom_filter_enabled(false)
        .set_sorting_columns(Some(vec![
            rising(DEVICE, false),
            rising(START, false),
            rising(END, true),
            rising(STATISTIC, true),
        ]));
    let mut encoded = vec![("start_at", Encoding::DELTA_BINARY_PACKED), ("end_at", Encoding::DELTA_BINARY_PACKED)];
    if has_whole_values {
        encoded.push(("value", Encoding::BYTE_STREAM_SPLIT));
    }
    for (name, encoding) in encoded {
        let column = ColumnPath::from(name);
        builder = builder.set_column_dictionary_enabled(column.clone(), false).set_column_encoding(column, encoding);
    }
    Ok(builder)
}

/// Rows that wait to be encoded: those of one row group at most.
#[derive(Debug, Default)]
pub(super) struct RowGroup {
    device: Words<DeviceId>,
    subject: Words<SubjectId>,
    statistic: Words<Statistic>,
    start: Vec<i64>,
    end: Vec<Option<i64>>,
    value: Vec<f64>,
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
    }

    /// Empty again; its memory stays for the next rows.
    pub(super) fn clear(&mut self) {
        self.device.runs.clear();
        self.subject.runs.clear();
        self.statistic.runs.clear();
        self.start.clear();
        self.end.clear();
        self.value.clear();
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
        (0..self.rows()).step_by(ROWS_PER_BATCH).map(move |from| {
            let rows = from..self.rows().min(from + ROWS_PER_BATCH);
            let start: Vec<i64> = self.start.get(rows.clone()).unwrap_or_default().to_vec();
            let end: Vec<Option<i64>> = self.end.get(rows.clone()).unwrap_or_default().to_vec();
            let (value, code) = fixed.values(self.value.get(rows.clone()).unwrap_or_default())?;
            Ok(vec![
                self.device.column(&rows, &device)?,
                fixed.constant(rows.len(), Some(&fixed.metric))?,
                self.statistic.column(&rows, &statistic)?,
                Arc::new(TimestampMicrosecondArray::from(start).with_timezone(ZONE)),
                Arc::new(TimestampMicrosecondArray::from(end).with_timezone(ZONE)),
                value,
                code,
                fixed.constant(rows.len(), fixed.unit.as_ref())?,
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

    /// Values as numbers and as codes: one of the two holds nothing.
    fn values(&self, values: &[f64]) -> Result<(ArrayRef, ArrayRef), ArrowError> {
        let numbers = || Arc::new(Float64Array::from(values.to_vec()));
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

    /// The column of some rows; `words` has a word for each run.
    fn column(&self, rows: &Range<usize>, words: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let first = self.runs.partition_point(|(_, to)| *to <= rows.start);
        let mut keys = Int32Builder::with_capacity(rows.len());
        let mut from = rows.start;
        for (place, (word, to)) in self.runs.iter().enumerate().skip(first) {
            let count = (*to).min(rows.end).saturating_sub(from);
            match word {
                // A group holds far fewer than 2^31 runs.
                Some(_) => keys.append_value_n(place as i32, count),
                None => keys.append_nulls(count),
            }
            from += count;
            if from >= rows.end {
                break;
            }
        }
        dictionary(keys.finish(), words.clone())
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
