//! Verify: a file against what was recorded of it, from its length to its last row.
//!
//! The bytes come first: nothing is decoded that was not digested, so a damaged file cannot mislead the decoder.

use std::io::{self, Read};

use parquet::file::reader::ChunkReader;
use ring::digest;

use super::content::ContentSum;
use super::error::{Damage, FileError};
use super::filter::RowFilter;
use super::head::{Facts, Head};
use super::key::KeyRing;
use super::read::{Opened, open};
use super::row_slice::Order;
use super::write::{other_day, stretched};

/// Bytes read at once: large enough for an object store's disk, small beside a row group.
const READ_BYTES: usize = 256 << 10;

/// Says what is wrong with a file: length, SHA-256, key, head, row count, order, times or content. It reads it twice.
pub fn verify<R: ChunkReader + 'static>(
    source: R,
    head: &Head,
    facts: &Facts,
    keys: &KeyRing,
) -> Result<(), FileError> {
    let found = source.len();
    if found != facts.bytes {
        return Err(Damage::Length { expected: facts.bytes, found }.into());
    }
    if sha256(source.get_read(0)?)?.as_ref() != facts.sha256 {
        return Err(Damage::Digest.into());
    }
    let opened = open(source, &head.metric, keys)?;
    if opened.key() != facts.key.as_ref() {
        return Err(Damage::RowKey.into());
    }
    head.check(opened.key_values())?;
    if opened.row_count() != facts.rows {
        return Err(Damage::Rows { expected: facts.rows, found: opened.row_count() }.into());
    }
    verify_rows(opened, head, facts)
}

fn verify_rows<R: ChunkReader + 'static>(opened: Opened<R>, head: &Head, facts: &Facts) -> Result<(), FileError> {
    let (mut order, mut content) = (Order::default(), ContentSum::new(&head.metric.name));
    let (mut rows, mut range) = (0, None);
    let mut read = opened.rows(RowFilter::default())?;
    while let Some(slice) = read.slice()? {
        if let Some(place) = other_day(&slice, head.day) {
            return Err(FileError::OtherDay { row: rows + place as u64 });
        }
        order.take(&slice).map_err(|place| FileError::Order { row: rows + place as u64 })?;
        content.add(&slice);
        range = stretched(range, &slice);
        let count = slice.len();
        read.pass(count);
        rows += count as u64;
    }
    if rows != facts.rows {
        return Err(Damage::Rows { expected: facts.rows, found: rows }.into());
    }
    if range != Some((facts.first, facts.last)) {
        return Err(Damage::Times.into());
    }
    if content.content() != facts.content {
        return Err(Damage::Content.into());
    }
    Ok(())
}

/// The SHA-256 of all that is read.
pub(in crate::archive) fn sha256(mut source: impl Read) -> io::Result<digest::Digest> {
    let mut context = digest::Context::new(&digest::SHA256);
    let mut bytes = vec![0; READ_BYTES];
    loop {
        match source.read(&mut bytes) {
            Ok(0) => return Ok(context.finish()),
            Ok(count) => context.update(bytes.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
