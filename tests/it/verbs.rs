//! The operator's verbs, as the real binary runs them: on a database of their own, and against a real mosquitto.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::TestDatabase;
use healthtrack::config::Config;
use healthtrack::formats::batch;
use healthtrack::model::block::BlockBuilder;
use healthtrack::model::ids::{DeviceId, ShardName};
use healthtrack::model::metric::Catalogue;
use healthtrack::model::reason::Reason;
use healthtrack::model::sample::{Flags, Sample};
use healthtrack::model::statistic::Statistic;
use healthtrack::model::time::{DAY_US, MINUTE_US, SECOND_US, Timestamp};
use healthtrack::store::directory::{Known, SeriesKey, add_devices, get_or_create_series, resolve_devices};
use healthtrack::store::hot::{Changes, CopyRows, Revised, Write, Writing, ensure_chunks};
use healthtrack::store::pool::Connector;
use healthtrack::store::quarantine::Quarantined;
use healthtrack::store::shard::try_take;
use healthtrack::store::writer::Writers;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, Publish};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use serde_json::{Value, json};

const TIMEOUT: Duration = Duration::from_secs(20);
/// 2026-11-23T10:00:00Z.
const START_US: i64 = 1_795_428_000 * SECOND_US;

/// The binary with nothing of this machine's configuration, and this database.
pub(crate) fn healthtrack(database: &TestDatabase, arguments: &[&str]) -> Command {
    let mut command = plain(arguments);
    command.env("HEALTHTRACK__STORE__URL", database.url());
    command
}

pub(crate) fn plain(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("HEALTHTRACK__")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

/// What a command that succeeds says.
pub(crate) fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", errors(&output));
    assert_eq!(errors(&output), "", "a command that succeeds complains of nothing");
    String::from_utf8(output.stdout).unwrap()
}

pub(crate) fn said_json(command: &mut Command) -> Value {
    serde_json::from_str(&said(command)).unwrap()
}

/// What a command that fails complains of: one line.
pub(crate) fn complained(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{command:?}: {}", String::from_utf8_lossy(&output.stdout));
    let errors = errors(&output);
    assert_eq!(errors.lines().count(), 1, "{errors}");
    errors
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) async fn migrated() -> TestDatabase {
    let database = TestDatabase::new().await;
    said(&mut healthtrack(&database, &["migrate"]));
    database
}

fn connector(database: &TestDatabase) -> Connector {
    let url = ("HEALTHTRACK__STORE__URL".to_owned(), database.url().to_owned());
    Connector::new(&Config::read(None, std::iter::once(url)).unwrap().store).unwrap()
}

/// One series to store.
pub(crate) struct Stored {
    device: &'static str,
    metric: &'static str,
    statistic: &'static str,
    samples: Vec<Sample>,
}

fn sample(seconds: i64, span_us: Option<i64>, value: f64) -> Sample {
    let start = Timestamp::from_micros(START_US + seconds * SECOND_US).unwrap();
    Sample { start, span_us, value, origin: Default::default(), flags: Flags::NONE }
}

/// Writes series and quarantine as a daemon does.
pub(crate) async fn store(database: &TestDatabase, series: &[Stored], quarantined: &[Quarantined]) {
    let (connector, catalogue) = (connector(database), Catalogue::builtin().unwrap());
    let (pool, mut connection) = (connector.pool(), connector.connect().await.unwrap());
    let now = Timestamp::from_micros(START_US).unwrap();
    let shard = ShardName::parse("main").unwrap();
    let own = try_take(&mut connection, &shard, "test", None).await.unwrap().unwrap();
    let mut writer = Writers::enter(&mut connection, own, 1).await.unwrap().of_lane(0);
    let mut rows = CopyRows::default();
    for one in series {
        let device = DeviceId::parse(one.device).unwrap();
        add_devices(&pool, std::slice::from_ref(&device), "test", now).await.unwrap();
        let known = resolve_devices(&mut connection, writer.own(), &[device]).await.unwrap();
        let [Known::Ours(device)] = known[..] else { panic!("{known:?}") };
        let metric = catalogue.by_name(one.metric).unwrap().id;
        let statistic = Statistic::parse(one.statistic).unwrap_or_default();
        let key = SeriesKey { device, metric, statistic };
        let state = get_or_create_series(&mut connection, &[key], now).await.unwrap()[0];
        let mut builder = BlockBuilder::default();
        builder.add_samples(&one.samples);
        for block in builder.finish() {
            ensure_chunks(&mut connection, &[block.start.day()]).await.unwrap();
            rows.push(state.id, &block);
        }
    }
    let writing = Writing::begin(&mut connection, &mut writer, &[]).await.unwrap();
    let (revised, changes) = (Revised::default(), Changes::default());
    let write = Write { removals: &[], rows: &rows, revised: &revised, changes: &changes, quarantined };
    writing.commit(&write).await.unwrap();
    pool.close().await;
}

