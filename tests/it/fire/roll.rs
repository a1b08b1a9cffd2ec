//! Days are rolled while they are written: by one roll after the other, and by rolls that die at each of their points.
//! The judge reads both tiers.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Output};
use std::time::Instant;

use super::stack::{MIX, Setup, TIMEOUT, TestStack};
use crate::roll::FAULT_VARIABLE;
use crate::support::judge::{Verdict, What};

const MESSAGES: u64 = 1_500;
const MESSAGES_PER_S: u64 = 250;
/// A roll of two days of one metric has some twenty points; one that finds less to do has fewer, and ends well.
const POINTS: u64 = 20;

impl TestStack {
    /// Starts a roll, with a bug or without.
    pub(super) fn begin_roll(&mut self, injected: Option<&str>) -> Child {
        self.rules.rolls = true;
        self.note(format!("a roll begins, {}", injected.unwrap_or("sound")));
        self.roll_verb().envs(injected.map(|injected| (FAULT_VARIABLE, injected))).spawn().unwrap()
    }

    /// Waits for a roll, and writes down how it ended.
    pub(super) async fn end_roll(&mut self, roll: Child) -> Output {
        let output = tokio::task::spawn_blocking(move || roll.wait_with_output().unwrap()).await.unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!errors.contains("panicked at"), "{errors}");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        self.note(format!("the roll has ended: {} {} {}", output.status, said.trim(), errors.trim()));
        output
    }
}

/// Rolls without end while the oracle publishes, `rolls` of them at least; `injected` says with which bug the nth of them.
/// The verdict, and how many rolls finished and died.
async fn rolled_under_load(
    seed: u64,
    rolls: u64,
    injected: impl Fn(u64) -> Option<String>,
) -> Option<(Verdict, u64, u64)> {
    let mut stack = TestStack::build(Setup::new(seed)).await?;
    stack.load(MESSAGES, MESSAGES_PER_S, MIX);
    stack.wait_for_more(100).await;
    let (begun, mut finished, mut died) = (Instant::now(), 0, 0);
    for number in 1.. {
        let roll = stack.begin_roll(injected(number).as_deref());
        let status = stack.end_roll(roll).await.status;
        finished += u64::from(status.success());
        died += u64::from(status.signal().is_some());
        assert!(begun.elapsed() < TIMEOUT, "the oracle does not end");
        if number >= rolls && stack.acknowledged() as u64 >= MESSAGES {
            break;
        }
    }
    Some((stack.judge().await, finished, died))
}

#[tokio::test(flavor = "multi_thread")]
async fn rolls_of_days_that_are_being_written_lose_nothing_and_double_nothing() {
    let Some((verdict, finished, _)) = rolled_under_load(31, 4, |_| None).await else { return };
    verdict.must_hold();
    assert!(finished > 3, "only {finished} rolls");
    let bug = |_| Some("delete_by_predicate".to_owned());
    let Some((verdict, ..)) = rolled_under_load(31, 4, bug).await else { return };
    let is_missing = verdict.violations.iter().any(|violation| violation.what == What::Missing);
    assert!(is_missing, "the judge does not see a roll that removes what it has not written: {verdict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rolls_that_die_at_each_point_under_load_lose_nothing_and_double_nothing() {
    let die = |number: u64| (number <= POINTS).then(|| format!("die_in_roll:{number}"));
    let Some((verdict, _, died)) = rolled_under_load(32, POINTS, die).await else { return };
    verdict.must_hold();
    assert!(died >= POINTS / 2, "only {died} of {POINTS} rolls have died");
}
