//! Evenly: times one period apart.

use crate::model::sample::Times;
use crate::model::time::Timestamp;

/// `slots` times from `start` on; `None` where they leave the calendar.
///
/// A period that is no whole number of microseconds (256 Hz is 3,906.25) gives a list, each time rounded by itself,
/// because a rounded period would drift by a second within 70 minutes.
pub(super) fn evenly(start: Timestamp, period_us: f64, slots: usize) -> Option<Times> {
    let steps = slots.saturating_sub(1) as f64;
    let range = Timestamp::MAX.micros_since(start) as f64;
    // A lone value has no next one, yet its period must be one that an integer can hold.
    if period_us * steps.max(1.0) > range {
        return None;
    }
    let whole = period_us.round();
    // Four roundings' worth: 1.001 ms times 1,000 is 1000.9999999999999.
    if (period_us - whole).abs() <= whole * 4.0 * f64::EPSILON {
        return Some(Times::Regular { start, period_us: whole as i64 });
    }
    let at = |place: usize| start.plus_micros((period_us * place as f64).round() as i64);
    Some(Times::At((0..slots).map(at).collect()))
}
