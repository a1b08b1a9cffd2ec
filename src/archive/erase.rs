//! Erase: one device, or one person, leaves both tiers, and a row of `signal.erasure` proves it without the data.
//!
//! ```text
//! begin     the proof, without an end                                   store::archive::erase
//! hot       a device: its blocks, series, own row; owner fenced         store::archive::erase
//!           a person: what was measured while worn, blocks cut          store::archive::erase_worn
//!           and what is in quarantine of it
//! files     each live file that holds some becomes the next generation  placed as by a roll
//! delete    superseded files that may hold some go at once              here
//! end       a person: wear and data key go; the proof has its end       store::archive::erase
//! ```
//!
//! # Why
//! *A person is what was worn*: of a patient goes what each device measured while the patient wore it, to the sample,
//! and nothing of who wore it before or after. The wear itself says what is to go, so it goes last, and with it the key
//! of the patient's encrypted texts (`security::envelope`), whose rows stay and can be read nowhere. The record of care
//! stays: the law says how long it is kept, and `care.patient.legal_hold` refuses an erasure, also one under way.
//!
//! *The name of a device goes too*: the device's row is removed with its series, so nothing in the schema shows that it
//! was there. What comes by the same name later is a new device, unknown until it is added or enrolled: whoever erases
//! stops the sender first, or what the broker still holds begins it anew.
//!
//! *The owner is fenced, not asked.* A daemon remembers the device by number, so the epoch of its shard is raised in
//! the transaction that removes the rows. The daemon ends at its next write, as one that has lost its shard; what
//! watches over it starts it again, and the broker sends again what was not acknowledged.
//!
//! *Files of others are not lost*: a live file is proved before it is rewritten, and is superseded only when its
//! successor is recorded. It has no grace there, so a reader that began before may have to ask again. A superseded file
//! that cannot be read might hold the device, so it goes: what it held lies in its successor, or in the hot table.
//!
//! Killed anywhere, the same command finishes it (`erase::an_erasure_that_is_killed_at_any_point_…`). Not reached:
//! backups, the server's own log and statistics, what the disk keeps of deleted files, and what a bucket that keeps
//! versions keeps of deleted objects.

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::PgConnection;

use super::claim::{Owned, own_if_begun};
use super::error::ArchiveError;
use super::file::{FileError, Head, RowFilter, open};
use super::handle::Archive;
use super::manifest::head_of;
use super::publish::{manifest_row, place_file};
use super::reach::Reach;
use super::recover::recover;
use super::rewrite::rewrite;
use super::roll::{RollProgress, Roller};
use super::storage::{Storage, StorageError};
use super::thread::on_thread;
use crate::context::Context;
use crate::faults::{Defect, crash_point, is_injected};
use crate::model::metric::Catalogue;
use crate::store::archive::{
    self as store, ArchiveFile, ErasureCounts, ErasureTarget, FileScope, Replacement, WearFilter, WearPeriod, files,
    worn,
};

/// Periods of wear that are searched one by one in a file.
const LOOKUPS_MAX: usize = 4;

/// Erases devices and people.
#[derive(Clone, Debug)]
pub struct Eraser {
    /// Opens the connection, on which statements may take long, with the clock.
    pub context: Context,
    /// Knows the archive; `None` where none is configured.
    pub roller: Option<Roller>,
}

impl Eraser {
    /// How much would go; `None` where a roll or another erasure is running.
    pub async fn find(
        &self,
        of: &ErasureTarget,
        watch: &mut (dyn FnMut(RollProgress) + Send),
    ) -> Result<Option<ErasureCounts>, ArchiveError> {
        let mut connection = self.context.connector.connect().await?;
        if !store::try_be_only_roller(&mut connection).await? {
            return Ok(None);
        }
        let worn = worn_by(&mut connection, of).await?;
        let mut found = match of {
            ErasureTarget::Device(device) => store::found_of(&mut connection, device).await?,
            ErasureTarget::Patient(patient) => store::found_worn(&mut connection, patient, &worn).await?,
        };
        found.quarantine_rows = store::found_in_quarantine(&mut connection, of).await?;
        let reach = Reach::of(of, &worn);
        let Some((roller, _)) = self.archive(&mut connection).await? else { return Ok(Some(found)) };
        for live in live_files(&mut connection, &reach, watch).await? {
            let samples = samples_in(roller, &live, &reach).await?;
            found.files += u64::from(samples > 0);
            found.archived_samples += samples;
            watch(RollProgress::Done(live.bytes));
        }
        found.deleted_files = found.files;
        for superseded in roller.archive.at(Storage::superseded).await? {
            found.deleted_files += u64::from(may_hold(roller, superseded.name, &reach).await?);
        }
        Ok(Some(found))
    }

