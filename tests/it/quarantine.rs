//! Quarantine keeps a message once, has an end in bytes and in days, and leaves by an operator's word; never what the
//! law holds.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::TestDatabase;
use crate::support::stack::{TestStack, rows, run};
use crate::support::wait::wait_until;
use crate::verbs::{complained, healthtrack, kept, migrated, publishes, said, said_json, store, subscriber};
use healthtrack::model::reason::Reason;

const TOPIC: &str = "ht/1/main/hub/batch";

/// A statement that keeps a message for a reason; `at` is SQL for when it came.
pub(crate) fn quarantined(topic: &str, reason: &str, at: &str, payload: &str) -> String {
    format!(
        "WITH new AS (SELECT convert_to('{payload}', 'UTF8') AS payload),
              bytes AS (INSERT INTO signal.quarantine_payload (payload_bytes, payload_sha256, payload)
                        SELECT length(payload), sha256(payload), payload FROM new ON CONFLICT DO NOTHING)
         INSERT INTO signal.quarantine_rejection (received_at, last_received_at, samples, topic, reason, detail,
                                                  payload_sha256)
         SELECT {at}, {at}, 1, '{topic}', '{reason}', 'x', sha256(payload) FROM new"
    )
}

async fn execute(database: &TestDatabase, statements: &str) {
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
}

/// A message of `bytes` and more, with six parts that are rejected for six reasons.
fn six_reasons(bytes: usize) -> String {
    let mut values = String::from("0");
    let mut state = 7_u64;
    while values.len() < bytes {
        // Digits that do not compress well.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        write!(values, ",{}", state >> 33).unwrap();
    }
    let times = r#""times":[1795428000000]"#;
    let long = format!(r#""start":"2026-11-23T10:00:00Z","period_ms":1,"values":[{values}]"#);
    format!(
        r#"{{"v":1,"device":"watch","series":[{{"metric":"made_up",{long}}},
            {{"metric":"heart_rate","unit":"furlong",{times},"values":[60]}},
            {{"metric":"heart_rate","statistic":"made_up",{times},"values":[60]}},
            {{"metric":"heart_rate",{times},"values":[9000]}},
            {{"metric":"heart_rate","times":[32503680000000],"values":[60]}},
            {{"metric":"heart_rate","times":[0],"values":[60]}}]}}"#
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_six_reasons_is_kept_once() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let message = six_reasons(900_000);
    stack.publish("ht/1/main/watch/batch", message.clone()).await;
    stack.acknowledged(1).await;
    let kept = stack.rows("SELECT reason, length(payload) FROM signal.quarantine ORDER BY reason").await;
    let words =
        ["ancient_time", "future_time", "impossible_value", "unknown_metric", "unknown_statistic", "unknown_unit"];
    assert_eq!(kept, words.map(|word| format!("({word},{})", message.len())));
    let on_disk = "SELECT sum(pg_total_relation_size(oid)) FROM pg_class
                   WHERE relnamespace = 'signal'::regnamespace AND relname LIKE 'quarantine%' AND relkind = 'r'";
    let on_disk: usize = stack.rows(on_disk).await[0].trim_matches(['(', ')']).parse().unwrap();
    assert!(on_disk < message.len() * 3 / 2, "{on_disk} bytes for a message of {}", message.len());

    // Delivered again, and under another topic: counted, and a row for each reason, but the bytes once.
    stack.publish("ht/1/main/watch/batch", message.clone()).await;
    stack.publish("ht/1/main/other/batch", message).await;
    stack.acknowledged(3).await;
    assert_eq!(stack.rows("SELECT count(*) FROM signal.quarantine_payload").await, ["(1)"]);
    let times = "SELECT split_part(topic, '/', 4), count(*), sum(times_received) FROM signal.quarantine GROUP BY 1
                 ORDER BY 1";
    assert_eq!(stack.rows(times).await[1], "(watch,6,12)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_quarantine_counts_and_acknowledges_what_it_does_not_keep() {
    let Some(stack) = TestStack::build(&[("INGEST__QUARANTINE_BYTES_MAX", "1048576")]).await else { return };
    for number in 0..5_u32 {
        stack.publish(&format!("ht/1/main/d{number}/batch"), format!("{number}{}", "x".repeat(400_000))).await;
        stack.acknowledged(number + 1).await;
    }
    stack.publish("ht/1/main/sound/batch", run(0, &[60, 61])).await;
    assert_eq!(stack.settled(7).await, [2, 0, 0, 5]);
    let kept = stack.rows("SELECT split_part(topic, '/', 4) FROM signal.quarantine ORDER BY 1").await;
    assert_eq!(kept, ["(d0)", "(d1)"]);
    assert_eq!(stack.daemon.metric("healthtrack_ingest_quarantine_capped_samples_total"), 3.0);
}

