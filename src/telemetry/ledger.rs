//! The conservation of samples: what came in has come out, or is still under way.

/// How the samples of one commit ended.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// New rows in hot.
    pub stored: u64,
    /// Already there with the same value.
    pub duplicate: u64,
    /// A higher revision of it has been said: not shown, and not quarantined.
    pub outdated: u64,
    /// Already there with another value: the first stays, this one is in quarantine.
    pub conflict: u64,
    /// Rejected: in quarantine, or counted above a source's cap.
    pub quarantined: u64,
}

/// One of the ways in which a sample ends, as the value of a label.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A new row in hot.
    Stored,
    /// Already there.
    Duplicate,
    /// A higher revision stands.
    Outdated,
    /// Already there with another value.
    Conflict,
    /// Rejected.
    Quarantined,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Outcome; 5] =
        [Outcome::Stored, Outcome::Duplicate, Outcome::Outdated, Outcome::Conflict, Outcome::Quarantined];

    /// The label's value.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Stored => "stored",
            Outcome::Duplicate => "duplicate",
            Outcome::Outdated => "outdated",
            Outcome::Conflict => "conflict",
            Outcome::Quarantined => "quarantined",
        }
    }
}

impl Tally {
    /// How many samples ended this way.
    pub fn of(&self, outcome: Outcome) -> u64 {
        match outcome {
            Outcome::Stored => self.stored,
            Outcome::Duplicate => self.duplicate,
            Outcome::Outdated => self.outdated,
            Outcome::Conflict => self.conflict,
            Outcome::Quarantined => self.quarantined,
        }
    }

    /// How many samples ended at all.
    pub fn total(&self) -> u64 {
        Outcome::ALL.into_iter().map(|outcome| self.of(outcome)).sum()
    }

    /// Adds the counts of another commit.
    pub fn add(&mut self, other: Tally) {
        self.stored += other.stored;
        self.duplicate += other.duplicate;
        self.outdated += other.outdated;
        self.conflict += other.conflict;
        self.quarantined += other.quarantined;
    }
}

/// The running totals. `in_flight` is counted by itself and not as a difference: a sample that is lost on the way
/// stays in it for ever, and shows.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct SampleLedger {
    pub(super) received: u64,
    pub(super) in_flight: i64,
    pub(super) settled: Tally,
}

impl SampleLedger {
    pub(super) fn receive(&mut self, samples: u64) {
        self.received += samples;
        self.in_flight += i64::try_from(samples).unwrap_or(i64::MAX);
    }

    /// `samples` left the way as `tally` says; the two are counted apart, so that a difference shows.
    pub(super) fn settle(&mut self, samples: u64, tally: Tally) {
        self.in_flight -= i64::try_from(samples).unwrap_or(i64::MAX);
        self.settled.add(tally);
    }
}
