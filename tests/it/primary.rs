//! Where the daemon's connections lead: to the one of several hosts that takes writes, and never to a standby, nor to a
//! pooler that gives a session another server process for each transaction.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use healthtrack::embedded::{PostgresOptions, PostgresSearch, PrivatePostgres};
use healthtrack::model::ids::ShardName;
use healthtrack::model::metric::Catalogue;
use healthtrack::mqtt::publisher::Publisher;
use healthtrack::store::migrate::migrate;
use healthtrack::store::shard::try_take;
use sqlx::{Connection as _, PgConnection};

use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::pgbouncer::Pgbouncer;
use crate::support::postgres::{TestDatabase, own_postgres};
use crate::support::stack::{rows, run};
use crate::support::wait::wait_until;

const SETTINGS: [(&str, &str); 1] = [("wal_level", "replica")];
const STORED: &str = "SELECT device_id, count(*) FROM signal.sample GROUP BY device_id ORDER BY device_id";

/// A primary with today's schema, and a standby that has it and then follows no more.
async fn primary_and_standby() -> (PrivatePostgres, PrivatePostgres) {
    let primary = own_postgres(&SETTINGS).await;
    let mut connection = PgConnection::connect(&primary.url("postgres")).await.unwrap();
    migrate(&mut connection, &Catalogue::builtin().unwrap()).await.unwrap();
    connection.close().await.unwrap();
    primary.kill_hard().await.unwrap();
    let log = primary.log();
    let (from, to) = (log.parent().unwrap(), tempfile::tempdir().unwrap().keep());
    copy(from, &to);
    fs::remove_file(to.join("cluster/postmaster.pid")).unwrap();
    fs::write(to.join("cluster/standby.signal"), "").unwrap();
    primary.restart().await.unwrap();
    let options = PostgresOptions {
        search: PostgresSearch::of(|name| std::env::var_os(name)),
        settings: SETTINGS.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        throwaway: true,
        ..PostgresOptions::default()
    };
    let standby = PrivatePostgres::start(&to, options).await.unwrap();
    (primary, standby)
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").args(["-a", "--"]).arg(from.join(".")).arg(to).status().unwrap();
    assert!(status.success());
}

async fn publish(mosquitto: &Mosquitto, start: u64, values: &[u32]) {
    let publisher = Publisher::connect(&mosquitto.url().parse().unwrap(), "test", 10).await.unwrap();
    publisher.publish("ht/1/main/watch-7/batch".to_owned(), run(start, values).into_bytes()).await.unwrap();
    assert!(publisher.finish(TIMEOUT).await.is_complete());
}

async fn wait_stored(url: &str, expected: &str) {
    wait_until(TIMEOUT, "the samples are stored", || async { rows(url, STORED).await == [expected] }).await;
}

/// Method: the standby is named first; then the primary dies, and the standby, which lacks what was written, is
/// promoted.
#[tokio::test(flavor = "multi_thread")]
async fn of_several_hosts_the_one_that_takes_writes_is_found_and_found_again_after_a_failover() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let (primary, standby) = primary_and_standby().await;
    let both = format!("127.0.0.1:{},127.0.0.1:{}", standby.port(), primary.port());
    let url = primary.url("postgres").replace(&format!("127.0.0.1:{}", primary.port()), &both);
    let daemon = Daemon::start(&format!("{url}?target_session_attrs=read-write"), &mosquitto.url(), &[]).await;
    publish(&mosquitto, 0, &[60, 61]).await;
    wait_stored(&primary.url("postgres"), "(watch-7,2)").await;
    primary.kill_hard().await.unwrap();
    let mut promoted = PgConnection::connect(&standby.url("postgres")).await.unwrap();
    sqlx::query("SELECT pg_promote()").execute(&mut promoted).await.unwrap();
    publish(&mosquitto, 10, &[62, 63, 64]).await;
    wait_stored(&standby.url("postgres"), "(watch-7,3)").await;
    assert_eq!(daemon.metric("healthtrack_store_forgotten_total"), 1.0);
    wait_until(TIMEOUT, "the daemon is ready", || async { daemon.is_ready() }).await;
}

/// What a daemon says that is refused.
async fn refused(url: &str) -> String {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return String::new() };
    let mut daemon = Daemon::spawn(url, &mosquitto.url(), &[]);
    let ended = daemon.wait_ended(Duration::from_secs(20)).await;
    assert!(!ended.success(), "a daemon that cannot work ends with an error");
    daemon.log()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_is_refused_at_the_start() {
    let (_primary, standby) = primary_and_standby().await;
    let said = refused(&standby.url("postgres")).await;
    assert!(
        said.contains("the database is a standby, which takes no writes: point store.url at the primary"),
        "{said}"
    );
}

/// Method: pgbouncer as it comes; told to take no notice of settings; and with the setting given to the database itself,
/// so that nothing but its processes betrays it.
#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_breaks_sessions_is_refused_at_the_start() {
    let database = TestDatabase::migrated().await;
    let silent = "extra_float_digits,options";
    for (mode, ignores, is_set, expected) in [
        ("transaction", "extra_float_digits", false, "refuses the settings that a session asks for"),
        ("session", silent, false, "drops the settings that a session asks for"),
        ("transaction", silent, false, "drops the settings that a session asks for"),
        ("transaction", silent, true, "one server process"),
    ] {
        if is_set {
            let setting = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET statement_timeout = 30000',
                           current_database()); END $$";
            let mut connection = PgConnection::connect(database.url()).await.unwrap();
            sqlx::raw_sql(setting).execute(&mut connection).await.unwrap();
        }
        let Some(pgbouncer) = Pgbouncer::start(database.url(), mode, ignores).await else { return };
        let said = refused(pgbouncer.url()).await;
        assert!(said.contains("store.url leads to a pooler that ") && said.contains(expected), "{mode}: {said}");
    }
}

/// As pgpool does it in its raw mode: it begins a transaction by itself and does not end it.
#[tokio::test(flavor = "multi_thread")]
async fn a_pooler_that_answers_before_it_commits_is_refused_when_the_shard_is_taken() {
    let database = TestDatabase::migrated().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    sqlx::raw_sql("BEGIN").execute(&mut connection).await.unwrap();
    let shard = ShardName::parse("main").unwrap();
    let refused = try_take(&mut connection, &shard, "test", None).await.unwrap_err();
    let said = refused.to_string();
    assert!(said.contains("a pooler that answers a statement before it is committed"), "{said}");
}
