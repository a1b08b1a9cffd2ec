//! Brokers with other habits: what they may do within the standard, or nearly so, and what the daemon makes of it.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rumqttc::v5::mqttbytes::v5::Packet;
use sqlx::{Connection as _, PgConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;

use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::MosquittoOptions;
use crate::support::postgres::TestDatabase;
use crate::support::script::{Line, Numbered, ScriptedBroker};
use crate::support::stack::{TestStack, run};
use crate::support::wait::wait_until;

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

/// A message in the form of the standard, under this number.
fn numbered(packet_id: u16) -> Numbered {
    Numbered { packet_id, dup: true, topic: TOPIC.to_owned(), payload: run(packet_id.into(), &[60]) }
}

/// The CONNACK of a broker that has kept the session.
const WELCOME_BACK: [u8; 5] = [0x20, 3, 1, 0, 0];

/// That of one which has none.
const WELCOME: [u8; 5] = [0x20, 3, 0, 0, 0];

fn suback(packet_id: u16, code: u8) -> [u8; 6] {
    let [high, low] = packet_id.to_be_bytes();
    [0x90, 4, high, low, 0, code]
}

async fn wait_logged(daemon: &Daemon, words: &str) {
    wait_until(TIMEOUT, &format!("the log says: {words}"), || async { daemon.log().contains(words) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_is_asked_for_under_a_number_that_no_waiting_message_bears() {
    let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
    let daemon = Daemon::spawn(database.url(), &broker.url(), &[]);
    let mut line = broker.accept_silently().await;
    line.send_bytes(&WELCOME_BACK).await;
    let first = line.subscribe_id().await;
    // What comes cannot be committed, so all numbers stay borne.
    let mut lock = PgConnection::connect(database.url()).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE signal.ingest_writer").execute(&mut lock).await.unwrap();
    assert!(first > 10, "{first} is borne by one of ten messages that wait");
    // As a broker that does not keep both sides apart, and has given out that number too.
    line.deliver(&[numbered(first - 4_099)]).await;
    line.send_bytes(&suback(first, 0x91)).await;
    let second = line.subscribe_id().await;
    assert!(second != first && second != first - 4_099, "{first}, then {second}");
    line.send_bytes(&suback(second, 1)).await;
    daemon.wait_ready().await;
    assert_eq!(daemon.metric("healthtrack_mqtt_connects_total"), 1.0, "over one connection");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_takes_every_number_for_used_is_told_of_in_a_sentence() {
    let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
    let daemon = Daemon::spawn(database.url(), &broker.url(), &[]);
    let mut line = broker.accept_silently().await;
    line.send_bytes(&WELCOME_BACK).await;
    for _ in 0..8 {
        let packet_id = line.subscribe_id().await;
        line.send_bytes(&suback(packet_id, 0x91)).await;
    }
    wait_logged(&daemon, "takes packet identifiers for used that are free").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_handled_before_a_connection_ends_is_counted() {
    let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
    let (daemon, mut line) = connected(&broker, &database, &[]).await;
    line.deliver(&[numbered(1), numbered(2)]).await;
    line.send_bytes(&[0xE0, 0x01, 0x8B]).await;
    let _line = broker.accept(true).await;
    assert_eq!(daemon.metric("healthtrack_mqtt_messages_total"), 2.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refusal_is_told_with_what_to_do_and_in_the_brokers_own_words() {
    let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
    let daemon = Daemon::spawn(database.url(), &broker.url(), &[("MQTT__CONNECT_TIMEOUT_S", "1")]);
    let in_connack: [(&[u8], &str); 4] = [
        (&[0x20, 2, 0, 1], "speaks only MQTT 3.1.1"),
        (&[0x20, 3, 0, 0x86, 0], "correct the login in mqtt.url"),
        (b"\x20\x0B\x00\x9D\x08\x1C\x00\x05b:188", "it names another server: b:188"),
        (b"\x20\x0A\x00\x87\x07\x1F\x00\x04nope", "it says \"nope\""),
    ];
    for (connack, words) in in_connack {
        broker.accept_silently().await.send_bytes(connack).await;
        wait_logged(&daemon, words).await;
    }
    for (code, words) in [
        (0x97, "a quota of the broker is used up"),
        (0x8F, "it accepts no such topic filter"),
        (0xA2, "it accepts no wildcards"),
        (0x87, "allow this login to subscribe"),
        (0x00, "at QoS 0 only, which loses messages"),
    ] {
        let mut line = broker.accept_silently().await;
        line.send_bytes(&WELCOME_BACK).await;
        let packet_id = line.subscribe_id().await;
        line.send_bytes(&suback(packet_id, code)).await;
        wait_logged(&daemon, words).await;
    }
    // With reason and without: neither the library's minimum.
    for (disconnect, words) in [
        (&b"\xE0\x01\x8E"[..], "another client has connected with"),
        (b"\xE0\x09\x98\x07\x1F\x00\x04bye!", "it says \"bye!\""),
    ] {
        broker.accept(true).await.send_bytes(disconnect).await;
        wait_logged(&daemon, words).await;
    }
    let mut line = broker.accept_silently().await;
    line.send_bytes(&WELCOME_BACK).await;
    line.subscribe_id().await;
    wait_logged(&daemon, "has not answered SUBSCRIBE within 1s").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_hangs_up_at_mqtt_5_and_answers_3_1_1_is_told_of() {
    let (broker, database) = (ScriptedBroker::open().await, TestDatabase::migrated().await);
    let daemon = Daemon::spawn(database.url(), &broker.url(), &[]);
    drop(broker.accept_silently().await);
    let mut socket = broker.accept_socket().await;
    let mut connect = [0; 12];
    socket.read_exact(&mut connect).await.unwrap();
    assert_eq!(connect[4..10], *b"MQTT\x04\x02", "MQTT 3.1.1, and no session of it is kept: {connect:x?}");
    socket.write_all(&[0x20, 2, 0, 5]).await.unwrap();
    wait_logged(&daemon, "speaks only MQTT 3.1.1").await;
}

/// A doctor with these keys.
fn doctor_with(arguments: &[&str], keys: &[(&str, &str)]) -> Command {
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
    let keys = keys.iter().map(|(key, value)| (format!("HEALTHTRACK__{key}"), value));
    doctor.arg("doctor").args(arguments).envs(keys).stdin(Stdio::null());
    doctor
}

/// What it says.
fn doctor(arguments: &[&str], keys: &[(&str, &str)]) -> String {
    String::from_utf8(doctor_with(arguments, keys).output().unwrap().stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_measures_what_a_broker_sends_ahead_and_what_it_keeps() {
    let options =
        MosquittoOptions { max_inflight_messages: 20, max_queued_messages: 1_000, ..MosquittoOptions::default() };
    let Some(stack) = TestStack::build_with(&options, &[]).await else { return };
    let (store, broker) = (stack.database.url(), stack.mosquitto.url());
    let urls = [("STORE__URL", store), ("MQTT__URL", broker.as_str())];
    let said = doctor(&[], &urls);
    assert!(said.contains("sends 1000 messages and more ahead of their acknowledgement"), "{said}");
    assert!(said.contains("mosquitto version ") && !said.contains("for a client that is away"), "{said}");
    let said = doctor(&["--deep"], &[urls[0], urls[1], ("MQTT__RECEIVE_MAXIMUM", "10")]);
    assert!(said.contains("sends only 10 messages ahead of their acknowledgement"), "{said}");
    let kept = "keeps the oldest 1000 of 5000 messages for a client that is away, and tells publishers that 5000 were";
    assert!(said.contains(kept), "{said}");
}

/// As HiveMQ does it: at first only what has come by then, and each next lot once all of the last is acknowledged.
#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_counts_the_largest_lot_that_a_broker_sends_ahead() {
    let broker = ScriptedBroker::open().await;
    let doctor = doctor_with(&[], &[("MQTT__URL", &broker.url())]).stdout(Stdio::piped()).spawn().unwrap();
    let topic = format!("healthtrack/doctor/{}", doctor.id());
    let mut probe = broker.accept_silently().await;
    probe.send_bytes(&WELCOME).await;
    let mut line = broker.accept_silently().await;
    line.send_bytes(&WELCOME).await;
    // For its version, which this broker does not tell, and for the trial's own topic.
    for _ in 0..2 {
        let packet_id = line.subscribe_id().await;
        line.send_bytes(&suback(packet_id, 1)).await;
    }
    for lot in [1..=3, 4..=33, 34..=63] {
        let message = |packet_id| Numbered { packet_id, dup: false, topic: topic.clone(), payload: "1".to_owned() };
        line.deliver(&lot.clone().map(message).collect::<Vec<_>>()).await;
        let mut waiting = if lot.contains(&63) { 0 } else { lot.len() };
        while waiting > 0 {
            let packet = timeout(TIMEOUT, line.next()).await.ok().flatten().expect("what came is acknowledged");
            waiting -= usize::from(matches!(packet, Packet::PubAck(_)));
        }
    }
    let said = tokio::task::spawn_blocking(|| doctor.wait_with_output()).await.unwrap().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("sends only 30 messages ahead of their acknowledgement"), "{said}");
}

#[test]
fn the_doctor_names_no_option_that_it_does_not_have() {
    let said = doctor(&[], &[("MQTT__URL", "mqtt://127.0.0.1:1")]);
    assert!(said.contains("cannot use the broker") && !said.contains("--broker"), "{said}");
}
