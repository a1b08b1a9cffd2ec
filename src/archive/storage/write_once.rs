//! Write-once: small objects that are made and never changed, in a bucket that may lock them.
//!
//! To make one needs the right to put objects, and no other. Each bears its SHA-256 in a header, without which a bucket
//! with an object lock takes none, and is made only where there is none of its name. A name must hold a digest of what
//! it names: then one that is there already is what an earlier request has made, of which the answer was lost.

use object_store::{Error, ObjectStoreExt as _, PutMode};
use url::Url;

use super::bucket::Bucket;
use super::error::StorageError;
use crate::config::ArchiveConfig;

const CHECKSUM: (&str, &str) = ("AWS_CHECKSUM_ALGORITHM", "sha256");

/// A bucket, or a part of one, whose objects stay as they are.
#[derive(Clone, Debug)]
pub struct WriteOnceBucket(Bucket);

impl WriteOnceBucket {
    /// The bucket and the prefix of a URL; what else it needs is the environment's, as for an archive.
    pub fn of(url: &str, config: &ArchiveConfig) -> Result<WriteOnceBucket, StorageError> {
        let url = Url::parse(url).ok().filter(|url| url.scheme() == "s3").ok_or(StorageError::Url)?;
        let mut config = config.clone();
        config.store_variables.push((CHECKSUM.0.to_owned(), CHECKSUM.1.into()));
        Bucket::of(&url, &config).map(WriteOnceBucket)
    }

    /// Makes an object, unless it is there.
    pub fn create(&self, name: &str, text: String) -> Result<(), StorageError> {
        match self.0.put(name, text, PutMode::Create) {
            Ok(_) | Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(()),
            Err(error) => Err(self.0.failed("write", name)(error)),
        }
    }

    /// The names of all objects, in order.
    pub fn names(&self) -> Result<Vec<String>, StorageError> {
        let mut names: Vec<String> = self.0.list("")?.into_iter().map(|(name, _)| name).collect();
        names.sort();
        Ok(names)
    }

    /// What an object says; `None` where it is longer than anything that belongs here.
    pub fn read(&self, name: &str, bytes_max: u64) -> Result<Option<String>, StorageError> {
        let key = self.0.key(name)?;
        let read = self.0.client.ask(|store| async move {
            let found = store.get(&key).await?;
            if found.meta.size > bytes_max { Ok(None) } else { found.bytes().await.map(Some) }
        });
        let bytes = read.map_err(self.0.failed("read", name))?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }
}
