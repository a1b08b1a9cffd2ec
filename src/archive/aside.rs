//! Aside: rows of a merge that do not go into the file wait on the disk until the transaction that records it.
//!
//! # Why
//! A device that sends a year again with other values makes as many conflicts as it has samples, and one that scores it
//! again supersedes as many; the day must be rolled all the same. So they wait as a file of the archive's own kind and
//! under its key, and reach the transaction a page at a time: memory does not grow with them, and either all of them
//! are kept and gone from where they were, or none.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::try_unfold;

use super::error::ArchiveError;
use super::file::{FileError, FileWriter, Head, Row, RowFilter, RowSlice, Rows, open};
use super::handle::Archive;
use super::thread::on_thread;
use crate::model::ids::DeviceId;
use crate::model::metric::Metric;
use crate::model::sample::Sample;
use crate::store::archive::SupersededSample;

/// Written to the system in pieces of this size.
pub(super) const BUFFER_BYTES: usize = 256 << 10;
/// Values in one page, which is one statement: 5 MB as rows, and as much as messages.
const PAGE_VALUES_MAX: usize = 50_000;
/// How long one may take to get there: many times longer than a block that is removed.
const VALUE_TIME: Duration = Duration::from_micros(100);

/// Rows on their way to the disk.
pub(super) struct AsideWriter {
    archive: Archive,
    head: Head,
    /// What they are, for the name of the file.
    kind: &'static str,
    /// From the first of them on.
    open: Option<(PathBuf, FileWriter<BufWriter<File>>)>,
    rows: u64,
}

/// Rows on the disk, in the order of a file.
#[derive(Debug, Default)]
pub(super) struct RowsAside {
    /// How many they are.
    pub(super) rows: u64,
    /// Where they wait; `None` where there are none.
    part: Option<PathBuf>,
}

impl AsideWriter {
    /// None so far, of what is to be the file of `head`.
    pub(super) fn new(archive: Archive, head: Head, kind: &'static str) -> AsideWriter {
        AsideWriter { archive, head, kind, open: None, rows: 0 }
    }

    /// Takes the next of them, in the order of a file.
    pub(super) fn push(&mut self, slice: &RowSlice<'_>) -> Result<(), ArchiveError> {
        if self.open.is_none() {
            let name = format!("{}-{}", self.kind, self.head.metric.name);
            let (part, file) = self.archive.storage.create(&name, self.head.day)?;
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
    pub(super) fn finish(self) -> Result<RowsAside, ArchiveError> {
        let Some((part, writer)) = self.open else { return Ok(RowsAside::default()) };
        writer.finish().map_err(failed(&part))?;
        Ok(RowsAside { rows: self.rows, part: Some(part) })
    }
}

impl RowsAside {
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

    /// What is made of the rows, a page after the other.
    pub(super) async fn pages<T, M>(
        &self,
        archive: &Archive,
        metric: &Metric,
        make: M,
    ) -> Result<impl Stream<Item = Result<Vec<T>, ArchiveError>> + use<T, M>, ArchiveError>
    where
        T: Send + 'static,
        M: Fn(&[Row]) -> Vec<T> + Send + Clone + 'static,
    {
        let reader = match self.part.clone() {
            None => None,
            Some(part) => {
                let (archive, metric) = (archive.clone(), metric.clone());
                Some(on_thread(move || Ok(PageReader { rows: rows_of(&archive, &part, &metric)?, part })).await?)
            }
        };
        Ok(try_unfold(reader, move |reader| {
            let make = make.clone();
            async move {
                let Some(reader) = reader else { return Ok(None) };
                let (page, reader) = on_thread(move || reader.page(&make)).await?;
                Ok((!page.is_empty()).then_some((page, Some(reader))))
            }
        }))
    }

    /// How long all of them may take on their way.
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

/// Rows as what was superseded.
pub(super) fn superseded(rows: &[Row]) -> Vec<SupersededSample> {
    let superseded = |row: &Row| {
        let span_us = row.end.map(|end| end.micros_since(row.start));
        let Row { start, value, flags, origin, .. } = *row;
        let sample = Sample { start, span_us, value, flags, origin };
        SupersededSample { device: row.device.clone(), statistic: row.statistic, sample }
    };
    rows.iter().map(superseded).collect()
}

/// Reads them back.
struct PageReader {
    rows: Rows,
    part: PathBuf,
}

impl PageReader {
    /// The next page, empty at the end, and who reads on.
    fn page<T>(mut self, make: impl Fn(&[Row]) -> Vec<T>) -> Result<(Vec<T>, PageReader), ArchiveError> {
        let mut page: Vec<Row> = Vec::new();
        while page.len() < PAGE_VALUES_MAX {
            let Some(slice) = self.rows.slice().map_err(failed(&self.part))? else { break };
            let slice = slice.slice(0..slice.len().min(PAGE_VALUES_MAX - page.len()));
            page.extend(slice.rows());
            let count = slice.len();
            self.rows.pass(count);
        }
        Ok((make(&page), self))
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
