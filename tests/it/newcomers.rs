//! Devices that are heard for the first time, and what a lane remembers of them.

use healthtrack::config::{Config, DeviceSources};
use healthtrack::model::ids::{DeviceId, MetricId, ShardName};
use healthtrack::model::statistic::Statistic;
use healthtrack::model::time::{SECOND_US, Timestamp};
use healthtrack::store::directory::{Known, SeriesState, add_devices};
use healthtrack::store::newcomers::{DevicePolicy, Heard, Newcomers, TakenUp, take_up};
use healthtrack::store::pool::Connector;
use healthtrack::store::shard::try_take;
use healthtrack::store::writer::{Writer, Writers};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::postgres::TestDatabase;
use crate::support::stack::{TestStack, rows, run, wait_locked_out};

/// 2026-11-23T10:00:00Z.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(1_795_428_000 * SECOND_US).unwrap()
}

/// Unknown devices are added, for whoever names them first.
pub(crate) const ENROL: DevicePolicy = DevicePolicy { enrols: true, sources: DeviceSources::First };

/// A daemon's side: its connection, and its right to write a shard, held by another one.
pub(crate) struct Side {
    pub(crate) connection: PgConnection,
    pub(crate) writer: Writer,
    _lock: PgConnection,
}

impl Side {
    pub(crate) async fn of(database: &TestDatabase, shard: &str) -> Side {
        let url = ("HEALTHTRACK__STORE__URL".to_owned(), database.url().to_owned());
        let connector = Connector::new(&Config::read(None, std::iter::once(url)).unwrap().store).unwrap();
        let mut lock = connector.connect().await.unwrap();
        let own = try_take(&mut lock, &ShardName::parse(shard).unwrap(), "test", None).await.unwrap().unwrap();
        let writer = Writers::enter(&mut lock, own, 1).await.unwrap().of_lane(0);
        Side { connection: connector.connect().await.unwrap(), writer, _lock: lock }
    }

    /// Takes devices up, each with a heart rate and its daily maximum; adds those that are new.
    async fn take_up(&mut self, names: &[DeviceId]) -> TakenUp {
        take_up(&mut self.connection, &mut self.writer, &newcomers(names), ENROL, now()).await.unwrap()
    }
}

fn newcomers(names: &[DeviceId]) -> Newcomers {
    let maximum = Statistic::parse("maximum/d").unwrap();
    let heard = |device, statistic| Heard { device, source: device.as_str(), metric: MetricId(10), statistic };
    let heard: Vec<_> = names.iter().flat_map(|name| [Statistic::NONE, maximum].map(|of| heard(name, of))).collect();
    Newcomers::new(&heard)
}

pub(crate) fn names(prefix: &str, count: usize) -> Vec<DeviceId> {
    (0..count).map(|n| DeviceId::parse(&format!("{prefix}-{n}")).unwrap()).collect()
}

fn ours(taken: &TakenUp) -> usize {
    taken.devices.iter().filter(|(_, known)| matches!(known, Known::Ours(_))).count()
}

async fn execute(database: &TestDatabase, statement: &str) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.map(|_| ())
}

/// The rule that a statement breaks.
async fn broken_by(database: &TestDatabase, statement: &str) -> String {
    let error = execute(database, statement).await.unwrap_err();
    let error = error.as_database_error().unwrap();
    assert_eq!(error.code().as_deref(), Some("23503"), "{error}");
    error.constraint().unwrap().to_owned()
}

