//! Bucket: an archive in an object store, by the same names and operations as in a folder.
//!
//! # Why
//! *No rename*: an object has its name from the moment its upload is complete, so what is proved before it has one is
//! the local file, and the object is proved under its name, before the manifest says so (`upload`).
//!
//! *Superseding* is a copy and a deletion, and so is the way back. Of the copy only the length is checked here: what is
//! superseded has a proved successor, so nothing rests on it but readers that began before; and what is adopted on its
//! way back is proved there (`recover`).
//!
//! *The mark is made only where there is none*, by one conditional request: of two databases that are given one empty
//! bucket, one gets it.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::path::Path;
use object_store::{
    Error, ObjectMeta, ObjectStore as _, ObjectStoreExt as _, PutMode, PutPayload, PutResult, UpdateVersion,
};
use url::Url;

use super::client::{Client, is_missing, is_not_offered};
use super::error::StorageError;
use super::names::{
    CLAIM, ENDING, MARK, PROBE, SUPERSEDED, StoredClaim, SupersededFile, WriteProbe, check_unchanged, claimed,
};
use super::scratch::Scratch;
use crate::config::ArchiveConfig;

/// Longer than any mark; what is longer is none.
const MARK_BYTES_MAX: u64 = 1_024;

/// A bucket, or a part of one, that holds an archive.
#[derive(Clone)]
pub(super) struct Bucket {
    pub(super) client: Arc<Client>,
    prefix: Path,
    shown: String,
    scratch: Scratch,
}

impl std::fmt::Debug for Bucket {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The client knows secrets.
        formatter.debug_tuple("Bucket").field(&self.shown).finish()
    }
}

impl Bucket {
    /// The bucket and the prefix of a URL.
    pub(super) fn of(url: &Url, config: &ArchiveConfig) -> Result<Bucket, StorageError> {
        let name = url.host_str().filter(|name| !name.is_empty()).ok_or(StorageError::Url)?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.port().is_none();
        if !is_plain || url.query().is_some() || url.fragment().is_some() {
            return Err(StorageError::Url);
        }
        let prefix = Path::from_url_path(url.path()).map_err(|_| StorageError::Url)?;
        let shown = format!("s3://{name}/{prefix}").trim_end_matches('/').to_owned();
        let scratch = Scratch::of(&config.scratch_dir(), &shown);
        Ok(Bucket { client: Arc::new(Client::of(name, config)?), prefix, shown, scratch })
    }

    /// The bucket as a URL.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// The URL of something in it.
    pub(super) fn address(&self, name: &str) -> String {
        format!("{}/{name}", self.shown)
    }

    /// Where files are written first.
    pub(super) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// Whose archive this is; `None` where no mark says so.
    pub(super) fn mark(&self) -> Result<Option<String>, StorageError> {
        match self.read_small(MARK, MARK_BYTES_MAX)? {
            Some(text) => Ok(Some(text.trim().to_owned())),
            None => self.is_new().map(|_| None),
        }
    }

