//! Columns: those of `signal.sample` and whom a row is about, as Arrow arrays and as Parquet lays them out.
//!
//! Names, words and units are handed over as Arrow dictionaries, which the file does not show: rows come sorted, so a
//! name is stored once where it changes, not once a row.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, DictionaryArray, Float64Array, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterPropertiesBuilder, WriterVersion};
use parquet::schema::types::ColumnPath;

use super::row::Row;
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

/// The columns of every file.
pub(super) fn schema() -> SchemaRef {
    let text = || DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
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

/// How Parquet lays them out. See the room's `# Why` for the pages.
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

/// Rows that wait to be handed over.
pub(super) struct Columns {
    metric: ArrayRef,
    unit: Option<ArrayRef>,
    codes: Option<ArrayRef>,
    device: Words<DeviceId>,
    subject: Words<SubjectId>,
    statistic: Words<Statistic>,
    start: Vec<i64>,
    end: Vec<Option<i64>>,
    value: Vec<f64>,
}

impl Columns {
    /// Of a file of this metric.
    pub(super) fn new(metric: &Metric) -> Columns {
        let texts = |texts: &[String]| Arc::new(StringArray::from_iter_values(texts)) as ArrayRef;
        Columns {
            metric: texts(std::slice::from_ref(&metric.name)),
            unit: (!metric.unit.is_empty()).then(|| texts(std::slice::from_ref(&metric.unit))),
            codes: metric.is_coded().then(|| texts(&metric.codes)),
            device: Words::default(),
            subject: Words::default(),
            statistic: Words::default(),
            start: Vec::with_capacity(ROWS_PER_BATCH),
            end: Vec::with_capacity(ROWS_PER_BATCH),
            value: Vec::with_capacity(ROWS_PER_BATCH),
        }
    }

    /// How many rows wait.
    pub(super) fn rows(&self) -> usize {
        self.start.len()
    }

    /// True where every value that waits is a whole number.
    pub(super) fn has_whole_values(&self) -> bool {
        self.value.iter().all(|value| value.fract() == 0.0)
    }

    /// Adds a row. Its value is a place in the list of codes, where there is one.
    pub(super) fn push(&mut self, row: &Row) {
        self.device.push(Some(&row.device));
        self.subject.push(row.subject.as_ref());
        self.statistic.push((!row.statistic.is_none()).then_some(&row.statistic));
        self.start.push(row.start.micros());
        self.end.push(row.end.map(|end| end.micros()));
        self.value.push(row.value);
    }

    /// The rows as columns; none wait afterwards.
    pub(super) fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        let rows = self.rows();
        let constant = |word: ArrayRef| dictionary(vec![Some(0); rows], word);
        let values = std::mem::take(&mut self.value);
        let (value, code): (ArrayRef, ArrayRef) = match &self.codes {
            None => (Arc::new(Float64Array::from(values)), dictionary(vec![None; rows], no_words())?),
            Some(codes) => {
                let places = values.iter().map(|place| Some(*place as i32)).collect();
                (Arc::new(Float64Array::new_null(rows)), dictionary(places, codes.clone())?)
            }
        };
        let start = TimestampMicrosecondArray::from(std::mem::take(&mut self.start)).with_timezone(ZONE);
        let end = TimestampMicrosecondArray::from(std::mem::take(&mut self.end)).with_timezone(ZONE);
        let columns = vec![
            self.device.take(|device| device.as_str().to_owned())?,
            constant(self.metric.clone())?,
            self.statistic.take(|statistic| statistic.text().unwrap_or_default())?,
            Arc::new(start),
            Arc::new(end),
            value,
            code,
            match &self.unit {
                Some(unit) => constant(unit.clone())?,
                None => dictionary(vec![None; rows], no_words())?,
            },
            self.subject.take(|subject| subject.as_str().to_owned())?,
        ];
        RecordBatch::try_new(schema(), columns)
    }
}

/// One column of words, each kept once where it changes.
struct Words<T> {
    words: Vec<T>,
    places: Vec<Option<i32>>,
}

impl<T> Default for Words<T> {
    fn default() -> Words<T> {
        Words { words: Vec::new(), places: Vec::new() }
    }
}

impl<T: Clone + PartialEq> Words<T> {
    fn push(&mut self, word: Option<&T>) {
        if let Some(word) = word
            && self.words.last() != Some(word)
        {
            self.words.push(word.clone());
        }
        // A batch holds far fewer than 2^31 words.
        self.places.push(word.map(|_| self.words.len() as i32 - 1));
    }

    fn take(&mut self, text: impl Fn(&T) -> String) -> Result<ArrayRef, ArrowError> {
        let words = self.words.drain(..).map(|word| text(&word));
        dictionary(std::mem::take(&mut self.places), Arc::new(StringArray::from_iter_values(words)))
    }
}

fn no_words() -> ArrayRef {
    Arc::new(StringArray::new_null(0))
}

fn dictionary(places: Vec<Option<i32>>, words: ArrayRef) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(Int32Array::from(places), words)?))
}
