//! Write: sorted rows in, bytes and facts out, two row groups in memory: one that grows, one that is encoded.

use std::io::{self, Write};

use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowWriterOptions};
use parquet::encryption::encrypt::FileEncryptionProperties;
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::SerializedFileWriter;
use ring::digest;

use super::columns::{ROWS_PER_GROUP, layout, schema};
use super::content::ContentSum;
use super::encode::Encoder;
use super::error::FileError;
use super::head::{Facts, Head, SCHEMA_VERSION, told_at_end};
use super::key::{KeyId, KeyRing};
use super::row_group::{Fixed, RowGroup};
use super::row_slice::{Order, Row, RowSlice};
use crate::model::time::{Day, Timestamp};

/// Writes one file. Dropped before `finish`, it leaves bytes that no reader takes for a file.
pub struct FileWriter<W: Write + Send> {
    /// Until the first group shows how values are best encoded.
    waiting: Option<(Counted<W>, WriterPropertiesBuilder)>,
    open: Option<(SerializedFileWriter<Counted<W>>, Encoder)>,
    head: Head,
    key: Option<KeyId>,
    group: RowGroup,
    order: Order,
    content: ContentSum,
    rows: u64,
    /// The earliest and the latest start.
    range: Option<(Timestamp, Timestamp)>,
}

impl<W: Write + Send> FileWriter<W> {
    /// Begins a file: encrypted with the newest key of the ring, plain where there is none.
    pub fn begin(out: W, head: Head, keys: &KeyRing) -> Result<FileWriter<W>, FileError> {
        let mut builder = WriterProperties::builder().set_key_value_metadata(Some(head.key_values()));
        let key = keys.newest().cloned();
        if let Some(id) = &key {
            let bytes = keys.bytes(id.as_str()).ok_or_else(|| FileError::UnknownKey { id: id.to_string() })?;
            let encryption = FileEncryptionProperties::builder(bytes.to_vec())
                .with_footer_key_metadata(id.as_str().as_bytes().to_vec())
                .build()?;
            builder = builder.with_file_encryption_properties(encryption);
        }
        let content = ContentSum::new(&head.metric.name);
        let waiting = Some((Counted::new(out), builder));
        let (group, order) = (RowGroup::default(), Order::default());
        Ok(FileWriter { waiting, open: None, head, key, group, order, content, rows: 0, range: None })
    }

    /// Takes the next row, in the order of [`Row::order`]. A row that is rejected is not written; the file stays valid.
    pub fn push(&mut self, row: &Row) -> Result<(), FileError> {
        self.push_slice(&row.slice())
    }

    /// Takes the next rows; where one is rejected, none of them is written.
    pub fn push_slice(&mut self, slice: &RowSlice<'_>) -> Result<(), FileError> {
        let row = |place: usize| self.rows + place as u64;
        if let Some(place) = other_day(slice, self.head.day) {
            return Err(FileError::OtherDay { row: row(place) });
        }
        let codes = self.head.metric.is_coded().then_some(self.head.metric.codes.len());
        // A code is no bound: the file would have neither.
        let is_wrong = |place: usize, value: f64, codes| !is_place(value, codes) || slice.flags_at(place).is_bound();
        let mut places = slice.values.iter().enumerate();
        let no_code = codes.and_then(|codes| places.position(|(place, value)| is_wrong(place, *value, codes)));
        if let Some(place) = no_code {
            return Err(FileError::NoCode { row: row(place) });
        }
        self.order.take(slice).map_err(|place| FileError::Order { row: row(place) })?;
        self.content.add(slice);
        self.rows += slice.len() as u64;
        self.range = stretched(self.range, slice);
        let mut from = 0;
        while from < slice.len() {
            let to = slice.len().min(from + ROWS_PER_GROUP - self.group.rows());
            self.group.push(&slice.slice(from..to));
            from = to;
            if self.group.rows() >= ROWS_PER_GROUP {
                self.hand_over()?;
            }
        }
        Ok(())
    }

    /// Writes what waits and the footer, flushes, and gives the output back with the facts.
    pub fn finish(mut self) -> Result<(W, Facts), FileError> {
        let (first, last) = self.range.ok_or(FileError::Empty)?;
        self.hand_over()?;
        let (mut file, mut encoder) = self.open.ok_or(FileError::Empty)?;
        if let Some((chunks, _)) = encoder.take()? {
            append(&mut file, chunks)?;
        }
        let content = self.content.content();
        told_at_end(first, last, content).into_iter().for_each(|pair| file.append_key_value_metadata(pair));
        let mut counted = file.into_inner()?;
        counted.out.flush()?;
        let mut sha256 = [0; 32];
        sha256.iter_mut().zip(counted.digest.finish().as_ref()).for_each(|(to, from)| *to = *from);
        let Counted { out, bytes, .. } = counted;
        let (rows, version) = (self.rows, SCHEMA_VERSION);
        let facts = Facts { rows, bytes, sha256, first, last, content, key: self.key, version };
        Ok((out, facts))
    }

    /// Memory of the rows that wait, and of those that are being encoded.
    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        2 * self.group.held_bytes()
    }

    /// Gives the group to the encoder and writes the one before it.
    fn hand_over(&mut self) -> Result<(), FileError> {
        if self.group.rows() == 0 {
            return Ok(());
        }
        if let Some((out, builder)) = self.waiting.take() {
            let properties = layout(builder, self.group.has_whole_values(), self.group.has_short_messages())?.build();
            // Without Arrow's own schema: it repeats Parquet's, and readers would take texts for dictionaries.
            let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
            let writer = ArrowWriter::try_new_with_options(out, schema(), options)?;
            let (file, factory) = writer.into_serialized_writer()?;
            self.open = Some((file, Encoder::start(factory, Fixed::new(&self.head.metric))?));
        }
        let (file, encoder) = self.open.as_mut().ok_or(FileError::Empty)?;
        if let Some((chunks, emptied)) = encoder.encode(std::mem::take(&mut self.group))? {
            self.group = emptied;
            append(file, chunks)?;
        }
        Ok(())
    }
}

fn append<W: Write + Send>(
    file: &mut SerializedFileWriter<Counted<W>>,
    chunks: Vec<ArrowColumnChunk>,
) -> Result<(), FileError> {
    let mut group = file.next_row_group()?;
    chunks.into_iter().try_for_each(|chunk| chunk.append_to_row_group(&mut group))?;
    group.close()?;
    Ok(())
}

/// True for the place of a code in a list of so many.
fn is_place(value: f64, codes: usize) -> bool {
    value >= 0.0 && value < codes as f64 && value.fract() == 0.0 && !value.is_sign_negative()
}

/// The range with these rows in it, which rise.
pub(super) fn stretched(range: Option<(Timestamp, Timestamp)>, slice: &RowSlice<'_>) -> Option<(Timestamp, Timestamp)> {
    let (Some(from), Some(to)) = (slice.starts.first(), slice.starts.last()) else { return range };
    Some(range.map_or((*from, *to), |(first, last)| (first.min(*from), last.max(*to))))
}

/// The first place whose row begins on another day.
pub(super) fn other_day(slice: &RowSlice<'_>, day: Day) -> Option<usize> {
    slice.starts.iter().position(|start| start.day() != day)
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
