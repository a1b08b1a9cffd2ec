//! Several shards on one broker and in one database: each keeps to its own topics, a device stays with its shard until
//! an operator moves it, and a client id that is used twice is told.

use std::process::{Command, Stdio};

use healthtrack::mqtt::publisher::Publisher;

use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::TestDatabase;
use crate::support::script::ScriptedBroker;
use crate::support::stack::{rows, run};
use crate::support::wait::wait_until;

const QUARANTINE: &str = "SELECT reason, topic, samples FROM signal.quarantine ORDER BY topic";
const FOREIGN: &str = "healthtrack_mqtt_foreign_messages_total";

/// A broker and a database for daemons of several shards.
struct Hospital {
    publisher: Publisher,
    mosquitto: Mosquitto,
    database: TestDatabase,
}

impl Hospital {
    async fn build() -> Option<Hospital> {
        let mosquitto = Mosquitto::start(&MosquittoOptions::default())?;
        let database = TestDatabase::migrated().await;
        let publisher = Publisher::connect(&mosquitto.url().parse().unwrap(), "test", 1_000).await.unwrap();
        Some(Hospital { publisher, mosquitto, database })
    }

    /// The daemon of one shard, ready.
    async fn daemon(&self, shard: &str, keys: &[(&str, &str)]) -> Daemon {
        let keys: Vec<_> = [("INGEST__SHARD", shard)].iter().chain(keys).copied().collect();
        Daemon::start(self.database.url(), &self.mosquitto.url(), &keys).await
    }

    async fn publish(&self, topic: &str, start: u64, values: &[u32]) {
        self.publisher.publish(topic.to_owned(), run(start, values)).await.unwrap();
    }

    async fn rows(&self, query: &str) -> Vec<String> {
        rows(self.database.url(), query).await
    }

