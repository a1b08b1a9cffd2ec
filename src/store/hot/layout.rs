//! Layout: how many days a new chunk holds.
//!
//! # Why
//! Each chunk costs a table, its index and, in each question without a time, two locks and a part of the planning: 100
//! cost 3 to 9 ms, 4,000 cost 2 to 5 s and most of the locks that a server has by default. A day of its own is worth
//! that where the roll drops it after a week. So what is recent gets a chunk a day where there is an archive, and one
//! for eight days where everything stays: twelve years are then 550 chunks and not 4,400.
//!
//! What is older than `RECENT_DAYS` comes late or from an import, and mostly little of it: ten years of daily weights
//! in one message made 3,650 chunks, and now make 53, or 22 without an archive. Dense old days are as well off there,
//! since the roll, compaction and every question take a day of a chunk by the key (series, start).
//!
//! The widths divide each other and begin at multiples since 1970, so that one never reaches into another; what is
//! there already cuts a new one back. On a hypertable the grid is the same, since its own begins there too.

use crate::model::time::Day;

/// Chunks for what is old, the widest first; each width divides the one before it.
const OLD_WIDTHS_DAYS: [i64; 3] = [256, 32, 8];
/// Where everything stays in the database.
const KEPT_WIDTH_DAYS: i64 = 8;
/// How long a day counts as recent.
const RECENT_DAYS: i64 = 32;

/// How wide chunks are made now.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct ChunkLayout {
    today: Day,
    recent_width_days: i64,
}

impl ChunkLayout {
    /// That of a day, with an archive to which days go, or without one.
    pub(super) fn of(today: Day, has_archive: bool) -> ChunkLayout {
        ChunkLayout { today, recent_width_days: if has_archive { 1 } else { KEPT_WIDTH_DAYS } }
    }

    /// The chunk that a day belongs into: its first day, and the first one after it.
    pub(super) fn chunk_of(&self, day: Day) -> (Day, Day) {
        let recent = self.today.plus(-RECENT_DAYS);
        let old = OLD_WIDTHS_DAYS.into_iter().map(|width| around(day, width)).find(|(_, next)| *next <= recent);
        old.unwrap_or_else(|| around(day, self.recent_width_days))
    }
}

/// The multiple of so many days since 1970 that holds a day.
fn around(day: Day, width_days: i64) -> (Day, Day) {
    let first = day.plus(-day.since_1970().rem_euclid(width_days));
    (first, first.plus(width_days))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Timestamp;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn day(text: &str) -> Day {
        Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")).unwrap().day()
    }

    fn chunks(layout: ChunkLayout, first: Day, days: i64) -> BTreeSet<(Day, Day)> {
        (0..days).map(|place| layout.chunk_of(first.plus(place))).collect()
    }

    #[test]
    fn what_is_recent_has_days_of_its_own_where_there_is_an_archive() {
        let (today, tomorrow) = (day("2026-11-28"), day("2026-11-29"));
        assert_eq!(ChunkLayout::of(today, true).chunk_of(today), (today, tomorrow));
        let (first, next) = ChunkLayout::of(today, false).chunk_of(today);
        assert_eq!((first, next), (day("2026-11-27"), day("2026-12-05")));
    }

    #[test]
    fn ten_years_that_come_at_once_and_twelve_that_pass_make_hundreds_of_chunks_at_most() {
        let today = day("2026-11-28");
        for has_archive in [true, false] {
            let at_once = chunks(ChunkLayout::of(today, has_archive), today.plus(-3_650), 3_651).len();
            assert!(at_once < 75, "{at_once} chunks");
        }
        let passing = (0..12 * 365).map(|place| today.plus(place));
        let kept: BTreeSet<_> = passing.map(|today| ChunkLayout::of(today, false).chunk_of(today)).collect();
        assert!(kept.len() < 560, "{} chunks", kept.len());
    }

    proptest! {
        #[test]
        fn a_chunk_holds_its_day_and_overlaps_no_other_of_its_layout(
            today in 15_000..30_000_i64, age in -3..8_000_i64, has_archive: bool
        ) {
            let layout = ChunkLayout::of(day("1970-01-01").plus(today), has_archive);
            let day = layout.today.plus(-age);
            let (first, next) = layout.chunk_of(day);
            prop_assert!(first <= day && day < next);
            let days = next.since_1970() - first.since_1970();
            for place in 0..days {
                prop_assert_eq!(layout.chunk_of(first.plus(place)), (first, next));
            }
            prop_assert!(days <= layout.recent_width_days || next <= layout.today.plus(-RECENT_DAYS));
        }
    }
}
