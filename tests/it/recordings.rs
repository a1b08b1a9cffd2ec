//! Real recordings from file to row: through a real broker and the daemon, what `samples --summary` says equals what the
//! files say, whatever is killed on the way, and a second replay changes nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::replay::{Total, Totals, check, corpus, empatica_files, files, fitbit_files, glucose_files, read_text};
use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::TestDatabase;
use crate::support::wait::wait_until;

fn replay(kind: &str, folder: &Path, broker: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
    command
        .args(["replay", kind, "--broker", broker, "--json"])
        .arg(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

/// Rolls everything: how many samples were new, and how many archived before.
fn roll(store: &str, archive: &str) -> (u64, u64) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
    command.env("HEALTHTRACK__STORE__URL", store).env("HEALTHTRACK__ARCHIVE__URL", archive);
    command.env("HEALTHTRACK__ARCHIVE__DUTY_PERCENT", "100");
    let output = command.args(["roll", "--before", "2020-01-01", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    (report["samples"].as_u64().unwrap(), report["duplicates"].as_u64().unwrap())
}

/// What `samples --summary --json` says of plain measurements.
fn summary(store: &str) -> Totals {
    summary_of(store, "")
}

fn summary_of(store: &str, archive: &str) -> Totals {
    let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
    command.env("HEALTHTRACK__STORE__URL", store).env("HEALTHTRACK__ARCHIVE__URL", archive);
    let output = command.args(["samples", "--summary", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rows: Vec<BTreeMap<String, Box<RawValue>>> = serde_json::from_slice(&output.stdout).unwrap();
    let text = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).unwrap();
    // From its digits: serde_json's own floats may be off by one in the last place, and would hide such a fault.
    let number = |raw: &RawValue| raw.get().parse::<f64>().unwrap();
    let total = |row: &BTreeMap<String, Box<RawValue>>| Total {
        count: row["count"].get().parse().unwrap(),
        min: number(&row["min"]),
        max: number(&row["max"]),
        sum: number(&row["sum"]),
    };
    rows.iter().map(|row| ((text(&row["device_id"]), text(&row["metric"])), total(row))).collect()
}

fn count(totals: &Totals) -> u64 {
    totals.values().map(|total| total.count).sum()
}

async fn stored(store: &str) -> u64 {
    let mut connection = PgConnection::connect(store).await.unwrap();
    let query = "SELECT coalesce(sum(cardinality(values)), 0)::bigint FROM signal.block";
    let stored: i64 = sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap();
    stored.unsigned_abs()
}

async fn wait_stored(store: &str, samples: u64) {
    wait_until(TIMEOUT * 4, "everything is stored", || async { stored(store).await >= samples }).await;
}

/// Method: the daemon is killed when about a quarter is committed, and again at about a half.
#[tokio::test(flavor = "multi_thread")]
async fn the_real_fitbit_files_are_stored_whole_though_the_daemon_is_killed_and_twice_is_once() {
    let Some(folder) = corpus("fitbit-fitabase") else { return };
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let expected = fitbit_files(&folder);
    let all = count(&expected);
    let mut daemon = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    let publishing = replay("fitbit", &folder, &mosquitto.url()).spawn().unwrap();
    for part in [4, 2] {
        wait_until(TIMEOUT * 2, "a part of it is committed", || async { stored(database.url()).await > all / part })
            .await;
        daemon.kill();
        daemon.restart();
        daemon.wait_ready().await;
    }
    assert!(publishing.wait_with_output().unwrap().status.success());
    wait_stored(database.url(), all).await;
    check(&summary(database.url()), &expected);
    check_hours(&folder, database.url()).await;

    daemon.kill();
    daemon.restart();
    daemon.wait_ready().await;
    daemon.wait_settled(0).await;
    let before = daemon.outcomes();
    assert!(replay("fitbit", &folder, &mosquitto.url()).output().unwrap().status.success());
    wait_until(TIMEOUT * 2, "the second replay has been received", || async {
        daemon.metric("healthtrack_ingest_samples_total") >= (before.iter().sum::<u64>() + all) as f64
    })
    .await;
    assert_eq!(daemon.outcomes(), [before[0], before[1] + all, before[2], before[3]], "only duplicates");
    check(&summary(database.url()), &expected);

    // Into the archive; once more, though it is archived; and that into the archive too.
    let folder_of_archive = tempfile::tempdir().unwrap();
    let archive = format!("file://{}", folder_of_archive.path().join("archive").display());
    assert_eq!(roll(database.url(), &archive), (all, 0));
    assert_eq!(stored(database.url()).await, 0);
    check(&summary_of(database.url(), &archive), &expected);
    assert!(replay("fitbit", &folder, &mosquitto.url()).output().unwrap().status.success());
    wait_stored(database.url(), all).await;
    check(&summary_of(database.url(), &archive), &expected);
    assert_eq!(roll(database.url(), &archive), (0, all));
    check(&summary_of(database.url(), &archive), &expected);
}

/// For each hour that the minutes and the hourly file share, the sum of sixty minutes is the hour's.
async fn check_hours(folder: &Path, store: &str) {
    let mut connection = PgConnection::connect(store).await.unwrap();
    let query = "SELECT device_id, extract(epoch FROM date_trunc('hour', start_at))::bigint, sum(value)
                 FROM signal.sample WHERE metric = 'step_count' GROUP BY 1, 2";
    let rows: Vec<(String, i64, f64)> = sqlx::query_as(AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap();
    let minutes: BTreeMap<(String, i64), f64> = rows.into_iter().map(|(device, at, sum)| ((device, at), sum)).collect();
    let mut shared = 0;
    for text in files(folder).iter().map(|path| read_text(path)) {
        let (header, rows) = text.split_once('\n').unwrap();
        if header.trim() != "Id,ActivityHour,StepTotal" {
            continue;
        }
        for row in rows.lines().map(|row| row.trim().split(',').collect::<Vec<_>>()) {
            let key = (format!("fitbit-{}", row[0]), hour(row[1]));
            if let Some(sum) = minutes.get(&key) {
                assert_eq!(*sum, row[2].parse::<f64>().unwrap(), "{key:?}");
                shared += 1;
            }
        }
    }
    println!("{shared} hours are equal");
    assert!(shared > 0, "no hour is shared");
}

/// Seconds since 1970 of `4/12/2016 1:00:00 PM`, taken as UTC.
fn hour(text: &str) -> i64 {
    let parts: Vec<&str> = text.split([' ', '/', ':']).collect();
    let number = |place: usize| parts[place].parse::<i64>().unwrap();
    let hour = number(3) % 12 + if parts[6] == "PM" { 12 } else { 0 };
    let date = format!("{:04}-{:02}-{:02}T{hour:02}:00:00Z", number(2), number(0), number(1));
    healthtrack::model::time::Timestamp::parse_rfc3339(&date).unwrap().micros() / 1_000_000
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_empatica_session_and_glucose_readings_are_stored_whole() {
    let (Some(session), Some(glucose)) = (corpus("empatica-e4"), corpus("cgm-hall2018")) else { return };
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let _daemon = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    let mut expected = empatica_files(&session);
    // The file says seconds, the catalogue keeps milliseconds.
    let intervals = expected.iter_mut().filter(|((_, metric), _)| metric == "rr_interval");
    intervals.for_each(|(_, total)| {
        *total = Total { min: total.min * 1e3, max: total.max * 1e3, sum: total.sum * 1e3, ..*total };
    });
    expected.extend(glucose_files(&glucose));
    for (kind, folder) in [("empatica", &session), ("cgm", &glucose)] {
        assert!(replay(kind, folder, &mosquitto.url()).output().unwrap().status.success());
    }
    wait_stored(database.url(), count(&expected)).await;
    check(&summary(database.url()), &expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_real_open_mhealth_points_are_stored() {
    let Some(folder) = corpus("omh-datapoints") else { return };
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let daemon = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    let output = replay("omh", &folder, &mosquitto.url()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let points = files(&folder).iter().filter(|path| path.extension().is_some_and(|ending| ending == "json")).count();
    daemon.wait_settled(u64::try_from(points).unwrap()).await;
    let [stored, _, _, quarantined] = daemon.outcomes();
    assert!(stored >= u64::try_from(points).unwrap() && quarantined == 0, "{stored} stored, {quarantined} put aside");
}
