//! Bytes in, rows out: a message ends as samples, as duplicates, or in quarantine with its reason, and its neighbours do
//! not suffer.

use std::time::Duration;

use crate::support::daemon::TIMEOUT;
use crate::support::stack::{TestStack, Verdict, promise, run};
use crate::support::wait::{happens_within, wait_until};

const SAMPLES: &str =
    "SELECT device_id, metric, statistic, start_at AT TIME ZONE 'UTC', end_at AT TIME ZONE 'UTC', value,
    code, unit FROM signal.sample ORDER BY device_id, metric, start_at";

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_read_back_sample_by_sample() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let batch = r#"{"v":1,"series":[
        {"metric":"heart_rate","start":"2026-11-23T10:00:00Z","period_ms":1000,"values":[61,62,null,60]},
        {"metric":"step_count","times":[1795428000000,1795428060000],"ends":[1795428060000,1795428120000],"values":[12,40]},
        {"metric":"body_temperature","unit":"degF","times":[1795428000000],"values":[98.6]},
        {"metric":"heart_rate","statistic":"maximum","times":[1795428000000],"values":[171]},
        {"metric":"sleep_stage","times":[1795428000000],"ends":[1795428030000],"codes":["rem"]}]}"#;
    stack.publish("ht/1/main/watch-7/batch", batch).await;
    assert_eq!(stack.settled(8).await, [8, 0, 0, 0]);
    assert_eq!(stack.daemon.metric("healthtrack_ingest_not_measured_total"), 1.0);
    let rows = stack.rows(SAMPLES).await;
    let expected = [
        r#"(watch-7,body_temperature,,"2026-11-23 10:00:00",,37,,Cel)"#,
        r#"(watch-7,heart_rate,,"2026-11-23 10:00:00",,61,,/min)"#,
        r#"(watch-7,heart_rate,maximum,"2026-11-23 10:00:00",,171,,/min)"#,
        r#"(watch-7,heart_rate,,"2026-11-23 10:00:01",,62,,/min)"#,
        r#"(watch-7,heart_rate,,"2026-11-23 10:00:03",,60,,/min)"#,
        r#"(watch-7,sleep_stage,,"2026-11-23 10:00:00","2026-11-23 10:00:30",,rem,"")"#,
        r#"(watch-7,step_count,,"2026-11-23 10:00:00","2026-11-23 10:01:00",12,,{steps})"#,
        r#"(watch-7,step_count,,"2026-11-23 10:01:00","2026-11-23 10:02:00",40,,{steps})"#,
    ];
    let mut rows: Vec<String> = rows.into_iter().map(|row| row.replace("\"{steps}\"", "{steps}")).collect();
    rows.sort();
    let mut expected = expected.map(str::to_owned).to_vec();
    expected.sort();
    assert_eq!(rows, expected);
    let pruned = stack
        .rows("SELECT value FROM signal.samples('watch-7', 'step_count', '2026-11-23 10:01:00Z', '2026-11-23 11:00Z') ORDER BY start_at")
        .await;
    assert_eq!(pruned, ["(40)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn open_mhealth_points_become_samples() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let point = |name: &str, version: &str, body: &str| {
        format!(
            r#"{{"header":{{"uuid":"6b7b8f8e-5f8a-4f43-9d37-2b7f8a6a1c11","schema_id":{{"namespace":"omh","name":"{name}",
            "version":"{version}"}},"source_creation_date_time":"2026-11-23T10:00:00Z","modality":"sensed"}},"body":{body}}}"#
        )
    };
    let pressure = r#"{"systolic_blood_pressure":{"value":121,"unit":"mmHg"},
        "diastolic_blood_pressure":{"value":79,"unit":"mmHg"},
        "effective_time_frame":{"date_time":"2026-11-23T10:00:00+01:00"}}"#;
    stack.publish("ht/1/main/cuff/omh", point("blood-pressure", "4.0", pressure)).await;
    assert_eq!(stack.settled(2).await, [2, 0, 0, 0]);
    let rows = stack.rows("SELECT metric, value, start_at AT TIME ZONE 'UTC' FROM signal.sample ORDER BY metric").await;
    assert_eq!(
        rows,
        [
            r#"(diastolic_blood_pressure,79,"2026-11-23 09:00:00")"#,
            r#"(systolic_blood_pressure,121,"2026-11-23 09:00:00")"#
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_message_is_counted_and_changes_nothing() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    repeated_messages_change_nothing(&stack).await.unwrap();
}

/// One message; the same once more, and one that overlaps it. Each is acknowledged before the next comes, so that no two
/// meet in one batch.
pub(crate) async fn repeated_messages_change_nothing(stack: &TestStack) -> Verdict {
    let topic = "ht/1/main/watch/batch";
    stack.publish(topic, run(0, &[60, 61, 62, 63])).await;
    stack.acknowledged(1).await;
    stack.publish(topic, run(0, &[60, 61, 62, 63])).await;
    stack.acknowledged(2).await;
    stack.publish(topic, run(2, &[62, 63, 64, 65])).await;
    stack.acknowledged(3).await;
    let outcomes = stack.daemon.outcomes();
    promise(outcomes == [6, 6, 0, 0], || format!("of 6 samples sent twice, {outcomes:?} were counted"))?;
    let rows = stack.rows("SELECT value FROM signal.sample ORDER BY start_at").await;
    promise(rows == ["(60)", "(61)", "(62)", "(63)", "(64)", "(65)"], || format!("{rows:?} are stored"))
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_that_come_late_and_in_any_order_are_stored_once() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let topic = "ht/1/main/watch/batch";
    let mut expected: Vec<u32> = Vec::new();
    // Sevens are coprime to the forty runs, so every place comes once and hardly one after its neighbour.
    for place in (0..40_u64).map(|step| step * 7 % 40) {
        let values: Vec<u32> = (0..5).map(|n| 60 + u32::try_from(place).unwrap() + n).collect();
        stack.publish(topic, run(place * 5, &values)).await;
    }
    (0..40).for_each(|place| expected.extend((0..5).map(|n| 60 + place + n)));
    assert_eq!(stack.settled(200).await, [200, 0, 0, 0]);
    let rows = stack.rows("SELECT value FROM signal.sample ORDER BY start_at").await;
    assert_eq!(rows, expected.iter().map(|value| format!("({value})")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_values_for_one_moment_the_first_stays_and_the_second_is_put_aside() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let topic = "ht/1/main/watch/batch";
    stack.publish(topic, run(0, &[60, 61, 62])).await;
    stack.settled(3).await;
    stack.publish(topic, run(1, &[71, 62, 63])).await;
    assert_eq!(stack.settled(6).await, [4, 1, 1, 0]);
    assert_eq!(stack.rows("SELECT value FROM signal.sample ORDER BY start_at").await, ["(60)", "(61)", "(62)", "(63)"]);
    let kept =
        stack.rows("SELECT reason, samples, convert_from(payload, 'UTF8') LIKE '%71%' FROM signal.quarantine").await;
    assert_eq!(kept, ["(conflict,1,t)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_believed_is_put_aside_by_reason_and_its_neighbours_are_stored() {
    let keys = [("MQTT__FILTERS", "ht/1/+/+/+, bad/#"), ("MQTT__PACKET_BYTES_MAX", "4096")];
    let Some(stack) = TestStack::build(&keys).await else { return };
    let deep = format!(r#"{{"v":1,"series":{}{}}}"#, "[".repeat(1_500), "]".repeat(1_500));
    let series = |series: &str| {
        format!(r#"{{"v":1,"series":[{series},{{"metric":"heart_rate","times":[1795428000000],"values":[60]}}]}}"#)
    };
    let bad: [(&str, &str, Vec<u8>); 10] = [
        ("undecodable", "ht/1/main/a/batch", b"\x00\xff\x17 not json".to_vec()),
        ("undecodable", "ht/1/main/b/batch", b"{\"v\":1,\"device\":\"\xc3\x28\",\"series\":[]}".to_vec()),
        ("undecodable", "ht/1/main/c/batch", deep.into_bytes()),
        ("bad_topic", "bad/topic", b"{}".to_vec()),
        ("unsupported_format", "ht/1/main/d/xml", b"<x/>".to_vec()),
        (
            "unknown_metric",
            "ht/1/main/e/batch",
            series(r#"{"metric":"mood","times":[1795428000000],"values":[3]}"#).into(),
        ),
        (
            "unknown_unit",
            "ht/1/main/f/batch",
            series(r#"{"metric":"body_weight","unit":"cubit","times":[1795428000000],"values":[3]}"#).into(),
        ),
        (
            "impossible_value",
            "ht/1/main/g/batch",
            series(r#"{"metric":"heart_rate","times":[1795428001000],"values":[9000]}"#).into(),
        ),
        (
            "malformed_series",
            "ht/1/main/h/batch",
            series(r#"{"metric":"heart_rate","times":[1795428001000],"values":["NaN"]}"#).into(),
        ),
        ("undecodable", "ht/1/main/i/omh", b"[{\"header\":{}}]".to_vec()),
    ];
    for (_, topic, payload) in &bad {
        stack.publish(topic, payload.clone()).await;
    }
    let [stored, _, _, quarantined] = stack.settled(10 + 4).await;
    assert_eq!((stored, quarantined), (4, 10));
    let kept = stack.rows("SELECT topic, reason FROM signal.quarantine ORDER BY topic").await;
    let mut expected: Vec<String> = bad.iter().map(|(reason, topic, _)| format!("({topic},{reason})")).collect();
    expected.sort();
    assert_eq!(kept, expected);
    assert_eq!(stack.daemon.metric("healthtrack_mqtt_connects_total"), 1.0, "the connection stays up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_above_the_packet_limit_is_refused_and_the_connection_stays_up() {
    let Some(stack) = TestStack::build(&[("MQTT__PACKET_BYTES_MAX", "2048")]).await else { return };
    let topic = "ht/1/main/watch/batch";
    // What is left of 2048 bytes after 2 for the length, 2 and the topic, 2 for its number and 1 for no properties.
    // Mosquitto leaves the packet's first byte out of its count.
    let fits = 2_048 - 2 - 2 - topic.len() - 2 - 1;
    let padded = |bytes: usize| format!("{}{}", run(0, &[60]), " ".repeat(bytes - run(0, &[60]).len()));
    stack.publish(topic, padded(fits + 1)).await;
    stack.publish(topic, padded(fits)).await;
    stack.publish(topic, run(1, &[61])).await;
    assert_eq!(stack.settled(2).await, [2, 0, 0, 0]);
    assert_eq!(stack.daemon.metric("healthtrack_mqtt_connects_total"), 1.0, "the connection stays up");
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_of_a_device_nobody_knows_wait_in_quarantine_until_it_is_added() {
    let Some(stack) = TestStack::build(&[("INGEST__UNKNOWN_DEVICE", "quarantine")]).await else { return };
    let topic = "ht/1/main/stranger/batch";
    stack.publish(topic, run(0, &[60, 61, 62])).await;
    assert_eq!(stack.settled(3).await, [0, 0, 0, 3]);
    assert_eq!(stack.rows("SELECT reason, samples FROM signal.quarantine").await, ["(unknown_device,3)"]);
    stack
        .execute("INSERT INTO signal.device (added_at, device_id, added_by) VALUES (now(), 'stranger', 'operator')")
        .await;
    stack.publish(topic, run(0, &[60, 61, 62])).await;
    assert_eq!(stack.settled(6).await, [3, 0, 0, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_that_the_database_refuses_costs_itself_and_no_other() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    stack.execute("ALTER TABLE signal.block ADD CONSTRAINT injected CHECK (NOT 199 = ANY (values))").await;
    for device in 0..20 {
        let values: Vec<u32> = (0..30).map(|n| if device == 7 && n == 11 { 199 } else { 60 + n }).collect();
        stack.publish(&format!("ht/1/main/watch-{device}/batch"), run(0, &values)).await;
    }
    assert_eq!(stack.settled(600).await, [599, 0, 0, 1]);
    let kept = stack.rows("SELECT topic, reason, samples FROM signal.quarantine").await;
    assert_eq!(kept, ["(ht/1/main/watch-7/batch,refused_by_database,1)"]);
    assert_eq!(stack.rows("SELECT count(*) FROM signal.sample").await, ["(599)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_message_is_acknowledged_before_its_commit() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    no_acknowledgement_before_the_commit(&stack).await.unwrap();
}

/// A test holds the table, so a COMMIT cannot come; half a second is what an early acknowledgement has to be seen in.
pub(crate) async fn no_acknowledgement_before_the_commit(stack: &TestStack) -> Verdict {
    let topic = "ht/1/main/watch/batch";
    stack.publish(topic, run(0, &[60])).await;
    stack.settled(1).await;
    stack.acknowledged(1).await;
    let mut holder = stack.connection().await;
    sqlx::raw_sql("BEGIN; LOCK TABLE signal.block IN SHARE MODE").execute(&mut holder).await.unwrap();
    for second in 1..=5 {
        stack.publish(topic, run(second, &[60])).await;
    }
    let received = || stack.daemon.metric("healthtrack_mqtt_messages_total");
    wait_until(TIMEOUT, "all messages have come", || async { received() == 6.0 }).await;
    stack.wait_locked_out().await;
    let early = happens_within(Duration::from_millis(500), || stack.acks() > 1.0).await;
    promise(!early, || "a message is acknowledged whose commit waits for a lock".to_owned())?;
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    stack.acknowledged(6).await;
    assert_eq!(stack.settled(6).await, [6, 0, 0, 0]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_connection_is_cut_is_written_again_before_anything_is_acknowledged() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    a_batch_that_failed_is_written_again(&stack).await.unwrap();
}

/// A lane waits for a lock when its connection is cut: a batch in the middle has failed.
pub(crate) async fn a_batch_that_failed_is_written_again(stack: &TestStack) -> Verdict {
    let topic = "ht/1/main/watch/batch";
    stack.publish(topic, run(0, &[60])).await;
    stack.settled(1).await;
    stack.acknowledged(1).await;
    let mut holder = stack.connection().await;
    sqlx::raw_sql("BEGIN; LOCK TABLE signal.block IN SHARE MODE").execute(&mut holder).await.unwrap();
    for second in 1..=5 {
        stack.publish(topic, run(second, &[60])).await;
    }
    stack.wait_locked_out().await;
    stack
        .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
        .await;
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    stack.acknowledged(6).await;
    let stored = stack.rows("SELECT count(*) FROM signal.sample").await;
    promise(stored == ["(6)"], || format!("6 messages are acknowledged and {stored:?} samples are stored"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_put_aside_is_not_acknowledged_until_it_can() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    what_cannot_be_put_aside_waits(&stack).await.unwrap();
}

/// The quarantine's disk is full for a while; a sound sample travels with the refused one.
pub(crate) async fn what_cannot_be_put_aside_waits(stack: &TestStack) -> Verdict {
    stack
        .execute(
            "CREATE FUNCTION disk_is_full() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'injected'; END $$;
             CREATE TRIGGER injected BEFORE INSERT ON signal.quarantine_rejection EXECUTE FUNCTION disk_is_full()",
        )
        .await;
    stack.publish("ht/1/main/watch/batch", run(0, &[60, 9_000, 61])).await;
    let retries = || stack.daemon.metric("healthtrack_ingest_batch_retries_total");
    wait_until(TIMEOUT, "the batch fails twice", || async { retries() >= 2.0 || stack.acks() > 0.0 }).await;
    let acks = stack.acks();
    promise(acks == 0.0, || "a message is acknowledged that is neither stored nor put aside".to_owned())?;
    stack.execute("DROP TRIGGER injected ON signal.quarantine_rejection").await;
    stack.acknowledged(1).await;
    assert_eq!(stack.settled(3).await, [2, 0, 0, 1]);
    let kept = stack.rows("SELECT reason, samples FROM signal.quarantine").await;
    promise(kept == ["(impossible_value,1)"], || format!("{kept:?} is put aside"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_device_fills_its_cap_and_no_more() {
    let Some(stack) = TestStack::build(&[("INGEST__QUARANTINE_ROWS_PER_SOURCE", "5")]).await else { return };
    for number in 0..12 {
        stack.publish("ht/1/main/broken/batch", format!("broken {number}")).await;
    }
    stack.publish("ht/1/main/other/batch", "broken too").await;
    assert_eq!(stack.settled(13).await, [0, 0, 0, 13]);
    assert_eq!(stack.rows("SELECT count(*) FROM signal.quarantine").await, ["(6)"]);
    assert_eq!(stack.daemon.metric("healthtrack_ingest_quarantine_capped_samples_total"), 7.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_law_of_conservation_holds_at_every_scrape_under_load() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let publishing = async {
        for second in 0..3_000_u64 {
            // Every tenth repeats the one before it.
            let start = if second % 10 == 9 { second - 1 } else { second };
            stack.publish(&format!("ht/1/main/watch-{}/batch", second % 7), run(start * 3, &[60, 61, 62])).await;
        }
    };
    let scraping = async {
        let mut scrapes = 0;
        while stack.daemon.metric("healthtrack_ingest_received_samples_total") < 9_000.0 {
            let scrape = stack.daemon.scrape();
            let sum = |name: &str| -> f64 {
                let lines = scrape.lines().filter(|line| line.starts_with(name));
                lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
            };
            let received = sum("healthtrack_ingest_received_samples_total ");
            let ended = sum("healthtrack_ingest_samples_total{");
            let in_flight = sum("healthtrack_ingest_in_flight_samples ");
            assert_eq!(received, ended + in_flight, "{scrape}");
            scrapes += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        scrapes
    };
    let ((), scrapes) = tokio::join!(publishing, scraping);
    assert!(scrapes > 3, "too few scrapes: {scrapes}");
    stack.settled(9_000).await;
}