#[tokio::test]
async fn new_devices_go_in_with_their_series_and_nothing_stored_is_looked_at() {
    let database = TestDatabase::migrated().await;
    let mut side = Side::of(&database, "main").await;
    let mut other = PgConnection::connect(database.url()).await.unwrap();
    // Whoever read, planned over or wrote a block would wait for this lock until its time is over.
    sqlx::raw_sql("BEGIN; LOCK TABLE signal.block IN ACCESS EXCLUSIVE MODE").execute(&mut other).await.unwrap();
    let taken = side.take_up(&names("watch", 1_000)).await;
    assert_eq!((ours(&taken), taken.added, taken.series.len()), (1_000, 1_000, 2_000));
    let told: Vec<String> = taken
        .series
        .iter()
        .map(|(key, state)| {
            let SeriesState { id, last } = state;
            assert_eq!(*last, None);
            format!("({},{},{},{})", id.0, key.device.0, key.metric.0, key.statistic)
        })
        .collect();
    let stored = rows(
        database.url(),
        "SELECT series_id, device_key, metric_id, coalesce(statistic, '') FROM signal.series ORDER BY 2, 4",
    )
    .await;
    assert_eq!(told.into_iter().map(|row| row.replace(",)", ",\"\")")).collect::<Vec<_>>(), stored);
    let again = side.take_up(&names("watch", 1_001)).await;
    assert_eq!((ours(&again), again.added, again.series.len()), (1_001, 1, 2));
    let bound = "SELECT DISTINCT shard, added_by FROM signal.device";
    assert_eq!(rows(database.url(), bound).await, ["(main,enrolment)"]);
}

#[tokio::test]
async fn devices_that_two_shards_hear_of_at_once_go_each_to_one_of_them() {
    let database = TestDatabase::migrated().await;
    let (mut one, mut two) = (Side::of(&database, "one").await, Side::of(&database, "two").await);
    let (mut all, mut added) = (0, 0);
    for round in 0..10 {
        let names = names(&format!("watch-{round}"), 500);
        // Each begins at another end.
        let turned: Vec<DeviceId> = names.iter().rev().cloned().collect();
        let (first, second) = tokio::join!(one.take_up(&names), two.take_up(&turned));
        for taken in [&first, &second] {
            all += ours(taken);
            added += taken.added;
            let known = taken.devices.iter().filter(|(_, known)| *known == Known::Unknown).count();
            assert_eq!((taken.devices.len(), known), (500, 0));
        }
    }
    assert_eq!((all, added), (5_000, 5_000));
    let twice = "SELECT device_id FROM signal.device GROUP BY 1 HAVING count(*) > 1";
    assert_eq!(rows(database.url(), twice).await, [""; 0]);
}

#[tokio::test]
async fn a_device_that_an_operator_adds_meanwhile_is_taken_as_it_is() {
    let database = TestDatabase::migrated().await;
    let mut side = Side::of(&database, "main").await;
    let mut operator = PgConnection::connect(database.url()).await.unwrap();
    let mut adding = operator.begin().await.unwrap();
    let names = names("watch", 3);
    assert_eq!(add_devices(&mut *adding, &names[1..2], "operator", now()).await.unwrap(), 1);
    let ((), taken) = tokio::join!(
        async {
            wait_locked_out(database.url()).await;
            adding.commit().await.unwrap();
        },
        side.take_up(&names)
    );
    assert_eq!((ours(&taken), taken.added), (3, 2));
    let who = "SELECT device_id, added_by, shard FROM signal.device ORDER BY 1";
    let expected = ["(watch-0,enrolment,main)", "(watch-1,operator,main)", "(watch-2,enrolment,main)"];
    assert_eq!(rows(database.url(), who).await, expected);
}

#[tokio::test]
async fn a_device_of_another_shard_is_not_taken_and_hinders_no_other() {
    let database = TestDatabase::migrated().await;
    let (mut one, mut two) = (Side::of(&database, "one").await, Side::of(&database, "two").await);
    let names = names("watch", 2);
    one.take_up(&names[..1]).await;
    let taken = two.take_up(&names).await;
    assert_eq!((ours(&taken), taken.added, taken.series.len()), (1, 1, 2));
    let shards = "SELECT device_id, shard FROM signal.device ORDER BY 1";
    assert_eq!(rows(database.url(), shards).await, ["(watch-0,one)", "(watch-1,two)"]);
}

#[tokio::test]
async fn where_devices_are_not_enrolled_an_unknown_one_stays_unknown() {
    let database = TestDatabase::migrated().await;
    let mut side = Side::of(&database, "main").await;
    let names = names("watch", 2);
    add_devices(&mut side.connection, &names[..1], "operator", now()).await.unwrap();
    let never = DevicePolicy { enrols: false, ..ENROL };
    let taken = take_up(&mut side.connection, &mut side.writer, &newcomers(&names), never, now()).await.unwrap();
    assert_eq!((ours(&taken), taken.added, taken.series.len()), (1, 0, 0));
    assert_eq!(taken.devices[1].1, Known::Unknown);
}

