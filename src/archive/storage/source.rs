//! Source: bytes of a file for whoever reads or proves it, from a disk or from an object store.
//!
//! # Why
//! Parquet is read a footer and some row groups at a time, and proved from end to end. So an object is read in windows:
//! small where a reader has jumped, twice as long where it goes on, up to `WINDOW_BYTES_MAX`; the last two are kept,
//! since a page begins where another has ended. One reader holds 16 MiB at most, and a question for one device costs
//! its row groups and the footer.
//!
//! An object that is superseded while it is read is read on from its new place: its bytes are the same, by its name.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf as _, Bytes};
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};

use super::bucket::Bucket;

/// The first bytes that are fetched where a reader begins: a row group of one device's day, or a footer.
const WINDOW_BYTES_MIN: u64 = 256 << 10;
/// The most that one request fetches: 8 MiB take a third of a second at 200 Mbit/s.
const WINDOW_BYTES_MAX: u64 = 8 << 20;
const WINDOWS_MAX: usize = 2;

/// A file to be read.
#[derive(Debug)]
pub enum Source {
    /// On a disk.
    File(File),
    /// In an object store.
    Object(Object),
}

/// An object whose length is known.
#[derive(Clone, Debug)]
pub struct Object {
    bucket: Bucket,
    name: String,
    bytes: u64,
    windows: Arc<Mutex<Windows>>,
}

/// What was fetched last, each with its place.
#[derive(Debug, Default)]
struct Windows {
    fetched: VecDeque<(u64, Bytes)>,
    /// Length of the last one that was asked for.
    bytes: u64,
}

/// Reads an object from some place on.
struct ObjectRead {
    object: Object,
    at: u64,
    window: Bytes,
}

impl From<File> for Source {
    fn from(file: File) -> Source {
        Source::File(file)
    }
}

impl From<Object> for Source {
    fn from(object: Object) -> Source {
        Source::Object(object)
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        match self {
            Source::File(file) => file.len(),
            Source::Object(object) => object.bytes,
        }
    }
}

impl ChunkReader for Source {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> Result<Box<dyn Read>, ParquetError> {
        match self {
            Source::File(file) => Ok(Box::new(file.get_read(start)?)),
            Source::Object(object) => Ok(Box::new(object.read_from(start))),
        }
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        match self {
            Source::File(file) => file.get_bytes(start, length),
            Source::Object(object) => object.get_bytes(start, length),
        }
    }
}

impl Object {
    pub(super) fn new(bucket: Bucket, name: &str, bytes: u64) -> Object {
        Object { bucket, name: name.to_owned(), bytes, windows: Arc::default() }
    }

    pub(super) fn read_from(&self, start: u64) -> impl Read + use<> {
        ObjectRead { object: self.clone(), at: start, window: Bytes::new() }
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let window = self.window(start)?;
        if length <= window.len() {
            return Ok(window.slice(..length));
        }
        // A damaged footer may ask for any length, so no memory is reserved for it beforehand.
        let mut bytes = Vec::new();
        let found = self.read_from(start).take(length as u64).read_to_end(&mut bytes)?;
        if found < length {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} are asked for, and there are {found}")));
        }
        Ok(bytes.into())
    }

    /// The bytes from `start` to the end of a window that holds it; none at the end of the object.
    fn window(&self, start: u64) -> io::Result<Bytes> {
        if start >= self.bytes {
            return Ok(Bytes::new());
        }
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = windows.held(start) {
            return Ok(held);
        }
        let (from, to) = windows.next(start, self.bytes);
        windows.bytes = to - from;
        let fetched = self.bucket.fetch(&self.name, from..to).map_err(io::Error::other)?;
        if fetched.len() as u64 != to - from {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the object has become shorter while it was read",
            ));
        }
        windows.fetched.push_back((from, fetched));
        if windows.fetched.len() > WINDOWS_MAX {
            windows.fetched.pop_front();
        }
        windows.held(start).ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
    }
}

impl Windows {
    fn held(&self, start: u64) -> Option<Bytes> {
        self.fetched.iter().find_map(|(from, bytes)| {
            let skip = usize::try_from(start.checked_sub(*from)?).ok()?;
            (skip < bytes.len()).then(|| bytes.slice(skip..))
        })
    }

    /// What to fetch for `start`: the end at once, where it is asked for, since a footer is read backwards.
    fn next(&self, start: u64, bytes: u64) -> (u64, u64) {
        let tail = bytes.saturating_sub(WINDOW_BYTES_MIN);
        let goes_on = self.fetched.back().is_some_and(|(from, bytes)| from + bytes.len() as u64 == start);
        let length = if goes_on { (self.bytes * 2).min(WINDOW_BYTES_MAX) } else { WINDOW_BYTES_MIN };
        let from = if goes_on { start } else { start.min(tail) };
        (from, from.saturating_add(length).min(bytes))
    }
}

impl Read for ObjectRead {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.window.is_empty() {
            self.window = self.object.window(self.at)?;
        }
        let count = into.len().min(self.window.len());
        if let Some(into) = into.get_mut(..count) {
            self.window.copy_to_slice(into);
        }
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_grow_where_a_reader_goes_on_and_the_end_is_fetched_whole() {
        let bytes = 100 << 20;
        let mut windows = Windows::default();
        assert_eq!(windows.next(bytes - 4, bytes), (bytes - WINDOW_BYTES_MIN, bytes));
        let mut at = 0;
        let mut lengths = Vec::new();
        while at < bytes {
            let (from, to) = windows.next(at, bytes);
            assert_eq!(from, at);
            windows.bytes = to - from;
            windows.fetched = VecDeque::from([(from, Bytes::from(vec![0; usize::try_from(to - from).unwrap()]))]);
            lengths.push((to - from) >> 10);
            at = to;
        }
        assert_eq!(lengths[..7], [256, 512, 1_024, 2_048, 4_096, 8_192, 8_192]);
        assert_eq!(windows.held(bytes), None);
        assert_eq!(windows.next(5, 10), (0, 10), "a short object is one window");
    }
}
