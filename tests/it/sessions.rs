//! Sessions at the broker when the configuration changes, and when the broker forgets: what was acknowledged to a
//! publisher ends stored, and what is lost is told.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use healthtrack::mqtt::publisher::Publisher;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::TestDatabase;
use crate::support::raw;
use crate::support::script::{Numbered, ScriptedBroker};
use crate::support::stack::{rows, run};
use crate::support::wait::{happens_within, wait_until};

const MESSAGES: &str = "healthtrack_mqtt_messages_total";
const OPEN: &str = "SELECT client_id, filters FROM signal.mqtt_session WHERE ended_at IS NULL ORDER BY client_id";
/// Three devices, three filters, which three connections have among them.
const THREE: &str = "ht/1/main/watch-0/+, ht/1/main/watch-1/+, ht/1/main/watch-2/+";

/// A broker, a database, and a publisher.
struct Stack {
    publisher: Publisher,
    mosquitto: Mosquitto,
    database: TestDatabase,
    /// Seconds that are published so far.
    published: u64,
}

impl Stack {
    async fn build() -> Option<Stack> {
        let mosquitto = Mosquitto::start(&MosquittoOptions { max_inflight_messages: 20, ..Default::default() })?;
        let database = TestDatabase::migrated().await;
        let publisher = Publisher::connect(&mosquitto.url().parse().unwrap(), "test", 1_000).await.unwrap();
        Some(Stack { publisher, mosquitto, database, published: 0 })
    }

    async fn daemon(&self, keys: &[(&str, &str)]) -> Daemon {
        Daemon::start(self.database.url(), &self.mosquitto.url(), keys).await
    }

    /// Publishes so many messages of each of three devices, and waits until the broker has acknowledged all.
    async fn publish(&mut self, messages: u64) {
        for second in self.published..self.published + messages {
            for device in 0..3 {
                self.publisher.publish(format!("ht/1/main/watch-{device}/batch"), run(second, &[60])).await.unwrap();
            }
        }
        self.published += messages;
        wait_until(TIMEOUT, "the broker has all", || async { self.publisher.counts().unanswered == 0 }).await;
    }

    async fn rows(&self, query: &str) -> Vec<String> {
        rows(self.database.url(), query).await
    }

    async fn execute(&self, statements: &str) {
        let mut connection = PgConnection::connect(self.database.url()).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
    }

    /// Waits until all that was published is stored, each sample once.
    async fn all_stored(&self) {
        let stored = "SELECT count(*), count(DISTINCT (device_id, start_at)) FROM signal.sample";
        let all = format!("({0},{0})", self.published * 3);
        wait_until(TIMEOUT, "all that was published is stored once", || async {
            self.rows(stored).await == [all.clone()]
        })
        .await;
        assert_eq!(self.rows("SELECT reason FROM signal.quarantine").await, [""; 0]);
    }

