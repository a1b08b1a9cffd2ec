//! A device is erased: nothing of it is found in any table or file, nothing of the others is changed, and whoever is
//! killed on the way or remembers it does no harm. The verbs are run as an operator runs them.

use std::fs;
use std::path::PathBuf;

use healthtrack::archive::file::{KeyRing, RowFilter, open};
use healthtrack::model::metric::Catalogue;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::quarantine::quarantined;
use crate::roll::{FAULT_VARIABLE, TestStack, errors, files_below, said};
use crate::support::daemon::TIMEOUT;
use crate::support::stack::{self as whole, Verdict, promise, run};
use crate::support::wait::wait_until;

const GONE: &str = "watch-7";
const STAYS: &str = "Band.2";
const KEY: &str = "2024a:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";
/// More than an erasure of this size has.
const POINTS_MAX: u32 = 60;

/// Both devices in files, in superseded files, late in the hot table, and in quarantine.
async fn spread(stack: &mut TestStack) {
    for (device, metric) in [(GONE, "heart_rate"), (STAYS, "heart_rate"), (GONE, "step_count")] {
        stack.put(device, metric, None, "2024-03-05 08:00Z", &[60.1, 61.2, 62.3]).await;
    }
    stack.roll();
    stack.put(GONE, "heart_rate", None, "2024-03-05 09:00Z", &[70.0]).await;
    stack.put(STAYS, "heart_rate", None, "2024-03-05 09:30Z", &[71.7]).await;
    stack.roll();
    stack.put(GONE, "heart_rate", Some("maximum"), "2024-03-05 10:00Z", &[99.0]).await;
    stack.put(STAYS, "heart_rate", None, "2024-03-05 10:00Z", &[55.5, 56.5]).await;
    stack
        .execute(
            "INSERT INTO signal.superseded_value (start_at, superseded_at, value, series_id)
             SELECT '2024-03-05 09:00Z', now(), 69, series_id FROM signal.series;
             INSERT INTO signal.replaced_range (from_at, to_at, revision, received_at, series_id)
             SELECT '2024-03-05 11:00Z', '2024-03-06 09:00Z', 1, now(), series_id FROM signal.series",
        )
        .await;
    for (topic, payload) in [
        ("ht/1/main/watch-7/batch", "broken"),
        ("ht/1/main/hub/batch", r#"{"v":1,"device":"watch-7","series":[]}"#),
        ("ht/1/main/watch-77/batch", r#"{"v":1,"device":"watch-77","series":[]}"#),
    ] {
        stack.execute(&quarantined(topic, "bad_json", "now()", payload)).await;
    }
}

fn erase(stack: &TestStack, injected: Option<&str>) -> Value {
    let mut verb = stack.verb(&["archive", "erase", "--device", GONE, "--yes", "--json"]);
    serde_json::from_str(&said(verb.envs(injected.map(|injected| (FAULT_VARIABLE, injected))))).unwrap()
}

/// Where a name is found: rows as text and as the hexadecimal digits of bytes, files as bytes and as rows.
async fn found(stack: &mut TestStack, name: &str) -> Vec<String> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
         WHERE nspname = 'signal' AND relkind IN ('r', 'p') AND NOT relispartition",
    )
    .fetch_all(&mut stack.connection)
    .await
    .unwrap();
    assert!(tables.len() > 8, "{tables:?}");
    let mut places = Vec::new();
    for table in tables {
        // Whole words: watch-77 is another.
        let rows = sqlx::query_scalar::<_, i64>(AssertSqlSafe(format!(
            "SELECT count(*) FROM signal.{table} AS held WHERE held::text ~ '{name}($|[^0-9])'
                OR held::text ~ (encode(convert_to('{name}', 'UTF8'), 'hex') || '($|[^3])')"
        )));
        let rows = rows.fetch_one(&mut stack.connection).await.unwrap();
        if rows > 0 {
            places.push(table);
        }
    }
    let catalogue = Catalogue::builtin().unwrap();
    let more: Vec<_> = stack.keys.split_terminator(',').map(|key| key.to_owned().into()).collect();
    let keys = KeyRing::load("archive.key", "", &more).unwrap();
    let mut paths: Vec<PathBuf> = Vec::new();
    files_below(&stack.root(), &mut paths);
    for path in paths.iter().filter(|path| path.extension().is_some_and(|ending| ending == "parquet")) {
        let shown = path.display().to_string();
        let metric = shown.split("metric=").nth(1).unwrap().split('/').next().unwrap();
        let opened = open(fs::File::open(path).unwrap(), catalogue.by_name(metric).unwrap(), &keys).unwrap();
        let mut rows = opened.rows(RowFilter::default()).unwrap();
        let is_row = rows.any(|row| row.unwrap().device.as_str() == name);
        let is_bytes = fs::read(path).unwrap().windows(name.len()).any(|part| part == name.as_bytes());
        if is_row || is_bytes {
            places.push(shown);
        }
    }
    places
}

