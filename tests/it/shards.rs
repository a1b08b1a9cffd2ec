//! Several shards on one broker and in one database: each keeps to its own topics, a device stays with its shard until
//! an operator moves it, and a client id that is used twice is told.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use healthtrack::mqtt::publisher::Publisher;

use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::TestDatabase;
use crate::support::script::ScriptedBroker;
use crate::support::stack::{rows, run};
use crate::support::wait::wait_until;

const QUARANTINE: &str = "SELECT reason, topic, samples FROM signal.quarantine ORDER BY topic";
const FOREIGN: &str = "healthtrack_mqtt_foreign_messages_total";
const ACKS: &str = "healthtrack_mqtt_acks_total";
const WIDE: [(&str, &str); 2] = [("MQTT__FILTERS", "ht/1/+/+/+"), ("MQTT__CLIENT_ID", "hospital-{shard}")];

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

    /// Publishes until each of two shards leaves the other's messages to it: how many of each.
    async fn part(&self, north: &Daemon, south: &Daemon) -> u64 {
        // Until each knows what the other has, it keeps what it gets.
        let mut second = 0;
        wait_until(TIMEOUT, "each leaves the other's to it", || {
            second += 1;
            async move {
                self.publish("ht/1/north/watch-n/batch", second, &[60]).await;
                self.publish("ht/1/south/watch-s/batch", second, &[70]).await;
                north.metric(FOREIGN) > 0.0 && south.metric(FOREIGN) > 0.0
            }
        })
        .await;
        second
    }

    /// Publishes a message of the south, and waits until a daemon has acknowledged it; whether it has kept it.
    async fn keeps(&self, daemon: &Daemon, second: u64) -> bool {
        let (acks, passed) = (daemon.metric(ACKS), daemon.metric(FOREIGN));
        self.publish("ht/1/south/watch-s/batch", second, &[70]).await;
        wait_until(TIMEOUT, "it is acknowledged", || async { daemon.metric(ACKS) > acks }).await;
        daemon.metric(FOREIGN) == passed
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
    let (north, south) = (stack.daemon("north", &WIDE).await, stack.daemon("south", &WIDE).await);
    let second = stack.part(&north, &south).await;
    let all_acknowledged = |daemon: &Daemon, messages: u64| {
        let acks = daemon.metric(ACKS);
        async move { acks == messages as f64 }
    };
    for daemon in [&north, &south] {
        wait_until(TIMEOUT, "all are acknowledged", || all_acknowledged(daemon, 2 * second)).await;
    }
    let kept = stack.rows(QUARANTINE).await;
    for after in 1..=20 {
        stack.publish("ht/1/north/watch-n/batch", second + after, &[60]).await;
        stack.publish("ht/1/south/watch-s/batch", second + after, &[70]).await;
    }
    for daemon in [&north, &south] {
        wait_until(TIMEOUT, "all are acknowledged", || all_acknowledged(daemon, 2 * (second + 20))).await;
        assert_eq!(daemon.metric("healthtrack_mqtt_connects_total"), 1.0);
        let warnings = daemon.log().lines().filter(|line| line.contains("left to it; narrow the filters")).count();
        assert_eq!(warnings, 1, "{}", daemon.log());
    }
    assert_eq!(stack.rows(QUARANTINE).await, kept);
    let stored = "SELECT count(*), count(DISTINCT (device_id, start_at)) FROM signal.sample";
    assert_eq!(stack.rows(stored).await, [format!("({0},{0})", 2 * (second + 20))]);
    assert_eq!(stack.rows("SELECT max(device_key) FROM signal.device").await, ["(2)"], "no key is burned");
}

/// Both get it, and each knows what the other is subscribed to; but neither may store it.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_third_shard_is_kept_however_wide_the_filters_of_others_are() {
    let Some(stack) = Hospital::build().await else { return };
    let (north, south) = (stack.daemon("north", &WIDE).await, stack.daemon("south", &WIDE).await);
    stack.part(&north, &south).await;
    for second in 0..3 {
        stack.publish("ht/1/east/watch-e/batch", second, &[80]).await;
    }
    wait_until(TIMEOUT, "it is kept", || async {
        stack.rows("SELECT FROM signal.quarantine WHERE topic LIKE 'ht/1/east/%'").await.len() == 3
    })
    .await;
    assert_eq!(stack.rows("SELECT shard FROM signal.device ORDER BY 1").await, ["(north)", "(south)"]);
}

