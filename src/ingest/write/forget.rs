//! Forget: the database has not all that was committed before, so a lane forgets what it knows of it and begins its
//! batch anew, by another right. Where a source has lost its right to speak for a device, it forgets whom it let speak,
//! and goes on with what is not written yet.

use std::collections::HashSet;

use super::Lane;
use super::memory::{DeviceMemory, SeriesMemory};
use super::progress::BatchProgress;
use super::speakers::SpeakerMemory;
use super::unit;
use crate::ingest::queue::Arrival;
use crate::store::{Fault, StoreError};
use crate::telemetry::Tally;

impl Lane {
    /// Writes a batch, all of it by one right.
    pub(super) async fn write(&mut self, batch: &mut [Arrival]) -> Result<Tally, StoreError> {
        let mut progress = BatchProgress::default();
        loop {
            match self.write_by_one_right(batch, &mut progress).await {
                Ok(()) => return Ok(progress.count(&self.shared.context.telemetry)),
                Err(StoreError::Disallowed { revision, .. }) => {
                    self.speakers = SpeakerMemory::default();
                    self.writer.revise(revision);
                }
                Err(error) if self.is_of_past_right(&error) => {
                    unit::give_back(batch, progress.forget().into_iter());
                    self.begin_anew().await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// True where the database has forgotten, or this daemon has another right already. Else whoever fences is another.
    fn is_of_past_right(&self, error: &StoreError) -> bool {
        let epoch = self.writer.own().epoch;
        if matches!(error, StoreError::Forgotten { .. }) {
            self.shared.rights.doubt(epoch);
        }
        error.fault() == Fault::Fenced && self.shared.rights.is_past(epoch)
    }

    async fn begin_anew(&mut self) {
        let writers = self.shared.rights.after(self.writer.own().epoch).await;
        self.writer = writers.of_lane(self.number);
        self.connection = None;
        self.devices = DeviceMemory::default();
        self.speakers = SpeakerMemory::default();
        self.series = SeriesMemory::default();
        self.chunks.clear();
        self.reported = HashSet::new();
        self.failures = 0;
    }
}
