//! Conflict: late values that differ from archived ones, as messages for the quarantine.
//!
//! The message that brought such a value was acknowledged and is gone, so one is made that says the same: an operator
//! reads it like any other, and a retry stores its values again, for the next roll to find. It has the revision by
//! which they were said, or a retry would find them outdated.
//!
//! # Why
//! A device that sends a year again with other values makes as many conflicts as it has samples, and the day must be
//! rolled all the same. So they wait on the disk, as a file of the archive's own kind and under its key, and reach the
//! transaction that records the day a page at a time: memory does not grow with them, and either all of them are in
//! quarantine and gone from the hot table, or none.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream::try_unfold;

use super::error::ArchiveError;
use super::file::{FileError, FileWriter, Head, Row, RowFilter, RowSlice, Rows, open};
use super::handle::Archive;
use super::thread::on_thread;
use crate::formats::batch::write::{self, Series};
use crate::formats::{Values, batch, topic};
use crate::model::ids::DeviceId;
use crate::model::metric::Metric;
use crate::model::origin::Revision;
use crate::model::reason::Reason;
use crate::model::sample::Flags;
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;
use crate::store::quarantine::Quarantined;

/// Written to the system in pieces of this size.
pub(super) const BUFFER_BYTES: usize = 256 << 10;
/// Values in one message.
const MESSAGE_VALUES_MAX: usize = 1_000;
/// Values in one page, which is one statement: 5 MB as rows, and as much as messages.
const PAGE_VALUES_MAX: usize = 50_000;
/// How long one may take to get there: many times longer than a block that is removed.
const VALUE_TIME: Duration = Duration::from_micros(100);
/// Of a device that the database does not know, since it was restored, and that any of several shards may have written.
const NO_SHARD: &str = "main";

/// Conflicting rows on their way to the disk.
pub(super) struct ConflictWriter {
    archive: Archive,
    head: Head,
    /// From the first of them on.
    open: Option<(PathBuf, FileWriter<BufWriter<File>>)>,
    rows: u64,
}

/// Conflicting rows on the disk, in the order of a file.
#[derive(Debug, Default)]
pub(super) struct Conflicts {
    /// How many they are.
    pub(super) rows: u64,
    /// Where they wait; `None` where there are none.
    part: Option<PathBuf>,
}

impl ConflictWriter {
    /// None so far, of what is to be the file of `head`.
    pub(super) fn new(archive: Archive, head: Head) -> ConflictWriter {
        ConflictWriter { archive, head, open: None, rows: 0 }
    }

    /// Takes the next of them, in the order of a file.
    pub(super) fn push(&mut self, slice: &RowSlice<'_>) -> Result<(), ArchiveError> {
        if self.open.is_none() {
            let (part, file) =
                self.archive.storage.create(&format!("conflict-{}", self.head.metric.name), self.head.day)?;
            let out = BufWriter::with_capacity(BUFFER_BYTES, file);
            let begun = FileWriter::begin(out, self.head.clone(), &self.archive.keys);
            self.open = Some((part.clone(), begun.map_err(failed(&part))?));
        }
        if let Some((part, writer)) = &mut self.open {
            writer.push_slice(slice).map_err(failed(part))?;
            self.rows += slice.len() as u64;
        }
        Ok(())
    }

    /// Ends the file.
    pub(super) fn finish(self) -> Result<Conflicts, ArchiveError> {
        let Some((part, writer)) = self.open else { return Ok(Conflicts::default()) };
        writer.finish().map_err(failed(&part))?;
        Ok(Conflicts { rows: self.rows, part: Some(part) })
    }
}

impl Conflicts {
    /// Whose they are, each once.
    pub(super) async fn devices(&self, archive: &Archive, metric: &Metric) -> Result<Vec<DeviceId>, ArchiveError> {
        let Some(part) = self.part.clone() else { return Ok(Vec::new()) };
        let (archive, metric) = (archive.clone(), metric.clone());
        on_thread(move || {
            let mut rows = rows_of(&archive, &part, &metric)?;
            let mut devices: BTreeSet<DeviceId> = BTreeSet::new();
            while let Some(slice) = rows.slice().map_err(failed(&part))? {
                let count = slice.len();
                devices.extend(slice.rows().map(|row| row.device));
                rows.pass(count);
            }
            Ok(devices.into_iter().collect())
        })
        .await
    }

    /// The rows as messages, a page after the other.
    pub(super) async fn pages(
        &self,
        archive: &Archive,
        metric: &Metric,
        shards: HashMap<DeviceId, String>,
        now: Timestamp,
    ) -> Result<impl Stream<Item = Result<Vec<Quarantined>, ArchiveError>> + use<>, ArchiveError> {
        let reader = match self.part.clone() {
            None => None,
            Some(part) => {
                let (archive, metric) = (archive.clone(), metric.clone());
                Some(on_thread(move || PageReader::open(&archive, part, metric, shards, now)).await?)
            }
        };
        Ok(try_unfold(reader, |reader| async move {
            let Some(reader) = reader else { return Ok(None) };
            let (page, reader) = on_thread(move || reader.page()).await?;
            Ok((!page.is_empty()).then_some((page, Some(reader))))
        }))
    }

