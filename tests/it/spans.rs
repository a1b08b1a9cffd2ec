//! What the log tells of work that takes time: each span at its end, with its fields, and nothing of a device.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::roll::TestStack;
use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::stack::run;
use crate::support::wait::wait_until;

/// The spans of a log in JSON that have ended.
fn ended(log: &str) -> Vec<Value> {
    let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter(|line| line["fields"]["message"] == "close" && line["fields"]["time.busy"].is_string()).collect()
}

/// The spans of one name.
fn named<'a>(ended: &'a [Value], name: &str) -> Vec<&'a Value> {
    ended.iter().map(|line| &line["span"]).filter(|span| span["name"] == name).collect()
}

fn keys(span: &Value) -> BTreeSet<&str> {
    span.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_a_roll_a_request_and_a_command_say_at_their_end_what_they_were() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let mut stack = TestStack::build().await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0]).await;
    let url = stack.archive_url();
    let keys_of_daemon = [
        ("ARCHIVE__URL", url.as_str()),
        ("ARCHIVE__HOUR", "0"),
        ("TELEMETRY__LOG", "info,healthtrack=debug"),
        ("TELEMETRY__LOG_FORMAT", "json"),
    ];
    let mut daemon = Daemon::start(stack.url(), &mosquitto.url(), &keys_of_daemon).await;
    let publisher = crate::crash::publisher(&mosquitto).await;
    publisher.publish("ht/1/main/watch-7/batch".to_owned(), run(0, &[70, 71, 72]).into_bytes()).await.unwrap();
    daemon.wait_settled(3).await;
    let rolled = || async { daemon.metric("healthtrack_archive_rolled_samples_total") == 2.0 };
    wait_until(TIMEOUT, "the daemon has rolled", rolled).await;
    let told = || async { !named(&ended(&daemon.log()), "roll").is_empty() };
    wait_until(TIMEOUT, "the roll's span has ended", told).await;
    assert!(daemon.stop().0, "{}", daemon.log());

    let log = daemon.log();
    let ended = ended(&log);
    let batch = named(&ended, "batch")[0];
    assert_eq!(keys(batch), ["batch.rows", "batch.samples", "lane", "name", "shard"].into(), "{batch}");
    assert_eq!((&batch["batch.samples"], &batch["batch.rows"]), (&3.into(), &1.into()), "{batch}");
    assert_eq!(batch["shard"], "main");
    let roll = named(&ended, "roll")[0];
    assert_eq!(keys(roll), ["name", "roll.day", "roll.metric"].into(), "{roll}");
    assert_eq!((&roll["roll.day"], &roll["roll.metric"]), (&"2024-03-05".into(), &"heart_rate".into()));
    let request = named(&ended, "request").into_iter().find(|request| request["http.route"] == "/readyz").unwrap();
    assert_eq!(keys(request), ["http.method", "http.route", "http.status", "name"].into(), "{request}");
    let command = named(&ended, "command")[0];
    assert_eq!(command["command"], "serve");
    assert!(!log.contains("watch-7"), "a device is named in the log: {log}");
}
