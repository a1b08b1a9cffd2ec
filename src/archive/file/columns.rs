//! Columns: those of `signal.sample` and whom a row is about, as Arrow arrays and as Parquet columns.
//!
//! # Why
//! Flags are words with a space between them, and no list as in `signal.sample`: DuckDB 2.0 cannot read a list from an
//! encrypted file, whoever wrote it, and its view makes one of the words. A bound has no number: its value is null, so
//! that no mean or threshold counts it, and its flag says on which side it lies.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterPropertiesBuilder, WriterVersion};
use parquet::schema::types::ColumnPath;

use super::head::FIRST_VERSION;

/// Rows that one reader's thread takes; DuckDB's own row group.
pub(super) const ROWS_PER_GROUP: usize = 122_880;
/// Rows that are handed over at once: they stay in the second-level cache, and a row group is 15 of them.
pub(super) const ROWS_PER_BATCH: usize = 8_192;
/// Bytes in the longest page: more than the longest names of a whole row group, 122,880 × (4 + 64), so that one page is
/// enough, whatever a chunk holds.
const PAGE_BYTES_MAX: usize = 16 << 20;
/// UTC, as Arrow names it.
pub(super) const ZONE: &str = "UTC";

/// Places of the columns.
pub(super) const DEVICE: usize = 0;
pub(super) const METRIC: usize = 1;
pub(super) const STATISTIC: usize = 2;
pub(super) const START: usize = 3;
pub(super) const END: usize = 4;
pub(super) const VALUE: usize = 5;
pub(super) const CODE: usize = 6;
pub(super) const UNIT: usize = 7;
pub(super) const FLAGS: usize = 8;
pub(super) const UTC_OFFSET: usize = 9;
pub(super) const RECEIVED: usize = 10;
pub(super) const REVISION: usize = 11;
pub(super) const SUBJECT: usize = 12;

/// Where a file of so many columns has its subjects: those of the first version know nothing of how a sample came.
pub(super) fn subject_place(columns: usize) -> usize {
    if columns > SUBJECT { SUBJECT } else { FLAGS }
}

/// The columns of every file, as they are written.
pub(super) fn schema() -> SchemaRef {
    let text = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    Arc::new(Schema::new(columns(&text)))
}

/// The columns of a file of this version, as they are read: texts as views into the dictionary's page. As dictionaries
/// they would be hashed and compared again where a column holds nothing, at 0.13 us a row and column (parquet 60.1:
/// comparing two empty slices of an empty buffer costs a fault that the processor has to suppress).
pub(super) fn schema_read(version: u32) -> SchemaRef {
    let mut columns = columns(&DataType::Utf8View);
    if version == FIRST_VERSION {
        columns.drain(FLAGS..SUBJECT);
    }
    Arc::new(Schema::new(columns))
}

fn columns(text: &DataType) -> Vec<Field> {
    let text = || text.clone();
    let moment = || DataType::Timestamp(TimeUnit::Microsecond, Some(ZONE.into()));
    vec![
        Field::new("device_id", text(), false),
        Field::new("metric", text(), false),
        Field::new("statistic", text(), true),
        Field::new("start_at", moment(), false),
        Field::new("end_at", moment(), true),
        Field::new("value", DataType::Float64, true),
        Field::new("code", text(), true),
        Field::new("unit", text(), true),
        Field::new("flags", text(), true),
        Field::new("utc_offset_minutes", DataType::Int16, true),
        Field::new("received_at", moment(), true),
        Field::new("revision", DataType::Int64, true),
        Field::new("subject_id", text(), true),
    ]
}

/// What zstd does with values, bytes a sample of the real heart rate of seven people over 31 days: level 3 packs a file
/// into 1.24, level 6 into 1.14, level 9 into 1.12 at half of the speed.
const ZSTD_LEVEL: i32 = 6;

/// Their layout in Parquet. See the module's `# Why` for the pages.
///
/// Whole numbers, as heart rates, are split into byte streams: two of the eight say everything, and zstd takes 0.60
/// bytes a value where a dictionary's packed indices, which keep to no byte, take 0.78. Fractions fill all eight
/// streams, so they have a dictionary.
///
/// Statistics are the chunk's: of its one page they would say the same again, in as many bytes as a new column takes.
/// Moments of reception, and revisions, stay for as many rows as a message had. Of messages of some hundred rows zstd
/// needs a tenth to a third less for the plain moments than for their differences, and a quarter less than for a
/// dictionary; of messages of 60 rows, as live ones are, their differences take 0.05 bytes a row and plain ones 0.08;
/// of single rows 0.5 and 2.0.
pub(super) fn layout(
    builder: WriterPropertiesBuilder,
    has_whole_values: bool,
    has_short_messages: bool,
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
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_bloom_filter_enabled(false)
        .set_sorting_columns(Some(vec![
            rising(DEVICE, false),
            rising(START, false),
            rising(END, true),
            rising(STATISTIC, true),
        ]));
    let mut encoded = vec![("start_at", Encoding::DELTA_BINARY_PACKED), ("end_at", Encoding::DELTA_BINARY_PACKED)];
    let told = if has_short_messages { Encoding::DELTA_BINARY_PACKED } else { Encoding::PLAIN };
    encoded.extend([("received_at", told), ("revision", told)]);
    if has_whole_values {
        encoded.push(("value", Encoding::BYTE_STREAM_SPLIT));
    }
    for (name, encoding) in encoded {
        let column = ColumnPath::from(name);
        builder = builder.set_column_dictionary_enabled(column.clone(), false).set_column_encoding(column, encoding);
    }
    Ok(builder)
}
