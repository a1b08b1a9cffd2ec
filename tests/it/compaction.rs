//! Compaction changes no sample, whatever runs or is killed beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use healthtrack::compaction::{Compactor, Pass};
use healthtrack::config::Config;
use healthtrack::context::Context;
use healthtrack::model::ids::{Epoch, ShardName};
use healthtrack::model::time::Timestamp;
use healthtrack::mqtt::publisher::Publisher;
use healthtrack::store::hot::ensure_chunks;
use healthtrack::store::pool::Connector;
use healthtrack::store::shard::{Ownership, try_take};
use healthtrack::telemetry::Telemetry;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::TestDatabase;
use crate::support::wait::wait_until;

/// A day that is over, and the one after it.
const DAY: &str = "2026-11-20T00:00:00Z";

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

async fn run(connection: &mut PgConnection, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(connection).await.unwrap();
}

async fn number(connection: &mut PgConnection, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(connection).await.unwrap()
}

/// A migrated database with `hubs` heart rates, each a row a sample: one every `step` seconds, `rows` of them.
async fn seeded(database: &TestDatabase, hubs: u32, rows: u32, step: u32) -> PgConnection {
    let mut connection = connect(database.url()).await;
    let day = Timestamp::parse_rfc3339(DAY).unwrap().day();
    ensure_chunks(&mut connection, &[day, day.next()]).await.unwrap();
    let statement = format!(
        "INSERT INTO signal.ingest_shard VALUES (1, now(), 'main', 'test') ON CONFLICT DO NOTHING;
         INSERT INTO signal.device (added_at, device_id, added_by, shard)
             SELECT now(), 'hub-' || hub, 'test', 'main' FROM generate_series(0, {hubs} - 1) AS hub;
         INSERT INTO signal.series (device_key, metric_id)
             SELECT device_key, metric_id FROM signal.device, signal.metric WHERE name = 'heart_rate';
         INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
             SELECT at, at, 1000000, series_id, ARRAY[55 + (second * 17) % 90]
             FROM signal.series, generate_series(0, ({rows} - 1) * {step}, {step}) AS second,
                  LATERAL (SELECT timestamptz '{DAY}' + second * INTERVAL '1 second' AS at) AS moment"
    );
    run(&mut connection, &statement).await;
    connection
}

/// A compactor of shard `main` with no rest, as the owner of this epoch.
pub(crate) fn compactor(url: &str, own: Ownership) -> Compactor {
    let keys = [("STORE__URL", url), ("COMPACTION__LATENESS_S", "0"), ("COMPACTION__DUTY_PERCENT", "100")];
    let keys = keys.map(|(key, value)| (format!("HEALTHTRACK__{key}"), value.to_owned()));
    let config = Config::read(None, keys.into_iter()).unwrap();
    let connector = Connector::new(&config.store).unwrap().without_statement_timeout();
    Compactor {
        context: Context::new(connector, Arc::new(Telemetry::new().unwrap())).unwrap(),
        own,
        config: config.compaction,
    }
}

/// A pass, once the server has noticed that the connection of the one before it is closed.
pub(crate) async fn passed(compactor: &Compactor) -> Pass {
    loop {
        if let Some(pass) = compactor.pass().await.unwrap() {
            return pass;
        }
    }
}

/// The right that whoever took the shard last has.
pub(crate) async fn ownership(connection: &mut PgConnection) -> Ownership {
    let epoch = number(connection, "SELECT epoch FROM signal.ingest_shard WHERE shard = 'main'").await;
    Ownership { shard: ShardName::parse("main").unwrap(), epoch: Epoch(epoch) }
}

/// How many samples there are, and a sum over all that is known of each.
async fn fingerprint(connection: &mut PgConnection) -> (i64, String) {
    let query = "SELECT count(*), coalesce(sum(hashtextextended(concat_ws('|', device_id, metric, statistic, start_at,
                     end_at, value, flags), 0)::numeric), 0)::text FROM signal.block_sample";
    sqlx::query_as(query).fetch_one(connection).await.unwrap()
}

const BLOCKS: &str = "SELECT count(*) FROM signal.block";
/// Blocks that begin before the one before them has ended.
const OVERLAPS: &str = "SELECT count(*) FROM (SELECT start_at <= lag(stop_at) OVER (PARTITION BY series_id
                        ORDER BY start_at) AS too_early FROM signal.block) AS pair WHERE too_early";
/// Samples that share device, metric, start and end with another.
const DOUBLES: &str = "SELECT count(*) - count(DISTINCT (device_id, metric, start_at, end_at)) FROM signal.sample";