    /// Marks the bucket, unless it is marked.
    pub(super) fn set_mark(&self, id: &str) -> Result<(), StorageError> {
        match self.put(MARK, format!("{id}\n"), PutMode::Create) {
            Ok(_) => Ok(()),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                let found = "has become another database's archive just now";
                Err(StorageError::NotOurs { path: self.shown.clone(), found })
            }
            Err(error) => Err(self.failed("write", MARK)(error)),
        }
    }

    /// What the claim says; `None` where there is none.
    pub(super) fn claim(&self) -> Result<Option<StoredClaim>, StorageError> {
        // Looked for before it is read: what another writes in between makes the next write fail.
        let Some(found) = self.head(CLAIM)? else { return Ok(None) };
        let version = UpdateVersion { e_tag: found.e_tag, version: found.version };
        Ok(self.read_small(CLAIM, MARK_BYTES_MAX)?.map(|text| StoredClaim { text, version: Some(version) }))
    }

    /// Writes the claim, where what was found still stands. Where a store offers no condition for it, it is read again.
    pub(super) fn set_claim(&self, text: &str, found: Option<&StoredClaim>) -> Result<(), StorageError> {
        let mode = match found.and_then(|found| found.version.clone()) {
            Some(version) if version.e_tag.is_some() => Some(PutMode::Update(version)),
            Some(_) => None,
            None => Some(PutMode::Create),
        };
        let put = match mode.map(|mode| self.put(CLAIM, text.to_owned(), mode)) {
            Some(Err(error)) if !is_not_offered(&error) => Err(error),
            Some(Ok(put)) => Ok(put),
            _ => {
                check_unchanged(self.claim()?.as_ref(), found, &self.shown)?;
                self.put(CLAIM, text.to_owned(), PutMode::Overwrite)
            }
        };
        match put {
            Ok(_) => Ok(()),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => {
                // The answer to a request that was sent twice: the first was heard.
                if self.claim()?.is_some_and(|claim| claim.text == text) {
                    return Ok(());
                }
                Err(claimed(&self.shown))
            }
            Err(error) => Err(self.failed("write", CLAIM)(error)),
        }
    }

    /// True where nothing is there.
    pub(super) fn is_new(&self) -> Result<bool, StorageError> {
        let prefix = self.prefix.clone();
        let found = self.client.ask(|store| async move { store.list(Some(&prefix)).try_next().await });
        Ok(found.map_err(self.failed("list", ""))?.is_none())
    }

    /// Proves that objects can be written and deleted.
    pub(super) fn probe(&self) -> Result<WriteProbe, StorageError> {
        let put = self.put(PROBE, String::new(), PutMode::Overwrite).map_err(self.failed("write", PROBE))?;
        self.delete(PROBE)?;
        Ok(WriteProbe { keeps_versions: put.version.is_some_and(|version| version != "null") })
    }

    /// The length of an object, live or superseded.
    pub(super) fn length(&self, name: &str) -> Result<u64, StorageError> {
        for address in [name.to_owned(), superseded(name)] {
            if let Some(found) = self.head(&address)? {
                return Ok(found.size);
            }
        }
        Err(self.missing(name))
    }

    /// Bytes of an object, live or superseded.
    pub(super) fn fetch(&self, name: &str, range: Range<u64>) -> Result<Bytes, StorageError> {
        for address in [name.to_owned(), superseded(name)] {
            let (key, range) = (self.key(&address)?, range.clone());
            match self.client.ask(|store| async move { store.get_range(&key, range).await }) {
                Err(error) if is_missing(&error) => {}
                fetched => return fetched.map_err(self.failed("read", &address)),
            }
        }
        Err(self.missing(name))
    }

    /// Tells a missing object from a missing bucket, which stores answer alike.
    fn missing(&self, name: &str) -> StorageError {
        match self.is_new() {
            Ok(_) => StorageError::Missing { name: name.to_owned() },
            Err(error) => error,
        }
    }

    /// True where an object has this name.
    pub(super) fn is_live(&self, name: &str) -> Result<bool, StorageError> {
        Ok(self.head(name)?.is_some())
    }

    /// Moves an object to the superseded ones; nothing where it is there already.
    pub(super) fn supersede(&self, name: &str) -> Result<(), StorageError> {
        self.shift(name, &superseded(name))
    }

    /// Moves a superseded object back to the live ones; nothing where it is none.
    pub(super) fn reinstate(&self, name: &str) -> Result<(), StorageError> {
        self.shift(&superseded(name), name)
    }

    /// Copies an object, looks at the copy, and deletes the object; nothing where it is not there.
    fn shift(&self, from: &str, to: &str) -> Result<(), StorageError> {
        let Some(found) = self.head(from)? else { return Ok(()) };
        let (source, target) = (self.key(from)?, self.key(to)?);
        let copied = self.client.ask(|store| async move { store.copy(&source, &target).await });
        copied.map_err(self.failed("copy to", to))?;
        let copied = self.head(to)?;
        if copied.is_none_or(|copied| copied.size != found.size) {
            return Err(StorageError::Altered { path: self.address(to), tries: 1 });
        }
        self.delete(from)
    }

    /// Deletes a superseded object; nothing where it is gone.
    pub(super) fn remove_superseded(&self, name: &str) -> Result<(), StorageError> {
        self.delete(&superseded(name))
    }

    /// The names of all live objects.
    pub(super) fn live_names(&self) -> Result<Vec<String>, StorageError> {
        let found = self.list("")?.into_iter().map(|(name, _)| name);
        let mut names: Vec<String> = found.filter(|name| is_file(name)).collect();
        names.sort();
        Ok(names)
    }

    /// All superseded objects.
    pub(super) fn superseded(&self) -> Result<Vec<SupersededFile>, StorageError> {
        let found = self.list(SUPERSEDED)?.into_iter().filter(|(name, _)| is_file(name));
        let mut found: Vec<SupersededFile> =
            found.map(|(name, object)| SupersededFile { name, since: object.last_modified.into() }).collect();
        found.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(found)
    }

    /// The objects in a folder below the prefix, by their names in it.
    pub(super) fn list(&self, folder: &str) -> Result<Vec<(String, ObjectMeta)>, StorageError> {
        let key = self.key(folder)?;
        let prefix = key.clone();
        let found = self.client.ask(|store| async move { store.list(Some(&prefix)).try_collect::<Vec<_>>().await });
        let found = found.map_err(self.failed("list", folder))?;
        let named = found.into_iter().filter_map(|object| {
            let parts: Vec<String> = object.location.prefix_match(&key)?.map(|part| part.as_ref().to_owned()).collect();
            Some((parts.join("/"), object))
        });
        Ok(named.collect())
    }

    /// What a short object says; `None` where it is not there.
    pub(super) fn read_small(&self, name: &str, bytes_max: u64) -> Result<Option<String>, StorageError> {
        let Some(found) = self.head(name)? else { return Ok(None) };
        let bytes = if found.size == 0 { Bytes::new() } else { self.fetch(name, 0..found.size.min(bytes_max))? };
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    pub(super) fn head(&self, name: &str) -> Result<Option<ObjectMeta>, StorageError> {
        let key = self.key(name)?;
        match self.client.ask(|store| async move { store.head(&key).await }) {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.failed("look for", name)(error)),
        }
    }

    pub(super) fn put(&self, name: &str, text: String, mode: PutMode) -> Result<PutResult, Error> {
        let key = self.prefix_of(name)?;
        self.client.ask(|store| async move { store.put_opts(&key, PutPayload::from(text), mode.into()).await })
    }

    /// Deletes an object; nothing where it is gone.
    pub(super) fn delete(&self, name: &str) -> Result<(), StorageError> {
        let key = self.key(name)?;
        match self.client.ask(|store| async move { store.delete(&key).await }) {
            Err(error) if is_missing(&error) => Ok(()),
            deleted => deleted.map_err(self.failed("delete", name)),
        }
    }

    /// The object of a name.
    pub(super) fn key(&self, name: &str) -> Result<Path, StorageError> {
        self.prefix_of(name).map_err(self.failed("name", name))
    }

    fn prefix_of(&self, name: &str) -> Result<Path, Error> {
        Ok(Path::parse(format!("{}/{name}", self.prefix))?)
    }

    pub(super) fn failed(&self, what: &'static str, name: &str) -> impl FnOnce(Error) -> StorageError + use<'_> {
        self.client.failed(what, self.address(name).trim_end_matches('/'))
    }
}

/// The place of a superseded object of this name.
fn superseded(name: &str) -> String {
    format!("{SUPERSEDED}/{name}")
}

/// True for names as this program gives them to files.
fn is_file(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    matches!(parts[..], [metric, day, file]
        if metric.starts_with("metric=") && day.starts_with("day=") && file.ends_with(ENDING))
}
