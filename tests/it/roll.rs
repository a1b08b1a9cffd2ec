//! Days leave the hot table for the archive: nothing is lost and nothing is doubled, whoever is killed, whoever writes
//! meanwhile, and whatever the disk does. The verbs are run as an operator runs them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::postgres::TestDatabase;
use crate::support::s3::{self, S3};
use crate::support::stack::{Verdict, promise};
use crate::support::wait::wait_until;

/// The variable that injects a bug (`src/faults`).
pub(crate) const FAULT_VARIABLE: &str = "HEALTHTRACK_INJECT_FAULT";
const TIMEOUT: Duration = Duration::from_secs(60);
const BEFORE: &str = "2024-04-01";
/// The points at which a roll of one metric and day can be killed, in `src/archive/roll.rs` and `store/archive`.
const POINTS: u32 = 12;

/// A migrated database and an empty folder or bucket for its archive.
pub(crate) struct TestStack {
    pub(crate) connection: PgConnection,
    folder: Arc<tempfile::TempDir>,
    /// Where the archive is a bucket's.
    pub(crate) s3: Option<S3>,
    database: TestDatabase,
    /// `ID:BASE64` keys of the archive, with commas between them.
    pub(crate) keys: String,
}

impl TestStack {
    pub(crate) async fn build() -> TestStack {
        TestStack::on(TestDatabase::migrated().await).await
    }

    /// The same in a database of an owner who is no superuser.
    pub(crate) async fn owned() -> TestStack {
        TestStack::on(TestDatabase::owned().await).await
    }

    async fn on(database: TestDatabase) -> TestStack {
        let connection = PgConnection::connect(database.url()).await.unwrap();
        let stack = TestStack {
            connection,
            folder: Arc::new(tempfile::tempdir().unwrap()),
            s3: None,
            database,
            keys: String::new(),
        };
        said(&mut stack.verb(&["migrate"]));
        stack
    }

    /// The same with an object store of its own.
    pub(crate) async fn in_bucket() -> TestStack {
        TestStack::beside(&S3::start().await).await
    }

    /// The same with an object store that others use too.
    pub(crate) async fn beside(s3: &S3) -> TestStack {
        TestStack { s3: Some(s3.clone()), ..TestStack::build().await }
    }

    /// A copy of the database, as a clone or a restored backup is one, beside the same archive.
    pub(crate) async fn copy(&mut self) -> TestStack {
        let database = self.database.copy().await;
        self.connection = PgConnection::connect(self.database.url()).await.unwrap();
        let connection = PgConnection::connect(database.url()).await.unwrap();
        let (folder, s3, keys) = (Arc::clone(&self.folder), self.s3.clone(), self.keys.clone());
        TestStack { connection, folder, s3, database, keys }
    }

    /// A new database beside the same archive.
    pub(crate) async fn emptied(&self) -> TestStack {
        let stack = TestStack::build().await;
        let (folder, s3, keys) = (Arc::clone(&self.folder), self.s3.clone(), self.keys.clone());
        TestStack { folder, s3, keys, ..stack }
    }

    /// The object store.
    pub(crate) fn store(&self) -> &S3 {
        self.s3.as_ref().unwrap()
    }

    pub(crate) fn url(&self) -> &str {
        self.database.url()
    }

    /// The database as a login that may roll reaches it.
    pub(crate) fn roller_url(&self) -> String {
        self.database.url_as("roller")
    }

    pub(crate) fn archive_url(&self) -> String {
        match &self.s3 {
            None => format!("file://{}", self.root().display()),
            Some(_) => format!("s3://{}/archive", s3::BUCKET),
        }
    }

    /// Where the archive lies, as files that a test may look at and spoil.
    pub(crate) fn root(&self) -> PathBuf {
        match &self.s3 {
            None => self.folder.path().join("archive"),
            Some(s3) => s3.bucket().join("archive"),
        }
    }

