//! The feed of changes, by itself: whatever commits in whatever order, every reader that keeps its place sees each
//! change once and in the same order, and is told where its place leads nowhere any more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use healthtrack::store::changes::number;
use proptest::prelude::*;
use proptest::sample::Index;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::postgres::TestDatabase;
use crate::support::stack::rows;

/// Who writes at once.
const WRITERS: usize = 4;
/// What one transaction is told apart by in these tests: nothing looks whether there is such a series.
const NOTE: &str = "SELECT signal.note_changes(array_fill($1::integer, ARRAY[$2::integer]),
    array_fill(now(), ARRAY[$2]), array_fill(now(), ARRAY[$2]), array_fill(1, ARRAY[$2]), NULL)";

/// What may come next.
#[derive(Clone, Debug)]
enum Step {
    /// A writer begins a transaction and lists so many changes.
    Write(Index, i32),
    /// A writer's transaction ends: committed, or rolled back.
    End(Index, bool),
    /// Places are given.
    Number,
    /// A reader takes a page of at most so many rows.
    Read(Index, i32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (any::<Index>(), 1..4).prop_map(|(writer, entries)| Step::Write(writer, entries)),
        5 => (any::<Index>(), prop::bool::weighted(0.7)).prop_map(|(writer, commits)| Step::End(writer, commits)),
        2 => Just(Step::Number),
        2 => (any::<Index>(), 1..6).prop_map(|(reader, rows_max)| Step::Read(reader, rows_max)),
    ];
    prop::collection::vec(step, 1..80)
}

/// One that keeps its place.
#[derive(Debug, Default)]
struct Reader {
    place: i64,
    seen: Vec<(i64, i32)>,
}

impl Reader {
    /// Takes a page; false where nothing is left.
    async fn read(&mut self, connection: &mut PgConnection, rows_max: i32) -> bool {
        let page: Vec<(i64, i32)> = sqlx::query_as("SELECT change, series_id FROM signal.changes($1, $2)")
            .bind(self.place)
            .bind(rows_max)
            .fetch_all(connection)
            .await
            .unwrap();
        assert!(page.len() <= usize::try_from(rows_max).unwrap());
        self.place = page.last().map_or(self.place, |(change, _)| *change);
        self.seen.extend(&page);
        !page.is_empty()
    }
}

async fn execute(connection: &mut PgConnection, statement: &'static str) {
    sqlx::raw_sql(statement).execute(connection).await.unwrap();
}

async fn note(connection: &mut PgConnection, transaction: i32, entries: i32) {
    sqlx::query(NOTE).bind(transaction).bind(entries).execute(connection).await.unwrap();
}

/// Runs the steps, and then everything that is left: what each reader has seen is what was committed, in one order.
async fn agrees_with_what_is_committed(
    (reading, writing): (&mut PgConnection, &mut [PgConnection]),
    steps: Vec<Step>,
) -> Result<(), TestCaseError> {
    execute(reading, "TRUNCATE signal.change_commit, signal.change_batch").await;
    let mut open: [Option<(i32, i32)>; WRITERS] = [None; WRITERS];
    let (mut readers, mut committed, mut next) = ([Reader::default(), Reader::default()], BTreeMap::new(), 0);
    for step in steps {
        match step {
            Step::Write(writer, entries) if open[writer.index(WRITERS)].is_none() => {
                let writer = writer.index(WRITERS);
                execute(&mut writing[writer], "BEGIN").await;
                note(&mut writing[writer], next, entries).await;
                open[writer] = Some((next, entries));
                next += 1;
            }
            Step::Write(..) => {}
            Step::End(writer, commits) => {
                let writer = writer.index(WRITERS);
                execute(&mut writing[writer], if commits { "COMMIT" } else { "ROLLBACK" }).await;
                committed.extend(open[writer].take().filter(|_| commits));
            }
            Step::Number => drop(number(reading, 0).await.unwrap()),
            Step::Read(reader, rows_max) => drop(readers[reader.index(2)].read(reading, rows_max).await),
        }
    }
    for writer in 0..WRITERS {
        execute(&mut writing[writer], "COMMIT").await;
        committed.extend(open[writer].take());
    }
    number(reading, 0).await.unwrap();
    for reader in &mut readers {
        while reader.read(reading, 3).await {}
    }
    let [first, second] = readers;
    prop_assert_eq!(&first.seen, &second.seen);
    prop_assert!(first.seen.is_sorted_by(|(a, _), (b, _)| a < b), "{:?}", first.seen);
    let mut seen = BTreeMap::new();
    first.seen.iter().for_each(|(_, transaction)| *seen.entry(*transaction).or_insert(0) += 1);
    let lists = first.seen.chunk_by(|(_, a), (_, b)| a == b).count();
    prop_assert_eq!(lists, seen.len(), "a list is torn apart");
    prop_assert_eq!(seen, committed);
    Ok(())
}

