//! A person is erased: all that was measured on them is found nowhere, to the sample, and of who wore the same devices
//! before and after not one is gone; whoever is killed on the way finishes it, and the law may forbid it.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use healthtrack::archive::file::{KeyRing, RowFilter, open};
use healthtrack::model::metric::Catalogue;
use healthtrack::model::time::Timestamp;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::quarantine::quarantined;
use crate::roll::{FAULT_VARIABLE, TestStack, errors, said};
use crate::support::daemon::TIMEOUT;
use crate::support::stack::{Verdict, promise};
use crate::support::wait::wait_until;

const ANN: &str = "0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b";
const BEN: &str = "7c2d9e40-1a3b-4c5d-8e6f-90a1b2c3d4e5";
/// More than an erasure of this size has.
const POINTS_MAX: u32 = 60;
/// Ann's wear: half-open, so the sample at an end is the next wearer's.
const WORN: [(&str, &str, &str); 3] = [
    ("watch-7", "2024-03-05T08:30:00", "2024-03-05T09:30:00"),
    ("watch-7", "2024-03-06T00:00:00", "2024-03-06T08:02:00"),
    ("Band.2", "2024-03-05T10:00:00", "2024-03-05T10:01:00"),
];

/// Two devices that pass between two people, in files, in superseded files, late in the hot table, and in quarantine.
async fn shared() -> TestStack {
    let mut stack = TestStack::build().await;
    for patient in [ANN, BEN] {
        stack.enrol(patient).await;
    }
    let values: Vec<f64> = (0..120).map(|n| 60.0 + f64::from(n % 40)).collect();
    for device in ["watch-7", "Band.2"] {
        stack.put(device, "heart_rate", None, "2024-03-05 08:00Z", &values).await;
        stack.put_every(device, "step_count", None, "2024-03-05 08:00Z", 60, Some(60), &values).await;
    }
    stack.put("watch-7", "heart_rate", None, "2024-03-07 08:00Z", &values).await;
    stack.roll();
    // The first generation of the day goes aside.
    stack.put("watch-7", "heart_rate", Some("maximum"), "2024-03-05 08:40Z", &[99.0]).await;
    stack.roll();
    // Wholly within a wear, across both of its ends, across one, and beside it.
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:40:30Z", &[70.5, 71.5]).await;
    stack.put_every("watch-7", "heart_rate", None, "2024-03-05 08:00:30Z", 1_800, None, &[1.0, 2.0, 3.0, 4.0]).await;
    stack.put_every("watch-7", "heart_rate", None, "2024-03-06 08:00:00Z", 30, None, &[5.0, 6.0, 7.0, 8.0, 9.0]).await;
    stack.put_every("watch-7", "sleep_stage", None, "2024-03-06 08:00:00Z", 60, Some(60), &[3.0, 1.0, 2.0]).await;
    stack.put_every("Band.2", "heart_rate", None, "2024-03-05 09:45:10Z", 3_600, None, &[1.0, 2.0]).await;
    for (device, from, to) in WORN {
        wear(&mut stack, ANN, device, from, &format!("{to}Z")).await;
    }
    wear(&mut stack, BEN, "watch-7", "2024-03-05T09:30:00", "2024-03-06T00:00:00Z").await;
    wear(&mut stack, BEN, "watch-7", "2024-03-06T08:02:00", "").await;
    stack
        .execute(
            "INSERT INTO signal.superseded_value (start_at, superseded_at, value, series_id)
             SELECT start_at, now(), 69, series_id FROM signal.block",
        )
        .await;
    for (topic, came, reason) in [
        ("ht/1/main/watch-7/batch", "2024-03-05 08:31Z", "bad_json"),
        ("ht/1/main/Band.2/batch", "2024-04-01 08:31Z", "bad_json"),
        ("ht/1/main/watch-7/batch", "2026-11-01 08:31Z", "conflict"),
        ("ht/1/main/watch-7/batch", "2026-11-02 08:31Z", "ancient_time"),
        // Before she wore it, long after and while Ben wore it, and another device.
        ("ht/1/main/watch-7/batch", "2024-03-05 08:29Z", "bad_json"),
        ("ht/1/main/watch-7/batch", "2024-05-05 08:29Z", "bad_json"),
        ("ht/1/main/watch-77/batch", "2024-03-05 08:31Z", "bad_json"),
    ] {
        stack.execute(&quarantined(topic, reason, &format!("'{came}'"), &format!("{topic} {came}"))).await;
    }
    for patient in [ANN, BEN] {
        stack
            .execute(&format!(
                "INSERT INTO care.goal (patient_id, title, metric, measure, comparator, target, per, pursued_during)
                 VALUES ('{patient}', 'x', 'step_count', 'sum', 'at_least', 50, 'day', '[2024-03-01, 2024-04-01)');
                 INSERT INTO care.goal_day (goal_id, patient_id, parts, total, lowest, highest, latest, measured_on)
                 SELECT goal_id, patient_id, 1, 9, 9, 9, 9, '2024-03-08' FROM care.goal WHERE patient_id = '{patient}';
                 INSERT INTO access.data_key (patient_id, created_at, key_id, wrapped)
                 VALUES ('{patient}', now(), '2026a', decode(repeat('00', 61), 'hex'))"
            ))
            .await;
    }
    stack
}

