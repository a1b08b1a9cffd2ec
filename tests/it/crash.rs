//! Stops between any two stages: whatever is killed, each sample is stored once, and the daemon goes on without help.

use std::time::Duration;

use healthtrack::mqtt::publisher::Publisher;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::daemon::{Daemon, TIMEOUT};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::{TestDatabase, own_postgres};
use crate::support::stack::{Verdict, promise};
use crate::support::wait::{happens_within, wait_until};

const HUBS: u64 = 8;
pub(crate) const SAMPLES: u64 = 20;

/// Asks Postgres for nothing but what a test waits for, so that nobody else writes its log to disk.
const QUIET: [(&str, &str); 4] = [
    ("autovacuum", "off"),
    ("bgwriter_lru_maxpages", "0"),
    ("wal_writer_delay", "10s"),
    ("wal_writer_flush_after", "1GB"),
];

/// Message `id`: twenty seconds of one of eight hubs, each value a function of hub and second.
fn message(id: u64) -> (String, String) {
    let (hub, first) = (id % HUBS, id / HUBS * SAMPLES);
    let values: Vec<String> = (first..first + SAMPLES).map(|second| value(hub, second).to_string()).collect();
    let start = 1_795_428_000_000 + first * 1_000;
    let values = values.join(",");
    let payload = format!(
        r#"{{"v":1,"series":[{{"metric":"heart_rate","start":{start},"period_ms":1000,"values":[{values}]}}]}}"#
    );
    (format!("ht/1/main/hub-{hub}/batch"), payload)
}

fn value(hub: u64, second: u64) -> u64 {
    55 + (hub * 31 + second * 17) % 90
}

pub(crate) async fn publish(publisher: &Publisher, ids: std::ops::Range<u64>) {
    for id in ids {
        let (topic, payload) = message(id);
        publisher.publish(topic, payload).await.unwrap();
    }
}

pub(crate) async fn rows(url: &str, query: &str) -> Vec<(String, i64, f64)> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query_as(AssertSqlSafe(query.to_owned())).fetch_all(&mut connection).await.unwrap()
}

pub(crate) const STORED: &str = "SELECT device_id, extract(epoch FROM start_at)::bigint, value FROM signal.sample
                      ORDER BY device_id, start_at";

/// Everything that `messages` messages hold, each sample once, and nothing else.
fn expected(messages: u64) -> Vec<(String, i64, f64)> {
    let mut expected = Vec::new();
    for id in 0..messages {
        let (hub, first) = (id % HUBS, id / HUBS * SAMPLES);
        expected.extend((first..first + SAMPLES).map(|second| {
            let at = i64::try_from(1_795_428_000 + second).unwrap();
            (format!("hub-{hub}"), at, value(hub, second) as f64)
        }));
    }
    expected.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    expected
}

pub(crate) async fn wait_stored(url: &str, messages: u64) {
    let count = "SELECT '', count(*), 0::float8 FROM signal.sample";
    let wanted = i64::try_from(messages * SAMPLES).unwrap();
    wait_until(TIMEOUT, "all samples are stored", || async { rows(url, count).await[0].1 >= wanted }).await;
}

pub(crate) fn assert_all(stored: &[(String, i64, f64)], messages: u64) {
    let expected = expected(messages);
    assert_eq!(stored.len(), expected.len(), "as many samples as were published");
    if let Some((stored, expected)) = stored.iter().zip(&expected).find(|(stored, expected)| stored != expected) {
        panic!("{stored:?} is stored where {expected:?} was published");
    }
}