#[test]
fn each_reader_sees_each_commit_once_and_in_the_same_order() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let database = runtime.block_on(TestDatabase::migrated());
    let connect = || runtime.block_on(PgConnection::connect(database.url())).unwrap();
    let mut reading = connect();
    let mut writing: Vec<PgConnection> = (0..WRITERS).map(|_| connect()).collect();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 48, ..ProptestConfig::default() });
    let (reading, writing) = (std::cell::RefCell::new(&mut reading), std::cell::RefCell::new(&mut writing));
    let checked = runner.run(&steps(), |steps| {
        let (mut reading, mut writing) = (reading.borrow_mut(), writing.borrow_mut());
        runtime.block_on(agrees_with_what_is_committed((&mut reading, &mut writing), steps))
    });
    checked.unwrap();
}

/// Method: four write and two number as fast as they can, and two read meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn those_who_number_at_once_give_no_place_twice_and_pass_nothing_over() {
    const EACH: i32 = 60;
    let database = TestDatabase::migrated().await;
    let url: Arc<str> = database.url().into();
    let is_written = Arc::new(AtomicBool::new(false));
    let write = |writer: i32| {
        let url = Arc::clone(&url);
        tokio::spawn(async move {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            for transaction in (writer * EACH)..((writer + 1) * EACH) {
                execute(&mut connection, "BEGIN").await;
                note(&mut connection, transaction, 1 + transaction % 3).await;
                execute(&mut connection, if transaction % 5 == 0 { "ROLLBACK" } else { "COMMIT" }).await;
            }
        })
    };
    let number = || {
        let (url, is_written) = (Arc::clone(&url), Arc::clone(&is_written));
        tokio::spawn(async move {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            let mut place = 0;
            while !is_written.load(Ordering::Acquire) {
                place = number(&mut connection, place).await.unwrap();
            }
            number(&mut connection, place).await.unwrap();
        })
    };
    let read = || {
        let (url, is_written) = (Arc::clone(&url), Arc::clone(&is_written));
        tokio::spawn(async move {
            let (mut connection, mut reader) = (PgConnection::connect(&url).await.unwrap(), Reader::default());
            while !is_written.load(Ordering::Acquire) {
                reader.read(&mut connection, 7).await;
            }
            (connection, reader)
        })
    };
    let (writers, numbers, readers) = ([0, 1, 2, 3].map(write), [number(), number()], [read(), read()]);
    for writer in writers {
        writer.await.unwrap();
    }
    is_written.store(true, Ordering::Release);
    for number in numbers {
        number.await.unwrap();
    }
    let expected: Vec<i32> = (0..4 * EACH)
        .filter(|transaction| transaction % 5 != 0)
        .flat_map(|transaction| std::iter::repeat_n(transaction, usize::try_from(1 + transaction % 3).unwrap()))
        .collect();
    let mut orders = Vec::new();
    for reader in readers {
        let (mut connection, mut reader) = reader.await.unwrap();
        while reader.read(&mut connection, 100).await {}
        let mut transactions: Vec<i32> = reader.seen.iter().map(|(_, transaction)| *transaction).collect();
        orders.push(transactions.clone());
        transactions.sort_unstable();
        assert_eq!(transactions, expected);
    }
    assert_eq!(orders[0], orders[1]);
}

async fn listed(url: &str, after: i64) -> Result<Vec<(i64, i32)>, String> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let query = format!("SELECT change, series_id FROM signal.changes({after})");
    sqlx::query_as(AssertSqlSafe(query)).fetch_all(&mut connection).await.map_err(|error| error.to_string())
}

const NO_PLACE: &str = "start anew from last_place of signal.change_feed";

