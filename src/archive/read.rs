//! Read: samples of hot table and archive, each once, in the order of metric, day, device and time, in bounded memory.
//!
//! # Why
//! Manifest and hot table are read in one snapshot (`store::archive::to_read`), files never change: so a roll that goes
//! on meanwhile moves nothing before a reader's eyes. What is in both, because it came late, is told by its key, and
//! the archived value is the first. A file is read only where its metric, its day and the statistics of its row groups
//! do not rule out what is asked for.
//!
//! Invariant: each sample is given once, whatever rolls go on
//! (`roll::a_reader_sees_each_sample_once_while_rolls_and_late_samples_go_on`).

use futures_util::TryStreamExt as _;
use sqlx::PgConnection;

use super::file::{self, FileError, Row, Rows};
use super::merge::{HotRows, Merge, Met};
use super::{Archive, ArchiveError, metric_of};
use crate::model::ids::{DeviceId, MetricId};
use crate::model::metric::Catalogue;
use crate::model::sample::{Flags, Sample};
use crate::model::statistic::Statistic;
use crate::model::time::Day;
use crate::store::archive::{ArchiveFile, to_read};
use crate::store::hot::{Filter, SeriesBlock, read_blocks};

/// Samples that are handed over at once.
const STRETCH_SAMPLES_MAX: usize = 8_192;

/// Samples of one series that follow one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// What measured.
    pub device: DeviceId,
    /// What was measured.
    pub metric: MetricId,
    /// What the values say about many measurements.
    pub statistic: Statistic,
    /// The samples, in order of time; at least one.
    pub samples: Vec<Sample>,
}

/// Reads all samples that are asked for and hands them to `take`, whose error ends it.
pub async fn read<E: From<ArchiveError>>(
    connection: &mut PgConnection,
    archive: Option<&Archive>,
    catalogue: &Catalogue,
    filter: &Filter,
    take: impl FnMut(Stretch) -> Result<(), E>,
) -> Result<(), E> {
    let (mut snapshot, files) = to_read(connection, filter).await.map_err(ArchiveError::from)?;
    let archive = match archive {
        None if !files.is_empty() => return Err(ArchiveError::NoUrl.into()),
        archive => archive,
    };
    let files = Files { archive, catalogue, filter, files: files.into_iter().peekable() };
    let mut reading = Reading { files, unit: None, out: Out { filter, take, open: None } };
    let mut blocks = std::pin::pin!(read_blocks(&mut snapshot, filter));
    while let Some(found) = blocks.try_next().await.map_err(ArchiveError::from)? {
        reading.take_block(&found)?;
    }
    reading.finish()
}

/// What is read now.
struct Reading<'a, T> {
    files: Files<'a>,
    unit: Option<Unit>,
    out: Out<'a, T>,
}

/// One metric and day that has hot blocks.
struct Unit {
    metric: MetricId,
    day: Day,
    hot: HotRows,
    merge: Merge<Archived>,
}

/// The files still to be read, by metric and day.
struct Files<'a> {
    archive: Option<&'a Archive>,
    catalogue: &'a Catalogue,
    filter: &'a Filter,
    files: std::iter::Peekable<std::vec::IntoIter<ArchiveFile>>,
}

/// Rows of a file, or none.
struct Archived {
    name: String,
    rows: Option<Rows>,
}

/// Rows become stretches.
struct Out<'a, T> {
    filter: &'a Filter,
    take: T,
    open: Option<Stretch>,
}

impl<E: From<ArchiveError>, T: FnMut(Stretch) -> Result<(), E>> Reading<'_, T> {
    fn take_block(&mut self, found: &SeriesBlock) -> Result<(), E> {
        let key = (found.metric, found.block.start.day());
        if self.unit.as_ref().is_none_or(|unit| (unit.metric, unit.day) != key) {
            self.end_unit()?;
            self.take_files_before(Some(key))?;
            let merge = Merge::new(self.files.rows_of(key)?).map_err(named("an archive file"))?;
            self.unit = Some(Unit { metric: key.0, day: key.1, hot: HotRows::default(), merge });
        }
        let (Some(unit), out) = (&mut self.unit, &mut self.out) else { return Ok(()) };
        let Unit { metric, hot, merge, .. } = unit;
        hot.push(&found.device, found.statistic, &found.block, |row| out.lay(merge, *metric, &row))
    }

    /// Hands out the files of metrics and days that come before this one, or all.
    fn take_files_before(&mut self, key: Option<(MetricId, Day)>) -> Result<(), E> {
        while let Some((metric, rows)) = self.files.next_before(key)? {
            let merge = Merge::new(rows).map_err(named("an archive file"))?;
            self.out.finish(merge, metric)?;
        }
        Ok(())
    }

    fn end_unit(&mut self) -> Result<(), E> {
        let Some(Unit { metric, hot, mut merge, .. }) = self.unit.take() else { return Ok(()) };
        let out = &mut self.out;
        hot.finish(|row| out.lay(&mut merge, metric, &row))?;
        out.finish(merge, metric)
    }

    fn finish(mut self) -> Result<(), E> {
        self.end_unit()?;
        self.take_files_before(None)?;
        self.out.close()
    }
}

