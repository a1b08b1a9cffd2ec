//! Storage: where files are, in a folder or in a bucket of an object store, and every name that is given there.
//!
//! ```text
//! archive.id                                              whose archive it is
//! archive.claim                                           which state of it its database must know
//! metric=heart_rate/day=2026-11-23/g00001-<id>.parquet    live
//! superseded/metric=…/day=…/g00001-<id>.parquet           older generations and leftovers, for the grace
//! temporary/…                                             being written, or being uploaded
//! ```
//!
//! # Why
//! Both kinds have the same names and the same operations, so the roll knows one order of steps and its tests run on
//! both: a file has no name until its bytes are proved, and the manifest names none before that. In a folder that is
//! sync, rename and sync of the folder (`folder`). A store has no rename, and gives an object its name when its upload
//! is complete; so the file is built in a local folder, proved there, uploaded, and proved again by reading the stored
//! bytes (`bucket`, `upload`). A name holds the SHA-256 of its file, so an upload that is repeated changes nothing.
//!
//! Each step is a function of its own, so that the roll can be stopped between any two. All of them wait for a disk or
//! a network: whoever is on one of the runtime's threads asks through `Archive::at`.

/// Why storage cannot be used.
mod error;

/// Names of files and folders.
mod names;

/// A folder on a disk.
mod folder;

/// Files that are written before they are uploaded.
mod scratch;

/// An object store, and what its failures mean.
mod client;

/// The operations on a bucket.
mod bucket;

/// A local file becomes an object.
mod upload;

/// Bytes of a file, on a disk or in a bucket.
mod source;

/// Objects that stay as they are: not of the archive, and by the same requests.
mod write_once;

use std::fs::File;
use std::path::{Path, PathBuf};

use url::Url;

use crate::config::ArchiveConfig;
use crate::model::time::{Day, Timestamp};
use bucket::Bucket;
pub use error::{StorageError, StoreAnswer};
use folder::Folder;
pub use folder::sync_file;
use names::{ENDING, TEMPORARY, digits};
pub use names::{StoredClaim, SupersededFile, WriteProbe};
use source::Object;
pub use source::Source;
pub use write_once::WriteOnceBucket;

/// Where the files of an archive are.
#[derive(Clone, Debug)]
pub struct Storage {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Folder(Folder),
    Bucket(Bucket),
}

impl Storage {
    /// The storage of a configuration.
    pub fn of(config: &ArchiveConfig) -> Result<Storage, StorageError> {
        let url = Url::parse(&config.url).map_err(|_| StorageError::Url)?;
        let kind = match url.scheme() {
            "file" => Kind::Folder(Folder::new(url.to_file_path().map_err(|()| StorageError::Url)?)),
            "s3" => Kind::Bucket(Bucket::of(&url, config)?),
            _ => return Err(StorageError::Url),
        };
        Ok(Storage { kind })
    }

    /// The name of a file.
    pub fn name(metric: &str, day: Day, generation: u32, sha256: &[u8; 32]) -> String {
        let id = digits(sha256);
        format!("metric={metric}/day={day}/g{generation:05}-{id}{ENDING}")
    }

    /// The storage, for people.
    pub fn shown(&self) -> String {
        match &self.kind {
            Kind::Folder(folder) => folder.root().display().to_string(),
            Kind::Bucket(bucket) => bucket.shown().to_owned(),
        }
    }

    /// A live file by the name that other programs know it by: a path, or a URL.
    pub fn address(&self, name: &str) -> String {
        match &self.kind {
            Kind::Folder(folder) => folder.root().join(name).to_string_lossy().into_owned(),
            Kind::Bucket(bucket) => bucket.address(name),
        }
    }

    /// True where files are objects of a bucket.
    pub fn is_bucket(&self) -> bool {
        matches!(self.kind, Kind::Bucket(_))
    }

