//! Unit: what glucose is measured in, and whether the values of a file fit it.
//!
//! 15.2 mmol/L read as mg/dL makes a severe high a severe low. Bodies give 1 to 33 mmol/L and 20 to 600 mg/dL, and
//! sensors 2 to 28 and 40 to 400, so a file of days is told by its values, though a single one is not.

use std::fmt;
use std::str::FromStr;

/// No sensor and hardly a body gives so little in mg/dL.
const MG_DL_MIN: f64 = 10.0;
/// Neither gives so much in mmol/L.
const MMOL_L_MAX: f64 = 33.3;
/// Receivers write their states as small whole numbers into the column of the values.
const STATE_MAX: f64 = 12.0;

/// What glucose is measured in.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum GlucoseUnit {
    /// Milligrams in a decilitre.
    MgDl,
    /// Millimoles in a litre.
    MmolL,
}

impl GlucoseUnit {
    /// The unit in letters, as the names of columns end with it; and the name without it.
    pub(super) fn in_name(name: &str) -> (&str, Option<GlucoseUnit>) {
        let ends = [("mgdl", GlucoseUnit::MgDl), ("mmoll", GlucoseUnit::MmolL)];
        let found = ends.iter().find_map(|(end, unit)| Some((name.strip_suffix(end)?, Some(*unit))));
        found.unwrap_or((name, None))
    }
}

impl FromStr for GlucoseUnit {
    type Err = String;

    fn from_str(text: &str) -> Result<GlucoseUnit, String> {
        let letters: String = text.chars().filter(|letter| letter.is_alphanumeric()).collect();
        match GlucoseUnit::in_name(&letters.to_lowercase()) {
            ("", Some(unit)) => Ok(unit),
            _ => Err("write mg/dL or mmol/L".to_owned()),
        }
    }
}

impl fmt::Display for GlucoseUnit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            GlucoseUnit::MgDl => "mg/dL",
            GlucoseUnit::MmolL => "mmol/L",
        })
    }
}

/// The values of a file, by the unit that they fit.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct GlucoseValues {
    /// Too small for mg/dL.
    small: u64,
    /// Possible in both.
    middle: u64,
    /// Too large for mmol/L.
    large: u64,
    /// Of the small and the middle, those that a receiver's state may be.
    states: u64,
}

impl GlucoseValues {
    pub(super) fn count(&mut self, value: f64) {
        let group = match value {
            value if value < MG_DL_MIN => &mut self.small,
            value if value <= MMOL_L_MAX => &mut self.middle,
            _ => &mut self.large,
        };
        *group += 1;
        self.states += u64::from(value <= STATE_MAX && value.fract() == 0.0);
    }

    /// The other unit, where the values fit it better than this one.
    ///
    /// As mg/dL: most are too small, or there are values under 10 and up to 33 that are no states, as a day in mmol/L
    /// has them. As mmol/L: most are too large.
    pub(super) fn fit_better(&self, unit: GlucoseUnit) -> Option<GlucoseUnit> {
        let low = self.small + self.middle;
        match unit {
            GlucoseUnit::MgDl => {
                let is_mixed = self.small > 0 && self.middle > 0 && low > self.states;
                (low > 0 && (low >= self.large || is_mixed)).then_some(GlucoseUnit::MmolL)
            }
            GlucoseUnit::MmolL => (self.large > low).then_some(GlucoseUnit::MgDl),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(numbers: &[f64]) -> GlucoseValues {
        let mut values = GlucoseValues::default();
        numbers.iter().for_each(|number| values.count(*number));
        values
    }

    #[test]
    fn values_are_told_by_the_unit_that_they_fit() {
        use GlucoseUnit::{MgDl, MmolL};
        for (numbers, unit, better) in [
            (vec![6.1, 9.9, 10.0, 15.2, 22.2], MgDl, Some(MmolL)),
            (vec![14.0, 15.2, 18.6], MgDl, Some(MmolL)),
            (vec![5.5], MgDl, Some(MmolL)),
            (vec![110.0, 96.0, 6.1, 15.2, 98.0, 99.0, 101.0], MgDl, Some(MmolL)),
            (vec![110.0, 96.0, 5.0, 12.0, 98.0, 99.0, 101.0], MgDl, None),
            (vec![110.0, 96.0, 33.0, 41.0], MgDl, None),
            (vec![110.0, 332.0, 50.0], MmolL, Some(MgDl)),
            (vec![6.1, 9.9, 22.2, 50.0], MmolL, None),
            (vec![], MgDl, None),
        ] {
            assert_eq!(values(&numbers).fit_better(unit), better, "{numbers:?} {unit}");
        }
    }

    #[test]
    fn a_unit_is_known_however_it_is_written() {
        for (text, unit) in [("mg/dL", GlucoseUnit::MgDl), ("mmol/l", GlucoseUnit::MmolL), ("MG/DL", GlucoseUnit::MgDl)]
        {
            assert_eq!(text.parse(), Ok(unit));
        }
        assert!("g".parse::<GlucoseUnit>().is_err());
        assert_eq!(GlucoseUnit::in_name("historicglucosemmoll"), ("historicglucose", Some(GlucoseUnit::MmolL)));
        assert_eq!(GlucoseUnit::in_name("gl"), ("gl", None));
    }
}
