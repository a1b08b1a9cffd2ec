//! Folder: an archive on a disk.
//!
//! # Why
//! A file is synced before it has its name, and the folder that holds the name is synced before the manifest says so:
//! a name without its bytes, or a manifest row without a name, is what a power cut would otherwise leave.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::error::{StorageError, failed};
use super::names::{CLAIM, ENDING, MARK, PROBE, SUPERSEDED, StoredClaim, SupersededFile, TEMPORARY, check_unchanged};
use crate::model::time::Day;

/// A folder that holds an archive.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// A folder, there or not.
    pub(super) fn new(root: PathBuf) -> Folder {
        Folder { root }
    }

    /// The folder.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whose archive this is; `None` where no mark says so.
    pub(super) fn mark(&self) -> Result<Option<String>, StorageError> {
        Ok(text_of(&self.root.join(MARK))?.map(|text| text.trim().to_owned()))
    }

    /// What the claim says; `None` where there is none.
    pub(super) fn claim(&self) -> Result<Option<StoredClaim>, StorageError> {
        Ok(text_of(&self.root.join(CLAIM))?.map(|text| StoredClaim { text, version: None }))
    }

    /// Writes the claim in the place of the one that was found: after a power cut it is the old one or the new one.
    pub(super) fn set_claim(&self, text: &str, found: Option<&StoredClaim>) -> Result<(), StorageError> {
        let folder = self.root.join(TEMPORARY);
        fs::create_dir_all(&folder).map_err(failed("make", &folder))?;
        let part = folder.join(format!("{CLAIM}.part"));
        let written = File::create(&part).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        let given = written.map_err(failed("write", &part)).and_then(|()| {
            // A disk has no condition for a rename: this leaves another database the time between two of its calls.
            check_unchanged(self.claim()?.as_ref(), found, &self.root.display().to_string())?;
            self.give(&part, &self.root.join(CLAIM))
        });
        if given.is_err() {
            // As well as it can: the next roll does it too.
            let _ = fs::remove_file(&part);
        }
        given.and_then(|()| sync_folder(&self.root))
    }

    /// Makes the folder where it is missing, and marks it.
    pub(super) fn set_mark(&self, id: &str) -> Result<(), StorageError> {
        fs::create_dir_all(&self.root).map_err(failed("make", &self.root))?;
        let path = self.root.join(MARK);
        let written = File::create_new(&path).and_then(|mut file| {
            writeln!(file, "{id}")?;
            file.sync_all()
        });
        written.map_err(failed("write", &path))?;
        sync_folder(&self.root)
    }

    /// True where the folder is missing or holds nothing.
    pub(super) fn is_new(&self) -> Result<bool, StorageError> {
        match fs::read_dir(&self.root) {
            Ok(mut entries) => Ok(entries.next().is_none()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(failed("read", &self.root)(error)),
        }
    }

    /// Proves that files can be written and deleted here.
    pub(super) fn probe(&self) -> Result<(), StorageError> {
        let path = self.root.join(PROBE);
        let written = File::create(&path).and_then(|file| file.sync_all()).and_then(|()| fs::remove_file(&path));
        written.map_err(failed("write", &path))
    }

    /// Begins a file that has no name yet. One roller at a time writes here.
    pub(super) fn create(&self, metric: &str, day: Day) -> Result<(PathBuf, File), StorageError> {
        let folder = self.root.join(TEMPORARY);
        fs::create_dir_all(&folder).map_err(failed("make", &folder))?;
        let path = folder.join(format!("{metric}-{day}.part"));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
        Ok((path.clone(), file.map_err(failed("write", &path))?))
    }

    /// Gives a synced file its name. True for the power cut only after `settle`.
    pub(super) fn publish(&self, part: &Path, name: &str) -> Result<(), StorageError> {
        self.give(part, &self.root.join(name))
    }

    /// Syncs the folders that lead to a name.
    pub(super) fn settle(&self, name: &str) -> Result<(), StorageError> {
        let path = self.root.join(name);
        path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root)).try_for_each(sync_folder)
    }

    /// Opens a live or superseded file by its name: it may be superseded while a reader opens it, and only that way.
    pub(super) fn open(&self, name: &str) -> Result<File, StorageError> {
        for path in [self.root.join(name), self.root.join(SUPERSEDED).join(name)] {
            match File::open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                opened => return opened.map_err(failed("read", &path)),
            }
        }
        Err(StorageError::Missing { name: name.to_owned() })
    }

    /// True where a live file has this name.
    pub(super) fn is_live(&self, name: &str) -> bool {
        self.root.join(name).is_file()
    }

    /// Moves a file to the superseded ones, from when on its grace runs; nothing where it is there already.
    pub(super) fn supersede(&self, name: &str, now: SystemTime) -> Result<(), StorageError> {
        // Before it is moved, since it may not be found here again. As well as it can: another's file cannot be dated,
        // and its row, where it has one, says the same.
        let _ = File::open(self.root.join(name)).and_then(|file| file.set_modified(now));
        self.move_aside(name)
    }

    /// The same for a file that is to go at once.
    pub(super) fn move_aside(&self, name: &str) -> Result<(), StorageError> {
        self.shift(&self.root.join(name), &self.root.join(SUPERSEDED).join(name))
    }

    /// Moves a superseded file back to the live ones; nothing where it is none.
    pub(super) fn reinstate(&self, name: &str) -> Result<(), StorageError> {
        self.shift(&self.root.join(SUPERSEDED).join(name), &self.root.join(name))?;
        self.settle(name)
    }

    /// Deletes a superseded file; nothing where it is gone.
    pub(super) fn remove_superseded(&self, name: &str) -> Result<(), StorageError> {
        let path = self.root.join(SUPERSEDED).join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed.map_err(failed("delete", &path))?,
        }
        // Its folders too, where it was the last in them.
        path.ancestors().skip(1).take(2).take_while(|folder| fs::remove_dir(folder).is_ok()).for_each(drop);
        // So that a power cut does not bring it back.
        path.ancestors().skip(1).find(|folder| folder.is_dir()).map_or(Ok(()), sync_folder)
    }

    /// Deletes what was never finished; how many files that were.
    pub(super) fn remove_unfinished(&self) -> Result<u64, StorageError> {
        empty(&self.root.join(TEMPORARY))
    }

    /// The names of all live files.
    pub(super) fn live_names(&self) -> Result<Vec<String>, StorageError> {
        Ok(files_below(&self.root)?.into_iter().map(|(name, _)| name).collect())
    }

    /// All superseded files.
    pub(super) fn superseded(&self) -> Result<Vec<SupersededFile>, StorageError> {
        let files = files_below(&self.root.join(SUPERSEDED))?;
        files
            .into_iter()
            .map(|(name, path)| {
                let since = path.metadata().and_then(|found| found.modified()).map_err(failed("read", &path))?;
                Ok(SupersededFile { name, since })
            })
            .collect()
    }

    /// Moves a file and syncs both folders; nothing where it is not there.
    fn shift(&self, from: &Path, to: &Path) -> Result<(), StorageError> {
        if !from.exists() {
            return Ok(());
        }
        self.give(from, to)?;
        [to.parent(), from.parent()].into_iter().flatten().try_for_each(sync_folder)
    }

    fn give(&self, from: &Path, to: &Path) -> Result<(), StorageError> {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(failed("make", folder))?;
        }
        fs::rename(from, to).map_err(failed("name", to))
    }
}