    /// Where files lie before they are uploaded.
    pub(crate) fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }

    /// The binary with this database and archive, and nothing of this machine's configuration.
    pub(crate) fn verb(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
        let is_ours = |name: &str| name.starts_with("HEALTHTRACK__") || name.starts_with("AWS_");
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_ours(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        if let Some(s3) = &self.s3 {
            s3.show(&mut command);
            command
                .env("HEALTHTRACK__ARCHIVE__SCRATCH_DIR", self.scratch())
                .env("HEALTHTRACK__ARCHIVE__REQUEST_TIMEOUT_S", "2")
                .env("HEALTHTRACK__ARCHIVE__RETRIES_MAX", "3");
        }
        command
            .env("HEALTHTRACK__STORE__URL", self.database.url())
            .env("HEALTHTRACK__ARCHIVE__URL", self.archive_url())
            .env("HEALTHTRACK__ARCHIVE__DUTY_PERCENT", "100")
            .env("HEALTHTRACK__ARCHIVE__KEYS", &self.keys)
            .args(arguments)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn roll_verb(&self) -> Command {
        self.verb(&["roll", "--before", BEFORE, "--json"])
    }

    /// Rolls, and the report.
    pub(crate) fn roll(&self) -> Value {
        serde_json::from_str(&said(&mut self.roll_verb())).unwrap()
    }

    /// All samples, a line each, in order; fails where one comes twice.
    pub(crate) fn samples(&self) -> Vec<String> {
        self.samples_of(&[])
    }

    pub(crate) fn samples_of(&self, filter: &[&str]) -> Vec<String> {
        let text = said(&mut self.verb(&[&["samples"], filter].concat()));
        let mut lines: Vec<String> = text.lines().skip(1).map(measured).collect();
        lines.sort();
        let keys: BTreeSet<String> = lines.iter().map(|line| key_of(line)).collect();
        assert_eq!(keys.len(), lines.len(), "a sample comes twice: {lines:#?}");
        lines
    }

    /// Stores a run of samples as one block: `None` as period for a single sample of an hour's length.
    pub(crate) async fn put(
        &mut self,
        device: &str,
        metric: &str,
        statistic: Option<&str>,
        start: &str,
        values: &[f64],
    ) {
        self.put_every(device, metric, statistic, start, 60, None, values).await;
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of a block")]
    pub(crate) async fn put_every(
        &mut self,
        device: &str,
        metric: &str,
        statistic: Option<&str>,
        start: &str,
        period_s: i64,
        span_s: Option<i64>,
        values: &[f64],
    ) {
        for statement in [
            "INSERT INTO signal.ingest_shard (epoch, taken_at, shard, owner) VALUES (1, now(), 'main', 'test')
             ON CONFLICT DO NOTHING"
                .to_owned(),
            format!(
                "INSERT INTO signal.device (added_at, device_id, added_by, shard) VALUES (now(), '{device}', 'test',
                 'main') ON CONFLICT DO NOTHING"
            ),
            format!("SELECT signal.ensure_chunk(('{start}'::timestamptz AT TIME ZONE 'UTC')::date)"),
        ] {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut self.connection).await.unwrap();
        }
        sqlx::query(
            "INSERT INTO signal.series (device_key, metric_id, statistic)
             SELECT device_key, metric_id, $3 FROM signal.device, signal.metric WHERE device_id = $1 AND name = $2
             ON CONFLICT DO NOTHING",
        )
        .bind(device)
        .bind(metric)
        .bind(statistic)
        .execute(&mut self.connection)
        .await
        .unwrap();
        sqlx::query(
            "INSERT INTO signal.block (start_at, stop_at, tick_us, span_us, series_id, values)
             SELECT $4::timestamptz, $4::timestamptz + ($5 * (cardinality($7) - 1)) * INTERVAL '1 second',
                    $5 * 1000000, $6 * 1000000, series_id, $7
             FROM signal.series JOIN signal.device USING (device_key) JOIN signal.metric USING (metric_id)
             WHERE device_id = $1 AND name = $2 AND statistic IS NOT DISTINCT FROM $3",
        )
        .bind(device)
        .bind(metric)
        .bind(statistic)
        .bind(start)
        .bind(period_s)
        .bind(span_s)
        .bind(values)
        .execute(&mut self.connection)
        .await
        .unwrap();
    }

    pub(crate) async fn count(&mut self, query: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {query}")))
            .fetch_one(&mut self.connection)
            .await
            .unwrap()
    }

    pub(crate) async fn execute(&mut self, statement: &str) {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut self.connection).await.unwrap();
    }

    /// Makes somebody a patient.
    pub(crate) async fn enrol(&mut self, patient: &str) {
        self.execute(&format!(
            "INSERT INTO care.patient (patient_id, born_on, sex, time_zone)
             VALUES ('{patient}', '1980-05-17', 'female', 'America/Chicago')"
        ))
        .await;
    }

    /// Two devices, three metrics, two statistics, three days.
    pub(crate) async fn put_some(&mut self) {
        for day in ["2024-03-05", "2024-03-06", "2024-03-07"] {
            let values: Vec<f64> = (0..90).map(|n| 60.0 + f64::from(n % 40)).collect();
            for device in ["watch-7", "Band.2"] {
                self.put(device, "heart_rate", None, &format!("{day} 08:00Z"), &values).await;
                self.put(device, "heart_rate", None, &format!("{day} 20:00Z"), &values).await;
            }
            // Another statistic between the others of the same device, twice at the same moment.
            self.put("watch-7", "heart_rate", Some("maximum"), &format!("{day} 08:10Z"), &[141.0, 142.0]).await;
            self.put_every("watch-7", "step_count", None, &format!("{day} 09:00Z"), 60, Some(60), &[12.0, 40.5]).await;
            self.put_every("watch-7", "sleep_stage", None, &format!("{day} 01:00Z"), 30, Some(30), &[3.0, 1.0]).await;
        }
    }

    /// The names of files that lie as live ones.
    pub(crate) fn live_files(&self) -> Vec<String> {
        let mut found = Vec::new();
        files_below(&self.root(), &mut found);
        let root = self.root();
        let names = found.iter().map(|path| path.strip_prefix(&root).unwrap().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| name.starts_with("metric=")).collect();
        names.sort();
        names
    }

    /// Everything but live files, superseded ones and the mark.
    pub(crate) fn leftovers(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        files_below(&self.root().join("temporary"), &mut found);
        files_below(&self.scratch(), &mut found);
        found.extend(self.s3.iter().flat_map(S3::open_parts));
        found
    }

    /// The archive is what its manifest says.
    pub(crate) fn verify(&self) {
        let checked: Value = serde_json::from_str(&said(&mut self.verb(&["archive", "verify", "--json"]))).unwrap();
        assert_eq!(checked["faults"], json!([]));
        let listed: Value = serde_json::from_str(&said(&mut self.verb(&["archive", "list", "--json"]))).unwrap();
        let names = listed.as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap().to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        assert_eq!(self.live_files(), names, "the live tree and the manifest are one");
    }
}

