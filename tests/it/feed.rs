//! What the daemon and the verbs list in the feed of changes: each sample that becomes one is listed once, whatever is
//! killed on the way, and nothing that only moves is.

use sqlx::postgres::PgListener;

use crate::roll;
use crate::support::daemon::TIMEOUT;
use crate::support::stack::{TestStack, run};
use crate::support::wait::wait_until;

/// Samples that are not in exactly one range of what was stored.
const ASTRAY: &str = "SELECT sample.device_id, sample.start_at FROM signal.sample
    LEFT JOIN signal.changes(0, 1000000) AS change
           ON change.device_id = sample.device_id AND change.metric = sample.metric AND change.kind = 'stored'
          AND sample.start_at >= change.\"from\" AND sample.start_at < change.\"to\"
    GROUP BY sample.device_id, sample.metric, sample.start_at HAVING count(change) <> 1";
/// How many samples there are, and how many are listed.
const COUNTS: &str = "SELECT (SELECT count(*) FROM signal.sample), sum(samples), count(DISTINCT kind)
                      FROM signal.changes(0, 1000000)";
const TO_COME: &str = "SELECT 1 FROM signal.changes_to_come() LIMIT 1";

/// Waits until all that is committed has its place.
async fn numbered(stack: &TestStack) {
    wait_until(TIMEOUT, "everything has its place", || async { stack.rows(TO_COME).await.is_empty() }).await;
}

/// Values that are more than one statement takes.
fn many(first: u64) -> String {
    run(first, &(0..9_000).map(|n| 60 + n % 60).collect::<Vec<_>>())
}

/// Method: one device sends single samples, another runs that are copied; both send some again, and the daemon is
/// killed while they do.
#[tokio::test(flavor = "multi_thread")]
async fn each_sample_is_listed_once_though_it_comes_again_and_the_daemon_is_killed() {
    let Some(mut stack) = TestStack::build(&[]).await else { return };
    for second in 0..30 {
        stack.publish("ht/1/main/watch/batch", run(2 * second, &[60])).await;
        if second % 10 == 0 {
            stack.publish("ht/1/main/band/batch", many(second * 9_000)).await;
        }
        if second == 15 {
            stack.daemon.kill();
            stack.daemon.restart();
        }
    }
    stack.publish("ht/1/main/band/batch", many(0)).await;
    let stored = || async { stack.rows("SELECT count(*) FROM signal.sample").await == ["(27030)"] };
    wait_until(TIMEOUT, "everything is stored", stored).await;
    wait_until(TIMEOUT, "the copy is settled", || async { stack.daemon.outcomes()[1] >= 9_000 }).await;
    numbered(&stack).await;
    assert_eq!(stack.rows(COUNTS).await, ["(27030,27030,1)"]);
    assert_eq!(stack.rows(ASTRAY).await, [""; 0]);
}

