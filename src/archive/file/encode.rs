//! Encode: row groups become Parquet's bytes on a thread of their own, while the next rows are gathered.
//!
//! # Why
//! Encoding and compressing takes most of a file's time. A group of one file does not depend on the one before it, so
//! whoever gathers rows needs to wait only when it is a whole group ahead. Two groups are in memory, and their arrays
//! change hands: none is made anew.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowRowGroupWriterFactory, compute_leaves};
use parquet::errors::ParquetError;

use super::columns::schema;
use super::error::FileError;
use super::row_group::{Fixed, RowGroup};

/// A row group's bytes, column by column, and its emptied rows.
pub(super) type Encoded = (Vec<ArrowColumnChunk>, RowGroup);

/// The thread that encodes. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Encoder {
    groups: SyncSender<RowGroup>,
    encoded: Receiver<Result<Encoded, ParquetError>>,
    /// True while a group is with the thread.
    is_busy: bool,
}

impl Encoder {
    /// Starts it for one file.
    pub(super) fn start(factory: ArrowRowGroupWriterFactory, fixed: Fixed) -> Result<Encoder, FileError> {
        let (groups, waiting) = sync_channel::<RowGroup>(1);
        let (done, encoded) = sync_channel(1);
        let thread = std::thread::Builder::new().name("archive-encode".to_owned());
        thread.spawn(move || {
            for (index, group) in waiting.into_iter().enumerate() {
                if done.send(encode(&factory, &fixed, index, group)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Encoder { groups, encoded, is_busy: false })
    }

    /// Takes the next group, and gives back the one before it.
    pub(super) fn encode(&mut self, group: RowGroup) -> Result<Option<Encoded>, FileError> {
        let before = self.take()?;
        self.groups.send(group).map_err(|_| ended())?;
        self.is_busy = true;
        Ok(before)
    }

    /// Waits for the last group.
    pub(super) fn take(&mut self) -> Result<Option<Encoded>, FileError> {
        if !std::mem::take(&mut self.is_busy) {
            return Ok(None);
        }
        Ok(Some(self.encoded.recv().map_err(|_| ended())??))
    }
}

fn encode(
    factory: &ArrowRowGroupWriterFactory,
    fixed: &Fixed,
    index: usize,
    mut group: RowGroup,
) -> Result<Encoded, ParquetError> {
    let (schema, mut writers) = (schema(), factory.create_column_writers(index)?);
    for columns in group.batches(fixed) {
        for ((field, column), writer) in schema.fields().iter().zip(columns?).zip(&mut writers) {
            compute_leaves(field, &column)?.iter().try_for_each(|leaf| writer.write(leaf))?;
        }
    }
    group.clear();
    let chunks = writers.into_iter().map(|writer| writer.close()).collect::<Result<_, _>>()?;
    Ok((chunks, group))
}

fn ended() -> FileError {
    FileError::Io(std::io::Error::other("the thread that encodes has ended by itself: report what the log says"))
}