/// A line of samples, without the columns at its end where nothing is known.
pub(crate) fn measured(line: &str) -> String {
    line.strip_suffix(",,,,").unwrap_or(line).to_owned()
}

/// Device, metric, statistic, start and end of a line.
fn key_of(line: &str) -> String {
    line.split(',').take(5).collect::<Vec<_>>().join(",")
}

pub(crate) fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() { files_below(&entry.path(), found) } else { found.push(entry.path()) }
    }
}

pub(crate) fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{:?}: {}", command.get_args(), errors(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains(s3::SECRET), "a secret is printed");
    text
}

pub(crate) fn errors(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!text.contains(s3::SECRET), "a secret is printed");
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_are_the_same_before_and_after_a_roll() {
    samples_stay_the_same(TestStack::build().await).await;
}

pub(crate) async fn samples_stay_the_same(mut stack: TestStack) {
    stack.put_some().await;
    let questions: [&[&str]; 6] = [
        &[],
        &["--device", "watch-7"],
        &["--metric", "heart_rate", "--from", "2024-03-06"],
        &[
            "--device",
            "Band.2",
            "--metric",
            "heart_rate",
            "--from",
            "2024-03-05T08:30:00Z",
            "--to",
            "2024-03-06T08:05:00Z",
        ],
        &["--to", "2024-03-06"],
        &["--device", "nobody"],
    ];
    let before: Vec<_> = questions.iter().map(|question| stack.samples_of(question)).collect();
    let others: [&[&str]; 2] = [&["samples", "--format", "ndjson"], &["samples", "--summary", "--json"]];
    let told: Vec<_> = others.iter().map(|question| said(&mut stack.verb(question))).collect();
    assert_eq!(before[0].len(), 3 * (4 * 90 + 2 + 2 + 2));

    let due: Value =
        serde_json::from_str(&said(&mut stack.verb(&["roll", "--dry-run", "--before", BEFORE, "--json"]))).unwrap();
    assert_eq!(due.as_array().unwrap().len(), 9, "{due}");
    let report = stack.roll();
    assert_eq!(
        (&report["days"], &report["files"], &report["samples"]),
        (&json!(9), &json!(9), &json!(1_098)),
        "{report}"
    );
    assert_eq!(report["chunks"], json!(3), "each chunk is empty, and gone: {report}");
    assert_eq!(stack.count("signal.block").await, 0);
    let after: Vec<_> = questions.iter().map(|question| stack.samples_of(question)).collect();
    assert_eq!(after, before);
    let told_now: Vec<_> = others.iter().map(|question| said(&mut stack.verb(question))).collect();
    assert_eq!(told_now, told);
    stack.verify();

    let report = stack.roll();
    assert_eq!((&report["days"], &report["files"], &report["chunks"]), (&json!(0), &json!(0), &json!(0)), "{report}");
    let script = said(&mut stack.verb(&["archive", "sql"]));
    assert!(stack.live_files().iter().all(|name| script.contains(name.as_str())), "{script}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_after_a_roll_is_seen_once_and_counted_as_duplicates() {
    what_is_sent_again_is_seen_once(TestStack::build().await).await;
}

pub(crate) async fn what_is_sent_again_is_seen_once(mut stack: TestStack) {
    stack.put_some().await;
    let before = stack.samples();
    stack.roll();
    let files = stack.live_files();
    stack.put_some().await;
    assert_eq!(stack.samples(), before);
    let report = stack.roll();
    assert_eq!((&report["samples"], &report["duplicates"], &report["files"]), (&json!(0), &json!(1_098), &json!(0)));
    assert_eq!((stack.samples(), stack.live_files()), (before, files));
    assert_eq!(stack.count("signal.block").await, 0);
    stack.verify();
}

/// Method: the same samples come again after a roll, so that no new file is needed for them but by the law.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_again_of_somebody_under_legal_hold_leaves_for_a_file_of_its_own() {
    let mut stack = TestStack::build().await;
    stack.put_some().await;
    let before = stack.samples();
    stack
        .execute(
            "INSERT INTO care.patient (patient_id, born_on, sex, time_zone, legal_hold) VALUES
                 ('0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b', '1980-05-17', 'female', 'America/Chicago', true);
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT patient_id, device_key, '[2024-03-05 20:00Z, 2024-03-06 00:00Z)' FROM care.patient, signal.device
             WHERE device_id = 'watch-7'",
        )
        .await;
    let roll = |stack: &TestStack| {
        let mut verb = stack.roll_verb();
        verb.env("HEALTHTRACK__STORE__URL", stack.roller_url());
        serde_json::from_str::<Value>(&said(&mut verb)).unwrap()
    };
    roll(&stack);
    assert_eq!(stack.samples(), before);
    stack.put_some().await;
    let report = roll(&stack);
    assert_eq!((&report["samples"], &report["duplicates"]), (&json!(0), &json!(1_098)));
    let newer = "SELECT string_agg(metric || ' ' || day, ', ' ORDER BY metric) FROM signal.archive_file
                 WHERE generation = 2 AND superseded_at IS NULL";
    let newer: String = sqlx::query_scalar(newer).fetch_one(&mut stack.connection).await.unwrap();
    assert_eq!(newer, "heart_rate 2024-03-05, sleep_stage 2024-03-05, step_count 2024-03-05");
    assert_eq!((stack.samples(), stack.count("signal.block").await), (before, 0));
    stack.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn late_samples_are_seen_once_before_and_after_the_next_roll_and_the_archived_value_stays() {
    late_samples_are_seen_once(TestStack::build().await).await;
}

pub(crate) async fn late_samples_are_seen_once(mut stack: TestStack) {
    stack.put_some().await;
    let mut expected = stack.samples();
    stack.roll();
    // Two are there already, one of them with another value; one is new; and of a night the later word stands.
    stack.put("watch-7", "heart_rate", None, "2024-03-06 08:00Z", &[60.0, 199.0]).await;
    stack.put("watch-7", "heart_rate", None, "2024-03-06 07:00Z", &[55.0]).await;
    stack.put_every("watch-7", "sleep_stage", None, "2024-03-06 01:00Z", 30, Some(30), &[2.0]).await;
    expected.push("watch-7,heart_rate,,2024-03-06T07:00:00Z,,55,,/min".to_owned());
    let scored =
        expected.iter_mut().find(|line| line.starts_with("watch-7,sleep_stage,,2024-03-06T01:00:00Z")).unwrap();
    let mut cells: Vec<&str> = scored.split(',').collect();
    cells[6] = "deep";
    *scored = cells.join(",");
    expected.sort();
    assert_eq!(stack.samples(), expected);
    let report = stack.roll();
    let counts =
        ["days", "files", "samples", "duplicates", "conflicts", "superseded"].map(|key| report[key].as_u64().unwrap());
    assert_eq!(counts, [2, 2, 2, 1, 1, 1], "{report}");
    assert_eq!(stack.samples(), expected);
    stack.verify();
    let generations = stack.count("signal.archive_file WHERE metric = 'heart_rate' AND generation = 2").await;
    let superseded = stack.count("signal.archive_file WHERE superseded_at IS NOT NULL AND removed_at IS NULL").await;
    assert_eq!((generations, superseded), (1, 2));
    let kept: Vec<(String, String)> = sqlx::query_as(
        "SELECT topic, convert_from(payload, 'UTF8') FROM signal.quarantine WHERE reason = 'conflict' ORDER BY 2",
    )
    .fetch_all(&mut stack.connection)
    .await
    .unwrap();
    assert_eq!(kept.len(), 1, "{kept:?}");
    assert!(kept.iter().all(|(topic, _)| topic == "ht/1/main/watch-7/batch"));
    let message: Value = serde_json::from_str(&kept[0].1).unwrap();
    let series = json!({"metric": "heart_rate", "times": ["2024-03-06T08:01:00Z"], "values": [199.0]});
    assert_eq!(message["series"][0], series);

    // After the grace the superseded file goes, and only it.
    let report: Value =
        serde_json::from_str(&said(stack.roll_verb().env("HEALTHTRACK__ARCHIVE__GRACE_HOURS", "0"))).unwrap();
    assert_eq!(report["deleted"], json!(2), "{report}");
    assert_eq!(stack.count("signal.archive_file WHERE removed_at IS NOT NULL").await, 2);
    assert_eq!(stack.samples(), expected);
    stack.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roll_that_is_killed_at_any_point_is_finished_by_the_next_one() {
    killed_at_any_point_it_is_finished(POINTS, TestStack::build).await;
}

pub(crate) async fn killed_at_any_point_it_is_finished(points: u32, build: impl AsyncFn() -> TestStack) {
    for point in 1..=points {
        for late in [false, true] {
            let mut stack = build().await;
            let values: Vec<f64> = (0..100).map(f64::from).map(|n| 50.0 + n).collect();
            stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &values).await;
            if late {
                stack.roll();
                stack.put("watch-7", "heart_rate", None, "2024-03-05 09:00Z", &values).await;
                stack.put("watch-7", "heart_rate", None, "2024-03-05 11:00Z", &[77.0]).await;
            }
            let expected = stack.samples();
            let killed = stack.roll_verb().env(FAULT_VARIABLE, format!("die_in_roll:{point}")).output().unwrap();
            assert!(!killed.status.success(), "point {point} is never reached: {}", errors(&killed));
            assert_eq!(stack.samples(), expected, "after a death at point {point}, late: {late}");
            // A second death, while the first is being mended.
            let _ = stack.roll_verb().env(FAULT_VARIABLE, "die_in_roll:4").output().unwrap();
            assert_eq!(stack.samples(), expected, "after a second death at point {point}, late: {late}");
            stack.roll();
            assert_eq!(stack.samples(), expected, "after the roll that followed point {point}, late: {late}");
            assert_eq!(stack.count("signal.block").await, 0);
            assert_eq!(stack.leftovers(), [] as [PathBuf; 0]);
            stack.verify();
        }
    }
}

/// A roll that stands before its record, since somebody else keeps rollups as they are.
struct Standing {
    holder: PgConnection,
    roll: Child,
}

impl Standing {
    async fn begin(stack: &TestStack, injected: Option<&str>) -> Standing {
        let mut holder = PgConnection::connect(stack.database.url()).await.unwrap();
        // The first lock of a record, and of nothing before it (`signal.hold_rollups`).
        sqlx::query("SELECT pg_advisory_lock_shared(hashtextextended('healthtrack.rollup', 0))")
            .execute(&mut holder)
            .await
            .unwrap();
        let mut command = stack.roll_verb();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let roll = command.envs(injected.map(|injected| (FAULT_VARIABLE, injected))).spawn().unwrap();
        let url = stack.database.url().to_owned();
        wait_until(TIMEOUT, "the roll waits before its record", || async {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            )
            .fetch_one(&mut connection)
            .await
            .unwrap();
            waiting > 0
        })
        .await;
        Standing { holder, roll }
    }

    async fn end(self) -> Output {
        self.holder.close().await.unwrap();
        self.roll.wait_with_output().unwrap()
    }
}

