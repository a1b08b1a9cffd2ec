//! Days and moments as forms and records write them: `2026-11-25`, and RFC 3339.

use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use crate::model::time::{Day, Timestamp};

/// Why a text is not a day.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a day is written as 2026-11-25")]
pub struct DateError;

impl FromStr for Day {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Day, DateError> {
        // Of what is no day, some would be one with a time behind it.
        let is_short = text.len() == "2026-11-25".len();
        let moment = is_short.then(|| Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")).ok()).flatten();
        moment.map(Timestamp::day).ok_or(DateError)
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::parse_rfc3339(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_it_is_written_and_no_other_way() {
        for day in ["1980-05-17", "2024-02-29", "0001-01-01", "9999-12-31"] {
            assert_eq!(day.parse::<Day>().unwrap().to_string(), day);
            let json = format!("\"{day}\"");
            assert_eq!(serde_json::to_string(&serde_json::from_str::<Day>(&json).unwrap()).unwrap(), json);
        }
        for wrong in ["", "2025-02-29", "2025-2-9", "25-02-2025", "2025-02-01T00:00:00Z", "2025-02-01 "] {
            assert_eq!(wrong.parse::<Day>(), Err(DateError), "{wrong}");
            assert!(serde_json::from_str::<Day>(&format!("\"{wrong}\"")).is_err());
        }
    }
}
