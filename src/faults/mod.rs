//! Planted: bugs on purpose, so that the test of each promise can be seen to fail.
//!
//! # Why
//! A test that has never failed proves little. `HEALTHTRACK_INJECT_FAULT=stale_ack` starts a daemon that has this one bug, and
//! `tests/it/fault_injection.rs` asserts for each of them that the check of its promise goes red. Where daemons die at a named
//! point (`die_…`), their tests start them again and count.
//!
//! Only a build with debug assertions, as tests are, has any of it (`switches`). In a release `planted` is a constant
//! false, each hook is no code at all, and no variable is read.
//!
//! Invariant: a release has no switch, and each bug has its line in `tests/README.md` (`tests/tidy.rs`).

#[cfg(debug_assertions)]
mod switches;

#[cfg(debug_assertions)]
pub(crate) use switches::{is_injected, run_task};

#[cfg(all(test, debug_assertions))]
pub(crate) use switches::is_seen;

/// What may be planted, by its word with an underscore between its parts: `ack_before_commit`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// Messages are acknowledged as soon as a lane takes them, before their COMMIT.
    AckBeforeCommit,
    /// COMMIT is answered before it is on disk.
    AsynchronousCommit,
    /// Samples are laid into what is stored without a look at whether they are there already.
    NoDuplicateCheck,
    /// A lane takes every series for a new one, though samples of it are stored.
    ForgetLasts,
    /// A commit of messages that came over an earlier connection acknowledges messages of the present one.
    StaleAck,
    /// A batch that failed is left out, and acknowledged like the next ones.
    AckAroundFailure,
    /// What cannot be put into quarantine is passed over in silence.
    SwallowQuarantineError,
    /// A connection asks for no messages, as if each broker remembered each subscription.
    SkipResubscribe,
    /// The daemon dies when a batch is committed and none of it acknowledged.
    DieAfterCommit,
    /// The daemon dies when an acknowledgement has left and the next one has not.
    DieBetweenAcks,
    /// The roller dies at one of the points between its steps: `die_in_roll:3` at the third that it comes to.
    DieInRoll,
    /// The roll removes every block of a metric and day, whatever the file holds and however many they are.
    DeleteByPredicate,
    /// The roll does not mind how many of the noted blocks it has removed.
    SkipRecount,
    /// The roll records a file before the file has its name.
    ManifestBeforeFile,
    /// The roll gives a file its name before its bytes are on disk.
    RenameBeforeSync,
    /// The roll believes a store that has taken an upload, and does not read it back.
    TrustUpload,
    /// An erasure leaves superseded files where they are, for their grace.
    KeepErased,
    /// An erasure does not fence the daemon that remembers the device.
    EraseUnfenced,
    /// Retention takes the last day that is to be kept.
    RetireTooEarly,
    /// A sample at the very end of a period of wear counts as worn.
    WornAtItsEnd,
    /// A roll leaves the subjects of files as they are, though key or wear have changed.
    KeepSubjects,
    /// A task of the daemon panics when the process is sent SIGUSR1: `panic_in_task:roller` names which.
    PanicInTask,
}

/// Whether this daemon has the bug: never.
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
    fn a_release_has_no_planted_bug() {
        const { assert!(!is_injected(Defect::AckBeforeCommit)) }
    }
}
