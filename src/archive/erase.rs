//! Erase: one device leaves both tiers, and a row of `signal.erasure` proves it without the data.
//!
//! ```text
//! begin     the proof, without an end                                   store::archive::erase
//! hot       its blocks, series, own row and quarantine; owner fenced    store::archive::erase
//! files     each live file that holds it becomes the next generation    placed as by a roll
//! aside     superseded files that may hold it go at once                here
//! end       the proof has its end                                       store::archive::erase
//! ```
//!
//! # Why
//! *The name goes too*: the device's row is removed with its series, so nothing in the schema tells that it was there.
//! What comes by the same name later is a new device, unknown until it is added or enrolled: whoever erases stops the
//! sender first, or what the broker still holds begins it anew.
//!
//! *The owner is fenced, not asked.* A daemon remembers the device by number, so the epoch of its shard is raised in
//! the transaction that removes the rows. The daemon ends at its next write, as one that has lost its shard; what
//! watches over it starts it again, and the broker sends again what was not acknowledged.
//!
//! *Files of others are not lost*: a live file is proved before it is rewritten, and goes aside only when its successor
//! is recorded. It has no grace there, so a reader that began before may have to ask again. A file aside that cannot be
//! read might hold the device, so it goes: what it held lies in its successor, or in the hot table.
//!
//! Killed anywhere, the same command finishes it (`erase::an_erasure_that_is_killed_at_any_point_…`). Not reached:
//! backups, the server's own log and statistics, what the disk keeps of deleted files, and what a bucket that keeps
//! versions keeps of deleted objects.

use std::collections::HashSet;
use std::sync::Arc;

use sqlx::PgConnection;

use super::build::on_thread;
use super::file::{Filter, Head, open};
use super::place::Place;
use super::recover::recover;
use super::rewrite::rewrite;
use super::roll::{Progress, Roller};
use super::{Archive, ArchiveError, head_of, point};
use crate::model::ids::DeviceId;
use crate::model::metric::Catalogue;
use crate::model::time::Clock;
use crate::planted::{Bug, planted};
use crate::store::archive::{self as store, ArchiveFile, Counts, Replacement, Scope, files};
use crate::store::pool::Connector;

/// Erases devices.
#[derive(Clone, Debug)]
pub struct Eraser {
    /// Opens the connection; its statements may take long.
    pub connector: Connector,
    /// Knows the archive; `None` where none is configured.
    pub roller: Option<Roller>,
    /// The present.
    pub clock: Arc<dyn Clock>,
}