/// Method: samples between, before and after those that are stored, and some of those again.
#[tokio::test(flavor = "multi_thread")]
async fn of_what_comes_late_only_the_new_samples_are_listed() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    stack.publish("ht/1/main/watch/batch", run(100, &[60, 61])).await;
    stack.settled(2).await;
    stack.publish("ht/1/main/watch/batch", run(200, &[62, 63])).await;
    stack.settled(4).await;
    let late = r#"{"v":1,"series":[{"metric":"heart_rate","values":[60, 70, 71, 72],
                   "times":[1795428100000, 1795428100500, 1795428101500, 1795437200000]}]}"#;
    stack.publish("ht/1/main/watch/batch", late).await;
    stack.publish("ht/1/main/watch/batch", late).await;
    assert_eq!(stack.settled(12).await, [7, 5, 0, 0]);
    numbered(&stack).await;
    let seconds = "SELECT change, kind, device_id, metric, statistic, samples,
                          extract(epoch FROM \"from\") - 1795428000, extract(epoch FROM \"to\") - 1795428000
                   FROM signal.changes(0)";
    assert_eq!(
        stack.rows(seconds).await,
        [
            "(1,stored,watch,heart_rate,,2,100.000000,101.000001)",
            "(2,stored,watch,heart_rate,,2,200.000000,201.000001)",
            "(3,stored,watch,heart_rate,,2,100.500000,101.500001)",
            "(4,stored,watch,heart_rate,,1,9200.000000,9200.000001)",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_is_woken_and_finds_what_was_committed() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let mut listener = PgListener::connect(stack.database.url()).await.unwrap();
    listener.listen("healthtrack_changes").await.unwrap();
    stack.publish("ht/1/main/watch/batch", run(0, &[60])).await;
    let woken = tokio::time::timeout(TIMEOUT, listener.recv()).await.expect("it is woken").unwrap();
    assert_eq!(woken.payload(), "");
    assert_eq!(stack.rows(COUNTS).await, ["(1,1,1)"]);
    assert!(stack.daemon.metric("healthtrack_changes_bytes") > 0.0);
}

/// What is listed of a stack without a daemon.
async fn listed(stack: &mut roll::TestStack) -> Vec<String> {
    stack.execute("SELECT signal.number_changes()").await;
    let query = "SELECT (kind, device_id, metric, \"from\" AT TIME ZONE 'UTC', \"to\" AT TIME ZONE 'UTC', samples,
                         device_sha256 = encode(sha256('watch-7'), 'hex'))::text
                 FROM signal.changes(0) ORDER BY change";
    sqlx::query_scalar(query).fetch_all(&mut stack.connection).await.unwrap()
}

#[tokio::test]
async fn a_device_that_is_erased_is_listed_by_the_digest_of_its_name_and_a_roll_is_not() {
    let mut stack = roll::TestStack::build().await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0]).await;
    stack.put("Band.2", "heart_rate", None, "2024-03-05 08:00Z", &[60.0]).await;
    let list = "SELECT signal.note_changes(ARRAY[series_id], ARRAY[start_at], ARRAY[stop_at],
                                           ARRAY[cardinality(values)], NULL) FROM signal.block ORDER BY series_id";
    stack.execute(list).await;
    stack.roll();
    let before = listed(&mut stack).await;
    assert_eq!(before.len(), 2, "{before:?}");
    roll::said(&mut stack.verb(&["archive", "erase", "--device", "watch-7", "--yes"]));
    assert_eq!(
        listed(&mut stack).await,
        [
            "(stored,,,\"2024-03-05 08:00:00\",\"2024-03-05 08:01:00.000001\",2,)",
            "(stored,Band.2,heart_rate,\"2024-03-05 08:00:00\",\"2024-03-05 08:00:00.000001\",1,)",
            "(erased,,,-infinity,infinity,,t)",
        ]
    );
    let digests = "signal.change_commit JOIN signal.erasure USING (device_sha256)";
    assert_eq!(stack.count(digests).await, 1, "as its proof has it");
}

#[tokio::test]
async fn of_a_person_who_is_erased_each_series_is_listed_for_the_time_of_wear() {
    const ANN: &str = "0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b";
    let mut stack = roll::TestStack::build().await;
    stack.enrol(ANN).await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0, 62.0]).await;
    stack.put("watch-7", "heart_rate", None, "2024-03-07 08:00Z", &[60.0]).await;
    for worn in ["[2024-03-05T08:01:00Z,2024-03-05T08:02:00Z)", "[2024-03-06T00:00:00Z,)"] {
        stack
            .execute(&format!(
                "INSERT INTO care.wear (patient_id, device_key, worn_during)
                 SELECT '{ANN}', device_key, '{worn}' FROM signal.device"
            ))
            .await;
    }
    roll::said(&mut stack.verb(&["archive", "erase", "--patient", ANN, "--yes"]));
    let mut seen = listed(&mut stack).await;
    seen.sort();
    seen.dedup();
    assert_eq!(
        seen,
        [
            "(erased,watch-7,heart_rate,\"2024-03-05 08:01:00\",\"2024-03-05 08:02:00\",,)",
            "(erased,watch-7,heart_rate,\"2024-03-06 00:00:00\",infinity,,)",
        ]
    );
}
