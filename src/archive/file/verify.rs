//! Verify: a file against what was recorded of it, from its length to its last row; or, where nothing was, against
//! itself.
//!
//! The bytes come first: nothing is decoded that was not digested, so a damaged file cannot mislead the decoder.

use std::io::{self, Read};

use parquet::file::reader::ChunkReader;
use ring::digest;

use super::content::{Content, ContentSum};
use super::error::{Damage, FileError};
use super::filter::RowFilter;
use super::head::{Facts, Head, check_end, revised_to, subject_key, version};
use super::key::KeyRing;
use super::read::{Opened, open};
use super::row_slice::Order;
use super::write::{other_day, stretched};
use crate::model::metric::Metric;
use crate::model::time::{Day, Timestamp};

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
    if version(opened.key_values())? != facts.version {
        return Err(Damage::Schema.into());
    }
    if opened.row_count() != facts.rows {
        return Err(Damage::Rows { expected: facts.rows, found: opened.row_count() }.into());
    }
    verify_rows(opened, head, facts)
}

/// What a file is of which nothing is recorded but what its name says: read like one that is, footer and rows against
/// each other.
pub fn survey<R: ChunkReader + 'static>(
    source: R,
    (metric, day, generation): (&Metric, Day, u32),
    keys: &KeyRing,
) -> Result<(Head, Facts), FileError> {
    let bytes = source.len();
    let digest = sha256(source.get_read(0)?)?;
    let mut sha256 = [0; 32];
    sha256.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    let opened = open(source, metric, keys)?;
    let (key, expected, said) = (opened.key().cloned(), opened.row_count(), opened.key_values().to_vec());
    let (metric, subject_key, revised_to) = (metric.clone(), subject_key(&said)?, revised_to(&said));
    let head = Head { metric, day, generation, subject_key, revised_to };
    head.check(&said)?;
    let Scanned { rows, range, content } = scan(opened, &head)?;
    if rows != expected {
        return Err(Damage::Rows { expected, found: rows }.into());
    }
    let (first, last) = range.ok_or(FileError::Empty)?;
    check_end(&said, (first, last), content)?;
    let version = version(&said)?;
    Ok((head, Facts { rows, bytes, sha256, first, last, content, key, version }))
}

/// What the rows of a file turned out to be.
struct Scanned {
    rows: u64,
    range: Option<(Timestamp, Timestamp)>,
    content: Content,
}

/// Reads every row: sorted, each once, and of its day.
fn scan<R: ChunkReader + 'static>(opened: Opened<R>, head: &Head) -> Result<Scanned, FileError> {
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
    Ok(Scanned { rows, range, content: content.content() })
}

fn verify_rows<R: ChunkReader + 'static>(opened: Opened<R>, head: &Head, facts: &Facts) -> Result<(), FileError> {
    let Scanned { rows, range, content } = scan(opened, head)?;
    if rows != facts.rows {
        return Err(Damage::Rows { expected: facts.rows, found: rows }.into());
    }
    if range != Some((facts.first, facts.last)) {
        return Err(Damage::Times.into());
    }
    if content != facts.content {
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
