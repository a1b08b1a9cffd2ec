//! Quarantine: what is rejected becomes a row with its reason, up to a cap for each source and one for the whole.
//!
//! # Why
//! A broken device repeats itself a thousand times a second, and a full disk stops everybody. So each source has a cap
//! an hour, and there is one for all that is kept; what comes above either is counted
//! (`quarantine_capped_samples_total`) and acknowledged, not kept.
//!
//! The whole is measured now and then by a task of the daemon, and lanes add what their commits add: asking the
//! database for each batch would cost more than it is worth. So it may be exceeded by the batches under way, and by
//! what other shards add between two measurements.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::queue::Arrival;
use crate::formats::topic;
use crate::model::reason::{Reason, Rejection};
use crate::model::time::{SECOND_US, Timestamp};
use crate::store::quarantine::{Added, Fullness, Quarantined};

const HOUR_US: i64 = 3_600 * SECOND_US;
/// Sources remembered at a time; beyond it the memory starts anew, which lets a source fill its cap once more.
const SOURCES_MAX: usize = 100_000;

/// What each source has quarantined in this hour, and how full the whole is, over all lanes.
#[derive(Debug)]
pub struct Cap {
    limits: CapLimits,
    filled: Mutex<HashMap<Box<[u8]>, Filled>>,
    /// As last measured.
    measured_bytes: AtomicU64,
    /// Added since.
    added_bytes: AtomicU64,
}

/// How much is kept.
#[derive(Copy, Clone, Debug)]
pub struct CapLimits {
    /// Rows of one source in an hour.
    pub rows_per_source: u64,
    /// Bytes of one source in an hour.
    pub bytes_per_source: u64,
    /// Bytes in all.
    pub bytes_max: u64,
}

#[derive(Copy, Clone, Debug, Default)]
struct Filled {
    hour: i64,
    rows: u64,
    bytes: u64,
}

impl Cap {
    /// A cap that knows of nothing yet.
    pub fn new(limits: CapLimits) -> Cap {
        let (measured_bytes, added_bytes) = (AtomicU64::new(0), AtomicU64::new(0));
        Cap { limits, filled: Mutex::default(), measured_bytes, added_bytes }
    }

    /// Takes note of what a commit has added.
    pub fn add(&self, added: Added) {
        self.added_bytes.fetch_add(added.bytes(), Ordering::Relaxed);
    }

    /// What was added until now: to be asked before measuring.
    pub fn added_bytes(&self) -> u64 {
        self.added_bytes.load(Ordering::Relaxed)
    }

    /// Takes note of a measurement, which holds what had been added when it began.
    pub fn measure(&self, full: &Fullness, added_before: u64) {
        self.measured_bytes.store(full.bytes(), Ordering::Relaxed);
        self.added_bytes.fetch_sub(added_before, Ordering::Relaxed);
    }

    /// True where the whole takes no more, or not so many bytes more.
    pub fn is_full(&self, more_bytes: u64) -> bool {
        let bytes = self.measured_bytes.load(Ordering::Relaxed).saturating_add(self.added_bytes());
        bytes.saturating_add(more_bytes) >= self.limits.bytes_max
    }

    /// True where the source may quarantine so many bytes; counts them.
    fn admits(&self, source: &[u8], bytes: usize, now: Timestamp) -> bool {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        if self.is_full(bytes) {
            return false;
        }
        let hour = now.micros().div_euclid(HOUR_US);
        let mut sources = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        if sources.len() >= SOURCES_MAX && !sources.contains_key(source) {
            sources.clear();
        }
        let filled = sources.entry(source.into()).or_default();
        if filled.hour != hour {
            *filled = Filled { hour, ..Filled::default() };
        }
        let (rows, bytes) = (filled.rows + 1, filled.bytes.saturating_add(bytes));
        let admits = rows <= self.limits.rows_per_source && bytes <= self.limits.bytes_per_source;
        if admits {
            (filled.rows, filled.bytes) = (rows, bytes);
        }
        admits
    }
}

/// What a lane has decided on its batch: a message counts once for each reason, and its bytes once, however often the
/// batch is tried.
#[derive(Debug, Default)]
pub struct Admissions(HashMap<usize, Vec<(Reason, bool)>>);

impl Admissions {
    /// Whether an arrival, by its place in the batch, is kept for this reason.
    pub fn admits(&mut self, cap: &Cap, place: usize, arrival: &Arrival, reason: Reason) -> bool {
        let decided = self.0.entry(place).or_default();
        if let Some((_, admits)) = decided.iter().find(|(known, _)| *known == reason) {
            return *admits;
        }
        let is_kept = decided.iter().any(|(_, admits)| *admits);
        let bytes = if is_kept { 0 } else { arrival.payload.len() };
        let admits = cap.admits(topic::source(&arrival.topic), bytes, arrival.received_at);
        decided.push((reason, admits));
        admits
    }

    /// Another batch begins.
    pub fn clear(&mut self) {
        self.0.clear();
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
        // A range that cannot be replaced holds no sample.
        samples: rejection.samples.max(1),
        due_at: rejection.due_at,
        payload: arrival.payload.clone(),
    }
}

/// Postgres takes no NUL in a text.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: CapLimits = CapLimits { rows_per_source: 2, bytes_per_source: 1_000, bytes_max: 10_000 };

    #[test]
    fn the_whole_has_a_cap_that_follows_what_is_added_and_measured() {
        let (cap, now) = (Cap::new(LIMITS), Timestamp::MIN);
        cap.add(Added { rows: 1, payload_bytes: 9_000 });
        assert!(cap.admits(b"a", 1, now));
        let before = cap.added_bytes();
        cap.add(Added { rows: 1, payload_bytes: 1 });
        assert!(cap.is_full(0) && !cap.admits(b"b", 1, now));
        cap.measure(&Fullness { payload_bytes: 9_000, ..Fullness::default() }, before);
        assert!(cap.admits(b"b", 100, now), "513 bytes came while it was measured, and count");
        cap.measure(&Fullness { open_rows: 19, ..Fullness::default() }, 0);
        assert!(cap.is_full(0), "rows count too, and what came meanwhile");
    }

    #[test]
    fn a_source_fills_its_cap_and_no_other() {
        let cap = Cap::new(LIMITS);
        let now = Timestamp::from_micros(1_795_428_000_000_000).unwrap();
        assert!(cap.admits(b"a", 10, now) && cap.admits(b"a", 10, now));
        assert!(!cap.admits(b"a", 10, now));
        assert!(cap.admits(b"b", 990, now) && !cap.admits(b"b", 11, now) && cap.admits(b"b", 10, now));
        assert!(cap.admits(b"a", 10, now.plus_micros(HOUR_US)), "the next hour begins anew");
    }
}
