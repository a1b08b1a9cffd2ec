//! The archive in a bucket of an object store: what `roll`, `erase` and `roll_daemon` promise of a folder, and what a
//! store does that no disk does: it refuses, is silent, cuts the wire, loses its answers, and keeps other bytes.

use std::process::Output;
use std::time::Instant;

use healthtrack::mqtt::publisher::Publisher;
use serde_json::{Value, json};

use crate::roll::{self, FAULT_VARIABLE, TestStack, errors, measured, said};
use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::python;
use crate::support::s3::{self, Asked, Fault, S3};
use crate::support::stack::{Verdict, promise, run};
use crate::support::wait::wait_until;
use crate::{erase, roll_daemon};

/// The points of a roll into a folder, and five of an upload in one part.
const POINTS: u32 = 17;
/// Another secret: what a role gives for a while.
const TOKEN: &str = "FwoGZXIvYXdzEXAMPLETOKEN";
const VALUES: [f64; 3] = [60.0, 61.0, 62.0];

/// Which requests.
type Kind = fn(&Asked) -> bool;

/// A stack with a rolled day, and one that waits.
async fn house_with_a_day_to_roll() -> TestStack {
    let mut stack = TestStack::in_bucket().await;
    stack.put("watch-7", "step_count", None, "2024-03-05 08:00Z", &[5.0]).await;
    stack.roll();
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &VALUES).await;
    stack
}

/// Nothing is left of what went wrong, and everything is there.
async fn is_whole(stack: &mut TestStack, expected: &[String]) {
    assert_eq!(stack.samples(), expected);
    assert_eq!(stack.count("signal.block").await, 0);
    assert_eq!(stack.leftovers(), [] as [std::path::PathBuf; 0]);
    stack.verify();
}

/// A fault for the first `times` requests of a kind.
fn first(times: u32, kind: impl Fn(&Asked) -> bool, fault: Fault) -> impl FnMut(&Asked) -> Option<Fault> {
    let mut met = 0;
    move |asked| {
        met += u32::from(kind(asked));
        (kind(asked) && met <= times).then_some(fault)
    }
}

