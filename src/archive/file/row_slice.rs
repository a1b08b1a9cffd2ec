//! Rows: samples of series as the archive keeps them and the order in which they lie; one by one, or as a slice: those
//! of one device, subject and statistic that follow one another, column by column.
//!
//! # Why
//! Most of a day are long runs of one series. Handed on row by row each costs the comparison of names, a shared
//! pointer and a call; as columns these are paid once a run, and what is left is arithmetic over slices.

use std::cmp::Ordering;
use std::ops::Range;

use super::origin_slice::OriginSlice;
use crate::model::ids::{DeviceId, SubjectId};
use crate::model::origin::Origin;
use crate::model::sample::Flags;
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
    /// [`Sample`](crate::model::sample::Sample). Of a bound no file keeps it: whoever reads one
    /// is given the limit of the metric's sensors.
    pub value: f64,
    /// What is known against it.
    pub flags: Flags,
    /// How it came.
    pub origin: Origin,
    /// Whom it is about, by pseudonym; `None` where that is not known.
    pub subject: Option<SubjectId>,
}

/// By what rows are sorted and distinguished: two rows with one key are the same sample.
#[derive(Copy, Clone, Debug)]
pub struct RowKey<'a> {
    /// What measured.
    pub device: &'a DeviceId,
    /// When it began.
    pub start: Timestamp,
    /// When it ended, where it lasted.
    pub end: Option<Timestamp>,
    /// What its value says about many.
    pub statistic: Statistic,
}

/// Consecutive rows: all of them instants, or all intervals. Its columns have one length.
#[derive(Copy, Clone, Debug)]
pub struct RowSlice<'a> {
    /// What measured.
    pub device: &'a DeviceId,
    /// Whom the rows are about.
    pub subject: Option<&'a SubjectId>,
    /// What the values say about many measurements.
    pub statistic: Statistic,
    /// When each began.
    pub starts: &'a [Timestamp],
    /// When each ended; `None` for instants.
    pub ends: Option<&'a [Timestamp]>,
    /// As in [`Row::value`].
    pub values: &'a [f64],
    /// What is known against each; empty where nothing is known against any.
    pub flags: &'a [Flags],
    /// How each came.
    pub origins: OriginSlice<'a>,
}

impl Row {
    /// By what it is sorted.
    pub fn key(&self) -> RowKey<'_> {
        RowKey { device: &self.device, start: self.start, end: self.end, statistic: self.statistic }
    }

    /// The row as a slice of one.
    pub fn slice(&self) -> RowSlice<'_> {
        RowSlice {
            device: &self.device,
            subject: self.subject.as_ref(),
            statistic: self.statistic,
            starts: std::slice::from_ref(&self.start),
            ends: self.end.as_ref().map(std::slice::from_ref),
            values: std::slice::from_ref(&self.value),
            flags: if self.flags == Flags::NONE { &[] } else { std::slice::from_ref(&self.flags) },
            origins: OriginSlice::Each(self.origin),
        }
    }

    /// The order of a file.
    pub fn order(&self, other: &Row) -> Ordering {
        self.key().order(other.key())
    }
}

impl RowKey<'_> {
    /// The order of a file: by device, bytewise; start; end, instants first; statistic, plain measurements first and
    /// the others by their text.
    pub fn order(self, other: RowKey<'_>) -> Ordering {
        (self.device.cmp(other.device))
            .then_with(|| (self.start, self.end).cmp(&(other.start, other.end)))
            .then_with(|| statistics(self.statistic, other.statistic))
    }
}

