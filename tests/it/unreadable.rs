//! A stored block that cannot be read costs the samples that belong into it and nothing else: they wait in quarantine,
//! their neighbours are stored, compaction and the roll pass over it and keep it, and `doctor` names it. A permanent
//! fault of the whole database ends the daemon, which says what to do.

use std::process::{Command, Output, Stdio};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::compaction::{compactor, ownership};
use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::TestDatabase;
use crate::support::raw;
use crate::support::stack::{TestStack, run};
use crate::support::wait::wait_until;

/// When the second 0 of these samples is.
const FIRST: &str = "2026-11-23T10:00:00Z";
const REASON: &str = "unreadable_block";
const METRIC: &str = "healthtrack_store_unreadable_blocks_total";
/// The block of watch-1 that begins at second 0.
const BLOCK: &str = "signal.block WHERE start_at = '2026-11-23T10:00:00Z' AND series_id IN (SELECT series_id
                     FROM signal.series JOIN signal.device USING (device_key) WHERE device_id = 'watch-1')";

/// Ways to spoil a block that SQL allows, and what doctor says of each.
const SPOILT: [(&str, &str); 6] = [
    ("gaps = '{0,1}'", "one length"),
    ("values = array_fill(NULL::float8, ARRAY[10])", "values"),
    ("gaps = '{0,-3,1,1,1,1,1,1,1,1}'", "times"),
    ("stop_at = stop_at + INTERVAL '1 year'", "one day"),
    ("stop_at = start_at + INTERVAL '4 s'", "times"),
    ("stop_at = 'infinity'", "timestamp"),
];

/// The block as it was.
const SOUND: &str = "gaps = NULL, stop_at = start_at + INTERVAL '18 s', values = '{60,61,62,63,64,65,66,67,68,69}'";

/// A batch of one metric, with a sample each two seconds.
fn every_other(metric: &str, start: i64, values: &[u32]) -> String {
    let values = values.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let start = 1_795_428_000_000 + start * 1_000;
    format!(r#"{{"v":1,"series":[{{"metric":"{metric}","start":{start},"period_ms":2000,"values":[{values}]}}]}}"#)
}

async fn spoil(connection: &mut PgConnection, set: &str) {
    let statement = format!(
        "ALTER TABLE signal.block DROP CONSTRAINT IF EXISTS block_columns_have_one_length;
         UPDATE signal.block SET {set} WHERE {};
         ALTER TABLE signal.block ADD CONSTRAINT block_columns_have_one_length CHECK (
             cardinality(values) > 0
             AND (gaps IS NULL OR cardinality(gaps) = cardinality(values))
             AND (spans_us IS NULL OR cardinality(spans_us) = cardinality(values))
             AND (flags IS NULL OR cardinality(flags) = cardinality(values))) NOT VALID",
        BLOCK.split_once("WHERE").unwrap().1
    );
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await.unwrap();
}

/// One of the binary's verbs on the servers of a stack.
fn verb(stack: &TestStack, archive: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_healthtrack"))
        .env("HEALTHTRACK__STORE__URL", stack.database.url())
        .env("HEALTHTRACK__MQTT__URL", stack.mosquitto.url())
        .env("HEALTHTRACK__ARCHIVE__URL", archive)
        .env("HEALTHTRACK__ARCHIVE__DUTY_PERCENT", "100")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)))
}

/// What doctor says of stored blocks: its level, what it found, and its advice.
fn findings(stack: &TestStack) -> Vec<[String; 3]> {
    let found = json(&verb(stack, "", &["doctor", "--json"]));
    let found = found
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| ["level", "what", "advice"].map(|key| finding[key].as_str().unwrap_or_default().to_owned()));
    found.filter(|[_, what, _]| what.starts_with("block")).collect()
}

