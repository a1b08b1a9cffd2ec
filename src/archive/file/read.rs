//! Read: rows out of a file, those that are asked for, a batch in memory.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::encryption::decrypt::{FileDecryptionProperties, KeyRetriever};
use parquet::errors::ParquetError;
use parquet::file::metadata::{KeyValue, RowGroupMetaData};
use parquet::file::reader::ChunkReader;
use parquet::file::statistics::Statistics;

use super::cells::Cells;
use super::columns::{DEVICE, ROWS_PER_BATCH, START, schema_read};
use super::error::{Damage, FileError};
use super::filter::RowFilter;
use super::head::{check_metric, version};
use super::key::{KeyId, KeyRing};
use super::row_slice::{Row, RowSlice};
use crate::model::metric::Metric;

/// Bytes at the end of a file that tell what it is.
const MAGIC_BYTES: usize = 4;
const PLAIN: [u8; MAGIC_BYTES] = *b"PAR1";
const ENCRYPTED: [u8; MAGIC_BYTES] = *b"PARE";

/// A file whose footer was read, decrypted and understood.
pub struct Opened<R> {
    source: R,
    metadata: ArrowReaderMetadata,
    metric: Metric,
    key: Option<KeyId>,
}

/// Opens a file of this metric. `Bytes` and [`std::fs::File`] are sources.
pub fn open<R: ChunkReader + 'static>(source: R, metric: &Metric, keys: &KeyRing) -> Result<Opened<R>, FileError> {
    let mut options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let asked = Arc::new(RecordingKeys { keys: keys.clone(), id: OnceLock::new() });
    let is_encrypted = is_encrypted(&source)?;
    if is_encrypted {
        let decryption = FileDecryptionProperties::with_key_retriever(asked.clone()).build()?;
        options = options.with_file_decryption_properties(decryption);
    }
    let metadata = guarded(|| ArrowReaderMetadata::load(&source, options.clone()))?;
    let metadata = metadata.map_err(|error| not_read(error, is_encrypted))?;
    check_metric(metric, key_values(&metadata))?;
    // The footer is read once; what it says is then understood as the columns of its version.
    let options = options.with_schema(schema_read(version(key_values(&metadata))?));
    let footer = Arc::clone(metadata.metadata());
    let metadata = guarded(|| ArrowReaderMetadata::try_new(footer, options))?;
    let metadata = metadata.map_err(|error| not_read(error, is_encrypted))?;
    Ok(Opened { source, metadata, metric: metric.clone(), key: asked.id.get().cloned() })
}

impl<R: ChunkReader + 'static> Opened<R> {
    /// How many rows the footer counts.
    pub fn row_count(&self) -> u64 {
        self.metadata.metadata().file_metadata().num_rows().unsigned_abs()
    }

    /// The key that opened it; `None` for a plain file.
    pub fn key(&self) -> Option<&KeyId> {
        self.key.as_ref()
    }

    /// The rows that are asked for, in the order of the file. Only row groups that may hold one are read.
    pub fn rows(self, filter: RowFilter) -> Result<Rows, FileError> {
        let groups = self.metadata.metadata().row_groups().iter().enumerate();
        let wanted = groups.filter(|(_, group)| may_hold(group, &filter)).map(|(place, _)| place).collect();
        let is_encrypted = self.key.is_some();
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(self.source, self.metadata)
            .with_row_groups(wanted)
            .with_batch_size(ROWS_PER_BATCH)
            .build()
            .map_err(|error| not_read(error, is_encrypted))?;
        Ok(Rows { reader, is_encrypted, cells: Cells::none(self.metric), filter, before: 0, has_failed: false })
    }

    pub(super) fn key_values(&self) -> &[KeyValue] {
        key_values(&self.metadata)
    }
}

/// Rows of one file. After an error it has no more of them.
pub struct Rows {
    reader: ParquetRecordBatchReader,
    is_encrypted: bool,
    cells: Cells,
    filter: RowFilter,
    /// Rows of the batches before this one, in the row groups that are read.
    before: u64,
    has_failed: bool,
}

impl Iterator for Rows {
    type Item = Result<Row, FileError>;

    fn next(&mut self) -> Option<Result<Row, FileError>> {
        let row = match self.slice() {
            Ok(slice) => slice?.row(0)?,
            Err(error) => return Some(Err(error)),
        };
        self.pass(1);
        Some(Ok(row))
    }
}

