//! File: records one below the other, only ever added to, by one program at a time.
//!
//! # Why
//! It tells the number and the digest that the next record needs, and it is what the other targets are sent again
//! from. It may bear the attribute `append-only` (`chattr +a`), so nothing in it is changed either to mend it: a record
//! that a crash has cut off is ended by a line feed, and its number is given again. What it says is not verified before
//! the next record follows it: whoever could write it would gain nothing, since what was shipped before tells
//! against it.
//!
//! Invariant: what is appended is on the disk, or is told as a failure
//! (`a_record_that_was_cut_off_is_written_again_below`).

use std::fs::{File, TryLockError};
use std::io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::error::AuditError;
use super::record::{HeadRecord, RECORD_BYTES_MAX};

const MODE: u32 = 0o640;
/// Where the last whole record is looked for, also behind some that were cut off.
const TAIL_BYTES: u64 = 8 * RECORD_BYTES_MAX as u64;
/// Longer than any line of a syslog daemon that holds a record.
pub(super) const LINE_BYTES_MAX: u64 = 65_536;

/// The file, locked for this program.
#[derive(Debug)]
pub(super) struct RecordFile {
    file: File,
    path: PathBuf,
    last: Option<HeadRecord>,
    ends_in_line: bool,
}

impl RecordFile {
    /// Opens the file, or makes it, and finds its last record.
    pub(super) fn open(path: &Path) -> Result<RecordFile, AuditError> {
        let opened = File::options().read(true).append(true).create(true).mode(MODE).open(path);
        let mut file = opened.map_err(AuditError::file("write", path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(AuditError::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => return Err(AuditError::file("lock", path)(source)),
        }
        let tail = tail_of(&mut file).map_err(AuditError::file("read", path))?;
        let ends_in_line = !tail.is_empty() && !tail.ends_with(b"\n");
        let text = String::from_utf8_lossy(&tail);
        let last = text.lines().rev().find_map(|line| HeadRecord::read_unverified(line).ok());
        if last.is_none() && text.lines().any(|line| !HeadRecord::is_beginning(line)) {
            return Err(AuditError::NotRecords(path.to_owned()));
        }
        Ok(RecordFile { file, path: path.to_owned(), last, ends_in_line })
    }

    /// The last record.
    pub(super) fn last(&self) -> Option<&HeadRecord> {
        self.last.as_ref()
    }

    /// Appends a record and syncs it.
    pub(super) fn append(&mut self, record: HeadRecord) -> Result<(), AuditError> {
        let ending = if self.ends_in_line { "\n" } else { "" };
        let line = format!("{ending}{}\n", record.line());
        // Whatever happens, the next record begins on a line of its own.
        self.ends_in_line = true;
        let written = self.file.write_all(line.as_bytes()).and_then(|()| self.file.sync_all());
        written.map_err(AuditError::file("write", &self.path))?;
        self.ends_in_line = false;
        self.last = Some(record);
        Ok(())
    }

    /// At most `records` records from a byte on, each with the byte after it; from the first one on where the file is
    /// shorter.
    pub(super) fn records_from(&mut self, byte: u64, records: usize) -> Result<Vec<(HeadRecord, u64)>, AuditError> {
        let failed = AuditError::file("read", &self.path);
        let mut at = if byte <= self.file.metadata().map_err(&failed)?.len() { byte } else { 0 };
        self.file.seek(SeekFrom::Start(at)).map_err(&failed)?;
        let mut reader = BufReader::new(&self.file);
        let mut found = Vec::new();
        while found.len() < records {
            let mut line = Vec::new();
            let length = (&mut reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(&failed)?;
            if length == 0 {
                break;
            }
            at += length as u64;
            if let Ok(record) = HeadRecord::read_unverified(String::from_utf8_lossy(&line).trim_end()) {
                found.push((record, at));
            }
        }
        Ok(found)
    }
}

fn tail_of(file: &mut File) -> std::io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut tail = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut tail)?;
    Ok(tail)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{heads, key, now, series};
    use super::*;

    fn next(file: &RecordFile) -> HeadRecord {
        HeadRecord::sign(file.last(), "7/health", now(), &heads(1), &key(1)).unwrap()
    }

    #[test]
    fn records_follow_one_another_over_starts_and_one_program_writes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads");
        for number in 1..=3 {
            let mut file = RecordFile::open(&path).unwrap();
            assert!(matches!(RecordFile::open(&path), Err(AuditError::InUse(_))));
            let record = next(&file);
            assert_eq!(record.number, number);
            file.append(record).unwrap();
        }
        let mut file = RecordFile::open(&path).unwrap();
        let numbers = |file: &mut RecordFile, byte| -> Vec<u64> {
            file.records_from(byte, 2).unwrap().iter().map(|(record, _)| record.number).collect()
        };
        let after = file.records_from(0, 2).unwrap()[1].1;
        assert_eq!([0, after, 1 << 40].map(|byte| numbers(&mut file, byte)), [vec![1, 2], vec![3], vec![1, 2]]);
    }

    #[test]
    fn a_record_that_was_cut_off_is_written_again_below() {
        let folder = tempfile::tempdir().unwrap();
        let lines = series(2);
        for cut in [0, 1, 30, 200, lines[1].len() - 1] {
            let path = folder.path().join(cut.to_string());
            std::fs::write(&path, format!("{}\n{}", lines[0], &lines[1][..cut])).unwrap();
            let mut file = RecordFile::open(&path).unwrap();
            let record = next(&file);
            assert_eq!((record.number, record.previous.clone()), (2, file.last().unwrap().digest()));
            file.append(record.clone()).unwrap();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(text.starts_with(&format!("{}\n{}", lines[0], &lines[1][..cut])), "nothing is changed");
            assert_eq!(text.lines().last(), Some(record.line()), "{cut}");
        }
        let path = folder.path().join("whole");
        std::fs::write(&path, &lines[0]).unwrap();
        let mut file = RecordFile::open(&path).unwrap();
        file.append(next(&file)).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2, "only its line feed was missing");
        std::fs::write(&path, &lines[0][..20]).unwrap();
        drop(file);
        assert_eq!(next(&RecordFile::open(&path).unwrap()).number, 1);
        std::fs::write(&path, "something else\n").unwrap();
        assert!(matches!(RecordFile::open(&path), Err(AuditError::NotRecords(_))));
    }
}
