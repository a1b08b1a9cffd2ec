//! Reach: what an erasure takes: all of a device, or what devices measured while one patient wore them.

use std::collections::BTreeMap;

use super::file::{RowFilter, RowSlice};
use crate::model::ids::DeviceId;
use crate::model::time::Timestamp;
use crate::store::archive::{ErasureTarget, WearPeriod};

/// From when until when, half-open; `None` without end.
type Period = (Option<Timestamp>, Option<Timestamp>);

/// Devices, and the times of theirs that are meant.
#[derive(Clone, Debug)]
pub(super) struct Reach(BTreeMap<DeviceId, Vec<Period>>);

impl Reach {
    /// All of a device; or of a patient what was `worn`.
    pub(super) fn of(erased: &ErasureTarget, worn: &[WearPeriod]) -> Reach {
        let mut periods: BTreeMap<DeviceId, Vec<Period>> = BTreeMap::new();
        match erased {
            ErasureTarget::Device(device) => drop(periods.insert(device.clone(), vec![(None, None)])),
            ErasureTarget::Patient(_) => worn
                .iter()
                .for_each(|worn| periods.entry(worn.device.clone()).or_default().push((Some(worn.from), worn.to))),
        }
        Reach(periods)
    }

    /// True where some of it may lie between two moments, both included.
    pub(super) fn meets(&self, first: Timestamp, last: Timestamp) -> bool {
        let meets = |(from, to): &Period| from.is_none_or(|from| from <= last) && to.is_none_or(|to| first < to);
        self.0.values().flatten().any(meets)
    }

    /// What a file is asked for to find all of it: each time of each device by itself.
    pub(super) fn filters(&self) -> impl Iterator<Item = RowFilter> {
        let filter = |device: &DeviceId, (from, to): Period| RowFilter { device: Some(device.clone()), from, to };
        self.0.iter().flat_map(move |(device, periods)| periods.iter().map(move |period| filter(device, *period)))
    }

    /// Hands on the rows that are not meant.
    pub(super) fn retain_outside<E>(
        &self,
        slice: RowSlice<'_>,
        mut keep: impl FnMut(RowSlice<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(periods) = self.0.get(slice.device) else { return keep(slice) };
        let bounds = periods.iter().flat_map(|(from, to)| [*from, *to]).flatten();
        slice.cut_at(bounds, |piece, first| {
            let holds = |(from, to): &Period| from.is_none_or(|from| from <= first) && to.is_none_or(|to| first < to);
            if periods.iter().any(holds) { Ok(()) } else { keep(piece) }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::file::OriginSlice;
    use super::*;
    use crate::model::people::PatientId;
    use crate::model::statistic::Statistic;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000).unwrap()
    }

    fn worn(device: &str, from: i64, to: Option<i64>) -> WearPeriod {
        let (device, patient) = (DeviceId::parse(device).unwrap(), PatientId(uuid::Uuid::nil()));
        WearPeriod { device, patient, from: second(from), to: to.map(second) }
    }

    fn spared(reach: &Reach, device: &str, starts: &[Timestamp]) -> Vec<Timestamp> {
        let (device, values) = (DeviceId::parse(device).unwrap(), vec![1.0; starts.len()]);
        let slice = RowSlice {
            device: &device,
            subject: None,
            statistic: Statistic::NONE,
            starts,
            ends: None,
            values: &values,
            flags: &[],
            origins: OriginSlice::default(),
        };
        let mut kept = Vec::new();
        let spare = reach.retain_outside(slice, |piece| {
            kept.extend_from_slice(piece.starts);
            Ok::<(), ()>(())
        });
        spare.unwrap();
        kept
    }

    #[test]
    fn all_of_a_device_goes_and_nothing_of_another() {
        let reach = Reach::of(&ErasureTarget::Device(DeviceId::parse("watch-7").unwrap()), &[]);
        let starts = [second(0), second(1)];
        assert_eq!((spared(&reach, "watch-7", &starts).len(), spared(&reach, "Band.2", &starts).len()), (0, 2));
        assert!(reach.meets(second(0), second(0)));
        assert_eq!(reach.filters().count(), 1);
    }

    proptest! {
        /// Against the definition: a row goes if its device was worn at its start, the beginning included.
        #[test]
        fn of_a_device_that_is_passed_on_just_the_worn_times_go(
            mut bounds in prop::collection::btree_set(0_i64..60, 2..8),
            starts in prop::collection::btree_set(0_i64..60, 0..40),
            open in any::<bool>(),
        ) {
            if bounds.len() % 2 == 1 && !open {
                bounds.pop_last();
            }
            let bounds: Vec<i64> = bounds.into_iter().collect();
            let periods: Vec<WearPeriod> = bounds.chunks(2).map(|pair| worn("w", pair[0], pair.get(1).copied())).collect();
            let reach = Reach::of(&ErasureTarget::Patient(PatientId(uuid::Uuid::nil())), &periods);
            let starts: Vec<Timestamp> = starts.into_iter().map(second).collect();
            let kept: Vec<Timestamp> =
                starts.iter().copied().filter(|start| !periods.iter().any(|worn| worn.holds(*start))).collect();
            prop_assert_eq!(spared(&reach, "w", &starts), kept.clone());
            if kept.len() < starts.len() {
                prop_assert!(reach.meets(starts[0], starts[starts.len() - 1]));
            }
        }
    }
}