/// Its session may be full, or may end before it comes back: nobody can say.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_shard_whose_daemon_is_away_is_kept() {
    let Some(stack) = Hospital::build().await else { return };
    let (north, mut south) = (stack.daemon("north", &WIDE).await, stack.daemon("south", &[]).await);
    wait_until(TIMEOUT, "it is left to the south", || async { !stack.keeps(&north, 0).await }).await;
    south.kill();
    wait_until(TIMEOUT, "it is kept", || async { stack.keeps(&north, 1).await }).await;
    for second in 2..5 {
        assert!(stack.keeps(&north, second).await, "{}", north.log());
    }
    south.restart();
    south.wait_ready().await;
    wait_until(TIMEOUT, "it is left to the south again", || async { !stack.keeps(&north, 9).await }).await;
}

/// The other is frozen meanwhile, so its record says for as long as possible that it is connected.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_record_says_of_others_counts_for_nothing_at_a_broker_that_has_forgotten_them() {
    let Some(mut stack) = Hospital::build().await else { return };
    let (north, south) = (stack.daemon("north", &WIDE).await, stack.daemon("south", &[]).await);
    wait_until(TIMEOUT, "it is left to the south", || async { !stack.keeps(&north, 0).await }).await;
    south.signal("STOP");
    stack.mosquitto.kill();
    stack.mosquitto.restart();
    wait_until(TIMEOUT, "the north is subscribed again", || async {
        north.metric("healthtrack_mqtt_sessions_lost_total") == 2.0 && north.metric("healthtrack_mqtt_connected") == 1.0
    })
    .await;
    stack.publisher = Publisher::connect(&stack.mosquitto.url().parse().unwrap(), "test", 1_000).await.unwrap();
    let begun = Instant::now();
    for second in 1.. {
        assert!(stack.keeps(&north, second).await, "after {:?}", begun.elapsed());
        // Others are read once a second, and a broker counts as idle after one.
        if begun.elapsed() > Duration::from_secs(4) {
            break;
        }
    }
    south.signal("CONT");
    wait_until(TIMEOUT, "it is left to the south again", || async { !stack.keeps(&north, 0).await }).await;
}

/// The only copy is ours: the other's session did not exist when the message was published.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_older_than_anothers_subscription_is_kept() {
    let Some(stack) = Hospital::build().await else { return };
    let mut north = stack.daemon("north", &[("MQTT__FILTERS", "ht/1/+/+/+")]).await;
    north.stop();
    for second in 0..50 {
        stack.publish("ht/1/south/watch-s/batch", second, &[70]).await;
    }
    let south = stack.daemon("south", &[]).await;
    north.restart();
    stack.quarantined(50).await;
    assert_eq!((north.metric(FOREIGN), south.outcomes()), (0.0, [0; 4]));
}

/// Where a shard was renamed under a client id of its own, the record has its session twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_another_shard_has_now_is_not_drained() {
    let Some(stack) = Hospital::build().await else { return };
    let mut north = stack.daemon("north", &[("MQTT__CLIENT_ID", "one")]).await;
    north.stop();
    let south = stack.daemon("south", &[("MQTT__CLIENT_ID", "one")]).await;
    let north = stack.daemon("north", &[("MQTT__CLIENT_ID", "two")]).await;
    for (second, shard) in [(0, "south"), (1, "south"), (0, "north")] {
        stack.publish(&format!("ht/1/{shard}/watch-{shard}/batch"), second, &[70]).await;
    }
    south.wait_settled(2).await;
    north.wait_settled(1).await;
    let left = "a session of an earlier configuration has become one of another shard";
    assert!(north.log().contains(left), "{}", north.log());
    assert_eq!(south.metric("healthtrack_mqtt_connects_total"), 1.0, "{}", south.log());
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
