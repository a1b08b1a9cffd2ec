//! Progress: how far a lane is with its batch, over all tries: what is committed, and what is to be counted of it.
//!
//! # Why
//! A batch that is cut is written in several transactions, and a right may be lost between two of them. Where a source
//! may no longer speak for a device, what is committed stands, and only the rest is written anew; where the database
//! has forgotten, all of it is. Counted is what stands at the end, once.

use super::unit::{ArrivalRejection, Unit};
use crate::model::reason::Reason;
use crate::telemetry::{Tally, Telemetry};

/// How far a lane is with one batch.
#[derive(Debug, Default)]
pub(super) struct BatchProgress {
    /// What is committed.
    written: Vec<Unit>,
    /// How its samples ended.
    tally: Tally,
    /// Those that are rejected.
    rejected: Vec<(Reason, u64)>,
    /// Of these the ones that are counted only.
    capped: u64,
}

impl BatchProgress {
    /// A unit is committed.
    pub(super) fn write(&mut self, unit: Unit, ended: Tally) {
        self.tally.add(ended);
        self.written.push(unit);
    }

    /// A rejection is committed, or counted only.
    pub(super) fn reject(&mut self, one: &ArrivalRejection) {
        self.rejected.push((one.rejection.reason, one.rejection.samples));
        if !one.kept {
            self.capped += one.rejection.samples;
        }
    }

    /// The database takes a rejection nowhere.
    pub(super) fn drop_row(&mut self, one: &ArrivalRejection) {
        self.tally.quarantined += one.rejection.samples;
        self.capped += one.rejection.samples;
        self.written.push(Unit::of_rejected_sample(one.clone()));
    }

    /// Nothing stands any more: what was committed, in its order.
    pub(super) fn forget(&mut self) -> Vec<Unit> {
        std::mem::take(self).written
    }

    /// Counts what stands.
    pub(super) fn count(self, telemetry: &Telemetry) -> Tally {
        self.rejected.iter().for_each(|(reason, samples)| telemetry.reject(*reason, *samples));
        telemetry.quarantine_capped.increment(self.capped);
        self.tally
    }
}