pub(crate) async fn publisher(mosquitto: &Mosquitto) -> Publisher {
    Publisher::connect(&mosquitto.url().parse().unwrap(), "test", 5_000).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_daemon_loses_nothing_and_doubles_nothing() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let mut daemon = Daemon::start(database.url(), &mosquitto.url(), &[("INGEST__BATCH_AGE_MS", "50")]).await;
    let publisher = publisher(&mosquitto).await;
    let mut duplicates = 0;
    for round in 0..6_u64 {
        publish(&publisher, round * 500..(round + 1) * 500).await;
        // Each time at another moment: as soon as some of the round is committed.
        let some = (round + 1) as f64 * 60.0 * SAMPLES as f64 % 4_000.0;
        wait_until(TIMEOUT, "some of it is committed", || async {
            daemon.metric("healthtrack_ingest_samples_total") >= some
        })
        .await;
        duplicates += daemon.outcomes()[1];
        daemon.kill();
        daemon.restart();
        daemon.wait_ready().await;
    }
    wait_stored(database.url(), 3_000).await;
    assert_all(&rows(database.url(), STORED).await, 3_000);
    println!("{duplicates} duplicates were seen on the way");
}

/// Method: a standby that does not exist is waited for, so a COMMIT is on disk and yet gets no answer. There the daemon is
/// killed, and the waiting is called off.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_and_not_acknowledged_comes_again_and_counts_as_duplicate() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let postgres = own_postgres(&[("wal_level", "replica"), ("max_wal_senders", "1")]).await;
    let url = postgres.url("postgres");
    let mut daemon = Daemon::start(&url, &mosquitto.url(), &[]).await;
    let publisher = publisher(&mosquitto).await;
    publish(&publisher, 0..80).await;
    daemon.wait_settled(80 * SAMPLES).await;
    let acks = |daemon: &Daemon| daemon.metric("healthtrack_mqtt_acks_total");
    wait_until(TIMEOUT, "the first messages are acknowledged", || async { acks(&daemon) == 80.0 }).await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let mut run = async |statement: &'static str| {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
        sqlx::query("SELECT pg_reload_conf()").execute(&mut connection).await.unwrap();
    };
    run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'").await;
    publish(&publisher, 80..160).await;
    let waiting = "SELECT '', count(*), 0::float8 FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
    wait_until(TIMEOUT, "a lane waits for its COMMIT", || async { rows(&url, waiting).await[0].1 >= 1 }).await;
    assert_eq!(acks(&daemon), 80.0, "a message is acknowledged whose COMMIT has no answer");
    daemon.kill();
    run("ALTER SYSTEM RESET synchronous_standby_names").await;
    daemon.restart();
    daemon.wait_ready().await;
    daemon.wait_settled(80 * SAMPLES).await;
    let [stored, duplicate, conflict, quarantined] = daemon.outcomes();
    assert!(duplicate > 0, "no duplicate was seen, so nothing was proven");
    assert_eq!((stored + duplicate, conflict, quarantined), (80 * SAMPLES, 0, 0));
    assert_all(&rows(&url, STORED).await, 160);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_that_is_told_to_stop_writes_and_acknowledges_what_it_has() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let mut daemon = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    let publisher = publisher(&mosquitto).await;
    publish(&publisher, 0..2_000).await;
    let (well, took) = daemon.stop();
    assert!(well && took < Duration::from_secs(10), "ended {well} after {took:?}: {}", daemon.log());
    daemon.restart();
    daemon.wait_ready().await;
    wait_stored(database.url(), 2_000).await;
    daemon.wait_settled(0).await;
    assert_eq!(daemon.outcomes()[1], 0, "what was committed before the stop was acknowledged before it, too");
    assert_all(&rows(database.url(), STORED).await, 2_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_and_comes_back_costs_no_sample() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let postgres = own_postgres(&[]).await;
    let url = postgres.url("postgres");
    let daemon = Daemon::start(&url, &mosquitto.url(), &[]).await;
    let publisher = publisher(&mosquitto).await;
    publish(&publisher, 0..800).await;
    postgres.kill_hard().await.unwrap();
    publish(&publisher, 800..1_600).await;
    wait_until(TIMEOUT, "the daemon says that it is not ready", || async { !daemon.is_ready() }).await;
    postgres.restart().await.unwrap();
    publish(&publisher, 1_600..2_400).await;
    wait_stored(&url, 2_400).await;
    assert_all(&rows(&url, STORED).await, 2_400);
    wait_until(TIMEOUT, "the daemon is ready again", || async { daemon.is_ready() }).await;
    assert_eq!(daemon.metric("healthtrack_ingest_owner"), 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_on_disk_when_the_database_is_killed() {
    if let Some(verdict) = what_is_acknowledged_is_on_disk(&[]).await {
        verdict.unwrap();
    }
}

/// Method: Postgres writes what is not waited for by its WAL writer, every 10 s at most; that process sleeps (SIGSTOP)
/// from before the messages until after the postmaster's end, so nothing that was not waited for reaches the disk.
pub(crate) async fn what_is_acknowledged_is_on_disk(keys: &[(&str, &str)]) -> Option<Verdict> {
    let mosquitto = Mosquitto::start(&MosquittoOptions::default())?;
    let postgres = own_postgres(&QUIET).await;
    let url = postgres.url("postgres");
    let mut daemon = Daemon::start(&url, &mosquitto.url(), keys).await;
    let publisher = publisher(&mosquitto).await;
    let acks = |daemon: &Daemon| daemon.metric("healthtrack_mqtt_acks_total");
    publish(&publisher, 0..8).await;
    wait_until(TIMEOUT, "the first messages are acknowledged", || async { acks(&daemon) == 8.0 }).await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::query("CHECKPOINT").execute(&mut connection).await.unwrap();
    let walwriter = postgres.pid().and_then(walwriter_of).expect("Postgres has a WAL writer");
    send("STOP", walwriter);
    publish(&publisher, 8..24).await;
    wait_until(TIMEOUT, "all messages are acknowledged", || async { acks(&daemon) == 24.0 }).await;
    postgres.kill_hard().await.unwrap();
    daemon.kill();
    send("KILL", walwriter);
    postgres.restart().await.unwrap();
    let (stored, published) = (rows(&url, STORED).await, expected(24));
    Some(promise(stored == published, || {
        format!("{} samples of {} acknowledged ones are stored", stored.len(), published.len())
    }))
}

/// The WAL writer of a postmaster. Needs /proc.
fn walwriter_of(postmaster: u32) -> Option<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut found = processes.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let title = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let parent: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
        (title.contains("walwriter") && parent == postmaster).then_some(pid)
    });
    found.next()
}

