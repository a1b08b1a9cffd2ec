//! Parquet: the columns of `signal.sample`, sorted as they come, zstd, row groups of 122,880 as DuckDB likes them.

use std::io::Write;
use std::sync::Arc;

use anyhow::Context as _;
use arrow_array::builder::{
    Float64Builder, Int16Builder, Int64Builder, ListBuilder, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::sink::{COLUMNS, SampleSink, SeriesRef};
use crate::model::origin::Revision;
use crate::model::sample::Sample;

/// Rows that one reader's thread takes.
const ROWS_PER_GROUP: usize = 122_880;
/// Rows that are handed to the encoder at once.
const ROWS_PER_BATCH: usize = 8_192;
/// UTC, as Arrow names it.
const ZONE: &str = "UTC";

/// Writes one file.
pub(super) struct Parquet<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
    columns: Columns,
}

/// Rows that wait to be handed to the encoder.
struct Columns {
    rows: usize,
    device_id: StringBuilder,
    metric: StringBuilder,
    statistic: StringBuilder,
    start_at: TimestampMicrosecondBuilder,
    end_at: TimestampMicrosecondBuilder,
    value: Float64Builder,
    code: StringBuilder,
    unit: StringBuilder,
    flags: ListBuilder<StringBuilder>,
    utc_offset_minutes: Int16Builder,
    received_at: TimestampMicrosecondBuilder,
    revision: Int64Builder,
}

impl<W: Write + Send> Parquet<W> {
    pub(super) fn begin(writer: W) -> anyhow::Result<Parquet<W>> {
        let schema = schema();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROWS_PER_GROUP))
            .build();
        let writer = ArrowWriter::try_new(writer, schema.clone(), Some(properties)).map_err(io_error)?;
        Ok(Parquet { writer, schema, columns: Columns::new() })
    }

    fn hand_over(&mut self) -> anyhow::Result<()> {
        if self.columns.rows == 0 {
            return Ok(());
        }
        let batch = RecordBatch::try_new(self.schema.clone(), self.columns.take()).context("making a batch of rows")?;
        self.writer.write(&batch).map_err(io_error)
    }
}