impl<'a> RowSlice<'a> {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The key of a row.
    pub fn key(&self, place: usize) -> Option<RowKey<'a>> {
        let end = match self.ends {
            None => None,
            Some(ends) => Some(*ends.get(place)?),
        };
        Some(RowKey { device: self.device, start: *self.starts.get(place)?, end, statistic: self.statistic })
    }

    /// The key of the first row.
    pub fn first(&self) -> Option<RowKey<'a>> {
        self.key(0)
    }

    /// The key of the last row.
    pub fn last(&self) -> Option<RowKey<'a>> {
        self.key(self.len().checked_sub(1)?)
    }

    /// One row by itself.
    pub fn row(&self, place: usize) -> Option<Row> {
        let RowKey { start, end, .. } = self.key(place)?;
        let value = *self.values.get(place)?;
        let (device, subject) = (self.device.clone(), self.subject.cloned());
        let (flags, origin) = (self.flags_at(place), self.origins.at(place));
        Some(Row { device, statistic: self.statistic, start, end, value, flags, origin, subject })
    }

    /// What is known against a row.
    pub fn flags_at(&self, place: usize) -> Flags {
        self.flags.get(place).copied().unwrap_or_default()
    }

    /// Its rows in pieces, none of which is cut further: those that came alike and against which the same is known.
    pub(super) fn each_piece(&self, mut take: impl FnMut(Range<usize>, Flags, Origin)) {
        for (rows, origin) in self.origins.pieces(0..self.len()) {
            let flags = self.flags.get(rows.clone()).unwrap_or_default();
            if flags.is_empty() {
                take(rows, Flags::NONE, origin);
                continue;
            }
            let mut from = rows.start;
            for alike in flags.chunk_by(|one, next| one == next) {
                let to = from + alike.len();
                take(from..to, alike.first().copied().unwrap_or_default(), origin);
                from = to;
            }
        }
    }

    /// The rows one by one.
    pub fn rows(self) -> impl Iterator<Item = Row> + 'a {
        (0..self.len()).filter_map(move |place| self.row(place))
    }

    /// Some of its rows.
    pub fn slice(&self, rows: Range<usize>) -> RowSlice<'a> {
        RowSlice {
            starts: self.starts.get(rows.clone()).unwrap_or_default(),
            ends: self.ends.map(|ends| ends.get(rows.clone()).unwrap_or_default()),
            values: self.values.get(rows.clone()).unwrap_or_default(),
            flags: self.flags.get(rows.clone()).unwrap_or_default(),
            origins: self.origins.slice(rows),
            ..*self
        }
    }

    /// Its rows in pieces, none of which lies across one of these moments, each with its first start.
    pub fn cut_at<E>(
        &self,
        bounds: impl Iterator<Item = Timestamp> + Clone,
        mut give: impl FnMut(RowSlice<'a>, Timestamp) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = *self;
        while let Some(first) = rest.starts.first().copied() {
            let next = bounds.clone().filter(|bound| *bound > first).min();
            let rows = next.map_or(rest.len(), |next| rest.starts.partition_point(|start| *start < next));
            give(rest.slice(0..rows), first)?;
            rest = rest.slice(rows..rest.len());
        }
        Ok(())
    }

    /// How many of its rows come before all that begins with a device's start.
    pub fn rows_before_start(&self, device: &DeviceId, start: Timestamp) -> usize {
        match self.device.cmp(device) {
            Ordering::Less => self.len(),
            Ordering::Greater => 0,
            Ordering::Equal => self.starts.partition_point(|own| *own < start),
        }
    }

    /// The first place whose row does not come after the one before it.
    pub(super) fn falls_at(&self) -> Option<usize> {
        if self.starts.is_sorted_by(|one, next| one < next) {
            return None;
        }
        let moments = |place: usize| (self.starts.get(place), self.ends.map(|ends| ends.get(place)));
        (1..self.len()).find(|place| moments(place - 1) >= moments(*place))
    }
}

/// Watches that each row comes after the one before it.
#[derive(Debug, Default)]
pub(super) struct Order {
    last: Option<Row>,
}

impl Order {
    /// Takes these rows where each comes after the one before it; else the place of the first that does not.
    pub(super) fn take(&mut self, slice: &RowSlice<'_>) -> Result<(), usize> {
        let (Some(first), Some(last)) = (slice.first(), slice.last()) else { return Ok(()) };
        if self.last.as_ref().is_some_and(|before| before.key().order(first) != Ordering::Less) {
            return Err(0);
        }
        if let Some(place) = slice.falls_at() {
            return Err(place);
        }
        match &mut self.last {
            Some(known) if known.device == *last.device => {
                (known.start, known.end, known.statistic) = (last.start, last.end, last.statistic);
            }
            known => *known = slice.row(slice.len() - 1).map(|row| Row { subject: None, ..row }),
        }
        Ok(())
    }
}

/// The order of statistics.
fn statistics(one: Statistic, other: Statistic) -> Ordering {
    if one == other { Ordering::Equal } else { one.text().cmp(&other.text()) }
}