fn send(signal: &str, pid: u32) {
    let sent = std::process::Command::new("/bin/sh")
        .args(["-c", "kill -\"$1\" \"$2\"", "sh", signal, &pid.to_string()])
        .status();
    assert!(sent.unwrap().success(), "the process takes SIG{signal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_has_forgotten_the_session_is_subscribed_to_again() {
    if let Some(verdict) = a_broker_that_forgot_is_subscribed_to(&[]).await {
        verdict.unwrap();
    }
}

/// The broker is killed before it has written anything, so no session is left.
pub(crate) async fn a_broker_that_forgot_is_subscribed_to(keys: &[(&str, &str)]) -> Option<Verdict> {
    let mut mosquitto = Mosquitto::start(&MosquittoOptions::default())?;
    let database = TestDatabase::migrated().await;
    let daemon = Daemon::start(database.url(), &mosquitto.url(), keys).await;
    mosquitto.kill();
    wait_until(TIMEOUT, "the daemon says that it is not ready", || async { !daemon.is_ready() }).await;
    mosquitto.restart();
    let connects = || daemon.metric("healthtrack_mqtt_connects_total");
    wait_until(TIMEOUT, "the daemon connects again", || async { connects() >= 2.0 }).await;
    assert_eq!(daemon.metric("healthtrack_mqtt_sessions_lost_total"), 2.0, "the broker has forgotten the session");
    if !happens_within(Duration::from_secs(5), || daemon.is_ready()).await {
        return Some(Err("the daemon is connected again and has not subscribed".to_owned()));
    }
    let publisher = publisher(&mosquitto).await;
    publish(&publisher, 0..80).await;
    wait_stored(database.url(), 80).await;
    assert_all(&rows(database.url(), STORED).await, 80);
    Some(Ok(()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_restarts_is_found_again_and_subscribed_to_again() {
    let Some(mut mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let daemon = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    let first = publisher(&mosquitto).await;
    publish(&first, 0..400).await;
    first.finish(TIMEOUT).await;
    mosquitto.stop();
    wait_until(TIMEOUT, "the daemon says that it is not ready", || async { !daemon.is_ready() }).await;
    mosquitto.restart();
    daemon.wait_ready().await;
    let second = publisher(&mosquitto).await;
    publish(&second, 400..800).await;
    wait_stored(database.url(), 800).await;
    assert_all(&rows(database.url(), STORED).await, 800);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_stands_by_and_takes_over_when_the_first_is_killed() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let mut owner = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    let standby = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    assert!(standby.readiness().contains("ready: standby"), "{}", standby.readiness());
    let publisher = publisher(&mosquitto).await;
    publish(&publisher, 0..400).await;
    owner.wait_settled(400).await;
    owner.kill();
    let killed = std::time::Instant::now();
    publish(&publisher, 400..800).await;
    wait_stored(database.url(), 800).await;
    assert!(killed.elapsed() < Duration::from_secs(10), "taking over took {:?}", killed.elapsed());
    assert_all(&rows(database.url(), STORED).await, 800);
    assert!(standby.readiness().contains("ready: owner"));
}

/// Method: the owner is stopped (SIGSTOP), so its sockets stay open and no timeout of TCP ever ends them.
#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_owner_is_replaced_by_its_standby_and_ends_when_it_wakes() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let mut owner = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    let standby = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    let publisher = publisher(&mosquitto).await;
    publish(&publisher, 0..80).await;
    owner.wait_settled(80).await;
    owner.signal("STOP");
    publish(&publisher, 80..160).await;
    wait_until(TIMEOUT, "the standby owns the shard", || async { standby.readiness().contains("ready: owner") }).await;
    wait_stored(database.url(), 160).await;
    owner.signal("CONT");
    wait_until(TIMEOUT, "the former owner ends", || std::future::ready(!owner.is_alive())).await;
    assert!(owner.log().contains("the right to shard main was taken away"), "{}", owner.log());
    assert_all(&rows(database.url(), STORED).await, 160);
}

/// Method: the owner sleeps (SIGSTOP) while its connection to the database is cut, as in a network that parts; it wakes
/// when another owns the shard.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_wakes_after_losing_its_shard_writes_nothing_more_and_ends() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let mut sleeper = Daemon::start(database.url(), &mosquitto.url(), &[("INGEST__BATCH_AGE_MS", "1000")]).await;
    let publisher = publisher(&mosquitto).await;
    publish(&publisher, 0..80).await;
    wait_until(TIMEOUT, "the messages have come", || async {
        sleeper.metric("healthtrack_mqtt_messages_total") == 80.0
    })
    .await;
    sleeper.signal("STOP");
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    sqlx::query(cut).execute(&mut connection).await.unwrap();
    let mut second = Daemon::spawn(database.url(), &mosquitto.url(), &[]);
    wait_until(TIMEOUT, "the second daemon owns the shard", || async { second.readiness().contains("owner") }).await;
    wait_stored(database.url(), 80).await;
    sleeper.signal("CONT");
    wait_until(TIMEOUT, "the sleeper ends", || std::future::ready(!sleeper.is_alive())).await;
    assert!(sleeper.log().contains("the right to shard main was taken away"), "{}", sleeper.log());
    assert_all(&rows(database.url(), STORED).await, 80);
    assert!(second.is_alive());
}

/// A process that is stopped. Dropping it lets it go on, whatever became of the test: Postgres drops no database while
/// one of its processes is stopped.
struct Stopped<'a>(&'a str);

impl Stopped<'_> {
    fn stop(process: &str) -> Stopped<'_> {
        let stopped = Stopped(process);
        assert!(stopped.signal("-STOP"));
        stopped
    }

    fn signal(&self, name: &str) -> bool {
        std::process::Command::new("kill").args([name, self.0]).status().is_ok_and(|status| status.success())
    }
}

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