/// A patient under legal hold who wore `held` throughout.
const HELD_WEAR: &str = "
    INSERT INTO signal.device (added_at, device_id, added_by) VALUES (now(), 'held', 'test'), (now(), 'free', 'test');
    INSERT INTO care.patient (patient_id, born_on, sex, time_zone, legal_hold) VALUES
        ('aaaaaaaa-0000-4000-8000-000000000001', '1980-01-01', 'female', 'Europe/Berlin', true),
        ('aaaaaaaa-0000-4000-8000-000000000002', '1980-01-01', 'male', 'Europe/Berlin', false);
    INSERT INTO care.wear (patient_id, device_key, worn_during)
    SELECT ('aaaaaaaa-0000-4000-8000-00000000000' || CASE device_id WHEN 'held' THEN 1 ELSE 2 END)::uuid, device_key,
           '[2020-01-01Z,)' FROM signal.device;";

/// Messages of two devices that came so many days ago, each with its own bytes.
fn old(device: &str, days: u32) -> String {
    let at = format!("now() - INTERVAL '{days} days'");
    let payload = format!(r#"{{"v":1,"device":"{device}","of":"{device} {days}"}}"#);
    format!("{};", quarantined(TOPIC, "unknown_metric", &at, &payload))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_leaves_by_itself_and_what_the_law_holds_stays() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let mut rows_before = HELD_WEAR.to_owned();
    (100..1_300).for_each(|days| rows_before += &old("free", days));
    rows_before += &[old("free", 20), old("held", 200), old("held", 10)].concat();
    execute(&database, &rows_before).await;
    // Received first long ago, and again yesterday.
    execute(
        &database,
        "UPDATE signal.quarantine_rejection SET last_received_at = now() - INTERVAL '1 day'
         WHERE received_at BETWEEN now() - INTERVAL '150 days 1 hour' AND now() - INTERVAL '150 days'",
    )
    .await;
    let keys = [("INGEST__QUARANTINE_RETENTION_DAYS", "30")];
    let daemon = Daemon::start(database.url(), &mosquitto.url(), &keys).await;
    let measured = || daemon.try_metric("healthtrack_ingest_quarantine_rows{state=\"open\"}").unwrap_or(0.0);
    wait_until(TIMEOUT, "quarantine was measured, and again once it had left", || async { measured() == 4.0 }).await;
    let left = "SELECT payload::json ->> 'of' FROM (SELECT convert_from(payload, 'UTF8') AS payload, received_at
                FROM signal.quarantine) AS kept ORDER BY received_at";
    assert_eq!(
        rows(database.url(), left).await,
        ["(\"held 200\")", "(\"free 150\")", "(\"free 20\")", "(\"held 10\")"]
    );
    assert_eq!(rows(database.url(), "SELECT count(*) FROM signal.quarantine_payload").await, ["(4)"]);
    assert_eq!(measured(), 4.0);
    assert_eq!(daemon.metric("healthtrack_ingest_quarantine_expired_rows_total"), 1_199.0);
    let bytes = daemon.metric("healthtrack_ingest_quarantine_bytes");
    assert!((4.0 * 512.0..4.0 * 700.0).contains(&bytes), "{bytes}");
    let days = daemon.metric("healthtrack_ingest_quarantine_age_seconds") / 86_400.0;
    assert!((199.9..200.1).contains(&days), "{days}");
}

