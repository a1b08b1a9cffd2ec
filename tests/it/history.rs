//! A database that has forgotten: restored under a running daemon, it teaches nothing that is not so, and no sample
//! ends under another device.

use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::TestDatabase;
use crate::support::stack::{TestStack, rows, run};
use crate::support::wait::wait_until;

const FORGOTTEN: &str = "healthtrack_store_forgotten_total";
const STORED: &str = "SELECT device_id, count(*), min(value)::int, max(value)::int FROM signal.sample
                      GROUP BY device_id ORDER BY device_id";
const KEY: &str = "SELECT device_key FROM signal.device WHERE device_id = ";

async fn publish(stack: &TestStack, device: &str, start: u64, values: &[u32]) {
    stack.publish(&format!("ht/1/main/{device}/batch"), run(start, values)).await;
}

/// Waits until so many samples were stored, and nothing is under way. What was not acknowledged when the daemon forgot
/// comes again, so there may be duplicates.
async fn stored(stack: &TestStack, samples: u64) {
    wait_until(TIMEOUT, "the samples are stored", || async { stack.daemon.outcomes()[0] >= samples }).await;
    stack.daemon.wait_settled(samples).await;
    let [stored, duplicates, conflicts, quarantined] = stack.daemon.outcomes();
    assert_eq!((stored, conflicts, quarantined), (samples, 0, 0));
    assert_eq!(stack.daemon.metric("healthtrack_ingest_received_samples_total"), (stored + duplicates) as f64);
}

async fn enrol(url: &str, device: &str) {
    let enrolled = format!(
        "INSERT INTO signal.device (added_at, device_id, added_by, shard) VALUES (now(), '{device}', 'test', 'main')
         RETURNING device_key"
    );
    let mut connection = <sqlx::PgConnection as sqlx::Connection>::connect(url).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(enrolled)).execute(&mut connection).await.unwrap();
}

/// Method: a copy is made as a dump would; device B is enrolled and sends; the copy comes back; device C is given the
/// number that B had; B sends.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_database_never_gives_a_sample_to_the_device_that_has_the_number_now() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    publish(&stack, "a", 0, &[60, 61]).await;
    stack.settled(2).await;
    let dump = stack.database.copy().await;
    publish(&stack, "b", 0, &[70, 71]).await;
    stack.settled(4).await;
    let key_of_b = stack.rows(&format!("{KEY}'b'")).await;
    stack.database.close().await;
    enrol(dump.url(), "c").await;
    assert_eq!(rows(dump.url(), &format!("{KEY}'c'")).await, key_of_b, "the case is not the one that is meant");
    stack.database.restore(&dump).await;
    publish(&stack, "b", 10, &[72, 73, 74]).await;
    publish(&stack, "a", 10, &[62]).await;
    stored(&stack, 8).await;
    assert_eq!(stack.rows(STORED).await, ["(a,3,60,62)", "(b,3,72,74)"]);
    assert_eq!(stack.daemon.metric(FORGOTTEN), 1.0);
    assert!(stack.daemon.log().contains("lacks what was committed: it was restored"), "{}", stack.daemon.log());
    let owner = "SELECT epoch FROM signal.ingest_shard";
    assert_eq!(stack.rows(owner).await, ["(2)"], "another history needs another epoch");
    let copies = "SELECT count(DISTINCT incarnation_id), count(DISTINCT database_oid) FROM signal.incarnation";
    assert_eq!(stack.rows(copies).await, ["(2,2)"]);
    // What was lost comes again by whoever still has it.
    publish(&stack, "b", 0, &[70, 71]).await;
    publish(&stack, "c", 0, &[80]).await;
    stored(&stack, 11).await;
    assert_eq!(stack.rows(STORED).await, ["(a,3,60,62)", "(b,5,70,74)", "(c,1,80,80)"]);
    assert_eq!(stack.daemon.metric(FORGOTTEN), 1.0);
}

/// Method: an operator adds the device after the dump, and another one in the restored database.
#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_an_operator_added_after_the_dump_is_forgotten_too() {
    let Some(stack) = TestStack::build(&[("INGEST__UNKNOWN_DEVICE", "quarantine")]).await else { return };
    let dump = stack.database.copy().await;
    enrol(stack.database.url(), "b").await;
    publish(&stack, "b", 0, &[70]).await;
    stack.settled(1).await;
    stack.database.close().await;
    enrol(dump.url(), "c").await;
    stack.database.restore(&dump).await;
    publish(&stack, "b", 10, &[72]).await;
    let put_aside = || async { stack.daemon.outcomes()[3] >= 1 };
    wait_until(TIMEOUT, "in the restored database nobody has added it", put_aside).await;
    stack.daemon.wait_settled(2).await;
    assert_eq!(stack.daemon.outcomes()[0], 1);
    assert!(stack.rows(STORED).await.is_empty());
}

/// Method: while the database is away nothing is sent, and the restored one has the epoch that the daemon has.
#[tokio::test(flavor = "multi_thread")]
async fn the_connection_that_holds_the_shard_notices_by_itself() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let dump = stack.database.copy().await;
    publish(&stack, "b", 0, &[70]).await;
    stack.settled(1).await;
    stack.database.close().await;
    stack.database.restore(&dump).await;
    wait_until(TIMEOUT, "the daemon has noticed", || async { stack.daemon.metric(FORGOTTEN) == 1.0 }).await;
    wait_until(TIMEOUT, "it is ready again", || async { stack.daemon.is_ready() }).await;
    publish(&stack, "b", 10, &[71]).await;
    stored(&stack, 2).await;
    assert_eq!(stack.rows(STORED).await, ["(b,1,71,71)"]);
}

/// Method: everybody is sent away, and let in again.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_database_forgets_nothing() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    publish(&stack, "a", 0, &[60]).await;
    stack.settled(1).await;
    stack.database.close().await;
    stack.database.open().await;
    publish(&stack, "a", 1, &[61]).await;
    stack.settled(2).await;
    assert_eq!(stack.daemon.metric(FORGOTTEN), 0.0);
    assert_eq!(stack.rows("SELECT epoch FROM signal.ingest_shard").await, ["(1)"]);
}

/// Method: a standby waits in the restored database, so the daemon finds its shard taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_whose_restored_shard_another_has_taken_ends() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let mut first = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    let dump = database.copy().await;
    first.wait_ready().await;
    first.signal("STOP");
    database.close().await;
    database.restore(&dump).await;
    let mut second = Daemon::spawn(database.url(), &mosquitto.url(), &[]);
    wait_until(TIMEOUT, "the second daemon owns the shard", || async { second.readiness().contains("ready: owner") })
        .await;
    first.signal("CONT");
    wait_until(TIMEOUT, "the first one ends", || std::future::ready(!first.is_alive())).await;
    assert!(first.log().contains("the right to shard main was taken away"), "{}", first.log());
    assert!(second.is_alive());
}