async fn wear(stack: &mut TestStack, patient: &str, device: &str, from: &str, to: &str) {
    stack
        .execute(&format!(
            "INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{patient}', device_key, '[{from}Z,{to})' FROM signal.device WHERE device_id = '{device}'"
        ))
        .await;
}

/// True for what was measured on Ann.
fn is_anns(device: &str, start: Timestamp) -> bool {
    let moment = |text: &str| Timestamp::parse_rfc3339(&format!("{text}Z")).unwrap();
    WORN.iter().any(|(worn, from, to)| *worn == device && moment(from) <= start && start < moment(to))
}

/// Those of these lines that are not Ann's.
fn others(lines: &[String]) -> Vec<String> {
    let is_other = |line: &&String| {
        let cells: Vec<&str> = line.split(',').collect();
        let start = cells.iter().find(|cell| cell.starts_with("2024-")).unwrap();
        !is_anns(cells[0], Timestamp::parse_rfc3339(start).unwrap())
    };
    lines.iter().filter(is_other).cloned().collect()
}

fn erase(stack: &TestStack, injected: Option<&str>) -> Value {
    let mut verb = stack.verb(&["archive", "erase", "--patient", ANN, "--yes", "--json"]);
    serde_json::from_str(&said(verb.envs(injected.map(|injected| (FAULT_VARIABLE, injected))))).unwrap()
}

/// What is still kept of Ann beside her samples.
async fn left(stack: &mut TestStack) -> Vec<String> {
    let mut left = Vec::new();
    for table in ["care.wear", "care.wear_event", "care.goal_day", "access.data_key"] {
        if stack.count(&format!("{table} WHERE patient_id = '{ANN}'")).await > 0 {
            left.push(table.to_owned());
        }
    }
    for (device, from, to) in WORN {
        let former =
            format!("signal.superseded WHERE device_id = '{device}' AND start_at >= '{from}Z' AND start_at < '{to}Z'");
        if stack.count(&former).await > 0 {
            left.push(format!("signal.superseded of {device} from {from}"));
        }
    }
    let mut paths: Vec<PathBuf> = Vec::new();
    crate::roll::files_below(&stack.root(), &mut paths);
    let catalogue = Catalogue::builtin().unwrap();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "parquet")) {
        let shown = path.display().to_string();
        let metric = shown.split("metric=").nth(1).unwrap().split('/').next().unwrap();
        let metric = catalogue.by_name(metric).unwrap();
        let opened = open(fs::File::open(path).unwrap(), metric, &KeyRing::default()).unwrap();
        if opened
            .rows(RowFilter::default())
            .unwrap()
            .map(Result::unwrap)
            .any(|row| is_anns(row.device.as_str(), row.start))
        {
            left.push(shown);
        }
    }
    left
}

