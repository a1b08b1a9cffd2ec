//! Permanence: what to do about a fault after those before it.
//!
//! # Why
//! A cached plan that a migration has made stale, or a table that is dropped while it is read, is answered as if it
//! were missing for good, and a chunk that is dropped as if its files were damaged. A new connection cures each. So a
//! fault counts as permanent when it comes twice in a row, each time on a new connection, and a doubtful answer counts
//! as damage when it comes `DOUBTS_MAX` times in a row; what else is read of the same batch is then not doubted anew.
//!
//! A statement that does not end in time may have waited for a lock, or be too much for its time limit. The second in
//! a row counts as too large, and so does each later one of the same batch.

use crate::store::{Fault, StoreError};

const ANSWERS_MAX: u32 = 2;
const DOUBTS_MAX: u32 = 5;
const TIMEOUTS_MAX: u32 = 2;

/// What was answered so far.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Permanence {
    permanent: u32,
    doubts: u32,
    timeouts: u32,
}

impl Permanence {
    /// What to do about an error; `None` where no further try can help.
    pub(super) fn weigh(&mut self, error: &StoreError) -> Option<Fault> {
        let (fault, is_doubtful) = (error.fault(), matches!(error, StoreError::Doubtful { .. }));
        self.permanent = if fault == Fault::Permanent { self.permanent + 1 } else { 0 };
        self.doubts = match (is_doubtful, self.is_damage()) {
            (_, true) => DOUBTS_MAX,
            (true, false) => self.doubts + 1,
            (false, false) => 0,
        };
        self.timeouts = match (error.is_slow(), self.is_slow()) {
            (_, true) => TIMEOUTS_MAX,
            (true, false) => self.timeouts + 1,
            (false, false) => 0,
        };
        match fault {
            Fault::Fenced => None,
            Fault::Permanent if self.permanent >= ANSWERS_MAX => None,
            Fault::Passing if is_doubtful && self.is_damage() => Some(Fault::Unreadable),
            Fault::Passing if error.is_slow() && self.is_slow() => Some(Fault::TooLarge),
            fault => Some(fault),
        }
    }

    /// Something was written.
    pub(super) fn succeed(&mut self) {
        self.permanent = 0;
        if !self.is_damage() {
            self.doubts = 0;
        }
        if !self.is_slow() {
            self.timeouts = 0;
        }
    }

    fn is_slow(&self) -> bool {
        self.timeouts >= TIMEOUTS_MAX
    }

    fn is_damage(&self) -> bool {
        self.doubts >= DOUBTS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(of: &str) -> StoreError {
        let (step, source) = ("a step", sqlx::Error::PoolTimedOut);
        match of {
            "passing" => StoreError::Database { step, source },
            "slow" => StoreError::Timeout { step, seconds: 1 },
            "permanent" => StoreError::Outdated,
            "doubtful" => StoreError::Doubtful { step, source },
            "damaged" => StoreError::Damaged { step, source },
            "data" => StoreError::Answered { step, code: "23505".to_owned() },
            other => panic!("{other}"),
        }
    }

    fn weighed(errors: &[&str]) -> Option<Fault> {
        let (mut permanence, mut weighed) = (Permanence::default(), None);
        for of in errors {
            match *of {
                "success" => permanence.succeed(),
                of => weighed = permanence.weigh(&error(of)),
            }
        }
        weighed
    }

    #[test]
    fn a_fault_is_permanent_once_it_was_answered_twice_in_a_row() {
        assert_eq!(weighed(&["permanent"]), Some(Fault::Permanent));
        assert_eq!(weighed(&["permanent", "permanent"]), None);
        assert_eq!(weighed(&["permanent", "passing", "permanent"]), Some(Fault::Permanent));
        assert_eq!(weighed(&["permanent", "success", "permanent"]), Some(Fault::Permanent));
        assert_eq!(weighed(&["data"]), Some(Fault::Data));
    }

    #[test]
    fn what_does_not_end_in_time_is_too_large_once_it_comes_twice_in_a_row_and_then_for_the_whole_batch() {
        assert_eq!(weighed(&["slow"]), Some(Fault::Passing));
        assert_eq!(weighed(&["slow", "passing", "slow"]), Some(Fault::Passing));
        assert_eq!(weighed(&["slow", "success", "slow"]), Some(Fault::Passing));
        assert_eq!(weighed(&["slow", "slow"]), Some(Fault::TooLarge));
        assert_eq!(weighed(&["slow", "slow", "success", "passing"]), Some(Fault::Passing));
        assert_eq!(weighed(&["slow", "slow", "success", "slow"]), Some(Fault::TooLarge));
    }

    #[test]
    fn a_doubtful_answer_is_damage_once_it_comes_five_times_in_a_row_and_then_for_the_whole_batch() {
        assert_eq!(weighed(&["damaged"]), Some(Fault::Unreadable));
        assert_eq!(weighed(&["doubtful"; 4]), Some(Fault::Passing));
        assert_eq!(weighed(&["doubtful"; 5]), Some(Fault::Unreadable));
        let interrupted = ["doubtful", "doubtful", "doubtful", "passing", "doubtful", "success", "doubtful"];
        assert_eq!(weighed(&interrupted), Some(Fault::Passing));
        assert_eq!(weighed(&[&["doubtful"; 5][..], &["success", "doubtful"]].concat()), Some(Fault::Unreadable));
    }
}
