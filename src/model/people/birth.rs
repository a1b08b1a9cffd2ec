//! A birth as far as it is known: a day, a month, or a year, as FHIR writes it.
//!
//! # Why
//! Of many people only the year is known, or the month. A day that is made up for them looks like one that is known,
//! and makes somebody of age too early. So a birth keeps the precision in which it was told, and is no `Day`.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use crate::model::time::Day;

/// Why a text tells no birth.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a birth is written as 1980-05-17, 1980-05 or 1980")]
pub struct BirthError;

/// A day, month or year of birth.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BirthDate(String);

impl BirthDate {
    /// As it is written: `1980-05-17`, `1980-05` or `1980`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The day; `None` where only the month or year is known.
    pub fn day(&self) -> Option<Day> {
        self.0.parse().ok()
    }
}

impl From<Day> for BirthDate {
    fn from(day: Day) -> BirthDate {
        BirthDate(day.to_string())
    }
}

impl FromStr for BirthDate {
    type Err = BirthError;

    fn from_str(text: &str) -> Result<BirthDate, BirthError> {
        // What is left out is any day, to see that the rest is one's beginning.
        let day = match text.len() {
            4 => format!("{text}-01-01"),
            7 => format!("{text}-01"),
            _ => text.to_owned(),
        };
        day.parse::<Day>().map(|_| BirthDate(text.to_owned())).map_err(|_| BirthError)
    }
}

impl fmt::Display for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for BirthDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for BirthDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<BirthDate, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birth_is_read_as_it_is_written_and_no_day_is_made_up() {
        for (birth, has_day) in [("1980-05-17", true), ("1980-05", false), ("1980", false), ("2024-02-29", true)] {
            let read: BirthDate = birth.parse().unwrap();
            assert_eq!((read.to_string().as_str(), read.day().is_some()), (birth, has_day));
            let json = format!("\"{birth}\"");
            assert_eq!(serde_json::to_string(&serde_json::from_str::<BirthDate>(&json).unwrap()).unwrap(), json);
        }
        for wrong in ["", "80", "1980-13", "1980-5", "1980-02-30", "05-1980", "1980-05-17T00:00:00Z", "198O"] {
            assert_eq!(wrong.parse::<BirthDate>(), Err(BirthError), "{wrong}");
        }
    }
}