/// Method: the server's process for the connection that holds the shard is stopped, so a proof gets no answer in time,
/// and goes on afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_whose_proof_was_slow_holds_its_shard_again() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let daemon = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    // Lanes hold other advisory locks for a moment.
    let holds = "SELECT '', pid::bigint, 0::float8 FROM pg_locks JOIN pg_database d ON d.oid = database
                 WHERE locktype = 'advisory' AND granted AND datname = current_database()
                   AND (classid::bigint << 32) | objid::bigint = hashtextextended('healthtrack.shard.main', 0)";
    let backend = rows(database.url(), holds).await[0].1.to_string();
    let stopped = Stopped::stop(&backend);
    let noticed = wait_until(TIMEOUT, "the daemon has noticed", || async {
        daemon.log().contains("that holds the shard is gone")
    });
    noticed.await;
    drop(stopped);
    let is_another = || async {
        let held = rows(database.url(), holds).await;
        held.first().is_some_and(|(_, pid, _)| pid.to_string() != backend)
    };
    wait_until(TIMEOUT, "another of its connections holds the shard", is_another).await;
    wait_until(TIMEOUT, "the daemon is ready again", || async { daemon.is_ready() }).await;
    let publisher = publisher(&mosquitto).await;
    publish(&publisher, 0..80).await;
    wait_stored(database.url(), 80).await;
    assert_all(&rows(database.url(), STORED).await, 80);
}