/// Method: while the roll stands between its export and its record, a late sample is committed.
pub(crate) async fn a_sample_that_comes_before_the_record_stays(
    mut stack: TestStack,
    injected: Option<&str>,
) -> Verdict {
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0]).await;
    let standing = Standing::begin(&stack, injected).await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 09:00Z", &[70.0]).await;
    let expected = stack.samples();
    let output = standing.end().await;
    assert!(output.status.success() || injected.is_some(), "{}", errors(&output));
    promise(stack.samples() == expected, || "a sample that came between export and record is gone".to_owned())?;
    stack.roll();
    promise(stack.samples() == expected, || "the next roll has lost it".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_that_comes_between_export_and_record_is_not_lost() {
    a_sample_that_comes_before_the_record_stays(TestStack::build().await, None).await.unwrap();
    let seen = a_sample_that_comes_before_the_record_stays(TestStack::build().await, Some("delete_by_predicate")).await;
    assert!(seen.is_err(), "the check does not see blocks that are removed by predicate");
}

/// Method: while the roll stands between its export and its record, a block goes, as an erasure takes it.
async fn a_block_that_goes_before_the_record_is_not_archived(injected: Option<&str>) -> Verdict {
    let mut stack = TestStack::build().await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0]).await;
    stack.put("gone", "heart_rate", None, "2024-03-05 08:00Z", &[90.0]).await;
    let expected = stack.samples_of(&["--device", "watch-7"]);
    let standing = Standing::begin(&stack, injected).await;
    stack.execute("DELETE FROM signal.block WHERE values = '{90}'").await;
    let output = standing.end().await;
    assert!(output.status.success(), "{}", errors(&output));
    promise(stack.samples() == expected, || "a sample that was erased is back".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_goes_between_export_and_record_does_not_come_back() {
    a_block_that_goes_before_the_record_is_not_archived(None).await.unwrap();
    let seen = a_block_that_goes_before_the_record_is_not_archived(Some("skip_recount")).await;
    assert!(seen.is_err(), "the check does not see that nothing is counted again");
}

/// Method: an operator drops a day's chunk while a roll has exported it and not recorded it.
#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_is_dropped_by_hand_under_a_roll_does_not_come_back_and_the_other_days_are_rolled() {
    let mut stack = TestStack::build().await;
    stack.put_some().await;
    let expected: Vec<String> = stack.samples().into_iter().filter(|line| !line.contains("2024-03-05T")).collect();
    let standing = Standing::begin(&stack, None).await;
    let chunk = "SELECT DISTINCT tableoid::regclass::text FROM signal.block WHERE start_at < '2024-03-06 00:00Z'";
    let chunk: String = sqlx::query_scalar(chunk).fetch_one(&mut stack.connection).await.unwrap();
    stack.execute(&format!("DROP TABLE {chunk}")).await;
    let output = standing.end().await;
    assert_eq!(stack.samples(), expected, "{}", errors(&output));
    assert_eq!(stack.roll()["failed"], json!([]));
    assert_eq!((stack.samples(), stack.count("signal.block").await), (expected, 0));
    stack.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_that_is_rewritten_between_export_and_record_is_rolled_as_it_is_then() {
    a_rewritten_block_is_rolled_as_it_is(TestStack::build().await).await;
}

pub(crate) async fn a_rewritten_block_is_rolled_as_it_is(mut stack: TestStack) {
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0]).await;
    let standing = Standing::begin(&stack, None).await;
    // As a merge does: the block goes, and one with the same start and more samples comes.
    stack.execute("BEGIN; DELETE FROM signal.block").await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0, 62.0]).await;
    stack.execute("COMMIT").await;
    let expected = stack.samples();
    let output = standing.end().await;
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!((stack.samples(), stack.count("signal.block").await), (expected, 0));
    assert_eq!(stack.live_files().len(), 1, "what the first try wrote is aside");
    stack.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_rollers_one_works_and_the_other_says_so_and_so_does_an_erasure() {
    let mut stack = TestStack::build().await;
    stack.put_some().await;
    let expected = stack.samples();
    let standing = Standing::begin(&stack, None).await;
    let second = stack.roll_verb().output().unwrap();
    assert!(!second.status.success() && errors(&second).contains("another roll is running"), "{}", errors(&second));
    let erasure = stack.verb(&["archive", "erase", "--device", "watch-7", "--yes"]).output().unwrap();
    assert!(!erasure.status.success() && errors(&erasure).contains("running in this database"), "{}", errors(&erasure));
    assert_eq!(stack.samples(), expected, "a reader beside a roll");
    assert!(standing.end().await.status.success());
    assert_eq!((stack.samples(), stack.count("signal.block").await), (expected, 0));
    stack.verify();
}

