//! Counts: what was met while reading.

use std::collections::BTreeMap;

use serde::Serialize;

/// What was met while reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadCounts {
    /// Files that were read.
    pub files: u64,
    /// Files that hold something else.
    pub files_left_out: u64,
    /// Rows that say something else than what is replayed: calibrations, insulin, notes, the lines above the table.
    pub rows_left_out: u64,
    /// Rows or values that cannot be read.
    pub refused: u64,
    /// Where the first of them stands, and what is wrong with it.
    pub first_refusal: Option<String>,
    /// Slots that are empty, or marked as not measured.
    pub not_measured: u64,
    /// Times that the device's clock showed twice, of which nothing tells the pass.
    pub folded_times: u64,
    /// Times in an offset from UTC that the zone has left, since their run or session began in it.
    pub kept_offset_times: u64,
    refusals: BTreeMap<String, (u64, String)>,
}

/// Why rows or values were refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowRefusal {
    /// One sentence. It repeats nothing of the file.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// Where the first of them stands: the file and its line.
    pub first: String,
}

impl ReadCounts {
    /// Counts a row or a value that cannot be read.
    pub(super) fn refuse(&mut self, why: &str, place: impl Fn() -> String) {
        self.refused += 1;
        if self.first_refusal.is_none() {
            self.first_refusal = Some(format!("{}: {why}", place()));
        }
        match self.refusals.get_mut(why) {
            Some((count, _)) => *count += 1,
            None => {
                self.refusals.insert(why.to_owned(), (1, place()));
            }
        }
    }

    /// Why, the most frequent first.
    pub fn refusals(&self) -> Vec<RowRefusal> {
        let refusals = self.refusals.iter().map(|(reason, (count, first))| RowRefusal {
            reason: reason.clone(),
            count: *count,
            first: first.clone(),
        });
        let mut refusals: Vec<RowRefusal> = refusals.collect();
        refusals.sort_by_key(|refusal| std::cmp::Reverse(refusal.count));
        refusals
    }
}
