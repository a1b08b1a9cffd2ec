//! Progress: up to which byte of the file each target has been sent its records.
//!
//! It lies beside the file, as `FILE.sent`, and is written after each record. Where it is lost, and where an address is
//! written in another way, everything is sent again: a bucket has it already, and in a syslog daemon's file the records
//! then stand twice, which `verify` tells and takes for no fault.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::error::AuditError;

/// What was sent.
#[derive(Debug)]
pub(super) struct Progress {
    path: PathBuf,
    bytes: BTreeMap<String, u64>,
}

impl Progress {
    /// Of a file of records.
    pub(super) fn of(file: &Path) -> Progress {
        let mut path = file.as_os_str().to_owned();
        path.push(".sent");
        let path = PathBuf::from(path);
        // What is not there, or was cut off by a crash, is as good as lost.
        let bytes = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Progress { path, bytes }
    }

    /// How far a target has come.
    pub(super) fn byte(&self, target: &str) -> u64 {
        self.bytes.get(target).copied().unwrap_or(0)
    }

    /// A target has come so far.
    pub(super) fn set(&mut self, target: &str, byte: u64) -> Result<(), AuditError> {
        self.bytes.insert(target.to_owned(), byte);
        let failed = AuditError::file("write", &self.path);
        let text = serde_json::to_vec(&self.bytes).map_err(|error| failed(error.into()))?;
        let part = self.path.with_extension("part");
        // On the disk before it has the name: after a crash it is the one of before or this one, and not empty.
        let written = File::create(&part).and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()));
        written.and_then(|()| fs::rename(&part, &self.path)).map_err(failed)
    }

    /// Nothing was sent of what begins now.
    pub(super) fn begin(&mut self) {
        self.bytes.clear();
    }
}