/// Method: the folder of the metric is a file, so that no file can be named in it.
async fn what_cannot_be_written_stays(injected: Option<&str>) -> Verdict {
    let mut stack = TestStack::build().await;
    stack.put("watch-7", "step_count", None, "2024-03-05 08:00Z", &[1.0]).await;
    stack.roll();
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0]).await;
    let expected = stack.samples();
    fs::write(stack.root().join("metric=heart_rate"), "in the way").unwrap();
    let output = stack.roll_verb().envs(injected.map(|injected| (FAULT_VARIABLE, injected))).output().unwrap();
    assert!(!output.status.success() && errors(&output).contains("metric=heart_rate"), "{}", errors(&output));
    assert_eq!(stack.leftovers(), [] as [PathBuf; 0]);
    let read = stack.verb(&["samples"]).output().unwrap();
    promise(read.status.success(), || format!("samples cannot be read: {}", errors(&read)))?;
    promise(stack.samples() == expected, || "samples are lost".to_owned())?;
    fs::remove_file(stack.root().join("metric=heart_rate")).unwrap();
    stack.roll();
    promise(stack.samples() == expected, || "samples are lost once the disk is well".to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_written_stays_in_the_hot_table() {
    what_cannot_be_written_stays(None).await.unwrap();
    let seen = what_cannot_be_written_stays(Some("manifest_before_file")).await;
    assert!(seen.is_err(), "the check does not see a manifest row that comes before its file");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_knows_how_long_nobody_has_read_the_files_back() {
    let mut stack = TestStack::build().await;
    stack.put_some().await;
    stack.roll();
    let doctor = |stack: &TestStack| String::from_utf8(stack.verb(&["doctor"]).output().unwrap().stdout).unwrap();
    assert!(doctor(&stack).contains("its files have never been verified"), "{}", doctor(&stack));
    let file = stack.root().join(&stack.live_files()[0]);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[1..]).unwrap();
    assert!(!stack.verb(&["archive", "verify"]).output().unwrap().status.success());
    assert!(doctor(&stack).contains("its files have never been verified"), "what is unsound was not found sound");
    fs::write(&file, &whole).unwrap();
    stack.verify();
    assert!(doctor(&stack).contains("every file was verified 0 days ago"), "{}", doctor(&stack));
    stack.execute("UPDATE signal.archive SET verified_at = verified_at - INTERVAL '31 days'").await;
    assert!(doctor(&stack).contains("its files were last verified 31 days ago"), "{}", doctor(&stack));
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found_by_verify_and_never_becomes_the_next_generation() {
    damage_is_found(TestStack::build().await).await;
}

pub(crate) async fn damage_is_found(mut stack: TestStack) {
    stack.put_some().await;
    stack.roll();
    let files = stack.live_files();
    let path = |name: &String| stack.root().join(name);
    let [heart, ..] = &files[..] else { panic!("no files") };
    let whole = fs::read(path(heart)).unwrap();
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for (damaged, says) in [(flipped, "SHA-256"), (whole[..whole.len() - 1].to_vec(), "bytes instead of")] {
        fs::write(path(heart), damaged).unwrap();
        let output = stack.verb(&["archive", "verify", "--json"]).output().unwrap();
        let checked: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(!output.status.success(), "{checked}");
        let faults = checked["faults"].as_array().unwrap();
        assert_eq!((faults.len(), faults[0]["name"].as_str()), (1, Some(heart.as_str())), "{checked}");
        assert!(faults[0]["problem"].as_str().unwrap().contains(says), "{checked}");
    }
    let day = heart.split("day=").nth(1).unwrap()[..10].to_owned();
    stack.put("watch-7", "heart_rate", None, &format!("{day} 05:00Z"), &[50.0]).await;
    stack.put("watch-7", "step_count", None, &format!("{day} 05:00Z"), &[50.0]).await;
    let output = stack.roll_verb().output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!output.status.success() && report["failed"].as_array().unwrap().len() == 1, "{report}");
    assert_eq!((&report["samples"], stack.count("signal.block").await), (&json!(1), 1), "the other metric is rolled");

    fs::write(stack.root().join(heart), &whole).unwrap();
    let other = files[1].clone();
    fs::rename(stack.root().join(heart), stack.root().join("x")).unwrap();
    fs::rename(stack.root().join(&other), stack.root().join(heart)).unwrap();
    fs::rename(stack.root().join("x"), stack.root().join(&other)).unwrap();
    let swapped = stack.verb(&["archive", "verify", "--json"]).output().unwrap();
    let checked: Value = serde_json::from_slice(&swapped.stdout).unwrap();
    assert_eq!(checked["faults"].as_array().unwrap().len(), 2, "{checked}");
    fs::remove_file(stack.root().join(heart)).unwrap();
    fs::rename(stack.root().join(&other), stack.root().join(heart)).unwrap();
    let missing = stack.verb(&["archive", "verify"]).output().unwrap();
    assert!(String::from_utf8_lossy(&missing.stdout).contains("in the manifest and not in the archive"));
    let rolled = stack.roll_verb().output().unwrap();
    assert!(!rolled.status.success() && errors(&rolled).contains(&other), "{}", errors(&rolled));
    let stray = stack.root().join(heart.replace("g00001", "g00009"));
    fs::write(stray, "stray").unwrap();
    let checked = stack.verb(&["archive", "verify"]).output().unwrap();
    assert!(String::from_utf8_lossy(&checked.stdout).contains("no row of the manifest names it"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metric_that_this_version_does_not_know_stays_and_the_others_are_rolled() {
    let mut stack = TestStack::build().await;
    stack
        .execute(
            "INSERT INTO signal.metric (metric_id, per_minute, name, title, kind, unit, loinc)
             VALUES (30000, false, 'of_tomorrow', 'x', 'instant', '1', '{}')",
        )
        .await;
    stack.put("watch-7", "of_tomorrow", None, "2024-03-05 08:00Z", &[1.0, 2.0]).await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0]).await;
    let output = stack.roll_verb().output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!output.status.success() && errors(&output).contains("does not know"), "{}", errors(&output));
    assert_eq!((&report["samples"], &report["chunks"]), (&json!(1), &json!(0)), "{report}");
    assert_eq!(stack.count("signal.block").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_given_later_encrypts_what_is_written_from_then_on_and_all_is_read() {
    a_later_key_encrypts_later_files(TestStack::build().await).await;
}

pub(crate) async fn a_later_key_encrypts_later_files(mut stack: TestStack) {
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0]).await;
    stack.put("watch-7", "step_count", None, "2024-03-05 08:00Z", &[5.0]).await;
    stack.roll();
    // 32 bytes of one letter each, as base64.
    stack.keys = "2024a:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=".to_owned();
    stack.put("watch-7", "heart_rate", None, "2024-03-05 09:00Z", &[70.0]).await;
    let expected = stack.samples();
    stack.roll();
    assert_eq!(stack.samples(), expected);
    stack.verify();
    assert_eq!(stack.count("signal.archive_file WHERE key_id = '2024a' AND generation = 2").await, 1);
    let script = said(&mut stack.verb(&["archive", "sql"]));
    assert!(script.contains("footer_key: '2024a'") && script.contains("add_parquet_key('2024a'"), "{script}");
    assert!(!script.contains("YWFh"), "no key is written");
    for name in stack.live_files().iter().filter(|name| name.contains("heart_rate")) {
        let bytes = fs::read(stack.root().join(name)).unwrap();
        assert!(!bytes.windows(7).any(|part| part == b"watch-7"), "a device lies in clear");
    }
    stack.keys = "2024b:YmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmJiYmI=".to_owned();
    let locked = stack.verb(&["samples"]).output().unwrap();
    assert!(!locked.status.success() && errors(&locked).contains("2024a"), "{}", errors(&locked));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_databases_archive_and_an_empty_mount_point_are_refused() {
    let mut stack = TestStack::build().await;
    stack.put_some().await;
    stack.roll();
    let mut stranger = TestStack::build().await;
    stranger.put_some().await;
    let url = format!("file://{}", stack.root().display());
    let output = stranger.roll_verb().env("HEALTHTRACK__ARCHIVE__URL", &url).output().unwrap();
    assert!(!output.status.success() && errors(&output).contains("another database"), "{}", errors(&output));
    stack.verify();
    fs::rename(stack.root(), stack.folder.path().join("unmounted")).unwrap();
    fs::create_dir(stack.root()).unwrap();
    stack.put("watch-7", "heart_rate", None, "2024-03-08 05:00Z", &[50.0]).await;
    let output = stack.roll_verb().output().unwrap();
    assert!(!output.status.success() && errors(&output).contains("lacks its archive.id"), "{}", errors(&output));
    assert_eq!(fs::read_dir(stack.root()).unwrap().count(), 0);
    let silent = stack.verb(&["samples"]).env("HEALTHTRACK__ARCHIVE__URL", "").output().unwrap();
    assert!(!silent.status.success() && errors(&silent).contains("archive.url"), "{}", errors(&silent));
}
