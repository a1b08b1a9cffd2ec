//! Statistic: what a value says about many measurements, where it is not one measurement itself.
//!
//! The maximum of a day is not a sample of the heart rate, so the statistic is part of a series' key.
//! Words and denominators are those of the Open mHealth schemas `descriptive-statistic-1.2` and
//! `descriptive-statistic-denominator-1.1`, and the three classes of `active_minutes`.

use std::fmt;

const WORDS: [&str; 20] = [
    "average",
    "count",
    "maximum",
    "median",
    "minimum",
    "standard deviation",
    "sum",
    "variance",
    "20th percentile",
    "80th percentile",
    "lower quartile",
    "upper quartile",
    "quartile deviation",
    "1st quintile",
    "2nd quintile",
    "3rd quintile",
    "4th quintile",
    "light",
    "moderate",
    "vigorous",
];
/// Those of `descriptive-statistic`: all but the three classes of activity.
pub(crate) const DESCRIPTIVE: &[&str] = WORDS.split_at(WORDS.len() - 3).0;
const DENOMINATORS: [&str; 6] = ["d", "wk", "Mo", "episode", "meal", "session"];

/// A plain measurement, or a word with an optional denominator: `average`, `sum/d`.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Statistic(u8);

impl Statistic {
    /// A measurement by itself.
    pub const NONE: Statistic = Statistic(0);

    /// Reads `word` or `word/denominator`; any other text is not a statistic.
    pub fn parse(text: &str) -> Option<Statistic> {
        match text.split_once('/') {
            None => Statistic::of(text, None),
            Some((word, denominator)) => Statistic::of(word, Some(denominator)),
        }
    }

    /// A word with its denominator.
    pub fn of(word: &str, denominator: Option<&str>) -> Option<Statistic> {
        let word = WORDS.iter().position(|known| *known == word)?;
        let denominator = match denominator {
            None => 0,
            Some(text) => DENOMINATORS.iter().position(|known| *known == text)? + 1,
        };
        u8::try_from(1 + word * (DENOMINATORS.len() + 1) + denominator).ok().map(Statistic)
    }

    /// True for a measurement by itself.
    pub fn is_none(self) -> bool {
        self == Statistic::NONE
    }

    /// A small number for keys; the database keeps the text.
    pub fn index(self) -> u8 {
        self.0
    }

    /// The text that `parse` reads back; `None` for a measurement by itself.
    pub fn text(self) -> Option<String> {
        let index = usize::from(self.0.checked_sub(1)?);
        let word = WORDS.get(index / (DENOMINATORS.len() + 1))?;
        match (index % (DENOMINATORS.len() + 1)).checked_sub(1) {
            None => Some((*word).to_owned()),
            Some(place) => DENOMINATORS.get(place).map(|denominator| format!("{word}/{denominator}")),
        }
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statistic_reads_back_from_its_text() {
        let mut seen = std::collections::HashSet::new();
        for word in WORDS {
            for denominator in std::iter::once(None).chain(DENOMINATORS.into_iter().map(Some)) {
                let statistic = Statistic::of(word, denominator).unwrap();
                assert!(seen.insert(statistic));
                assert_eq!(Statistic::parse(&statistic.text().unwrap()), Some(statistic));
            }
        }
        assert_eq!(Statistic::NONE.text(), None);
        for text in ["", "mean", "average/", "average/h", "/d", "average/d/d"] {
            assert_eq!(Statistic::parse(text), None, "{text}");
        }
    }
}
