//! Past: what is known of series beside what stands in the file and in the hot table: which ranges were replaced
//! since the file was written, and what stood once.

use std::collections::BTreeMap;

use super::super::file::{Row, RowSlice};
use super::coverage::Coverage;
use super::outcome::MergeOutcome;
use crate::model::ids::DeviceId;
use crate::model::origin::Revision;
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;
use crate::store::archive::{FormerSample, SeriesPast};

/// Of devices, those that a file's rows have not passed.
#[derive(Debug, Default)]
pub(in crate::archive) struct KnownPast(BTreeMap<DeviceId, Vec<OfSeries>>);

#[derive(Debug)]
struct OfSeries {
    statistic: Statistic,
    /// What ranges replace of which the file knows nothing.
    replaced: Coverage,
    /// By start, and of one start in the order in which they were superseded.
    former: Vec<Former>,
}

/// A row that stood once.
#[derive(Clone, Debug)]
pub(super) struct Former {
    pub(super) row: Row,
    /// True where it was superseded after the file was written.
    pub(super) is_since: bool,
}

impl KnownPast {
    /// What the database knows of series, in the terms of files.
    pub(in crate::archive) fn of(series: Vec<SeriesPast>) -> KnownPast {
        let mut past: BTreeMap<DeviceId, Vec<OfSeries>> = BTreeMap::new();
        for SeriesPast { device, statistic, ranges, former } in series {
            let former = former.into_iter().map(|FormerSample { sample, is_since }| {
                let (start, end) = (sample.start, sample.end());
                let (device, flags) = (device.clone(), sample.flags.known());
                let row = Row {
                    device,
                    statistic,
                    start,
                    end,
                    value: sample.value,
                    flags,
                    origin: sample.origin,
                    subject: None,
                };
                Former { row, is_since }
            });
            let of_series = OfSeries { statistic, replaced: Coverage::of(ranges), former: former.collect() };
            past.entry(device).or_default().push(of_series);
        }
        KnownPast(past)
    }

    /// Adds what is known of devices that come after all of these.
    pub(super) fn extend(&mut self, past: KnownPast) {
        self.0.extend(past.0);
    }

    /// True where anything is known of a device.
    pub(super) fn is_of(&self, device: &DeviceId) -> bool {
        self.0.contains_key(device)
    }

    fn series(&self, device: &DeviceId, statistic: Statistic) -> Option<&OfSeries> {
        self.0.get(device)?.iter().find(|series| series.statistic == statistic)
    }

    /// What stood once at a start.
    pub(super) fn former(&self, device: &DeviceId, statistic: Statistic, start: Timestamp) -> &[Former] {
        let former = self.series(device, statistic).map_or(&[][..], |series| &series.former);
        let before = former.partition_point(|former| former.row.start < start);
        let until = former.partition_point(|former| former.row.start <= start);
        former.get(before..until).unwrap_or_default()
    }

    /// The highest revision of a range that covers a start.
    pub(super) fn replaced(&self, device: &DeviceId, statistic: Statistic, start: Timestamp) -> Option<Revision> {
        self.series(device, statistic)?.replaced.at(start).0
    }

    /// Forgets devices that come before one.
    pub(super) fn forget_before(&mut self, device: &DeviceId) {
        while self.0.first_key_value().is_some_and(|(known, _)| known < device) {
            self.0.pop_first();
        }
    }

    /// Hands out rows of the file of which the hot table says nothing: as they are, or superseded by a range. Forgets
    /// the devices before them.
    pub(super) fn lay<E>(
        &mut self,
        old: RowSlice<'_>,
        give: &mut impl FnMut(MergeOutcome, RowSlice<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.forget_before(old.device);
        let Some(replaced) = self.series(old.device, old.statistic).map(|series| &series.replaced) else {
            return give(MergeOutcome::Old, old);
        };
        let mut rest = old;
        while let Some(first) = rest.starts.first() {
            let (by, until) = replaced.at(*first);
            let rows = until.map_or(rest.len(), |until| rest.starts.partition_point(|start| *start < until));
            let piece = rest.slice(0..rows);
            rest = rest.slice(rows..rest.len());
            let Some(by) = by else {
                give(MergeOutcome::Old, piece)?;
                continue;
            };
            piece.origins.pieces(0..piece.len()).try_for_each(|(rows, origin)| {
                let is_replaced = origin.revision < Some(by);
                give(if is_replaced { MergeOutcome::Superseded } else { MergeOutcome::Old }, piece.slice(rows))
            })?;
        }
        Ok(())
    }
}
