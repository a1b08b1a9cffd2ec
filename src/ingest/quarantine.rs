//! Quarantine: what is rejected becomes a row with its reason, up to a cap for each source.
//!
//! # Why
//! A broken device repeats itself a thousand times a second, and a full disk stops everybody. So each source has a cap
//! an hour; what comes above it is counted (`quarantine_capped_samples_total`) and acknowledged, not kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::queue::Arrival;
use crate::model::reason::Rejection;
use crate::model::time::{SECOND_US, Timestamp};
use crate::store::quarantine::Quarantined;

const HOUR_US: i64 = 3_600 * SECOND_US;
/// Sources remembered at a time; beyond it the memory starts anew, which lets a source fill its cap once more.
const SOURCES_MAX: usize = 100_000;

/// What each source has quarantined in this hour, over all lanes.
#[derive(Debug)]
pub struct Cap {
    rows_max: u64,
    bytes_max: u64,
    filled: Mutex<HashMap<Box<[u8]>, Filled>>,
}

#[derive(Copy, Clone, Debug, Default)]
struct Filled {
    hour: i64,
    rows: u64,
    bytes: u64,
}

impl Cap {
    /// A cap of so many rows and bytes a source and hour.
    pub fn new(rows_max: u64, bytes_max: u64) -> Cap {
        Cap { rows_max, bytes_max, filled: Mutex::default() }
    }

    /// True where the source may quarantine so many bytes; counts them.
    pub fn admits(&self, source: &[u8], bytes: usize, now: Timestamp) -> bool {
        let hour = now.micros().div_euclid(HOUR_US);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let mut sources = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= SOURCES_MAX && !sources.contains_key(source) {
            sources.clear();
        }
        let filled = sources.entry(source.into()).or_default();
        if filled.hour != hour {
            *filled = Filled { hour, ..Filled::default() };
        }
        let (rows, bytes) = (filled.rows + 1, filled.bytes.saturating_add(bytes));
        let admits = rows <= self.rows_max && bytes <= self.bytes_max;
        if admits {
            (filled.rows, filled.bytes) = (rows, bytes);
        }
        admits
    }
}

/// The row of one rejection.
pub fn row(arrival: &Arrival, rejection: &Rejection) -> Quarantined {
    Quarantined {
        received_at: arrival.received_at,
        topic: storable(&String::from_utf8_lossy(&arrival.topic)),
        content_type: arrival.content_type.as_deref().map(storable),
        reason: rejection.reason.word(),
        detail: storable(&rejection.detail),
        samples: rejection.samples,
        payload: arrival.payload.clone(),
    }
}

/// The level of the topic that names the source; all of it where it has none.
pub fn source(topic: &[u8]) -> &[u8] {
    topic.split(|byte| *byte == b'/').nth(3).unwrap_or(topic)
}

/// Postgres takes no NUL in a text.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_fills_its_cap_and_no_other() {
        let cap = Cap::new(2, 1_000);
        let now = Timestamp::from_micros(1_795_428_000_000_000).unwrap();
        assert!(cap.admits(b"a", 10, now) && cap.admits(b"a", 10, now));
        assert!(!cap.admits(b"a", 10, now));
        assert!(cap.admits(b"b", 990, now) && !cap.admits(b"b", 11, now) && cap.admits(b"b", 10, now));
        assert!(cap.admits(b"a", 10, now.plus_micros(HOUR_US)), "the next hour begins anew");
    }

    #[test]
    fn the_source_is_the_fourth_level_of_a_topic() {
        assert_eq!(source(b"ht/1/main/watch-7/batch"), b"watch-7");
        assert_eq!(source(b"elsewhere"), b"elsewhere");
    }
}