/// A stack whose watch-1 has the seconds 0 to 18 in one block and 100 to 118 in another, and watch-2 0 to 18.
async fn three_blocks() -> Option<TestStack> {
    let stack = TestStack::build(&[("COMPACTION__ENABLED", "false")]).await?;
    let values: Vec<u32> = (60..70).collect();
    for (already, (device, start)) in [("watch-1", 0), ("watch-1", 100), ("watch-2", 0)].into_iter().enumerate() {
        stack.publish(&format!("ht/1/main/{device}/batch"), every_other("heart_rate", start, &values)).await;
        stack.settled(10 * (already as u64 + 1)).await;
    }
    Some(stack)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_block_costs_what_belongs_into_it_until_it_is_repaired() {
    let Some(stack) = three_blocks().await else { return };
    let mut connection = stack.connection().await;
    spoil(&mut connection, SPOILT[0].0).await;
    // Before the block; five and three between its start and the next block, where its damaged end may be anywhere;
    // after all; a neighbour, half of it a repetition; another metric.
    for (topic, payload) in [
        ("ht/1/main/watch-1/batch", every_other("heart_rate", -60, &[50, 51, 52])),
        ("ht/1/main/watch-1/batch", every_other("heart_rate", 15, &[75, 77, 79, 81, 83])),
        ("ht/1/main/watch-1/batch", run(50, &[50, 51, 52])),
        ("ht/1/main/watch-1/batch", run(200, &[50, 51, 52, 53])),
        ("ht/1/main/watch-2/batch", every_other("heart_rate", 10, &[65, 66, 67, 68, 69, 70, 71, 72, 73, 74])),
        ("ht/1/main/watch-2/batch", every_other("body_temperature", 0, &[36, 37])),
    ] {
        stack.publish(topic, payload).await;
    }
    assert_eq!(stack.settled(57).await, [30 + 3 + 4 + 5 + 2, 5, 0, 5 + 3]);
    stack.acknowledged(9).await;
    let kept = "SELECT topic, reason, samples FROM signal.quarantine ORDER BY samples DESC";
    assert_eq!(stack.rows(kept).await, [5, 3].map(|samples| format!("(ht/1/main/watch-1/batch,{REASON},{samples})")));
    let detail = &stack.rows("SELECT detail FROM signal.quarantine").await[0];
    assert!(detail.contains(FIRST) && detail.contains("one length") && detail.contains("doctor"), "{detail}");
    assert!(stack.daemon.metric(METRIC) >= 1.0);
    assert!(stack.daemon.log().contains("cannot be read") && !stack.daemon.log().contains("watch-1"));

    let found = findings(&stack);
    let [[level, what, advice]] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(level, "fail");
    for word in ["block in ", "heart_rate", "watch-1", FIRST, "one length"] {
        assert!(what.contains(word), "{what}");
    }
    assert!(advice.contains("DELETE FROM signal.block") && advice.contains(REASON), "{advice}");

    compaction_and_roll_pass_over_it(&stack, &mut connection).await;

    spoil(&mut connection, SOUND).await;
    let retried = verb(&stack, "", &["quarantine", "retry", "--reason", REASON, "--broker", &stack.mosquitto.url()]);
    assert!(retried.status.success(), "{}", String::from_utf8_lossy(&retried.stderr));
    assert_eq!(stack.settled(65).await, [44 + 8, 5, 0, 8]);
    let there = "SELECT count(*), count(DISTINCT start_at) FROM signal.sample WHERE device_id = 'watch-1'";
    assert_eq!(stack.rows(there).await, ["(35,35)"]);
    assert!(findings(&stack).iter().all(|[level, ..]| level == "ok"));
}

/// Both do all of their work but for the block, and leave it as it is.
async fn compaction_and_roll_pass_over_it(stack: &TestStack, connection: &mut PgConnection) {
    let spoilt = format!("SELECT block::text FROM {BLOCK}");
    let before = stack.rows(&spoilt).await;
    let compactor = compactor(stack.database.url(), ownership(connection).await);
    let pass = compactor.pass().await.unwrap().unwrap();
    assert!(pass.blocks_before >= 4, "{pass:?}");
    let again = compactor.pass().await.unwrap().unwrap();
    assert_eq!((again.skipped, again.blocks_before), (0, 0), "what can be joined is joined");
    assert_eq!(stack.rows(&spoilt).await, before);
    let blocks = "SELECT count(*) FROM signal.block JOIN signal.series USING (series_id) GROUP BY series_id ORDER BY 1";
    assert_eq!(stack.rows(blocks).await, ["(1)", "(1)", "(3)"]);

    let folder = tempfile::tempdir().unwrap();
    let archive = format!("file://{}", folder.path().join("archive").display());
    for _ in 0..2 {
        let rolled = verb(stack, &archive, &["roll", "--before", "2026-11-25", "--json"]);
        assert!(!rolled.status.success(), "what stays is told");
        let told = json(&rolled)["failed"].to_string();
        assert!(told.contains("heart_rate") && told.contains(FIRST) && !told.contains("watch-1"), "{told}");
        assert_eq!(stack.rows(&spoilt).await, before);
        assert_eq!(stack.rows("SELECT count(*) FROM signal.sample WHERE metric = 'body_temperature'").await, ["(0)"]);
    }
    assert_eq!(stack.rows("SELECT metric FROM signal.archive_file").await, ["(body_temperature)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_spoils_a_block_its_lane_goes_on_and_doctor_says_what_it_is() {
    let Some(stack) = three_blocks().await else { return };
    let mut connection = stack.connection().await;
    for (round, (set, what)) in (0..).zip(SPOILT) {
        let sound = stack.rows(&format!("SELECT stop_at, gaps, values FROM {BLOCK}")).await;
        spoil(&mut connection, set).await;
        // The first belongs into the block, the others behind all that is there.
        stack.publish("ht/1/main/watch-1/batch", run(1 + 2 * round, &[99])).await;
        stack.settled(30 + 2 * round + 1).await;
        stack.publish("ht/1/main/watch-1/batch", run(2_000 + 10 * round, &[99])).await;
        assert_eq!(stack.settled(30 + 2 * (round + 1)).await, [31 + round, 0, 0, 1 + round], "{set}");
        let found = findings(&stack);
        assert!(matches!(found.as_slice(), [[level, said, _]] if level == "fail" && said.contains(what)), "{found:?}");
        spoil(&mut connection, SOUND).await;
        assert_eq!(stack.rows(&format!("SELECT stop_at, gaps, values FROM {BLOCK}")).await, sound);
    }
    assert_eq!(stack.daemon.metric("healthtrack_ingest_batch_retries_total"), 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_starts_behind_a_block_with_a_damaged_end_goes_on_with_the_next_day() {
    for end in ["'infinity'", "start_at + INTERVAL '4 s'"] {
        let Some(mut stack) = three_blocks().await else { return };
        let newest = format!("UPDATE signal.block SET stop_at = {end} WHERE start_at = '2026-11-23T10:01:40Z'");
        sqlx::raw_sql(AssertSqlSafe(newest)).execute(&mut stack.connection().await).await.unwrap();
        stack.daemon.kill();
        stack.daemon.restart();
        stack.daemon.wait_ready().await;
        // The first repeats the block and may not be stored a second time, the second may belong into it, the third
        // cannot.
        let values: Vec<u32> = (60..70).collect();
        stack.publish("ht/1/main/watch-1/batch", every_other("heart_rate", 100, &values)).await;
        stack.settled(10).await;
        for (already, start) in [300, 86_400].into_iter().enumerate() {
            stack.publish("ht/1/main/watch-1/batch", run(start, &[99])).await;
            stack.settled(10 + already as u64 + 1).await;
        }
        assert_eq!(stack.daemon.outcomes(), [1, 0, 0, 11], "{end}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_cannot_read_back_costs_what_belongs_into_it() {
    // A damaged page; an array whose header is wrong; an array of a type that is none, which also passes now and then.
    for code in ["data_corrupted", "program_limit_exceeded", "internal_error"] {
        let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
        let database = TestDatabase::owned().await;
        let keys = [("COMPACTION__ENABLED", "false")];
        let daemon = Daemon::start(&database.url_as("ingest"), &mosquitto.url(), &keys).await;
        let publish = async |device: &str, payload: String| {
            let topic = format!("ht/1/main/{device}/batch");
            assert!(raw::publish(mosquitto.port(), raw::Version::V5, 0, &topic, payload.as_bytes()).await);
        };
        for (already, (device, start)) in [("watch-1", 0), ("watch-1", 100), ("watch-2", 1)].into_iter().enumerate() {
            publish(device, every_other("heart_rate", start, &[60, 61, 62])).await;
            daemon.wait_settled(3 * (already as u64 + 1)).await;
        }
        damage_first_block(&database, OF_TABLE, code).await;
        publish("watch-1", run(1, &[70, 71, 72])).await;
        publish("watch-2", every_other("heart_rate", 201, &[60, 61])).await;
        daemon.wait_settled(14).await;
        assert_eq!(daemon.outcomes(), [9 + 2, 0, 0, 3], "{code}");
        let kept = "SELECT topic, reason, samples FROM signal.quarantine";
        let kept = crate::support::stack::rows(database.url(), kept).await;
        assert_eq!(kept, [format!("(ht/1/main/watch-1/batch,{REASON},3)")], "{code}");
        assert!(daemon.metric(METRIC) >= 1.0);
        // The daemon goes on where it takes the series up anew.
        publish("watch-1", run(400, &[70])).await;
        daemon.wait_settled(15).await;
    }
}

/// What a policy is for: who asks the table, as ingest does, or who asks its chunk too, as a roll does. TimescaleDB
/// takes no row into a chunk with policies.
const OF_TABLE: &str = "'signal.block'";
const OF_CHUNK_TOO: &str = "'signal.block', chunk";

/// Lets the server answer a read of the first block with this code, as if what it lies on were damaged.
async fn damage_first_block(database: &TestDatabase, tables: &str, code: &str) {
    let mut owner = PgConnection::connect(database.url()).await.unwrap();
    let damage = format!(
        "CREATE FUNCTION signal.read_page(at timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
             IF at = '{FIRST}' THEN
                 RAISE EXCEPTION USING ERRCODE = '{code}', MESSAGE = 'damaged for a test';
             END IF;
             RETURN true;
         END $$;
         DO $$ DECLARE
             chunk regclass := (SELECT tableoid FROM signal.block WHERE start_at = '{FIRST}' LIMIT 1);
             name regclass;
         BEGIN
             FOREACH name IN ARRAY ARRAY[{tables}]::regclass[] LOOP
                 EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
                 EXECUTE format('CREATE POLICY damaged_read ON %s FOR SELECT USING (signal.read_page(start_at))', name);
                 EXECUTE format('CREATE POLICY damaged_write ON %s FOR INSERT WITH CHECK (true)', name);
                 EXECUTE format('CREATE POLICY damaged_delete ON %s FOR DELETE USING (true)', name);
             END LOOP;
         END $$"
    );
    sqlx::raw_sql(AssertSqlSafe(damage)).execute(&mut owner).await.unwrap();
}

/// A chunk for each of the two days, as they have one where there is an archive already. A hypertable makes its chunks
/// for rows.
const DAY_CHUNKS: &str = "
    SELECT signal.ensure_chunk('2026-11-22'), signal.ensure_chunk('2026-11-23');
    INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
        SELECT day, day, 1, 0, '{0}' FROM unnest('{2026-11-22 00:00Z, 2026-11-23 00:00Z}'::timestamptz[]) AS day;
    DELETE FROM signal.block";

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_the_server_cannot_read_costs_a_roll_no_other_day() {
    for code in ["data_corrupted", "internal_error"] {
        let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
        let database = TestDatabase::owned().await;
        sqlx::raw_sql(DAY_CHUNKS).execute(&mut PgConnection::connect(database.url()).await.unwrap()).await.unwrap();
        let daemon =
            Daemon::start(&database.url_as("ingest"), &mosquitto.url(), &[("COMPACTION__ENABLED", "false")]).await;
        for (already, day) in [0, -1].into_iter().enumerate() {
            let payload = every_other("heart_rate", day * 86_400, &[60, 61, 62]);
            let topic = "ht/1/main/watch-1/batch";
            assert!(raw::publish(mosquitto.port(), raw::Version::V5, 0, topic, payload.as_bytes()).await);
            daemon.wait_settled(3 * (already as u64 + 1)).await;
        }
        damage_first_block(&database, OF_CHUNK_TOO, code).await;
        let folder = tempfile::tempdir().unwrap();
        let archive = format!("file://{}", folder.path().join("archive").display());
        let rolled = Command::new(env!("CARGO_BIN_EXE_healthtrack"))
            .env("HEALTHTRACK__STORE__URL", database.url_as("roller"))
            .env("HEALTHTRACK__ARCHIVE__URL", &archive)
            .args(["roll", "--before", "2026-11-25", "--duty-percent", "100", "--json"])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(!rolled.status.success(), "what stays is told");
        let report = json(&rolled);
        let told = report["failed"].to_string();
        assert!(told.contains("2026-11-23") && told.contains("server"), "{told}");
        let files = "SELECT day::text, rows FROM signal.archive_file";
        assert_eq!(crate::support::stack::rows(database.url(), files).await, ["(2026-11-22,3)"], "{code}");
        let there = "SELECT count(*) FROM signal.block WHERE start_at >= '2026-11-23'";
        assert_eq!(crate::support::stack::rows(database.url(), there).await, ["(1)"], "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_privilege_that_is_missing_ends_the_daemon_with_a_sentence() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::owned().await;
    let mut daemon = Daemon::start(&database.url_as("ingest"), &mosquitto.url(), &[]).await;
    // The daemon makes chunks meanwhile, and of two who change one table the later is refused.
    wait_until(TIMEOUT, "the privilege is revoked", || async {
        let mut owner = PgConnection::connect(database.url()).await.unwrap();
        let revoke = "REVOKE INSERT ON signal.block FROM healthtrack_ingest";
        sqlx::raw_sql(revoke).execute(&mut owner).await.is_ok()
    })
    .await;
    let mut owner = PgConnection::connect(database.url()).await.unwrap();
    let topic = "ht/1/main/watch-1/batch";
    assert!(raw::publish(mosquitto.port(), raw::Version::V5, 0, topic, run(0, &[60]).as_bytes()).await);
    let status = daemon.wait_ended(TIMEOUT).await;
    assert!(!status.success());
    let log = daemon.log();
    let last = log.lines().last().unwrap();
    assert!(last.starts_with("healthtrack: ") && last.contains("permission denied"), "{last}");
    assert!(last.contains("healthtrack migrate") && last.contains("GRANT healthtrack_ingest"), "{last}");

    // Nor does it start where it would not see what is stored.
    let hidden =
        "GRANT INSERT ON signal.block TO healthtrack_ingest; ALTER TABLE signal.block ENABLE ROW LEVEL SECURITY";
    sqlx::raw_sql(hidden).execute(&mut owner).await.unwrap();
    daemon.restart();
    assert!(!daemon.wait_ended(TIMEOUT).await.success());
    assert!(daemon.log().lines().last().unwrap().contains("DISABLE ROW LEVEL SECURITY"), "{}", daemon.log());

    // Its message was never acknowledged: it comes again once the daemon may write.
    sqlx::raw_sql("ALTER TABLE signal.block DISABLE ROW LEVEL SECURITY").execute(&mut owner).await.unwrap();
    daemon.restart();
    wait_until(TIMEOUT, "the sample is stored", || async {
        daemon.try_metric("healthtrack_ingest_samples_total").is_some_and(|samples| samples >= 1.0)
    })
    .await;
}
