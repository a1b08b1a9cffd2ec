//! What devices and brokers send that they should not: wrong clocks, poison, too much, everything twice, last week's
//! data. Each ends as stored, duplicate or in quarantine with its reason, and the connection stays up.

use std::io::Write as _;

use healthtrack::model::time::{Clock as _, SystemClock};

use crate::support::daemon::TIMEOUT;
use crate::support::mosquitto::MosquittoOptions;
use crate::support::raw::{self, DUP, RETAIN, Version};
use crate::support::stack::{TestStack, run};
use crate::support::wait::wait_until;

const TOPIC: &str = "ht/1/main/watch/batch";
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 1_440 * MINUTE_MS;
const VALUES: &str = "SELECT value FROM signal.sample ORDER BY start_at";
const REASONS: &str = "SELECT reason, sum(samples) FROM signal.quarantine GROUP BY reason ORDER BY reason";

fn at(times: &[i64]) -> String {
    let values = (60..60 + times.len()).map(|value| value.to_string()).collect::<Vec<_>>().join(",");
    format!(r#"{{"v":1,"series":[{{"metric":"heart_rate","times":{times:?},"values":[{values}]}}]}}"#)
}

/// One sample in a message of so many bytes.
fn padded(second: u64, bytes: usize) -> Vec<u8> {
    let mut payload = run(second, &[60]).into_bytes();
    payload.resize(bytes, b' ');
    payload
}

fn assert_one_connection(stack: &TestStack) {
    assert_eq!(stack.daemon.metric("healthtrack_mqtt_connects_total"), 1.0, "the connection stays up");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_wrong_clock_only_what_cannot_be_is_put_aside() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let now = SystemClock.now().micros() / 1_000;
    // 1970, last year, now, half an hour ahead (believed), two days and twenty years ahead.
    let times =
        [0, 86_400_000, now - 365 * DAY_MS, now, now + 30 * MINUTE_MS, now + 2 * DAY_MS, now + 20 * 365 * DAY_MS];
    stack.publish(TOPIC, at(&times)).await;
    assert_eq!(stack.settled(7).await, [3, 0, 0, 4]);
    assert_eq!(stack.rows(VALUES).await, ["(62)", "(63)", "(64)"]);
    assert_eq!(stack.rows(REASONS).await, ["(ancient_time,2)", "(future_time,2)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_drifts_and_is_set_back_loses_no_moment_and_doubles_none() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let now = SystemClock.now().micros() / 1_000 - DAY_MS;
    // 1,003 ms a second; then set back by five of its seconds, so that the same moments come with other values.
    let drifting: Vec<i64> = (0..10).map(|step| now + step * 1_003).collect();
    stack.publish(TOPIC, at(&drifting)).await;
    assert_eq!(stack.settled(10).await, [10, 0, 0, 0]);
    let again: Vec<i64> = (5..15).map(|step| now + step * 1_003).collect();
    stack.publish(TOPIC, at(&again)).await;
    assert_eq!(stack.settled(20).await, [15, 0, 5, 0]);
    let times = stack.rows("SELECT (extract(epoch FROM start_at) * 1000)::bigint FROM signal.sample ORDER BY 1").await;
    assert_eq!(times, (0..15).map(|step| format!("({})", now + step * 1_003)).collect::<Vec<_>>());
    assert_eq!(stack.rows(REASONS).await, ["(conflict,5)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_is_kept_by_reason_as_it_came_and_harms_nobody() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let value = |value: &str| {
        let series = r#"{"metric":"heart_rate","times":[1795428000000],"values":["#;
        format!(r#"{{"v":1,"series":[{series}{value}]}}]}}"#).into_bytes()
    };
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    bomb.write_all(&vec![b'['; 16 << 20]).unwrap();
    let named = |device: &str| run(0, &[60]).replace(r#"{"v":1,"#, &format!(r#"{{"v":1,"device":"{device}","#));
    let poison: [(&str, &str, Vec<u8>); 12] = [
        ("malformed_series", "nan/batch", value("NaN")),
        ("malformed_series", "infinity/batch", value("-Infinity")),
        ("malformed_series", "huge/batch", value("1e999")),
        ("impossible_value", "large/batch", value("1e308")),
        ("undecodable", "nul/batch", b"\0".to_vec()),
        ("undecodable", "nul-inside/batch", run(0, &[60]).replace("heart_rate", "heart\0rate").into_bytes()),
        ("unknown_metric", "nul-name/batch", run(0, &[60]).replace("heart_rate", "heart\\u0000rate").into_bytes()),
        ("bad_device", "nul-device/batch", named("a\\u0000b").into_bytes()),
        ("bad_device", "long-device/batch", named(&"x".repeat(100_000)).into_bytes()),
        ("undecodable", "empty/batch", Vec::new()),
        // No format inflates anything, so sixteen million brackets stay the few thousand bytes that came.
        ("undecodable", "bomb/batch", bomb.finish().unwrap()),
        ("undecodable", "deep/omh", "[".repeat(500_000).into_bytes()),
    ];
    for (_, topic, payload) in &poison {
        stack.publish(&format!("ht/1/main/{topic}"), payload.clone()).await;
    }
    stack.publish(TOPIC, run(0, &[60, 61])).await;
    stack.acknowledged(13).await;
    let kept = "SELECT split_part(topic, '/', 4), reason, length(payload) FROM signal.quarantine";
    let mut kept = stack.rows(kept).await;
    let mut expected: Vec<String> = poison
        .iter()
        .map(|(reason, topic, payload)| format!("({},{reason},{})", topic.split('/').next().unwrap(), payload.len()))
        .collect();
    kept.sort();
    expected.sort();
    assert_eq!(kept, expected);
    assert_eq!(stack.rows(VALUES).await, ["(60)", "(61)"]);
    assert_one_connection(&stack);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_above_the_brokers_limit_harms_itself_alone_in_both_versions() {
    const LIMIT: usize = 4_096;
    let options = MosquittoOptions { message_size_limit: 4_096, ..MosquittoOptions::default() };
    let Some(stack) = TestStack::build_with(&options, &[]).await else { return };
    let mut second = 0;
    for version in [Version::V311, Version::V5] {
        for (bytes, fits) in [(LIMIT - 1, true), (LIMIT, true), (LIMIT + 1, false), (1 << 20, false)] {
            let taken = raw::publish(stack.mosquitto.port(), version, 0, TOPIC, &padded(second, bytes)).await;
            // MQTT 3.1.1 has no way to say no but to hang up, and this broker says yes and drops it.
            assert!(taken == fits || version == Version::V311, "{version:?}, {bytes} bytes: taken {taken}");
            second += 1;
        }
    }
    stack.publish(TOPIC, run(second, &[60])).await;
    assert_eq!(stack.settled(5).await, [5, 0, 0, 0]);
    assert_one_connection(&stack);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_megabyte_is_stored_whole_in_both_versions() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    for (second, version) in [(0, Version::V311), (1, Version::V5)] {
        let payload = padded(second, 1_000_000);
        assert!(raw::publish(stack.mosquitto.port(), version, 0, TOPIC, &payload).await);
    }
    assert_eq!(stack.settled(2).await, [2, 0, 0, 0]);
    assert_one_connection(&stack);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retained_message_that_comes_with_each_subscription_counts_as_duplicate() {
    let Some(mut stack) = TestStack::build(&[]).await else { return };
    let port = stack.mosquitto.port();
    assert!(raw::publish(port, Version::V311, RETAIN, TOPIC, run(0, &[60, 61]).as_bytes()).await);
    assert_eq!(stack.settled(2).await, [2, 0, 0, 0]);
    assert!(stack.daemon.stop().0, "the daemon ends well");
    stack.daemon.restart();
    stack.daemon.wait_ready().await;
    assert_eq!(stack.settled(2).await, [0, 2, 0, 0]);
    // A publisher that repeats itself and says so is no other case.
    assert!(raw::publish(port, Version::V5, DUP, TOPIC, run(0, &[60, 61]).as_bytes()).await);
    assert_eq!(stack.settled(4).await, [0, 4, 0, 0]);
    assert_eq!(stack.rows(VALUES).await, ["(60)", "(61)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn subscriptions_that_overlap_store_each_sample_once() {
    let Some(stack) = TestStack::build(&[("MQTT__FILTERS", "ht/1/+/+/+, ht/1/main/#, #")]).await else { return };
    for second in 0..10 {
        stack.publish(TOPIC, run(second, &[60 + u32::try_from(second).unwrap()])).await;
    }
    // In order, so nothing comes after the last: whatever the broker sends twice has come when this is acknowledged.
    let last = "ht/1/main/last/batch";
    stack.publish(last, run(0, &[99])).await;
    let copies = || stack.daemon.metric("healthtrack_mqtt_messages_total") / 11.0;
    wait_until(TIMEOUT, "each message came as often", || async {
        copies() >= 1.0 && copies().fract() == 0.0 && stack.acks() == copies() * 11.0
    })
    .await;
    let [stored, duplicate, conflict, quarantined] = stack.daemon.outcomes();
    assert_eq!((stored, conflict, quarantined), (11, 0, 0));
    assert_eq!((duplicate + 11) as f64, copies() * 11.0);
    assert_eq!(
        stack.rows("SELECT count(*), count(DISTINCT (device_id, start_at)) FROM signal.sample").await,
        ["(11,11)"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_in_any_order_and_seven_days_late_are_stored_in_their_place() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let now = 1_795_428_000_000;
    stack.publish(TOPIC, at(&[now, now + 1_000, now + 2_000])).await;
    assert_eq!(stack.settled(3).await, [3, 0, 0, 0]);
    let late = now - 7 * DAY_MS;
    // Out of order within the message and against the one before, and one moment twice with one value.
    let payload = r#"{"v":1,"series":[{"metric":"heart_rate","times":[T3,T1,T2,T1],"values":[73,71,72,71]}]}"#;
    let payload =
        (1..4).fold(payload.to_owned(), |text, n| text.replace(&format!("T{n}"), &(late + n * 1_000).to_string()));
    stack.publish(TOPIC, payload).await;
    assert_eq!(stack.settled(7).await, [6, 1, 0, 0]);
    stack.publish(TOPIC, at(&[late + 500, now + 500])).await;
    assert_eq!(stack.settled(9).await, [8, 1, 0, 0]);
    assert_eq!(stack.rows(VALUES).await, ["(60)", "(71)", "(72)", "(73)", "(60)", "(61)", "(61)", "(62)"]);
    let week = "SELECT count(*) FROM signal.samples('watch', 'heart_rate', '2026-11-16 00:00Z', '2026-11-17 00:00Z')";
    assert_eq!(stack.rows(week).await, ["(4)"]);
}