/// Method: somebody queues for the owner's lock and gets it when the owner's connection is cut, as if the server had not
/// noticed yet that the connection is dead.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_whose_dead_connection_still_holds_the_shard_waits_for_it_and_goes_on() {
    let Some(mosquitto) = Mosquitto::start(&MosquittoOptions::default()) else { return };
    let database = TestDatabase::migrated().await;
    let mut daemon = Daemon::start(database.url(), &mosquitto.url(), &[]).await;
    let mut holder = PgConnection::connect(database.url()).await.unwrap();
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut holder).await.unwrap();
    let waiting = tokio::spawn(async move {
        let lock = "SELECT pg_advisory_lock(hashtextextended('healthtrack.shard.main', 0))";
        sqlx::query(lock).execute(&mut holder).await.unwrap();
        holder
    });
    let mut other = PgConnection::connect(database.url()).await.unwrap();
    let queued = format!("SELECT '', count(*), 0::float8 FROM pg_locks WHERE pid = {pid} AND NOT granted");
    wait_until(TIMEOUT, "somebody waits for the lock", || async { rows(database.url(), &queued).await[0].1 == 1 })
        .await;
    let cut = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database
         WHERE locktype = 'advisory' AND granted AND datname = current_database() AND pid <> {pid}
           AND (classid::bigint << 32) | objid::bigint = hashtextextended('healthtrack.shard.main', 0)"
    );
    sqlx::query(AssertSqlSafe(cut)).execute(&mut other).await.unwrap();
    let holder = waiting.await.unwrap();
    wait_until(TIMEOUT, "the daemon has noticed", || async {
        daemon.log().contains("the connection that holds the shard")
    })
    .await;
    let asked = Duration::from_secs(2);
    let begun = std::time::Instant::now();
    wait_until(TIMEOUT, "it has asked some times", || std::future::ready(begun.elapsed() > asked)).await;
    assert!(daemon.is_alive(), "it ends although nobody else has the shard: {}", daemon.log());
    holder.close().await.unwrap();
    wait_until(TIMEOUT, "the daemon is ready again", || async { daemon.is_ready() }).await;
    let publisher = publisher(&mosquitto).await;
    publish(&publisher, 0..80).await;
    wait_stored(database.url(), 80).await;
    assert_all(&rows(database.url(), STORED).await, 80);
}
