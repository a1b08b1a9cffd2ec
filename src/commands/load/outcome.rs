//! PublishOutcome: what the messages of one connection, or of all, came to.

use std::time::Duration;

use super::latency::Latency;
use crate::mqtt::publisher::Counts;

/// What the messages of one connection, or of all, came to.
#[derive(Clone, Debug)]
pub(super) struct PublishOutcome {
    pub(super) counts: Counts,
    pub(super) puback: Latency,
    pub(super) lateness: Latency,
    pub(super) last_answer: Option<std::time::Instant>,
    /// How long handing over took.
    pub(super) offered_in: Duration,
}

impl PublishOutcome {
    /// Nothing was published yet.
    pub(super) fn nothing() -> anyhow::Result<PublishOutcome> {
        let (puback, lateness) = (Latency::new()?, Latency::new()?);
        Ok(PublishOutcome {
            counts: Counts::default(),
            puback,
            lateness,
            last_answer: None,
            offered_in: Duration::ZERO,
        })
    }

    pub(super) fn add(&mut self, other: &PublishOutcome) -> anyhow::Result<()> {
        self.counts = self.counts.and(other.counts);
        self.puback.add(&other.puback)?;
        self.lateness.add(&other.lateness)?;
        self.last_answer = self.last_answer.max(other.last_answer);
        self.offered_in = self.offered_in.max(other.offered_in);
        Ok(())
    }
}
