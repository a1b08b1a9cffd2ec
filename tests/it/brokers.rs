//! Brokers with other habits: what they may do within the standard, or nearly so, and what the daemon makes of it.

use std::time::{Duration, Instant};

use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::postgres::TestDatabase;
use crate::support::script::{Line, Numbered, ScriptedBroker};
use crate::support::stack::run;

const TOPIC: &str = "ht/1/main/watch/batch";
/// Longer than any test waits: a batch that ends does so for another reason than its age.
const NEVER_OLD: (&str, &str) = ("INGEST__BATCH_AGE_MS", "60000");

/// A daemon between this broker and this database, and its first connection.
async fn connected(broker: &ScriptedBroker, database: &TestDatabase, keys: &[(&str, &str)]) -> (Daemon, Line) {
    let daemon = Daemon::spawn(database.url(), &broker.url(), keys);
    let line = broker.accept(false).await;
    daemon.wait_ready().await;
    (daemon, line)
}

/// Delivers `size` messages and waits for their acknowledgements, as a broker with such a window does.
async fn window(line: &mut Line, size: u16, round: u64) {
    let message = |place: u16| Numbered {
        packet_id: place + 1,
        dup: false,
        topic: TOPIC.to_owned(),
        payload: run(round * u64::from(size) + u64::from(place), &[60]),
    };
    line.deliver(&(0..size).map(message).collect::<Vec<_>>()).await;
    assert_eq!(line.acks(size.into(), TIMEOUT).await, (1..=size).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_come_is_committed_once_nothing_more_comes() {
    let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
    let (_daemon, mut line) = connected(&broker, &database, &[NEVER_OLD]).await;
    let begun = Instant::now();
    for round in 0..20 {
        window(&mut line, 10, round).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "20 windows took {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_of_a_broker_that_sends_little_ahead_is_told_once() {
    let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
    let (daemon, mut line) = connected(&broker, &database, &[]).await;
    let told = || daemon.log().matches("sends only 10 messages ahead").count();
    for round in 0..400 {
        window(&mut line, 10, round).await;
        if told() > 0 {
            break;
        }
    }
    assert_eq!(daemon.metric("healthtrack_mqtt_window_messages"), 10.0, "{}", daemon.log());
    for round in 400..420 {
        window(&mut line, 10, round).await;
    }
    assert_eq!(told(), 1);
}
