//! Rewrite: a live file becomes its own next generation, run by run: without some, or with other subjects.

use std::fs::File;
use std::io::BufWriter;

use super::build::{BUFFER_BYTES, Built};
use super::error::ArchiveError;
use super::file::{FileError, Head, RowFilter, RowSlice, Writer, open};
use super::handle::Archive;

/// What takes rows into the new file.
type Write<'a> = dyn FnMut(RowSlice<'_>) -> Result<(), FileError> + 'a;

/// The file of `head` out of a live one: what `change` hands on of each run. How many rows it dropped, and no
/// file where none is left.
pub(super) fn rewrite(
    archive: &Archive,
    head: Head,
    live: &str,
    mut change: impl FnMut(RowSlice<'_>, &mut Write<'_>) -> Result<(), FileError>,
) -> Result<(u64, Option<Built>), ArchiveError> {
    let failed = |source: FileError| ArchiveError::File { name: live.to_owned(), source };
    let io = |error: std::io::Error| failed(error.into());
    let (part, file) = archive.place.create(&head.metric.name, head.day)?;
    let rows = open(archive.place.open(live)?, &head.metric, &archive.keys);
    let mut rows = rows.and_then(|opened| opened.rows(RowFilter::default())).map_err(failed)?;
    let out: BufWriter<File> = BufWriter::with_capacity(BUFFER_BYTES, file.try_clone().map_err(io)?);
    let mut writer = Writer::begin(out, head, &archive.keys).map_err(failed)?;
    let (mut read, mut kept) = (0, 0_u64);
    while let Some(strip) = rows.strip().map_err(failed)? {
        let count = strip.len();
        let mut keep = |strip: RowSlice<'_>| {
            kept += strip.len() as u64;
            writer.push_strip(&strip)
        };
        change(strip, &mut keep).map_err(failed)?;
        rows.pass(count);
        read += count as u64;
    }
    let gone = read.saturating_sub(kept);
    if kept == 0 {
        drop(writer);
        archive.place.discard(&part)?;
        return Ok((gone, None));
    }
    let (out, facts) = writer.finish().map_err(failed)?;
    drop(out.into_inner().map_err(|error| io(error.into_error()))?);
    Ok((gone, Some(Built { part, file, facts, new: 0, duplicates: 0, conflicts: Vec::new() })))
}