impl Rows {
    /// The next consecutive rows; `None` at the end. They come again until they are passed.
    pub fn slice(&mut self) -> Result<Option<RowSlice<'_>>, FileError> {
        while !self.find()? {
            self.before += self.cells.rows() as u64;
            if self.has_failed || self.cells.is_past(&self.filter) {
                self.cells.end();
                return Ok(None);
            }
            match self.load() {
                Ok(true) => {}
                Ok(false) => return Ok(None),
                Err(error) => return self.fail(error),
            }
        }
        Ok(self.cells.slice())
    }

    /// Passes over so many rows of the slice that comes next.
    pub fn pass(&mut self, rows: usize) {
        self.cells.pass(rows);
    }

    fn find(&mut self) -> Result<bool, FileError> {
        match self.cells.find(&self.filter) {
            Ok(has_found) => Ok(has_found),
            Err(place) => self.fail(Damage::Row { row: self.before + place as u64 }.into()),
        }
    }

    /// Decodes the next batch; false where there is none.
    fn load(&mut self) -> Result<bool, FileError> {
        let Some(batch) = guarded(|| self.reader.next())? else { return Ok(false) };
        let batch = batch.map_err(|error| not_read(ParquetError::from(error), self.is_encrypted))?;
        self.cells.load(&batch, &self.filter, self.before)?;
        Ok(true)
    }

    fn fail<T>(&mut self, error: FileError) -> Result<T, FileError> {
        self.has_failed = true;
        self.cells.end();
        Err(error)
    }
}

/// Hands out keys, and remembers which was asked for.
struct RecordingKeys {
    keys: KeyRing,
    id: OnceLock<KeyId>,
}

impl KeyRetriever for RecordingKeys {
    fn retrieve_key(&self, id: &[u8]) -> Result<Vec<u8>, ParquetError> {
        let bytes = self.keys.retrieve_key(id)?;
        if let Some(id) = std::str::from_utf8(id).ok().and_then(KeyId::parse) {
            self.id.get_or_init(|| id);
        }
        Ok(bytes)
    }
}

fn is_encrypted<R: ChunkReader>(source: &R) -> Result<bool, FileError> {
    let start = source.len().checked_sub(MAGIC_BYTES as u64).ok_or(Damage::NotParquet)?;
    match source.get_bytes(start, MAGIC_BYTES)?.as_ref() {
        magic if magic == PLAIN => Ok(false),
        magic if magic == ENCRYPTED => Ok(true),
        _ => Err(Damage::NotParquet.into()),
    }
}

/// A failed read by its own name. Under encryption the library says no more than that something did not fit: a wrong
/// key and a changed byte are the same to AES-GCM too.
fn not_read(error: ParquetError, is_encrypted: bool) -> FileError {
    match FileError::from(error) {
        FileError::Parquet(ParquetError::ArrowError(_)) if !is_encrypted => Damage::Schema.into(),
        FileError::Parquet(_) if is_encrypted => Damage::Decryption.into(),
        other => other,
    }
}

/// Runs the library's decoder, which panics at some damaged bytes of plain files (parquet 60.1, definition levels): a
/// damaged file must cost its reader an error, not the process. Whatever panicked is not used again.
fn guarded<T>(decode: impl FnOnce() -> T) -> Result<T, Damage> {
    catch_unwind(AssertUnwindSafe(decode)).map_err(|_| Damage::Undecodable)
}

fn key_values(metadata: &ArrowReaderMetadata) -> &[KeyValue] {
    metadata.metadata().file_metadata().key_value_metadata().map_or(&[], Vec::as_slice)
}

/// False where the statistics of a row group rule out every row that is asked for.
fn may_hold(group: &RowGroupMetaData, filter: &RowFilter) -> bool {
    let statistics = |column: usize| group.columns().get(column).and_then(|column| column.statistics());
    let device = match (&filter.device, statistics(DEVICE)) {
        (Some(device), Some(Statistics::ByteArray(range))) => {
            let device = device.as_str().as_bytes();
            range.min_opt().is_none_or(|min| min.data() <= device)
                && range.max_opt().is_none_or(|max| device <= max.data())
        }
        _ => true,
    };
    let start = match statistics(START) {
        Some(Statistics::Int64(range)) => {
            filter.from.is_none_or(|from| range.max_opt().is_none_or(|max| from.micros() <= *max))
                && filter.to.is_none_or(|to| range.min_opt().is_none_or(|min| *min < to.micros()))
        }
        _ => true,
    };
    device && start
}
