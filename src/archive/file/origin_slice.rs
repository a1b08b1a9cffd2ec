//! Origins of consecutive rows: how they came, run by run.
//!
//! # Why
//! Rows in a row mostly came together, so a slice of them carries their origins as runs and is cut by halving; nothing
//! is done for each row. Runs are kept by the place behind their last row, not by their length, so that a slice of a
//! slice is the same runs seen from another place.

use std::ops::Range;

use crate::model::origin::{Origin, Origins};

/// How rows came, owned.
#[derive(Clone, Debug, PartialEq)]
pub struct OriginRuns(Vec<(usize, Origin)>);

/// How consecutive rows came.
#[derive(Copy, Clone, Debug)]
pub enum OriginSlice<'a> {
    /// All of them alike.
    Each(Origin),
    /// In runs, each with the place behind its last row; the first row of the slice has the place `from`.
    Runs {
        /// The runs, from that of the first row on.
        runs: &'a [(usize, Origin)],
        /// Where the slice begins.
        from: usize,
    },
}

impl Default for OriginSlice<'_> {
    /// Nothing is known.
    fn default() -> OriginSlice<'static> {
        OriginSlice::Each(Origin::default())
    }
}

impl OriginRuns {
    /// The origins of so many samples.
    pub fn of(origins: &Origins, count: usize) -> OriginRuns {
        let mut runs = OriginRuns(Vec::new());
        origins.runs(count).for_each(|(count, origin)| runs.push(count, origin));
        runs
    }

    /// None yet.
    pub(super) fn none() -> OriginRuns {
        OriginRuns(Vec::new())
    }

    /// Adds so many rows.
    pub(super) fn push(&mut self, count: usize, origin: Origin) {
        let end = self.0.last().map_or(0, |(end, _)| *end) + count;
        match self.0.last_mut() {
            Some((last, known)) if *known == origin => *last = end,
            _ => self.0.push((end, origin)),
        }
    }

    /// All of them.
    pub fn slice(&self) -> OriginSlice<'_> {
        match self.0.as_slice() {
            [] => OriginSlice::default(),
            [(_, origin)] => OriginSlice::Each(*origin),
            runs => OriginSlice::Runs { runs, from: 0 },
        }
    }
}

impl<'a> OriginSlice<'a> {
    /// How the row at a place came.
    pub fn at(self, place: usize) -> Origin {
        self.pieces(place..place + 1).next().map(|(_, origin)| origin).unwrap_or_default()
    }

    /// Those of some of the rows.
    pub(super) fn slice(self, rows: Range<usize>) -> OriginSlice<'a> {
        match self {
            OriginSlice::Each(_) => self,
            OriginSlice::Runs { runs, from } => {
                let from = from + rows.start;
                let runs = runs.get(runs.partition_point(|(end, _)| *end <= from)..).unwrap_or_default();
                OriginSlice::Runs { runs, from }
            }
        }
    }

    /// Some of the rows in pieces, each of which came alike.
    pub fn pieces(self, rows: Range<usize>) -> impl Iterator<Item = (Range<usize>, Origin)> + 'a {
        let (each, runs, from) = match self.slice(rows.clone()) {
            OriginSlice::Each(origin) => (Some((rows.clone(), origin)), &[][..], 0),
            OriginSlice::Runs { runs, from } => (None, runs, from),
        };
        let (mut start, end) = (rows.start, rows.end);
        let pieces = runs.iter().map_while(move |(run_end, origin)| {
            let piece = start..end.min(rows.start + run_end - from);
            start = piece.end;
            (!piece.is_empty()).then_some((piece, *origin))
        });
        each.into_iter().filter(|(rows, _)| !rows.is_empty()).chain(pieces)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::origin::Revision;

    proptest! {
        #[test]
        fn a_slice_of_a_slice_tells_of_each_row_what_was_pushed(
            runs in prop::collection::vec((1..5_usize, 0..3_i64), 1..12), cut in any::<[prop::sample::Index; 4]>()
        ) {
            let origin = |number| Origin { revision: Revision::new(number), ..Origin::default() };
            let all: Vec<Origin> = runs.iter().flat_map(|(count, number)| vec![origin(*number); *count]).collect();
            let mut kept = OriginRuns::none();
            runs.iter().for_each(|(count, number)| kept.push(*count, origin(*number)));
            let between = |one: usize, other: usize| one.min(other)..one.max(other);
            let outer = between(cut[0].index(all.len() + 1), cut[1].index(all.len() + 1));
            let rows = outer.len();
            let inner = between(cut[2].index(rows + 1), cut[3].index(rows + 1));
            let slice = kept.slice().slice(outer.clone()).slice(inner.clone());
            let expected = &all[outer][inner.clone()];
            let told: Vec<Origin> = (0..inner.len()).map(|place| slice.at(place)).collect();
            prop_assert_eq!(told, expected);
            let pieces: Vec<_> = slice.pieces(0..inner.len()).collect();
            let told = pieces.iter().flat_map(|(rows, origin)| rows.clone().map(|_| *origin));
            prop_assert_eq!(told.collect::<Vec<_>>(), expected);
            prop_assert!(pieces.windows(2).all(|pair| pair[0].1 != pair[1].1 && pair[0].0.end == pair[1].0.start));
        }
    }
}
