//! Deaths at named points, and acknowledgements as the broker sees them.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};

use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::postgres::TestDatabase;
use crate::support::script::{Line, Numbered, ScriptedBroker};
use crate::support::stack::{Verdict, promise, rows, run, wait_locked_out};
use crate::support::wait::wait_until;

const TOPIC: &str = "ht/1/main/watch/batch";

/// A daemon between this broker and this database, and its first connection.
async fn connected(broker: &ScriptedBroker, database: &TestDatabase, keys: &[(&str, &str)]) -> (Daemon, Line) {
    let daemon = Daemon::spawn(database.url(), &broker.url(), keys);
    let line = broker.accept(false).await;
    daemon.wait_ready().await;
    (daemon, line)
}

/// The n-th message, three samples long, under numbers that neither rise nor fall.
fn numbered(place: u64, dup: bool) -> Numbered {
    let first = u32::try_from(60 + 3 * place).unwrap();
    let payload = run(3 * place, &[first, first + 1, first + 2]);
    Numbered { packet_id: packet_id(place), dup, topic: TOPIC.to_owned(), payload }
}

fn packet_id(place: u64) -> u16 {
    u16::try_from(place * 7 % 10 + 1).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledgements_come_in_the_order_of_receipt_and_not_of_their_numbers() {
    let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
    let (_daemon, mut line) = connected(&broker, &database, &[]).await;
    line.deliver(&(0..10).map(|place| numbered(place, false)).collect::<Vec<_>>()).await;
    assert_eq!(line.acks(10, TIMEOUT).await, (0..10).map(packet_id).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_of_an_earlier_connection_acknowledges_nothing_on_the_present_one() {
    no_acknowledgement_crosses_connections(&[]).await.unwrap();
}

/// Method: the first connection's message waits for a lock, the second connection's for another one. Both have the
/// same number and the same place. When the first is committed, the second must still wait.
pub(crate) async fn no_acknowledgement_crosses_connections(keys: &[(&str, &str)]) -> Verdict {
    let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
    let (daemon, mut line) = connected(&broker, &database, keys).await;
    let mut blocks = PgConnection::connect(database.url()).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE signal.block IN SHARE MODE").execute(&mut blocks).await.unwrap();
    let mut quarantine = PgConnection::connect(database.url()).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE signal.quarantine_rejection IN SHARE MODE")
        .execute(&mut quarantine)
        .await
        .unwrap();
    line.deliver(&[numbered(0, false)]).await;
    wait_locked_out(database.url()).await;
    drop(line);
    let mut line = broker.accept(false).await;
    line.deliver(&[Numbered { payload: "broken".to_owned(), ..numbered(0, false) }]).await;
    let metric = |name: &str| daemon.metric(name);
    wait_until(TIMEOUT, "both have come", || async { metric("healthtrack_mqtt_messages_total") == 2.0 }).await;
    sqlx::raw_sql("ROLLBACK").execute(&mut blocks).await.unwrap();
    let stored = "healthtrack_ingest_samples_total{outcome=\"stored\"}";
    wait_until(TIMEOUT, "the first is committed", || async { metric(stored) == 3.0 }).await;
    let early = line.acks(1, Duration::from_millis(500)).await;
    promise(early.is_empty(), || "a message is acknowledged whose commit waits for a lock".to_owned())?;
    sqlx::raw_sql("ROLLBACK").execute(&mut quarantine).await.unwrap();
    assert_eq!(line.acks(1, TIMEOUT).await, [packet_id(0)]);
    assert_eq!(daemon.metric("healthtrack_mqtt_acks_total"), 1.0);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_marked_as_sent_before_is_judged_by_what_is_stored() {
    let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
    let (daemon, mut line) = connected(&broker, &database, &[]).await;
    // Marked, though it never came before; then once more; and once more without the mark, under another number.
    line.deliver(&[numbered(0, true)]).await;
    assert_eq!(line.acks(1, TIMEOUT).await, [packet_id(0)]);
    line.deliver(&[numbered(0, true), Numbered { packet_id: 9, ..numbered(0, false) }]).await;
    assert_eq!(line.acks(2, TIMEOUT).await, [packet_id(0), 9]);
    assert_eq!(daemon.outcomes(), [3, 6, 0, 0]);
    assert_eq!(rows(database.url(), "SELECT count(*) FROM signal.sample").await, ["(3)"]);
}

#[cfg(debug_assertions)]
mod deaths {
    use super::*;
    use crate::crash::{self, SAMPLES, STORED};
    use crate::support::daemon::FAULT_VARIABLE;
    use crate::support::mosquitto::{Mosquitto, MosquittoOptions};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_daemon_that_dies_between_commit_and_acknowledgement_doubles_nothing() {
        let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
        let database = TestDatabase::migrated().await;
        // The third batch is committed, and the daemon dies: with a batch every 5 ms there is a third one early.
        let keys = [(FAULT_VARIABLE, "die_after_commit:3"), ("INGEST__BATCH_AGE_MS", "5")];
        let mut daemon = Daemon::start(database.url(), &mosquitto.url(), &keys).await;
        let publisher = crash::publisher(&mosquitto).await;
        let mut sent = 0;
        while !daemon.has_ended() {
            assert!(sent < 2_000, "the daemon does not die");
            crash::publish(&publisher, sent..sent + 1).await;
            sent += 1;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let committed = crash::rows(database.url(), STORED).await.len() as u64;
        daemon.mend();
        daemon.restart();
        daemon.wait_ready().await;
        crash::wait_stored(database.url(), sent).await;
        daemon.wait_settled(sent * SAMPLES - committed).await;
        let [stored, duplicate, conflict, quarantined] = daemon.outcomes();
        assert!(duplicate > 0, "what was committed last was not acknowledged, so it comes again");
        assert_eq!((stored, conflict, quarantined), (sent * SAMPLES - committed, 0, 0));
        crash::assert_all(&crash::rows(database.url(), STORED).await, sent);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_daemon_that_dies_between_two_acknowledgements_keeps_their_order_and_doubles_nothing() {
        let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
        // All ten are in one batch: what comes first waits 200 ms for company.
        let keys = [(FAULT_VARIABLE, "die_between_acks:4"), ("INGEST__BATCH_AGE_MS", "200")];
        let (mut daemon, mut line) = connected(&broker, &database, &keys).await;
        line.deliver(&(0..10).map(|place| numbered(place, false)).collect::<Vec<_>>()).await;
        assert_eq!(line.acks(10, TIMEOUT).await, (0..4).map(packet_id).collect::<Vec<_>>());
        wait_until(TIMEOUT, "the daemon is dead", || std::future::ready(daemon.has_ended())).await;
        daemon.mend();
        daemon.restart();
        let mut line = broker.accept(true).await;
        line.deliver(&(4..10).map(|place| numbered(place, true)).collect::<Vec<_>>()).await;
        assert_eq!(line.acks(6, TIMEOUT).await, (4..10).map(packet_id).collect::<Vec<_>>());
        daemon.wait_settled(18).await;
        assert_eq!(daemon.outcomes(), [0, 18, 0, 0], "all of it was committed before the daemon died");
        let stored = rows(database.url(), "SELECT value FROM signal.sample ORDER BY start_at").await;
        assert_eq!(stored, (60..90).map(|value| format!("({value})")).collect::<Vec<_>>());
    }
}