    /// How long all of them may take on their way to quarantine.
    pub(super) fn time(&self) -> Duration {
        VALUE_TIME.saturating_mul(u32::try_from(self.rows).unwrap_or(u32::MAX))
    }

    /// Deletes the file.
    pub(super) async fn discard(&self, archive: &Archive) -> Result<(), ArchiveError> {
        match &self.part {
            Some(part) => archive.discard(part).await,
            None => Ok(()),
        }
    }
}

/// Reads them back.
struct PageReader {
    rows: Rows,
    part: PathBuf,
    metric: Metric,
    shards: HashMap<DeviceId, String>,
    now: Timestamp,
}

impl PageReader {
    fn open(
        archive: &Archive,
        part: PathBuf,
        metric: Metric,
        shards: HashMap<DeviceId, String>,
        now: Timestamp,
    ) -> Result<PageReader, ArchiveError> {
        let rows = rows_of(archive, &part, &metric)?;
        Ok(PageReader { rows, part, metric, shards, now })
    }

    /// The next page, empty at the end, and who reads on.
    fn page(mut self) -> Result<(Vec<Quarantined>, PageReader), ArchiveError> {
        let mut page: Vec<Row> = Vec::new();
        while page.len() < PAGE_VALUES_MAX {
            let Some(slice) = self.rows.slice().map_err(failed(&self.part))? else { break };
            let slice = slice.slice(0..slice.len().min(PAGE_VALUES_MAX - page.len()));
            page.extend(slice.rows());
            let count = slice.len();
            self.rows.pass(count);
        }
        Ok((messages(&page, &self.metric, &self.shards, self.now), self))
    }
}

fn rows_of(archive: &Archive, part: &Path, metric: &Metric) -> Result<Rows, ArchiveError> {
    let opened = File::open(part).map_err(FileError::from).and_then(|file| open(file, metric, &archive.keys));
    opened.and_then(|opened| opened.rows(RowFilter::default())).map_err(failed(part))
}

/// What is wrong with a file that has no name yet.
pub(super) fn failed(part: &Path) -> impl FnOnce(FileError) -> ArchiveError {
    let name = part.display().to_string();
    move |source| ArchiveError::File { name, source }
}

/// The rows as messages.
fn messages(rows: &[Row], metric: &Metric, shards: &HashMap<DeviceId, String>, now: Timestamp) -> Vec<Quarantined> {
    let mut messages = Vec::new();
    for ((device, statistic, revision, _), rows) in grouped(rows) {
        for some in rows.chunks(MESSAGE_VALUES_MAX) {
            let shard = shards.get(&device).map_or(NO_SHARD, String::as_str);
            messages.push(Quarantined {
                received_at: now,
                topic: topic::build(shard, device.as_str(), &batch::FORMAT),
                content_type: None,
                reason: Reason::Conflict.word(),
                detail: "another value is archived under the same device, metric, statistic, start and end: the first \
                         stays"
                    .to_owned(),
                samples: some.len() as u64,
                due_at: None,
                payload: payload(metric, statistic.text(), revision, some),
            });
        }
    }
    messages
}

fn payload(metric: &Metric, statistic: Option<String>, revision: Option<Revision>, rows: &[&Row]) -> Bytes {
    let values = if metric.is_coded() {
        Values::Codes(rows.iter().filter_map(|row| metric.code_of(row.value)).map(Cow::Borrowed).collect())
    } else {
        Values::Numbers(rows.iter().map(|row| number(row)).collect())
    };
    let times = rows.iter().map(|row| row.start.micros()).collect();
    let ends = rows.iter().filter_map(|row| row.end).map(Timestamp::micros).collect();
    let statistic = statistic.map(Cow::Owned);
    write::readable(&Series { statistic, ends, revision, ..Series::new(&*metric.name, times, values) })
}

/// The value as the format takes it: infinite where the sensor said "low" or "high".
fn number(row: &Row) -> f64 {
    match row.flags {
        flags if !flags.is_bound() => row.value,
        flags if flags.0 & Flags::BELOW_RANGE.0 != 0 => f64::NEG_INFINITY,
        _ => f64::INFINITY,
    }
}

/// What is told of rows together: a device, a statistic, a revision, and whether they are intervals.
type Told = (DeviceId, Statistic, Option<Revision>, bool);

/// Rows by what is told of them together.
fn grouped(rows: &[Row]) -> HashMap<Told, Vec<&Row>> {
    let mut groups: HashMap<_, Vec<&Row>> = HashMap::new();
    for row in rows {
        let told = (row.device.clone(), row.statistic, row.origin.revision, row.end.is_some());
        groups.entry(told).or_default().push(row);
    }
    groups
}
