//! What quarantine must keep, whoever asks: what may be of somebody under legal hold, and contradictions that nobody
//! has looked at; and the daemon measures it whatever becomes of that.

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::quarantine::quarantined;
use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::TestDatabase;
use crate::support::stack::rows;
use crate::support::wait::wait_until;
use crate::verbs::{healthtrack, migrated, said, said_json};

/// Somebody under legal hold who wore `held` for ten days of a past January; two others who did not.
const HELD: &str = "
    INSERT INTO signal.ingest_shard (epoch, taken_at, shard, owner) VALUES (1, now(), 'main', 'test');
    INSERT INTO signal.device (added_at, device_id, added_by, shard)
    SELECT now(), name, 'test', 'main' FROM unnest(ARRAY['held', 'free']) AS name;
    INSERT INTO care.patient (patient_id, born_on, sex, time_zone, legal_hold) VALUES
        ('aaaaaaaa-0000-4000-8000-000000000001', '1980-01-01', 'female', 'Europe/Berlin', true),
        ('aaaaaaaa-0000-4000-8000-000000000002', '1980-01-01', 'male', 'Europe/Berlin', false);
    INSERT INTO care.wear (patient_id, device_key, worn_during)
    SELECT 'aaaaaaaa-0000-4000-8000-000000000001', device_key, '[2024-01-10Z, 2024-01-20Z)' FROM signal.device
    WHERE device_id = 'held';
    INSERT INTO care.wear (patient_id, device_key, worn_during)
    SELECT 'aaaaaaaa-0000-4000-8000-000000000002', device_key,
           CASE device_id WHEN 'held' THEN '[2024-01-20Z,)'::tstzrange ELSE '[2024-01-01Z,)' END FROM signal.device;";

/// What came when, why, and whether it may be of who is under legal hold.
const CASES: [(&str, &str, bool); 10] = [
    ("2024-01-09T23:59:59Z", "unknown_metric", false),
    ("2024-01-09T23:59:59Z", "conflict", false),
    ("2024-01-10T00:00:00Z", "unknown_metric", true),
    ("2024-01-15T00:00:00Z", "bad_interval", true),
    // A hub that was out of reach sends what it kept.
    ("2024-01-25T00:00:00Z", "unknown_metric", true),
    ("2024-02-18T23:59:59Z", "unknown_metric", true),
    ("2024-02-19T00:00:00Z", "unknown_metric", false),
    // Late by their nature.
    ("2024-12-01T00:00:00Z", "conflict", true),
    ("2024-12-01T00:00:00Z", "ancient_time", true),
    ("2024-12-01T00:00:00Z", "future_time", false),
];

async fn execute(database: &TestDatabase, statements: &str) {
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
}

/// Every case of either device, and one that came before the wear and again within it.
async fn put_cases(database: &TestDatabase) {
    execute(database, HELD).await;
    for device in ["held", "free"] {
        for (at, reason, _) in CASES {
            let payload = format!(r#"{{"v":1,"device":"{device}","of":"{device} {reason} {at}"}}"#);
            execute(database, &quarantined("ht/1/main/hub/batch", reason, &format!("'{at}'"), &payload)).await;
        }
    }
    let again = r#"{"v":1,"device":"held","of":"held again"}"#;
    execute(database, &quarantined("ht/1/main/hub/batch", "unknown_unit", "'2024-01-02Z'", again)).await;
    let came = "UPDATE signal.quarantine_rejection SET last_received_at = '2024-01-11Z' WHERE reason = 'unknown_unit'";
    execute(database, came).await;
}

/// What must stay, in order.
fn kept() -> Vec<String> {
    let held = CASES.into_iter().filter(|(.., is_held)| *is_held);
    let mut kept: Vec<String> = held.map(|(at, reason, _)| format!("held {reason} {at}")).collect();
    kept.push("held again".to_owned());
    kept.sort();
    kept
}

async fn left(database: &TestDatabase) -> Vec<String> {
    let left = "SELECT payload::json ->> 'of' FROM (SELECT convert_from(payload, 'UTF8') AS payload
                FROM signal.quarantine) AS kept";
    let left = rows(database.url(), left).await;
    let mut left: Vec<String> = left.iter().map(|row| row.trim_matches(['(', ')', '"']).to_owned()).collect();
    left.sort();
    left
}

