//! Outcome: what the messages of one connection, or of all, came to.

use std::time::Duration;

use super::latency::Latency;
use crate::mqtt::publisher::Counts;

/// What the messages of one connection, or of all, came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub(super) counts: Counts,
    pub(super) puback: Latency,
    pub(super) lateness: Latency,
    pub(super) last_answer: Option<std::time::Instant>,
    /// How long handing over took.
    pub(super) offered_in: Duration,
}

impl Outcome {
    pub(super) fn add(&mut self, other: &Outcome) {
        self.counts = self.counts.and(other.counts);
        self.puback.add(&other.puback);
        self.lateness.add(&other.lateness);
        self.last_answer = self.last_answer.max(other.last_answer);
        self.offered_in = self.offered_in.max(other.offered_in);
    }
}
