//! Defects: every fault that a test may inject, each named for what the daemon then does wrong.

/// What may be injected, by its name in snake case: `ack_before_commit`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// Messages are acknowledged as soon as a lane takes them, before their COMMIT.
    AckBeforeCommit,
    /// COMMIT is answered before it is on disk.
    AsynchronousCommit,
    /// Samples are merged into what is stored without checking whether they are there already.
    NoDuplicateCheck,
    /// A word that was superseded stands again when it is delivered again.
    RepeatSuperseded,
    /// Nobody remembers which ranges were replaced.
    ForgetReplaced,
    /// A lane takes every series for a new one, though samples of it are stored.
    ForgetLasts,
    /// A commit of messages that came over an earlier connection acknowledges messages of the current one.
    StaleAck,
    /// A batch that failed is left out, and acknowledged like the next ones.
    AckAroundFailure,
    /// What cannot be put into quarantine is silently ignored.
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
    /// The roll trusts a store that has taken an upload, and does not read it back.
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
    #[cfg_attr(not(debug_assertions), expect(dead_code, reason = "only its switch names it, which a release has not"))]
    PanicInTask,
}
