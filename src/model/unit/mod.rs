//! Unit words and their conversion to UCUM: a closed table; any other word is quarantined, never assumed.
//!
//! # Why
//! The words of payloads are not UCUM even where they resemble it: `C` is a coulomb there, `lb` is nothing. So a word
//! has a meaning only below the unit in which a metric is stored (`schemas/payloads/units.toml`), and a payload that
//! says `mmol/L` of anything but glucose is refused, because the factor is glucose's own molar mass.

use std::collections::HashMap;

/// The closed table of unit words.
#[derive(Clone, Debug)]
pub struct Units {
    /// By the catalogue's unit, then by word.
    words: HashMap<String, HashMap<String, Word>>,
}

/// How a given value becomes one in the catalogue's unit.
#[derive(Copy, Clone, Debug, PartialEq)]
pub enum Conversion {
    /// The value as it is.
    Identity,
    /// `(value - minus) * times / over`.
    Linear {
        /// The given unit's reading at the catalogue unit's zero.
        minus: f64,
        /// Multiplied by this,
        times: f64,
        /// and divided by this: both, because 9 g / 1000 is 0.009 kg and 9 * 0.001 is not quite.
        over: f64,
    },
    /// `numerator / value`: a resistance as a conductance.
    Inverse {
        /// What is divided by the value.
        numerator: f64,
    },
}

/// Why a unit table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UnitsError {
    /// The text is not what the header of the file describes.
    #[error("the unit table must be TOML as its header says")]
    Text(#[from] toml::de::Error),
    /// One word breaks a rule.
    #[error("unit word {word} under {unit} must have {rule}")]
    Word {
        /// The heading.
        unit: String,
        /// The word below it.
        word: String,
        /// What it must have.
        rule: &'static str,
    },
}

#[derive(Clone, Debug)]
struct Word {
    conversion: Conversion,
    /// Names of the metrics for which the word is taken; empty for all with the unit.
    only: Vec<String>,
}

impl Units {
    /// The table of this version.
    pub fn builtin() -> Result<Units, UnitsError> {
        Units::parse(include_str!("../../../schemas/payloads/units.toml"))
    }

    /// How a value in `word` becomes one in `unit`, in which a metric of this name is stored; `None` where the word is
    /// not one of the metric's.
    pub(super) fn conversion(&self, word: &str, unit: &str, metric: &str) -> Option<Conversion> {
        let word = self.words.get(unit)?.get(word)?;
        let is_taken = word.only.is_empty() || word.only.iter().any(|name| name == metric);
        is_taken.then_some(word.conversion)
    }

    /// True for a unit to which the table converts.
    pub fn knows(&self, unit: &str) -> bool {
        self.words.contains_key(unit)
    }

    fn parse(text: &str) -> Result<Units, UnitsError> {
        let file: HashMap<String, HashMap<String, Rule>> = toml::from_str(text)?;
        let mut words = HashMap::with_capacity(file.len());
        for (unit, rules) in file {
            let broken = |word: &str, rule| UnitsError::Word { unit: unit.clone(), word: word.to_owned(), rule };
            let mut below = HashMap::with_capacity(rules.len());
            for (word, rule) in rules {
                let conversion = rule.conversion().map_err(|rule| broken(&word, rule))?;
                below.insert(word, Word { conversion, only: rule.only });
            }
            if !below.get(&unit).is_some_and(|own| own.conversion == Conversion::Identity && own.only.is_empty()) {
                return Err(broken(&unit, "an entry {}, since the unit is a word for itself"));
            }
            words.insert(unit, below);
        }
        Ok(Units { words })
    }
}

impl Conversion {
    /// The value in the catalogue's unit; not finite where none exists, as the inverse of 0.
    pub fn apply(self, value: f64) -> f64 {
        match self {
            Conversion::Identity => value,
            Conversion::Linear { minus, times, over } => (value - minus) * times / over,
            Conversion::Inverse { numerator } => numerator / value,
        }
    }

    /// How a difference of two values converts, as a standard deviation is one: no zero is taken off. `None` for an
    /// inverse.
    pub fn of_difference(self) -> Option<Conversion> {
        match self {
            Conversion::Linear { times, over, .. } => Some(Conversion::Linear { minus: 0.0, times, over }),
            Conversion::Identity => Some(self),
            Conversion::Inverse { .. } => None,
        }
    }

    /// How a squared difference converts, as a variance is one. `None` for an inverse.
    pub fn of_square(self) -> Option<Conversion> {
        match self {
            Conversion::Linear { times, over, .. } => {
                Some(Conversion::Linear { minus: 0.0, times: times * times, over: over * over })
            }
            Conversion::Identity => Some(self),
            Conversion::Inverse { .. } => None,
        }
    }

    /// How a sum of unknown many values converts. `None` where each of them would lose its own zero, and for an
    /// inverse.
    pub fn of_sum(self) -> Option<Conversion> {
        match self {
            Conversion::Linear { minus, .. } if minus != 0.0 => None,
            Conversion::Inverse { .. } => None,
            _ => Some(self),
        }
    }
}

/// One word, as it is written.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    minus: Option<f64>,
    times: Option<f64>,
    over: Option<f64>,
    inverse: Option<f64>,
    #[serde(default)]
    only: Vec<String>,
}

impl Rule {
    fn conversion(&self) -> Result<Conversion, &'static str> {
        let positive = |factor: f64| factor.is_finite() && factor > 0.0;
        if let Some(numerator) = self.inverse {
            let alone = self.minus.is_none() && self.times.is_none() && self.over.is_none();
            let sound = alone && positive(numerator);
            return if sound {
                Ok(Conversion::Inverse { numerator })
            } else {
                Err("a positive inverse and nothing else")
            };
        }
        let (minus, times, over) = (self.minus.unwrap_or(0.0), self.times.unwrap_or(1.0), self.over.unwrap_or(1.0));
        if !(positive(times) && positive(over) && minus.is_finite()) {
            return Err("finite numbers, times and over above zero");
        }
        let same = minus == 0.0 && times == 1.0 && over == 1.0;
        Ok(if same { Conversion::Identity } else { Conversion::Linear { minus, times, over } })
    }
}

#[cfg(test)]
mod tests;