    /// Whether a verb succeeds, and what it says.
    fn verb(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
        command.args(arguments).env("HEALTHTRACK__STORE__URL", self.database.url()).stdin(Stdio::null());
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    /// Waits until so many rows are in quarantine.
    async fn quarantined(&self, count: usize) {
        wait_until(TIMEOUT, "the message is in quarantine", || async { self.rows(QUARANTINE).await.len() == count })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_shards_of_default_configuration_share_a_broker_in_peace() {
    let Some(stack) = Hospital::build().await else { return };
    let (north, south) = (stack.daemon("north", &[]).await, stack.daemon("south", &[]).await);
    for second in 0..100 {
        stack.publish("ht/1/north/watch-n/batch", second, &[60]).await;
        stack.publish("ht/1/south/watch-s/batch", second, &[70]).await;
    }
    north.wait_settled(100).await;
    south.wait_settled(100).await;
    for daemon in [&north, &south] {
        assert_eq!(daemon.outcomes(), [100, 0, 0, 0]);
        assert_eq!(daemon.metric("healthtrack_mqtt_connects_total"), 1.0, "{}", daemon.log());
    }
    assert_eq!(stack.rows(QUARANTINE).await, [""; 0]);
    let devices = "SELECT device_id, shard, device_key FROM signal.device ORDER BY device_id";
    let devices = stack.rows(devices).await;
    assert!(devices[0].starts_with("(watch-n,north,") && devices[1].starts_with("(watch-s,south,"), "{devices:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_another_shard_is_left_to_it() {
    let Some(stack) = Hospital::build().await else { return };
    let wide = [("MQTT__FILTERS", "ht/1/+/+/+"), ("MQTT__CLIENT_ID", "hospital-{shard}")];
    let (mut north, south) = (stack.daemon("north", &wide).await, stack.daemon("south", &wide).await);
    // Each knows of the other from its start on.
    north.stop();
    north.restart();
    north.wait_ready().await;
    for second in 0..20 {
        stack.publish("ht/1/north/watch-n/batch", second, &[60]).await;
        stack.publish("ht/1/south/watch-s/batch", second, &[70]).await;
    }
    for daemon in [&north, &south] {
        daemon.wait_settled(20).await;
        wait_until(TIMEOUT, "all 40 are acknowledged", || async {
            daemon.metric("healthtrack_mqtt_acks_total") == 40.0
        })
        .await;
        assert_eq!((daemon.outcomes(), daemon.metric(FOREIGN)), ([20, 0, 0, 0], 20.0));
        let warnings = daemon.log().lines().filter(|line| line.contains("of another shard")).count();
        assert_eq!(warnings, 1, "{}", daemon.log());
    }
    assert_eq!(stack.rows(QUARANTINE).await, [""; 0]);
    assert_eq!(stack.rows("SELECT max(device_key) FROM signal.device").await, ["(2)"], "no key is burned");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_shard_that_nobody_has_owned_is_kept_until_somebody_does() {
    let Some(stack) = Hospital::build().await else { return };
    let north = stack.daemon("north", &[("MQTT__FILTERS", "ht/1/+/+/+")]).await;
    stack.publish("ht/1/south/watch-s/batch", 0, &[70, 71]).await;
    stack.quarantined(1).await;
    assert_eq!(stack.rows(QUARANTINE).await, ["(wrong_shard,ht/1/south/watch-s/batch,1)"]);
    assert_eq!(stack.rows("SELECT count(*) FROM signal.device").await, ["(0)"]);
    let south = stack.daemon("south", &[]).await;
    let broker = stack.mosquitto.url();
    let (well, said) = stack.verb(&["quarantine", "retry", "--reason", "wrong_shard", "--broker", &broker]);
    assert!(well, "{said}");
    south.wait_settled(2).await;
    assert_eq!(south.outcomes(), [2, 0, 0, 0]);
    wait_until(TIMEOUT, "the other leaves it alone", || async {
        stack.publish("ht/1/south/watch-s/batch", 0, &[70, 71]).await;
        north.metric(FOREIGN) >= 1.0
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_changes_its_shard_only_by_an_operators_word() {
    let Some(stack) = Hospital::build().await else { return };
    let (mut north, south) = (stack.daemon("north", &[]).await, stack.daemon("south", &[]).await);
    stack.publish("ht/1/north/watch/batch", 0, &[60]).await;
    north.wait_settled(1).await;
    // While its own shard has no owner, too.
    north.kill();
    for second in 1..4 {
        stack.publish("ht/1/south/watch/batch", second, &[61]).await;
    }
    stack.quarantined(3).await;
    let kept = stack.rows("SELECT DISTINCT reason, detail FROM signal.quarantine").await;
    assert!(
        kept.len() == 1 && kept[0].contains("wrong_shard") && kept[0].contains("belongs to shard north"),
        "{kept:?}"
    );
    let device = "SELECT device_id, device_key, shard FROM signal.device";
    assert_eq!(stack.rows(device).await, ["(watch,1,north)"]);
    north.restart();
    north.wait_ready().await;
    stack.publish("ht/1/north/watch/batch", 4, &[64]).await;
    north.wait_settled(1).await;

    let (well, said) = stack.verb(&["device", "move", "watch", "--to", "nowhere"]);
    assert!(!well && said.contains("nowhere"), "{said}");
    let (well, said) = stack.verb(&["device", "move", "watch", "stranger", "--to", "south"]);
    assert!(!well && said.contains("stranger"), "{said}");
    assert_eq!(stack.rows(device).await, ["(watch,1,north)"], "a refused move changes nothing");
    let (well, said) = stack.verb(&["device", "move", "watch", "--to", "south"]);
    assert!(well && said.contains("1 device"), "{said}");
    let (well, said) =
        stack.verb(&["quarantine", "retry", "--reason", "wrong_shard", "--broker", &stack.mosquitto.url()]);
    assert!(well, "{said}");
    south.wait_settled(6).await;
    // The former owner remembers the device, and must not write it any more.
    stack.publish("ht/1/north/watch/batch", 5, &[65]).await;
    let ended = north.wait_ended(TIMEOUT).await;
    assert!(!ended.success(), "a daemon that is fenced off says so");
    north.restart();
    north.wait_ready().await;
    wait_until(TIMEOUT, "what is published at the former shard is in quarantine", || async {
        stack.rows("SELECT topic FROM signal.quarantine WHERE topic LIKE 'ht/1/north/%'").await.len() == 1
    })
    .await;
    let stored = "SELECT array_agg(value ORDER BY start_at) FROM signal.sample";
    assert_eq!(stack.rows(stored).await, ["(\"{60,61,61,61,64}\")"]);
    stack.publish("ht/1/south/watch/batch", 6, &[66]).await;
    south.wait_settled(7).await;
    assert_eq!(stack.rows(device).await, ["(watch,1,south)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_devices_of_a_shard_move_with_one_command() {
    let Some(stack) = Hospital::build().await else { return };
    let (north, _south) = (stack.daemon("north", &[]).await, stack.daemon("south", &[]).await);
    for device in ["watch-1", "watch-2", "watch-3"] {
        stack.publish(&format!("ht/1/north/{device}/batch"), 0, &[60]).await;
    }
    north.wait_settled(3).await;
    let (well, said) = stack.verb(&["device", "move", "--all-of", "north", "--to", "south", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(well && said == serde_json::json!({"moved": 3, "fenced": ["north"]}), "{said}");
    let (well, said) = stack.verb(&["device", "move", "--all-of", "north", "--to", "south", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert!(well && said == serde_json::json!({"moved": 0, "fenced": []}), "{said}");
}

/// Of a mosquitto that only closes the connection which it takes the session from.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_id_that_is_used_twice_is_told() {
    let Some(stack) = Hospital::build().await else { return };
    let same = [("MQTT__CLIENT_ID", "one-for-all"), ("MQTT__RETRY_MAX_MS", "200")];
    let north = stack.daemon("north", &same).await;
    let _south = stack.daemon("south", &same).await;
    let told = "the broker has ended 3 connections in a row soon after they were subscribed";
    wait_until(TIMEOUT, "it is told", || async { north.log().contains(told) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_taken_over_is_told() {
    let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
    let daemon = Daemon::spawn(database.url(), &broker.url(), &[]);
    let mut line = broker.accept(true).await;
    line.send_bytes(&[0xE0, 1, 0x8E]).await;
    let told = "another client has connected with the client id healthtrack-main: give each daemon an mqtt.client_id";
    wait_until(TIMEOUT, "it is told", || async { daemon.log().contains(told) }).await;
}
