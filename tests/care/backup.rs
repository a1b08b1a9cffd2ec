//! Backups: who may make one, that it holds every row, and that what is restored is the same.
//!
//! Row-level security binds the owner too, so a dump by the owner is refused rather than short. The login that
//! `deploy/roles.sql` makes for backups is bound by none of it, reads everything and writes nothing.

use std::path::Path;
use std::process::Command;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::privilege::server::{Server, said};

/// Each table of ours: its name, how many rows it has, and a digest of them.
const DIGEST: &str = "SELECT format('SELECT %L, count(*), md5(coalesce(string_agg(row::text, chr(10) ORDER BY row::text), ''''))
                                     FROM %s AS row', oid::regclass, oid::regclass)
                      FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('care', 'access', 'signal')
                      ORDER BY oid::regclass::text";

#[tokio::test]
async fn the_login_for_backups_dumps_every_row_and_the_owner_is_refused() {
    let Some(mut server) = Server::start().await else { return };
    said(&mut server.healthtrack("health_owner", &["populate", "--patients", "60", "--today", "2026-11-25"]));
    let mut owner = PgConnection::connect(&server.url_as("health_owner")).await.unwrap();
    let mut backup = PgConnection::connect(&server.url_as("health_backup")).await.unwrap();
    // What pg_dump says first.
    for login in [&mut owner, &mut backup] {
        login.execute("SET row_security = off").await.unwrap();
    }
    let refused = owner.execute("SELECT FROM care.patient").await.unwrap_err().to_string();
    assert!(refused.contains("row-level security"), "{refused}");
    let kept = digests(&mut server.root).await;
    assert!(kept.len() > 100 && kept.iter().any(|line| line.starts_with("care.patient|60|")), "{kept:?}");
    assert_eq!(digests(&mut backup).await, kept);
    for statement in
        ["DELETE FROM care.patient", "UPDATE care.patient SET legal_hold = false", "SELECT api.look('', '', NULL)"]
    {
        let refused = backup.execute(statement).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied") || refused.contains("does not exist"), "{statement}: {refused}");
    }

    let folder: String = sqlx::query_scalar("SELECT setting FROM pg_config WHERE name = 'BINDIR'")
        .fetch_one(&mut server.root)
        .await
        .unwrap();
    let folder = Path::new(&folder);
    if !folder.join("pg_dump").exists() {
        // A server that was fetched comes without it: what it asks for was asked above.
        return;
    }
    let dump = tempfile::NamedTempFile::new().unwrap();
    let pg_dump = |login: &str| {
        let mut command = Command::new(folder.join("pg_dump"));
        command.args(["--format=custom", "--file"]).arg(dump.path()).arg(server.url_as(login));
        command
    };
    let refused = pg_dump("health_owner").output().unwrap();
    assert!(!refused.status.success(), "the owner's dump would lack rows");
    said(&mut pg_dump("health_backup"));
    server.root.execute("CREATE DATABASE health_restored OWNER health_owner").await.unwrap();
    let restored = server.postgres.url("health_restored");
    let mut restore = Command::new(folder.join("pg_restore"));
    said(restore.args(["--exit-on-error", "--dbname", &restored]).arg(dump.path()));
    let mut root = PgConnection::connect(&restored).await.unwrap();
    assert_eq!(digests(&mut root).await, kept);
    let by_others =
        "SELECT count(*) FROM pg_class WHERE relnamespace::regnamespace::text IN ('care', 'access', 'signal')
                     AND relowner <> 'health_owner'::regrole";
    assert_eq!(sqlx::query_scalar::<_, i64>(by_others).fetch_one(&mut root).await.unwrap(), 0);
    // Rights on the database itself are in no dump.
    let is_open = "SELECT has_database_privilege('health_portal', 'health_restored', 'TEMPORARY')";
    assert!(sqlx::query_scalar::<_, bool>(is_open).fetch_one(&mut root).await.unwrap());
    root.execute("CALL access.restrict_database()").await.unwrap();
    assert!(!sqlx::query_scalar::<_, bool>(is_open).fetch_one(&mut root).await.unwrap());
}

/// A line for each table.
async fn digests(sql: &mut PgConnection) -> Vec<String> {
    let questions: Vec<String> = sqlx::query_scalar(DIGEST).fetch_all(&mut *sql).await.unwrap();
    let mut lines = Vec::new();
    for question in questions {
        let (table, rows, digest): (String, i64, String) =
            sqlx::query_as(AssertSqlSafe(question)).fetch_one(&mut *sql).await.unwrap();
        lines.push(format!("{table}|{rows}|{digest}"));
    }
    lines
}
