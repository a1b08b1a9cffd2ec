//! Merge: rows of the hot table in the order of a file, merged with the rows of one, so that of each start stands what
//! the source said last.
//!
//! # Why
//! The hot table weighs a word against what it holds itself; what the file holds is weighed here, by the same rule
//! (`model::revision`). Both sides come sorted, so each is held a block or a batch at a time, however long the day, and
//! rows whose start the other side does not have are handed on as slices: only a start that both have is looked at row
//! by row (`moment`), and only rows that a newer range covers are cut out of the file's (`past`).
//!
//! Invariants: what comes out rises in the order of files; what stands at a start is what would stand there had no roll
//! ever been (`rolls_change_nothing_of_what_stands`); each hot row comes out once, as one of `MergeOutcome`
//! (`each_key_comes_out_once_and_what_is_said_last_stands`).

/// What becomes of rows.
mod outcome;

/// Blocks as rows.
mod hot_rows;

/// Which revision replaces what begins at a moment.
mod coverage;

/// What was said since the file was written, and before.
mod past;

/// One start that both sides have.
mod moment;

#[cfg(test)]
mod history_tests;

#[cfg(test)]
mod tests;

use super::file::{FileError, RowSlice, Rows};
use crate::model::ids::DeviceId;
use crate::model::revision::Precedence;
use crate::model::time::Timestamp;
pub(super) use hot_rows::HotRows;
use moment::SharedStart;
pub(super) use outcome::MergeOutcome;
pub(super) use past::KnownPast;

/// Rows of a file, a slice at a time.
pub(super) trait Archived {
    /// The next consecutive rows; `None` at the end. They come again until they are passed.
    fn slice(&mut self) -> Result<Option<RowSlice<'_>>, FileError>;

    /// Passes over so many of them.
    fn pass(&mut self, rows: usize);
}

impl Archived for Option<Rows> {
    fn slice(&mut self) -> Result<Option<RowSlice<'_>>, FileError> {
        self.as_mut().map_or(Ok(None), Rows::slice)
    }

    fn pass(&mut self, rows: usize) {
        if let Some(of_file) = self {
            of_file.pass(rows);
        }
    }
}

/// The rows of a file, with which hot rows are merged.
pub(super) struct Merge<I> {
    old: I,
    past: KnownPast,
    /// The start that both sides have, until all hot rows of it have come.
    open: Option<SharedStart>,
    precedence: Precedence,
}

impl<I: Archived> Merge<I> {
    pub(super) fn new(old: I, precedence: Precedence) -> Merge<I> {
        Merge { old, past: KnownPast::default(), open: None, precedence }
    }

    /// What is known of devices beside what stands, before the first hot row of any of them is laid.
    pub(super) fn know(&mut self, past: KnownPast) {
        self.past.extend(past);
    }

    /// Lays hot rows, which come after those before them: hands out the file's rows before each, and the row itself
    /// with what it turned out to be.
    pub(super) fn lay<E: From<FileError>>(
        &mut self,
        mut hot: RowSlice<'_>,
        mut give: impl FnMut(MergeOutcome, RowSlice<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(first) = hot.first() {
            if let Some(open) = &mut self.open {
                let more = open.take_hot(&hot);
                hot = hot.slice(more..hot.len());
                if hot.is_empty() {
                    return Ok(());
                }
                self.settle(&mut give)?;
                continue;
            }
            let Some(old) = self.old.slice()? else {
                self.past = KnownPast::default();
                return give(MergeOutcome::New, hot);
            };
            let before = old.rows_before_start(first.device, first.start);
            if before > 0 {
                self.past.lay(old.slice(0..before), &mut give)?;
                self.old.pass(before);
                continue;
            }
            let new = old.first().map_or(hot.len(), |old| hot.rows_before_start(old.device, old.start));
            if new > 0 {
                // The file's rows are behind all of these.
                self.past.forget_before(first.device);
                give(MergeOutcome::New, hot.slice(0..new))?;
                hot = hot.slice(new..hot.len());
                continue;
            }
            let again = if self.past.is_of(first.device) { 0 } else { said_again(&old, &hot) };
            if again > 0 {
                give(MergeOutcome::Old, old.slice(0..again))?;
                give(MergeOutcome::Duplicate, hot.slice(0..again))?;
                self.old.pass(again);
                hot = hot.slice(again..hot.len());
                continue;
            }
            let (device, start) = (first.device.clone(), first.start);
            self.open = Some(self.open_moment(device, start)?);
        }
        Ok(())
    }

    /// Decides what waits for more hot rows.
    pub(super) fn settle<E>(
        &mut self,
        give: &mut impl FnMut(MergeOutcome, RowSlice<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let decided = open.decide(self.precedence, &self.past);
        decided.iter().try_for_each(|(what, row)| give(*what, row.slice()))
    }

    /// Hands out the file's last rows.
    pub(super) fn finish<E: From<FileError>>(
        mut self,
        mut give: impl FnMut(MergeOutcome, RowSlice<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.settle(&mut give)?;
        while let Some(old) = self.old.slice()? {
            let rows = old.len();
            self.past.lay(old, &mut give)?;
            self.old.pass(rows);
        }
        Ok(())
    }

    /// The file's rows of a start.
    fn open_moment(&mut self, device: DeviceId, start: Timestamp) -> Result<SharedStart, FileError> {
        let mut open = SharedStart::new(device, start);
        while let Some(old) = self.old.slice()? {
            let rows = open.take_old(&old);
            if rows == 0 {
                break;
            }
            self.old.pass(rows);
        }
        Ok(open)
    }
}

/// How many of the first rows are the same on both sides, each alone at its start as far as can be seen: the last row
/// of a slice may have others behind it.
fn said_again(old: &RowSlice<'_>, hot: &RowSlice<'_>) -> usize {
    if old.statistic != hot.statistic {
        return 0;
    }
    let is_alone = |slice: &RowSlice<'_>, place: usize| match (slice.starts.get(place), slice.starts.get(place + 1)) {
        (Some(start), Some(next)) => start < next,
        _ => false,
    };
    let is_same = |place: usize| {
        is_alone(old, place)
            && is_alone(hot, place)
            && old.starts.get(place) == hot.starts.get(place)
            && moment::says(old, place) == moment::says(hot, place)
    };
    (0..old.len().min(hot.len())).take_while(|place| is_same(*place)).count()
}