    /// Whose archive this is; `None` where no mark says so.
    pub fn mark(&self) -> Result<Option<String>, StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.mark(),
            Kind::Bucket(bucket) => bucket.mark(),
        }
    }

    /// Marks the storage, which is made where it is a folder and missing. Fails where it is marked already.
    pub fn set_mark(&self, id: &str) -> Result<(), StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.set_mark(id),
            Kind::Bucket(bucket) => bucket.set_mark(id),
        }
    }

    /// What the claim says; `None` where there is none.
    pub fn claim(&self) -> Result<Option<StoredClaim>, StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.claim(),
            Kind::Bucket(bucket) => bucket.claim(),
        }
    }

    /// Writes the claim in the place of the one that was found, where that one still stands.
    pub fn set_claim(&self, text: &str, found: Option<&StoredClaim>) -> Result<(), StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.set_claim(text, found),
            Kind::Bucket(bucket) => bucket.set_claim(text, found),
        }
    }

    /// True where there is nothing yet.
    pub fn is_new(&self) -> Result<bool, StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.is_new(),
            Kind::Bucket(bucket) => bucket.is_new(),
        }
    }

    /// Proves that files can be written and deleted here.
    pub fn probe(&self) -> Result<WriteProbe, StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.probe().map(|()| WriteProbe::default()),
            Kind::Bucket(bucket) => bucket.probe(),
        }
    }

    /// Begins a file that has no name yet. One roller at a time writes here.
    pub fn create(&self, metric: &str, day: Day) -> Result<(PathBuf, File), StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.create(metric, day),
            Kind::Bucket(bucket) => bucket.scratch().create(metric, day),
        }
    }

    /// Deletes a file that needs no name.
    pub fn discard(&self, part: &Path) -> Result<(), StorageError> {
        folder::remove(part)
    }

    /// Gives a synced file its name. True for the power cut only after `settle`.
    pub fn publish(&self, part: &Path, name: &str) -> Result<(), StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.publish(part, name),
            Kind::Bucket(bucket) => upload::publish(bucket, part, name),
        }
    }

    /// Syncs the folders that lead to a name; a store has done so before it answers.
    pub fn settle(&self, name: &str) -> Result<(), StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.settle(name),
            Kind::Bucket(_) => Ok(()),
        }
    }

    /// Opens a live or superseded file by its name: it may be superseded while a reader opens it, and only that way.
    pub fn open(&self, name: &str) -> Result<Source, StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.open(name).map(Source::from),
            Kind::Bucket(bucket) => Ok(Object::new(bucket.clone(), name, bucket.length(name)?).into()),
        }
    }

    /// True where a live file has this name.
    pub fn is_live(&self, name: &str) -> Result<bool, StorageError> {
        match &self.kind {
            Kind::Folder(folder) => Ok(folder.is_live(name)),
            Kind::Bucket(bucket) => bucket.is_live(name),
        }
    }

    /// Moves a file to the superseded ones, from when on its grace runs; nothing where it is there already. A store
    /// dates its copies by its own clock.
    pub fn supersede(&self, name: &str, now: Timestamp) -> Result<(), StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.supersede(name, now.into()),
            Kind::Bucket(bucket) => bucket.supersede(name),
        }
    }

    /// Deletes a file that was given its name and is to have no row: what it was made from is still where it was, or
    /// has gone by another's will.
    pub fn withdraw(&self, name: &str) -> Result<(), StorageError> {
        // A folder that cannot be synced has let the file go all the same.
        let moved = match &self.kind {
            Kind::Folder(folder) => folder.move_aside(name),
            Kind::Bucket(bucket) => bucket.supersede(name),
        };
        self.remove_superseded(name)?;
        moved
    }

    /// Moves a superseded file back to the live ones; nothing where it is none.
    pub fn reinstate(&self, name: &str) -> Result<(), StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.reinstate(name),
            Kind::Bucket(bucket) => bucket.reinstate(name),
        }
    }

    /// Deletes a superseded file; nothing where it is gone.
    pub fn remove_superseded(&self, name: &str) -> Result<(), StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.remove_superseded(name),
            Kind::Bucket(bucket) => bucket.remove_superseded(name),
        }
    }

    /// Deletes what was never finished, uploads too; how many files that were.
    pub fn remove_unfinished(&self) -> Result<u64, StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.remove_unfinished(),
            Kind::Bucket(bucket) => Ok(bucket.scratch().clear()? + upload::end_unfinished(bucket, TEMPORARY)?),
        }
    }

    /// The names of all live files.
    pub fn live_names(&self) -> Result<Vec<String>, StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.live_names(),
            Kind::Bucket(bucket) => bucket.live_names(),
        }
    }

    /// All superseded files.
    pub fn superseded(&self) -> Result<Vec<SupersededFile>, StorageError> {
        match &self.kind {
            Kind::Folder(folder) => folder.superseded(),
            Kind::Bucket(bucket) => bucket.superseded(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::config::Config;

    fn of(url: &str) -> Result<Storage, StorageError> {
        let variables = [("HEALTHTRACK__ARCHIVE__URL", url), ("AWS_REGION", "here"), ("AWS_ACCESS_KEY_ID", "x")];
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Storage::of(&Config::read(None, variables).unwrap().archive)
    }

    fn storage() -> (tempfile::TempDir, Storage) {
        let folder = tempfile::tempdir().unwrap();
        let storage = of(Url::from_file_path(folder.path().join("archive")).unwrap().as_str()).unwrap();
        (folder, storage)
    }

    fn day() -> Day {
        Timestamp::parse_rfc3339("2026-11-23T10:00:00Z").unwrap().day()
    }

    #[test]
    fn a_file_is_found_by_its_name_until_it_is_deleted() {
        let (_folder, storage) = storage();
        storage.set_mark("x").unwrap();
        assert_eq!(storage.mark().unwrap().as_deref(), Some("x"));
        let (part, mut file) = storage.create("heart_rate", day()).unwrap();
        file.write_all(b"whole").unwrap();
        let name = Storage::name("heart_rate", day(), 1, &[0xab; 32]);
        assert_eq!(name, "metric=heart_rate/day=2026-11-23/g00001-abababababab.parquet");
        assert!(matches!(storage.open(&name), Err(StorageError::Missing { .. })));
        storage.publish(&part, &name).unwrap();
        storage.settle(&name).unwrap();
        assert_eq!(storage.live_names().unwrap(), [name.as_str()]);
        assert_eq!(storage.superseded().unwrap(), []);
        let now = Timestamp::parse_rfc3339("2026-11-24T10:00:00Z").unwrap();
        storage.supersede(&name, now).unwrap();
        assert!(storage.open(&name).is_ok() && !storage.is_live(&name).unwrap());
        assert_eq!(storage.live_names().unwrap(), [] as [String; 0]);
        let SupersededFile { name: superseded, since } = storage.superseded().unwrap().remove(0);
        assert_eq!((superseded, since), (name.clone(), now.into()));
        storage.remove_superseded(&name).unwrap();
        storage.remove_superseded(&name).unwrap();
        assert!(matches!(storage.open(&name), Err(StorageError::Missing { .. })));
    }

    #[test]
    fn a_claim_that_another_has_changed_meanwhile_is_not_written_over() {
        let (_folder, storage) = storage();
        storage.set_mark("x").unwrap();
        let none = storage.claim().unwrap();
        storage.set_claim("first", none.as_ref()).unwrap();
        let found = storage.claim().unwrap();
        storage.set_claim("second", found.as_ref()).unwrap();
        for outdated in [none, found] {
            let refused = storage.set_claim("third", outdated.as_ref());
            assert!(matches!(refused, Err(StorageError::NotOurs { .. })), "{refused:?}");
        }
        assert_eq!(storage.claim().unwrap().unwrap().text, "second");
    }

    #[test]
    fn what_was_never_finished_is_deleted() {
        let (_folder, storage) = storage();
        drop(storage.create("heart_rate", day()).unwrap());
        assert_eq!((storage.remove_unfinished().unwrap(), storage.remove_unfinished().unwrap()), (1, 0));
    }

    #[test]
    fn only_folders_and_buckets_are_storage() {
        for url in [
            "",
            "s3://",
            "s3:///x",
            "s3://user:s3cret@bucket/x",
            "s3://bucket:1/x",
            "s3://b/x?y",
            "file://host/x",
            "relative",
            "https://bucket/x",
        ] {
            assert!(matches!(of(url), Err(StorageError::Url)), "{url}");
        }
    }
}
