//! Manifest: what a row of the manifest says of its file, in the terms of `file`.

use super::error::ArchiveError;
use super::file::{Content, Facts, Head, KeyId};
use crate::model::metric::{Catalogue, Metric};
use crate::store::archive::ArchiveFile;

/// What the manifest says that a file is.
pub(super) fn head_of(catalogue: &Catalogue, file: &ArchiveFile) -> Result<Head, ArchiveError> {
    let (metric, day, generation) = (metric_of(catalogue, file)?.clone(), file.day, file.generation);
    let subject_key = key_of(file, file.subject_key_id.as_deref())?;
    Ok(Head { metric, day, generation, subject_key, revised_to: file.revised_to })
}

/// A key that the manifest names.
fn key_of(file: &ArchiveFile, id: Option<&str>) -> Result<Option<KeyId>, ArchiveError> {
    let unknown = || ArchiveError::Manifest { name: file.name.clone() };
    id.map(|id| KeyId::parse(id).ok_or_else(unknown)).transpose()
}

pub(super) fn metric_of<'a>(catalogue: &'a Catalogue, file: &ArchiveFile) -> Result<&'a Metric, ArchiveError> {
    let unknown = || ArchiveError::Manifest { name: file.name.clone() };
    catalogue.by_name(&file.metric).ok_or_else(unknown)
}

/// What the manifest says that a file turned out to be.
pub(super) fn facts_of(file: &ArchiveFile) -> Option<Facts> {
    let key = key_of(file, file.key_id.as_deref()).ok()?;
    let content = Content::parse(&file.content)?;
    let ArchiveFile { rows, bytes, sha256, first, last, version, .. } = *file;
    Some(Facts { rows, bytes, sha256, first, last, content, key, version })
}
