//! Outcome: what becomes of rows that are merged.

/// Rows that were merged, and what became of them.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(in crate::archive) enum MergeOutcome {
    /// The file holds them, and they come next.
    Old,
    /// Hot, and they come next.
    New,
    /// Hot rows that say what was said before.
    Duplicate,
    /// Hot rows beside which another was said before with the same right, and stays.
    Conflict,
    /// Hot rows of which a higher revision was said.
    Outdated,
    /// What stood in the file, or in the hot table, and does not stand any more.
    Superseded,
}

impl MergeOutcome {
    /// True for rows that belong into what is merged.
    pub(in crate::archive) fn is_next(self) -> bool {
        matches!(self, MergeOutcome::Old | MergeOutcome::New)
    }
}