/// It takes long to find out what the law holds, and for one rejection longer than anybody waits.
const SLOW_HOLD: &str = "
    CREATE OR REPLACE FUNCTION signal.quarantine_under_legal_hold(quarantine_ids bigint[]) RETURNS SETOF bigint
        LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN
        PERFORM pg_sleep(0.004 * cardinality(quarantine_ids)
                         + CASE WHEN 3 = ANY (quarantine_ids) THEN 3600 ELSE 0 END);
    END $$";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_old_leaves_also_where_the_law_takes_long_to_look_up() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let mut rows_before = String::new();
    (100..700).for_each(|days| rows_before += &old("free", days));
    execute(&database, &rows_before).await;
    execute(&database, SLOW_HOLD).await;
    let keys = [("INGEST__QUARANTINE_RETENTION_DAYS", "30"), ("STORE__STATEMENT_TIMEOUT_MS", "1000")];
    let daemon = Daemon::start(database.url(), &mosquitto.url(), &keys).await;
    let left = "SELECT quarantine_id FROM signal.quarantine_rejection";
    wait_until(TIMEOUT, "all leave but one", || async { rows(database.url(), left).await == ["(3)"] }).await;
    let told = "quarantine.passed_over_rows=1";
    wait_until(TIMEOUT, "it is told", || async { daemon.log().contains(told) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_dealt_with_is_neither_listed_nor_retried_and_opens_when_it_comes_again() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = migrated().await;
    let rejected = [
        kept(Reason::UnknownDevice, "ht/1/main/a/batch", None, "{\"v\":1}"),
        kept(Reason::Undecodable, "ht/1/main/b/batch", None, "not json"),
        kept(Reason::Conflict, "ht/1/main/b/batch", None, "not json"),
    ];
    store(&database, &[], &rejected).await;
    let verb = |arguments: &[&str]| {
        let arguments = [&["quarantine"], arguments, &["--json"]].concat();
        healthtrack(&database, &arguments)
    };
    for (wrong, says) in [
        (vec!["quarantine", "resolve", "--because", "x"], "required"),
        (vec!["quarantine", "resolve", "1"], "--because"),
        (vec!["quarantine", "purge"], "--resolved"),
    ] {
        let output = healthtrack(&database, &wrong).output().unwrap();
        assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains(says), "{wrong:?}");
    }
    let blank = ["quarantine", "resolve", "1", "--because", " "];
    assert!(complained(&mut healthtrack(&database, &blank)).contains("--because must say"));
    let before = ["resolve", "--reason", "undecodable", "--before", "2020-01-01", "--because", "x"];
    assert_eq!(said_json(&mut verb(&before)), json!({"resolved": 0}), "it came later");
    let resolve = ["resolve", "--reason", "undecodable", "--because", "a test of the hub", "--by", "Kim"];
    assert_eq!(said_json(&mut verb(&resolve)), json!({"resolved": 1}));
    assert_eq!(said_json(&mut verb(&resolve)), json!({"resolved": 0}), "once is enough");
    assert_eq!(said_json(&mut verb(&["list"])).as_array().unwrap().len(), 2);
    let resolved = said_json(&mut verb(&["list", "--resolved"]));
    assert_eq!(resolved.as_array().unwrap().len(), 1);
    assert_eq!((&resolved[0]["resolved_by"], &resolved[0]["resolution"]), (&json!("Kim"), &json!("a test of the hub")));
    let id = resolved[0]["quarantine_id"].to_string();
    assert!(said(&mut healthtrack(&database, &["quarantine", "show", &id])).contains("by Kim: a test of the hub"));

    let url = mosquitto.url();
    let mut events = subscriber(&mosquitto).await;
    let all = ["quarantine", "retry", "--all", "--json", "--broker", &url];
    let (output, _) = publishes(healthtrack(&database, &all), &mut events, 2).await;
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["messages"], json!(2), "what is resolved is left out");
    let one = ["quarantine", "retry", &id, "--broker", &url];
    let (output, messages) = publishes(healthtrack(&database, &one), &mut events, 1).await;
    assert!(output.status.success() && messages[0].payload == "not json", "it is retried by its number");

    // What is purged is what is resolved; its bytes stay as long as another rejection needs them.
    let purged = |rows: u64, bytes: u64, purged: bool| json!({"purged": purged, "rows": rows, "payload_bytes": bytes, "held": 0});
    assert_eq!(said_json(&mut verb(&["purge", "--resolved", "--dry-run"])), purged(1, 0, false));
    assert_eq!(said_json(&mut verb(&["list", "--resolved"])).as_array().unwrap().len(), 1);
    assert_eq!(said_json(&mut verb(&["purge", "--resolved"])), purged(1, 0, true));
    assert_eq!(said_json(&mut verb(&["resolve", "--reason", "conflict", "--because", "x"])), json!({"resolved": 1}));
    store(&database, &[], &rejected[2..]).await;
    assert_eq!(said_json(&mut verb(&["list", "--resolved"])), json!([]), "it came again and is open");
    assert_eq!(said_json(&mut verb(&["purge", "--resolved"])), purged(0, 0, true));
    let reopened = said_json(&mut verb(&["list", "--reason", "conflict"]))[0]["quarantine_id"].to_string();
    assert_eq!(said_json(&mut verb(&["resolve", &reopened, "--because", "x"])), json!({"resolved": 1}));
    assert_eq!(said_json(&mut verb(&["purge", "--resolved", "--reason", "undecodable"])), purged(0, 0, true));
    assert_eq!(said_json(&mut verb(&["purge", "--resolved", "--dry-run"])), purged(1, 8, false));
    assert_eq!(said_json(&mut verb(&["purge", "--resolved"])), purged(1, 8, true));
    assert_eq!(said_json(&mut verb(&["purge", "--before", "2026-11-01"])), purged(0, 0, true), "it came later");
    assert_eq!(said_json(&mut verb(&["purge", "--before", "2100-01-01"])), purged(1, 7, true));
    assert_eq!(rows(database.url(), "SELECT count(*) FROM signal.quarantine_payload").await, ["(0)"]);
}