    /// Waits until these sessions alone are recorded as open.
    async fn open(&self, sessions: &[&str]) {
        let begun = Instant::now();
        while self.rows(OPEN).await != sessions {
            assert!(begun.elapsed() < TIMEOUT, "{:?} are open, not {sessions:?}", self.rows(OPEN).await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn doctor(&self, keys: &[(&str, &str)]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
        command.arg("doctor").env("HEALTHTRACK__STORE__URL", self.database.url()).stdin(Stdio::null());
        command.env("HEALTHTRACK__MQTT__URL", self.mosquitto.url());
        command.envs(keys.iter().map(|(key, value)| (format!("HEALTHTRACK__{key}"), *value)));
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_connections_strand_no_message() {
    let Some(mut stack) = Stack::build().await else { return };
    let mut daemon = stack.daemon(&[("MQTT__FILTERS", THREE), ("MQTT__CONNECTIONS", "3")]).await;
    stack.publish(10).await;
    daemon.wait_settled(30).await;
    daemon.stop();
    stack.publish(100).await;
    let now = [("MQTT__FILTERS", THREE), ("MQTT__CONNECTIONS", "1")];
    let said = stack.doctor(&now);
    assert!(said.contains("session healthtrack-main-1 at ") && said.contains("not drained"), "{said}");
    let _daemon = stack.daemon(&now).await;
    stack.publish(10).await;
    stack.all_stored().await;
    stack.open(&["(healthtrack-main,\"{ht/1/main/watch-0/+,ht/1/main/watch-1/+,ht/1/main/watch-2/+}\")"]).await;
    for left in ["healthtrack-main-1", "healthtrack-main-2"] {
        assert!(!raw::has_session(stack.mosquitto.port(), left).await, "{left} is still there");
    }
    assert!(!stack.doctor(&now).contains("not drained"));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_connections_strand_no_message() {
    let Some(mut stack) = Stack::build().await else { return };
    let mut daemon = stack.daemon(&[("MQTT__FILTERS", THREE)]).await;
    daemon.stop();
    stack.publish(100).await;
    let daemon = stack.daemon(&[("MQTT__FILTERS", THREE), ("MQTT__CONNECTIONS", "3")]).await;
    stack.publish(10).await;
    stack.all_stored().await;
    stack
        .open(&[
            "(healthtrack-main,{ht/1/main/watch-0/+})",
            "(healthtrack-main-1,{ht/1/main/watch-1/+})",
            "(healthtrack-main-2,{ht/1/main/watch-2/+})",
        ])
        .await;
    // Each message comes once from now on: the first session has left what the others have.
    let before = daemon.metric(MESSAGES);
    stack.publish(10).await;
    stack.all_stored().await;
    assert_eq!(daemon.metric(MESSAGES), before + 30.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_client_id_strands_no_message() {
    let Some(mut stack) = Stack::build().await else { return };
    let mut daemon = stack.daemon(&[("MQTT__CLIENT_ID", "first")]).await;
    daemon.stop();
    stack.publish(200).await;
    let daemon = stack.daemon(&[("MQTT__CLIENT_ID", "second")]).await;
    // While it drains, messages go on coming to both sessions.
    for _ in 0..20 {
        stack.publish(5).await;
    }
    stack.all_stored().await;
    stack.open(&["(second,{ht/1/main/+/+})"]).await;
    assert!(!raw::has_session(stack.mosquitto.port(), "first").await);
    assert!(!daemon.log().contains("lost"), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn fewer_filters_strand_no_message_and_bring_none() {
    let Some(mut stack) = Stack::build().await else { return };
    let mut daemon = stack.daemon(&[("MQTT__FILTERS", THREE)]).await;
    daemon.stop();
    stack.publish(100).await;
    let daemon = stack.daemon(&[("MQTT__FILTERS", "ht/1/main/watch-0/+")]).await;
    stack.all_stored().await;
    stack.open(&["(healthtrack-main,{ht/1/main/watch-0/+})"]).await;
    let before = daemon.metric(MESSAGES);
    stack.publish(10).await;
    let came = || daemon.metric(MESSAGES) - before;
    wait_until(TIMEOUT, "what is still wanted comes", || async { came() >= 10.0 }).await;
    assert!(!happens_within(Duration::from_millis(300), || came() > 10.0).await, "{} came", came());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_while_it_drains_drains_on() {
    let Some(mut stack) = Stack::build().await else { return };
    let mut daemon = stack.daemon(&[("MQTT__CLIENT_ID", "first")]).await;
    daemon.stop();
    stack.publish(1_000).await;
    let mut daemon = stack.daemon(&[("MQTT__CLIENT_ID", "second"), ("INGEST__BATCH_AGE_MS", "1")]).await;
    for thousand in 0..3 {
        let stored = format!("SELECT count(*) FROM signal.sample HAVING count(*) > {}", thousand * 1_000);
        wait_until(TIMEOUT, "some are stored", || async { !stack.rows(&stored).await.is_empty() }).await;
        daemon.kill();
        daemon.restart();
        daemon.wait_ready().await;
    }
    stack.all_stored().await;
    stack.open(&["(second,{ht/1/main/+/+})"]).await;
}

/// Records a session of an earlier configuration at a scripted broker.
async fn record_former(database: &TestDatabase, broker: &ScriptedBroker) {
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let former = format!(
        "INSERT INTO signal.ingest_shard (epoch, taken_at, shard, owner) VALUES (1, now(), 'main', 'former');
         INSERT INTO signal.mqtt_session (recorded_at, connected_at, expiry_s, shard, broker, client_id, filters)
         VALUES (now(), now(), 3600, 'main', '{}', 'former', '{{ht/1/main/+/+}}')",
        broker.url()
    );
    sqlx::raw_sql(AssertSqlSafe(former)).execute(&mut connection).await.unwrap();
}

/// A message of the shard under this number.
fn numbered(packet_id: u16) -> Numbered {
    let topic = "ht/1/main/watch-7/batch".to_owned();
    Numbered { packet_id, dup: false, topic, payload: run(packet_id.into(), &[60]) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_broker_cuts_again_and_again_is_drained_while_each_connection_brings_something() {
    let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
    record_former(&database, &broker).await;
    let _daemon = Daemon::spawn(database.url(), &broker.url(), &[("MQTT__RETRY_MAX_MS", "200")]);
    let (mut wanted, mut message) = (None, 0);
    while message < 8 {
        let (client_id, mut line) = broker.accept_named().await;
        line.welcome(client_id == "former", None).await;
        if client_id == "healthtrack-main" {
            wanted = Some(line);
            continue;
        }
        message += 1;
        line.deliver(&[numbered(message)]).await;
        assert_eq!(line.acks(1, TIMEOUT).await, [message]);
        // What is older comes first.
        if let Some(wanted) = &mut wanted {
            assert_eq!(wanted.acks(1, Duration::from_millis(50)).await, [0; 0]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_broker_turns_away_holds_up_nothing_for_ever() {
    let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
    record_former(&database, &broker).await;
    let _daemon = Daemon::spawn(database.url(), &broker.url(), &[("MQTT__RETRY_MAX_MS", "200")]);
    let (mut wanted, mut turned_away) = (None, 0);
    while turned_away < 5 {
        let (client_id, mut line) = broker.accept_named().await;
        line.welcome(client_id == "former", None).await;
        if client_id == "healthtrack-main" {
            wanted = Some(line);
            continue;
        }
        // A connection that is closed once or twice may well come back with what is older.
        if let Some(wanted) = &mut wanted {
            assert_eq!(wanted.acks(1, Duration::from_millis(50)).await, [0; 0]);
        }
        turned_away += 1;
    }
    wanted.expect("it connects as well").subscribe_id().await;
}

/// Migration 105 writes this row where a database has one shard; versions before it recorded no session.
#[tokio::test(flavor = "multi_thread")]
async fn the_session_of_a_version_that_recorded_none_is_drained() {
    const MIGRATION: &str = include_str!("../../schemas/migrations/0105_record_former_session.sql");
    let Some(mut stack) = Stack::build().await else { return };
    raw::subscribe(stack.mosquitto.port(), "healthtrack", "ht/1/+/+/+").await;
    stack.publish(50).await;
    let shard = "INSERT INTO signal.ingest_shard (epoch, taken_at, shard, owner) VALUES (1, now(), 'main', 'former');";
    stack.execute(shard).await;
    stack.execute(MIGRATION).await;
    assert_eq!(stack.rows(OPEN).await, ["(healthtrack,{ht/1/+/+/+})"]);
    let mut daemon = stack.daemon(&[]).await;
    stack.all_stored().await;
    stack.open(&["(healthtrack-main,{ht/1/main/+/+})"]).await;
    assert!(!raw::has_session(stack.mosquitto.port(), "healthtrack").await);

    // A daemon that had a name of its own never had that session: somebody else may.
    stack.execute("DELETE FROM signal.mqtt_session").await;
    stack.execute(MIGRATION).await;
    raw::subscribe(stack.mosquitto.port(), "healthtrack", "ht/1/+/+/+").await;
    daemon.stop();
    let other = stack.daemon(&[("MQTT__CLIENT_ID", "own")]).await;
    stack.publish(1).await;
    stack.all_stored().await;
    stack.open(&["(healthtrack,{ht/1/+/+/+})", "(own,{ht/1/main/+/+})"]).await;
    assert_eq!(other.metric("healthtrack_mqtt_connects_total"), 1.0, "{}", other.log());
    assert!(raw::has_session(stack.mosquitto.port(), "healthtrack").await);

    stack.execute("DELETE FROM signal.mqtt_session").await;
    stack.execute(&shard.replace("'main'", "'ward-3'")).await;
    stack.execute(MIGRATION).await;
    assert_eq!(stack.rows(OPEN).await, [""; 0], "of two shards nobody knows whose it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_broker_has_forgotten_is_told() {
    let Some(mut stack) = Stack::build().await else { return };
    let mut daemon = stack.daemon(&[]).await;
    let told = "the broker has no session any more that was connected";
    assert!(!daemon.log().contains("lost"), "a first start says nothing: {}", daemon.log());
    stack.open(&["(healthtrack-main,{ht/1/main/+/+})"]).await;
    wait_until(TIMEOUT, "it is recorded", || async {
        stack.rows("SELECT connected_at FROM signal.mqtt_session WHERE connected_at IS NOT NULL").await.len() == 1
    })
    .await;
    daemon.stop();
    stack.publish(1).await;
    raw::forget_session(stack.mosquitto.port(), "healthtrack-main").await;
    daemon.restart();
    daemon.wait_ready().await;
    assert!(daemon.log().contains(told), "{}", daemon.log());
    assert_eq!(daemon.metric("healthtrack_mqtt_sessions_lost_total"), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_keeps_sessions_for_a_shorter_time_is_told() {
    let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
    let daemon = Daemon::spawn(database.url(), &broker.url(), &[]);
    let _line = broker.accept_for(false, Some(300)).await;
    daemon.wait_ready().await;
    let told = "the broker keeps the session for 300 s only, not for the 604800 s of mqtt.session_expiry_s";
    assert!(daemon.log().contains(told), "{}", daemon.log());
    assert_eq!(daemon.metric("healthtrack_mqtt_session_expiry_seconds"), 300.0);
}
