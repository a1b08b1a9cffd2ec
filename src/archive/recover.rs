//! Recover: what killed rolls have left behind, before anything new is begun.
//!
//! Whoever is here has the roller's lock, so each earlier roll is over and its COMMIT decided: what the manifest does
//! not name now, no transaction will name.

use std::collections::{HashMap, HashSet};
use std::time::UNIX_EPOCH;

use sqlx::PgConnection;

use super::error::ArchiveError;
use super::handle::Archive;
use super::storage::Storage;
use crate::model::time::{SECOND_US, Timestamp};
use crate::store::archive::{ArchiveFile, FileScope, files, mark_removed};

/// What was found and done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Recovered {
    /// Half-written files that were deleted.
    pub(super) unfinished: u64,
    /// Finished files that no manifest row names, moved to `superseded/`.
    pub(super) leftovers: u64,
    /// Superseded files that were moved there now, since the roll that superseded them was killed.
    pub(super) superseded: u64,
    /// Live files of the manifest that are not there.
    pub(super) missing: Vec<String>,
}

/// Brings the folder back to what the manifest says.
pub(super) async fn recover(connection: &mut PgConnection, archive: &Archive) -> Result<Recovered, ArchiveError> {
    let mut recovered = Recovered { unfinished: archive.at(Storage::remove_unfinished).await?, ..Recovered::default() };
    let manifest = files(connection, FileScope::Present).await?;
    let live: HashSet<&str> =
        manifest.iter().filter(|file| file.superseded_at.is_none()).map(|file| file.name.as_str()).collect();
    let superseded: HashSet<&str> =
        manifest.iter().filter(|file| file.superseded_at.is_some()).map(|file| file.name.as_str()).collect();
    let found = archive.at(Storage::live_names).await?;
    for name in found.iter().filter(|name| !live.contains(name.as_str())) {
        if superseded.contains(name.as_str()) {
            recovered.superseded += 1;
        } else {
            tracing::warn!(
                archive.file = name,
                "superseding a file without a manifest row; the hot table has its samples"
            );
            recovered.leftovers += 1;
        }
        archive.supersede(name).await?;
    }
    let found: HashSet<&str> = found.iter().map(String::as_str).collect();
    recovered.missing = live.into_iter().filter(|name| !found.contains(name)).map(str::to_owned).collect();
    recovered.missing.sort();
    for name in &recovered.missing {
        tracing::error!(archive.file = name, "a file of the manifest is missing; restore it from a backup");
    }
    Ok(recovered)
}

/// Deletes files that were superseded longer ago than the grace; how many.
pub(super) async fn delete_superseded(
    connection: &mut PgConnection,
    archive: &Archive,
    now: Timestamp,
    grace_us: i64,
) -> Result<u64, ArchiveError> {
    let manifest = files(connection, FileScope::Present).await?;
    let superseded: HashMap<&str, Timestamp> =
        manifest.iter().filter_map(|file| Some((file.name.as_str(), file.superseded_at?))).collect();
    let is_over = |since: Timestamp| now.micros_since(since) > grace_us;
    let mut deleted = 0;
    let superseded_files = archive.at(Storage::superseded).await?;
    for file in &superseded_files {
        let since = match superseded.get(file.name.as_str()) {
            Some(at) => *at,
            None if manifest.iter().any(|known| known.name == file.name) => continue,
            None => {
                let seconds = file.written.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
                moment(seconds)
            }
        };
        if is_over(since) {
            let name = file.name.clone();
            archive.at(move |storage| storage.remove_superseded(&name)).await?;
            deleted += 1;
        }
    }
    let live: HashSet<String> = archive.at(Storage::live_names).await?.into_iter().collect();
    for ArchiveFile { name, superseded_at, .. } in &manifest {
        // Deleted just now, or by a roll that was killed before it could say so.
        if superseded_at.is_some_and(is_over) && !live.contains(name) {
            mark_removed(connection, name, now).await?;
        }
    }
    Ok(deleted)
}

fn moment(seconds: u64) -> Timestamp {
    let micros = i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(SECOND_US);
    Timestamp::from_micros(micros).unwrap_or(Timestamp::MAX)
}