/// Method: everything is listed before and after, and the difference is what the definition says.
async fn a_person_goes_and_nobody_else(injected: Option<&str>) -> Verdict {
    let mut stack = shared().await;
    let before = stack.samples();
    let expected = others(&before);
    let anns = (before.len() - expected.len()) as u64;
    assert!(anns > 100 && expected.len() > 300, "{anns} of {}", before.len());
    let would: Value =
        serde_json::from_str(&said(&mut stack.verb(&["archive", "erase", "--patient", ANN, "--json"]))).unwrap();
    assert_eq!(stack.samples(), before, "nothing is done yet");
    assert!(left(&mut stack).await.len() > 3, "the search sees what it should");

    stack.execute(&format!("UPDATE care.patient SET legal_hold = true WHERE patient_id = '{ANN}'")).await;
    let held = stack.verb(&["archive", "erase", "--patient", ANN, "--yes"]).output().unwrap();
    assert!(!held.status.success() && errors(&held).contains("legal hold"), "{}", errors(&held));
    assert_eq!(stack.samples(), before, "the law forbids it");
    stack.execute("UPDATE care.patient SET legal_hold = false").await;

    let report = erase(&stack, injected);
    let after = stack.samples();
    promise(after == expected, || format!("{} samples are left, of {} others", after.len(), expected.len()))?;
    let left = left(&mut stack).await;
    promise(left.is_empty(), || format!("of her there is still {left:?}"))?;
    let number = |key: &str| report[key].as_u64().unwrap();
    assert_eq!(number("hot_samples") + number("archived_samples"), anns, "{report}");
    assert_eq!((number("blocks"), number("quarantine_rows"), number("directory_rows")), (4, 4, 4), "{report}");
    let mut same = would;
    same["erased"] = json!(true);
    assert_eq!(same, report, "what is said before is what is done");
    assert_eq!(stack.count(&format!("care.wear WHERE patient_id = '{BEN}'")).await, 2);
    assert_eq!((stack.count("access.data_key").await, stack.count("care.goal_day").await), (1, 1));
    assert_eq!(stack.count("signal.quarantine").await, 3);
    assert_eq!(stack.count("signal.ingest_shard WHERE epoch = 1").await, 1, "no daemon has to start again");
    let proof = format!(
        "signal.erasure WHERE patient_sha256 = encode(sha256('{ANN}'), 'hex') AND device_sha256 IS NULL
         AND ended_at >= begun_at AND requested_by = session_user AND archived_samples + hot_samples = {anns}"
    );
    assert_eq!(stack.count(&proof).await, 1);
    let event = format!("access.audit_event WHERE action = 'erase' AND patient_id = '{ANN}'");
    assert_eq!(stack.count(&event).await, 1);
    stack.verify();

    let again = erase(&stack, None);
    assert!(again.as_object().unwrap().iter().all(|(key, value)| key == "erased" || *value == json!(0)), "{again}");
    assert_eq!(stack.roll()["failed"], json!([]));
    assert_eq!(stack.samples(), expected);
    stack.verify();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_found_nowhere_and_of_who_wore_the_same_devices_not_a_sample_is_gone() {
    a_person_goes_and_nobody_else(None).await.unwrap();
    for injected in ["keep_erased", "worn_at_its_end"] {
        let seen = a_person_goes_and_nobody_else(Some(injected)).await;
        assert!(seen.is_err(), "the check does not see {injected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_of_a_person_that_is_killed_at_any_point_is_finished_by_the_next_one() {
    for point in 1..POINTS_MAX {
        let mut stack = shared().await;
        let before = stack.samples();
        let expected = others(&before);
        let mut verb = stack.verb(&["archive", "erase", "--patient", ANN, "--yes", "--json"]);
        let killed = verb.env(FAULT_VARIABLE, format!("die_in_roll:{point}")).output().unwrap();
        if killed.status.success() {
            assert!(point > 12, "only {point} points");
            return;
        }
        assert_eq!(others(&stack.samples()), expected, "after a death at point {point}");
        assert_eq!(stack.count("signal.erasure WHERE ended_at IS NULL").await, 1, "{}", errors(&killed));
        let report = erase(&stack, None);
        let [hot, archived, blocks, quarantined, rows] =
            ["hot_samples", "archived_samples", "blocks", "quarantine_rows", "directory_rows"]
                .map(|key| report[key].as_u64().unwrap());
        assert_eq!(hot + archived, (before.len() - expected.len()) as u64, "point {point}: {report}");
        assert_eq!((blocks, quarantined, rows), (4, 4, 4), "point {point}: {report}");
        assert_eq!(stack.samples(), expected, "after a death at point {point}");
        assert_eq!(left(&mut stack).await, Vec::<String>::new(), "after a death at point {point}");
        assert_eq!(stack.count("signal.erasure WHERE ended_at IS NOT NULL").await, 1);
        assert_eq!(stack.leftovers(), [] as [PathBuf; 0]);
        stack.verify();
    }
    panic!("an erasure has {POINTS_MAX} points or more");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_patient_is_refused_and_one_who_wore_nothing_leaves_no_proof() {
    let mut stack = shared().await;
    stack.execute("DELETE FROM access.data_key").await;
    let stranger = "11111111-2222-4333-8444-555555555555";
    let refused = stack.verb(&["archive", "erase", "--patient", stranger, "--yes"]).output().unwrap();
    assert!(!refused.status.success() && errors(&refused).contains("no patient has this uuid"), "{}", errors(&refused));
    stack.execute(&format!("DELETE FROM care.wear WHERE patient_id = '{ANN}'")).await;
    let before = stack.samples();
    assert_eq!(erase(&stack, None)["hot_samples"], json!(0));
    assert_eq!((stack.samples(), stack.count("signal.erasure").await), (before, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_whose_end_is_damaged_takes_no_sample_of_another_with_it() {
    let mut stack = TestStack::build().await;
    for patient in [ANN, BEN] {
        stack.enrol(patient).await;
    }
    stack.put_every("watch-7", "heart_rate", None, "2024-03-05 08:00Z", 1, None, &[60.0; 100]).await;
    wear(&mut stack, ANN, "watch-7", "2024-03-05T08:00:00", "2024-03-05T08:00:30Z").await;
    wear(&mut stack, BEN, "watch-7", "2024-03-05T08:00:30", "").await;
    // By its end it lies wholly within Ann's wear.
    stack.execute("UPDATE signal.block SET stop_at = start_at + INTERVAL '10 s'").await;
    let refused = stack.verb(&["archive", "erase", "--patient", ANN, "--yes"]).output().unwrap();
    assert!(!refused.status.success() && errors(&refused).contains("healthtrack doctor"), "{}", errors(&refused));
    assert_eq!(stack.count("signal.sample").await, 100);
    stack.execute("UPDATE signal.block SET stop_at = start_at + INTERVAL '99 s'").await;
    assert_eq!(erase(&stack, None)["hot_samples"], json!(30));
    assert_eq!(stack.samples().len(), 70);
}

/// Everything that a block may be, and every way in which it may lie across a wear: each sample is told by its start.
#[tokio::test(flavor = "multi_thread")]
async fn blocks_of_every_kind_are_cut_to_the_sample_however_many_they_are() {
    let mut stack = TestStack::build().await;
    stack.enrol(ANN).await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[0.0]).await;
    // More than are cut at once: 300 blocks of two samples, of which a wear covers the second.
    stack
        .execute(
            "SELECT signal.ensure_chunk(day::date) FROM generate_series('2024-03-05', '2024-03-20', INTERVAL '1 day') AS day;
             DELETE FROM signal.block;
             INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
             SELECT at, at + INTERVAL '1 minute', 60000000, series_id, '{1,2}'
             FROM signal.series, generate_series(timestamptz '2024-03-05 00:00Z', '2024-03-17 11:00Z', '1 hour') AS at;
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT patient_id, device_key, tstzrange(at + INTERVAL '1 minute', at + INTERVAL '2 minutes')
             FROM care.patient, signal.device,
                  generate_series(timestamptz '2024-03-05 00:00Z', '2024-03-17 11:00Z', '1 hour') AS at",
        )
        .await;
    // Two wears that meet, and one without end; flags, gaps, and spans of some.
    stack
        .execute(
            "INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT patient_id, device_key, worn_during FROM care.patient, signal.device, (VALUES
                 (tstzrange('2024-03-18 00:01Z', '2024-03-18 00:02Z')),
                 (tstzrange('2024-03-18 00:02Z', '2024-03-18 00:04Z')),
                 (tstzrange('2024-03-20 00:02Z', 'infinity'))) AS worn (worn_during);
             INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, gaps, spans_us, flags, values)
             SELECT start_at, start_at + span, 60000000, series_id, gaps, spans_us, flags, values FROM signal.series, (VALUES
                 (timestamptz '2024-03-18 00:01Z', INTERVAL '2 min', NULL::integer[], NULL::bigint[], NULL::smallint[], '{3,4,5}'::float8[]),
                 (timestamptz '2024-03-19 00:00Z', INTERVAL '2 min', NULL, NULL, NULL, '{6,7,8}'),
                 (timestamptz '2024-03-20 00:00Z', INTERVAL '5 min', '{0,1,2,2}',
                  '{NULL,1000000,NULL,2000000}', '{0,1,0,2}', '{9,10,11,12}'))
                 AS block (start_at, span, gaps, spans_us, flags, values)",
        )
        .await;
    assert_eq!(stack.samples().len(), 600 + 3 + 3 + 4);
    let report = erase(&stack, None);
    assert_eq!((&report["hot_samples"], &report["blocks"]), (&json!(300 + 3 + 2), &json!(300 + 1 + 1)), "{report}");
    let left = "SELECT concat_ws(' ', start_at - '2024-03-18 00:00Z', end_at - start_at, value) FROM signal.sample
                WHERE value > 2 ORDER BY start_at";
    let left: Vec<String> = sqlx::query_scalar(left).fetch_all(&mut stack.connection).await.unwrap();
    let expected = ["1 day 6", "1 day 00:01:00 7", "1 day 00:02:00 8", "2 days 9", "2 days 00:01:00 00:00:01 10"];
    assert_eq!(left, expected);
    assert_eq!(stack.count("signal.sample WHERE value = 1").await, 300);
    assert_eq!(stack.count("signal.sample WHERE value = 2").await, 0);
    assert_eq!(stack.count("signal.block WHERE flags = '{0,1}'").await, 1, "what is known against a sample stays");
}

/// Method: the erasure waits for a shard that a test holds, and meanwhile the watch turns out to be another device.
#[tokio::test(flavor = "multi_thread")]
async fn who_wears_something_else_by_the_end_is_not_half_erased() {
    let mut stack = shared().await;
    let before = stack.samples();
    let mut holder = PgConnection::connect(stack.url()).await.unwrap();
    sqlx::raw_sql("BEGIN; SELECT FROM signal.ingest_shard FOR UPDATE").execute(&mut holder).await.unwrap();
    let mut verb = stack.verb(&["archive", "erase", "--patient", ANN, "--yes"]);
    let erasure = verb.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let url = stack.url().to_owned();
    wait_until(TIMEOUT, "the erasure waits for the shard", || async {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                           AND wait_event_type = 'Lock' AND query LIKE '%ingest_shard%'";
        sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut connection).await.unwrap() > 0
    })
    .await;
    stack
        .execute(&format!(
            "INSERT INTO signal.device (added_at, device_id, added_by) VALUES (now(), 'Band.3', 'test');
             WITH gone AS (DELETE FROM care.wear WHERE patient_id = '{ANN}'
                              AND worn_during @> timestamptz '2024-03-05 10:00Z' RETURNING patient_id, worn_during)
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT patient_id, device_key, worn_during FROM gone, signal.device WHERE device_id = 'Band.3'"
        ))
        .await;
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    let output = tokio::task::spawn_blocking(move || erasure.wait_with_output().unwrap()).await.unwrap();
    assert!(!output.status.success() && errors(&output).contains("run the command again"), "{}", errors(&output));
    assert!(stack.count(&format!("care.wear WHERE patient_id = '{ANN}'")).await > 0, "who wore what is still known");
    erase(&stack, None);
    assert_eq!(stack.count("signal.erasure WHERE ended_at IS NULL").await, 0);
    assert!(stack.samples().len() < before.len());
    stack.verify();
}
