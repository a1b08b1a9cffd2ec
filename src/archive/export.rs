//! Export: a snapshot's blocks go to the thread that builds, throttled as the configuration says.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use tokio::sync::mpsc;

use super::build::{BATCH_SAMPLES, BATCHES_MAX, HotBlock, Job, MergedFile, RollBatch, build};
use super::error::ArchiveError;
use super::merge::KnownPast;
use super::thread::on_thread;
use crate::config::DutyPercent;
use crate::store::archive::{ArchiveFile, SeriesOf, Snapshot};

/// Devices that are read with one question: 256 of a value a second are 22 million samples, which the server sorts.
const PAGE_DEVICES: usize = 256;
/// The same where what they said before is read as well, to be weighed against a file.
const WEIGHED_DEVICES: usize = 16;
/// What is worked between two rests: long beside the grain of a timer (1 ms), short beside what a reader is willing to
/// wait.
const PACE_MIN: Duration = Duration::from_millis(20);
/// Hands the snapshot's blocks to the thread that builds, device by device.
pub(super) async fn export(
    snapshot: &mut Snapshot<'_>,
    series: &[SeriesOf],
    (blocks, live): (u64, Option<&ArchiveFile>),
    job: Job,
    mut pace: Pace,
) -> Result<MergedFile, ArchiveError> {
    let (batches, taken) = mpsc::channel(BATCHES_MAX);
    let building = on_thread(move || build(job, taken));
    let reading = async move {
        let mut given = 0;
        let is_weighed = snapshot.has_past(series, live).await?;
        for page in pages(series, if is_weighed { WEIGHED_DEVICES } else { PAGE_DEVICES }) {
            let past = if is_weighed { snapshot.past(page, live).await? } else { Vec::new() };
            if !past.is_empty() && batches.send(RollBatch::Past(KnownPast::of(past))).await.is_err() {
                // The thread has ended; it says why.
                return Ok(given);
            }
            let mut stream = std::pin::pin!(snapshot.blocks(page));
            let (mut batch, mut samples) = (Vec::new(), 0);
            while let Some((place, block)) = stream.try_next().await? {
                let Some(of) = page.get(place) else { continue };
                (given, samples) = (given + 1, samples + block.len());
                batch.push(HotBlock { device: of.device.clone(), statistic: of.statistic, block });
                if samples >= BATCH_SAMPLES {
                    samples = 0;
                    if batches.send(RollBatch::Blocks(std::mem::take(&mut batch))).await.is_err() {
                        return Ok(given);
                    }
                    pace.rest().await;
                }
            }
            if !batch.is_empty() && batches.send(RollBatch::Blocks(batch)).await.is_err() {
                return Ok(given);
            }
        }
        Ok::<u64, ArchiveError>(given)
    };
    let (built, given) = tokio::join!(building, reading);
    let (given, built) = (given?, built?);
    // One snapshot noted them and read them.
    if given == blocks { Ok(built) } else { Err(ArchiveError::Thread) }
}

/// Series in pages of so many devices, none of which is cut.
fn pages(series: &[SeriesOf], devices_max: usize) -> impl Iterator<Item = &[SeriesOf]> {
    let mut devices = 0;
    series.chunk_by(move |one, next| {
        devices += usize::from(one.device != next.device);
        let goes_on = devices < devices_max;
        if !goes_on {
            devices = 0;
        }
        goes_on
    })
}

/// Rests between pieces of work.
pub(super) struct Pace {
    duty: DutyPercent,
    since: Instant,
}

impl Pace {
    pub(super) fn begin(duty: DutyPercent) -> Pace {
        Pace { duty, since: Instant::now() }
    }

    /// Rests for what was worked, where that is worth a timer.
    pub(super) async fn rest(&mut self) {
        let worked = self.since.elapsed();
        if worked < PACE_MIN {
            return;
        }
        tokio::time::sleep(self.duty.rest_after(worked)).await;
        self.since = Instant::now();
    }
}