    /// Erases, and how much that was; `None` where a roll or another erasure is running.
    pub async fn erase(
        &self,
        of: &ErasureTarget,
        watch: &mut (dyn FnMut(RollProgress) + Send),
    ) -> Result<Option<ErasureCounts>, ArchiveError> {
        let mut connection = self.context.connector.connect().await?;
        let connection = &mut connection;
        if !store::try_be_only_roller(connection).await? {
            return Ok(None);
        }
        store::not_held(connection, of).await?;
        let archive = self.archive(connection).await?;
        let worn = worn_by(connection, of).await?;
        let erasure = store::begin_erasure(connection, of, self.context.clock.now()).await?;
        crash_point();
        match of {
            ErasureTarget::Device(device) => store::erase_hot(connection, erasure, device).await?,
            ErasureTarget::Patient(patient) => store::erase_worn(connection, erasure, patient, &worn).await?,
        }
        crash_point();
        store::erase_quarantine(connection, erasure, of).await?;
        crash_point();
        let reach = Reach::of(of, &worn);
        if let Some((roller, owned)) = archive {
            owned.advance(&roller.archive, &roller.context, connection).await?;
            let recovered = recover(connection, &roller.archive, &roller.context, false).await?;
            if let Some(first) = recovered.unlisted.first() {
                let (first, others) = (first.name.clone(), recovered.unlisted.len() - 1);
                return Err(ArchiveError::Unreadable { first, others });
            }
            for live in live_files(connection, &reach, watch).await? {
                // A rewrite takes a while, and the law may come to hold somebody meanwhile.
                store::not_held(connection, of).await?;
                self.rewrite(connection, roller, erasure, &live, &reach).await?;
                watch(RollProgress::Done(live.bytes));
            }
            self.delete_superseded(connection, roller, erasure, &reach).await?;
        }
        crash_point();
        let counts = store::end_erasure(connection, erasure, of, &worn, self.context.clock.now()).await?;
        if let Some(roller) = &self.roller {
            roller.roll_up_files(connection).await;
        }
        Ok(Some(counts))
    }

    /// Where files may be, once the place is proved to be this database's; `None` where neither has begun an archive.
    async fn archive(&self, connection: &mut PgConnection) -> Result<Option<(&Roller, Owned)>, ArchiveError> {
        match &self.roller {
            None if store::archive_id(connection).await?.is_some() => Err(ArchiveError::NoUrl),
            None => Ok(None),
            Some(roller) => {
                let owned = own_if_begun(&roller.archive, &roller.context, connection).await?;
                Ok(owned.map(|owned| (roller, owned)))
            }
        }
    }

    /// Puts the next generation in the place of a live file that holds some of it.
    async fn rewrite(
        &self,
        connection: &mut PgConnection,
        roller: &Roller,
        erasure: i64,
        live: &ArchiveFile,
        reach: &Reach,
    ) -> Result<(), ArchiveError> {
        if samples_in(roller, live, reach).await? == 0 {
            return Ok(());
        }
        let head = Head { generation: live.generation + 1, ..head_of(&roller.context.catalogue, live)? };
        let (proving, file) = (roller.clone(), live.clone());
        let (made, name, gone) = (head.clone(), live.name.clone(), reach.clone());
        let (samples, built) = on_thread(move || {
            // What is damaged must not become the next generation.
            proving.archive.prove(&proving.context.catalogue, &file)?;
            rewrite(&proving.archive, made, &name, |slice, keep| gone.retain_outside(slice, keep))
        })
        .await?;
        crash_point();
        let now = self.context.clock.now();
        let file = built.as_ref().map(|built| manifest_row(built, &head, live.wear_change, now));
        if let (Some(built), Some(file)) = (built, &file) {
            place_file(&roller.archive, &roller.context, built, head, file.name.clone()).await?;
        }
        store::replace(connection, Some(erasure), &Replacement { live, file: file.as_ref(), samples }, now).await?;
        crash_point();
        roller.archive.supersede(&live.name, now).await
    }