impl Eraser {
    /// How much there is of a device; `None` where a roll or another erasure is at work.
    pub async fn find(
        &self,
        device: &DeviceId,
        watch: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Option<Counts>, ArchiveError> {
        let mut connection = self.connector.connect().await?;
        if !store::try_be_only_roller(&mut connection).await? {
            return Ok(None);
        }
        let mut found = store::found_of(&mut connection, device).await?;
        let Some(roller) = self.archive(&mut connection).await? else { return Ok(Some(found)) };
        for live in live_files(&mut connection, watch).await? {
            let samples = samples_in(roller, &live, device).await?;
            found.files += u64::from(samples > 0);
            found.archived_samples += samples;
            watch(Progress::Done(live.bytes));
        }
        found.deleted_files = found.files;
        for aside in roller.archive.at(Place::aside).await? {
            found.deleted_files += u64::from(may_hold(roller, aside.name, device).await?);
        }
        Ok(Some(found))
    }

    /// Erases a device, and how much that was; `None` where a roll or another erasure is at work.
    pub async fn erase(
        &self,
        device: &DeviceId,
        watch: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Option<Counts>, ArchiveError> {
        let mut connection = self.connector.connect().await?;
        let connection = &mut connection;
        if !store::try_be_only_roller(connection).await? {
            return Ok(None);
        }
        if store::is_held(connection, device).await? {
            return Err(ArchiveError::Held);
        }
        let roller = self.archive(connection).await?;
        let erasure = store::begin_erasure(connection, device, self.clock.now()).await?;
        point();
        store::erase_hot(connection, erasure, device).await?;
        point();
        if let Some(roller) = roller {
            recover(connection, &roller.archive).await?;
            for live in live_files(connection, watch).await? {
                self.rewrite(connection, roller, erasure, &live, device).await?;
                watch(Progress::Done(live.bytes));
            }
            self.delete_aside(connection, roller, erasure, device).await?;
        }
        point();
        Ok(Some(store::end_erasure(connection, erasure, self.clock.now()).await?))
    }

    /// Where files may be, once the folder is proved to be this database's; `None` where no archive was begun.
    async fn archive(&self, connection: &mut PgConnection) -> Result<Option<&Roller>, ArchiveError> {
        match (&self.roller, store::archive_id(connection).await?) {
            (_, None) => Ok(None),
            (None, Some(_)) => Err(ArchiveError::NoUrl),
            (Some(roller), Some(_)) => roller.claim(connection).await.map(|()| Some(roller)),
        }
    }

    /// Puts the next generation in the place of a live file that holds the device.
    async fn rewrite(
        &self,
        connection: &mut PgConnection,
        roller: &Roller,
        erasure: i64,
        live: &ArchiveFile,
        device: &DeviceId,
    ) -> Result<(), ArchiveError> {
        if samples_in(roller, live, device).await? == 0 {
            return Ok(());
        }
        let head = Head { generation: live.generation + 1, ..head_of(&roller.catalogue, live)? };
        let (proving, file) = (roller.clone(), live.clone());
        let (made, name, gone) = (head.clone(), live.name.clone(), device.clone());
        let (samples, built) = on_thread(move || {
            // What is damaged must not become the next generation.
            proving.archive.prove(&proving.catalogue, &file)?;
            rewrite(
                &proving.archive,
                made,
                &name,
                |strip, keep| if *strip.device == gone { Ok(()) } else { keep(strip) },
            )
        })
        .await?;
        point();
        let now = self.clock.now();
        let file = built.as_ref().map(|built| roller.manifest_row(built, &head, live.wear_change, now));
        if let (Some(built), Some(file)) = (built, &file) {
            roller.place_file(built, head, file.name.clone()).await?;
        }
        store::replace(connection, Some(erasure), &Replacement { live, file: file.as_ref(), samples }, now).await?;
        point();
        roller.archive.set_aside(&live.name).await
    }

    /// Deletes what lies aside and may hold the device, and notes what a killed erasure deleted.
    async fn delete_aside(
        &self,
        connection: &mut PgConnection,
        roller: &Roller,
        erasure: i64,
        device: &DeviceId,
    ) -> Result<(), ArchiveError> {
        if planted(Bug::KeepErased) {
            return Ok(());
        }
        let archive = &roller.archive;
        let mut kept = HashSet::new();
        let mut deleted: Vec<String> = Vec::new();
        for aside in archive.at(Place::aside).await? {
            if may_hold(roller, aside.name.clone(), device).await? {
                point();
                let name = aside.name.clone();
                archive.at(move |place| place.remove_aside(&name)).await?;
                point();
                deleted.push(aside.name);
            } else {
                kept.insert(aside.name);
            }
        }
        let manifest = files(connection, Scope::Present).await?;
        let superseded = manifest.into_iter().filter(|file| file.superseded_at.is_some()).map(|file| file.name);
        let gone: HashSet<String> = superseded.chain(deleted).filter(|name| !kept.contains(name)).collect();
        for name in gone {
            store::note_deleted(connection, erasure, &name, self.clock.now()).await?;
        }
        Ok(())
    }
}

/// The live files, which `watch` is told the length of.
async fn live_files(
    connection: &mut PgConnection,
    watch: &mut (dyn FnMut(Progress) + Send),
) -> Result<Vec<ArchiveFile>, ArchiveError> {
    let live = files(connection, Scope::Live).await?;
    watch(Progress::Due(live.iter().map(|file| file.bytes).sum()));
    Ok(live)
}

/// How many samples of the device a live file holds.
async fn samples_in(roller: &Roller, live: &ArchiveFile, device: &DeviceId) -> Result<u64, ArchiveError> {
    let (archive, catalogue) = (roller.archive.clone(), Arc::clone(&roller.catalogue));
    let (name, metric, device) = (live.name.clone(), live.metric.clone(), device.clone());
    on_thread(move || count(&archive, &catalogue, &name, &metric, &device)).await
}

/// True unless a file that lies aside is read and found to hold nothing of the device.
async fn may_hold(roller: &Roller, name: String, device: &DeviceId) -> Result<bool, ArchiveError> {
    let (archive, catalogue, device) = (roller.archive.clone(), Arc::clone(&roller.catalogue), device.clone());
    on_thread(move || {
        let metric = name.strip_prefix("metric=").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        Ok(count(&archive, &catalogue, &name, metric, &device).map_or(true, |samples| samples > 0))
    })
    .await
}

fn count(
    archive: &Archive,
    catalogue: &Catalogue,
    name: &str,
    metric: &str,
    device: &DeviceId,
) -> Result<u64, ArchiveError> {
    let failed = |source| ArchiveError::File { name: name.to_owned(), source };
    let unknown = || ArchiveError::Manifest { name: name.to_owned() };
    let metric = catalogue.by_name(metric).ok_or_else(unknown)?;
    let filter = Filter { device: Some(device.clone()), ..Filter::default() };
    let rows = open(archive.place.open(name)?, metric, &archive.keys).and_then(|opened| opened.rows(filter));
    let (mut rows, mut samples) = (rows.map_err(failed)?, 0);
    while let Some(strip) = rows.strip().map_err(failed)? {
        let count = strip.len();
        samples += count as u64;
        rows.pass(count);
    }
    Ok(samples)
}
