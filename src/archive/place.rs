//! Place: where files lie, and every name that is given there.
//!
//! ```text
//! archive.id                                              whose archive it is
//! metric=heart_rate/day=2026-11-23/g00001-<id>.parquet    live
//! superseded/metric=…/day=…/g00001-<id>.parquet           older generations and leftovers, for the grace
//! temporary/heart_rate-2026-11-23.part                    being written
//! ```
//!
//! # Why
//! A file is synced before it has its name, and the folder that holds the name is synced before the manifest says so:
//! a name without its bytes, or a manifest row without a name, is what a power cut would otherwise leave. Each step is
//! a function of its own, so that the roll can be stopped between any two. An object store would have the same verbs,
//! with one upload in place of sync and rename.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use url::Url;

use crate::model::time::Day;

/// Says whose archive it is.
const MARK: &str = "archive.id";
const SUPERSEDED: &str = "superseded";
const TEMPORARY: &str = "temporary";
const ENDING: &str = ".parquet";
/// Digits of a file's SHA-256 in its name: two versions never share one.
const ID_DIGITS: usize = 12;

/// A folder that holds an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    root: PathBuf,
}

/// Why the place cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// Not a URL of a folder.
    #[error("archive.url must be file:///DIR; object stores are not built in yet")]
    Url,
    /// The disk says no.
    #[error("cannot {what} {path}: check that the archive's disk is there, writable and not full")]
    Io {
        /// Which step.
        what: &'static str,
        /// Of which file or folder.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file that the manifest names is not there.
    #[error("{name} is in the manifest and not in the archive: bring it back from a backup, and run `archive verify`")]
    Missing {
        /// Which.
        name: String,
    },
    /// Another database's archive, or none where there should be one.
    #[error("{path} {found}: check archive.url, and that its disk is mounted")]
    NotOurs {
        /// Which folder.
        path: String,
        /// What was found.
        found: &'static str,
    },
}

/// A file that lies beside the live ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Its name as a live file.
    pub name: String,
    /// When its bytes were last written.
    pub written: SystemTime,
}

impl Place {
    /// The folder of a URL.
    pub fn of(url: &str) -> Result<Place, PlaceError> {
        let url = Url::parse(url).map_err(|_| PlaceError::Url)?;
        let root = (url.scheme() == "file").then(|| url.to_file_path().ok()).flatten().ok_or(PlaceError::Url)?;
        Ok(Place { root })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whose archive this is; `None` where no mark says so.
    pub fn mark(&self) -> Result<Option<String>, PlaceError> {
        let path = self.root.join(MARK);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", &path)(error)),
        }
    }

    /// Makes the folder where it is missing, and marks it.
    pub fn set_mark(&self, id: &str) -> Result<(), PlaceError> {
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
    pub fn is_new(&self) -> Result<bool, PlaceError> {
        match fs::read_dir(&self.root) {
            Ok(mut entries) => Ok(entries.next().is_none()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(error) => Err(failed("read", &self.root)(error)),
        }
    }

    /// Proves that files can be written and deleted here.
    pub fn probe(&self) -> Result<(), PlaceError> {
        let path = self.root.join(format!("{TEMPORARY}.probe"));
        let written = File::create(&path).and_then(|file| file.sync_all()).and_then(|()| fs::remove_file(&path));
        written.map_err(failed("write", &path))
    }

    /// The name of a file.
    pub fn name(metric: &str, day: Day, generation: u32, sha256: &[u8; 32]) -> String {
        let id: String = sha256.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(ID_DIGITS).map(digit).collect();
        format!("metric={metric}/day={day}/g{generation:05}-{id}{ENDING}")
    }

    /// Begins a file that has no name yet. One roller at a time writes here.
    pub fn create(&self, metric: &str, day: Day) -> Result<(PathBuf, File), PlaceError> {
        let folder = self.root.join(TEMPORARY);
        fs::create_dir_all(&folder).map_err(failed("make", &folder))?;
        let path = folder.join(format!("{metric}-{day}.part"));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&path);
        Ok((path.clone(), file.map_err(failed("write", &path))?))
    }

    /// Deletes a file that needs no name.
    pub fn discard(&self, part: &Path) -> Result<(), PlaceError> {
        fs::remove_file(part).map_err(failed("delete", part))
    }

    /// Gives a synced file its name. True for the power cut only after `settle`.
    pub fn publish(&self, part: &Path, name: &str) -> Result<(), PlaceError> {
        self.give(part, &self.root.join(name))
    }

    /// Syncs the folders that lead to a name.
    pub fn settle(&self, name: &str) -> Result<(), PlaceError> {
        let path = self.root.join(name);
        path.ancestors().skip(1).take_while(|folder| folder.starts_with(&self.root)).try_for_each(sync_folder)
    }

    /// Opens a file by its name, wherever it lies now: it may go aside while a reader asks for it, and only that way.
    pub fn open(&self, name: &str) -> Result<File, PlaceError> {
        for path in [self.root.join(name), self.root.join(SUPERSEDED).join(name)] {
            match File::open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                opened => return opened.map_err(failed("read", &path)),
            }
        }
        Err(PlaceError::Missing { name: name.to_owned() })
    }

