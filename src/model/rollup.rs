//! Rollup: what a series measured on a UTC day, in quarters of an hour, as a row of `signal.rollup_day`.
//!
//! # Why
//! The database computes rollups of blocks itself; this is for samples that are in files. Both must agree to the letter
//! (`rollup_archive::what_is_archived_is_told_as_it_was`).

use std::collections::BTreeMap;

use super::sample::Flags;
use super::time::{DAY_US, SECOND_US, Timestamp};

/// A quarter of an hour: offsets of zones are multiples of it, so hours and days of all of them are made of quarters.
const QUARTER_US: i64 = 900 * SECOND_US;

/// What a piece of a day holds.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct QuarterRollup {
    /// How many values, bounds apart.
    pub count: i32,
    /// Samples below what the sensor can tell.
    pub below: i32,
    /// Samples above what the sensor can tell.
    pub above: i32,
    /// What the values are; `None` where there is none.
    pub values: Option<QuarterValues>,
}

/// What the values of a piece are.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct QuarterValues {
    /// Their sum.
    pub sum: f64,
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
    /// The first.
    pub first: f64,
    /// The last.
    pub last: f64,
}

/// The newest sample of a day.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Newest {
    /// When it began.
    pub start: Timestamp,
    /// When it ended; `None` for an instant.
    pub end: Option<Timestamp>,
    /// Its value.
    pub value: f64,
    /// What is known against it.
    pub flags: Flags,
}

/// One series on one UTC day; samples are added in the order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DayRollup {
    /// By quarter of the day, from 0; each holds something.
    pub pieces: BTreeMap<i16, QuarterRollup>,
    /// The newest sample.
    pub newest: Option<Newest>,
}

impl DayRollup {
    /// Adds a sample.
    pub fn add(&mut self, sample: Newest) {
        let quarter = sample.start.micros().rem_euclid(DAY_US) / QUARTER_US;
        self.pieces.entry(i16::try_from(quarter).unwrap_or(i16::MAX)).or_default().add(sample.value, sample.flags);
        self.newest = Some(sample);
    }

    /// All of the day as one piece.
    pub fn total(&self) -> QuarterRollup {
        self.pieces.values().fold(QuarterRollup::default(), |total, piece| total.and(piece))
    }
}

impl QuarterRollup {
    fn add(&mut self, value: f64, flags: Flags) {
        let is = |bound: Flags| flags.0 & bound.0 != 0;
        *self = self.and(&match (is(Flags::BELOW_RANGE), is(Flags::ABOVE_RANGE)) {
            (_, true) => QuarterRollup { above: 1, ..QuarterRollup::default() },
            (true, false) => QuarterRollup { below: 1, ..QuarterRollup::default() },
            (false, false) => {
                let values = QuarterValues { sum: value, least: value, greatest: value, first: value, last: value };
                QuarterRollup { count: 1, values: Some(values), ..QuarterRollup::default() }
            }
        });
    }

    fn and(self, later: &QuarterRollup) -> QuarterRollup {
        let values = match (self.values, later.values) {
            (Some(one), Some(next)) => Some(QuarterValues {
                sum: one.sum + next.sum,
                least: one.least.min(next.least),
                greatest: one.greatest.max(next.greatest),
                first: one.first,
                last: next.last,
            }),
            (one, next) => one.or(next),
        };
        QuarterRollup {
            count: self.count.saturating_add(later.count),
            below: self.below.saturating_add(later.below),
            above: self.above.saturating_add(later.above),
            values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_counted_and_are_no_values() {
        let at = |s: i64| Timestamp::from_micros(DAY_US + s * SECOND_US).unwrap();
        let sample = |s, value, flags| Newest { start: at(s), end: None, value, flags };
        let mut day = DayRollup::default();
        for added in [
            sample(0, 4.0, Flags::NONE),
            sample(899, 40.0, Flags::BELOW_RANGE),
            sample(900, 400.0, Flags::ABOVE_RANGE),
            sample(901, 6.0, Flags::UNLIKELY),
            sample(902, 5.0, Flags::NONE),
        ] {
            day.add(added);
        }
        let total = day.total();
        assert_eq!((total.count, total.below, total.above), (3, 1, 1));
        let values = QuarterValues { sum: 15.0, least: 4.0, greatest: 6.0, first: 4.0, last: 5.0 };
        assert_eq!(total.values, Some(values));
        assert_eq!(day.pieces.keys().copied().collect::<Vec<_>>(), [0, 1]);
        assert_eq!(day.newest.map(|newest| newest.value), Some(5.0));
    }
}
