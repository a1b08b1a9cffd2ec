//! The private servers keep their promises: data stay, crashes are survived, nothing is left behind.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::support::postgres::{TestDatabase, own_postgres};
use crate::support::wait::wait_until;
use crate::support::{mosquitto, process_of, runs};
use healthtrack::embedded::{EmbeddedError, PostgresOptions, PostgresSearch, PrivateBroker, PrivatePostgres};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, Publish};
use rumqttc::v5::{AsyncClient, Event, EventLoop, MqttOptions};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

const TIMEOUT: Duration = Duration::from_secs(20);

fn options() -> PostgresOptions {
    PostgresOptions { search: PostgresSearch::of(|name| std::env::var_os(name)), ..PostgresOptions::default() }
}

async fn number(url: &str, query: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut connection).await.unwrap()
}

async fn run(url: &str, statements: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn data_stay_between_runs() {
    let folder = tempfile::tempdir().unwrap();
    let first = PrivatePostgres::start(folder.path(), options()).await.unwrap();
    let password_file = folder.path().join("postgres.password");
    assert_eq!(mode(&password_file), 0o600);
    first.create_database("health").await.unwrap();
    first.create_database("health").await.expect("a database that exists is no error");
    run(&first.url("health"), "CREATE TABLE kept AS SELECT 7::bigint AS value").await;
    let pid = first.pid().unwrap();
    first.stop().await.unwrap();
    assert!(!runs(pid), "a stopped server still runs");

    let second = PrivatePostgres::start(folder.path(), options()).await.unwrap();
    assert_eq!(number(&second.url("health"), "SELECT value FROM kept").await, 7);
    let pid = second.pid().unwrap();
    drop(second);
    assert!(!runs(pid), "a dropped server still runs");
}

#[tokio::test]
async fn what_was_committed_survives_kill_9() {
    let postgres = own_postgres(&[]).await;
    let url = postgres.url("postgres");
    run(&url, "CREATE TABLE kept (value bigint)").await;
    for round in 1..=3 {
        run(&url, "INSERT INTO kept VALUES (1)").await;
        postgres.kill_hard().await.unwrap();
        assert_eq!(postgres.pid(), None);
        postgres.restart().await.unwrap();
        assert_eq!(number(&url, "SELECT count(*) FROM kept").await, round);
    }
}

#[tokio::test]
async fn a_data_directory_has_one_owner() {
    let folder = tempfile::tempdir().unwrap();
    let first = PrivatePostgres::start(folder.path(), options()).await.unwrap();
    let refused = PrivatePostgres::start(folder.path(), options()).await.unwrap_err();
    assert!(matches!(refused, EmbeddedError::InUse(_)), "{refused}");
    assert_eq!(number(&first.url("postgres"), "SELECT 1::bigint").await, 1);
}

#[tokio::test]
async fn data_of_another_version_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("cluster")).unwrap();
    std::fs::write(folder.path().join("cluster/PG_VERSION"), "9\n").unwrap();
    let refused = PrivatePostgres::start(folder.path(), options()).await.unwrap_err();
    assert!(matches!(refused, EmbeddedError::OtherVersion { cluster: 9, .. }), "{refused}");
}

#[tokio::test]
async fn settings_that_were_asked_for_hold() {
    let postgres = own_postgres(&[("work_mem", "7MB"), ("application_name", "it's")]).await;
    assert_eq!(
        number(&postgres.url("postgres"), "SELECT setting::bigint FROM pg_settings WHERE name = 'work_mem'").await,
        7168
    );
}

#[tokio::test]
async fn a_bad_setting_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let settings = vec![("no_such_setting".to_owned(), "1".to_owned())];
    let refused = PrivatePostgres::start(folder.path(), PostgresOptions { settings, ..options() }).await.unwrap_err();
    assert!(refused.to_string().contains("no_such_setting"), "{refused}");
}

/// Maven Central must be reachable; a machine without a network says so with `HEALTHTRACK_FETCH=no`.
#[tokio::test]
async fn postgres_is_fetched_where_none_is_installed() {
    if std::env::var_os("HEALTHTRACK_FETCH").is_some_and(|value| value == "no") {
        return crate::support::skip("HEALTHTRACK_FETCH=no forbids to fetch Postgres");
    }
    // A folder of its own below a world-readable one, kept between runs: 15 MB are fetched once.
    let search = PostgresSearch { path: None, ..PostgresSearch::of(|name| std::env::var_os(name)) };
    let folder = tempfile::tempdir().unwrap();
    // Data of the fetched version make a machine's own Postgres of another version unfit.
    std::fs::create_dir(folder.path().join("cluster")).unwrap();
    std::fs::write(folder.path().join("cluster/PG_VERSION"), "17\n").unwrap();
    let refused = PrivatePostgres::start(folder.path(), PostgresOptions { search: search.clone(), ..options() });
    // The cluster is a sham, so the server must refuse it; that it was asked at all proves that it is here.
    assert!(matches!(refused.await.unwrap_err(), EmbeddedError::Tool { .. }));
    let Some(cache) = search.cache_dir.map(|cache| cache.join("postgres-17.6.0/bin")).filter(|bin| bin.exists()) else {
        return; // This machine has a Postgres 17 of its own.
    };
    let folder = tempfile::tempdir().unwrap();
    let postgres =
        PrivatePostgres::start(folder.path(), PostgresOptions { binaries: Some(cache), ..options() }).await.unwrap();
    let url = postgres.url("postgres");
    assert_eq!(number(&url, "SELECT current_setting('server_version_num')::bigint / 10000").await, 17);
    run(&url, "CREATE EXTENSION btree_gist; CREATE EXTENSION pgcrypto; CREATE EXTENSION pg_trgm").await;
}

