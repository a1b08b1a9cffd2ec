//! Write: sorted rows in, bytes and facts out, one row group in memory.

use std::io::{self, Write};

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::encryption::encrypt::FileEncryptionProperties;
use parquet::errors::ParquetError;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use ring::digest;

use super::columns::{Columns, ROWS_PER_BATCH, layout, schema};
use super::content::ContentSum;
use super::error::FileError;
use super::head::{Facts, Head, times};
use super::key::{KeyId, KeyRing};
use super::row::{Order, Row};
use crate::model::time::Timestamp;

/// Writes one file. Dropped before `finish`, it leaves bytes that no reader takes for a file.
pub struct Writer<W: Write + Send> {
    /// Until the first batch tells how values are best laid out.
    waiting: Option<(Counted<W>, WriterPropertiesBuilder)>,
    writer: Option<ArrowWriter<Counted<W>>>,
    head: Head,
    key: Option<KeyId>,
    columns: Columns,
    order: Order,
    content: ContentSum,
    rows: u64,
    /// The earliest and the latest start.
    range: Option<(Timestamp, Timestamp)>,
}

impl<W: Write + Send> Writer<W> {
    /// Begins a file: encrypted with the newest key of the ring, plain where there is none.
    pub fn begin(out: W, head: Head, keys: &KeyRing) -> Result<Writer<W>, FileError> {
        let mut builder = WriterProperties::builder().set_key_value_metadata(Some(head.key_values()));
        let key = keys.newest().cloned();
        if let Some(id) = &key {
            let bytes = keys.bytes(id.as_str()).ok_or_else(|| FileError::UnknownKey { id: id.to_string() })?;
            let encryption = FileEncryptionProperties::builder(bytes.to_vec())
                .with_footer_key_metadata(id.as_str().as_bytes().to_vec())
                .build()?;
            builder = builder.with_file_encryption_properties(encryption);
        }
        let columns = Columns::new(&head.metric);
        let content = ContentSum::new(&head.metric.name);
        let waiting = Some((Counted::new(out), builder));
        let order = Order::default();
        Ok(Writer { waiting, writer: None, head, key, columns, order, content, rows: 0, range: None })
    }

    /// Takes the next row, in the order of [`Row::order`]. A row that is refused is not written; the file goes on.
    pub fn push(&mut self, row: &Row) -> Result<(), FileError> {
        if row.start.day() != self.head.day {
            return Err(FileError::OtherDay { row: self.rows });
        }
        if self.head.metric.is_coded() && !is_place(row.value, self.head.metric.codes.len()) {
            return Err(FileError::NoCode { row: self.rows });
        }
        if !self.order.takes(row) {
            return Err(FileError::Order { row: self.rows });
        }
        self.content.add(row);
        self.columns.push(row);
        self.rows += 1;
        self.range = Some(stretched(self.range, row.start));
        if self.columns.rows() >= ROWS_PER_BATCH { self.hand_over() } else { Ok(()) }
    }

    /// Writes what waits and the footer, flushes, and gives the output back with the facts.
    pub fn finish(mut self) -> Result<(W, Facts), FileError> {
        let (first, last) = self.range.ok_or(FileError::Empty)?;
        self.hand_over()?;
        let mut writer = self.writer.ok_or(FileError::Empty)?;
        times(first, last).into_iter().for_each(|pair| writer.append_key_value_metadata(pair));
        let mut counted = writer.into_inner()?;
        counted.out.flush()?;
        let mut sha256 = [0; 32];
        sha256.iter_mut().zip(counted.digest.finish().as_ref()).for_each(|(to, from)| *to = *from);
        let content = self.content.content();
        let facts = Facts { rows: self.rows, bytes: counted.bytes, sha256, first, last, content, key: self.key };
        Ok((counted.out, facts))
    }

    /// Bytes that wait in the encoders: one row group's at most.
    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.writer.as_ref().map_or(0, ArrowWriter::memory_size)
    }

    fn hand_over(&mut self) -> Result<(), FileError> {
        if self.columns.rows() == 0 {
            return Ok(());
        }
        if let Some((out, builder)) = self.waiting.take() {
            let properties = layout(builder, self.columns.has_whole_values())?.build();
            // Without Arrow's own schema: it repeats Parquet's, and readers would take texts for dictionaries.
            let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
            self.writer = Some(ArrowWriter::try_new_with_options(out, schema(), options)?);
        }
        let batch = self.columns.take().map_err(ParquetError::from)?;
        Ok(self.writer.as_mut().ok_or(FileError::Empty)?.write(&batch)?)
    }
}

/// True for the place of a code in a list of so many.
fn is_place(value: f64, codes: usize) -> bool {
    value >= 0.0 && value < codes as f64 && value.fract() == 0.0 && !value.is_sign_negative()
}

/// The range with one more moment in it.
pub(super) fn stretched(range: Option<(Timestamp, Timestamp)>, moment: Timestamp) -> (Timestamp, Timestamp) {
    range.map_or((moment, moment), |(first, last)| (first.min(moment), last.max(moment)))
}

/// Counts and digests what passes through.
struct Counted<W> {
    out: W,
    bytes: u64,
    digest: digest::Context,
}

impl<W> Counted<W> {
    fn new(out: W) -> Counted<W> {
        Counted { out, bytes: 0, digest: digest::Context::new(&digest::SHA256) }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or(bytes));
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
