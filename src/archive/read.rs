//! Read: samples of hot table and archive, each once, in the order of metric, day, device and time, in bounded memory.
//!
//! # Why
//! Manifest and hot table are read in one snapshot (`store::archive::to_read`), files never change: so a roll that goes
//! on meanwhile moves nothing before a reader's eyes. What has come since a file was written is weighed against it as
//! the next roll will do (`merge`): so what is told is what will be archived. What was superseded or replaced since is
//! read at once, since the next roll takes it over. A file is read only where its metric, its day and the statistics of
//! its row groups do not rule out what is asked for.
//!
//! Invariant: each sample is given once, whatever rolls go on
//! (`roll::a_reader_sees_each_sample_once_while_rolls_and_late_samples_go_on`), and each start as its source said it
//! last (`roll_revisions`).

use futures_util::TryStreamExt as _;
use sqlx::PgConnection;

use super::error::ArchiveError;
use super::file::{self, FileError, RowSlice, Rows};
use super::handle::Archive;
use super::manifest::metric_of;
use super::merge::{Archived, HotRows, KnownPast, Merge, MergeOutcome};
use crate::model::ids::{DeviceId, MetricId};
use crate::model::metric::Catalogue;
use crate::model::revision::Precedence;
use crate::model::sample::Sample;
use crate::model::statistic::Statistic;
use crate::model::time::{Day, Timestamp};
use crate::store::archive::{ArchiveFile, ReaderPast, ToRead, to_read};
use crate::store::hot::{Filter, SeriesBlock, read_blocks};

/// Samples that are handed over at once.
const STRETCH_SAMPLES_MAX: usize = 8_192;

/// Samples of one series that follow one another.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleChunk {
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
    take: impl FnMut(SampleChunk) -> Result<(), E>,
) -> Result<(), E> {
    let ToRead { mut snapshot, files, past } = to_read(connection, filter).await.map_err(ArchiveError::from)?;
    let archive = match archive {
        None if !files.is_empty() => return Err(ArchiveError::NoUrl.into()),
        archive => archive,
    };
    let files = Files { archive, catalogue, filter, files: files.into_iter().peekable(), past };
    let mut reading = Reading { files, unit: None, out: ChunkWriter { filter, take, open: None } };
    let mut blocks = std::pin::pin!(read_blocks(&mut snapshot, filter));
    while let Some(found) = blocks.try_next().await.map_err(ArchiveError::from)? {
        reading.take_block(found)?;
    }
    reading.finish()
}

/// What is read now.
struct Reading<'a, T> {
    files: Files<'a>,
    unit: Option<Unit>,
    out: ChunkWriter<'a, T>,
}

/// One metric and day that has hot blocks.
struct Unit {
    metric: MetricId,
    day: Day,
    hot: HotRows,
    merge: Merge<OfFile>,
}

/// The files still to be read, by metric and day.
struct Files<'a> {
    archive: Option<&'a Archive>,
    catalogue: &'a Catalogue,
    filter: &'a Filter,
    files: std::iter::Peekable<std::vec::IntoIter<ArchiveFile>>,
    past: ReaderPast,
}

/// Rows of a file, or none.
struct OfFile {
    name: String,
    rows: Option<Rows>,
}

/// Rows become chunks of one series.
struct ChunkWriter<'a, T> {
    filter: &'a Filter,
    take: T,
    open: Option<SampleChunk>,
}

