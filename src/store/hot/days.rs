//! Days, held while their blocks are rewritten.
//!
//! # Why
//! A merge and a compaction both read blocks, remove them and write others in their place. Were one to commit between
//! another's reading and its removing, samples would be doubled, or two blocks would overlap; counting the
//! removed rows shows only the first. So each takes the day first and reads afterwards, in the transaction that
//! writes: merges share a day (two lanes never write one series); compaction and the record of a roll have it alone.
//! Each statement sees what was committed before it began, so what was read under the lock is true until the
//! transaction's end, and the lock falls with it, whoever is killed.
//!
//! An append needs no day: it begins after everything that its series has, and compaction keeps where a series ends. A
//! roll takes blocks away, so that a series may end earlier than its lane remembers: then more is merged, and no harm
//! done.
//!
//! Days share 64 locks, since the server has room for some ten thousand and an old recording may span years; two days
//! 64 apart wait for one another for nothing, now and then. Shared ones are taken in rising order, and who has one
//! alone waits for no other lock of this kind before its end but in the same order, so there is no deadlock.

use sqlx::PgConnection;

use crate::model::time::{DAY_US, Day};
use crate::store::StoreError;

/// How many locks stand for all days.
pub(super) const LOCKS: usize = 64;

/// With whom a day is held.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(in crate::store) enum Hold {
    /// With other merges.
    Shared,
    /// Alone.
    Alone,
}

/// Holds these days until the transaction ends, once whoever holds them otherwise has ended.
pub(in crate::store) async fn hold_days(
    transaction: &mut PgConnection,
    days: &[Day],
    hold: Hold,
) -> Result<(), StoreError> {
    let mut locks: Vec<i64> = days.iter().map(|day| (day.start().micros() / DAY_US).rem_euclid(LOCKS as i64)).collect();
    if locks.is_empty() {
        return Ok(());
    }
    locks.sort_unstable();
    locks.dedup();
    let statement = match hold {
        Hold::Shared => {
            "SELECT pg_advisory_xact_lock_shared(hashtextextended('healthtrack.day.' || lock, 0))
             FROM unnest($1::bigint[]) AS lock"
        }
        Hold::Alone => {
            "SELECT pg_advisory_xact_lock(hashtextextended('healthtrack.day.' || lock, 0))
             FROM unnest($1::bigint[]) AS lock"
        }
    };
    sqlx::query(statement)
        .bind(locks)
        .execute(transaction)
        .await
        .map(|_| ())
        .map_err(StoreError::at("holding the days of a merge"))
}