#[tokio::test]
async fn a_folder_without_postgres_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let binaries = Some(PathBuf::from("/usr/share"));
    let refused = PrivatePostgres::start(folder.path(), PostgresOptions { binaries, ..options() }).await.unwrap_err();
    assert!(matches!(refused, EmbeddedError::Folder { .. }), "{refused}");
}

/// Method: this test starts itself in a process of its own, which starts a server and is then killed.
#[tokio::test]
async fn a_server_ends_with_a_process_that_is_killed() {
    if std::env::var_os(CHILD).is_some() {
        let database = TestDatabase::new().await;
        let folder = text(database.url(), "SHOW data_directory").await;
        let postmaster = std::fs::read_to_string(Path::new(&folder).join("postmaster.pid")).unwrap();
        println!("\nchild: {} {folder}", postmaster.lines().next().unwrap());
        std::future::pending::<()>().await;
    }
    let (mut child, postmaster, folder) = start_child("a_server_ends_with_a_process_that_is_killed", Path::new("-"));
    child.kill().unwrap();
    child.wait().unwrap();
    let data_dir = folder.parent().unwrap();
    wait_until(TIMEOUT, "the server has ended", || async { !runs(postmaster) }).await;
    wait_until(TIMEOUT, "its data are removed", || async { !data_dir.exists() }).await;
}

/// Method: as above, but the warden is killed first, so that the server outlives its owner. Needs /proc to find it.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_server_that_outlived_its_owner_is_stopped_by_the_next_run() {
    if let Some(folder) = std::env::var_os(CHILD) {
        let postgres = PrivatePostgres::start(Path::new(&folder), options()).await.unwrap();
        run(&postgres.url("postgres"), "CREATE TABLE kept AS SELECT 7::bigint AS value").await;
        println!("\nchild: {} -", postgres.pid().unwrap());
        std::future::pending::<()>().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "a_server_that_outlived_its_owner_is_stopped_by_the_next_run";
    let (mut child, postmaster, _) = start_child(name, folder.path());
    let warden = process_of(&["trap", &folder.path().to_string_lossy()]).expect("the warden runs");
    assert!(Command::new("/bin/sh").args(["-c", &format!("kill -9 {warden}")]).status().unwrap().success());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(runs(postmaster), "the server outlives its owner");
    let next = PrivatePostgres::start(folder.path(), options()).await.unwrap();
    assert!(!runs(postmaster) && next.pid() != Some(postmaster));
    assert_eq!(number(&next.url("postgres"), "SELECT value FROM kept").await, 7);
}

/// Says to a test that it is the child.
const CHILD: &str = "HEALTHTRACK_TEST_CHILD";

/// Starts this program again for one test, and waits for what that prints: a process and a folder.
fn start_child(test: &str, word: &Path) -> (Child, u32, PathBuf) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("embedded::{test}"), "--nocapture"])
        .env(CHILD, word)
        .env_remove("HEALTHTRACK_TEST_POSTGRES")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let said = lines.find(|line| line.starts_with("child: ")).expect("the child starts a server");
    let mut words = said.split(' ').skip(1);
    let process = words.next().unwrap().parse().unwrap();
    (child, process, PathBuf::from(words.next().unwrap()))
}

#[tokio::test]
async fn each_test_has_a_database_of_its_own() {
    let (one, two) = (TestDatabase::new().await, TestDatabase::new().await);
    run(one.url(), "CREATE TABLE here (value bigint)").await;
    assert_eq!(number(two.url(), "SELECT count(*) FROM pg_tables WHERE tablename = 'here'").await, 0);
    let name = one.name().to_owned();
    drop(one);
    assert_eq!(number(two.url(), &format!("SELECT count(*) FROM pg_database WHERE datname = '{name}'")).await, 0);
}

