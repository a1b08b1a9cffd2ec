//! Beats: values that are each the time since the one before, and share a stamp, are laid one after the other.
//!
//! # Why
//! A heart-rate sensor sends the intervals of all beats since its last message in one notification, and hubs give each
//! of them the notification's stamp. Two samples of one series cannot share a time: the second would be lost as a
//! duplicate where the beats were equally long, and as a conflict where they were not. The intervals themselves tell
//! when the beats were: the last at the stamp, the one before it so much earlier as the last interval lasted.
//!
//! What is laid out depends on the values that share the stamp alone, not on their neighbours: the same notification in
//! another message gives the same times, and is a duplicate.

use std::collections::HashSet;

use crate::model::metric::Range;
use crate::model::sample::Times;
use crate::model::time::Timestamp;
use crate::model::unit::Conversion;

/// Microseconds by which a beat may be moved from where its interval lays it.
const STEPS_MAX: i64 = 64;
/// Microseconds in a millisecond, in which such values are stored.
const MILLI_US: f64 = 1_000.0;

/// Gives each of the values with one stamp a time of its own; one outside `hard` is no interval and is passed over.
pub(super) fn lay_out(times: &mut Times, values: &[f64], conversion: Conversion, hard: Range) {
    let Times::At(times) = times else { return };
    if times.is_sorted_by(|earlier, later| earlier < later) {
        return;
    }
    let mut taken: HashSet<Timestamp> = times.iter().copied().collect();
    // Of the beat after this one: its stamp, where it was laid, and how long it lasted.
    let mut next: Option<(Timestamp, Timestamp, f64)> = None;
    for (time, value) in times.iter_mut().zip(values).rev() {
        let (stamp, interval_ms) = (*time, conversion.apply(*value));
        if !hard.contains(interval_ms) {
            continue;
        }
        if let Some((_, laid, interval_of_next)) = next.filter(|(stamp_of_next, ..)| *stamp_of_next == stamp) {
            let mut at = laid.plus_micros(-((interval_of_next * MILLI_US).round() as i64));
            // A beat of another stamp may lie there to the microsecond: both are kept. Where many do, none was measured
            // so, and the stamp stays as it came.
            let free = (0..STEPS_MAX).map(|step| at.plus_micros(step)).find(|at| *at < stamp && taken.insert(*at));
            at = free.unwrap_or(stamp);
            *time = at;
        }
        next = Some((stamp, *time, interval_ms));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HARD: Range = Range { low: 200.0, high: 3_000.0 };

    fn laid(stamps: &[Timestamp], values: &[f64]) -> Vec<Timestamp> {
        let mut times = Times::At(stamps.to_vec());
        lay_out(&mut times, values, Conversion::Identity, HARD);
        let Times::At(times) = times else { panic!("a list stays one") };
        times
    }

    /// Beats of a few notifications, at the ends of time as well, and values that are no interval among them.
    fn beats() -> impl Strategy<Value = Vec<(Timestamp, f64)>> {
        let stamp = prop_oneof![
            Just(Timestamp::MIN),
            Just(Timestamp::MAX),
            (0..3_i64).prop_map(|n| Timestamp::MIN.plus_micros(n * 400_000)),
            (0..3_i64).prop_map(|n| Timestamp::from_micros(1_795_428_000_000_000 + n * 800_000).unwrap()),
        ];
        let value = prop_oneof![
            5 => prop::sample::select(vec![400.0, 799.999, 800.0, 800.001, 2_999.0]),
            1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -800.0, 0.0, 1e308, 5e-324]),
        ];
        let same = (stamp, prop::collection::vec(value, 1..8));
        let groups = prop::collection::vec(same, 1..6);
        groups.prop_map(|groups| {
            groups.into_iter().flat_map(|(stamp, values)| values.into_iter().map(move |value| (stamp, value))).collect()
        })
    }

    proptest! {
        #[test]
        fn each_beat_is_laid_before_its_stamp_or_stays_there(beats in beats()) {
            let (stamps, values): (Vec<Timestamp>, Vec<f64>) = beats.into_iter().unzip();
            let times = laid(&stamps, &values);
            prop_assert_eq!(times.len(), stamps.len());
            let mut moved = HashSet::new();
            for ((stamp, at), value) in stamps.iter().zip(&times).zip(&values) {
                prop_assert!(at <= stamp);
                prop_assert!(at == stamp || (HARD.contains(*value) && moved.insert(*at) && !stamps.contains(at)));
            }
        }
    }

    #[test]
    fn a_hundred_thousand_beats_of_one_stamp_at_the_beginning_of_time_stay_there() {
        let stamps = vec![Timestamp::MIN; 100_000];
        assert_eq!(laid(&stamps, &vec![800.0; 100_000]), stamps);
    }
}
