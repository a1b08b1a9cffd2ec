//! The roll beside a daemon that writes, under readers that read, and on a disk that fails.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::Instant;

use healthtrack::mqtt::publisher::Publisher;

use crate::roll::{FAULT_VARIABLE, TestStack, errors};
use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::skip;
use crate::support::stack::{Verdict, promise};
use crate::support::wait::wait_until;

const TOPIC: &str = "ht/1/main/watch-7/batch";
/// 2024-03-05T00:00:00Z in milliseconds.
const DAY_MS: u64 = 1_709_596_800_000;

/// A daemon that rolls at once, and somebody who publishes to it.
async fn daemon(stack: &TestStack, mosquitto: &Mosquitto, keys: &[(&str, &str)]) -> (Daemon, Publisher) {
    let daemon = Daemon::start(stack.url(), &mosquitto.url(), keys).await;
    let publisher = Publisher::connect(&mosquitto.url().parse().unwrap(), "test", 1_000).await.unwrap();
    (daemon, publisher)
}

/// A run of values, one a second, from so many seconds after midnight of so many days after 2024-03-05.
fn run(day: u64, second: u64, values: &[u32]) -> Vec<u8> {
    let values = values.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let start = DAY_MS + day * 86_400_000 + second * 1_000;
    let series = format!(r#"{{"metric":"heart_rate","start":{start},"period_ms":1000,"values":[{values}]}}"#);
    format!(r#"{{"v":1,"series":[{series}]}}"#).into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_that_owns_its_shard_rolls_and_late_samples_come_into_the_hot_table_again() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let mut stack = TestStack::build().await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0]).await;
    let mut expected = stack.samples();
    let url = stack.archive_url();
    let (daemon, publisher) = daemon(&stack, &mosquitto, &[("ARCHIVE__URL", &url), ("ARCHIVE__HOUR", "0")]).await;
    let rolled = || async { daemon.metric("healthtrack_archive_rolled_samples_total") == 2.0 };
    wait_until(TIMEOUT, "the daemon has rolled", rolled).await;
    assert_eq!(stack.samples(), expected);

    // The lane remembers a chunk that the next roll drops; a message of one sample cannot be cut any further.
    for second in [0, 100, 200] {
        publisher.publish(TOPIC.to_owned(), run(0, second, &[70])).await.unwrap();
        daemon.wait_settled(second / 100 + 1).await;
        stack.roll();
    }
    assert_eq!(daemon.outcomes(), [3, 0, 0, 0]);
    for minute in [0, 100, 200] {
        expected.push(format!("watch-7,heart_rate,,2024-03-05T00:0{}:{:02}Z,,70,,/min", minute / 60, minute % 60));
    }
    expected.sort();
    // When they came is of no interest here.
    let told = |line: String| line.split(',').take(8).collect::<Vec<_>>().join(",");
    let samples: Vec<String> = stack.samples().into_iter().map(told).collect();
    assert_eq!((samples, stack.count("signal.block").await), (expected, 0));
    stack.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_daemon_says_when_the_archive_was_last_found_sound() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let mut stack = TestStack::build().await;
    stack.put_some().await;
    stack.roll();
    stack.verify();
    stack.execute("UPDATE signal.archive SET verified_at = '2024-03-05 10:00Z'").await;
    let url = stack.archive_url();
    // It has rolled nothing yet: the hour is to come, or everything is rolled.
    let (daemon, _publisher) = daemon(&stack, &mosquitto, &[("ARCHIVE__URL", &url), ("ARCHIVE__HOUR", "23")]).await;
    let said = || async { daemon.metric("healthtrack_archive_verified_timestamp_seconds") == 1_709_632_800.0 };
    wait_until(TIMEOUT, "the daemon knows when the archive was verified", said).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_each_sample_once_while_rolls_and_late_samples_go_on() {
    readers_see_each_sample_once(TestStack::build).await;
}

pub(crate) async fn readers_see_each_sample_once(build: impl AsyncFn() -> TestStack) {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let stack = build().await;
    let (daemon, publisher) = daemon(&stack, &mosquitto, &[]).await;
    let mut roll = stack.roll_verb();
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let rolling = std::thread::spawn(move || {
        let mut rolls = 0;
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            let output = roll.output().unwrap();
            assert!(output.status.success(), "{}", errors(&output));
            rolls += 1;
        }
        rolls
    });
    let (mut sent, mut reads, mut known) = (0, 0, BTreeSet::new());
    let begun = Instant::now();
    for round in 0..30 {
        // Three days; each round fills the gaps of the rounds before it, and says one value again.
        for day in 0..3 {
            publisher.publish(TOPIC.to_owned(), run(day, round * 7 % 30 * 10, &[60, 61, 62])).await.unwrap();
            publisher.publish(TOPIC.to_owned(), run(day, round * 7 % 30 * 10 + 1, &[61])).await.unwrap();
            sent += 4;
        }
        daemon.wait_settled(sent).await;
        // Fails by itself where a sample comes twice.
        let seen: BTreeSet<String> = stack.samples().into_iter().collect();
        assert_eq!(seen.len() as u64, (round + 1) * 9, "round {round}");
        assert!(known.is_subset(&seen), "a sample is gone that was there");
        (known, reads) = (seen, reads + 1);
        assert!(begun.elapsed() < 4 * TIMEOUT, "too slow: {reads} reads");
    }
    stop.send(()).unwrap();
    let rolls = rolling.join().unwrap();
    assert!(rolls >= 3, "only {rolls} rolls went on beside {reads} reads");
    stack.roll();
    assert_eq!(stack.samples().into_iter().collect::<BTreeSet<_>>(), known);
    stack.verify();
}

/// The binary under strace; `None` where that is not here, which was said.
fn traced(stack: &TestStack, options: &[&str]) -> Option<Command> {
    let works = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    if !works.is_ok_and(|output| output.status.success()) {
        skip("strace is not here, or may not trace");
        return None;
    }
    let verb = stack.roll_verb();
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-y"]).args(options).arg(verb.get_program()).args(verb.get_args());
    for (name, value) in verb.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Some(command)
}

/// Method: the system calls of a roll, in their order.
async fn bytes_are_on_disk_before_their_name(injected: Option<&str>) -> Option<Verdict> {
    let mut stack = TestStack::build().await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0]).await;
    let trace = tempfile::NamedTempFile::new().unwrap();
    let path = trace.path().to_str().unwrap();
    let mut command = traced(&stack, &["-e", "trace=fsync,fdatasync,rename,renameat,renameat2", "-o", path])?;
    let output = command.envs(injected.map(|injected| (FAULT_VARIABLE, injected))).output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    let calls = std::fs::read_to_string(path).unwrap();
    let place = |holds: &dyn Fn(&str) -> bool| calls.lines().position(holds);
    let synced = place(&|line| line.contains("sync(") && line.contains("2024-03-05.part"));
    let named = place(&|line| line.contains("rename") && line.contains("2024-03-05.part") && line.contains("/g00001-"));
    let settled = |folder: &str| {
        calls
            .lines()
            .enumerate()
            .filter(|(_, line)| line.contains("sync(") && line.contains(folder))
            .map(|(at, _)| at)
            .last()
    };
    let (Some(synced), Some(named)) = (synced, named) else {
        return Some(Err(format!("not synced or named: {calls}")));
    };
    Some(
        promise(synced < named, || format!("named before it was synced: {calls}"))
            .and(promise(settled("day=2024-03-05>") > Some(named), || format!("its day is not synced: {calls}")))
            .and(promise(settled("metric=heart_rate>") > Some(named), || format!("its metric is not synced: {calls}"))),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_its_name_only_when_its_bytes_are_on_disk() {
    let Some(verdict) = bytes_are_on_disk_before_their_name(None).await else { return };
    verdict.unwrap();
    let seen = bytes_are_on_disk_before_their_name(Some("rename_before_sync")).await.unwrap();
    assert!(seen.is_err(), "the check does not see a name that comes before its bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_fails_or_is_full_at_any_step_costs_nothing() {
    let mut stack = TestStack::build().await;
    stack.put("watch-7", "step_count", None, "2024-03-05 08:00Z", &[1.0]).await;
    stack.roll();
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0]).await;
    let expected = stack.samples();
    let part = stack.root().join("temporary/heart_rate-2024-03-05.part");
    let part = part.to_str().unwrap();
    let day = stack.root().join("metric=heart_rate/day=2024-03-05");
    let day = day.to_str().unwrap();
    let faults: [&[&str]; 8] = [
        &["-e", "inject=fsync:error=EIO:when=1"],
        &["-e", "inject=fsync:error=EIO:when=2"],
        &["-e", "inject=fsync:error=EIO:when=3"],
        &["-e", "inject=fsync:error=EIO:when=4"],
        &["-P", part, "-e", "inject=fsync:error=EIO"],
        &["-P", day, "-e", "inject=fsync:error=EIO"],
        &["-P", part, "-e", "inject=write:error=ENOSPC"],
        &["-P", part, "-e", "inject=rename:error=EIO"],
    ];
    for fault in faults {
        let Some(mut command) = traced(&stack, &[fault, &["-o", "/dev/null"]].concat()) else { return };
        let output = command.output().unwrap();
        assert!(!output.status.success(), "{fault:?} does not strike: {}", errors(&output));
        assert!(errors(&output).contains("archive"), "{fault:?}: {}", errors(&output));
        assert_eq!((stack.samples(), stack.count("signal.block").await), (expected.clone(), 1), "{fault:?}");
        assert_eq!(stack.leftovers(), [] as [std::path::PathBuf; 0], "{fault:?}");
    }
    let report = stack.roll();
    assert_eq!((&report["files"], stack.samples()), (&serde_json::json!(1), expected), "{report}");
    stack.verify();
    assert_eq!(stack.live_files().len(), 2);
}
