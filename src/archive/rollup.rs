//! Rollup: files whose samples are not rolled up yet are read, at the end of a roll and of an erasure.
//!
//! # Why
//! What a roll moves for the first time is rolled up from its blocks. A file that took another's place holds what was
//! merged, or what an erasure has left, and only its rows tell that. A thread reads them, device by device, and what it
//! has summed up is written while it reads on: at most `ROLLUPS_MAX` rows wait. A file that cannot be read stays due.

use std::collections::BTreeMap;

use sqlx::PgConnection;
use tokio::sync::mpsc;

use super::error::ArchiveError;
use super::file::{RowFilter, open};
use super::handle::Archive;
use super::roll::Roller;
use super::thread::on_thread;
use crate::model::ids::DeviceId;
use crate::model::metric::Catalogue;
use crate::model::rollup::{DayRollup, Newest};
use crate::model::statistic::Statistic;
use crate::model::time::Day;
use crate::store::rollup::{DueFile, FileRollup, FileRollups, due_files};
use crate::telemetry::chain;

/// Rows that wait for the database.
const ROLLUPS_MAX: usize = 64;

/// What a device measured, by statistic and day.
type Days = BTreeMap<(Option<String>, Day), (Statistic, DayRollup)>;

impl Roller {
    /// Rolls up what files are due. What fails is logged and stays due: the samples are safe, and do not wait for it.
    pub(super) async fn roll_up_files(&self, connection: &mut PgConnection) {
        let due = match due_files(connection).await {
            Ok(due) => due,
            Err(error) => return tracing::error!("files could not be rolled up: {}", chain(&error)),
        };
        for file in due {
            let name = file.name.clone();
            if let Err(error) = self.roll_up_file(connection, file).await {
                tracing::error!(archive.file = name, "a file could not be rolled up: {}", chain(&error));
            }
        }
    }

    async fn roll_up_file(&self, connection: &mut PgConnection, file: DueFile) -> Result<(), ArchiveError> {
        let Some(mut rollups) = FileRollups::begin(connection, file.clone()).await? else { return Ok(()) };
        let (rows, mut taken) = mpsc::channel(ROLLUPS_MAX);
        let (archive, catalogue) = (self.archive.clone(), self.context.catalogue.clone());
        let reading = on_thread(move || sum_up(&archive, &catalogue, &file, &rows));
        let writing = async move {
            while let Some(row) = taken.recv().await {
                rollups.insert(&row).await?;
            }
            Ok::<_, ArchiveError>(rollups)
        };
        let (read, written) = tokio::join!(reading, writing);
        let written = written?;
        // Where the file was read only in part, nothing of it is kept.
        read?;
        Ok(written.finish().await?)
    }
}

/// Sums up a file, device by device.
fn sum_up(
    archive: &Archive,
    catalogue: &Catalogue,
    file: &DueFile,
    rows: &mpsc::Sender<FileRollup>,
) -> Result<(), ArchiveError> {
    let failed = |source| ArchiveError::File { name: file.name.clone(), source };
    let metric = catalogue.by_name(&file.metric);
    let metric = metric.ok_or_else(|| ArchiveError::Manifest { name: file.name.clone() })?;
    let opened = open(archive.storage.open(&file.name)?, metric, &archive.keys).map_err(failed)?;
    let mut source = opened.rows(RowFilter::default()).map_err(failed)?;
    let mut of: Option<(DeviceId, Days)> = None;
    while let Some(slice) = source.slice().map_err(failed)? {
        let is_same = of.as_ref().is_some_and(|(device, _)| device == slice.device);
        if !is_same && !hand_on(of.replace((slice.device.clone(), BTreeMap::new())), rows) {
            return Ok(());
        }
        let Some((_, days)) = &mut of else { return Ok(()) };
        let statistic = slice.statistic.text();
        for (place, (start, value)) in slice.starts.iter().zip(slice.values).enumerate() {
            let end = slice.ends.and_then(|ends| ends.get(place)).copied();
            let day = days.entry((statistic.clone(), start.day())).or_insert((slice.statistic, DayRollup::default()));
            day.1.add(Newest { start: *start, end, value: *value, flags: slice.flags_at(place) });
        }
        let count = slice.len();
        source.pass(count);
    }
    hand_on(of, rows);
    Ok(())
}

/// Hands on what a device measured; false where nobody takes it any more.
fn hand_on(of: Option<(DeviceId, Days)>, rows: &mpsc::Sender<FileRollup>) -> bool {
    let Some((device, days)) = of else { return true };
    days.into_iter().all(|((_, day), (statistic, rollup))| {
        rows.blocking_send(FileRollup { device: device.clone(), statistic, day, rollup }).is_ok()
    })
}
