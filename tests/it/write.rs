//! A transaction of the hot table, by itself: what it writes is what is read back, and only by the shard's owner.

use healthtrack::model::block::{Block, BlockBuilder};
use healthtrack::model::ids::{SeriesId, ShardName};
use healthtrack::model::sample::{Flags, Sample};
use healthtrack::model::time::Timestamp;
use healthtrack::store::StoreError;
use healthtrack::store::hot::{BlockRange, CopyRows, Write, Writing, ensure_chunks, overlapping};
use healthtrack::store::shard::{Ownership, try_take};
use sqlx::{Connection as _, PgConnection};

use crate::support::postgres::TestDatabase;

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
    };
    let none = Flags::NONE;
    let kinds = [
        vec![sample(0, None, 61.5, none)],
        (0..40).map(|n| sample(n, None, n as f64, none)).collect(),
        [0, 3, 4, 9, 20].map(|n| sample(n, None, -0.25 * n as f64, none)).to_vec(),
        (0..40).map(|n| sample(60 * n, Some(60), n as f64, none)).collect(),
        [(0, Some(5)), (7, None), (8, Some(30))].map(|(n, span)| sample(n, span, 1e300, none)).to_vec(),
        (0..5).map(|n| sample(n, None, 300.0, if n == 2 { Flags::UNLIKELY } else { none })).collect(),
    ];
    let block = |samples: &Vec<Sample>| {
        let mut builder = BlockBuilder::default();
        builder.add_samples(samples);
        builder.finish().remove(0)
    };
    kinds.iter().map(block).collect()
}

async fn prepared(database: &TestDatabase) -> (PgConnection, Ownership) {
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    ensure_chunks(&mut connection, &[moment(0).day()]).await.unwrap();
    let own = try_take(&mut connection, &ShardName::parse("main").unwrap(), "test", None).await.unwrap().unwrap();
    (connection, own)
}

async fn write(connection: &mut PgConnection, own: &Ownership, rows: &CopyRows) -> Result<bool, StoreError> {
    let writing = Writing::begin(connection, own, &[]).await?;
    let timing = writing.commit(&Write { removals: &[], rows, quarantined: &[] }).await?;
    Ok(timing.copy.is_some())
}

async fn read(connection: &mut PgConnection, series: i32) -> Vec<Block> {
    let wanted = [BlockRange { series: SeriesId(series), from: moment(0), to: moment(80_000) }];
    overlapping(connection, &wanted).await.unwrap().into_iter().map(|(_, block)| block).collect()
}

#[tokio::test]
async fn a_block_is_read_back_as_it_was_written_alone_or_among_many() {
    let database = TestDatabase::migrated().await;
    let (mut connection, own) = prepared(&database).await;
    for (series, block) in (0..).zip(kinds()) {
        let (mut few, mut many) = (CopyRows::default(), CopyRows::default());
        few.push(SeriesId(series), &block);
        for copy in 0..MANY {
            many.push(SeriesId(1_000 * (series + 1) + i32::try_from(copy).unwrap()), &block);
        }
        write(&mut connection, &own, &few).await.unwrap();
        write(&mut connection, &own, &many).await.unwrap();
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
    let (mut connection, own) = prepared(&database).await;
    let mut copied = Vec::new();
    for (series, block) in (0..).zip(kinds()) {
        let mut rows = CopyRows::default();
        rows.push(SeriesId(series), &block);
        copied.push(write(&mut connection, &own, &rows).await.unwrap());
    }
    assert_eq!(copied, [false, false, false, false, true, true], "spans of their own and flags are copied");
    let mut many = CopyRows::default();
    (100..1_100).for_each(|series| many.push(SeriesId(series), &kinds()[0]));
    assert!(write(&mut connection, &own, &many).await.unwrap());
    many.clear();
    many.push(SeriesId(2_000), &kinds()[0]);
    assert!(!write(&mut connection, &own, &many).await.unwrap(), "what was cleared counts no more");
    assert_eq!(read(&mut connection, 1_099).await.len(), 1);
}

#[tokio::test]
async fn who_has_lost_the_shard_writes_neither_few_rows_nor_many() {
    let database = TestDatabase::migrated().await;
    let (mut connection, late) = prepared(&database).await;
    let mut other = PgConnection::connect(database.url()).await.unwrap();
    sqlx::query("SELECT pg_advisory_unlock_all()").execute(&mut connection).await.unwrap();
    try_take(&mut other, &late.shard, "other", None).await.unwrap().unwrap();
    let (mut few, mut many) = (CopyRows::default(), CopyRows::default());
    few.push(SeriesId(1), &kinds()[1]);
    (100..1_100).for_each(|series| many.push(SeriesId(series), &kinds()[1]));
    for rows in [few, many] {
        let refused = write(&mut connection, &late, &rows).await;
        assert!(matches!(refused, Err(StoreError::Fenced { .. })), "{refused:?}");
    }
    let stored: i64 = sqlx::query_scalar("SELECT count(*) FROM signal.block").fetch_one(&mut other).await.unwrap();
    assert_eq!(stored, 0);
}
