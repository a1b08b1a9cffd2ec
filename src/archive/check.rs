//! Check: the archive against its manifest, both ways: every file that the manifest names is there and is what was
//! recorded of it, and every file that is there is named. It changes nothing, and may run beside a roll.

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::PgConnection;

use super::error::ArchiveError;
use super::handle::Archive;
use super::storage::Storage;
use super::thread::on_thread;
use crate::model::metric::Catalogue;
use crate::store::archive::{FileScope, files};

/// What is wrong with one file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct FileProblem {
    /// Which.
    pub name: String,
    /// In words.
    pub problem: String,
}

/// What was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Checked {
    /// Files that were read from their first byte to their last row.
    pub files: u64,
    /// Their rows.
    pub rows: u64,
    /// Their length.
    pub bytes: u64,
    /// What is wrong.
    pub faults: Vec<FileProblem>,
}

/// Checks every file that should be there; `watch` receives the length of each.
pub async fn check(
    connection: &mut PgConnection,
    archive: &Archive,
    catalogue: &Arc<Catalogue>,
    watch: &mut (dyn FnMut(u64) + Send),
) -> Result<Checked, ArchiveError> {
    // Before the manifest: what is written meanwhile is then named by it.
    let found = archive.at(Storage::live_names).await?;
    let manifest = files(connection, FileScope::Present).await?;
    let mut checked = Checked::default();
    for file in &manifest {
        let (proving, known, about) = (archive.clone(), Arc::clone(catalogue), file.clone());
        let proved = on_thread(move || proving.prove(&known, &about)).await;
        match proved {
            Ok(()) => {
                checked.files += 1;
                checked.rows += file.rows;
                checked.bytes += file.bytes;
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
                checked.faults.push(FileProblem { name: file.name.clone(), problem: cause });
            }
        }
        watch(file.bytes);
    }
    let named: HashSet<&str> = manifest.iter().map(|file| file.name.as_str()).collect();
    for name in found.into_iter().filter(|name| !named.contains(name.as_str())) {
        let asked = name.clone();
        if archive.at(move |storage| storage.is_live(&asked)).await? {
            let problem = "no row of the manifest names it; `healthtrack archive recover` takes it back".to_owned();
            checked.faults.push(FileProblem { name, problem });
        }
    }
    Ok(checked)
}
