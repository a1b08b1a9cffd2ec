//! Fault injection: a test makes the daemon do one thing wrong, so that the check of each promise can be seen to fail.
//!
//! # Why
//! A test that has never failed proves little. `HEALTHTRACK_INJECT_FAULT=stale_ack` starts a daemon with this one
//! defect, and `tests/it/fault_injection.rs` asserts for each of them that the check of its promise goes red. Where
//! daemons die at a named point (`die_…`), their tests start them again and count.
//!
//! Only a build with debug assertions, as tests are, has any of it (`switches`). In a release `is_injected` is a
//! constant false, each hook is no code at all, and no variable is read.
//!
//! Invariant: a release has no switch, and each defect has its line in `tests/README.md` (`tests/tidy/`).

/// What can be injected.
mod defect;

/// What is injected now.
#[cfg(debug_assertions)]
mod switches;

pub(crate) use defect::Defect;

#[cfg(debug_assertions)]
pub(crate) use switches::{is_injected, run_task};

#[cfg(all(test, debug_assertions))]
pub(crate) use switches::is_seen;

/// A moment between two steps of a roll or an erasure, at which a test kills whoever works.
pub(crate) fn crash_point() {
    if is_injected(Defect::DieInRoll) {
        std::process::abort();
    }
}

/// Whether this fault is injected: never in a release.
#[cfg(not(debug_assertions))]
#[inline(always)]
pub(crate) const fn is_injected(_: Defect) -> bool {
    false
}

/// Does the work of a task: nothing else.
#[cfg(not(debug_assertions))]
pub(crate) async fn run_task<T>(_: &str, work: impl Future<Output = T>) -> T {
    work.await
}

#[cfg(all(test, not(debug_assertions)))]
mod tests {
    use super::*;

    #[test]
    fn a_release_injects_no_fault() {
        const { assert!(!is_injected(Defect::AckBeforeCommit)) }
    }
}
