//! Relabel: files whose subjects may be out of date are checked, and written anew where they are.
//!
//! # Why
//! A key is changed because a pseudonym has become known, and wear is often assigned days after it began. Either makes
//! years of files due at once, so a roll takes a bounded number, the oldest days first, and the next roll goes on. Most
//! files that a change of wear reaches into hold nothing of its device: they are read, found true, and noted as such in
//! the manifest, without a new generation.
//!
//! Invariant: within one file a person has one name, whenever it is read; between two files names may differ until
//! the rolls have followed (`subject::a_changed_key_…` in `tests/it`).

use std::sync::Arc;

use sqlx::PgConnection;

use super::build::Built;
use super::error::ArchiveError;
use super::file::Head;
use super::handle::Archive;
use super::manifest::head_of;
use super::publish::{manifest_row, place_file};
use super::report::RollReport;
use super::rewrite::rewrite;
use super::roll::Roller;
use super::storage::Storage;
use super::subjects::Subjects;
use super::thread::on_thread;
use crate::faults::{Defect, crash_point, is_injected};
use crate::model::metric::Catalogue;
use crate::security::pseudonym::Pseudonyms;
use crate::store::archive::{self as store, ArchiveFile, Replacement};
use crate::telemetry::chain;

impl Roller {
    /// Decides the subjects of some files anew, where a key or wear has changed.
    pub(super) async fn relabel_some(
        &self,
        connection: &mut PgConnection,
        report: &mut RollReport,
    ) -> Result<(), ArchiveError> {
        let Some(key) = self.archive.pseudonyms.as_ref().and_then(Pseudonyms::key) else { return Ok(()) };
        let files_max = if is_injected(Defect::KeepSubjects) { 0 } else { self.config.subject_files_max };
        for live in store::due_for_subjects(connection, key.as_str(), files_max).await? {
            match self.relabel(connection, &live).await {
                Ok(is_new) => report.relabelled += u64::from(is_new),
                Err(error) if error.is_of_the_day() => {
                    self.archive.at(Storage::remove_unfinished).await?;
                    let told = format!("{} keeps its subjects: {}", live.name, chain(&error));
                    self.note_failure(report, told);
                }
                Err(error) => {
                    let _ = self.archive.at(Storage::remove_unfinished).await;
                    return Err(error);
                }
            }
        }
        Ok(store::forget_wear_changes(connection).await?)
    }

    /// Decides the subjects of a live file anew; true where it became another generation.
    async fn relabel(&self, connection: &mut PgConnection, live: &ArchiveFile) -> Result<bool, ArchiveError> {
        // Before the wear is read: what changes in between is later than this number, and makes the file due again.
        let change = store::last_wear_change(connection).await?;
        let (from, to) = (Some(live.day.start()), Some(live.day.next().start()));
        let subjects = Subjects::within(connection, self.archive.pseudonyms.as_ref(), (from, to)).await?;
        let head = head_of(&self.context.catalogue, live)?;
        let made = Head { generation: live.generation + 1, subject_key: subjects.key.clone(), ..head };
        let (archive, catalogue, file) = (self.archive.clone(), Arc::clone(&self.context.catalogue), live.clone());
        let next = made.clone();
        let built = on_thread(move || labelled(&archive, &catalogue, &file, next, &subjects)).await?;
        let Some(built) = built else {
            store::settle_subjects(connection, &live.name, change).await?;
            return Ok(false);
        };
        crash_point();
        let now = self.context.clock.now();
        let file = manifest_row(&built, &made, change, now);
        place_file(&self.archive, &self.context, built, made, file.name.clone()).await?;
        store::replace(connection, None, &Replacement { live, file: Some(&file), samples: 0 }, now).await?;
        crash_point();
        self.archive.supersede(&live.name, now).await?;
        Ok(true)
    }
}

/// The next generation of a file; `None` where its subjects are true and of the current key.
fn labelled(
    archive: &Archive,
    catalogue: &Catalogue,
    live: &ArchiveFile,
    made: Head,
    subjects: &Subjects,
) -> Result<Option<Built>, ArchiveError> {
    // What is damaged must not become the next generation.
    archive.prove(catalogue, live)?;
    let has_same_key = live.subject_key_id.as_deref() == made.subject_key.as_ref().map(|id| id.as_str());
    if has_same_key && are_true(archive, &made, live, subjects)? {
        return Ok(None);
    }
    rewrite(archive, made, &live.name, |slice, keep| subjects.named(&slice, keep)).map(|(_, built)| built)
}

fn are_true(archive: &Archive, head: &Head, live: &ArchiveFile, subjects: &Subjects) -> Result<bool, ArchiveError> {
    let failed = |source| ArchiveError::File { name: live.name.clone(), source };
    for row in archive.rows(&live.name, &head.metric)? {
        let row = row.map_err(failed)?;
        if row.subject.as_ref() != subjects.at(&row.device, row.start) {
            return Ok(false);
        }
    }
    Ok(true)
}