/// Method: what a dump holds goes on in another incarnation, as a daemon notes it; a reader had read on in between.
#[tokio::test]
async fn a_place_that_a_restored_database_has_not_given_is_refused_and_an_older_one_goes_on() {
    let database = TestDatabase::migrated().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    execute(&mut connection, "SELECT signal.note_incarnation(false)").await;
    note(&mut connection, 1, 2).await;
    // Written before what is numbered, and committed after that.
    let mut late = PgConnection::connect(database.url()).await.unwrap();
    execute(&mut late, "BEGIN").await;
    note(&mut late, 9, 1).await;
    note(&mut connection, 1, 1).await;
    assert_eq!(number(&mut connection, 0).await.unwrap(), 3);
    execute(&mut late, "COMMIT").await;
    drop((connection, late));
    let dump = database.copy().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    note(&mut connection, 2, 3).await;
    assert_eq!(number(&mut connection, 3).await.unwrap(), 7);
    drop(connection);
    database.close().await;
    database.restore(&dump).await;

    assert!(listed(database.url(), 7).await.unwrap_err().contains(NO_PLACE), "it is ahead of the feed");
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    execute(&mut connection, "SELECT signal.note_incarnation(false)").await;
    note(&mut connection, 3, 4).await;
    let last = number(&mut connection, 3).await.unwrap();
    for lost in 4..=7 {
        assert!(listed(database.url(), lost).await.unwrap_err().contains(NO_PLACE), "{lost} belongs to what is lost");
    }
    let places = |first: i64, count: i64, transaction| (first..first + count).map(move |place| (place, transaction));
    let rest: Vec<_> = places(last - 4, 1, 9).chain(places(last - 3, 4, 3)).collect();
    assert_eq!(listed(database.url(), 3).await.unwrap(), rest);
    assert_eq!(listed(database.url(), 0).await.unwrap(), places(1, 3, 1).chain(rest).collect::<Vec<_>>());
    // A daemon that has run on and knows more than there is needs no other sign.
    note(&mut connection, 4, 1).await;
    let known = last + 100;
    assert!(number(&mut connection, known).await.unwrap() > known);
    assert!(listed(database.url(), last + 1).await.unwrap_err().contains(NO_PLACE));
    assert_eq!(listed(database.url(), last).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_old_leaves_and_who_comes_from_there_is_refused() {
    let database = TestDatabase::migrated().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let feed = "SELECT first_place, last_place FROM signal.change_feed";
    assert_eq!(rows(database.url(), feed).await, ["(,0)"]);
    assert_eq!(listed(database.url(), 0).await.unwrap(), []);
    for transaction in 1..=3 {
        note(&mut connection, transaction, 2).await;
        number(&mut connection, 0).await.unwrap();
    }
    assert_eq!(rows(database.url(), feed).await, ["(0,6)"]);
    let prune = "SELECT signal.prune_changes(numbered_at, 100) FROM signal.change_batch WHERE last_change = 4";
    assert_eq!(rows(database.url(), prune).await, ["(1)"], "those before, and no other");
    assert_eq!(rows(database.url(), feed).await, ["(2,6)"]);
    for place in [0, 1, 7] {
        assert!(listed(database.url(), place).await.unwrap_err().contains(NO_PLACE), "{place}");
    }
    assert_eq!(listed(database.url(), 2).await.unwrap(), [(3, 2), (4, 2), (5, 3), (6, 3)]);
    // The newest stays, whatever its age: it says how far was looked.
    assert_eq!(rows(database.url(), "SELECT signal.prune_changes('infinity')").await, ["(1)"]);
    assert_eq!(rows(database.url(), "SELECT count(*) FROM signal.change_commit").await, ["(1)"]);
    assert_eq!(listed(database.url(), 4).await.unwrap().len(), 2);
    note(&mut connection, 4, 1).await;
    assert_eq!(number(&mut connection, 6).await.unwrap(), 7);
    assert_eq!(listed(database.url(), 6).await.unwrap(), [(7, 4)]);
}

#[tokio::test]
async fn programs_that_read_samples_may_read_the_feed_and_nobody_else() {
    let database = TestDatabase::migrated().await;
    for (login, may) in [("ingest", true), ("roller", true), ("analyst", false), ("portal", false), ("nobody", false)] {
        let mut connection = PgConnection::connect(&database.url_as(login)).await.unwrap();
        let read = sqlx::query("SELECT * FROM signal.changes(0)").execute(&mut connection).await;
        assert_eq!(read.is_ok(), may, "{login}: {read:?}");
    }
    let mut connection = PgConnection::connect(&database.url_as("ingest")).await.unwrap();
    note(&mut connection, 1, 1).await;
    assert_eq!(number(&mut connection, 0).await.unwrap(), 1);
    execute(&mut connection, "BEGIN READ ONLY").await;
    assert!(Reader::default().read(&mut connection, 9).await, "nothing is written by who reads");
}
