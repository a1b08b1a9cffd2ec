//! A transaction of the hot table, by itself: what it writes is what is read back, and only by the shard's owner.

use healthtrack::config::DeviceSources;
use healthtrack::model::block::{Block, BlockBuilder};
use healthtrack::model::ids::{DeviceId, MetricId, SeriesId, ShardName};
use healthtrack::model::origin::{Origin, Revision};
use healthtrack::model::sample::{Flags, Sample};
use healthtrack::model::statistic::Statistic;
use healthtrack::model::time::Timestamp;
use healthtrack::store::StoreError;
use healthtrack::store::directory::add_devices;
use healthtrack::store::hot::{BlockRange, Changes, CopyRows, Revised, Write, Writing, ensure_chunks, overlapping};
use healthtrack::store::newcomers::{DevicePolicy, Heard, Newcomers, TakenUp, take_up};
use healthtrack::store::shard::try_take;
use healthtrack::store::source::{Disallowing, disallow};
use healthtrack::store::writer::{Writer, Writers};
use sqlx::{Connection as _, PgConnection};

use crate::support::postgres::TestDatabase;
use crate::support::stack::wait_locked_out;

/// What fits into one statement is written so; a batch of more than 64 KiB is copied.
const MANY: usize = 300;

fn moment(second: i64) -> Timestamp {
    Timestamp::from_micros(1_795_428_000_000_000 + second * 1_000_000).unwrap()
}

/// Instants or intervals, even or not, with flags or without: every kind of block that there is.
fn kinds() -> Vec<Block> {
    let sample = |second, span_s: Option<i64>, value, flags| Sample {
        start: moment(second),
        span_us: span_s.map(|span| span * 1_000_000),
        value,
        flags,
        origin: Origin::default(),
    };
    let none = Flags::NONE;
    let origin = |minute: i64, utc_offset_minutes, revision: Option<i64>| {
        let revision = revision.map(|number| Revision::new(number).unwrap());
        Origin { utc_offset_minutes, revision, ..Origin::received(moment(60 * minute)) }
    };
    let came = |n: i64, origin| Sample { origin, ..sample(n, None, n as f64, none) };
    let kinds = [
        vec![sample(0, None, 61.5, none)],
        (0..40).map(|n| sample(n, None, n as f64, none)).collect(),
        [0, 3, 4, 9, 20].map(|n| sample(n, None, -0.25 * n as f64, none)).to_vec(),
        (0..40).map(|n| sample(60 * n, Some(60), n as f64, none)).collect(),
        [(0, Some(5)), (7, None), (8, Some(30))].map(|(n, span)| sample(n, span, 1e300, none)).to_vec(),
        (0..5).map(|n| sample(n, None, 300.0, if n == 2 { Flags::UNLIKELY } else { none })).collect(),
        (0..40).map(|n| came(n, origin(1, Some(-570), Some(1 << 53)))).collect(),
        (0..40).map(|n| came(n, origin(0, Some(n as i16 / 10), None))).collect(),
        (0..40).map(|n| came(n, origin(n, None, (n > 30).then_some(n / 7)))).collect(),
        (0..40).map(|n| came(n, if n < 20 { origin(1, Some(60), None) } else { Origin::default() })).collect(),
    ];
    let block = |samples: &Vec<Sample>| {
        let mut builder = BlockBuilder::default();
        builder.add_samples(samples);
        builder.finish().remove(0)
    };
    kinds.iter().map(block).collect()
}

async fn prepared(database: &TestDatabase) -> (PgConnection, Writer) {
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    ensure_chunks(&mut connection, &[moment(0).day()]).await.unwrap();
    let own = try_take(&mut connection, &ShardName::parse("main").unwrap(), "test", None).await.unwrap().unwrap();
    let writers = Writers::enter(&mut connection, own, 2).await.unwrap();
    (connection, writers.of_lane(0))
}

