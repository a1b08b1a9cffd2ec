//! Chunks: few of them whatever comes, each made once, and none in anybody's way.

use std::time::Instant;

use healthtrack::embedded::PrivatePostgres;
use healthtrack::model::metric::Catalogue;
use healthtrack::model::time::{Clock as _, Day, SystemClock};
use healthtrack::mqtt::publisher::Publisher;
use healthtrack::store::hot::ensure_chunks;
use healthtrack::store::migrate::migrate;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::compaction::{compactor, ownership, passed};
use crate::roll;
use crate::support::daemon::Daemon;
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::{TestDatabase, own_postgres};
use crate::support::stack::TestStack;

const CHUNKS: &str = "SELECT count(*) FROM signal.chunks()";
/// Ten years.
const DAYS: u64 = 3_650;

async fn number(connection: &mut PgConnection, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(connection).await.unwrap()
}

async fn run(connection: &mut PgConnection, statements: &str) {
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(connection).await.unwrap();
}

/// A weight a day, the last of them yesterday, so many seconds after a minute past midnight.
fn weights(days: u64, second: u64) -> String {
    let today = u64::try_from(SystemClock.now().day().start().micros() / 1_000).unwrap();
    let at = |day: u64| (today - (days - day) * 86_400_000 + 60_000 + second * 1_000).to_string();
    let times: Vec<String> = (0..days).map(at).collect();
    let values: Vec<String> = (0..days).map(|day| (60 + day % 20).to_string()).collect();
    format!(
        r#"{{"v":1,"series":[{{"metric":"body_weight","times":[{}],"values":[{}]}}]}}"#,
        times.join(","),
        values.join(",")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_years_of_daily_weights_make_few_chunks_and_come_again_as_they_like() {
    let keys = [("INGEST__LANES", "1"), ("INGEST__UNKNOWN_DEVICE", "enrol")];
    let Some(mut stack) = TestStack::build(&keys).await else { return };
    let began = Instant::now();
    stack.publish("ht/1/main/scale/batch", weights(DAYS, 0)).await;
    stack.publish("ht/1/main/watch/batch", weights(1, 0)).await;
    assert_eq!(stack.settled(DAYS + 1).await, [DAYS + 1, 0, 0, 0]);
    println!("ten years of weights took {:?}", began.elapsed());
    let mut connection = stack.connection().await;
    let chunks = number(&mut connection, CHUNKS).await;
    assert!(chunks < 75, "{chunks} chunks");
    // Another scale, the same message again, and one that lies between.
    stack.publish("ht/1/main/other/batch", weights(DAYS, 0)).await;
    stack.publish("ht/1/main/scale/batch", weights(DAYS, 0)).await;
    stack.publish("ht/1/main/scale/batch", weights(DAYS, 30)).await;
    assert_eq!(stack.settled(4 * DAYS + 1).await, [3 * DAYS + 1, DAYS, 0, 0]);
    stack.daemon.stop();
    stack.daemon.restart();
    stack.daemon.wait_ready().await;
    stack.publish("ht/1/main/scale/batch", weights(DAYS, 30)).await;
    stack.publish("ht/1/main/scale/batch", weights(DAYS, 40)).await;
    stack.publish("ht/1/main/watch/batch", weights(1, 1)).await;
    assert_eq!(stack.settled(2 * DAYS + 1).await, [DAYS + 1, DAYS, 0, 0]);
    assert_eq!(number(&mut connection, CHUNKS).await, chunks, "no chunk is added");
    let rows = "SELECT count(*) FROM signal.sample";
    assert_eq!(number(&mut connection, rows).await, i64::try_from(4 * DAYS + 2).unwrap());
    for counted in ["retries", "bisections"] {
        let name = format!("healthtrack_ingest_batch_{counted}_total");
        assert_eq!(stack.daemon.metric(&name), 0.0, "{name}");
    }
}

/// A server with as little room for locks as it can have, and a database with a chunk for each of so many days.
async fn crowded(days: u64) -> (PrivatePostgres, PgConnection) {
    let settings = [("max_locks_per_transaction", "10"), ("max_connections", "25"), ("fsync", "off")];
    let postgres = own_postgres(&settings).await;
    let mut connection = PgConnection::connect(&postgres.url("postgres")).await.unwrap();
    migrate(&mut connection, &Catalogue::builtin().unwrap()).await.unwrap();
    let make = format!(
        "DO $$ BEGIN FOR age IN 1..{days} LOOP
             EXECUTE format('CREATE TABLE signal.%I PARTITION OF signal.block FOR VALUES FROM (%L) TO (%L)',
                            'block_' || to_char(current_date - age, 'YYYYMMDD'), current_date - age,
                            current_date - age + 1);
             COMMIT;
         END LOOP; END $$"
    );
    run(&mut connection, "SET timezone = 'UTC'").await;
    run(&mut connection, &make).await;
    (postgres, connection)
}

/// Method: a chunk a day for three years, as earlier versions made them, on a server that cannot lock them all at once.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_has_no_room_for_at_once_is_written_in_pieces() {
    const DAYS: u64 = 1_100;
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let (postgres, mut connection) = crowded(DAYS).await;
    assert_eq!(number(&mut connection, CHUNKS).await, i64::try_from(DAYS).unwrap());
    let keys = [("INGEST__UNKNOWN_DEVICE", "enrol"), ("COMPACTION__ENABLED", "false")];
    let daemon = Daemon::start(&postgres.url("postgres"), &mosquitto.url(), &keys).await;
    let publisher = Publisher::connect(&mosquitto.url().parse().unwrap(), "test", 4).await.unwrap();
    for second in [0, 1, 0] {
        publisher.publish("ht/1/main/scale/batch".to_owned(), weights(DAYS, second).into_bytes()).await.unwrap();
    }
    daemon.wait_settled(3 * DAYS).await;
    assert_eq!(daemon.outcomes(), [2 * DAYS, DAYS, 0, 0]);
    let halved = daemon.metric("healthtrack_ingest_batch_bisections_total");
    assert!(halved >= 1.0, "the server had room for all at once, so nothing was tried");
    assert!(daemon.log().contains("a batch is too large, so its halves are written"), "{}", daemon.log());
}

#[tokio::test]
async fn a_chunk_is_cut_back_where_its_neighbours_are_and_holds_what_it_says() {
    let database = TestDatabase::migrated().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    // 2019-01-24 is a multiple of 512 days after 1970, and so is 2020-06-19.
    for (day, low, high, expected) in [
        ("2019-06-01", "2019-06-01", "2019-06-02", None),
        ("2020-02-01", "2019-01-24", "2020-06-19", Some(("2019-06-02", "2020-06-19"))),
        ("2019-01-24", "2019-01-24", "2020-06-19", Some(("2019-01-24", "2019-06-01"))),
        ("2020-03-01", "2020-03-01", "2020-03-02", Some(("2019-06-02", "2020-06-19"))),
    ] {
        let query =
            format!("SELECT from_on::text, to_on::text FROM signal.ensure_chunk_within('{day}', '{low}', '{high}')");
        let made: (String, String) = sqlx::query_as(AssertSqlSafe(query)).fetch_one(&mut connection).await.unwrap();
        let insert = format!(
            "INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
             VALUES ('{day}T10:00:00Z', '{day}T10:00:00Z', 1, 7, '{{1}}')"
        );
        run(&mut connection, &insert).await;
        if let Some((from, to)) = expected {
            assert_eq!((made.0.as_str(), made.1.as_str()), (from, to), "{day}");
        }
    }
    assert_eq!(number(&mut connection, CHUNKS).await, 3);
    let lost = "SELECT count(*) FROM signal.block WHERE NOT EXISTS (
                    SELECT FROM signal.chunks() AS chunk WHERE to_regclass(name) = block.tableoid
                       AND from_at <= start_at AND start_at < to_at)";
    assert_eq!(number(&mut connection, lost).await, 0, "a chunk's range is not what it says");
    assert_eq!(number(&mut connection, "SELECT count(*) FROM signal.block").await, 4, "and nothing else is in it");
}