#[tokio::test(flavor = "multi_thread")]
async fn the_same_samples_lie_in_fewer_blocks_and_a_second_pass_changes_nothing() {
    let database = TestDatabase::migrated().await;
    let mut connection = seeded(&database, 5, 9_000, 7).await;
    // One series with a hole, with spans and flags; one long block stays as it is.
    run(
        &mut connection,
        "DELETE FROM signal.block WHERE series_id = 2 AND start_at BETWEEN timestamptz '2026-11-20T03:00:00Z'
                                                               AND timestamptz '2026-11-20T04:00:00Z';
         UPDATE signal.block SET spans_us = ARRAY[60000000], flags = ARRAY[1]
             WHERE series_id = 3 AND extract(minute FROM start_at)::integer % 3 = 0;
         INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
             SELECT at, at + INTERVAL '999 s', 1000000, 4, array_fill(60::float8, ARRAY[1000])
             FROM (SELECT timestamptz '2026-11-21T05:00:00Z' AS at) AS moment",
    )
    .await;
    let shard = ShardName::parse("main").unwrap();
    let own = try_take(&mut connection, &shard, "test", None).await.unwrap().unwrap();
    let compactor = compactor(database.url(), own);
    let (before, blocks) = (fingerprint(&mut connection).await, number(&mut connection, BLOCKS).await);
    let size = "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class
                WHERE relkind = 'r' AND relname ~ '^(block_2026|_hyper_)'";
    let bytes = number(&mut connection, size).await;
    let loose = "SELECT count(*) FROM signal.block WHERE pg_column_compression(values) = 'lz4'";
    println!("{} blocks are compressed as lanes do it", number(&mut connection, loose).await);
    let pass = passed(&compactor).await;
    assert_eq!(number(&mut connection, loose).await, 0, "a long block of a day that is over is compressed anew");
    assert!(pass.blocks_before >= 44_000 && pass.blocks_after < 80, "{pass:?}");
    assert_eq!(fingerprint(&mut connection).await, before);
    assert_eq!(number(&mut connection, OVERLAPS).await, 0);
    let joined = i64::try_from(pass.blocks_before - pass.blocks_after).unwrap();
    assert_eq!(number(&mut connection, BLOCKS).await, blocks - joined);
    let kept = number(&mut connection, "SELECT count(*) FROM signal.block WHERE cardinality(values) = 1000").await;
    assert_eq!(kept, 1, "a long block stays as it is");
    // A chunk that somebody is in, as autovacuum may be, is written anew by a later pass.
    wait_until(TIMEOUT, "a tenth of the bytes is left", || async {
        let mut connection = PgConnection::connect(database.url()).await.unwrap();
        let is_small = number(&mut connection, size).await * 10 < bytes;
        if !is_small {
            passed(&compactor).await;
        }
        is_small
    })
    .await;
    let rows = "SELECT sum(('x' || substr(md5(block::text), 1, 8))::bit(32)::bigint)::bigint FROM signal.block";
    let rows_before = number(&mut connection, rows).await;
    let again = passed(&compactor).await;
    assert_eq!((again.blocks_before, again.blocks_after), (0, 0));
    assert_eq!(number(&mut connection, rows).await, rows_before);
    // Late samples are noticed by the next pass, once the server has counted them.
    run(
        &mut connection,
        "INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
        SELECT at, at, 1000000, 5, '{60}' FROM generate_series(timestamptz '2026-11-20T20:00:00Z',
        timestamptz '2026-11-20T20:00:50Z', INTERVAL '1 s') AS at",
    )
    .await;
    let late = AtomicU64::new(0);
    wait_until(TIMEOUT, "the late samples are joined", || async {
        let Pass { blocks_before, .. } = passed(&compactor).await;
        late.fetch_add(blocks_before, Ordering::Relaxed) + blocks_before >= 51
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compactor_that_has_lost_its_shard_writes_nothing() {
    let database = TestDatabase::migrated().await;
    let mut connection = seeded(&database, 1, 100, 1).await;
    let shard = ShardName::parse("main").unwrap();
    let own = try_take(&mut connection, &shard, "test", None).await.unwrap().unwrap();
    let compactor = compactor(database.url(), own);
    run(&mut connection, "UPDATE signal.ingest_shard SET epoch = epoch + 1").await;
    let error = compactor.pass().await.unwrap_err();
    assert!(error.to_string().contains("the right to shard main was taken away"), "{error}");
    assert_eq!(number(&mut connection, BLOCKS).await, 100);
}

/// Method: a daemon is sent single samples of a day that is over, the odd seconds 40 s late, so that small blocks come
/// all the time and late samples fall into and between them; two compactors pass again and again, and readers count.
#[tokio::test(flavor = "multi_thread")]
async fn late_samples_are_merged_while_two_compactors_run() {
    const HUBS: u64 = 4;
    const SECONDS: u64 = 1_200;
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let mut connection = seeded(&database, 4, 1, 1).await;
    let keys = [("COMPACTION__ENABLED", "false"), ("INGEST__BATCH_AGE_MS", "5")];
    let daemon = Daemon::start(database.url(), &mosquitto.url(), &keys).await;
    let own = ownership(&mut connection).await;
    let over = Arc::new(AtomicBool::new(false));
    let passes = [(); 2].map(|()| {
        let (compactor, over, url) =
            (compactor(database.url(), own.clone()), Arc::clone(&over), database.url().to_owned());
        tokio::spawn(async move {
            let (mut joined, mut connection) = (0, connect(&url).await);
            while !over.load(Ordering::Relaxed) {
                joined += compactor.pass().await.unwrap().map_or(0, |pass| pass.blocks_before);
                // The server counts rows a second late; forgotten chunks are looked at at once.
                run(&mut connection, "DELETE FROM signal.compaction").await;
            }
            joined
        })
    });
    let publisher = Publisher::connect(&mosquitto.url().parse().unwrap(), "test", 4).await.unwrap();
    let late = (1..SECONDS + 40).flat_map(|second| [second + second % 2 * SECONDS, second.saturating_sub(40)]);
    let in_time = late.filter(|second| (1..SECONDS).contains(second));
    let mut sent = std::collections::HashSet::new();
    for second in in_time.filter(|second| sent.insert(*second)) {
        for hub in 0..HUBS {
            let payload = format!(
                r#"{{"v":1,"series":[{{"metric":"heart_rate","times":[{}],"values":[{}]}}]}}"#,
                1_795_132_800_000 + second * 1_000,
                55 + (second * 17) % 90
            );
            publisher.publish(format!("ht/1/main/hub-{hub}/batch"), payload).await.unwrap();
        }
        // So that a batch holds few seconds: many small blocks, many merges.
        tokio::time::sleep(std::time::Duration::from_millis(6)).await;
        if second % 100 == 0 {
            assert_eq!(number(&mut connection, DOUBLES).await, 0, "a reader sees a sample twice");
        }
    }
    daemon.wait_settled(HUBS * (SECONDS - 1)).await;
    over.store(true, Ordering::Relaxed);
    let mut joined = 0;
    for pass in passes {
        joined += pass.await.unwrap();
    }
    assert_eq!(daemon.outcomes(), [HUBS * (SECONDS - 1), 0, 0, 0]);
    assert_eq!(number(&mut connection, DOUBLES).await, 0);
    assert_eq!(number(&mut connection, OVERLAPS).await, 0, "blocks overlap");
    let wrong = "SELECT count(*) FROM signal.sample WHERE value <> 55 +
                 (extract(epoch FROM start_at - timestamptz '2026-11-20T00:00:00Z')::integer * 17) % 90";
    assert_eq!(number(&mut connection, wrong).await, 0);
    let samples = number(&mut connection, "SELECT count(*) FROM signal.sample").await;
    assert_eq!(samples, i64::try_from(HUBS * SECONDS).unwrap());
    let merged = daemon.metric("healthtrack_ingest_merged_series_total");
    assert!(joined > 500 && merged > 300.0, "{joined} blocks joined and {merged} merges: little was proven");
    println!("{joined} blocks were joined beside {merged} merges");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_killed_while_it_compacts_loses_nothing_and_doubles_nothing() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let mut connection = seeded(&database, 20, 10_000, 8).await;
    let before = fingerprint(&mut connection).await;
    let keys = [("COMPACTION__LATENESS_S", "0"), ("COMPACTION__DUTY_PERCENT", "100"), ("COMPACTION__EVERY_S", "1")];
    let mut daemon = Daemon::start(database.url(), &mosquitto.url(), &keys).await;
    let mut kills = 0;
    loop {
        let blocks = number(&mut connection, BLOCKS).await;
        if blocks <= 20 * 11 {
            break;
        }
        wait_until(TIMEOUT, "some more is joined", || async {
            number(&mut connect(database.url()).await, BLOCKS).await < blocks
        })
        .await;
        // A transaction more is under way by now.
        daemon.kill();
        kills += 1;
        assert_eq!(fingerprint(&mut connection).await, before, "after kill {kills}");
        daemon.restart();
    }
    assert!(kills >= 3, "it was killed only {kills} times on the way");
    daemon.wait_ready().await;
    wait_until(TIMEOUT, "the chunk is noted", || async {
        number(&mut connect(database.url()).await, "SELECT count(*) FROM signal.compaction").await >= 1
    })
    .await;
    assert_eq!(fingerprint(&mut connection).await, before);
    assert_eq!(number(&mut connection, OVERLAPS).await, 0);
}
