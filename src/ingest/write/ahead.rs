//! Ahead: series of which something was replaced beyond what is stored.
//!
//! # Why
//! A source that replaces a day names its end, which may lie ahead; until then each of its samples would be merged, for
//! what is lower than the range must be told apart. So a lane remembers of such a series where its samples end without
//! the range: what begins after that and is no lower than the range is new for certain, and is appended. They are few
//! and end with the day, so they are kept apart from the many that have none; one that is forgotten is merged until
//! the range is over.

use std::collections::HashMap;

use crate::model::origin::Revision;
use crate::model::revision::ReplacedRange;
use crate::model::time::Timestamp;
use crate::store::directory::SeriesKey;

/// Series that are remembered; one more is not.
const SERIES_MAX: usize = 1 << 14;

/// A series of which something is replaced after all that is stored.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct RangeAhead {
    /// After this, nothing is stored.
    pub(super) stored: Option<Timestamp>,
    /// The last moment that is replaced.
    last: Timestamp,
    /// What begins until then and has a lower revision is outdated.
    pub(super) revision: Revision,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct AheadSeries(HashMap<SeriesKey, RangeAhead>);

impl AheadSeries {
    /// That of a series, if there is one.
    pub(super) fn get(&self, key: &SeriesKey) -> Option<RangeAhead> {
        self.0.get(key).copied()
    }

    /// A range is replaced in a series of which all that is known ended at `end`.
    pub(super) fn replace(&mut self, key: &SeriesKey, end: Option<Timestamp>, range: &ReplacedRange) {
        if self.0.len() >= SERIES_MAX {
            // Ranges that are over are of no use any more; they are known by the later ones.
            self.0.retain(|_, ahead| ahead.last >= range.from);
        }
        let is_new = end.is_none_or(|end| range.last() > end) && self.0.len() < SERIES_MAX;
        match self.0.get_mut(key) {
            Some(ahead) => {
                ahead.last = ahead.last.max(range.last());
                ahead.revision = ahead.revision.max(range.revision);
            }
            None if is_new => {
                self.0.insert(*key, RangeAhead { stored: end, last: range.last(), revision: range.revision });
            }
            None => {}
        }
    }

    /// Samples are stored until this moment.
    pub(super) fn store(&mut self, key: &SeriesKey, last: Timestamp) {
        if self.0.is_empty() {
            return;
        }
        if let Some(ahead) = self.0.get_mut(key) {
            ahead.stored = ahead.stored.max(Some(last));
            if last >= ahead.last {
                self.0.remove(key);
            }
        }
    }

    /// Forgets a series.
    pub(super) fn forget(&mut self, key: &SeriesKey) {
        if !self.0.is_empty() {
            self.0.remove(key);
        }
    }
}
