//! What a source said last: totals that grow, nights that are scored again, words that come in any order and more than
//! once, what is taken back, and daemons that are killed in between.

use crate::support::daemon::TIMEOUT;
use crate::support::stack::{TestStack, Verdict, promise};
use crate::support::wait::wait_until;

const TOPIC: &str = "ht/1/main/ring/batch";
/// What stands, with its revision.
const STANDING: &str = "SELECT metric, to_char(start_at AT TIME ZONE 'UTC', 'DD HH24:MI') AS start,
    to_char(end_at AT TIME ZONE 'UTC', 'DD HH24:MI') AS \"end\", coalesce(code, value::text) AS value, revision
    FROM signal.sample ORDER BY metric, start_at, end_at";
const SUPERSEDED: &str = "SELECT metric, to_char(start_at AT TIME ZONE 'UTC', 'DD HH24:MI') AS start,
    to_char(end_at AT TIME ZONE 'UTC', 'DD HH24:MI') AS \"end\", coalesce(code, value::text) AS value, revision
    FROM signal.superseded ORDER BY metric, start_at, superseded_at, value";

fn message(series: &str) -> String {
    format!(r#"{{"v":1,"series":[{series}]}}"#)
}

/// Samples of one kind, each with its interval on 22 and 23 November.
fn intervals(metric: &str, key: &str, samples: &[(&str, &str, &str)], more: &str) -> String {
    let list = |of: fn(&(&str, &str, &str)) -> String| samples.iter().map(of).collect::<Vec<_>>().join(",");
    let times = list(|(from, ..)| format!(r#""2026-11-{from}:00Z""#));
    let ends = list(|(_, to, _)| format!(r#""2026-11-{to}:00Z""#));
    let values = list(|(.., value)| (*value).to_owned());
    format!(r#"{{"metric":"{metric}","times":[{times}],"ends":[{ends}],"{key}":[{values}]{more}}}"#)
}

/// Heart rates a minute apart from a minute after noon on.
fn minutes(first: u32, values: &[u32], more: &str) -> String {
    let values = values.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let start = 1_795_348_800_000_u64 + u64::from(first) * 60_000;
    message(&format!(r#"{{"metric":"heart_rate","start":{start},"period_ms":60000,"values":[{values}]{more}}}"#))
}

async fn publish(stack: &TestStack, messages: &[String]) {
    let before = stack.acks();
    for (place, message) in messages.iter().enumerate() {
        stack.publish(TOPIC, message.as_str()).await;
        stack.acknowledged(before as u32 + u32::try_from(place + 1).unwrap()).await;
    }
}

fn outdated(stack: &TestStack) -> f64 {
    stack.daemon.metric("healthtrack_ingest_samples_total{outcome=\"outdated\"}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_night_that_grows_is_one_night_and_one_that_is_scored_again_is_the_later() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let night = |minutes: &str, to: &str| {
        let duration = intervals("sleep_duration", "values", &[("22T22:00", to, minutes)], "");
        message(&format!("{duration},{}", intervals("sleep_stage", "codes", &[("22T22:00", to, "\"asleep\"")], "")))
    };
    let grown = [("65", "22T23:05"), ("138", "23T00:18"), ("280", "23T02:40"), ("425", "23T05:05")];
    publish(&stack, &grown.map(|(minutes, to)| night(minutes, to))).await;
    let scored = |minutes: &str, code: &str| {
        let stages = [("21T22:10", "21T23:00", code), ("21T23:00", "21T23:40", "\"deep\"")];
        let duration = intervals("sleep_duration", "values", &[("21T22:10", "22T05:10", minutes)], "");
        message(&format!("{duration},{}", intervals("sleep_stage", "codes", &stages, "")))
    };
    publish(&stack, &[scored("412", "\"light\""), scored("388", "\"awake\"")]).await;
    let standing = [
        r#"(sleep_duration,"21 22:10","22 05:10",388,)"#,
        r#"(sleep_duration,"22 22:00","23 05:05",425,)"#,
        r#"(sleep_stage,"21 22:10","21 23:00",awake,)"#,
        r#"(sleep_stage,"21 23:00","21 23:40",deep,)"#,
        r#"(sleep_stage,"22 22:00","23 05:05",asleep,)"#,
    ];
    assert_eq!(stack.rows(STANDING).await, standing);
    let superseded = stack.rows(SUPERSEDED).await;
    assert_eq!((superseded.len(), &*superseded[0]), (8, r#"(sleep_duration,"21 22:10","22 05:10",412,)"#));
    // 8 and 6 samples, of which the stage that was said again alike is the one duplicate.
    assert_eq!(stack.settled(14).await, [13, 1, 0, 0]);
    assert_eq!(stack.daemon.metric("healthtrack_ingest_superseded_samples_total"), 8.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_total_so_far_counts_once_and_a_repeated_delivery_brings_no_older_one_back() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    an_older_word_stays_superseded(&stack).await.unwrap();
}

/// The day's steps so far, and all of it again in the same order, before and after a restart.
pub(crate) async fn an_older_word_stays_superseded(stack: &TestStack) -> Verdict {
    let total = |to: &str, steps: &str| message(&intervals("step_count", "values", &[("22T00:00", to, steps)], ""));
    let day = [("22T08:00", "220"), ("22T12:00", "2400"), ("22T18:00", "6100"), ("22T23:59", "7300")];
    let day = day.map(|(to, steps)| total(to, steps));
    let later = message(&intervals("step_count", "values", &[("23T00:00", "23T08:00", "90")], ""));
    publish(stack, &day).await;
    publish(stack, &[later]).await;
    publish(stack, &day[..3]).await;
    let outcomes = stack.daemon.outcomes();
    promise(outcomes == [5, 3, 0, 0], || format!("{outcomes:?} were counted"))?;
    let rows = stack.rows(STANDING).await;
    let standing = [r#"(step_count,"22 00:00","22 23:59",7300,)"#, r#"(step_count,"23 00:00","23 08:00",90,)"#];
    promise(rows == standing, || format!("{rows:?} stand"))
}

/// Method: a daemon is killed after each message, so that none remembers a series; what is delivered again afterwards
/// is all that was ever said, in another order.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_the_highest_revision_stands_in_any_order_of_arrival() {
    let Some(mut stack) = TestStack::build(&[("COMPACTION__ENABLED", "false")]).await else { return };
    let said = [
        minutes(0, &[60, 61, 62, 63, 64, 65], ""),
        minutes(2, &[72, 73], r#","revision":5"#),
        minutes(0, &[80, 81, 82, 83], r#","revision":3"#),
        minutes(5, &[], r#","revision":4,"replaces":{"from":1795349040000,"to":1795349400000}"#),
        minutes(5, &[95], r#","revision":2"#),
        minutes(8, &[98], r#","revision":4"#),
    ];
    let orders: [[usize; 6]; 2] = [[0, 1, 2, 3, 4, 5], [3, 5, 4, 2, 1, 0]];
    let standing = [
        r#"(heart_rate,"22 12:00",,80,3)"#,
        r#"(heart_rate,"22 12:01",,81,3)"#,
        r#"(heart_rate,"22 12:02",,72,5)"#,
        r#"(heart_rate,"22 12:03",,73,5)"#,
        r#"(heart_rate,"22 12:08",,98,4)"#,
    ];
    let of = |place: usize| STANDING.replace("ORDER", &format!("WHERE device_id = 'ring-{place}' ORDER"));
    for (place, order) in orders.iter().enumerate() {
        let topic = format!("ht/1/main/ring-{place}/batch");
        for message in order.map(|message| said[message].clone()) {
            let before = stack.acks();
            stack.publish(&topic, message).await;
            stack.acknowledged(before as u32 + 1).await;
            stack.daemon.kill();
            stack.daemon.restart();
            stack.daemon.wait_ready().await;
        }
        // What was acknowledged and not told to the broker comes again.
        wait_until(TIMEOUT, "all is heard", || async { stack.rows(&of(place)).await == standing }).await;
    }
    for place in 0..orders.len() {
        for message in &said {
            stack.publish(&format!("ht/1/main/ring-{place}/batch"), message.as_str()).await;
        }
    }
    let ended = || {
        let [stored, duplicate, conflict, quarantined] = stack.daemon.outcomes();
        assert_eq!((stored, conflict, quarantined), (0, 0, 0));
        duplicate + outdated(&stack) as u64
    };
    wait_until(TIMEOUT, "all is heard again", || async { ended() >= 2 * 14 }).await;
    for place in 0..orders.len() {
        assert_eq!(stack.rows(&of(place)).await, standing, "what is delivered again changes nothing");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_back_is_gone_and_stays_so_for_what_comes_late() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    what_is_replaced_stays_replaced(&stack).await.unwrap();
}

/// Four readings, two of them taken back; the same four again, and new ones of a lower and of a higher revision.
pub(crate) async fn what_is_replaced_stays_replaced(stack: &TestStack) -> Verdict {
    let taken_back = minutes(1, &[], r#","revision":2,"replaces":{"from":1795348860000,"to":1795348980000}"#);
    let messages = [minutes(0, &[60, 61, 62, 63], ""), taken_back];
    publish(stack, &messages).await;
    let rows = stack.rows(STANDING).await;
    promise(rows.len() == 2, || format!("{rows:?} stand"))?;
    let more = [messages[0].clone(), minutes(1, &[71, 72], r#","revision":1"#), minutes(2, &[92], r#","revision":2"#)];
    publish(stack, &more).await;
    let standing =
        [r#"(heart_rate,"22 12:00",,60,)"#, r#"(heart_rate,"22 12:02",,92,2)"#, r#"(heart_rate,"22 12:03",,63,)"#];
    let rows = stack.rows(STANDING).await;
    promise(rows == standing, || format!("{rows:?} stand"))?;
    let (outcomes, outdated) = (stack.daemon.outcomes(), outdated(stack));
    promise(outcomes == [5, 2, 0, 0] && outdated == 4.0, || format!("{outcomes:?} and {outdated} were counted"))?;
    let superseded = stack.rows(SUPERSEDED).await;
    promise(superseded.len() == 2, || format!("{superseded:?} were superseded"))
}

/// Method: more samples of one day than one transaction replaces, and a message that takes them all
/// back.
#[tokio::test(flavor = "multi_thread")]
async fn more_than_one_transaction_takes_is_replaced_in_pieces() {
    let Some(stack) = TestStack::build(&[("COMPACTION__ENABLED", "false")]).await else { return };
    stack
        .execute(
            "SELECT signal.ensure_chunk('2026-11-20'::date + day) FROM generate_series(0, 1) AS day;
             INSERT INTO signal.device (added_at, device_id, added_by) VALUES (now(), 'ring', 'test');
             INSERT INTO signal.series (device_key, metric_id)
                 SELECT device_key, metric_id FROM signal.device, signal.metric WHERE name = 'heart_rate';
             INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
                 SELECT at, at + 4095 * INTERVAL '5 ms', 5000, series_id, array_fill(60::float8, ARRAY[4096])
                 FROM signal.series, generate_series(0, 39) AS block,
                      LATERAL (SELECT timestamptz '2026-11-20T00:00:00Z' + block * INTERVAL '4 min' AS at) AS moment",
        )
        .await;
    let range = r#""replaces":{"from":"2026-11-20T00:00:00Z","to":"2026-11-21T12:00:00Z"}"#;
    let replaced = format!(r#"{{"metric":"heart_rate","revision":1,"times":[1795132800000],"values":[61],{range}}}"#);
    publish(&stack, &[message(&replaced)]).await;
    assert_eq!(stack.rows(STANDING).await, [r#"(heart_rate,"20 00:00",,61,1)"#]);
    let counts = stack
        .rows(
            "SELECT (SELECT count(*) FROM signal.superseded_value),
                    (SELECT extract(epoch FROM sum(to_at - from_at))::integer FROM signal.replaced_range)",
        )
        .await;
    assert_eq!(counts, [format!("({},{})", 40 * 4_096, 36 * 3_600)]);
    let pieces = stack.daemon.metric("healthtrack_ingest_batch_bisections_total");
    assert!((1.0..20.0).contains(&pieces), "it was halved {pieces} times");
    assert_eq!(stack.settled(1).await, [1, 0, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_replaced_is_refused_by_name_and_leaves_what_stands() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let series = [
        r#"{"metric":"heart_rate","times":[1795348800000],"values":[60]}"#,
        r#"{"metric":"heart_rate","values":[],"replaces":{"from":1795348800000,"to":1795348860000}}"#,
        r#"{"metric":"heart_rate","values":[],"revision":1,"replaces":{"from":0,"to":1795348860000}}"#,
        r#"{"metric":"heart_rate","times":[1795348800000],"values":[900],"revision":1,
            "replaces":{"from":1795348800000,"to":1795348860000}}"#,
    ];
    publish(&stack, &[message(&series.join(","))]).await;
    assert_eq!(stack.settled(4).await, [1, 0, 0, 3]);
    assert_eq!(stack.rows(STANDING).await, [r#"(heart_rate,"22 12:00",,60,)"#]);
    let reasons = stack.rows("SELECT reason FROM signal.quarantine ORDER BY reason").await;
    assert_eq!(reasons, ["(bad_interval)", "(impossible_value)", "(malformed_series)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_time_of_the_source_and_its_revision_stand_beside_a_sample() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let series =
        r#"{"metric":"heart_rate","start":"2026-11-22T14:00:00+02:00","period_ms":1000,"values":[60,61],"revision":9}"#;
    publish(&stack, &[message(series)]).await;
    let query =
        "SELECT value, utc_offset_minutes, revision, received_at > now() - INTERVAL '1 hour' FROM signal.sample";
    assert_eq!(stack.rows(query).await, ["(60,120,9,t)", "(61,120,9,t)"]);
}
