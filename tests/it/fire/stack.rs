//! TestStack: a broker, a database and a daemon with a proxy on each side of it, the oracle beside them, and the judge at
//! the end.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use healthtrack::commands::load::message::Plan;
use healthtrack::embedded::PrivatePostgres;
use healthtrack::formats::batch;
use healthtrack::model::time::Timestamp;
use healthtrack::mqtt::publisher::Publisher;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::{NamedTempFile, TempDir};
use url::Url;

use crate::support::daemon::Daemon;
use crate::support::judge::evidence::{Evidence, WITNESS, gather, told};
use crate::support::judge::ledger::Ledger;
use crate::support::judge::{Case, Counters, Rules, Stored, Verdict, judge};
use crate::support::mosquitto::{Mosquitto, MosquittoOptions};
use crate::support::postgres::{TestDatabase, own_postgres};
use crate::support::proxy::{Point, Proxy, Speaks, Then, Weather, now_us};
use crate::support::wait::wait_until;

/// How long anything may take on a machine that does much else at the same time.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);
/// The first value's time: each run crosses midnight, and with it a chunk, after two hours of values.
const START: &str = "2026-01-05T22:00:00Z";
const HUBS: u64 = 8;
const SAMPLES: u64 = 20;
pub(super) const MIX: &str = "repeat=3,late=3,conflict=2,broken=1";

/// What a test chooses.
#[derive(Clone, Debug)]
pub(super) struct Setup<'a> {
    pub(super) seed: u64,
    /// Settings of a server of its own, which may be killed; else a database on the shared one.
    pub(super) own_postgres: Option<&'a [(&'a str, &'a str)]>,
    pub(super) broker: MosquittoOptions,
    /// The daemon's configuration beside the usual.
    pub(super) keys: Vec<(&'a str, String)>,
}

impl Setup<'_> {
    pub(super) fn new(seed: u64) -> Setup<'static> {
        Setup { seed, own_postgres: None, broker: MosquittoOptions::default(), keys: Vec::new() }
    }
}

/// Where the database is.
pub(super) enum Database {
    Own(PrivatePostgres),
    Shared(TestDatabase),
}

impl Database {
    pub(super) fn url(&self) -> String {
        match self {
            Database::Own(postgres) => postgres.url("postgres"),
            Database::Shared(database) => database.url().to_owned(),
        }
    }
}

/// The oracle's process.
struct Oracle {
    child: Child,
    plan: Plan,
    ledger: NamedTempFile,
    report: NamedTempFile,
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All of it. Fields are dropped in this order.
pub(super) struct TestStack {
    pub(super) daemon: Daemon,
    oracle: Option<Oracle>,
    pub(super) broker_side: Proxy,
    pub(super) database_side: Proxy,
    pub(super) mosquitto: Mosquitto,
    pub(super) database: Database,
    pub(super) rules: Rules,
    environment: (String, String, Vec<(String, String)>),
    seed: u64,
    script: Vec<(i64, String)>,
    /// Duplicates that daemons before the present one have counted.
    duplicates: i64,
    witnesses: i64,
    /// Where days are rolled to, in tests that roll.
    archive: TempDir,
}

impl TestStack {
    /// Builds it and starts the daemon; `None` where the machine has no mosquitto, which was said.
    pub(super) async fn build(setup: Setup<'_>) -> Option<TestStack> {
        let mosquitto = Mosquitto::start(&setup.broker)?;
        let upstream = format!("127.0.0.1:{}", mosquitto.port());
        let broker_side = Proxy::start(upstream, Speaks::Mqtt);
        let url = format!("mqtt://127.0.0.1:{}", broker_side.port());
        Some(TestStack::build_around(setup, mosquitto, broker_side, url).await)
    }