async fn write(connection: &mut PgConnection, writer: &mut Writer, rows: &CopyRows) -> Result<bool, StoreError> {
    let writing = Writing::begin(connection, writer, &[]).await?;
    let (revised, changes) = (Revised::default(), Changes::default());
    let write = Write { removals: &[], rows, revised: &revised, changes: &changes, quarantined: &[] };
    let timing = writing.commit(&write).await?;
    Ok(timing.copy.is_some())
}

async fn read(connection: &mut PgConnection, series: i32) -> Vec<Block> {
    let wanted = [BlockRange { series: SeriesId(series), from: moment(0), to: moment(80_000) }];
    overlapping(connection, &wanted).await.unwrap().into_iter().map(|(_, block)| block.readable().unwrap()).collect()
}

#[tokio::test]
async fn a_block_is_read_back_as_it_was_written_alone_or_among_many() {
    let database = TestDatabase::migrated().await;
    let (mut connection, mut writer) = prepared(&database).await;
    for (series, block) in (0..).zip(kinds()) {
        let (mut few, mut many) = (CopyRows::default(), CopyRows::default());
        few.push(SeriesId(series), &block);
        for copy in 0..MANY {
            many.push(SeriesId(1_000 * (series + 1) + i32::try_from(copy).unwrap()), &block);
        }
        write(&mut connection, &mut writer, &few).await.unwrap();
        write(&mut connection, &mut writer, &many).await.unwrap();
        assert_eq!(read(&mut connection, series).await, std::slice::from_ref(&block), "alone");
        for copy in [0, 299] {
            assert_eq!(
                read(&mut connection, 1_000 * (series + 1) + copy).await,
                std::slice::from_ref(&block),
                "among many"
            );
        }
    }
}

#[tokio::test]
async fn a_few_plain_blocks_take_one_statement_and_many_or_others_a_copy() {
    let database = TestDatabase::migrated().await;
    let (mut connection, mut writer) = prepared(&database).await;
    let mut copied = Vec::new();
    for (series, block) in (0..).zip(kinds()) {
        let mut rows = CopyRows::default();
        rows.push(SeriesId(series), &block);
        copied.push(write(&mut connection, &mut writer, &rows).await.unwrap());
    }
    assert_eq!(copied[..4], [false; 4]);
    assert_eq!(copied[4..], [true, true, false, true, true, true], "lists of spans, flags and origins are copied");
    let mut many = CopyRows::default();
    (100..1_100).for_each(|series| many.push(SeriesId(series), &kinds()[0]));
    assert!(write(&mut connection, &mut writer, &many).await.unwrap());
    many.clear();
    many.push(SeriesId(2_000), &kinds()[0]);
    assert!(!write(&mut connection, &mut writer, &many).await.unwrap(), "what was cleared counts no more");
    assert_eq!(read(&mut connection, 1_099).await.len(), 1);
}

#[tokio::test]
async fn who_has_lost_the_shard_writes_neither_few_rows_nor_many() {
    let database = TestDatabase::migrated().await;
    let (mut connection, mut late) = prepared(&database).await;
    let mut other = PgConnection::connect(database.url()).await.unwrap();
    sqlx::query("SELECT pg_advisory_unlock_all()").execute(&mut connection).await.unwrap();
    try_take(&mut other, &late.own().shard.clone(), "other", None).await.unwrap().unwrap();
    let (mut few, mut many) = (CopyRows::default(), CopyRows::default());
    few.push(SeriesId(1), &kinds()[1]);
    (100..1_100).for_each(|series| many.push(SeriesId(series), &kinds()[1]));
    for rows in [few, many] {
        let refused = write(&mut connection, &mut late, &rows).await;
        assert!(matches!(refused, Err(StoreError::Fenced { .. })), "{refused:?}");
    }
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM signal.block").fetch_one(&mut other).await.unwrap();
    assert_eq!(stored, 0);
}

