//! Names: what an archive's own files and folders are called, and how they are described.

use std::time::SystemTime;

use object_store::UpdateVersion;

use super::error::StorageError;

/// Says whose archive it is.
pub(super) const MARK: &str = "archive.id";
/// Says which state of it the database must know that may change it.
pub(super) const CLAIM: &str = "archive.claim";
pub(super) const SUPERSEDED: &str = "superseded";
pub(super) const TEMPORARY: &str = "temporary";
pub(super) const PROBE: &str = "temporary.probe";
pub(super) const ENDING: &str = ".parquet";
/// Digits of a file's SHA-256 in its name: two versions never share one.
const ID_DIGITS: usize = 12;

/// A superseded file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupersededFile {
    /// Its name as a live file.
    pub name: String,
    /// When it was superseded.
    pub since: SystemTime,
}

/// What the archive's claim says.
#[derive(Clone, Debug)]
pub struct StoredClaim {
    /// Its text.
    pub text: String,
    /// Which state of the object that is, where it is one.
    pub(super) version: Option<UpdateVersion>,
}

/// What a try to write has shown.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteProbe {
    /// The bucket keeps what is deleted as a version, so that an erasure is complete only when it expires.
    pub keeps_versions: bool,
}

/// Refuses where the claim is no longer the one that was found.
pub(super) fn check_unchanged(
    present: Option<&StoredClaim>,
    found: Option<&StoredClaim>,
    place: &str,
) -> Result<(), StorageError> {
    let text = |claim: Option<&StoredClaim>| claim.map(|claim| claim.text.clone());
    if text(present) == text(found) { Ok(()) } else { Err(claimed(place)) }
}

/// Somebody else was faster.
pub(super) fn claimed(place: &str) -> StorageError {
    StorageError::NotOurs { path: place.to_owned(), found: "has been claimed by another database just now" }
}

/// The first digits of a digest.
pub(super) fn digits(sha256: &[u8]) -> String {
    let halves = sha256.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.take(ID_DIGITS).map(|half| char::from_digit(half.into(), 16).unwrap_or('0')).collect()
}
