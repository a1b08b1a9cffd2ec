//! Plausible: whether numbers fit another unit of their metric better than the one that they came in.
//!
//! # Why
//! A glucose of 15.2 mmol/L whose unit was left out is read as 15.2 mg/dL: a severe high becomes a severe low, and
//! nothing in the number itself says so. Its neighbours do: a series that also holds 5.6 is none in mg/dL, for no body
//! has 5.6 mg/dL. So a series, or a file, is judged as a whole, before any of it is stored.
//!
//! Evidence is a value that the unit cannot have (outside its `hard` range) and that another unit can (inside its
//! `plausible` range). Without such a value nothing is refused: a lone 25 mg/dL may be a true and dangerous low. There
//! is one other sign: where the payload names no unit, the catalogue's is one of whole numbers, and no value fits it,
//! then one with a single decimal (15.2) was printed in another.
//!
//! Given evidence, each value votes for the unit that alone makes it plausible. Where the other unit has more votes
//! the whole is refused; else, as one wrong value in a night must not take the night with it, only what the other unit
//! makes plausible and the given one does not.
//!
//! Pure, and one value at a time, so that a message and a file of a million rows are judged by the same rule.

use super::range::Range;
use crate::model::unit::Conversion;

/// What numbers of a metric are in one of its units.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitRanges {
    /// The unit's word.
    pub unit: String,
    /// How it becomes the catalogue's; `None` for one that is recognised and not accepted, as a fraction of one.
    pub conversion: Option<Conversion>,
    /// Values that raise no question in this unit.
    pub plausible: Range,
    /// Values that can be at all in this unit; `None` where those of the catalogue's unit say it.
    pub hard: Option<Range>,
    /// True where devices give whole numbers in this unit.
    pub whole: bool,
}

/// Judges values of one metric that came in one unit.
#[derive(Clone, Debug)]
pub struct UnitJudge<'a> {
    given: GivenUnit<'a>,
    /// True where a single decimal tells that the unit is another.
    decimals_tell: bool,
    sentinels: &'a [f64],
    others: Vec<Votes<'a>>,
}

/// The unit in which the values came.
#[derive(Copy, Clone, Debug)]
struct GivenUnit<'a> {
    conversion: Conversion,
    /// What the catalogue knows of it; `None` where it only knows how it converts.
    ranges: Option<&'a UnitRanges>,
    /// What it knows of its own unit.
    catalogue: &'a UnitRanges,
}

/// What speaks for another unit.
#[derive(Clone, Debug)]
struct Votes<'a> {
    ranges: &'a UnitRanges,
    /// Values that are plausible in the given unit alone.
    for_given: u64,
    /// Values that are plausible in this one alone.
    for_other: u64,
    /// True where one was seen that the given unit cannot have.
    is_proven: bool,
    /// True where one was seen that has a single decimal.
    has_decimals: bool,
}

/// Values that fit another unit than the one that they came in.
#[derive(Copy, Clone, Debug)]
pub struct UnitMismatch<'a> {
    given: GivenUnit<'a>,
    other: &'a UnitRanges,
    is_whole: bool,
}

impl<'a> UnitJudge<'a> {
    /// A judge of values in the unit that `conversion` converts; `None` where `units`, the catalogue's own first, says
    /// nothing of the metric. `is_named`: the payload named the unit. `sentinels` are no values.
    pub(super) fn new(
        units: &'a [UnitRanges],
        sentinels: &'a [f64],
        conversion: Conversion,
        is_named: bool,
    ) -> Option<UnitJudge<'a>> {
        let catalogue = units.first()?;
        let ranges = units.iter().find(|ranges| ranges.conversion == Some(conversion));
        let given = GivenUnit { conversion, ranges, catalogue };
        let is_other = |other: &&UnitRanges| other.conversion != Some(conversion);
        let others = units.iter().filter(is_other).map(Votes::new).collect();
        let decimals_tell = !is_named && ranges.is_some_and(|ranges| ranges.whole);
        Some(UnitJudge { given, decimals_tell, sentinels, others })
    }

    /// Takes note of a value, as it came.
    pub fn see(&mut self, value: f64) {
        let (is_plausible, is_possible) = (self.given.is_plausible(value), self.given.is_possible(value));
        let is_sentinel = self.sentinels.contains(&value);
        for votes in &mut self.others {
            let fits_other = votes.ranges.plausible.contains(value);
            // A status code votes for no unit, yet beside it a value that no sensor gives is not to be believed.
            votes.is_proven |= fits_other && !is_possible;
            if is_sentinel || is_plausible == fits_other {
                continue;
            }
            if fits_other {
                votes.for_other += 1;
                votes.has_decimals |= has_single_decimal(value);
            } else {
                votes.for_given += 1;
            }
        }
    }

    /// What is to be said of all that was seen; `None` where the given unit is believed.
    pub fn verdict(&self) -> Option<UnitMismatch<'a>> {
        let suspected = self.others.iter().filter(|votes| votes.is_suspected(self.decimals_tell));
        let most = suspected.max_by_key(|votes| votes.for_other)?;
        Some(UnitMismatch { given: self.given, other: most.ranges, is_whole: most.for_given < most.for_other })
    }
}

impl UnitMismatch<'_> {
    /// True where all of the series or file is refused.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// True where this value is refused. A sentinel is asked about only where the whole is refused.
    pub fn refuses(&self, value: f64) -> bool {
        self.is_whole || (self.other.plausible.contains(value) && !self.given.is_plausible(value))
    }

    /// What is wrong and what to do, in a sentence without its beginning.
    pub fn explain(&self) -> String {
        let given = self.given.ranges.unwrap_or(self.given.catalogue);
        format!("values fit {}, not {}: name the unit in which they were measured", self.other.unit, given.unit)
    }
}

impl GivenUnit<'_> {
    fn is_plausible(&self, value: f64) -> bool {
        match self.ranges {
            Some(ranges) => ranges.plausible.contains(value),
            None => self.catalogue.plausible.contains(self.conversion.apply(value)),
        }
    }

    fn is_possible(&self, value: f64) -> bool {
        match self.ranges.and_then(|ranges| ranges.hard) {
            Some(hard) => hard.contains(value),
            None => self.catalogue.hard.is_none_or(|hard| hard.contains(self.conversion.apply(value))),
        }
    }
}

impl<'a> Votes<'a> {
    fn new(ranges: &'a UnitRanges) -> Votes<'a> {
        Votes { ranges, for_given: 0, for_other: 0, is_proven: false, has_decimals: false }
    }

    fn is_suspected(&self, decimals_tell: bool) -> bool {
        let is_told = decimals_tell && self.has_decimals && self.for_given == 0;
        self.for_other > 0 && (self.is_proven || is_told)
    }
}

/// True for 15.2; not for 15, and not for 23.42, which a conversion gives.
fn has_single_decimal(value: f64) -> bool {
    let tenths = value * 10.0;
    value.fract() != 0.0 && (tenths - tenths.round()).abs() < 1e-6
}

#[cfg(test)]
#[path = "plausible_tests.rs"]
mod tests;
