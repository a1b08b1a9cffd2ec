//! Row: one sample of one series as the archive keeps it, and the order in which rows lie.

use std::cmp::Ordering;

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

impl Row {
    /// The order of a file: by device, bytewise; start; end, instants first; statistic, plain measurements first and
    /// the others by their text. Two rows that are equal in it are the same sample.
    pub fn order(&self, other: &Row) -> Ordering {
        let key = |row: &Row| (row.start, row.end);
        (self.device.cmp(&other.device))
            .then_with(|| key(self).cmp(&key(other)))
            .then_with(|| statistics(self.statistic, other.statistic))
    }
}

fn statistics(one: Statistic, other: Statistic) -> Ordering {
    if one == other { Ordering::Equal } else { one.text().cmp(&other.text()) }
}

/// Watches that each row comes after the one before it.
#[derive(Debug, Default)]
pub(super) struct Order {
    last: Option<Row>,
}

impl Order {
    /// True for the first row, and for one after the last.
    pub(super) fn takes(&mut self, row: &Row) -> bool {
        let Some(last) = &mut self.last else {
            self.last = Some(Row { subject: None, ..row.clone() });
            return true;
        };
        if last.order(row) != Ordering::Less {
            return false;
        }
        if last.device != row.device {
            last.device = row.device.clone();
        }
        (last.start, last.end, last.statistic) = (row.start, row.end, row.statistic);
        true
    }
}
