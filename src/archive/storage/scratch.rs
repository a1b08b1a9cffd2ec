//! Scratch: files that are written and proved on a disk of this machine before they are uploaded.
//!
//! # Why
//! A folder in which others may write too, as the system's temporary one, must not let them read: each file is made
//! anew and for its owner alone. The folder has the storage's digest in its name, so that what is left behind there is
//! this archive's, and may go. Nothing here needs to outlive the process: a roll that is killed is done again.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ring::digest;

use super::error::{StorageError, failed};
use super::folder::empty;
use super::names::digits;
use crate::model::time::Day;

const OWNER_ONLY: u32 = 0o700;
const OWNER_ONLY_FILE: u32 = 0o600;

/// A folder for files that have no name yet.
#[derive(Clone, Debug)]
pub(super) struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    /// The folder of a storage, in `parent`.
    pub(super) fn of(parent: &Path, storage: &str) -> Scratch {
        let digest = digest::digest(&digest::SHA256, storage.as_bytes());
        Scratch { folder: parent.join(format!("healthtrack-{}", digits(digest.as_ref()))) }
    }

    /// Begins a file. One roller at a time writes here.
    pub(super) fn create(&self, metric: &str, day: Day) -> Result<(PathBuf, File), StorageError> {
        let made = DirBuilder::new().recursive(true).mode(OWNER_ONLY).create(&self.folder);
        made.map_err(failed("make", &self.folder))?;
        let path = self.folder.join(format!("{metric}-{day}.part"));
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed("delete", &path)(error)),
            _ => {}
        }
        let file = File::options().read(true).write(true).create_new(true).mode(OWNER_ONLY_FILE).open(&path);
        Ok((path.clone(), file.map_err(failed("write", &path))?))
    }

    /// Deletes what was never finished; how many files that were.
    pub(super) fn clear(&self) -> Result<u64, StorageError> {
        empty(&self.folder)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::model::time::Timestamp;

    #[test]
    fn what_is_written_is_for_its_owner_alone_whatever_lay_there_before() {
        let parent = tempfile::tempdir().unwrap();
        let scratch = Scratch::of(parent.path(), "s3://bucket/x");
        let day = Timestamp::parse_rfc3339("2026-11-23T10:00:00Z").unwrap().day();
        let (path, _) = scratch.create("heart_rate", day).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "a trap").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        let (path, file) = scratch.create("heart_rate", day).unwrap();
        let found = file.metadata().unwrap();
        assert_eq!((found.len(), found.permissions().mode() & 0o777), (0, OWNER_ONLY_FILE));
        assert_eq!(path.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, OWNER_ONLY);
        assert_eq!((scratch.clear().unwrap(), scratch.clear().unwrap()), (1, 0));
    }
}