impl<W: Write + Send> SampleSink for Parquet<W> {
    fn take(&mut self, of: &SeriesRef<'_>, samples: &mut dyn Iterator<Item = Sample>) -> anyhow::Result<()> {
        let statistic = of.statistic.text();
        for sample in samples {
            self.columns.push(of, statistic.as_deref(), &sample);
            if self.columns.rows >= ROWS_PER_BATCH {
                self.hand_over()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        self.hand_over()?;
        let Parquet { writer, .. } = *self;
        Ok(writer.into_inner().map_err(io_error)?.flush()?)
    }
}

impl Columns {
    fn new() -> Columns {
        let moments = || TimestampMicrosecondBuilder::new().with_timezone(ZONE);
        Columns {
            rows: 0,
            device_id: StringBuilder::new(),
            metric: StringBuilder::new(),
            statistic: StringBuilder::new(),
            start_at: moments(),
            end_at: moments(),
            value: Float64Builder::new(),
            code: StringBuilder::new(),
            unit: StringBuilder::new(),
            flags: ListBuilder::new(StringBuilder::new()).with_field(element()),
            utc_offset_minutes: Int16Builder::new(),
            received_at: moments(),
            revision: Int64Builder::new(),
        }
    }

    fn push(&mut self, of: &SeriesRef<'_>, statistic: Option<&str>, sample: &Sample) {
        self.rows += 1;
        self.device_id.append_value(of.device.as_str());
        self.metric.append_value(&of.metric.name);
        self.statistic.append_option(statistic);
        self.start_at.append_value(sample.start.micros());
        self.end_at.append_option(sample.end().map(|end| end.micros()));
        self.value.append_option(of.value(sample));
        self.code.append_option(of.code(sample));
        self.unit.append_option(of.unit());
        sample.flags.words().for_each(|word| self.flags.values().append_value(word));
        self.flags.append(true);
        self.utc_offset_minutes.append_option(sample.origin.utc_offset_minutes);
        self.received_at.append_option(sample.origin.received_at.map(|moment| moment.micros()));
        self.revision.append_option(sample.origin.revision.map(Revision::number));
    }

    /// The rows as columns, in the order of the schema.
    fn take(&mut self) -> Vec<ArrayRef> {
        self.rows = 0;
        vec![
            Arc::new(self.device_id.finish()),
            Arc::new(self.metric.finish()),
            Arc::new(self.statistic.finish()),
            Arc::new(self.start_at.finish()),
            Arc::new(self.end_at.finish()),
            Arc::new(self.value.finish()),
            Arc::new(self.code.finish()),
            Arc::new(self.unit.finish()),
            Arc::new(self.flags.finish()),
            Arc::new(self.utc_offset_minutes.finish()),
            Arc::new(self.received_at.finish()),
            Arc::new(self.revision.finish()),
        ]
    }
}

fn schema() -> SchemaRef {
    let moment = || DataType::Timestamp(TimeUnit::Microsecond, Some(ZONE.into()));
    let kinds = [
        (DataType::Utf8, false),
        (DataType::Utf8, false),
        (DataType::Utf8, true),
        (moment(), false),
        (moment(), true),
        (DataType::Float64, true),
        (DataType::Utf8, true),
        (DataType::Utf8, true),
        (DataType::List(element()), false),
        (DataType::Int16, true),
        (moment(), true),
        (DataType::Int64, true),
    ];
    let fields = COLUMNS.iter().zip(kinds).map(|(name, (kind, nullable))| Field::new(*name, kind, nullable));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// A word of the list of flags, by the name that Parquet wants.
fn element() -> FieldRef {
    Arc::new(Field::new("element", DataType::Utf8, true))
}

/// A failed write by its own name, so that a broken pipe is known as one.
fn io_error(error: ParquetError) -> anyhow::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<std::io::Error>() {
            Ok(error) => anyhow::Error::from(*error),
            Err(other) => anyhow::anyhow!("the Parquet file cannot be written: {other}"),
        },
        other => anyhow::Error::from(other).context("the Parquet file cannot be written"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::DeviceId;
    use crate::model::metric::Catalogue;
    use crate::model::origin::Origin;
    use crate::model::sample::Flags;
    use crate::model::statistic::Statistic;
    use crate::model::time::Timestamp;
    use arrow_array::Array as _;
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::{Float64Type, Int16Type, Int64Type, TimestampMicrosecondType};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    #[test]
    fn what_is_written_reads_back_in_row_groups_of_122880() {
        let catalogue = Catalogue::builtin().unwrap();
        let device = DeviceId::parse("d").unwrap();
        let mut sink = Box::new(Parquet::begin(Vec::new()).unwrap());
        let sample = |second: i64, span_us, value| {
            let start = Timestamp::from_micros(second * 1_000_000).unwrap();
            Sample { start, span_us, value, flags: Flags::NONE, origin: Origin::default() }
        };
        let of = |metric| SeriesRef {
            device: &device,
            metric: catalogue.by_name(metric).unwrap(),
            statistic: Statistic::NONE,
        };
        let origin = Origin {
            received_at: Timestamp::from_micros(5_000_000).ok(),
            utc_offset_minutes: Some(330),
            revision: Revision::new(2),
        };
        let bound = Sample { flags: Flags::ABOVE_RANGE, origin, ..sample(9, None, 250.0) };
        let rows = 130_000;
        let rates = (0..rows - 2).map(|second| sample(second, None, second as f64));
        sink.take(&of("heart_rate"), &mut rates.chain(std::iter::once(bound))).unwrap();
        sink.take(&of("sleep_stage"), &mut std::iter::once(sample(7, Some(1), 3.0))).unwrap();
        sink.hand_over().unwrap();
        let bytes = bytes::Bytes::from(sink.writer.into_inner().unwrap());
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        let groups: Vec<i64> = reader.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
        assert_eq!(groups, [122_880, rows - 122_880]);
        let batches: Vec<RecordBatch> = reader.with_batch_size(200_000).build().unwrap().map(Result::unwrap).collect();
        let batch = arrow_select::concat::concat_batches(&batches[0].schema(), &batches).unwrap();
        let last = batch.num_rows() - 1;
        assert_eq!(batch.column(3).as_primitive::<TimestampMicrosecondType>().value(9), 9_000_000);
        assert_eq!(batch.column(5).as_primitive::<Float64Type>().value(9), 9.0);
        assert!(batch.column(4).is_null(9) && batch.column(6).is_null(9) && batch.column(2).is_null(9));
        assert!(batch.column(5).is_null(last));
        assert_eq!(batch.column(6).as_string::<i32>().value(last), "rem");
        assert!((9..12).all(|column| batch.column(column).is_null(last)));
        assert!(batch.column(8).as_list::<i32>().value(last).is_empty());
        let bound = last - 1;
        assert!(batch.column(5).is_null(bound));
        let words = batch.column(8).as_list::<i32>().value(bound);
        assert_eq!(words.as_string::<i32>().iter().flatten().collect::<Vec<_>>(), ["above_range"]);
        assert_eq!(batch.column(9).as_primitive::<Int16Type>().value(bound), 330);
        assert_eq!(batch.column(10).as_primitive::<TimestampMicrosecondType>().value(bound), 5_000_000);
        assert_eq!(batch.column(11).as_primitive::<Int64Type>().value(bound), 2);
    }
}
