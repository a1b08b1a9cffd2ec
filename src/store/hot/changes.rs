//! Changes: what a transaction stores and supersedes, for whoever follows the feed (`signal.changes`).
//!
//! # Why
//! Readers must learn of each commit, in order, and lanes commit at once; so the transaction lists what it does beside
//! its blocks, and gets its place in the feed afterwards (`store::changes`). A list has an entry a block, not a sample:
//! 24 bytes, in one row. A merge lists what is new in the blocks that it writes again, and not the rest of them.

use sqlx::PgConnection;

use crate::model::ids::SeriesId;
use crate::model::time::{MINUTE_US, Timestamp};
use crate::store::StoreError;
use crate::store::moment::Moment;

/// Samples further apart are listed each by itself, so that no reader looks at a year for the two at its ends.
const STEP_MAX_US: i64 = 60 * MINUTE_US;

/// How what happened is written.
const STORED: i16 = 1;
const SUPERSEDED: i16 = 2;

/// What one transaction does, as columns.
#[derive(Debug, Default)]
pub struct Changes {
    series: Vec<i32>,
    firsts: Vec<Moment>,
    lasts: Vec<Moment>,
    counts: Vec<Option<i32>>,
    kinds: Vec<i16>,
    has_superseded: bool,
}

impl Changes {
    /// So many samples of a series were stored, of which the first begins at `first` and the last at `last`.
    pub fn store(&mut self, series: SeriesId, (first, last): (Timestamp, Timestamp), samples: usize) {
        self.push(series, (first, last), i32::try_from(samples).ok(), STORED);
    }

    /// What begins from `first` to `last` was superseded; `None` where nobody has counted it.
    pub fn supersede(&mut self, series: SeriesId, (first, last): (Timestamp, Timestamp), samples: Option<usize>) {
        self.has_superseded = true;
        self.push(series, (first, last), samples.and_then(|samples| i32::try_from(samples).ok()), SUPERSEDED);
    }

    /// Samples of a series were stored: their starts, in order. Those that lie near each other are one entry.
    pub fn store_each(&mut self, series: SeriesId, starts: &[Timestamp]) {
        runs(starts).for_each(|(range, samples)| self.store(series, range, samples));
    }

    /// The same where they were superseded.
    pub fn supersede_each(&mut self, series: SeriesId, starts: &[Timestamp]) {
        runs(starts).for_each(|(range, samples)| self.supersede(series, range, Some(samples)));
    }

    /// True where nothing has happened.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty()
    }

    /// True where something was superseded, so that the blocks alone do not say all.
    pub fn has_superseded(&self) -> bool {
        self.has_superseded
    }

    fn push(&mut self, series: SeriesId, range: (Timestamp, Timestamp), samples: Option<i32>, kind: i16) {
        self.series.push(series.0);
        self.firsts.push(Moment(range.0));
        self.lasts.push(Moment(range.1));
        self.counts.push(samples);
        self.kinds.push(kind);
    }

    /// Lists them within the transaction that does them.
    pub(in crate::store) async fn note(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        if self.is_empty() {
            return Ok(());
        }
        sqlx::query("SELECT signal.note_changes($1, $2, $3, $4, $5)")
            .bind(&self.series)
            .bind(&self.firsts)
            .bind(&self.lasts)
            .bind(&self.counts)
            .bind(self.has_superseded.then_some(&self.kinds))
            .execute(connection)
            .await
            .map(drop)
            .map_err(StoreError::at("listing what a transaction changes"))
    }
}

/// First and last of samples that lie near each other on one day, and how many.
fn runs(starts: &[Timestamp]) -> impl Iterator<Item = ((Timestamp, Timestamp), usize)> + '_ {
    let is_near = |a: &Timestamp, b: &Timestamp| a.day() == b.day() && b.micros_since(*a) <= STEP_MAX_US;
    starts.chunk_by(is_near).filter_map(|run| Some(((*run.first()?, *run.last()?), run.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_micros(1_795_428_000_000_000 + minute * 60_000_000).unwrap()
    }

    #[test]
    fn samples_that_lie_far_apart_or_on_two_days_are_listed_each_by_itself() {
        // A midnight lies at minute 840.
        let starts = [0, 1, 60, 121, 839, 840, 500_000].map(at);
        let found: Vec<_> = runs(&starts).collect();
        let one = |minute| ((at(minute), at(minute)), 1);
        assert_eq!(found, [((at(0), at(60)), 3), one(121), one(839), one(840), one(500_000)]);
    }

    #[test]
    fn all_that_is_stored_needs_no_kinds_and_what_is_superseded_does() {
        let mut changes = Changes::default();
        assert!(changes.is_empty());
        changes.store_each(SeriesId(1), &[at(0), at(1)]);
        assert!(!changes.has_superseded());
        changes.supersede_each(SeriesId(1), &[at(0)]);
        assert!(changes.has_superseded());
        assert_eq!((changes.kinds, changes.counts), (vec![STORED, SUPERSEDED], vec![Some(2), Some(1)]));
    }
}