impl Files<'_> {
    /// The rows of the next file, where it comes before `key`.
    fn next_before(&mut self, key: Option<(MetricId, Day)>) -> Result<Option<(MetricId, Archived)>, ArchiveError> {
        let Some(file) = self.files.peek() else { return Ok(None) };
        let metric = metric_of(self.catalogue, file)?.id;
        if key.is_some_and(|key| (metric, file.day) >= key) {
            return Ok(None);
        }
        let Some(file) = self.files.next() else { return Ok(None) };
        Ok(Some((metric, self.open(&file)?)))
    }

    /// The rows of the file of this metric and day, which is the next one or is not there.
    fn rows_of(&mut self, key: (MetricId, Day)) -> Result<Archived, ArchiveError> {
        let is_next = match self.files.peek() {
            Some(file) => (metric_of(self.catalogue, file)?.id, file.day) == key,
            None => false,
        };
        match self.files.next_if(|_| is_next) {
            Some(file) => self.open(&file),
            None => Ok(Archived { name: String::new(), rows: None }),
        }
    }

    fn open(&self, file: &ArchiveFile) -> Result<Archived, ArchiveError> {
        let archive = self.archive.ok_or(ArchiveError::NoUrl)?;
        let Filter { device, from, to, .. } = self.filter;
        let filter = file::Filter { device: device.clone(), from: *from, to: *to };
        let opened = file::open(archive.place.open(&file.name)?, metric_of(self.catalogue, file)?, &archive.keys);
        let rows = opened.and_then(|opened| opened.rows(filter)).map_err(named(&file.name))?;
        Ok(Archived { name: file.name.clone(), rows: Some(rows) })
    }
}

impl Iterator for Archived {
    type Item = Result<Row, FileError>;

    fn next(&mut self) -> Option<Result<Row, FileError>> {
        let row = self.rows.as_mut()?.next();
        if let Some(Err(_)) = &row {
            tracing::error!(name = self.name, "an archive file cannot be read; ask `archive verify`");
        }
        row
    }
}

impl<E: From<ArchiveError>, T: FnMut(Stretch) -> Result<(), E>> Out<'_, T> {
    fn lay(&mut self, merge: &mut Merge<Archived>, metric: MetricId, hot: &Row) -> Result<(), E> {
        match merge.lay(hot, |row| self.give(metric, row).map_err(Failed::Taker)) {
            Ok(Met::New | Met::Duplicate | Met::Conflict) => Ok(()),
            Err(failed) => Err(failed.into_error()),
        }
    }

    fn finish(&mut self, merge: Merge<Archived>, metric: MetricId) -> Result<(), E> {
        merge.finish(|row| self.give(metric, row).map_err(Failed::Taker)).map_err(Failed::into_error)
    }

    fn give(&mut self, metric: MetricId, row: &Row) -> Result<(), E> {
        let Filter { from, to, .. } = self.filter;
        if from.is_some_and(|from| row.start < from) || to.is_some_and(|to| row.start >= to) {
            return Ok(());
        }
        let span_us = row.end.map(|end| end.micros_since(row.start));
        let sample = Sample { start: row.start, span_us, value: row.value, flags: Flags::NONE };
        if let Some(open) = &mut self.open
            && open.samples.len() < STRETCH_SAMPLES_MAX
            && (&open.device, open.metric, open.statistic) == (&row.device, metric, row.statistic)
        {
            open.samples.push(sample);
            return Ok(());
        }
        self.close()?;
        let (device, statistic) = (row.device.clone(), row.statistic);
        self.open = Some(Stretch { device, metric, statistic, samples: vec![sample] });
        Ok(())
    }

    fn close(&mut self) -> Result<(), E> {
        self.open.take().map_or(Ok(()), &mut self.take)
    }
}

/// Whose error it is.
enum Failed<E> {
    File(FileError),
    Taker(E),
}

impl<E> From<FileError> for Failed<E> {
    fn from(error: FileError) -> Failed<E> {
        Failed::File(error)
    }
}

impl<E: From<ArchiveError>> Failed<E> {
    fn into_error(self) -> E {
        match self {
            Failed::File(source) => named("an archive file")(source).into(),
            Failed::Taker(error) => error,
        }
    }
}

fn named(name: &str) -> impl FnOnce(FileError) -> ArchiveError {
    let name = name.to_owned();
    move |source| ArchiveError::File { name, source }
}
