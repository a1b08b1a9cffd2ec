//! The daemon's own tasks: one that panics ends the daemon in order, and signals end it in order or at once.

use sqlx::Connection as _;
use tempfile::TempDir;

use crate::crash::{SAMPLES, STORED, assert_all, publish, publisher, rows};
use crate::support::daemon::{Daemon, FAULT_VARIABLE, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::TestDatabase;
use crate::support::stack::TestStack;
use crate::support::wait::wait_until;

/// Has a task of a daemon panic that has acknowledged some messages and holds others; what it has logged.
async fn panics(task: &str) -> Option<(String, TestStack, TempDir)> {
    let archive = tempfile::tempdir().unwrap();
    let url = format!("file://{}", archive.path().display());
    let fault = format!("panic_in_task:{task}");
    let keys = [(FAULT_VARIABLE, fault.as_str()), ("ARCHIVE__URL", &url), ("INGEST__BATCH_AGE_MS", "500")];
    let mut stack = TestStack::build(&keys).await?;
    publish(&stack.publisher, 0..100).await;
    stack.daemon.wait_settled(100 * SAMPLES).await;
    stack.acknowledged(100).await;
    // These wait in a lane for half a second, so the panic comes before their commit.
    publish(&stack.publisher, 100..200).await;
    let received = || async { stack.daemon.metric("healthtrack_mqtt_messages_total") == 200.0 };
    wait_until(TIMEOUT, "all messages are received", received).await;
    stack.daemon.signal("USR1");
    let status = stack.daemon.wait_ended(TIMEOUT).await;
    assert_eq!(status.code(), Some(1), "{}", stack.daemon.log());
    Some((stack.daemon.log(), stack, archive))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_panics_ends_the_daemon_in_order() {
    for task in ["roller", "maintenance", "compactor", "chunks", "histograms", "http_health", "http_metrics"] {
        let Some((log, stack, _archive)) = panics(task).await else { return };
        let named = log.lines().any(|line| line.contains("a task has failed") && line.contains(task));
        assert!(named, "{task} is not named: {log}");
        assert!(log.contains("a thread panicked at src/faults/"), "{log}");
        let sentence = format!("healthtrack: the daemon's task {task} has panicked");
        assert!(log.lines().last().is_some_and(|line| line.starts_with(&sentence)), "{log}");
        // In order: what was received is committed, and so the broker has been told of all of it.
        assert_all(&rows(stack.database.url(), STORED).await, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_fails_while_the_schema_is_brought_up_to_date_is_asked_again() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let mut other = sqlx::PgConnection::connect(database.url()).await.unwrap();
    let mut held = other.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE _sqlx_migrations IN ACCESS EXCLUSIVE MODE").execute(&mut *held).await.unwrap();
    let daemon = Daemon::spawn(database.url(), &mosquitto.url(), &[]);
    let ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%_sqlx_migrations%'";
    wait_until(TIMEOUT, "the daemon's migration is ended", || async {
        crate::support::stack::rows(database.url(), ended).await == ["(t)"]
    })
    .await;
    wait_until(TIMEOUT, "the daemon tries again", || async { daemon.log().contains("retrying") }).await;
    held.commit().await.unwrap();
    daemon.wait_ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ingest_that_panics_ends_the_daemon_and_loses_nothing() {
    let Some((log, mut stack, _archive)) = panics("ingest").await else { return };
    assert!(log.contains("healthtrack: the daemon's task ingest has panicked"), "{log}");
    let stored = rows(stack.database.url(), STORED).await;
    assert!(stored.len() as u64 >= 100 * SAMPLES, "{} samples of acknowledged messages are stored", stored.len());
    stack.daemon.mend();
    stack.daemon.restart();
    stack.daemon.wait_ready().await;
    crate::crash::wait_stored(stack.database.url(), 200).await;
    assert_all(&rows(stack.database.url(), STORED).await, 200);
}

/// Method: a lock on the table of blocks keeps a batch from its commit, so the orderly stop waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_signal_stops_in_order_and_the_second_at_once() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let mut daemon = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    let publisher = publisher(&mosquitto).await;
    publish(&publisher, 0..100).await;
    daemon.wait_settled(100 * SAMPLES).await;
    let (ended_well, _) = daemon.stop();
    assert!(ended_well, "{}", daemon.log());

    daemon.restart();
    daemon.wait_ready().await;
    let mut lock = sqlx::PgConnection::connect(database.url()).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE signal.block").execute(&mut lock).await.unwrap();
    publish(&publisher, 100..200).await;
    crate::support::stack::wait_locked_out(database.url()).await;
    // The log also holds the first run's line, and two signals that come together are one to a process.
    let told = || daemon.log().matches("stopping: what is received").count();
    assert_eq!(told(), 1, "{}", daemon.log());
    daemon.signal("TERM");
    wait_until(TIMEOUT, "the daemon stops reading", || async { told() == 2 }).await;
    assert!(daemon.is_alive(), "it waits for the batch");
    daemon.signal("TERM");
    // Only the second signal ends it so, whenever that is: after the batch it ends well.
    let status = daemon.wait_ended(TIMEOUT).await;
    assert_eq!(status.code(), Some(128 + 15), "{}", daemon.log());
    drop(lock);
    daemon.restart();
    daemon.wait_ready().await;
    crate::crash::wait_stored(database.url(), 200).await;
    assert_all(&rows(database.url(), STORED).await, 200);
}
