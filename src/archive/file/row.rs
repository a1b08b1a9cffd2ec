//! Row: one sample of one series as the archive keeps it, and the order in which rows lie.

use std::cmp::Ordering;

use super::row_slice::RowSlice;
use crate::model::ids::{DeviceId, SubjectId};
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;

/// One sample of the file's metric. Cheap to clone: names are shared.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What measured.
    pub device: DeviceId,
    /// What the value says about many measurements, if it does.
    pub statistic: Statistic,
    /// When it was measured, or when its interval began.
    pub start: Timestamp,
    /// When its interval ended; `None` for an instant.
    pub end: Option<Timestamp>,
    /// In the catalogue's unit; for a coded metric, the place of the code in the catalogue's list, as in
    /// [`Sample`](crate::model::sample::Sample).
    pub value: f64,
    /// Whom it is about, by pseudonym; `None` where that is not known.
    pub subject: Option<SubjectId>,
}

/// By what rows are sorted and told apart: two rows with one key are the same sample.
#[derive(Copy, Clone, Debug)]
pub struct Key<'a> {
    /// What measured.
    pub device: &'a DeviceId,
    /// When it began.
    pub start: Timestamp,
    /// When it ended, where it lasted.
    pub end: Option<Timestamp>,
    /// What its value says about many.
    pub statistic: Statistic,
}

impl Row {
    /// By what it is sorted.
    pub fn key(&self) -> Key<'_> {
        Key { device: &self.device, start: self.start, end: self.end, statistic: self.statistic }
    }

    /// The order of a file.
    pub fn order(&self, other: &Row) -> Ordering {
        self.key().order(other.key())
    }
}

impl Key<'_> {
    /// The order of a file: by device, bytewise; start; end, instants first; statistic, plain measurements first and
    /// the others by their text.
    pub fn order(self, other: Key<'_>) -> Ordering {
        (self.device.cmp(other.device))
            .then_with(|| (self.start, self.end).cmp(&(other.start, other.end)))
            .then_with(|| statistics(self.statistic, other.statistic))
    }
}

/// The order of statistics.
pub(super) fn statistics(one: Statistic, other: Statistic) -> Ordering {
    if one == other { Ordering::Equal } else { one.text().cmp(&other.text()) }
}

/// Watches that each row comes after the one before it.
#[derive(Debug, Default)]
pub(super) struct Order {
    last: Option<Row>,
}

impl Order {
    /// Takes these rows where each comes after the one before it; else the place of the first that does not.
    pub(super) fn take(&mut self, strip: &RowSlice<'_>) -> Result<(), usize> {
        let (Some(first), Some(last)) = (strip.first(), strip.last()) else { return Ok(()) };
        if self.last.as_ref().is_some_and(|before| before.key().order(first) != Ordering::Less) {
            return Err(0);
        }
        if let Some(place) = strip.falls_at() {
            return Err(place);
        }
        match &mut self.last {
            Some(known) if known.device == *last.device => {
                (known.start, known.end, known.statistic) = (last.start, last.end, last.statistic);
            }
            known => *known = strip.row(strip.len() - 1).map(|row| Row { subject: None, ..row }),
        }
        Ok(())
    }
}
