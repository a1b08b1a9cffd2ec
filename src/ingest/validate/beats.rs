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
