//! SharedStart: one start of one device, of which both the file and the hot table say something.

use std::cmp::Ordering;

use super::super::file::{Row, RowSlice};
use super::outcome::MergeOutcome;
use super::past::KnownPast;
use crate::model::ids::DeviceId;
use crate::model::revision::{Precedence, Said, Start, Word};
use crate::model::sample::Flags;
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;

/// The rows of one device and start, of all statistics.
pub(super) struct SharedStart {
    device: DeviceId,
    start: Timestamp,
    old: Vec<Row>,
    hot: Vec<Row>,
}

/// Whose word it is: by its place among those of its side.
#[derive(Copy, Clone, Debug)]
enum Side {
    Old(usize),
    Hot(usize),
    /// One that is known to be superseded.
    Past(usize),
}

impl SharedStart {
    pub(super) fn new(device: DeviceId, start: Timestamp) -> SharedStart {
        SharedStart { device, start, old: Vec::new(), hot: Vec::new() }
    }

    /// Takes those of the first rows that begin with it; how many.
    pub(super) fn take_old(&mut self, slice: &RowSlice<'_>) -> usize {
        let own = self.own(slice);
        self.old.extend(own.rows());
        own.len()
    }

    /// The same of hot rows.
    pub(super) fn take_hot(&mut self, slice: &RowSlice<'_>) -> usize {
        let own = self.own(slice);
        self.hot.extend(own.rows());
        own.len()
    }

    fn own<'s>(&self, slice: &RowSlice<'s>) -> RowSlice<'s> {
        let same = slice.starts.iter().take_while(|start| **start == self.start).count();
        slice.slice(0..if *slice.device == self.device { same } else { 0 })
    }

    /// What becomes of each row, in the order of files.
    pub(super) fn decide(&self, precedence: Precedence, past: &KnownPast) -> Vec<(MergeOutcome, Row)> {
        let mut statistics: Vec<Statistic> = Vec::new();
        for row in self.old.iter().chain(&self.hot) {
            if !statistics.contains(&row.statistic) {
                statistics.push(row.statistic);
            }
        }
        let mut decided = Vec::new();
        statistics.into_iter().for_each(|one| self.weigh(one, precedence, past, &mut decided));
        decided.sort_by(|(_, one), (_, next)| one.order(next));
        decided
    }

    /// What becomes of the rows of one statistic.
    ///
    /// Told are first what stood before the file was written and what stands in it, then what has been replaced since,
    /// what stood since in the hot table, and what stands there: the order in which it was heard, but that a range may
    /// have come at any time, which makes no difference to what stands.
    fn weigh(
        &self,
        statistic: Statistic,
        precedence: Precedence,
        past: &KnownPast,
        decided: &mut Vec<(MergeOutcome, Row)>,
    ) {
        let of = |rows: &[Row]| -> Vec<(usize, Word)> {
            let own = rows.iter().enumerate().filter(|(_, row)| row.statistic == statistic);
            own.map(|(place, row)| (place, word(row))).collect()
        };
        let (old, hot) = (of(&self.old), of(&self.hot));
        if old.is_empty() {
            // The hot table has weighed them.
            decided.extend(self.hot_rows(&hot).map(|row| (MergeOutcome::New, row.clone())));
            return;
        }
        let former = past.former(&self.device, statistic, self.start);
        let is_known = |row: &Row| former.iter().any(|former| former.is_since && word(&former.row) == word(row));
        let mut start = Start::new(precedence);
        former.iter().filter(|former| !former.is_since).for_each(|known| start.known_superseded(&word(&known.row)));
        old.into_iter().for_each(|(place, word)| start.known_standing(word, Side::Old(place)));
        past.replaced(&self.device, statistic, self.start).into_iter().for_each(|revision| start.replace(revision));
        for (place, since) in former.iter().enumerate().filter(|(_, former)| former.is_since) {
            start.say(word(&since.row), Side::Past(place));
        }
        for (place, word) in hot {
            let what = match start.say(word, Side::Hot(place)) {
                Said::Stands => continue,
                Said::Duplicate => MergeOutcome::Duplicate,
                Said::Conflict => MergeOutcome::Conflict,
                Said::Outdated => MergeOutcome::Outdated,
            };
            decided.extend(self.hot.get(place).map(|row| (what, row.clone())));
        }
        for (_, side) in start.standing() {
            decided.extend(match *side {
                Side::Old(place) => self.old.get(place).map(|row| (MergeOutcome::Old, row.clone())),
                Side::Hot(place) => self.hot.get(place).map(|row| (MergeOutcome::New, row.clone())),
                Side::Past(place) => former.get(place).map(|former| (MergeOutcome::New, former.row.clone())),
            });
        }
        let mut gone: Vec<&Row> = Vec::new();
        for (_, side) in start.superseded() {
            match *side {
                Side::Old(place) => gone.extend(self.old.get(place).filter(|row| !is_known(row))),
                Side::Hot(place) => {
                    let Some(row) = self.hot.get(place) else { continue };
                    // What is handed out as superseded has each key once.
                    let is_first = gone.iter().all(|other| other.order(row) != Ordering::Equal);
                    if is_first {
                        gone.push(row);
                    } else {
                        decided.push((MergeOutcome::Conflict, row.clone()));
                    }
                }
                Side::Past(_) => {}
            }
        }
        decided.extend(gone.into_iter().map(|row| (MergeOutcome::Superseded, row.clone())));
    }
}

impl SharedStart {
    fn hot_rows<'s>(&'s self, words: &'s [(usize, Word)]) -> impl Iterator<Item = &'s Row> {
        words.iter().filter_map(|(place, _)| self.hot.get(*place))
    }
}

/// What a row says.
fn word(row: &Row) -> Word {
    let slice = row.slice();
    says(&slice, 0).unwrap_or(Word { span_us: None, value: row.value, bounds: Flags::NONE, revision: None })
}

/// What the row at a place says. Of a bound its side, whatever the number.
pub(super) fn says(slice: &RowSlice<'_>, place: usize) -> Option<Word> {
    let (key, bounds) = (slice.key(place)?, slice.flags_at(place).bounds());
    let value = if bounds == Flags::NONE { *slice.values.get(place)? } else { 0.0 };
    let span_us = key.end.map(|end| end.micros_since(key.start));
    Some(Word { span_us, value, bounds, revision: slice.origins.at(place).revision })
}
