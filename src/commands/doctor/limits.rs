//! Limits: what grows with time and is near what the server can take.
//!
//! # Why
//! Ingest, compaction and the roll name the chunks that they need. A question without a time, and an erasure, lock all
//! of them, which ends in `out of shared memory` where there are too many: for that session, and for whichever needs a
//! lock at that moment.

use super::finding::Findings;
use crate::store::inspect::LockCapacity;

/// A chunk's table and its index.
const LOCKS_PER_CHUNK: i64 = 2;
/// How many questions without a time should be possible at once.
const QUESTIONS_MIN: i64 = 4;
/// A partition is made within minutes, and takes 100 million events.
const UNCUT_MAX: i64 = 1_000_000;

/// Whether there are few enough chunks for the server's locks.
pub(super) fn check_chunks(capacity: &LockCapacity, findings: &mut Findings) {
    let LockCapacity { chunks, locks, sessions } = *capacity;
    let needed = chunks.saturating_mul(LOCKS_PER_CHUNK);
    if needed.saturating_mul(QUESTIONS_MIN) <= locks {
        return findings.ok(format!("chunks: {chunks}; the server holds up to {locks} locks"));
    }
    let per_transaction = needed.saturating_mul(2 * QUESTIONS_MIN) / sessions.max(1) + 1;
    let advice = format!(
        "set archive.url, so that old days leave the database; and set max_locks_per_transaction = {per_transaction} \
         and restart Postgres"
    );
    let what = format!("chunks: {chunks}; a question without a time takes {needed} of the server's {locks} locks");
    if needed > locks { findings.fail(what, advice) } else { findings.warn(what, advice) }
}

/// Whether the audit's next partition is made before events need it.
pub(super) fn check_audit(uncut: Option<i64>, findings: &mut Findings) {
    match uncut {
        None => {}
        Some(..=UNCUT_MAX) => findings.ok("audit: its next partition is there"),
        Some(uncut) => findings.warn(
            format!("audit: {uncut} events lie in the partition that should be empty"),
            "nothing is lost; run `healthtrack serve`, and see in its log why the next partition was not made",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn chunks_that_need_most_of_the_locks_are_warned_of_with_what_to_set() {
        for (chunks, level, advised) in [
            (0, Level::Ok, None),
            (550, Level::Ok, None),
            (801, Level::Warn, Some("max_locks_per_transaction = 129 ")),
            (3_650, Level::Fail, Some("max_locks_per_transaction = 585 ")),
        ] {
            let mut findings = Findings::default();
            check_chunks(&LockCapacity { chunks, locks: 6_400, sessions: 100 }, &mut findings);
            assert_eq!(findings.0[0].level, level, "{chunks}");
            let advice = findings.0[0].advice.clone();
            assert!(advised.is_none_or(|advised| advice.is_some_and(|advice| advice.contains(advised))), "{chunks}");
        }
    }
    #[test]
    fn an_audit_whose_partitions_nobody_makes_is_warned_of() {
        for (uncut, level) in [(None, None), (Some(1_000_000), Some(Level::Ok)), (Some(1_000_001), Some(Level::Warn))] {
            let mut findings = Findings::default();
            check_audit(uncut, &mut findings);
            assert_eq!(findings.0.first().map(|finding| finding.level), level, "{uncut:?}");
        }
    }
}
