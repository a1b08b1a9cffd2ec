//! Range: the lowest and the highest of numbers.

/// The lowest and highest value of a range, both inside it.
#[derive(Copy, Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(from = "[f64; 2]")]
pub struct Range {
    /// The lowest value inside.
    pub low: f64,
    /// The highest value inside.
    pub high: f64,
}

impl Range {
    /// True for a value between the lowest and the highest, both included; never for NaN.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// True where both ends of the other range lie inside.
    pub(super) fn holds(&self, other: &Range) -> bool {
        self.contains(other.low) && self.contains(other.high)
    }

    /// True for two finite numbers, the lowest first.
    pub(super) fn is_forward(&self) -> bool {
        self.low.is_finite() && self.high.is_finite() && self.low <= self.high
    }
}

impl From<[f64; 2]> for Range {
    fn from([low, high]: [f64; 2]) -> Range {
        Range { low, high }
    }
}