async fn store_a_little(database: &TestDatabase) {
    let day = DAY_US / SECOND_US;
    let series = [
        Stored {
            device: "watch-7",
            metric: "heart_rate",
            statistic: "",
            samples: vec![sample(0, None, 61.0), sample(5, None, 62.5), sample(day, None, 60.0)],
        },
        Stored { device: "watch-7", metric: "heart_rate", statistic: "maximum", samples: vec![sample(0, None, 140.0)] },
        Stored {
            device: "band.2",
            metric: "step_count",
            statistic: "",
            samples: vec![sample(0, Some(MINUTE_US), 12.0), sample(60, Some(MINUTE_US), 40.0)],
        },
        Stored {
            device: "band.2",
            metric: "sleep_stage",
            statistic: "",
            samples: vec![sample(0, Some(30 * SECOND_US), 3.0)],
        },
    ];
    store(database, &series, &[]).await;
}

#[tokio::test]
async fn migrate_says_what_it_did_and_does_it_once() {
    let database = TestDatabase::new().await;
    let complaint = complained(&mut healthtrack(&database, &["samples"]));
    assert!(complaint.contains("run `healthtrack migrate` first"), "{complaint}");
    let first = said_json(&mut healthtrack(&database, &["migrate", "--json"]));
    assert_eq!(first["applied"], first["known"]);
    let second = said(&mut healthtrack(&database, &["migrate"]));
    assert!(second.starts_with("nothing to do"), "{second}");
    let layout = if first["hypertable"] == json!(true) { "hypertable" } else { "plain Postgres" };
    assert!(second.contains(layout), "{second}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_said_in_one_sentence() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("postgres://joe:s3cret@127.0.0.1:{port}/none");
    for verb in [vec!["migrate"], vec!["device", "list"], vec!["samples"], vec!["quarantine", "list"]] {
        let complaint = complained(plain(&verb).env("HEALTHTRACK__STORE__URL", &url));
        assert!(complaint.contains("cannot reach the database; check store.url"), "{complaint}");
        assert!(!complaint.contains("s3cret"), "{complaint}");
    }
}

#[tokio::test]
async fn devices_are_added_once_however_often_they_are_given() {
    let database = migrated().await;
    assert_eq!(said(&mut healthtrack(&database, &["device", "add", "watch-7", "cgm-1"])), "2 devices given, 2 new\n");
    let mut list = tempfile::NamedTempFile::new().unwrap();
    list.write_all(b"# fleet\nwatch-7\nwatch-8\n\n").unwrap();
    let from = ["device", "add", "--json", "--from", list.path().to_str().unwrap()];
    assert_eq!(said_json(&mut healthtrack(&database, &from)), json!({"given": 2, "new": 1}));
    let mut child = healthtrack(&database, &["device", "add", "--from", "-"]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"watch-9\n").unwrap();
    assert_eq!(child.wait_with_output().unwrap().stdout, b"1 device given, 1 new\n");
    let listed = said_json(&mut healthtrack(&database, &["device", "list", "--json"]));
    let names: Vec<&str> = listed.as_array().unwrap().iter().map(|row| row["device_id"].as_str().unwrap()).collect();
    assert_eq!(names, ["cgm-1", "watch-7", "watch-8", "watch-9"]);
    let alone = json!({"device_id": "cgm-1", "added_by": "operator", "shard": null, "series": 0,
                       "awaits_source": false, "sources": []});
    assert_eq!(listed[0], alone);
    let table = said(&mut healthtrack(&database, &["device", "list"]));
    assert!(table.starts_with("device   added by  shard  series  sources\n"), "{table}");
    let complaint = complained(&mut healthtrack(&database, &["device", "add", "not/a/name"]));
    assert!(complaint.contains("letters, digits"), "{complaint}");
}

#[tokio::test]
async fn samples_are_read_back_each_once_and_in_order() {
    let database = migrated().await;
    store_a_little(&database).await;
    let all = "device_id,metric,statistic,start_at,end_at,value,code,unit,flags,utc_offset_minutes,received_at,revision
watch-7,heart_rate,,2026-11-23T10:00:00Z,,61,,/min,,,,
watch-7,heart_rate,maximum,2026-11-23T10:00:00Z,,140,,/min,,,,
watch-7,heart_rate,,2026-11-23T10:00:05Z,,62.5,,/min,,,,
watch-7,heart_rate,,2026-11-24T10:00:00Z,,60,,/min,,,,
band.2,step_count,,2026-11-23T10:00:00Z,2026-11-23T10:01:00Z,12,,{steps},,,,
band.2,step_count,,2026-11-23T10:01:00Z,2026-11-23T10:02:00Z,40,,{steps},,,,
band.2,sleep_stage,,2026-11-23T10:00:00Z,2026-11-23T10:00:30Z,,rem,,,,,
";
    assert_eq!(said(&mut healthtrack(&database, &["samples"])), all);
    let some = ["samples", "--device", "watch-7", "--metric", "heart_rate", "--from", "2026-11-23T10:00:05Z"];
    let some = [&some[..], &["--to", "2026-11-24", "--json"]].concat();
    assert_eq!(
        said_json(&mut healthtrack(&database, &some)),
        json!({"device_id": "watch-7", "metric": "heart_rate", "statistic": null, "start_at": "2026-11-23T10:00:05Z",
               "end_at": null, "value": 62.5, "code": null, "unit": "/min", "flags": [], "utc_offset_minutes": null,
               "received_at": null, "revision": null})
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("all.csv");
    assert_eq!(said(&mut healthtrack(&database, &["samples", "--output", file.to_str().unwrap()])), "");
    assert_eq!(std::fs::read_to_string(file).unwrap(), all);
    let parquet = healthtrack(&database, &["samples", "--format", "parquet"]).output().unwrap();
    assert!(parquet.status.success() && parquet.stdout.starts_with(b"PAR1") && parquet.stdout.ends_with(b"PAR1"));
}

#[tokio::test]
async fn a_summary_says_count_minimum_maximum_and_sum_of_each_series() {
    let database = migrated().await;
    store_a_little(&database).await;
    let row = |device: &str, metric: &str, statistic: Value, count: u64, min: Value, max: Value, sum: Value| json!({"device_id": device, "metric": metric, "statistic": statistic, "count": count, "min": min, "max": max, "sum": sum});
    let null = Value::Null;
    assert_eq!(
        said_json(&mut healthtrack(&database, &["samples", "--summary", "--json"])),
        json!([
            row("band.2", "step_count", null.clone(), 2, json!(12.0), json!(40.0), json!(52.0)),
            row("band.2", "sleep_stage", null.clone(), 1, null.clone(), null.clone(), null.clone()),
            row("watch-7", "heart_rate", null.clone(), 3, json!(60.0), json!(62.5), json!(183.5)),
            row("watch-7", "heart_rate", json!("maximum"), 1, json!(140.0), json!(140.0), json!(140.0)),
        ])
    );
    let day = ["samples", "--summary", "--metric", "heart_rate", "--from", "2026-11-24"];
    let table = said(&mut healthtrack(&database, &day));
    assert_eq!(
        table,
        "device   metric      statistic  count  min  max  sum\nwatch-7  heart_rate  -              1   60   60   60\n"
    );
    assert_eq!(said(&mut healthtrack(&database, &["samples", "--summary", "--json", "--device", "nobody"])), "[]\n");
    let complaint = complained(&mut healthtrack(&database, &["samples", "--metric", "hart_rate"]));
    assert!(complaint.contains("no metric is called hart_rate"), "{complaint}");
}

#[tokio::test]
async fn hours_and_days_are_told_in_the_place_of_samples() {
    let database = migrated().await;
    store_a_little(&database).await;
    let told = |every: &str, zone: &str| {
        let asked = ["samples", "--every", every, "--zone", zone, "--device", "watch-7", "--metric", "heart_rate"];
        let asked = [&asked[..], &["--from", "2026-11-23", "--to", "2026-11-25"]].concat();
        let mut lines: Vec<String> = said(&mut healthtrack(&database, &asked)).lines().map(str::to_owned).collect();
        lines[1..].sort();
        lines
    };
    let days = told("1d", "UTC");
    assert!(days[0].starts_with("device_id,metric,statistic,bucket_at,count,sum,mean,least,greatest"), "{days:?}");
    let of = |line: &String| line.split(',').skip(2).take(4).collect::<Vec<_>>().join(" ");
    assert_eq!(
        days[1..].iter().map(of).collect::<Vec<_>>(),
        [" 2026-11-23T00:00:00Z 2 123.5", " 2026-11-24T00:00:00Z 1 60.0", "maximum 2026-11-23T00:00:00Z 1 140.0"]
    );
    for (every, zone) in [("1d", "Asia/Kathmandu"), ("1h", "Asia/Kathmandu"), ("1h", "UTC")] {
        let count = |line: &String| line.split(',').nth(4).unwrap().parse::<u32>().unwrap();
        let counts: u32 = told(every, zone)[1..].iter().map(count).sum();
        assert_eq!(counts, 4, "{every} in {zone}");
    }
}

#[tokio::test]
async fn a_reader_that_has_enough_ends_the_export_quietly() {
    let database = migrated().await;
    // More than a pipe holds.
    let samples = (0..40_000).map(|second| sample(second, None, 60.0)).collect();
    store(&database, &[Stored { device: "d", metric: "heart_rate", statistic: "", samples }], &[]).await;
    for format in ["csv", "ndjson"] {
        let mut command = healthtrack(&database, &["samples", "--format", format]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{format}: {}", errors(&output));
    }
}

pub(crate) fn kept(reason: Reason, topic: &str, content_type: Option<&str>, payload: &str) -> Quarantined {
    Quarantined {
        received_at: Timestamp::from_micros(START_US).unwrap(),
        topic: topic.to_owned(),
        content_type: content_type.map(str::to_owned),
        reason: reason.word(),
        detail: "nobody has added the device".to_owned(),
        samples: 2,
        due_at: None,
        payload: payload.to_owned().into(),
    }
}

#[tokio::test]
async fn the_quarantine_is_listed_and_shown_with_its_bytes() {
    let database = migrated().await;
    let rows = [
        kept(Reason::UnknownDevice, "ht/1/main/a/batch", None, "{\"v\":1}"),
        kept(Reason::Undecodable, "ht/1/main/b/batch", None, "not json"),
    ];
    store(&database, &[], &rows).await;
    let listed = said_json(&mut healthtrack(&database, &["quarantine", "list", "--json"]));
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["reason"]), (2, &json!("undecodable")));
    let one = said_json(&mut healthtrack(&database, &["quarantine", "list", "--reason", "unknown_device", "--json"]));
    assert_eq!((one.as_array().unwrap().len(), &one[0]["samples"]), (1, &json!(2)));
    let id = one[0]["quarantine_id"].to_string();
    assert_eq!(said(&mut healthtrack(&database, &["quarantine", "show", &id, "--payload"])), "{\"v\":1}");
    let shown = said_json(&mut healthtrack(&database, &["quarantine", "show", &id, "--payload", "--json"]));
    assert_eq!((&shown["payload"], &shown["topic"]), (&json!("{\"v\":1}"), &json!("ht/1/main/a/batch")));
    assert!(said(&mut healthtrack(&database, &["quarantine", "show", &id])).contains("unknown_device"));
    assert!(said(&mut healthtrack(&database, &["quarantine", "list", "--limit", "1"])).contains("ht/1/main/b/batch"));
    for (wrong, says) in [
        (vec!["quarantine", "show", "4711"], "holds no message 4711"),
        (vec!["quarantine", "retry", "4711"], "holds no message 4711"),
        (vec!["quarantine", "list", "--reason", "unknown"], "there is no reason unknown"),
    ] {
        let complaint = complained(&mut healthtrack(&database, &wrong));
        assert!(complaint.contains(says), "{complaint}");
    }
}

/// A subscriber to everything that HealthTrack publishes.
pub(crate) async fn subscriber(mosquitto: &Mosquitto) -> EventLoop {
    let mut options = MqttOptions::new("subscriber", "127.0.0.1", mosquitto.port());
    options.set_max_packet_size(Some(1 << 20));
    let (client, mut events) = AsyncClient::new(options, 10);
    client.subscribe("ht/#", QoS::AtLeastOnce).await.unwrap();
    while !matches!(events.poll().await.unwrap(), Event::Incoming(Packet::SubAck(_))) {}
    events
}

/// Runs a command while the subscriber takes `count` messages.
pub(crate) async fn publishes(mut command: Command, events: &mut EventLoop, count: usize) -> (Output, Vec<Publish>) {
    let running = tokio::task::spawn_blocking(move || command.output().unwrap());
    let mut messages = Vec::new();
    let taking = async {
        while messages.len() < count {
            if let Event::Incoming(Packet::Publish(publish)) = events.poll().await.unwrap() {
                messages.push(publish);
            }
        }
    };
    let in_time = tokio::time::timeout(TIMEOUT, taking).await;
    let output = running.await.unwrap();
    assert!(in_time.is_ok(), "{} of {count} messages came: {}", messages.len(), errors(&output));
    (output, messages)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_publishes_the_kept_bytes_and_marks_what_a_subscriber_was_given() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = migrated().await;
    let rows = [
        kept(Reason::UnknownDevice, "ht/1/main/a/batch", Some("application/json"), "{\"v\":1}"),
        kept(Reason::Undecodable, "ht/1/main/b/batch", None, "not json"),
    ];
    store(&database, &[], &rows).await;
    let url = mosquitto.url();
    let retry = |which: &[&str]| {
        let arguments = [&["quarantine", "retry", "--json", "--broker", &url], which].concat();
        healthtrack(&database, &arguments)
    };
    let nobody = retry(&["--all"]).output().unwrap();
    assert!(!nobody.status.success() && errors(&nobody).contains("is the daemon running?"), "{}", errors(&nobody));
    let listed = said_json(&mut healthtrack(&database, &["quarantine", "list", "--json"]));
    assert_eq!((&listed[0]["retried_at"], &listed[1]["retried_at"]), (&Value::Null, &Value::Null));

    let mut events = subscriber(&mosquitto).await;
    let (output, messages) = publishes(retry(&["--reason", "unknown_device"]), &mut events, 1).await;
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(&messages[0].payload[..], b"{\"v\":1}");
    assert_eq!(&messages[0].topic[..], b"ht/1/main/a/batch");
    let properties = messages[0].properties.clone().unwrap();
    assert_eq!(properties.content_type.as_deref(), Some("application/json"));
    let listed = said_json(&mut healthtrack(&database, &["quarantine", "list", "--json"]));
    assert_eq!((&listed[0]["retried_at"], listed[1]["retried_at"].is_string()), (&Value::Null, true));

    let (output, messages) = publishes(retry(&["--all"]), &mut events, 2).await;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["messages"], &report["retried"], messages.len()), (&json!(2), &json!(2), 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_publishes_every_sample_and_reports_it() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut text = "Id,Time,Value\n".to_owned();
    for person in [7, 8, 9] {
        for second in 0..3_000 {
            let (hour, minute) = (second / 3_600, second / 60 % 60);
            text.push_str(&format!(
                "{person},4/12/2016 {}:{minute:02}:{:02} PM,{}\n",
                1 + hour,
                second % 60,
                60 + second % 40
            ));
        }
    }
    std::fs::write(folder.path().join("heart.csv"), text).unwrap();
    let url = mosquitto.url();
    let path = folder.path().to_str().unwrap();
    let replay = |more: &[&str]| plain(&[&["replay", "fitbit", path, "--broker", &url], more].concat());
    let mut events = subscriber(&mosquitto).await;
    let (output, messages) = publishes(replay(&["--json"]), &mut events, 15).await;
    assert!(output.status.success(), "{}", errors(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let of = |key: &str| report[key].as_u64().unwrap();
    assert_eq!((of("files"), of("devices"), of("messages"), of("samples"), of("refused")), (1, 3, 15, 9_000, 0));
    assert_eq!((&report["samples_by_metric"], &report["broker"]["acked"]), (&json!({"heart_rate": 9_000}), &json!(15)));
    let mut last = std::collections::BTreeMap::new();
    let mut samples = 0;
    for message in &messages {
        let decoded = batch::decode(&message.payload).unwrap();
        let times = &decoded.readings[0].times;
        let (first, end) = (times.at(0).unwrap(), times.at(599).unwrap());
        assert!(last.insert(message.topic.clone(), end).is_none_or(|last| last < first), "a device goes back in time");
        samples += 600;
    }
    assert_eq!((samples, last.len()), (9_000, 3));

    // 600 s a message: four more after the first, at 3,000 times real time, take 0.8 s.
    let begun = std::time::Instant::now();
    let (output, _) = publishes(replay(&["--speed", "3000"]), &mut events, 15).await;
    assert!(output.status.success() && begun.elapsed() >= Duration::from_millis(700), "{:?}", begun.elapsed());
    let line = String::from_utf8(output.stdout).unwrap();
    assert!(line.starts_with("1 file, 3 devices, 15 messages, 9000 samples, 0 refused, in "), "{line}");
}

#[tokio::test]
async fn a_replay_that_finds_nothing_or_nobody_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let complaint = complained(&mut plain(&["replay", "cgm", path]));
    assert!(complaint.contains("nothing to replay"), "{complaint}");
    std::fs::write(folder.path().join("a.csv"), "id,time,gl\nx,2015-06-06 16:50:27,153\n").unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let complaint = complained(
        plain(&["replay", "cgm", path]).env("HEALTHTRACK__MQTT__URL", format!("mqtt://joe:s3cret@127.0.0.1:{port}")),
    );
    assert!(complaint.contains("cannot use the broker") && !complaint.contains("s3cret"), "{complaint}");
}

#[tokio::test]
async fn the_doctor_finds_what_is_wrong_and_says_what_to_do() {
    let database = TestDatabase::new().await;
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let examine = |http: &str, broker: &str| {
        let mut command = healthtrack(&database, &["doctor", "--json"]);
        command.env("HEALTHTRACK__HTTP__BIND", http).env("HEALTHTRACK__TELEMETRY__BIND", "127.0.0.1:0");
        let output = command.env("HEALTHTRACK__MQTT__URL", broker).output().unwrap();
        let findings: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
        let failed: Vec<String> = findings
            .iter()
            .filter(|finding| finding["level"] == "fail")
            .map(|finding| finding["what"].as_str().unwrap().split([':', ' ']).next().unwrap().to_owned())
            .collect();
        assert_eq!(output.status.success(), failed.is_empty(), "{}", errors(&output));
        failed.into_iter().filter(|what| what != "disk").collect::<Vec<_>>()
    };
    let nobody = format!("mqtt://127.0.0.1:{port}");
    let busy = taken.local_addr().unwrap().to_string();
    assert_eq!(examine(&busy, &nobody), ["schema", "broker", "http.bind"]);
    said(&mut healthtrack(&database, &["migrate"]));
    assert_eq!(examine("127.0.0.1:0", &nobody), ["broker"]);
    if let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) {
        assert_eq!(examine("127.0.0.1:0", &mosquitto.url()), [""; 0]);
    }
    let wrong = plain(&["doctor"]).env("HEALTHTRACK__MQTT__CONNECTIONS", "many").output().unwrap();
    let said = String::from_utf8(wrong.stdout).unwrap();
    assert!(said.starts_with("FAIL  configuration: HEALTHTRACK__MQTT__CONNECTIONS"), "{said}");
    assert_eq!((wrong.status.code(), said.lines().count()), (Some(1), 1));
}

#[tokio::test]
async fn the_doctor_sees_who_owns_the_shard_without_taking_it() {
    let database = migrated().await;
    let examine = || {
        let output =
            healthtrack(&database, &["doctor"]).env("HEALTHTRACK__MQTT__URL", "mqtt://127.0.0.1:1").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(examine().contains("shard main: no daemon has ever owned it"));
    let mut connection = connector(&database).connect().await.unwrap();
    let shard = ShardName::parse("main").unwrap();
    try_take(&mut connection, &shard, "daemon-1", None).await.unwrap().unwrap();
    assert!(examine().contains("shard main: owned by daemon-1 since"), "{}", examine());
    drop(connection);
    let ended = || async { examine().contains("shard main: daemon-1 owned it and is gone") };
    crate::support::wait::wait_until(TIMEOUT, "the owner's connection has ended", ended).await;
}

#[test]
fn every_verb_has_an_example_in_its_help() {
    for verb in [
        vec!["migrate"],
        vec!["device"],
        vec!["device", "add"],
        vec!["device", "list"],
        vec!["device", "allow"],
        vec!["device", "disallow"],
        vec!["quarantine"],
        vec!["quarantine", "list"],
        vec!["quarantine", "show"],
        vec!["quarantine", "retry"],
        vec!["quarantine", "resolve"],
        vec!["quarantine", "purge"],
        vec!["samples"],
        vec!["roll"],
        vec!["archive"],
        vec!["archive", "list"],
        vec!["archive", "verify"],
        vec!["archive", "sql"],
        vec!["replay"],
        vec!["doctor"],
    ] {
        let help = said(plain(&verb).arg("--help"));
        assert!(help.contains(&format!("healthtrack {}", verb.join(" "))) && help.contains("Example"), "{help}");
    }
}
