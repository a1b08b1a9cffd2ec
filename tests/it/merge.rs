//! What a merge reads: the days and blocks that its samples fall into, however much lies between them.

use healthtrack::model::ids::{DeviceKey, MetricId};
use healthtrack::model::statistic::Statistic;
use healthtrack::model::time::Timestamp;
use healthtrack::store::directory::{SeriesKey, SeriesState, get_or_create_series};
use sqlx::postgres::types::Oid;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::daemon::TIMEOUT;
use crate::support::postgres::TestDatabase;
use crate::support::stack::TestStack;
use crate::support::wait::wait_until;

async fn run(connection: &mut PgConnection, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(connection).await.unwrap();
}

/// A heart rate of `watch` with blocks of so many samples of 60, one after another a second apart, from noon on each of
/// so many days from the tenth of January on.
fn daily(days: u32, blocks: u32, samples: u32) -> String {
    format!(
        "SELECT signal.ensure_chunk('2026-01-10'::date + day) FROM generate_series(0, {days} - 1) AS day;
         INSERT INTO signal.device (added_at, device_id, added_by) VALUES (now(), 'watch', 'test');
         INSERT INTO signal.series (device_key, metric_id)
             SELECT device_key, metric_id FROM signal.device, signal.metric WHERE name = 'heart_rate';
         INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
             SELECT at, at + ({samples} - 1) * INTERVAL '5 ms', 5000, series_id,
                    array_fill(60::float8, ARRAY[{samples}])
             FROM signal.series, generate_series(0, {days} - 1) AS day, generate_series(0, {blocks} - 1) AS block,
                  LATERAL (SELECT timestamptz '2026-01-10T12:00:00Z' + day * INTERVAL '1 day'
                                  + block * ({samples} / 200 + 1) * INTERVAL '1 s' AS at) AS moment"
    )
}

/// The chunks of a time.
async fn chunks(connection: &mut PgConnection, from: &str, to: &str) -> Vec<Oid> {
    let query = format!("SELECT DISTINCT tableoid FROM signal.block WHERE start_at >= '{from}' AND start_at < '{to}'");
    let found = sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut *connection).await.unwrap();
    run(connection, "SELECT pg_stat_force_next_flush()").await;
    found
}

/// Rows that anybody has ever read of these chunks.
async fn reads(connection: &mut PgConnection, chunks: &[Oid]) -> i64 {
    let query = "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables
                 WHERE relid = ANY ($1)";
    sqlx::query_scalar(query).bind(chunks).fetch_one(connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_samples_months_apart_read_their_own_days_and_nothing_between() {
    let Some(stack) = TestStack::build(&[("COMPACTION__ENABLED", "false")]).await else { return };
    let mut connection = stack.connection().await;
    run(&mut connection, &daily(200, 1, 10)).await;
    let (first, between) = (
        chunks(&mut connection, "2026-01-10", "2026-01-11").await,
        chunks(&mut connection, "2026-01-11", "2026-07-28").await,
    );
    let before = (reads(&mut connection, &first).await, reads(&mut connection, &between).await);
    // The first falls into the first block and the second beside the last.
    let message = r#"{"v":1,"series":[{"metric":"heart_rate","values":[60,61],
                                       "times":["2026-01-10T12:00:00.005Z","2026-07-28T13:00:00Z"]}]}"#;
    stack.publish("ht/1/main/watch/batch", message).await;
    assert_eq!(stack.settled(2).await, [1, 1, 0, 0]);
    wait_until(TIMEOUT, "the server has counted what was read", || async {
        reads(&mut stack.connection().await, &first).await > before.0
    })
    .await;
    assert_eq!(reads(&mut connection, &between).await, before.1, "rows between the two days were read");
}

/// Method: 300 blocks of 4,096 samples each, which is more than lies in memory at once, and a message that says one
/// sample of each again.
#[tokio::test(flavor = "multi_thread")]
async fn a_merge_into_more_than_memory_takes_is_done_in_pieces() {
    let Some(stack) = TestStack::build(&[("COMPACTION__ENABLED", "false")]).await else { return };
    run(&mut stack.connection().await, &daily(1, 300, 4_096)).await;
    let noon = 1_768_046_400_000_u64;
    let times: Vec<String> = (0..300).map(|block| (noon + block * 21_000 + 5).to_string()).collect();
    let values = vec!["60"; 299].join(",");
    let message = format!(
        r#"{{"v":1,"series":[{{"metric":"heart_rate","times":[{}],"values":[{values},61]}}]}}"#,
        times.join(",")
    );
    stack.publish("ht/1/main/watch/batch", message).await;
    assert_eq!(stack.settled(300).await, [0, 299, 1, 0]);
    let pieces = stack.daemon.metric("healthtrack_ingest_batch_bisections_total");
    assert!((1.0..20.0).contains(&pieces), "it was halved {pieces} times");
}

/// Method: 200 chunks, and a series that ended before the days that are searched, one that goes on, and one that is
/// new; how many chunks are locked says how many were planned.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_series_is_found_without_a_look_at_all_chunks() {
    let database = TestDatabase::migrated().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    run(&mut connection, &daily(200, 1, 10)).await;
    let watch: (i32, i16) =
        sqlx::query_as("SELECT device_key, metric_id FROM signal.series").fetch_one(&mut connection).await.unwrap();
    let old = SeriesKey { device: DeviceKey(watch.0), metric: MetricId(watch.1), statistic: Statistic::NONE };
    let new = SeriesKey { statistic: Statistic::parse("maximum").unwrap(), ..old };
    let moment = |text| Timestamp::parse_rfc3339(text).unwrap();
    let last = moment("2026-07-28T12:00:00.045Z");
    for (now, end) in [("2026-07-29T09:00:00Z", last), ("2026-12-01T09:00:00Z", moment("2026-10-29T23:59:59.999999Z"))]
    {
        let mut transaction = connection.begin().await.unwrap();
        run(&mut transaction, "SET LOCAL plan_cache_mode = force_custom_plan").await;
        let states = get_or_create_series(&mut transaction, &[new, old], moment(now)).await.unwrap();
        let [SeriesState { last: None, .. }, SeriesState { last: Some(found), .. }] = states[..] else {
            panic!("{states:?}")
        };
        assert_eq!(found, end, "{now}");
        let locked: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_locks JOIN pg_inherits ON inhrelid = relation
             WHERE inhparent = 'signal.block'::regclass AND pid = pg_backend_pid()",
        )
        .fetch_one(&mut *transaction)
        .await
        .unwrap();
        assert!(locked <= 34, "{locked} chunks were planned");
        transaction.rollback().await.unwrap();
    }
}
