//! Handle: the archive as the other parts are given it: its storage, and the keys of its files.

use std::path::Path;

use super::error::ArchiveError;
use super::file::{self, KeyError, KeyRing, RowFilter, Rows};
use super::manifest::{facts_of, head_of};
use super::storage::{Storage, StorageError};
use super::thread::on_thread;
use crate::config::ArchiveConfig;
use crate::model::metric::{Catalogue, Metric};
use crate::model::time::Timestamp;
use crate::security::pseudonym::Pseudonyms;
use crate::store::archive::ArchiveFile;

/// Where the archive is and how its files are read.
#[derive(Clone, Debug)]
pub struct Archive {
    /// Where files are.
    pub storage: Storage,
    /// What opens them, and what new ones are written with.
    pub keys: KeyRing,
    /// What names the people in them; `None` where they name nobody.
    pub pseudonyms: Option<Pseudonyms>,
}

impl Archive {
    /// The archive of a configuration; `None` where there is none.
    pub fn of(config: &ArchiveConfig) -> Result<Option<Archive>, ArchiveError> {
        if config.url.is_empty() {
            return Ok(None);
        }
        Ok(Some(Archive {
            storage: Storage::of(config)?,
            keys: KeyRing::load("archive.key", &config.key_file, &config.keys)?,
            pseudonyms: pseudonyms_of(config)?,
        }))
    }

    /// Asks the storage on a thread of its own: a disk or a network may take its time to answer.
    pub async fn at<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Storage) -> Result<T, StorageError> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        let storage = self.storage.clone();
        on_thread(move || Ok(ask(&storage)?)).await
    }

    /// Deletes a file that needs no name.
    pub(super) async fn discard(&self, part: &Path) -> Result<(), ArchiveError> {
        let part = part.to_owned();
        self.at(move |storage| storage.discard(&part)).await
    }

    /// Moves a file to the superseded ones; nothing where it is there already.
    pub(super) async fn supersede(&self, name: &str, now: Timestamp) -> Result<(), ArchiveError> {
        let name = name.to_owned();
        self.at(move |storage| storage.supersede(&name, now)).await
    }

    /// Deletes a file that is to have no row.
    pub(super) async fn withdraw(&self, name: &str) -> Result<(), ArchiveError> {
        let name = name.to_owned();
        self.at(move |storage| storage.withdraw(&name)).await
    }

    /// All rows of a file.
    pub(super) fn rows(&self, name: &str, metric: &Metric) -> Result<Rows, ArchiveError> {
        let opened = file::open(self.storage.open(name)?, metric, &self.keys);
        let rows = opened.and_then(|opened| opened.rows(RowFilter::default()));
        rows.map_err(|source| ArchiveError::File { name: name.to_owned(), source })
    }

    /// Proves that a file is what the manifest says of it.
    pub(super) fn prove(&self, catalogue: &Catalogue, file: &ArchiveFile) -> Result<(), ArchiveError> {
        let head = head_of(catalogue, file)?;
        let facts = facts_of(file).ok_or_else(|| ArchiveError::Manifest { name: file.name.clone() })?;
        let source = self.storage.open(&file.name)?;
        let named = |source| ArchiveError::File { name: file.name.clone(), source };
        file::verify(source, &head, &facts, &self.keys).map_err(named)
    }
}

/// What names people in the archive's files; `None` where no key was given.
pub fn pseudonyms_of(config: &ArchiveConfig) -> Result<Option<Pseudonyms>, KeyError> {
    let ring = KeyRing::load("archive.subject_key", &config.subject_key_file, &config.subject_keys)?;
    Ok(Pseudonyms::of(&ring))
}