#[tokio::test]
async fn what_devices_and_series_refer_to_is_there_and_stays() {
    let database = TestDatabase::migrated().await;
    let mut side = Side::of(&database, "main").await;
    side.take_up(&names("watch", 2)).await;
    let key = "(SELECT min(device_key) FROM signal.device)";
    for (statement, rule) in [
        (
            "INSERT INTO signal.device (added_at, device_id, added_by, shard) VALUES (now(), 'x', 'test', 'nowhere')"
                .to_owned(),
            "device_shard_is_known",
        ),
        ("UPDATE signal.device SET shard = 'nowhere'".to_owned(), "device_shard_is_known"),
        ("DELETE FROM signal.ingest_shard".to_owned(), "device_shard_is_known"),
        ("UPDATE signal.ingest_shard SET shard = 'elsewhere'".to_owned(), "device_shard_is_known"),
        ("INSERT INTO signal.series (device_key, metric_id) VALUES (-1, 10)".to_owned(), "series_device_is_known"),
        (
            format!("INSERT INTO signal.series (device_key, metric_id) VALUES ({key}, 20), (-1, 10)"),
            "series_device_is_known",
        ),
        ("UPDATE signal.series SET device_key = -device_key".to_owned(), "series_device_is_known"),
        ("DELETE FROM signal.device".to_owned(), "series_device_is_known"),
        (format!("INSERT INTO signal.series (device_key, metric_id) VALUES ({key}, -1)"), "series_metric_is_known"),
        ("DELETE FROM signal.metric WHERE metric_id = 10".to_owned(), "series_metric_is_known"),
        ("UPDATE signal.metric SET metric_id = -1 WHERE metric_id = 10".to_owned(), "series_metric_is_known"),
    ] {
        assert_eq!(broken_by(&database, &statement).await, rule, "{statement}");
    }
    for statement in [
        "UPDATE signal.ingest_shard SET epoch = epoch + 1",
        "DELETE FROM signal.series; DELETE FROM signal.device; DELETE FROM signal.ingest_shard",
        "DELETE FROM signal.metric WHERE metric_id = 10",
    ] {
        execute(&database, statement).await.unwrap();
    }
}

#[tokio::test]
async fn a_device_that_goes_meanwhile_gets_no_series_and_one_with_new_series_stays() {
    let database = TestDatabase::migrated().await;
    add_devices(&mut PgConnection::connect(database.url()).await.unwrap(), &names("watch", 2), "test", now())
        .await
        .unwrap();
    let series = |device: &str| {
        format!(
            "INSERT INTO signal.series (device_key, metric_id) SELECT device_key, 10 FROM signal.device WHERE device_id = '{device}'"
        )
    };
    let delete = |device: &str| format!("DELETE FROM signal.device WHERE device_id = '{device}'");
    for (first, second) in [(delete("watch-0"), series("watch-0")), (series("watch-1"), delete("watch-1"))] {
        let mut connection = PgConnection::connect(database.url()).await.unwrap();
        let mut before = connection.begin().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(first)).execute(&mut *before).await.unwrap();
        let (rule, ()) = tokio::join!(broken_by(&database, &second), async {
            wait_locked_out(database.url()).await;
            before.commit().await.unwrap();
        });
        assert_eq!(rule, "series_device_is_known", "{second}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_may_remember_one_series_looks_up_the_others_and_stores_each_sample_once() {
    let Some(stack) = TestStack::build(&[("INGEST__REMEMBERED_SERIES_MAX", "1")]).await else { return };
    for round in 0..6 {
        for device in 0..20 {
            // Each run overlaps the one before it by a sample.
            stack.publish(&format!("ht/1/main/watch-{device}/batch"), run(round * 2, &[60, 61, 60])).await;
        }
        stack.acknowledged(u32::try_from(round + 1).unwrap() * 20).await;
    }
    assert_eq!(stack.settled(360).await, [260, 100, 0, 0]);
    let counts = "SELECT count(*), count(DISTINCT start_at) FROM signal.sample GROUP BY device_id";
    assert_eq!(stack.rows(counts).await, ["(13,13)"; 20]);
}
