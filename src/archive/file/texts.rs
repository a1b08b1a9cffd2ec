//! Texts: a column of words, and which rows of a column hold something.

use std::ops::Range;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array, RecordBatch, StringViewArray};
use arrow_buffer::NullBuffer;

/// A column of words.
pub(super) struct Texts {
    words: StringViewArray,
    pub(super) are_present: Presence,
}

/// Which rows of a column hold something.
pub(super) enum Presence {
    All,
    None,
    Some(NullBuffer),
}

impl Texts {
    pub(super) fn of(batch: &RecordBatch, place: usize) -> Option<Texts> {
        let words = batch.columns().get(place)?.as_string_view_opt()?.clone();
        Some(Texts { are_present: Presence::of(words.nulls(), words.len()), words })
    }

    pub(super) fn text(&self, row: usize) -> Option<&str> {
        (row < self.words.len() && self.are_present.at(row)).then(|| self.words.value(row))
    }

    /// Where rows end that hold the word of the first of them, or none as it does. A word may equal another one
    /// from the next dictionary on; the run is then cut short.
    pub(super) fn run(&self, rows: Range<usize>) -> usize {
        let to = self.are_present.run(rows.clone());
        if !self.are_present.at(rows.start) {
            return to;
        }
        let views = self.words.views().get(rows.start..to).unwrap_or_default();
        let first = views.first();
        rows.start + views.iter().position(|view| Some(view) != first).unwrap_or(views.len())
    }

    /// True where each row holds this word, or none does.
    pub(super) fn are_all(&self, word: Option<&str>) -> bool {
        match (&self.are_present, word) {
            (Presence::None, word) => word.is_none() || self.words.is_empty(),
            (Presence::All, Some(word)) => {
                let (mut from, rows) = (0, self.words.len());
                while from < rows && self.words.value(from) == word {
                    from = self.run(from..rows);
                }
                from == rows
            }
            _ => false,
        }
    }
}

impl Presence {
    pub(super) fn of(nulls: Option<&NullBuffer>, rows: usize) -> Presence {
        match nulls {
            Some(nulls) if nulls.null_count() == rows => Presence::None,
            Some(nulls) if nulls.null_count() > 0 => Presence::Some(nulls.clone()),
            _ => Presence::All,
        }
    }

    pub(super) fn at(&self, row: usize) -> bool {
        match self {
            Presence::All => true,
            Presence::None => false,
            Presence::Some(nulls) => row < nulls.len() && nulls.is_valid(row),
        }
    }

    /// Where rows end that are as present as the first of them.
    pub(super) fn run(&self, rows: Range<usize>) -> usize {
        let Presence::Some(_) = self else { return rows.end };
        let first = self.at(rows.start);
        rows.clone().find(|row| self.at(*row) != first).unwrap_or(rows.end)
    }

    pub(super) fn first_absent(&self, rows: usize) -> Option<usize> {
        if matches!(self, Presence::All) { None } else { (0..rows).find(|row| !self.at(*row)) }
    }
}
