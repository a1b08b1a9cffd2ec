//! Cut: what becomes of a unit that the database rejects: its halves, and at last one item alone, which is quarantined.

use super::progress::BatchProgress;
use super::unit::{ArrivalRejection, RejectedItem, Unit};
use super::{Lane, reject};
use crate::ingest::queue::Arrival;
use crate::store::{Fault, StoreError};

impl Lane {
    /// Halves a unit that the database rejects, or quarantines the rejected item once it stands alone.
    pub(super) fn cut(
        &mut self,
        unit: Unit,
        batch: &[Arrival],
        fault: Fault,
        error: &StoreError,
        progress: &mut BatchProgress,
    ) -> Vec<Unit> {
        self.shared.context.telemetry.batch_bisections.increment(1);
        // Each try at a damaged page costs a connection, and its neighbours there fare no better: a part goes as one.
        if let (Fault::Unreadable, [part], []) = (fault, unit.parts.as_slice(), unit.rejections.as_slice()) {
            self.shared.context.telemetry.unreadable_blocks.increment(1);
            let rejection = reject::damaged(part.run.len());
            return vec![Unit::of_rejected_sample(ArrivalRejection::new(part.arrival, rejection, true))];
        }
        match unit.split() {
            Ok([first, second]) => vec![second, first],
            Err(RejectedItem::Sample(arrival)) => {
                let rejection = reject::refused();
                let kept = self.admits(batch, arrival, rejection.reason);
                vec![Unit::of_rejected_sample(ArrivalRejection::new(arrival, rejection, kept))]
            }
            Err(RejectedItem::Range(arrival)) => {
                let rejection = reject::refused_range();
                let kept = self.admits(batch, arrival, rejection.reason);
                vec![Unit::of_rejected_sample(ArrivalRejection::new(arrival, rejection, kept))]
            }
            Err(RejectedItem::Row(rejection)) => {
                let reason = rejection.rejection.reason;
                // Not its sources: the words of Postgres may quote the row.
                tracing::error!(rejection.reason = %reason, "a quarantine row was rejected and only counted: {error}");
                progress.drop_row(&rejection);
                Vec::new()
            }
            Err(RejectedItem::Nothing) => Vec::new(),
        }
    }
}