    /// The same with a broker's side of the test's own.
    pub(super) async fn build_around(
        setup: Setup<'_>,
        mosquitto: Mosquitto,
        broker_side: Proxy,
        broker_url: String,
    ) -> TestStack {
        let database = match setup.own_postgres {
            Some(settings) => Database::Own(own_postgres(settings).await),
            None => Database::Shared(TestDatabase::migrated().await),
        };
        let mut url: Url = database.url().parse().unwrap();
        let upstream = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432));
        let database_side = Proxy::start(upstream, Speaks::Postgres);
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(database_side.port())).unwrap();
        // What is encrypted cannot be read along.
        url.query_pairs_mut().append_pair("sslmode", "disable");
        // Short timeout, so that each fault is noticed while the test runs.
        let mut keys: Vec<(String, String)> = [
            ("MQTT__KEEP_ALIVE_S", "5"),
            ("MQTT__CONNECT_TIMEOUT_S", "2"),
            ("STORE__STATEMENT_TIMEOUT_MS", "1500"),
            ("STORE__ACQUIRE_TIMEOUT_MS", "2000"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec();
        keys.extend(setup.keys.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        let environment = (url.to_string(), broker_url, keys);
        let daemon = spawn(&environment);
        daemon.wait_ready().await;
        let (rules, script) = (Rules::default(), vec![(now_us(), "the stack stands".to_owned())]);
        TestStack {
            daemon,
            oracle: None,
            broker_side,
            database_side,
            mosquitto,
            database,
            rules,
            environment,
            seed: setup.seed,
            script,
            duplicates: 0,
            witnesses: 0,
            archive: tempfile::tempdir().unwrap(),
        }
    }

    /// Starts the oracle: so many messages, so many a second.
    pub(super) fn load(&mut self, messages: u64, rate: u64, mix: &str) {
        let (ledger, report) = (NamedTempFile::new().unwrap(), NamedTempFile::new().unwrap());
        let plan = Plan {
            format: &batch::FORMAT,
            seed: self.seed,
            shard: "main".to_owned(),
            hubs: HUBS,
            first_hub: 0,
            samples: SAMPLES,
            start: Timestamp::parse_rfc3339(START).unwrap(),
            mix: mix.parse().unwrap(),
        };
        let child = Command::new(env!("CARGO_BIN_EXE_healthtrack"))
            .args(["load", "--broker", &self.mosquitto.url(), "--shard", "main", "--connections", "2"])
            .args(["--hubs", &HUBS.to_string(), "--samples", &SAMPLES.to_string(), "--start-at", START])
            .args(["--messages", &messages.to_string(), "--rate", &rate.to_string(), "--mix", mix])
            .args(["--seed", &self.seed.to_string(), "--grace", "60s", "--json", "--ledger"])
            .arg(ledger.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(report.reopen().unwrap())
            .spawn()
            .unwrap();
        self.rules.messages = Some(messages);
        self.oracle = Some(Oracle { child, plan, ledger, report });
        self.note(format!("load: {messages} messages, {rate} a second, {mix}"));
    }

    /// Writes a line of the script.
    pub(super) fn note(&mut self, what: impl Into<String>) {
        self.script.push((now_us(), what.into()));
    }

    /// How many publications the broker has acknowledged so far.
    pub(super) fn acknowledged(&self) -> usize {
        let path = self.oracle.as_ref().map(|oracle| oracle.ledger.path());
        let text = path.and_then(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        text.lines().filter(|line| line.starts_with("acked,")).count()
    }

    /// Waits until so many more publications are acknowledged.
    pub(super) async fn wait_for_more(&self, publications: usize) {
        let wanted = self.acknowledged() + publications;
        wait_until(TIMEOUT, "more messages are published", || async { self.acknowledged() >= wanted }).await;
    }

    /// Sets a trap on the wire where its point lies, and waits until it has struck.
    pub(super) async fn trap(&mut self, point: Point, then: Then, what: &str) {
        let side = if matches!(point, Point::Pubacks(_)) { &self.broker_side } else { &self.database_side };
        let before = side.strikes();
        side.trap(point, then);
        wait_until(TIMEOUT, what, || std::future::ready(side.strikes() > before)).await;
        self.note(what);
    }

    /// Kills the daemon and remembers what it had counted.
    pub(super) fn kill_daemon(&mut self) {
        self.remember_duplicates();
        self.daemon.kill();
        self.note("the daemon is killed");
    }

    /// Remembers what a daemon has counted whose end is near.
    pub(super) fn remember_duplicates(&mut self) {
        self.duplicates += self.duplicates_of_daemon();
    }

    pub(super) fn duplicates_of_daemon(&self) -> i64 {
        self.daemon.try_metric(DUPLICATE).unwrap_or(0.0) as i64
    }

    /// Starts the killed daemon again.
    pub(super) async fn restart_daemon(&mut self) {
        self.daemon.restart();
        self.daemon.wait_ready().await;
        self.note("the daemon is ready again");
    }

    /// A second daemon with the same configuration.
    pub(super) fn rival(&self) -> Daemon {
        spawn(&self.environment)
    }

    /// The same with a way to the database that no fault touches.
    pub(super) fn rival_of_sound_database(&self) -> Daemon {
        let (_, broker, keys) = &self.environment;
        spawn(&(self.database.url(), broker.clone(), keys.clone()))
    }

    /// Runs statements on a connection that no fault touches.
    pub(super) async fn sql(&self, statements: &str) {
        let mut connection = self.connection().await;
        sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
    }

    /// Asks for one number.
    pub(super) async fn ask(&self, query: &str) -> i64 {
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut self.connection().await).await.unwrap()
    }

    /// A connection that may write even where the database says that its own may not.
    pub(super) async fn connection(&self) -> PgConnection {
        let options: PgConnectOptions = self.database.url().parse().unwrap();
        let options = options.options([("default_transaction_read_only", "off")]);
        PgConnection::connect_with(&options).await.unwrap()
    }

    /// The program with this archive, past the wires.
    pub(super) fn verb(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
        command.args(arguments).env("HEALTHTRACK__STORE__URL", self.database.url());
        command.env("HEALTHTRACK__ARCHIVE__URL", format!("file://{}", self.archive.path().join("a").display()));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A roll of all that was ever measured, without rest.
    pub(super) fn roll_verb(&self) -> Command {
        self.verb(&["roll", "--before", "2026-02-01", "--duty-percent", "100", "--json"])
    }

    /// Samples of both tiers, as the program reads them.
    async fn samples(&self) -> Vec<Stored> {
        let mut verb = self.verb(&["samples"]);
        let output = tokio::task::spawn_blocking(move || verb.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        told(&String::from_utf8(output.stdout).unwrap())
    }

    /// What both tiers hold at the end: the same before and after a last roll, which finds and finishes all that killed
    /// ones have left, and every file sound.
    async fn both_tiers(&mut self) -> Evidence {
        // As they lie before the last roll takes them away.
        let extents = gather(&self.database.url()).await.extents;
        let before = self.samples().await;
        for verb in [self.roll_verb(), self.verb(&["archive", "verify", "--json"])] {
            let mut verb = verb;
            let output = tokio::task::spawn_blocking(move || verb.output().unwrap()).await.unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
            self.note(format!("at last: {}", said.trim()));
        }
        let evidence = gather(&self.database.url()).await;
        let after = self.samples().await;
        assert!(evidence.stored.is_empty(), "a roll leaves {} samples hot", evidence.stored.len());
        assert!(before == after, "a roll changes what is read: {} samples, {} after", before.len(), after.len());
        Evidence { stored: after, extents, ..evidence }
    }

    /// Mends every wire.
    pub(super) fn heal(&mut self) {
        for side in [&self.broker_side, &self.database_side] {
            side.set(Weather::default());
            side.disarm();
        }
        self.note("the wires are mended");
    }

    /// Waits until a fresh sample arrives, and with it everything that the broker had queued before it.
    pub(super) async fn wait_well(&mut self) {
        self.witnesses += 1;
        let at = 1_767_650_400_000 + 1_000 * self.witnesses;
        let payload = format!(r#"{{"v":1,"series":[{{"metric":"heart_rate","times":[{at}],"values":[60]}}]}}"#);
        let url = self.mosquitto.url().parse().unwrap();
        let publisher = Publisher::connect(&url, "witness", 10).await.unwrap();
        publisher.publish(format!("ht/1/main/{WITNESS}/batch"), payload).await.unwrap();
        assert!(publisher.finish(TIMEOUT).await.is_complete(), "the broker does not take the witness");
        let begun = Instant::now();
        // A roll may take the earlier ones away.
        let query = format!(
            "SELECT count(*) FROM signal.sample WHERE device_id = '{WITNESS}' AND start_at = to_timestamp({})",
            at / 1_000
        );
        while self.ask(&query).await == 0 {
            assert!(begun.elapsed() < TIMEOUT, "no fresh sample arrives: {:?}\n{}", self.script, self.daemon.log());
            if self.daemon.revive() {
                self.note("the daemon had ended and is started again");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.daemon.wait_settled(0).await;
        let waited = begun.elapsed();
        self.note(format!("a fresh sample has arrived after {waited:.1?}"));
    }

    /// Lets the oracle finish, waits until everything has arrived, and judges.
    pub(super) async fn judge(mut self) -> Verdict {
        self.heal();
        if self.daemon.revive() {
            self.note("the daemon had ended and is started again");
        }
        let mut oracle = self.oracle.take().expect("an oracle runs");
        let begun = Instant::now();
        while oracle.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < 3 * TIMEOUT, "the oracle does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.note("the oracle has ended");
        self.wait_well().await;
        let count = |name: &str| self.daemon.metric(name) as i64;
        let of = |outcome: &str| count(&format!("healthtrack_ingest_samples_total{{outcome=\"{outcome}\"}}"));
        // The oracle knows nothing of the witness.
        let counters = Counters {
            received: count("healthtrack_ingest_received_samples_total") - self.witnesses,
            stored: of("stored") - self.witnesses,
            duplicate: of("duplicate"),
            outdated: of("outdated"),
            conflict: of("conflict"),
            quarantined: of("quarantined"),
            in_flight: count("healthtrack_ingest_in_flight_samples"),
        };
        let evidence = if self.rules.rolls { self.both_tiers().await } else { gather(&self.database.url()).await };
        let said = std::fs::read_to_string(oracle.report.path()).unwrap_or_default();
        self.note(format!("the oracle said: {}", said.trim()));
        judge(&Case {
            plan: oracle.plan.clone(),
            ledger: Ledger::read(oracle.ledger.path()),
            stored: evidence.stored,
            extents: evidence.extents,
            aside: evidence.aside,
            wires: self.broker_side.wires(),
            cuts: self.database_side.cuts(),
            counters,
            duplicates: self.duplicates + counters.duplicate,
            rules: self.rules.clone(),
            script: self.script.clone(),
        })
    }
}

const DUPLICATE: &str = "healthtrack_ingest_samples_total{outcome=\"duplicate\"}";

fn spawn((store, broker, keys): &(String, String, Vec<(String, String)>)) -> Daemon {
    let keys: Vec<(&str, &str)> = keys.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    Daemon::spawn(store, broker, &keys)
}

/// Whether the machine has a program.
pub(super) fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| Path::new(&folder).join(name).is_file())
}