/// Method: a purge of all of it, by an operator, shown before.
#[tokio::test]
async fn a_purge_spares_whatever_may_be_of_a_wear_under_legal_hold() {
    let database = migrated().await;
    put_cases(&database).await;
    for (option, purged) in [(Some("--dry-run"), false), (None, true)] {
        let arguments = ["quarantine", "purge", "--before", "2100-01-01", "--json"].into_iter().chain(option);
        let report = said_json(&mut healthtrack(&database, &arguments.collect::<Vec<_>>()));
        assert_eq!((&report["purged"], &report["rows"], &report["held"]), (&json!(purged), &json!(14), &json!(7)));
    }
    assert_eq!(left(&database).await, kept());
}

/// Method: the devices that a message names besides are erased, with those who wore them.
#[tokio::test]
async fn an_erasure_spares_whatever_may_be_of_a_wear_under_legal_hold() {
    for erased in [["--device", "free"], ["--patient", "aaaaaaaa-0000-4000-8000-000000000002"]] {
        let database = migrated().await;
        put_cases(&database).await;
        execute(&database, "UPDATE signal.quarantine_rejection SET topic = 'ht/1/main/free/batch'").await;
        let arguments = [&["archive", "erase"], &erased[..], &["--yes", "--json"]].concat();
        let report = said_json(&mut healthtrack(&database, &arguments));
        assert_eq!(report["quarantine_rows"], json!(14), "{report}");
        assert_eq!(left(&database).await, kept());
    }
}

/// Method: so many open contradictions, one that was dealt with, and others, all of which came long ago; what the
/// daemon would remove is shown first.
#[tokio::test(flavor = "multi_thread")]
async fn age_removes_no_contradiction_that_nobody_has_looked_at() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    put_cases(&database).await;
    let resolved = "UPDATE signal.quarantine_rejection SET resolved_at = now(), resolved_by = 'Kim', resolution = 'x'
                    WHERE reason = 'conflict' AND received_at < '2024-02-01Z'";
    execute(&database, resolved).await;
    let mut doctor = healthtrack(&database, &["doctor", "--json"]);
    let findings: Value = serde_json::from_slice(&doctor.output().unwrap().stdout).unwrap();
    let is_it = |finding: &&Value| finding["what"].as_str().is_some_and(|what| what.contains("leave by their age"));
    let finding = findings.as_array().unwrap().iter().find(is_it).unwrap().clone();
    assert!(finding["what"].as_str().unwrap().contains("19 rejections"), "at most, by a count alone: {finding}");
    let would = said_json(&mut healthtrack(&database, &["quarantine", "purge", "--expired", "--dry-run", "--json"]));
    assert_eq!((&would["rows"], &would["held"]), (&json!(13), &json!(6)), "{would}");
    let daemon = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    let expired = || async { daemon.try_metric("healthtrack_ingest_quarantine_expired_rows_total") == Some(13.0) };
    wait_until(TIMEOUT, "what is old has left", expired).await;
    let mut expected = kept();
    expected.push("free conflict 2024-12-01T00:00:00Z".to_owned());
    expected.sort();
    assert_eq!(left(&database).await, expected);
    let words = said(&mut healthtrack(&database, &["quarantine", "purge", "--expired", "--dry-run"]));
    assert!(words.starts_with("would purge 0 rejections"), "{words}");
}