/// Syncs what was written to a file.
pub fn sync_file(file: &File, path: &Path) -> Result<(), StorageError> {
    file.sync_all().map_err(failed("sync", path))
}

/// Deletes a file.
pub(super) fn remove(path: &Path) -> Result<(), StorageError> {
    fs::remove_file(path).map_err(failed("delete", path))
}

/// Deletes every file of a folder; how many those were.
pub(super) fn empty(folder: &Path) -> Result<u64, StorageError> {
    let mut removed = 0;
    for (_, path) in entries(folder)? {
        remove(&path)?;
        removed += 1;
    }
    Ok(removed)
}

/// What a short file says; `None` where it is not there.
fn text_of(path: &Path) -> Result<Option<String>, StorageError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

fn sync_folder(folder: &Path) -> Result<(), StorageError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("sync", folder))
}

/// Files two folders below a root that are named as this program names them, in order.
fn files_below(root: &Path) -> Result<Vec<(String, PathBuf)>, StorageError> {
    let mut found = Vec::new();
    for (metric, folder) in entries(root)?.into_iter().filter(|(name, _)| name.starts_with("metric=")) {
        for (day, folder) in entries(&folder)?.into_iter().filter(|(name, _)| name.starts_with("day=")) {
            let files = entries(&folder)?.into_iter().filter(|(name, _)| name.ends_with(ENDING));
            found.extend(files.map(|(file, path)| (format!("{metric}/{day}/{file}"), path)));
        }
    }
    Ok(found)
}

/// What a folder holds, in order; nothing where it is missing.
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, StorageError> {
    let mut found = Vec::new();
    match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
        Err(error) => return Err(failed("read", folder)(error)),
        Ok(entries) => {
            for entry in entries {
                let entry = entry.map_err(failed("read", folder))?;
                found.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
            }
        }
    }
    found.sort();
    Ok(found)
}