#[test]
fn mosquitto_starts_again_on_its_port_and_leaves_nothing_behind() {
    let Some(mut mosquitto) = mosquitto::Mosquitto::start(&mosquitto::MosquittoOptions::default()) else { return };
    let (port, first) = (mosquitto.port(), mosquitto.pid().unwrap());
    mosquitto.stop();
    mosquitto.restart();
    mosquitto.kill();
    mosquitto.restart();
    assert_eq!(mosquitto.port(), port);
    let last = mosquitto.pid().unwrap();
    drop(mosquitto);
    assert!(!runs(first) && !runs(last));
}

/// What the ingest path asks of a broker: a window of 10 kB messages, acknowledged late and in order.
#[tokio::test(flavor = "multi_thread")]
async fn the_broker_delivers_each_message_once_where_all_are_acknowledged() {
    let broker = PrivateBroker::start().await.unwrap();
    let (client, mut events, _) = subscriber(&broker).await;
    let publisher = tokio::spawn(publish(broker.port(), 0..MESSAGES));
    let begun = std::time::Instant::now();
    let mut waiting = Vec::new();
    for expected in 0..MESSAGES {
        let message = next_publish(&mut events).await;
        assert_eq!(number_of(&message), expected);
        waiting.push(message);
        if waiting.len() == WINDOW / 2 {
            waiting.drain(..).for_each(|message| client.try_ack(&message).unwrap());
        }
    }
    println!("{:.0} messages/s", f64::from(MESSAGES) / begun.elapsed().as_secs_f64());
    publisher.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_delivers_again_what_was_not_acknowledged() {
    let broker = PrivateBroker::start().await.unwrap();
    let (client, mut events, present) = subscriber(&broker).await;
    assert!(!present);
    publish(broker.port(), 0..300).await;
    let mut messages = Vec::new();
    for _ in 0..WINDOW {
        messages.push(next_publish(&mut events).await);
    }
    // Thirty acknowledgements reach the broker: it then sends thirty more, which proves it.
    messages.iter().take(30).for_each(|message| client.try_ack(message).unwrap());
    for _ in 0..30 {
        next_publish(&mut events).await;
    }
    drop((client, events));
    let (client, mut events, present) = subscriber(&broker).await;
    assert!(present, "the session is kept");
    for expected in 30..300 {
        let message = next_publish(&mut events).await;
        assert_eq!(number_of(&message), expected);
        client.try_ack(&message).unwrap();
    }
}

const MESSAGES: u32 = 5_000;
/// rumqttd never has more messages under way to one session.
const WINDOW: usize = 100;

async fn subscriber(broker: &PrivateBroker) -> (AsyncClient, EventLoop, bool) {
    let mut options = MqttOptions::new("subscriber", "127.0.0.1", broker.port());
    options.set_clean_start(false).set_session_expiry_interval(Some(3_600)).set_receive_maximum(Some(1_000));
    options.set_manual_acks(true).set_max_packet_size(Some(1 << 20)).set_connection_timeout(5);
    let (client, mut events) = AsyncClient::new(options, 1_000);
    let Event::Incoming(Packet::ConnAck(ack)) = events.poll().await.unwrap() else { panic!("no CONNACK") };
    if !ack.session_present {
        client.subscribe("test/#", QoS::AtLeastOnce).await.unwrap();
        while !matches!(events.poll().await.unwrap(), Event::Incoming(Packet::SubAck(_))) {}
    }
    (client, events, ack.session_present)
}

/// Publishes numbered messages of 10 kB and waits for all of their acknowledgements.
async fn publish(port: u16, numbers: std::ops::Range<u32>) {
    let mut options = MqttOptions::new(format!("publisher{}", numbers.start), "127.0.0.1", port);
    options.set_max_packet_size(Some(1 << 20));
    let (client, mut events) = AsyncClient::new(options, 100);
    let mut missing = numbers.len();
    let sending = tokio::spawn(async move {
        for number in numbers {
            let mut payload = vec![b'x'; 10_000];
            payload[..4].copy_from_slice(&number.to_be_bytes());
            client.publish(format!("test/{}", number % 10), QoS::AtLeastOnce, false, payload).await.unwrap();
        }
        client
    });
    while missing > 0 {
        if let Event::Incoming(Packet::PubAck(_)) = events.poll().await.unwrap() {
            missing -= 1;
        }
    }
    sending.await.unwrap();
}

async fn next_publish(events: &mut EventLoop) -> Publish {
    let publish = async {
        loop {
            if let Event::Incoming(Packet::Publish(publish)) = events.poll().await.unwrap() {
                return publish;
            }
        }
    };
    tokio::time::timeout(TIMEOUT, publish).await.expect("a message comes")
}

fn number_of(message: &Publish) -> u32 {
    u32::from_be_bytes(message.payload[..4].try_into().unwrap())
}

async fn text(url: &str, query: &str) -> String {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut connection).await.unwrap()
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