/// Method: removing what is old waits for a lock, and fails once it has it.
#[tokio::test(flavor = "multi_thread")]
async fn quarantine_is_measured_before_what_is_old_leaves_and_though_that_fails() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    put_cases(&database).await;
    let fails = "DO $$ BEGIN
        EXECUTE (SELECT regexp_replace(pg_get_functiondef(oid), 'BEGIN', 'BEGIN
                     PERFORM pg_advisory_lock(7); RAISE EXCEPTION ''broken'';')
                 FROM pg_proc WHERE proname = 'purge_quarantine' AND pronamespace = 'signal'::regnamespace);
    END $$";
    execute(&database, fails).await;
    let mut lock = PgConnection::connect(database.url()).await.unwrap();
    sqlx::raw_sql("SELECT pg_advisory_lock(7)").execute(&mut lock).await.unwrap();
    let daemon = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    let measured = || async { daemon.try_metric("healthtrack_ingest_quarantine_rows{state=\"open\"}") };
    wait_until(TIMEOUT, "quarantine was measured", || async { measured().await == Some(21.0) }).await;
    execute(&database, "DELETE FROM signal.quarantine_rejection WHERE reason = 'unknown_unit'").await;
    assert_eq!(measured().await, Some(21.0), "it waits");
    sqlx::raw_sql("SELECT pg_advisory_unlock(7)").execute(&mut lock).await.unwrap();
    wait_until(TIMEOUT, "it was measured again", || async { measured().await == Some(20.0) }).await;
    wait_until(TIMEOUT, "the failure is told", || async { daemon.log().contains("broken") }).await;
}

/// Method: more rejections than a page has, whose payloads lie in several pages, some of them held.
#[tokio::test]
async fn what_a_purge_would_remove_is_counted_in_pages_as_it_is_removed() {
    let database = migrated().await;
    execute(&database, HELD).await;
    let many = "WITH bytes AS (
            INSERT INTO signal.quarantine_payload (payload_bytes, payload_sha256, payload)
            SELECT length(payload), sha256(payload), payload
            FROM (SELECT convert_to('{\"device\":\"' || CASE WHEN number % 7 = 0 THEN 'held' ELSE 'free' END || '\"} '
                                    || number, 'UTF8') AS payload FROM generate_series(1, 900) AS number) AS new
            RETURNING payload_sha256, convert_from(payload, 'UTF8') AS text)
        INSERT INTO signal.quarantine_rejection (received_at, last_received_at, samples, topic, reason, detail,
                                                 payload_sha256)
        SELECT at, at, 1, 'ht/1/main/hub/batch', reason, 'x', payload_sha256
        FROM bytes, (VALUES ('unknown_unit', '2024-01-09Z'::timestamptz), ('bad_interval', '2024-01-12Z'),
                            ('unknown_metric', '2025-01-12Z')) AS why (reason, came),
             LATERAL (SELECT came + split_part(text, ' ', 2)::integer * INTERVAL '1 second' AS at) AS moment";
    execute(&database, many).await;
    let purge = |arguments: &[&str]| {
        let arguments = [&["quarantine", "purge", "--json"], arguments].concat();
        let report = said_json(&mut healthtrack(&database, &arguments));
        (report["rows"].clone(), report["payload_bytes"].clone(), report["held"].clone())
    };
    for which in [&["--before", "2024-01-10"][..], &["--before", "2024-06-01"], &["--before", "2100-01-01"]] {
        let would = purge(&[which, &["--dry-run"]].concat());
        assert_eq!(would, purge(which), "{which:?}");
    }
    assert_eq!(rows(database.url(), "SELECT count(*) FROM signal.quarantine").await, ["(128)"]);
}

/// Method: by logins that hold one role each, of an owner who is no superuser.
#[tokio::test]
async fn whoever_may_purge_may_see_what_that_would_remove() {
    let database = TestDatabase::owned().await;
    put_cases(&database).await;
    for login in ["ingest", "owner"] {
        let mut purge =
            healthtrack(&database, &["quarantine", "purge", "--before", "2100-01-01", "--dry-run", "--json"]);
        let report = said_json(purge.env("HEALTHTRACK__STORE__URL", database.url_as(login)));
        assert_eq!((&report["rows"], &report["held"]), (&json!(14), &json!(7)), "{login}");
    }
}
