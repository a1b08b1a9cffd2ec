//! Publish: a built file becomes one of the archive's: synced, verified by reading it back, given its name, and
//! described for the manifest.

use std::sync::Arc;
use std::time::Instant;

use super::build::Built;
use super::error::ArchiveError;
use super::file::{Facts, Head, verify};
use super::handle::Archive;
use super::storage::{Storage, sync_file};
use super::thread::on_thread;
use crate::context::Context;
use crate::faults::{Defect, crash_point, is_injected};
use crate::model::time::Timestamp;
use crate::store::archive::ArchiveFile;
use crate::telemetry::{RollStep, Telemetry};

/// The manifest's row of a file that was built, and whose subjects are true up to a change of wear.
pub(super) fn manifest_row(built: &Built, head: &Head, wear_change: i64, now: Timestamp) -> ArchiveFile {
    row_of(&built.facts, head, wear_change, now)
}

/// The manifest's row of a file with these facts.
pub(super) fn row_of(facts: &Facts, head: &Head, wear_change: i64, now: Timestamp) -> ArchiveFile {
    ArchiveFile {
        metric: head.metric.name.clone(),
        day: head.day,
        generation: head.generation,
        name: Storage::name(&head.metric.name, head.day, head.generation, &facts.sha256),
        rows: facts.rows,
        bytes: facts.bytes,
        sha256: facts.sha256,
        content: facts.content.to_string(),
        first: facts.first,
        last: facts.last,
        key_id: facts.key.as_ref().map(ToString::to_string),
        subject_key_id: head.subject_key.as_ref().map(ToString::to_string),
        wear_change,
        version: facts.version,
        revised_to: head.revised_to,
        written_at: now,
        superseded_at: None,
        removed_at: None,
    }
}

/// Syncs the file, proves it by reopening it, gives it its name and syncs the name: in this order. Where that fails it
/// has no name: what it was made from is still where it was.
pub(super) async fn place_file(
    archive: &Archive,
    context: &Context,
    built: Built,
    head: Head,
    name: String,
) -> Result<(), ArchiveError> {
    let (archive, telemetry) = (archive.clone(), Arc::clone(&context.telemetry));
    on_thread(move || {
        place(&archive, &telemetry, &built, &head, &name).inspect_err(|_| {
            // As well as it can: the next roll reads what it finds (`recover`).
            let _ = archive.storage.withdraw(&name);
        })
    })
    .await
}

fn place(archive: &Archive, telemetry: &Telemetry, built: &Built, head: &Head, name: &str) -> Result<(), ArchiveError> {
    let began = Instant::now();
    if is_injected(Defect::RenameBeforeSync) {
        archive.storage.publish(&built.part, name)?;
        sync_file(&built.file, &built.part)?;
        archive.storage.settle(name)?;
        return Ok(());
    }
    sync_file(&built.file, &built.part)?;
    telemetry.archive.took(RollStep::Sync, began.elapsed());
    crash_point();
    let began = Instant::now();
    let failed = |source| ArchiveError::File { name: name.to_owned(), source };
    verify(built.reopen()?, head, &built.facts, &archive.keys).map_err(failed)?;
    telemetry.archive.took(RollStep::Verify, began.elapsed());
    crash_point();
    if is_injected(Defect::ManifestBeforeFile) {
        return Ok(());
    }
    let began = Instant::now();
    archive.storage.publish(&built.part, name)?;
    crash_point();
    archive.storage.settle(name)?;
    telemetry.archive.took(RollStep::Place, began.elapsed());
    crash_point();
    Ok(())
}
