//! The demo keeps its promises: every sample is accounted for, data stay, and nothing is left behind at Ctrl-C.
//!
//! Method: the real program, as a person starts it, with its database in a folder of the test's own.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use healthtrack::embedded::{PostgresOptions, PostgresSearch, PrivatePostgres};
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::support::wait::wait_until;
use crate::support::{process_of, runs};

/// Longer than a run of some seconds takes on a busy machine, database and all.
const TIMEOUT: Duration = Duration::from_secs(90);
/// What a person at Ctrl-C is promised.
const STOP_MAX: Duration = Duration::from_secs(10);

#[tokio::test]
async fn two_runs_on_one_folder_balance_and_keep_their_data() {
    let folder = tempfile::tempdir().unwrap();
    let mut stored = 0;
    for run in 0..2 {
        let summary = demo(folder.path(), &["--for", "8s"]).await;
        let number = |key: &str| summary[key].as_u64().unwrap_or_else(|| panic!("{key} in {summary}"));
        let settled = ["stored", "duplicate", "outdated", "conflict", "quarantined"].map(number).iter().sum::<u64>();
        assert!(summary["balanced"] == true && number("in_flight") == 0, "{summary}");
        assert_eq!((number("published_samples"), settled), (number("received"), number("received")), "{summary}");
        assert!((run > 0 || number("stored") > 1_000) && number("conflict") == 0, "{summary}");
        assert_eq!(number("quarantined"), number("broken_samples"), "{summary}");
        assert!(number("broken_samples") > 0 && number("repeated_samples") > 0, "{summary}");
        assert!(number("duplicate") >= number("repeated_samples"), "{summary}");
        // The second run makes up the same history, which the first has stored.
        assert_eq!(number("duplicate") > 2 * number("repeated_samples"), run == 1, "{summary}");
        stored += number("stored");
    }
    let count = async |from: &str| asked(folder.path(), &format!("SELECT count(*) FROM {from}")).await;
    assert_eq!(count("signal.sample").await, stored);
    assert_eq!(count("care.patient").await, 60, "made up once");
    let worn = "signal.sample JOIN signal.device USING (device_id) JOIN care.wear USING (device_key)
                WHERE start_at <@ worn_during";
    assert_eq!(count(worn).await, stored, "each wearer is a patient");
    // Another build had another migration of that number.
    asked(folder.path(), "UPDATE _sqlx_migrations SET checksum = '' WHERE version = 300 RETURNING version").await;
    let said = refused(folder.path()).await;
    assert!(said.lines().last().is_some_and(|line| line.contains("give another folder with --data-dir")), "{said}");
}

#[tokio::test]
async fn a_signal_drains_and_stops_within_ten_seconds_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["INT", "TERM"] {
        let mut child = start(folder.path(), &[]);
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let first_sample = async {
            while let Some(line) = said.next_line().await.unwrap() {
                if line.contains("first sample stored") {
                    return;
                }
            }
            panic!("the demo ended before it stored a sample");
        };
        timeout(TIMEOUT, first_sample).await.expect("a sample is stored");
        let told = tokio::spawn(async move { while said.next_line().await.is_ok_and(|line| line.is_some()) {} });
        let postmaster = postmaster(folder.path());
        assert!(runs(postmaster));

        let begun = Instant::now();
        let pid = child.id().unwrap().to_string();
        assert!(Command::new("kill").args([&format!("-{signal}"), &pid]).status().await.unwrap().success());
        let mut summary = String::new();
        let mut stdout = child.stdout.take().unwrap();
        timeout(TIMEOUT, stdout.read_to_string(&mut summary)).await.expect("the demo ends").unwrap();
        let status = child.wait().await.unwrap();
        assert!(begun.elapsed() < STOP_MAX, "SIG{signal} took {:?}", begun.elapsed());
        assert_eq!(status.code(), Some(0), "{summary}");
        assert_eq!(serde_json::from_str::<Value>(&summary).unwrap()["balanced"], true, "{summary}");
        // A server removes its pid file, for which a stop waits, just before it ends.
        wait_until(STOP_MAX, "the database has ended", || async { !runs(postmaster) }).await;
        told.await.unwrap();
        if cfg!(target_os = "linux") {
            assert_eq!(process_of(&[&folder.path().to_string_lossy()]), None, "a process was left behind");
        }
    }
}

#[tokio::test]
async fn a_folder_that_holds_something_else_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("cluster")).unwrap();
    std::fs::write(folder.path().join("cluster/not-a-cluster"), "").unwrap();
    let said = refused(folder.path()).await;
    assert!(said.lines().last().is_some_and(|line| line.contains("choose another --data-dir")), "{said}");
}

/// What the demo says of a folder that it does not run in.
async fn refused(data_dir: &Path) -> String {
    let output = timeout(TIMEOUT, start(data_dir, &["--for", "1s"]).wait_with_output()).await.unwrap().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs the demo to its own end and reads its summary.
async fn demo(data_dir: &Path, more: &[&str]) -> Value {
    let output = timeout(TIMEOUT, start(data_dir, more).wait_with_output()).await.expect("the demo ends").unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn start(data_dir: &Path, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_healthtrack"))
        .args(["demo", "--hubs", "5", "--json", "--data-dir"])
        .arg(data_dir)
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

fn postmaster(data_dir: &Path) -> u32 {
    let text = std::fs::read_to_string(data_dir.join("cluster/postmaster.pid")).unwrap();
    text.lines().next().unwrap().parse().unwrap()
}

/// A number that the demo's database answers with.
async fn asked(data_dir: &Path, query: &str) -> u64 {
    let options =
        PostgresOptions { search: PostgresSearch::of(|name| std::env::var_os(name)), ..PostgresOptions::default() };
    let postgres = PrivatePostgres::start(data_dir, options).await.unwrap();
    let mut connection = PgConnection::connect(&postgres.url("healthtrack")).await.unwrap();
    let query = sqlx::AssertSqlSafe(query.to_owned());
    let answer: i64 = sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    postgres.stop().await.unwrap();
    answer.unsigned_abs()
}
