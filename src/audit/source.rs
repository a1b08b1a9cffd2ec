//! Source: records as they were shipped, one by one.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;

use super::error::AuditError;
use super::file::LINE_BYTES_MAX;
use super::target::bucket;
use crate::archive::storage::WriteOnceBucket;
use crate::config::ArchiveConfig;

/// Where shipped records are read.
#[derive(Debug)]
pub struct RecordSource(Kind);

/// What should be a record.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// What to call it.
    pub(super) place: String,
    /// What it says; `None` where it is longer than any line with a record.
    pub(super) text: Option<String>,
    /// True where a crash cannot have cut it off: an object is there with all that it holds, or is not there.
    pub(super) is_whole: bool,
}

#[derive(Debug)]
enum Kind {
    File { reader: BufReader<File>, path: PathBuf, lines: u64 },
    Bucket { bucket: WriteOnceBucket, names: std::vec::IntoIter<String> },
}

impl RecordSource {
    /// The lines of a file (that of `audit.file`, a copy of it, or one that a syslog daemon has written), or the
    /// objects of a bucket whose URL begins with `s3:`.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn open(place: &str, store: &ArchiveConfig) -> Result<RecordSource, AuditError> {
        if place.starts_with("s3:") {
            let bucket = bucket("--shipped", place, store)?;
            let names = bucket.names()?.into_iter();
            return Ok(RecordSource(Kind::Bucket { bucket, names }));
        }
        let path = PathBuf::from(place);
        let file = File::open(&path).map_err(AuditError::file("read", &path))?;
        Ok(RecordSource(Kind::File { reader: BufReader::new(file), path, lines: 0 }))
    }

    /// The next line that holds anything, or the next object whatever it holds.
    pub(super) fn next(&mut self) -> Result<Option<Line>, AuditError> {
        match &mut self.0 {
            Kind::Bucket { bucket, names } => {
                let Some(name) = names.next() else { return Ok(None) };
                let text = bucket.read(&name, LINE_BYTES_MAX)?.map(|text| text.trim_end().to_owned());
                Ok(Some(Line { place: format!("object {name}"), text, is_whole: true }))
            }
            Kind::File { reader, path, lines } => loop {
                let mut line = Vec::new();
                let read = reader.take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
                if read.map_err(AuditError::file("read", path))? == 0 {
                    return Ok(None);
                }
                *lines += 1;
                let line = String::from_utf8_lossy(&line);
                let line = line.trim_end_matches(['\n', '\r']);
                if !line.is_empty() {
                    return Ok(Some(Line {
                        place: format!("line {lines}"),
                        text: Some(line.to_owned()),
                        is_whole: false,
                    }));
                }
            },
        }
    }
}