impl<E: From<ArchiveError>, T: FnMut(SampleChunk) -> Result<(), E>> Reading<'_, T> {
    fn take_block(&mut self, found: SeriesBlock) -> Result<(), E> {
        let key = (found.metric, found.block.start.day());
        if self.unit.as_ref().is_none_or(|unit| (unit.metric, unit.day) != key) {
            self.end_unit()?;
            self.take_files_before(Some(key))?;
            let merge = self.files.rows_of(key)?;
            self.unit = Some(Unit { metric: key.0, day: key.1, hot: HotRows::default(), merge });
        }
        let (Some(unit), out) = (&mut self.unit, &mut self.out) else { return Ok(()) };
        let Unit { metric, hot, merge, .. } = unit;
        hot.push(&found.device, found.statistic, found.block, |slice| out.lay(merge, *metric, slice))
    }

    /// Hands out the files of metrics and days that come before this one, or all.
    fn take_files_before(&mut self, key: Option<(MetricId, Day)>) -> Result<(), E> {
        while let Some((metric, merge)) = self.files.next_before(key)? {
            self.out.finish(merge, metric)?;
        }
        Ok(())
    }

    fn end_unit(&mut self) -> Result<(), E> {
        let Some(Unit { metric, hot, mut merge, .. }) = self.unit.take() else { return Ok(()) };
        let out = &mut self.out;
        hot.finish(|slice| out.lay(&mut merge, metric, slice))?;
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
    fn next_before(&mut self, key: Option<(MetricId, Day)>) -> Result<Option<(MetricId, Merge<OfFile>)>, ArchiveError> {
        let Some(file) = self.files.peek() else { return Ok(None) };
        let metric = metric_of(self.catalogue, file)?.id;
        if key.is_some_and(|key| (metric, file.day) >= key) {
            return Ok(None);
        }
        let Some(file) = self.files.next() else { return Ok(None) };
        Ok(Some((metric, self.open(&file)?)))
    }

    /// The rows of the file of this metric and day, which is the next one or is not there.
    fn rows_of(&mut self, key: (MetricId, Day)) -> Result<Merge<OfFile>, ArchiveError> {
        let is_next = match self.files.peek() {
            Some(file) => (metric_of(self.catalogue, file)?.id, file.day) == key,
            None => false,
        };
        match self.files.next_if(|_| is_next) {
            Some(file) => self.open(&file),
            None => Ok(Merge::new(OfFile { name: String::new(), rows: None }, self.precedence(key.0))),
        }
    }

    fn precedence(&self, metric: MetricId) -> Precedence {
        Precedence::of_metric(self.catalogue, metric)
    }

    fn open(&mut self, file: &ArchiveFile) -> Result<Merge<OfFile>, ArchiveError> {
        let archive = self.archive.ok_or(ArchiveError::NoUrl)?;
        let Filter { device, from, to, .. } = self.filter;
        let filter = file::RowFilter { device: device.clone(), from: *from, to: *to };
        let metric = metric_of(self.catalogue, file)?;
        let opened = file::open(archive.storage.open(&file.name)?, metric, &archive.keys);
        let rows = opened.and_then(|opened| opened.rows(filter)).map_err(named(&file.name))?;
        let mut merge = Merge::new(OfFile { name: file.name.clone(), rows: Some(rows) }, self.precedence(metric.id));
        merge.know(KnownPast::of(self.past.take(metric.id, file)));
        Ok(merge)
    }
}

impl Archived for OfFile {
    fn slice(&mut self) -> Result<Option<RowSlice<'_>>, FileError> {
        let Some(rows) = &mut self.rows else { return Ok(None) };
        rows.slice().inspect_err(|_| {
            tracing::error!(
                archive.file = self.name,
                "an archive file cannot be read; run `healthtrack archive verify`"
            );
        })
    }

    fn pass(&mut self, rows: usize) {
        self.rows.pass(rows);
    }
}

impl<E: From<ArchiveError>, T: FnMut(SampleChunk) -> Result<(), E>> ChunkWriter<'_, T> {
    fn lay(&mut self, merge: &mut Merge<OfFile>, metric: MetricId, hot: RowSlice<'_>) -> Result<(), E> {
        merge.lay(hot, |met, slice| self.give(metric, met, slice)).map_err(Failed::into_error)
    }

    fn finish(&mut self, merge: Merge<OfFile>, metric: MetricId) -> Result<(), E> {
        merge.finish(|met, slice| self.give(metric, met, slice)).map_err(Failed::into_error)
    }

    fn give(&mut self, metric: MetricId, met: MergeOutcome, slice: RowSlice<'_>) -> Result<(), Failed<E>> {
        if !met.is_next() {
            return Ok(());
        }
        let Filter { from, to, .. } = self.filter;
        let before = |moment: Timestamp| slice.starts.partition_point(|start| *start < moment);
        let mut slice = slice.slice(from.map_or(0, before)..to.map_or(slice.len(), before));
        while !slice.is_empty() {
            let count = self.take_some(metric, &slice).map_err(Failed::Taker)?;
            slice = slice.slice(count..slice.len());
        }
        Ok(())
    }

    /// Adds to the open chunk as many rows as it has room for; how many.
    fn take_some(&mut self, metric: MetricId, slice: &RowSlice<'_>) -> Result<usize, E> {
        let goes_on = self.open.as_ref().is_some_and(|open| {
            open.samples.len() < STRETCH_SAMPLES_MAX
                && (&open.device, open.metric, open.statistic) == (slice.device, metric, slice.statistic)
        });
        if !goes_on {
            self.close()?;
        }
        let open = self.open.get_or_insert_with(|| {
            let (device, statistic) = (slice.device.clone(), slice.statistic);
            SampleChunk { device, metric, statistic, samples: Vec::new() }
        });
        let count = slice.len().min(STRETCH_SAMPLES_MAX - open.samples.len());
        for (rows, origin) in slice.origins.pieces(0..count) {
            open.samples.extend(rows.filter_map(|place| {
                let (key, value, flags) = (slice.key(place)?, *slice.values.get(place)?, slice.flags_at(place));
                let span_us = key.end.map(|end| end.micros_since(key.start));
                Some(Sample { start: key.start, span_us, value, flags, origin })
            }));
        }
        Ok(count)
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