/// A batch of one short statement, and one that is copied.
fn few_and_many() -> [CopyRows; 2] {
    let (mut few, mut many) = (CopyRows::default(), CopyRows::default());
    few.push(SeriesId(1), &kinds()[1]);
    (100..1_100).for_each(|series| many.push(SeriesId(series), &kinds()[1]));
    [few, many]
}

async fn look_up(url: &str, writer: &mut Writer) -> Result<TakenUp, StoreError> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let device = DeviceId::parse("watch-7").unwrap();
    let heard = Heard { device: &device, source: "hub", metric: MetricId(10), statistic: Statistic::NONE };
    let policy = DevicePolicy { enrols: false, sources: DeviceSources::First };
    let taken = take_up(&mut connection, writer, &Newcomers::new(&[heard]), policy, moment(0)).await;
    connection.close().await.unwrap();
    taken
}

/// Writes nothing in a copy that was made before, whichever way it goes.
async fn assert_forgotten(copy: &TestDatabase, writer: &mut Writer) {
    let mut connection = PgConnection::connect(copy.url()).await.unwrap();
    for rows in few_and_many() {
        let refused = write(&mut connection, writer, &rows).await;
        assert!(matches!(refused, Err(StoreError::Forgotten { .. })), "{refused:?}");
    }
    let refused = look_up(copy.url(), writer).await;
    assert!(matches!(refused, Err(StoreError::Forgotten { .. })), "{refused:?}");
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM signal.block").fetch_one(&mut connection).await.unwrap();
    assert_eq!(stored, 0);
    connection.close().await.unwrap();
}

#[tokio::test]
async fn nothing_is_written_where_the_database_lacks_what_was_written_or_only_looked_up() {
    for teaches in ["a few rows", "many rows", "a look-up"] {
        let database = TestDatabase::migrated().await;
        let (connection, mut writer) = prepared(&database).await;
        connection.close().await.unwrap();
        let copy = database.copy().await;
        let mut connection = PgConnection::connect(database.url()).await.unwrap();
        let [few, many] = few_and_many();
        match teaches {
            "a few rows" => assert!(!write(&mut connection, &mut writer, &few).await.unwrap()),
            "many rows" => assert!(write(&mut connection, &mut writer, &many).await.unwrap()),
            _ => drop(look_up(database.url(), &mut writer).await.unwrap()),
        }
        assert_forgotten(&copy, &mut writer).await;
        let mut more = CopyRows::default();
        more.push(SeriesId(5), &kinds()[1]);
        write(&mut connection, &mut writer, &more).await.unwrap();
    }
}

#[tokio::test]
async fn nothing_is_written_where_the_database_lacks_what_another_lane_has_written() {
    let database = TestDatabase::migrated().await;
    let (mut connection, first) = prepared(&database).await;
    let writers = Writers::enter(&mut connection, first.own().clone(), 2).await.unwrap();
    connection.close().await.unwrap();
    let copy = database.copy().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    write(&mut connection, &mut writers.of_lane(1), &few_and_many()[0]).await.unwrap();
    assert!(writers.are_remembered(&mut connection).await.unwrap());
    let mut elsewhere = PgConnection::connect(copy.url()).await.unwrap();
    assert!(!writers.are_remembered(&mut elsewhere).await.unwrap());
    assert_forgotten(&copy, &mut writers.of_lane(0)).await;
}

async fn allowed_once(database: &TestDatabase, writer: &mut Writer) {
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let device = DeviceId::parse("watch-7").unwrap();
    add_devices(&mut connection, std::slice::from_ref(&device), "test", moment(0)).await.unwrap();
    let allow = "INSERT INTO signal.device_source (allowed_at, device_key, source, allowed_by)
                 SELECT now(), device_key, 'hub', 'operator' FROM signal.device";
    sqlx::query(allow).execute(&mut connection).await.unwrap();
    assert_eq!(look_up(database.url(), writer).await.unwrap().allowed.len(), 1);
}