#[tokio::test]
async fn a_purge_keeps_what_may_be_of_somebody_under_legal_hold() {
    let database = migrated().await;
    execute(&database, &[HELD_WEAR, &old("held", 9), &old("free", 9)].concat()).await;
    for (option, purged) in [(Some("--dry-run"), false), (None, true)] {
        let arguments = ["quarantine", "purge", "--before", "2100-01-01", "--json"].into_iter().chain(option);
        let report = said_json(&mut healthtrack(&database, &arguments.collect::<Vec<_>>()));
        assert_eq!((&report["purged"], &report["rows"], &report["held"]), (&json!(purged), &json!(1), &json!(1)));
        assert_eq!(report["payload_bytes"], json!(37), "{report}");
    }
    let left = rows(database.url(), "SELECT convert_from(payload, 'UTF8') LIKE '%held%' FROM signal.quarantine").await;
    assert_eq!(left, ["(t)"]);
}

#[tokio::test]
async fn the_doctor_says_how_full_quarantine_is() {
    let database = migrated().await;
    let message = "x".repeat(300_000);
    for number in 0..3 {
        execute(&database, &quarantined(TOPIC, "undecodable", "'2026-11-01Z'", &format!("{message}{number}"))).await;
    }
    execute(&database, &quarantined(TOPIC, "conflict", "'2026-10-01Z'", &format!("{message}0"))).await;
    for (bytes_max, level) in [("4294967296", "ok"), ("1048576", "warn")] {
        let mut doctor = healthtrack(&database, &["doctor", "--json"]);
        let output = doctor.env("HEALTHTRACK__INGEST__QUARANTINE_BYTES_MAX", bytes_max).output().unwrap();
        let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = findings.as_array().unwrap();
        let is_it = |finding: &&Value| finding["what"].as_str().is_some_and(|what| what.starts_with("quarantine:"));
        let finding = findings.iter().find(is_it).unwrap();
        assert_eq!(finding["level"], json!(level), "{finding}");
        let what = finding["what"].as_str().unwrap();
        assert!(what.contains("4 rejections, 902,051 of ") && what.contains("the oldest of 2026-10-01"), "{what}");
        assert!(what.ends_with("open: 3 undecodable, 1 conflict"), "{what}");
    }
}

/// The migrations before and from a number on, applied by hand.
pub(crate) async fn apply(connection: &mut PgConnection, numbers: std::ops::Range<u32>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/migrations");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for path in files {
        let number = path.file_name().unwrap().to_str().unwrap()[..4].parse::<u32>().unwrap();
        if numbers.contains(&number) {
            let statements = fs::read_to_string(&path).unwrap();
            sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut *connection).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_an_earlier_version_kept_for_each_reason_is_kept_once_from_then_on() {
    let database = TestDatabase::new().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    apply(&mut connection, 0..107).await;
    let before =
        "INSERT INTO signal.quarantine (received_at, last_received_at, samples, topic, reason, detail, payload)
                  SELECT '2026-11-01Z', '2026-11-02Z', 3, 'ht/1/main/hub/batch', reason, 'x', bytes::bytea
                  FROM unnest(ARRAY['conflict', 'bad_interval']) AS reason, unnest(ARRAY['one', 'two']) AS bytes";
    sqlx::raw_sql(before).execute(&mut connection).await.unwrap();
    let all = "SELECT quarantine_id, received_at, samples, topic, reason, detail, payload FROM signal.quarantine
               ORDER BY quarantine_id";
    let kept = rows(database.url(), all).await;
    apply(&mut connection, 107..u32::MAX).await;
    assert_eq!((rows(database.url(), all).await, kept.len()), (kept.clone(), 4));
    assert_eq!(rows(database.url(), "SELECT count(*) FROM signal.quarantine_payload").await, ["(2)"]);
}
