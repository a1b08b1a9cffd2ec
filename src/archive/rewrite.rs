//! Rewrite: a live file becomes its own next generation, run by run: without some, or with other subjects.

use std::fs::File;
use std::io::BufWriter;

use super::aside::BUFFER_BYTES;
use super::build::Built;
use super::error::ArchiveError;
use super::file::{FileError, FileWriter, Head, RowSlice};
use super::handle::Archive;

/// What takes rows into the new file.
type KeepRows<'a> = dyn FnMut(RowSlice<'_>) -> Result<(), FileError> + 'a;

/// The file of `head` out of a live one: what `change` hands on of each run. How many rows it dropped, and no
/// file where none is left.
pub(super) fn rewrite(
    archive: &Archive,
    head: Head,
    live: &str,
    mut change: impl FnMut(RowSlice<'_>, &mut KeepRows<'_>) -> Result<(), FileError>,
) -> Result<(u64, Option<Built>), ArchiveError> {
    let failed = |source: FileError| ArchiveError::File { name: live.to_owned(), source };
    let io = |error: std::io::Error| failed(error.into());
    let (part, file) = archive.storage.create(&head.metric.name, head.day)?;
    let mut rows = archive.rows(live, &head.metric)?;
    let out: BufWriter<File> = BufWriter::with_capacity(BUFFER_BYTES, file.try_clone().map_err(io)?);
    let mut writer = FileWriter::begin(out, head, &archive.keys).map_err(failed)?;
    let (mut read, mut kept) = (0, 0_u64);
    while let Some(slice) = rows.slice().map_err(failed)? {
        let count = slice.len();
        let mut keep = |slice: RowSlice<'_>| {
            kept += slice.len() as u64;
            writer.push_slice(&slice)
        };
        change(slice, &mut keep).map_err(failed)?;
        rows.pass(count);
        read += count as u64;
    }
    let gone = read.saturating_sub(kept);
    if kept == 0 {
        drop(writer);
        archive.storage.discard(&part)?;
        return Ok((gone, None));
    }
    let (out, facts) = writer.finish().map_err(failed)?;
    drop(out.into_inner().map_err(|error| io(error.into_error()))?);
    Ok((gone, Some(Built { part, file, facts })))
}