#[tokio::test(flavor = "multi_thread")]
async fn lanes_that_meet_an_old_year_together_make_its_chunk_once() {
    let database = TestDatabase::migrated().await;
    let old: Vec<Day> = (0..40).map(|place| SystemClock.now().day().plus(-2_000 + place)).collect();
    let mut lanes = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (url, old) = (database.url().to_owned(), old.clone());
        lanes.spawn(async move { ensure_chunks(&mut PgConnection::connect(&url).await.unwrap(), &old).await });
    }
    let made: u64 = lanes.join_all().await.into_iter().map(Result::unwrap).sum();
    assert!((1..=2).contains(&made), "{made} were made");
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    assert_eq!(number(&mut connection, CHUNKS).await, i64::try_from(made).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_of_many_days_is_rolled_day_by_day_and_dropped_with_its_last() {
    let mut stack = roll::TestStack::build().await;
    stack.execute("SELECT signal.ensure_chunk_within('2024-03-20', '2024-02-28', '2024-05-02')").await;
    for day in ["2024-03-05", "2024-03-06", "2024-03-31", "2024-04-20"] {
        stack.put("watch-7", "heart_rate", None, &format!("{day} 08:00Z"), &[61.0, 62.0]).await;
        stack.put("watch-7", "body_weight", None, &format!("{day} 09:00Z"), &[70.5]).await;
    }
    assert_eq!(stack.count("signal.chunks()").await, 1);
    let samples = stack.samples();
    assert_eq!(samples.len(), 12);
    let report = stack.roll();
    assert_eq!((&report["files"], &report["chunks"]), (&6.into(), &0.into()), "{report}");
    assert_eq!(stack.samples(), samples, "both tiers together hold what one did");
    assert_eq!((stack.count("signal.block").await, stack.count("signal.chunks()").await), (2, 1));
    // A late sample of a day that is archived, beside one that is not.
    stack.put("watch-7", "heart_rate", None, "2024-03-06 10:00Z", &[63.0]).await;
    let report: Value =
        serde_json::from_str(&roll::said(&mut stack.verb(&["roll", "--before", "2024-06-01", "--json"]))).unwrap();
    assert_eq!((&report["files"], &report["chunks"]), (&3.into(), &1.into()), "{report}");
    assert_eq!((stack.samples().len(), stack.count("signal.chunks()").await), (13, 0));
    stack.verify();
}

/// Method: a chunk of several days around today, with a block a sample; the days before today are over.
#[tokio::test(flavor = "multi_thread")]
async fn the_days_that_are_over_are_joined_in_a_chunk_that_goes_on() {
    let database = TestDatabase::migrated().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let today = SystemClock.now().day();
    let statements = format!(
        "INSERT INTO signal.ingest_shard VALUES (1, now(), 'main', 'test');
         INSERT INTO signal.device (added_at, device_id, added_by, shard) VALUES (now(), 'watch', 'test', 'main');
         INSERT INTO signal.series (device_key, metric_id)
             SELECT device_key, metric_id FROM signal.device, signal.metric WHERE name = 'heart_rate';
         SELECT signal.ensure_chunk_within('{today}', '{today}'::date - 4, '{today}'::date + 4);
         INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
             SELECT at, at, 1000000, series_id, '{{60}}'
             FROM signal.series, generate_series(0, 1) AS age, generate_series(0, 99) AS second,
                  LATERAL (SELECT ('{today}'::date - age)::timestamp AT TIME ZONE 'UTC'
                                  + second * INTERVAL '1 s' AS at) AS moment"
    );
    run(&mut connection, &statements).await;
    let from = number(&mut connection, "SELECT extract(epoch FROM min(from_at))::bigint FROM signal.chunks()").await;
    let own = ownership(&mut connection).await;
    let compactor = compactor(database.url(), own);
    let blocks = |age: u32| format!("SELECT count(*) FROM signal.block WHERE start_at::date = '{today}'::date - {age}");
    run(&mut connection, "SET timezone = 'UTC'").await;
    let pass = passed(&compactor).await;
    if from < today.start().micros() / 1_000_000 {
        assert_eq!((pass.blocks_before, pass.blocks_after), (100, 1), "{pass:?}");
        assert_eq!(number(&mut connection, &blocks(1)).await, 1);
    }
    assert_eq!(number(&mut connection, &blocks(0)).await, 100, "today goes on");
    let pass = passed(&compactor).await;
    assert_eq!(pass.chunks, 0, "nothing is looked at again before another day is over");
}