    /// Deletes superseded files that may hold some of it, and notes what a killed erasure deleted.
    async fn delete_superseded(
        &self,
        connection: &mut PgConnection,
        roller: &Roller,
        erasure: i64,
        reach: &Reach,
    ) -> Result<(), ArchiveError> {
        if is_injected(Defect::KeepErased) {
            return Ok(());
        }
        let archive = &roller.archive;
        let mut kept = HashSet::new();
        let mut deleted: Vec<String> = Vec::new();
        for superseded in archive.at(Storage::superseded).await? {
            if may_hold(roller, superseded.name.clone(), reach).await? {
                crash_point();
                let name = superseded.name.clone();
                archive.at(move |storage| storage.remove_superseded(&name)).await?;
                crash_point();
                deleted.push(superseded.name);
            } else {
                kept.insert(superseded.name);
            }
        }
        let manifest = files(connection, FileScope::Present).await?;
        let superseded = manifest.into_iter().filter(|file| file.superseded_at.is_some()).map(|file| file.name);
        let gone: HashSet<String> = superseded.chain(deleted).filter(|name| !kept.contains(name)).collect();
        for name in gone {
            store::note_deleted(connection, erasure, &name, self.context.clock.now()).await?;
        }
        Ok(())
    }
}

/// What a patient wore; nothing for a device.
async fn worn_by(connection: &mut PgConnection, of: &ErasureTarget) -> Result<Vec<WearPeriod>, ArchiveError> {
    match of {
        ErasureTarget::Device(_) => Ok(Vec::new()),
        ErasureTarget::Patient(patient) => {
            Ok(worn(connection, WearFilter { patient: Some(patient), from: None, to: None }).await?)
        }
    }
}

/// The live files whose time may hold some of it; `watch` receives their length.
async fn live_files(
    connection: &mut PgConnection,
    reach: &Reach,
    watch: &mut (dyn FnMut(RollProgress) + Send),
) -> Result<Vec<ArchiveFile>, ArchiveError> {
    let mut live = files(connection, FileScope::Live).await?;
    live.retain(|file| reach.meets(file.first, file.last));
    watch(RollProgress::Due(live.iter().map(|file| file.bytes).sum()));
    Ok(live)
}

/// How many samples of it a live file holds.
async fn samples_in(roller: &Roller, live: &ArchiveFile, reach: &Reach) -> Result<u64, ArchiveError> {
    let (archive, catalogue) = (roller.archive.clone(), Arc::clone(&roller.context.catalogue));
    let (name, metric, reach) = (live.name.clone(), live.metric.clone(), reach.clone());
    on_thread(move || count(&archive, &catalogue, &name, &metric, &reach)).await
}

/// True unless a superseded file is read and found to hold nothing of it. One that the place does not give just
/// now is no such file: a retired one has no successor.
async fn may_hold(roller: &Roller, name: String, reach: &Reach) -> Result<bool, ArchiveError> {
    let (archive, catalogue, reach) = (roller.archive.clone(), Arc::clone(&roller.context.catalogue), reach.clone());
    on_thread(move || {
        let metric = name.strip_prefix("metric=").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        match count(&archive, &catalogue, &name, metric, &reach) {
            Ok(samples) => Ok(samples > 0),
            Err(
                error @ (ArchiveError::Storage(StorageError::Io { .. } | StorageError::Store { .. })
                | ArchiveError::File { source: FileError::Io(_), .. }),
            ) => Err(error),
            Err(_) => Ok(true),
        }
    })
    .await
}

fn count(
    archive: &Archive,
    catalogue: &Catalogue,
    name: &str,
    metric: &str,
    reach: &Reach,
) -> Result<u64, ArchiveError> {
    let failed = |source| ArchiveError::File { name: name.to_owned(), source };
    let unknown = || ArchiveError::Manifest { name: name.to_owned() };
    let metric = catalogue.by_name(metric).ok_or_else(unknown)?;
    let opened = || open(archive.storage.open(name)?, metric, &archive.keys).map_err(failed);
    let mut samples = 0;
    // Looked up by the statistics of row groups; or read once, where it would be opened for many periods of wear.
    let filters =
        if reach.filters().count() > LOOKUPS_MAX { vec![RowFilter::default()] } else { reach.filters().collect() };
    for filter in filters {
        let mut rows = opened()?.rows(filter).map_err(failed)?;
        while let Some(slice) = rows.slice().map_err(failed)? {
            let (count, mut spared) = (slice.len(), 0);
            let spare = reach.retain_outside(slice, |kept| {
                spared += kept.len();
                Ok::<(), ArchiveError>(())
            });
            spare?;
            samples += (count - spared) as u64;
            rows.pass(count);
        }
    }
    Ok(samples)
}
