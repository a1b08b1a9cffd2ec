//! Switches: which fault `HEALTHTRACK_INJECT_FAULT` injects, and from when on. Compiled with debug assertions only.
//!
//! `NAME` injects it from the start, `NAME:3` from the third time on that the daemon comes to it: the second connection
//! that does not subscribe, the third batch after which it dies. `panic_in_task:NAME` names a task instead. Read once;
//! a name that is no fault's ends the process, since a test that runs without the fault that it names would prove the
//! wrong thing.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use super::defect::Defect;
use crate::config::variable;

const VARIABLE: &str = "HEALTHTRACK_INJECT_FAULT";

const ALL: [Defect; 24] = [
    Defect::AckBeforeCommit,
    Defect::AsynchronousCommit,
    Defect::NoDuplicateCheck,
    Defect::RepeatSuperseded,
    Defect::ForgetReplaced,
    Defect::ForgetLasts,
    Defect::StaleAck,
    Defect::AckAroundFailure,
    Defect::SwallowQuarantineError,
    Defect::SkipResubscribe,
    Defect::DieAfterCommit,
    Defect::DieBetweenAcks,
    Defect::DieInRoll,
    Defect::DeleteByPredicate,
    Defect::SkipRecount,
    Defect::ManifestBeforeFile,
    Defect::RenameBeforeSync,
    Defect::TrustUpload,
    Defect::KeepErased,
    Defect::EraseUnfenced,
    Defect::RetireTooEarly,
    Defect::WornAtItsEnd,
    Defect::KeepSubjects,
    Defect::PanicInTask,
];

/// The fault of this process.
#[derive(Debug)]
struct Injection {
    defect: Defect,
    /// From which time on, counted from one.
    from: u64,
    /// How often the daemon came to it.
    times: AtomicU64,
    /// The task that has it, where only one does.
    task: Option<String>,
}

static INJECTION: OnceLock<Option<Injection>> = OnceLock::new();

/// Whether this fault is injected, and has begun; counts how often it is asked.
pub(crate) fn is_injected(defect: Defect) -> bool {
    #[cfg(test)]
    if HERE.get() == Some(defect) {
        return true;
    }
    match INJECTION.get_or_init(read) {
        Some(injection) if injection.defect == defect => {
            injection.times.fetch_add(1, Ordering::Relaxed) + 1 >= injection.from
        }
        _ => false,
    }
}

/// Does the work of a task; where `panic_in_task` names it, the task panics once the process is sent SIGUSR1.
#[expect(clippy::panic, reason = "panicking is the fault that is injected")]
pub(crate) async fn run_task<T>(task: &str, work: impl Future<Output = T>) -> T {
    let injection = INJECTION.get_or_init(read).as_ref();
    if injection.is_none_or(|one| one.defect != Defect::PanicInTask || one.task.as_deref() != Some(task)) {
        return work.await;
    }
    let signalled = async {
        match signal(SignalKind::user_defined1()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        done = work => done,
        () = signalled => std::panic::panic_any("a test wants it"),
    }
}

fn read() -> Option<Injection> {
    let text = variable(VARIABLE).filter(|text| !text.is_empty())?;
    let injection = text.to_str().and_then(parse);
    match &injection {
        Some(injection) => tracing::warn!(fault.defect = ?injection.defect, "a fault is injected on purpose"),
        None => {
            eprintln!("healthtrack: {VARIABLE} must be NAME, NAME:TIME or panic_in_task:TASK of src/faults/defect.rs");
            std::process::exit(2);
        }
    }
    injection
}

fn parse(text: &str) -> Option<Injection> {
    let (word, detail) = text.split_once(':').map_or((text, None), |(word, detail)| (word, Some(detail)));
    let defect = ALL.into_iter().find(|defect| word_of(*defect) == word)?;
    let (from, task) = match (defect, detail) {
        (Defect::PanicInTask, task) => (1, Some(task?.to_owned())),
        (_, from) => (from.map_or(Ok(1), str::parse).ok()?, None),
    };
    Some(Injection { defect, from, times: AtomicU64::new(0), task })
}

/// `AckBeforeCommit` is `ack_before_commit`.
fn word_of(defect: Defect) -> String {
    let mut word = String::new();
    for letter in format!("{defect:?}").chars() {
        if letter.is_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

#[cfg(test)]
thread_local! {
    static HERE: std::cell::Cell<Option<Defect>> = const { std::cell::Cell::new(None) };
}

/// Does `work` with a fault that no other thread has.
#[cfg(test)]
fn with<T>(defect: Defect, work: impl FnOnce() -> T) -> T {
    HERE.set(Some(defect));
    let done = work();
    HERE.set(None);
    done
}

/// Whether a property of a pure part fails once the fault is injected. The cases are the same each time.
#[cfg(test)]
pub(crate) fn is_seen<S: proptest::strategy::Strategy>(
    defect: Defect,
    cases: &S,
    property: impl Fn(S::Value) -> Result<(), proptest::test_runner::TestCaseError>,
) -> bool {
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let config = Config { failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    with(defect, || runner.run(cases, property)).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_named_by_its_word_and_begins_when_it_is_told_to() {
        let injection = parse("skip_resubscribe:2").unwrap();
        assert_eq!((injection.defect, injection.from), (Defect::SkipResubscribe, 2));
        assert_eq!(parse("die_after_commit").unwrap().from, 1);
        assert_eq!(parse("panic_in_task:roller").unwrap().task.as_deref(), Some("roller"));
        assert!(parse("panic_in_task").is_none());
        assert!(parse("no_such_fault").is_none() && parse("stale_ack:soon").is_none());
    }

    #[test]
    fn a_fault_is_injected_in_one_thread_and_only_there() {
        assert!(with(Defect::StaleAck, || is_injected(Defect::StaleAck) && !is_injected(Defect::AckBeforeCommit)));
        assert!(!is_injected(Defect::StaleAck));
    }
}
