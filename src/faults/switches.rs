//! Switches: which bug `HEALTHTRACK_INJECT_FAULT` plants, and from when on. Compiled with debug assertions only.
//!
//! `WORD` plants it from the start, `WORD:3` from the third time on that the daemon comes to it: the second connection
//! that does not subscribe, the third batch after which it dies. `panic_in_task:NAME` names a task instead. Read once; a
//! word that names no bug ends the process, since a test that runs without the bug that it names would prove the wrong
//! thing.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::signal::unix::{SignalKind, signal};

use super::Defect;
use crate::config::variable;

const VARIABLE: &str = "HEALTHTRACK_INJECT_FAULT";

const ALL: [Defect; 22] = [
    Defect::AckBeforeCommit,
    Defect::AsynchronousCommit,
    Defect::NoDuplicateCheck,
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

/// The bug of this process.
#[derive(Debug)]
struct Plant {
    bug: Defect,
    /// From which time on, counted from one.
    from: u64,
    /// How often the daemon came to it.
    times: AtomicU64,
    /// The task that has it, where only one does.
    task: Option<String>,
}

static PLANT: OnceLock<Option<Plant>> = OnceLock::new();

/// Whether this daemon has the bug, and has it already; counts the asking.
pub(crate) fn is_injected(bug: Defect) -> bool {
    #[cfg(test)]
    if HERE.get() == Some(bug) {
        return true;
    }
    match PLANT.get_or_init(read) {
        Some(plant) if plant.bug == bug => plant.times.fetch_add(1, Ordering::Relaxed) + 1 >= plant.from,
        _ => false,
    }
}

/// Does the work of a task; where `panic_in_task` names it, the task panics once the process is sent SIGUSR1.
pub(crate) async fn run_task<T>(task: &str, work: impl Future<Output = T>) -> T {
    let plant = PLANT.get_or_init(read).as_ref();
    if plant.is_none_or(|plant| plant.bug != Defect::PanicInTask || plant.task.as_deref() != Some(task)) {
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

fn read() -> Option<Plant> {
    let text = variable(VARIABLE).filter(|text| !text.is_empty())?;
    let plant = text.to_str().and_then(parse);
    match &plant {
        Some(plant) => tracing::warn!("this daemon has a bug on purpose: {:?}", plant.bug),
        None => {
            eprintln!("healthtrack: {VARIABLE} must be WORD, WORD:TIME or panic_in_task:TASK of a bug in src/faults/");
            std::process::exit(2);
        }
    }
    plant
}

fn parse(text: &str) -> Option<Plant> {
    let (word, detail) = text.split_once(':').map_or((text, None), |(word, detail)| (word, Some(detail)));
    let bug = ALL.into_iter().find(|bug| word_of(*bug) == word)?;
    let (from, task) = match (bug, detail) {
        (Defect::PanicInTask, task) => (1, Some(task?.to_owned())),
        (_, from) => (from.map_or(Ok(1), str::parse).ok()?, None),
    };
    Some(Plant { bug, from, times: AtomicU64::new(0), task })
}

/// `AckBeforeCommit` is `ack_before_commit`.
fn word_of(bug: Defect) -> String {
    let mut word = String::new();
    for letter in format!("{bug:?}").chars() {
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

/// Does `work` with a bug that no other thread has.
#[cfg(test)]
fn with<T>(bug: Defect, work: impl FnOnce() -> T) -> T {
    HERE.set(Some(bug));
    let done = work();
    HERE.set(None);
    done
}

/// Whether a property of a pure part fails once the bug is planted. The cases are the same each time.
#[cfg(test)]
pub(crate) fn is_seen<S: proptest::strategy::Strategy>(
    bug: Defect,
    cases: &S,
    property: impl Fn(S::Value) -> Result<(), proptest::test_runner::TestCaseError>,
) -> bool {
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    let config = Config { failure_persistence: None, max_shrink_iters: 0, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    with(bug, || runner.run(cases, property)).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bug_is_named_by_its_word_and_begins_when_it_is_told_to() {
        let plant = parse("skip_resubscribe:2").unwrap();
        assert_eq!((plant.bug, plant.from), (Defect::SkipResubscribe, 2));
        assert_eq!(parse("die_after_commit").unwrap().from, 1);
        assert_eq!(parse("panic_in_task:roller").unwrap().task.as_deref(), Some("roller"));
        assert!(parse("panic_in_task").is_none());
        assert!(parse("no_such_bug").is_none() && parse("stale_ack:soon").is_none());
    }

    #[test]
    fn a_bug_is_planted_in_one_thread_and_only_there() {
        assert!(with(Defect::StaleAck, || is_injected(Defect::StaleAck) && !is_injected(Defect::AckBeforeCommit)));
        assert!(!is_injected(Defect::StaleAck));
    }
}