    /// True where a file lies under its name.
    pub fn is_live(&self, name: &str) -> bool {
        self.root.join(name).is_file()
    }

    /// Moves a file aside; nothing where it is there already.
    pub fn set_aside(&self, name: &str) -> Result<(), PlaceError> {
        let live = self.root.join(name);
        if !live.exists() {
            return Ok(());
        }
        let aside = self.root.join(SUPERSEDED).join(name);
        self.give(&live, &aside)?;
        [aside.parent(), live.parent()].into_iter().flatten().try_for_each(sync_folder)
    }

    /// Deletes a file that lies aside; nothing where it is gone.
    pub fn remove_aside(&self, name: &str) -> Result<(), PlaceError> {
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
    pub fn remove_unfinished(&self) -> Result<u64, PlaceError> {
        let mut removed = 0;
        for (_, path) in entries(&self.root.join(TEMPORARY))? {
            fs::remove_file(&path).map_err(failed("delete", &path))?;
            removed += 1;
        }
        Ok(removed)
    }

    /// The names of all files that lie as live ones.
    pub fn live_names(&self) -> Result<Vec<String>, PlaceError> {
        Ok(files_below(&self.root)?.into_iter().map(|(name, _)| name).collect())
    }

    /// All files that lie aside.
    pub fn aside(&self) -> Result<Vec<Aside>, PlaceError> {
        let files = files_below(&self.root.join(SUPERSEDED))?;
        files
            .into_iter()
            .map(|(name, path)| {
                let written = path.metadata().and_then(|found| found.modified()).map_err(failed("read", &path))?;
                Ok(Aside { name, written })
            })
            .collect()
    }

    fn give(&self, from: &Path, to: &Path) -> Result<(), PlaceError> {
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(failed("make", folder))?;
        }
        fs::rename(from, to).map_err(failed("name", to))
    }
}

/// Syncs what was written to a file.
pub fn sync_file(file: &File, path: &Path) -> Result<(), PlaceError> {
    file.sync_all().map_err(failed("sync", path))
}

fn sync_folder(folder: &Path) -> Result<(), PlaceError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("sync", folder))
}

/// Files two folders below a root that are named as this program names them, in order.
fn files_below(root: &Path) -> Result<Vec<(String, PathBuf)>, PlaceError> {
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
fn entries(folder: &Path) -> Result<Vec<(String, PathBuf)>, PlaceError> {
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

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> PlaceError {
    let path = path.display().to_string();
    move |source| PlaceError::Io { what, path, source }
}

fn digit(half: u8) -> char {
    char::from_digit(half.into(), 16).unwrap_or('0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;

    fn place() -> (tempfile::TempDir, Place) {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::of(Url::from_file_path(folder.path().join("archive")).unwrap().as_str()).unwrap();
        (folder, place)
    }

    fn day() -> Day {
        Timestamp::parse_rfc3339("2026-11-23T10:00:00Z").unwrap().day()
    }

    #[test]
    fn a_file_is_found_by_its_name_until_it_is_deleted() {
        let (_folder, place) = place();
        place.set_mark("x").unwrap();
        assert_eq!(place.mark().unwrap().as_deref(), Some("x"));
        let (part, mut file) = place.create("heart_rate", day()).unwrap();
        file.write_all(b"whole").unwrap();
        let name = Place::name("heart_rate", day(), 1, &[0xab; 32]);
        assert_eq!(name, "metric=heart_rate/day=2026-11-23/g00001-abababababab.parquet");
        assert!(matches!(place.open(&name), Err(PlaceError::Missing { .. })));
        place.publish(&part, &name).unwrap();
        place.settle(&name).unwrap();
        assert_eq!(place.live_names().unwrap(), [name.as_str()]);
        assert_eq!(place.aside().unwrap(), []);
        place.set_aside(&name).unwrap();
        assert!(place.open(&name).is_ok() && !place.is_live(&name));
        assert_eq!(place.live_names().unwrap(), [] as [String; 0]);
        assert_eq!(place.aside().unwrap()[0].name, name);
        place.remove_aside(&name).unwrap();
        place.remove_aside(&name).unwrap();
        assert!(matches!(place.open(&name), Err(PlaceError::Missing { .. })));
    }

    #[test]
    fn what_was_never_finished_is_deleted() {
        let (_folder, place) = place();
        drop(place.create("heart_rate", day()).unwrap());
        assert_eq!((place.remove_unfinished().unwrap(), place.remove_unfinished().unwrap()), (1, 0));
    }

    #[test]
    fn only_folders_are_places() {
        for url in ["", "s3://bucket/x", "file://host/x", "relative"] {
            assert!(matches!(Place::of(url), Err(PlaceError::Url)), "{url}");
        }
    }
}
