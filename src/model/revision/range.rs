//! Range: what a source takes back, from one moment to another.

use crate::model::origin::Revision;
use crate::model::time::{DAY_US, Timestamp};

/// How many days a source may replace at once.
pub const REPLACED_DAYS_MAX: i64 = 100;

/// What a source takes back: all that begins in it and has a lower revision.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplacedRange {
    /// The first moment in it.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
    /// The revision of the word that replaces.
    pub revision: Revision,
}

impl ReplacedRange {
    /// True where something that begins at this moment is replaced, if its revision is lower.
    pub fn covers(&self, start: Timestamp) -> bool {
        self.from <= start && start < self.to
    }

    /// True where the other replaces nothing that this does not.
    pub fn subsumes(&self, other: &ReplacedRange) -> bool {
        self.from <= other.from && other.to <= self.to && other.revision <= self.revision
    }

    /// True where it goes forward, and is no longer than may be replaced at once.
    pub fn is_sound(&self) -> bool {
        self.from < self.to && self.to.micros_since(self.from) <= REPLACED_DAYS_MAX * DAY_US
    }

    /// The last moment in it.
    pub fn last(&self) -> Timestamp {
        self.to.plus_micros(-1)
    }
}