fn is_of_heart_rate(asked: &Asked) -> bool {
    asked.path.contains("metric=heart_rate")
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_are_the_same_before_and_after_a_roll_into_a_bucket() {
    roll::samples_stay_the_same(TestStack::in_bucket().await).await;
    roll::what_is_sent_again_is_seen_once(TestStack::in_bucket().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_samples_make_the_next_generation_in_a_bucket() {
    roll::late_samples_are_seen_once(TestStack::in_bucket().await).await;
    roll::a_later_key_encrypts_later_files(TestStack::in_bucket().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_between_upload_and_record_is_neither_lost_nor_brought_back() {
    roll::a_rewritten_block_is_rolled_as_it_is(TestStack::in_bucket().await).await;
    roll::a_sample_that_comes_before_the_record_stays(TestStack::in_bucket().await, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roll_that_is_killed_at_any_point_of_its_upload_is_finished_by_the_next_one() {
    roll::killed_at_any_point_it_is_finished(POINTS, TestStack::in_bucket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_a_bucket_is_found_and_never_becomes_the_next_generation() {
    roll::damage_is_found(TestStack::in_bucket().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_device_is_found_in_no_object() {
    erase::nothing_is_left(TestStack::in_bucket().await, "", None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_in_a_bucket_that_is_killed_is_finished_by_the_next_one() {
    erase::killed_at_any_point_it_is_finished(4, TestStack::in_bucket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_a_bucket_sees_each_sample_once_while_rolls_and_late_samples_go_on() {
    roll_daemon::readers_see_each_sample_once(TestStack::in_bucket).await;
}

/// Method: one kind of request after another fails twice, in each way that may pass.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_fails_for_a_while_costs_nothing_but_time() {
    let kinds: [(&str, Kind); 6] = [
        ("read", |asked| asked.method == "GET" && !asked.query.contains("list-type")),
        ("list", |asked| asked.query.contains("list-type")),
        ("begin", |asked| asked.method == "POST" && asked.query.contains("uploads")),
        ("part", Asked::is_part),
        ("completion", Asked::is_completion),
        ("deletion", |asked| asked.method == "DELETE"),
    ];
    let mut stack = house_with_a_day_to_roll().await;
    for (day, (word, kind)) in (6..).zip(kinds) {
        for (hour, fault) in [(1, Fault::Answer(503)), (2, Fault::Answer(500)), (3, Fault::Cut), (4, Fault::LoseAnswer)]
        {
            stack.put("watch-7", "heart_rate", None, &format!("2024-03-{day:02} {hour:02}:00Z"), &VALUES).await;
            let expected = stack.samples();
            stack.store().fail(first(2, kind, fault));
            let output = stack.roll_verb().output().unwrap();
            assert!(output.status.success(), "{word} {fault:?}: {}", errors(&output));
            is_whole(&mut stack, &expected).await;
        }
    }
}

/// A roll that must fail and say so, with everything still to be read where the store can be read.
async fn fails(stack: &mut TestStack, expected: &[String], words: &str) -> Output {
    let output = stack.roll_verb().output().unwrap();
    assert!(!output.status.success() && errors(&output).contains(words), "{words}: {}", errors(&output));
    assert_ne!(stack.count("signal.block").await, 0, "{words}: the samples are not where they were");
    stack.store().heal();
    assert_eq!(stack.samples(), expected, "{words}");
    output
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_goes_on_failing_ends_the_roll_and_the_next_one_finishes_it() {
    let faults: [(Kind, Fault, &str); 6] = [
        (Asked::is_part, Fault::Answer(503), "the object store has failed"),
        (Asked::is_part, Fault::Cut, "it does not answer"),
        (Asked::is_part, Fault::Silence, "it does not answer"),
        (Asked::is_completion, Fault::Answer(500), "the object store has failed"),
        (Asked::is_write, Fault::Answer(403), "it refuses; check AWS_ACCESS_KEY_ID"),
        (|_| true, Fault::Answer(503), "the object store has failed"),
    ];
    let mut stack = house_with_a_day_to_roll().await;
    let expected = stack.samples();
    for (kind, fault, words) in faults {
        stack.store().fail(move |asked| kind(asked).then_some(fault));
        let began = Instant::now();
        fails(&mut stack, &expected, words).await;
        assert!(began.elapsed().as_secs() < 90, "{words}: it took {:?}", began.elapsed());
    }
    stack.roll();
    is_whole(&mut stack, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_refused_and_a_store_that_is_gone_are_told_in_words() {
    let mut stack = house_with_a_day_to_roll().await;
    let expected = stack.samples();
    let ways: [(&[(&str, &str)], &str); 5] = [
        (&[("AWS_SECRET_ACCESS_KEY", "another")], "it refuses; check AWS_ACCESS_KEY_ID"),
        (&[("AWS_ACCESS_KEY_ID", "nobody")], "it refuses; check AWS_ACCESS_KEY_ID"),
        (&[("AWS_ENDPOINT_URL", "http://127.0.0.1:9")], "it does not answer; check AWS_ENDPOINT_URL"),
        (&[("HEALTHTRACK__ARCHIVE__URL", "s3://elsewhere/archive")], "it is not there; check the bucket"),
        (&[("AWS_ALLOW_HTTP", "false")], "AWS_ENDPOINT_URL is without TLS"),
    ];
    for (variables, words) in ways {
        for arguments in [&["roll", "--before", "2024-04-01"][..], &["doctor"], &["samples"]] {
            let output = stack.verb(arguments).envs(variables.iter().copied()).output().unwrap();
            let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), errors(&output));
            assert!(!output.status.success() && told.contains(words), "{arguments:?} {words}: {told}");
        }
    }
    assert_eq!(stack.samples(), expected);
    let healthy = stack.verb(&["doctor"]).output().unwrap();
    let told = String::from_utf8_lossy(&healthy.stdout).into_owned();
    assert!(told.contains("archive: s3://health/archive, 1 live files"), "{told}");
    stack.roll();
    is_whole(&mut stack, &expected).await;
}

/// Method: the store alters each object of heart rate when its upload is complete, as often as it is sent.
async fn other_bytes_are_not_believed(fault: Fault, injected: Option<&str>) -> Verdict {
    let mut stack = house_with_a_day_to_roll().await;
    let expected = stack.samples();
    stack.store().fail(move |asked| (asked.is_completion() && is_of_heart_rate(asked)).then_some(fault));
    let output = stack.roll_verb().envs(injected.map(|injected| (FAULT_VARIABLE, injected))).output().unwrap();
    stack.store().heal();
    let read = stack.verb(&["samples"]).output().unwrap();
    promise(read.status.success(), || format!("samples cannot be read: {}", errors(&read)))?;
    promise(stack.samples() == expected, || "samples are lost".to_owned())?;
    promise(stack.count("signal.block").await == 1, || "the only sound copy is gone".to_owned())?;
    assert!(!output.status.success() && errors(&output).contains("is not what was uploaded, 3 times"));
    stack.roll();
    is_whole(&mut stack, &expected).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_keeps_other_bytes_than_it_was_sent_is_not_believed() {
    for fault in [Fault::Spoil, Fault::Shorten] {
        other_bytes_are_not_believed(fault, None).await.unwrap();
        let seen = other_bytes_are_not_believed(fault, Some("trust_upload")).await;
        assert!(seen.is_err(), "the check does not see an upload that is believed: {fault:?}");
    }
    // Once is only sent again.
    let mut stack = house_with_a_day_to_roll().await;
    let expected = stack.samples();
    stack.store().fail(first(1, |asked| asked.is_completion() && is_of_heart_rate(asked), Fault::Spoil));
    stack.roll();
    is_whole(&mut stack, &expected).await;
}

/// Method: the store takes no object of heart rate.
async fn what_cannot_be_uploaded_stays(injected: Option<&str>) -> Verdict {
    let mut stack = house_with_a_day_to_roll().await;
    let expected = stack.samples();
    stack.store().fail(|asked| (asked.is_write() && is_of_heart_rate(asked)).then_some(Fault::Answer(403)));
    let output = stack.roll_verb().envs(injected.map(|injected| (FAULT_VARIABLE, injected))).output().unwrap();
    assert!(!output.status.success() && errors(&output).contains("metric=heart_rate"), "{}", errors(&output));
    let read = stack.verb(&["samples"]).output().unwrap();
    promise(read.status.success(), || format!("samples cannot be read: {}", errors(&read)))?;
    promise(stack.samples() == expected, || "samples are lost".to_owned())?;
    stack.store().heal();
    stack.roll();
    is_whole(&mut stack, &expected).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_uploaded_stays_in_the_hot_table() {
    what_cannot_be_uploaded_stays(None).await.unwrap();
    let seen = what_cannot_be_uploaded_stays(Some("manifest_before_file")).await;
    assert!(seen.is_err(), "the check does not see a manifest row that comes before its object");
}

/// The daemon with a log of everything, on this store.
async fn daemon(stack: &TestStack, mosquitto: &Mosquitto, more: &[(&str, &str)]) -> Daemon {
    let (url, endpoint, scratch) = (stack.archive_url(), stack.store().url(), stack.scratch().display().to_string());
    let mut keys = vec![
        ("ARCHIVE__URL", url.as_str()),
        ("ARCHIVE__SCRATCH_DIR", &scratch),
        ("ARCHIVE__HOUR", "0"),
        ("ARCHIVE__DUTY_PERCENT", "100"),
        ("TELEMETRY__LOG", "trace"),
        ("AWS_ACCESS_KEY_ID", s3::KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", s3::SECRET),
        ("AWS_SESSION_TOKEN", TOKEN),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ENDPOINT_URL", &endpoint),
        ("AWS_ALLOW_HTTP", "true"),
    ];
    keys.extend(more);
    Daemon::start(stack.url(), &mosquitto.url(), &keys).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_printed_at_any_level_of_the_log() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let mut stack = TestStack::in_bucket().await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &VALUES).await;
    for (more, ends) in [
        (vec![("AWS_SECRET_ACCESS_KEY", TOKEN)], "the roll ended early"),
        (vec![("AWS_ENDPOINT_URL", "http://127.0.0.1:9"), ("ARCHIVE__RETRIES_MAX", "1")], "the roll ended early"),
        (vec![], "days were rolled"),
    ] {
        let daemon = daemon(&stack, &mosquitto, &more).await;
        wait_until(TIMEOUT, "the daemon has tried to roll", || async { daemon.log().contains(ends) }).await;
        let log = daemon.log();
        assert!(log.contains("TRACE") && log.contains("DEBUG"), "the log does not hold everything");
        assert!(!log.contains(s3::SECRET) && !log.contains(TOKEN), "{more:?}");
    }
    assert_eq!(stack.count("signal.block").await, 0);
    for arguments in [&["doctor"][..], &["archive", "verify"], &["archive", "sql"], &["samples"]] {
        let output = stack.verb(arguments).envs([("AWS_SESSION_TOKEN", TOKEN)]).output().unwrap();
        let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), errors(&output));
        assert!(!told.contains(s3::SECRET) && !told.contains(TOKEN), "{arguments:?}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_whose_store_is_silent_goes_on_with_ingest_and_stops_when_it_is_told() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let mut stack = TestStack::in_bucket().await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &VALUES).await;
    stack.store().fail(|asked| asked.is_part().then_some(Fault::Silence));
    let mut daemon = daemon(&stack, &mosquitto, &[("TELEMETRY__LOG", "info")]).await;
    let is_sent = || async { stack.store().asked(Asked::is_part) };
    wait_until(TIMEOUT, "the roll waits for the store", is_sent).await;
    let publisher = Publisher::connect(&mosquitto.url().parse().unwrap(), "test", 1_000).await.unwrap();
    publisher.publish("ht/1/main/watch-7/batch".to_owned(), run(0, &[70, 71])).await.unwrap();
    daemon.wait_settled(2).await;
    assert_eq!(daemon.outcomes(), [2, 0, 0, 0]);
    let (in_order, took) = daemon.stop();
    assert!(in_order && took.as_secs() < 10, "it took {took:?}: {}", daemon.log());
    stack.store().heal();
    let expected = stack.samples();
    assert_eq!(expected.len(), VALUES.len() + 2);
    stack.roll();
    assert_eq!(stack.samples(), expected);
    assert_eq!(stack.leftovers(), [] as [std::path::PathBuf; 0]);
    stack.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_file_goes_up_in_parts_and_a_question_fetches_what_it_needs() {
    let mut stack = TestStack::in_bucket().await;
    // What compresses badly: 9 MB in some row groups, sorted by device.
    let mut random = 1_u64;
    for device in 0..20 {
        let values: Vec<f64> = std::iter::repeat_with(|| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            60.0 + (random >> 12) as f64 / 2_f64.powi(50)
        })
        .take(72_000)
        .collect();
        let device = format!("watch-{device:02}");
        stack.put_every(&device, "heart_rate", None, "2024-03-05 00:00Z", 1, None, &values).await;
    }
    let one = ["--device", "watch-07"];
    let expected = stack.samples_of(&one);
    // The second part is cut in the middle, and its answer is lost once it was taken.
    let is_second = |asked: &Asked| asked.is_part() && asked.query.contains("partNumber=2");
    let (mut cut, mut lost) = (first(1, is_second, Fault::Cut), first(1, is_second, Fault::LoseAnswer));
    stack.store().fail(move |asked| cut(asked).or_else(|| lost(asked)));
    let mut roll = stack.roll_verb();
    let report: Value = serde_json::from_str(&said(roll.env("HEALTHTRACK__ARCHIVE__REQUEST_TIMEOUT_S", "20"))).unwrap();
    let bytes = report["bytes"].as_u64().unwrap();
    assert!((9 << 20..16 << 20).contains(&bytes), "two parts are wanted: {report}");
    let asked = stack.store().take_asked();
    assert_eq!(asked.iter().filter(|asked| asked.is_part()).count(), 2 + 2, "two parts, and one of them three times");

    stack.store().heal();
    assert_eq!(stack.samples_of(&one), expected);
    let fetched: u64 = stack.store().take_asked().iter().filter_map(|asked| asked.range_bytes).sum();
    assert!(fetched > 0 && fetched < bytes / 2, "{fetched} of {bytes} bytes were fetched for one device of twenty");
    stack.verify();
    assert_eq!(stack.leftovers(), [] as [std::path::PathBuf; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_databases_bucket_is_refused() {
    let mut stack = TestStack::in_bucket().await;
    stack.put_some().await;
    stack.roll();
    let mut stranger = TestStack::beside(stack.store()).await;
    stranger.put_some().await;
    let output = stranger.roll_verb().output().unwrap();
    assert!(!output.status.success() && errors(&output).contains("another database"), "{}", errors(&output));
    stack.verify();
    // As if the stranger had looked before the mark was there: it is made only where there is none.
    let mark = stack.root().join("archive.id");
    let hide = |asked: &Asked| {
        let is_mark = asked.path.ends_with("archive.id") && !asked.is_write();
        (is_mark || asked.query.contains("list-type")).then_some(Fault::Answer(404))
    };
    let ours = std::fs::read(&mark).unwrap();
    stack.store().fail(hide);
    assert!(!stranger.roll_verb().output().unwrap().status.success());
    stack.store().heal();
    assert_eq!(std::fs::read(&mark).unwrap(), ours, "the mark is the first one's");
    std::fs::remove_file(mark).unwrap();
    stack.put("watch-7", "heart_rate", None, "2024-03-08 05:00Z", &[50.0]).await;
    let output = stack.roll_verb().output().unwrap();
    assert!(!output.status.success() && errors(&output).contains("lacks its archive.id"), "{}", errors(&output));
}

const PYARROW: &str = "
import json, sys
import pyarrow.fs, pyarrow.parquet
endpoint, key, secret, names = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
store = pyarrow.fs.S3FileSystem(access_key=key, secret_key=secret, endpoint_override=endpoint, scheme='http',
                                region='us-east-1')
tables = [pyarrow.parquet.ParquetFile(store.open_input_file(name)).read() for name in names]
print(sum(table.num_rows for table in tables), sum(sum(v for v in table['value'].to_pylist() if v) for table in tables))
";

#[tokio::test(flavor = "multi_thread")]
async fn the_printed_script_names_the_bucket_and_pyarrow_reads_its_objects() {
    let mut stack = TestStack::in_bucket().await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &VALUES).await;
    stack.put("watch-7", "heart_rate", None, "2024-03-06 08:00Z", &VALUES).await;
    stack.roll();
    let script = said(&mut stack.verb(&["archive", "sql"]));
    assert!(script.contains("INSTALL httpfs") && script.contains("CREATE OR REPLACE SECRET"), "{script}");
    assert!(!script.contains(s3::KEY_ID), "{script}");
    let urls: Vec<&str> =
        script.split('\'').filter(|part| part.starts_with("s3://") && part.ends_with(".parquet")).collect();
    assert_eq!(urls.len(), 2, "{script}");
    let names = json!(urls.iter().map(|url| url.strip_prefix("s3://").unwrap()).collect::<Vec<_>>()).to_string();
    let Some(python) = python::python() else { return };
    let endpoint = stack.store().url();
    let endpoint = endpoint.strip_prefix("http://").unwrap();
    let output = python::run(python, PYARROW, &[endpoint, s3::KEY_ID, s3::SECRET, &names]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "6 366.0", "{}", errors(&output));
}

/// A bucket that is used by nobody else may be a whole one.
#[tokio::test(flavor = "multi_thread")]
async fn a_whole_bucket_is_an_archive_too() {
    let s3 = S3::start().await;
    let mut stack = TestStack::beside(&s3).await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &VALUES).await;
    let expected = stack.samples();
    let whole = ("HEALTHTRACK__ARCHIVE__URL", "s3://health");
    said(stack.roll_verb().envs([whole]));
    assert!(s3.bucket().join("archive.id").exists());
    let text = said(stack.verb(&["samples"]).envs([whole]));
    assert_eq!(text.lines().skip(1).map(measured).collect::<Vec<_>>(), expected);
    assert!(said(stack.verb(&["archive", "verify"]).envs([whole])).contains("1 file sound"));
}
