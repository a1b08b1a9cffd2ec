//! Permanence: when a permanent fault is taken for one.
//!
//! # Why
//! A cached plan that a migration has made stale, or a table that is dropped while it is read, is answered as if it
//! were missing for good. A new connection cures both, so a fault counts as permanent when it comes twice in a row,
//! each time on a new connection.

use crate::store::Fault;

const ANSWERS_MAX: u32 = 2;

/// What was answered in a row.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Permanence(u32);

impl Permanence {
    /// Notes a fault; true where no further try can help.
    pub(super) fn ends_with(&mut self, fault: Fault) -> bool {
        self.0 = if fault == Fault::Permanent { self.0 + 1 } else { 0 };
        fault == Fault::Fenced || self.0 >= ANSWERS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_stays_once_it_was_answered_twice_in_a_row() {
        let ends = |faults: &[Fault]| {
            let mut permanence = Permanence::default();
            faults.iter().map(|fault| permanence.ends_with(*fault)).collect::<Vec<_>>()
        };
        assert_eq!(ends(&[Fault::Permanent, Fault::Permanent]), [false, true]);
        assert_eq!(ends(&[Fault::Permanent, Fault::Passing, Fault::Permanent]), [false; 3]);
        assert_eq!(ends(&[Fault::Data, Fault::Unreadable, Fault::Passing, Fault::Fenced]), [false, false, false, true]);
    }
}