/// Method: everything is searched for the name before and after.
pub(crate) async fn nothing_is_left(mut stack: TestStack, keys: &str, injected: Option<&str>) -> Verdict {
    stack.keys = keys.to_owned();
    spread(&mut stack).await;
    let others = stack.samples_of(&["--device", STAYS]);
    assert_eq!(others.len(), 6);
    assert_eq!(found(&mut stack, GONE).await.len(), 3 + 3, "the search sees tables, live and superseded files");
    let would = stack.verb(&["archive", "erase", "--device", GONE, "--json"]).output().unwrap();
    let would: Value = serde_json::from_slice(&would.stdout).unwrap();
    assert_eq!((&would["erased"], found(&mut stack, GONE).await.len()), (&json!(false), 6), "nothing is done yet");

    let report = erase(&stack, injected);
    let left = found(&mut stack, GONE).await;
    promise(left.is_empty(), || format!("it is still in {left:?}"))?;
    assert_eq!(
        report,
        json!({"erased": true, "blocks": 1, "hot_samples": 1, "archived_samples": 7, "files": 2, "deleted_files": 3,
               "quarantine_rows": 2, "directory_rows": 4}),
    );
    let mut same = would.clone();
    same["erased"] = json!(true);
    assert_eq!(same, report, "what is said before is what is done");
    assert_eq!(stack.samples_of(&["--device", STAYS]), others);
    assert_eq!(stack.samples(), others);
    stack.verify();
    assert_eq!(stack.count("signal.quarantine").await, 1, "the other's message is kept");
    assert_eq!(stack.count("signal.ingest_shard WHERE epoch = 2").await, 1);
    for table in ["signal.superseded_value", "signal.replaced_range"] {
        let (all, theirs) = (format!("{table} AS former"), format!("{table} JOIN signal.series USING (series_id)"));
        assert_eq!((stack.count(&all).await, stack.count(&theirs).await), (1, 1), "{table}");
    }
    let proof = "signal.erasure WHERE device_sha256 = encode(sha256('watch-7'), 'hex') AND ended_at >= begun_at
                 AND requested_by = session_user AND archived_samples = 7 AND hot_samples = 1";
    assert_eq!(stack.count(proof).await, 1);

    let files = stack.live_files();
    let again = erase(&stack, None);
    assert!(again.as_object().unwrap().iter().all(|(key, value)| key == "erased" || *value == json!(0)), "{again}");
    assert_eq!((stack.live_files(), stack.count("signal.erasure").await), (files, 1), "once is enough");
    assert_eq!(stack.count("signal.ingest_shard WHERE epoch = 2").await, 1);

    // The same name begins anew, on a day whose file went with it too.
    stack.put(GONE, "step_count", None, "2024-03-05 08:00Z", &[5.0]).await;
    assert_eq!(stack.roll()["failed"], json!([]));
    assert_eq!(stack.samples_of(&["--device", GONE]).len(), 1);
    assert_eq!(stack.samples_of(&["--device", STAYS]), others);
    stack.verify();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_device_is_found_nowhere_and_the_other_is_untouched() {
    nothing_is_left(TestStack::build().await, "", None).await.unwrap();
    nothing_is_left(TestStack::build().await, KEY, None).await.unwrap();
    let seen = nothing_is_left(TestStack::build().await, "", Some("keep_erased")).await;
    assert!(seen.is_err(), "the check does not see superseded files that are kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_is_killed_at_any_point_is_finished_by_the_next_one() {
    killed_at_any_point_it_is_finished(1, TestStack::build).await;
}

/// Every `step`th point, where all would take too long.
pub(crate) async fn killed_at_any_point_it_is_finished(step: usize, build: impl AsyncFn() -> TestStack) {
    for point in (1..POINTS_MAX).step_by(step) {
        let mut stack = build().await;
        spread(&mut stack).await;
        let others = stack.samples_of(&["--device", STAYS]);
        let mut verb = stack.verb(&["archive", "erase", "--device", GONE, "--yes", "--json"]);
        let killed = verb.env(FAULT_VARIABLE, format!("die_in_roll:{point}")).output().unwrap();
        if killed.status.success() {
            assert!(point > 20, "only {point} points");
            return;
        }
        assert_eq!(stack.samples_of(&["--device", STAYS]), others, "after a death at point {point}");
        let open = stack.count("signal.erasure WHERE ended_at IS NULL").await;
        assert_eq!(open, 1, "the proof says that it was not finished: {}", errors(&killed));
        let report = erase(&stack, None);
        assert_eq!(found(&mut stack, GONE).await, Vec::<String>::new(), "after a death at point {point}");
        let counts = ["blocks", "hot_samples", "archived_samples", "files", "quarantine_rows", "directory_rows"];
        assert_eq!(counts.map(|key| report[key].as_u64().unwrap()), [1, 1, 7, 2, 2, 4], "point {point}: {report}");
        assert_eq!(stack.samples(), others);
        assert_eq!(stack.count("signal.erasure WHERE ended_at IS NOT NULL").await, 1);
        assert_eq!(stack.leftovers(), [] as [PathBuf; 0]);
        stack.verify();
    }
    panic!("an erasure has {POINTS_MAX} points or more");
}

/// Method: the device is erased beside a daemon that has stored samples of it, and is told another one.
async fn a_remembered_device_begins_anew(injected: Option<&str>) -> Option<Verdict> {
    let mut stack = whole::TestStack::build(&[]).await?;
    stack.publish("ht/1/main/watch-7/batch", run(0, &[60, 61, 62])).await;
    stack.publish("ht/1/main/Band.2/batch", run(0, &[70, 71])).await;
    stack.settled(5).await;
    let mut verb = std::process::Command::new(env!("CARGO_BIN_EXE_healthtrack"));
    verb.args(["archive", "erase", "--device", GONE, "--yes", "--json"]);
    verb.env("HEALTHTRACK__STORE__URL", stack.database.url());
    let report = said(verb.envs(injected.map(|injected| (FAULT_VARIABLE, injected))));
    assert!(report.contains("\"hot_samples\":3"), "{report}");
    let stored = "SELECT device_id, value FROM signal.sample ORDER BY start_at, value";
    assert_eq!(stack.rows(stored).await, ["(Band.2,70)", "(Band.2,71)"]);

    // The daemon would append after what it remembers, under a number that is gone.
    stack.publish("ht/1/main/watch-7/batch", run(3, &[63])).await;
    let url = stack.database.url().to_owned();
    let blocks = || whole::rows(&url, "SELECT start_at FROM signal.block");
    wait_until(TIMEOUT, "the daemon has ended or written", || {
        let has_ended = stack.daemon.has_ended();
        let blocks = blocks();
        async move { has_ended || blocks.await.len() > 1 }
    })
    .await;
    if blocks().await.len() > 1 {
        return Some(Err("it has written under a number that is gone".to_owned()));
    }
    assert!(stack.daemon.revive());
    stack.daemon.wait_ready().await;
    stack.settled(1).await;
    assert_eq!(stack.rows(stored).await, ["(Band.2,70)", "(Band.2,71)", "(watch-7,63)"]);
    Some(Ok(()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_remembers_an_erased_device_is_fenced_and_its_successor_begins_it_anew() {
    let Some(kept) = a_remembered_device_begins_anew(None).await else { return };
    kept.unwrap();
    let seen = a_remembered_device_begins_anew(Some("erase_unfenced")).await.unwrap();
    assert!(seen.is_err(), "the check does not see a daemon that is not fenced");
}

/// Method: as a login that is not the owner, on a day on which somebody under legal hold wore the other device; one file
/// has nothing else in it, so it ends without a successor.
#[tokio::test(flavor = "multi_thread")]
async fn a_roller_erases_a_device_or_a_person_beside_somebody_under_legal_hold() {
    const HELD: &str = "0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b";
    const FREE: &str = "1f2e3d4c-5b6a-4978-8a9b-0c1d2e3f4a5b";
    for target in [["--device", GONE], ["--patient", FREE]] {
        let mut stack = TestStack::owned().await;
        spread(&mut stack).await;
        for (patient, device, held) in [(HELD, STAYS, true), (FREE, GONE, false)] {
            let wear = format!(
                "INSERT INTO care.patient (patient_id, born_on, sex, time_zone, legal_hold)
                 VALUES ('{patient}', '1980-05-17', 'female', 'America/Chicago', {held});
                 INSERT INTO care.wear (patient_id, device_key, worn_during)
                 SELECT '{patient}', device_key, '[2024-03-01 00:00Z, 2024-03-31 00:00Z)' FROM signal.device
                 WHERE device_id = '{device}'"
            );
            stack.execute(&wear).await;
        }
        let mut verb = stack.verb(&["archive", "erase", target[0], target[1], "--yes", "--json"]);
        let report = said(verb.env("HEALTHTRACK__STORE__URL", stack.roller_url()));
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!((&report["files"], &report["archived_samples"]), (&json!(2), &json!(7)), "{report}");
        let samples = stack.samples();
        assert_eq!(samples.len(), 6, "those of the held person, {target:?}: {samples:?}");
        let proved = "signal.erasure WHERE ended_at IS NOT NULL AND files = 2";
        assert_eq!(stack.count(proved).await, 1, "{target:?}");
        stack.verify();
    }
}
