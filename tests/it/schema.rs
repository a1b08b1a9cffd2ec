//! The schema keeps its own promises, on plain Postgres and on TimescaleDB alike.

use healthtrack::model::metric::Catalogue;
use healthtrack::model::time::Timestamp;
use healthtrack::store::hot::ensure_chunks;
use healthtrack::store::migrate::{is_current, migrate};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::postgres::TestDatabase;

async fn migrated(database: &TestDatabase) -> PgConnection {
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    migrate(&mut connection, &Catalogue::builtin().unwrap()).await.unwrap();
    connection
}

async fn names(connection: &mut PgConnection, query: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(connection).await.unwrap()
}

#[tokio::test]
async fn migrating_twice_changes_nothing() {
    let database = TestDatabase::new().await;
    let mut connection = migrated(&database).await;
    assert!(is_current(&mut connection).await.unwrap());
    let again = migrate(&mut connection, &Catalogue::builtin().unwrap()).await.unwrap();
    assert_eq!(again.applied, 0);
    let metrics = names(&mut connection, "SELECT count(*)::text FROM signal.metric").await;
    assert_eq!(metrics, [Catalogue::builtin().unwrap().all().len().to_string()]);
}

#[tokio::test]
async fn every_relation_column_and_function_has_a_comment() {
    let database = TestDatabase::new().await;
    let mut connection = migrated(&database).await;
    let query = "SELECT c.relname || coalesce('.' || a.attname, '')
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE n.nspname = 'signal' AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition
           AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)
         UNION ALL
         SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname = 'signal' AND obj_description(p.oid, 'pg_proc') IS NULL";
    assert_eq!(names(&mut connection, query).await, Vec::<String>::new());
    sqlx::query("CREATE TABLE signal.injected (injected integer)").execute(&mut connection).await.unwrap();
    assert_eq!(names(&mut connection, query).await, ["injected.injected"], "the check sees what it should");
}

#[tokio::test]
async fn a_chunk_is_made_once_whoever_asks_for_it() {
    let database = TestDatabase::new().await;
    let mut connection = migrated(&database).await;
    // With an archive a day has a chunk of its own.
    sqlx::query("INSERT INTO signal.archive VALUES (now(), gen_random_uuid())").execute(&mut connection).await.unwrap();
    let partitioned =
        names(&mut connection, "SELECT 'yes' FROM pg_partitioned_table WHERE partrelid = 'signal.block'::regclass")
            .await
            .len()
            == 1;
    let day = Timestamp::parse_rfc3339("2026-11-23T10:00:00Z").unwrap().day();
    let mut second = PgConnection::connect(database.url()).await.unwrap();
    let days = [day, day.next()];
    let (one, two) = tokio::join!(ensure_chunks(&mut connection, &days), ensure_chunks(&mut second, &days));
    // A hypertable makes its chunks itself.
    assert_eq!(one.unwrap() + two.unwrap(), if partitioned { 2 } else { 0 });
}

#[tokio::test]
async fn the_database_refuses_a_block_that_breaks_the_tables_rules() {
    let database = TestDatabase::new().await;
    let mut connection = migrated(&database).await;
    let day = Timestamp::parse_rfc3339("2026-11-23T10:00:00Z").unwrap().day();
    ensure_chunks(&mut connection, &[day]).await.unwrap();
    let block = |start: &str, gaps: &str| {
        format!(
            "INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, gaps, values)
             VALUES ('{start}', '2026-11-23 10:00Z', 1000000, 1, {gaps}, '{{60, 61}}')"
        )
    };
    let mut refused_by = Vec::new();
    for (start, gaps) in [
        ("2026-11-23 09:00Z", "NULL"),
        ("2026-11-23 09:00Z", "NULL"),
        ("2026-11-23 11:00Z", "NULL"),
        ("2026-11-23 08:00Z", "'{0}'"),
    ] {
        let inserted = sqlx::query(AssertSqlSafe(block(start, gaps))).execute(&mut connection).await;
        refused_by.push(
            inserted
                .err()
                .and_then(|error| error.as_database_error().and_then(|error| error.constraint()).map(str::to_owned)),
        );
    }
    assert_eq!(refused_by[0], None);
    // A chunk's own copy of a unique constraint has a name of its own.
    assert!(refused_by[1].is_some());
    assert_eq!(refused_by[2].as_deref(), Some("block_times_are_forward"));
    assert_eq!(refused_by[3].as_deref(), Some("block_columns_have_one_length"));
}