async fn disallow_all(database: &TestDatabase) -> u64 {
    let mut operator = PgConnection::connect(database.url()).await.unwrap();
    disallow(&mut operator, &DeviceId::parse("hub").unwrap(), Disallowing::All).await.unwrap()
}

#[tokio::test]
async fn nothing_is_written_by_a_right_that_was_taken_away_until_the_writer_knows() {
    let database = TestDatabase::migrated().await;
    let (mut connection, mut writer) = prepared(&database).await;
    allowed_once(&database, &mut writer).await;
    assert_eq!(disallow_all(&database).await, 1);
    let mut revised = None;
    for rows in few_and_many() {
        let refused = write(&mut connection, &mut writer, &rows).await;
        let Err(StoreError::Disallowed { revision, .. }) = refused else { panic!("{refused:?}") };
        revised = Some(revision);
    }
    let refused = look_up(database.url(), &mut writer).await;
    assert!(matches!(refused, Err(StoreError::Disallowed { .. })), "{refused:?}");
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM signal.block").fetch_one(&mut connection).await.unwrap();
    assert_eq!(stored, 0);
    writer.revise(revised.unwrap());
    for rows in few_and_many() {
        write(&mut connection, &mut writer, &rows).await.unwrap();
    }
    assert_eq!(look_up(database.url(), &mut writer).await.unwrap().allowed, []);
    assert_eq!(disallow_all(&database).await, 0);
    write(&mut connection, &mut writer, &CopyRows::default()).await.unwrap();
}

#[tokio::test]
async fn a_right_is_taken_away_once_what_is_being_written_by_it_has_ended() {
    let database = TestDatabase::migrated().await;
    let (mut connection, mut writer) = prepared(&database).await;
    allowed_once(&database, &mut writer).await;
    let writing = writer.begin(&mut connection).await.unwrap();
    let taking = disallow_all(&database);
    let ending = async {
        wait_locked_out(database.url()).await;
        let rights = "SELECT count(*) FROM signal.device_source";
        let mut other = PgConnection::connect(database.url()).await.unwrap();
        let left: i64 = sqlx::query_scalar(rights).fetch_one(&mut other).await.unwrap();
        writing.commit().await.unwrap();
        left
    };
    assert_eq!(tokio::join!(taking, ending), (1, 1));
}

#[tokio::test]
async fn a_database_that_lacks_what_was_taken_away_has_forgotten() {
    let database = TestDatabase::migrated().await;
    let (connection, mut writer) = prepared(&database).await;
    allowed_once(&database, &mut writer).await;
    connection.close().await.unwrap();
    let copy = database.copy().await;
    disallow_all(&database).await;
    writer.revise(1);
    look_up(database.url(), &mut writer).await.unwrap();
    assert_forgotten(&copy, &mut writer).await;
}

/// Method: the transaction is committed behind the writer's back, or rolled back, and the writer hears nothing.
#[tokio::test]
async fn a_commit_without_an_answer_may_stand_or_not_and_the_writer_goes_on() {
    let database = TestDatabase::migrated().await;
    let (mut connection, mut writer) = prepared(&database).await;
    let [few, many] = few_and_many();
    for end in ["COMMIT", "ROLLBACK", "COMMIT", "COMMIT"] {
        let mut transaction = writer.begin(&mut connection).await.unwrap();
        sqlx::query(end).execute(transaction.connection()).await.unwrap();
        drop(transaction);
    }
    write(&mut connection, &mut writer, &few).await.unwrap();
    write(&mut connection, &mut writer, &many).await.unwrap();
    // What the server comes to late, after a newer attempt, is refused.
    let late = "SELECT signal.move_writer(ownership_id, lane, 0, attempt, '{0,0}') FROM signal.ingest_writer
                WHERE lane = 0";
    assert!(!sqlx::query_scalar::<_, bool>(late).fetch_one(&mut connection).await.unwrap());
}
