//! The view of samples: the same as its blocks, whatever its plan leaves out.

use std::fmt::Write as _;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::postgres::TestDatabase;

/// Days with a chunk each: both ends of the branches that the view is made of, and what lies beyond them.
const DAYS: [&str; 14] = [
    "1969-12-31",
    "1970-01-01",
    "1999-02-28",
    "2007-11-06",
    "2007-11-07",
    "2024-03-01",
    "2024-03-02",
    "2024-03-03",
    "2024-03-09",
    "2024-03-10",
    "2024-07-14",
    "2035-11-19",
    "2035-11-20",
    "2063-06-01",
];

async fn execute(connection: &mut PgConnection, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(connection).await.unwrap();
}

async fn count(connection: &mut PgConnection, query: &str) -> i64 {
    let query = sqlx::query_scalar(AssertSqlSafe(query.to_owned()));
    query.persistent(false).fetch_one(connection).await.unwrap()
}

/// Blocks of each form, on days as far apart as can be.
async fn laid() -> (TestDatabase, PgConnection) {
    let database = TestDatabase::migrated().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let mut statements = String::from(
        "INSERT INTO signal.device (added_at, device_id, added_by) VALUES (now(), 'watch', 'test'), (now(), 'ring', 'test');
         INSERT INTO signal.series (device_key, metric_id)
         SELECT device_key, metric_id FROM signal.device, signal.metric
         WHERE name IN ('heart_rate', 'step_count', 'sleep_stage');",
    );
    for day in DAYS {
        let block = "INSERT INTO signal.block (series_id, start_at, stop_at, tick_us";
        write!(
            statements,
            "SELECT signal.ensure_chunk('{day}');
             {block}, values)
             SELECT series_id, '{day} 00:00Z', '{day} 00:03Z', 60000000, '{{1, 2, 3, 2}}' FROM signal.series;
             {block}, span_us, gaps, flags, values)
             SELECT series_id, '{day} 07:00Z', '{day} 07:00:07Z', 1000000, 5000000, '{{0, 2, 5}}', '{{0, 4, 17}}', '{{1, 0, 3}}'
             FROM signal.series;
             {block}, values, origin_sizes, revisions, utc_offsets_minutes)
             SELECT series_id, '{day} 23:59:59.999998Z', '{day} 23:59:59.999999Z', 1, '{{2, 3}}', '{{1, 1}}', '{{7, NULL}}',
                    '{{60, 345}}' FROM signal.series;"
        )
        .unwrap();
    }
    execute(&mut connection, &statements).await;
    (database, connection)
}

const COLUMNS: &str = "device_id, metric, statistic, start_at, end_at, value, code, unit, flags, utc_offset_minutes, received_at, revision";

#[tokio::test]
async fn a_condition_on_the_time_gives_what_the_blocks_hold() {
    let (_database, mut connection) = laid().await;
    let blocks = COLUMNS.replace(", flags,", ", flag_words AS flags,");
    let mut times: Vec<String> =
        DAYS.iter().flat_map(|day| ["00:00Z", "07:00:02Z"].map(|at| format!("{day} {at}"))).collect();
    times.extend(["-infinity", "infinity", "2024-03-10 00:00 Asia/Kathmandu"].map(str::to_owned));
    for (place, from) in times.iter().enumerate() {
        for to in times.iter().skip(place).step_by(4) {
            let condition = format!("start_at >= '{from}' AND start_at < '{to}' AND device_id = 'watch'");
            let differ = format!(
                "WITH told AS (SELECT {COLUMNS} FROM signal.sample WHERE {condition}),
                      known AS (SELECT {blocks} FROM signal.block_sample WHERE {condition})
                 SELECT count(*) FROM ((TABLE told EXCEPT ALL TABLE known) UNION ALL
                                       (TABLE known EXCEPT ALL TABLE told)) AS other"
            );
            assert_eq!(count(&mut connection, &differ).await, 0, "{condition}");
        }
    }
    let all = "SELECT count(*) FROM signal.sample";
    assert_eq!(count(&mut connection, all).await, 6 * 9 * DAYS.len() as i64);
}

#[tokio::test]
async fn a_condition_on_the_time_leaves_chunks_out() {
    let (_database, mut connection) = laid().await;
    let chunks = "SELECT name FROM signal.chunks() ORDER BY from_at";
    let chunks: Vec<String> = sqlx::query_scalar(chunks).fetch_all(&mut connection).await.unwrap();
    assert_eq!(chunks.len(), DAYS.len());
    for (from, to, read) in [
        ("2024-03-02 08:00Z", "2024-03-02 09:00Z", 6..9),
        ("1999-01-01Z", "1999-12-31Z", 0..4),
        ("2024-07-14 00:00Z", "2024-07-14 00:01Z", 10..11),
        ("2063-06-01Z", "infinity", 12..14),
        ("2030-01-01Z", "2031-01-01Z", 0..0),
    ] {
        let query = format!(
            "EXPLAIN SELECT * FROM signal.sample
             WHERE device_id = 'watch' AND metric = 'heart_rate' AND start_at >= '{from}' AND start_at < '{to}'"
        );
        let plan: Vec<String> = sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap();
        let plan = plan.join("\n");
        for (place, chunk) in chunks.iter().enumerate() {
            let name = chunk.rsplit('.').next().unwrap();
            let is_read = plan.contains(&format!(" on {name} ")) || plan.contains(&format!(".{name} "));
            assert!(!is_read || read.contains(&place), "{chunk} for {from} to {to}: {plan}");
        }
    }
}

#[tokio::test]
async fn a_plan_that_is_kept_sees_a_chunk_that_is_new() {
    let (_database, mut connection) = laid().await;
    execute(
        &mut connection,
        "SET plan_cache_mode = force_generic_plan;
         PREPARE kept AS SELECT count(*) FROM signal.sample WHERE start_at >= '2030-01-01Z' AND start_at < '2031-01-01Z';
         PREPARE whole AS SELECT count(*) FROM signal.sample",
    )
    .await;
    let whole = 6 * 9 * DAYS.len() as i64;
    for _ in 0..2 {
        assert_eq!(count(&mut connection, "EXECUTE kept").await, 0);
        assert_eq!(count(&mut connection, "EXECUTE whole").await, whole);
    }
    execute(
        &mut connection,
        "SELECT signal.ensure_chunk('2030-05-05');
         INSERT INTO signal.block (series_id, start_at, stop_at, tick_us, values)
         SELECT series_id, '2030-05-05Z', '2030-05-05Z', 1, '{1}' FROM signal.series",
    )
    .await;
    assert_eq!(count(&mut connection, "EXECUTE kept").await, 6);
    assert_eq!(count(&mut connection, "EXECUTE whole").await, whole + 6);
}
