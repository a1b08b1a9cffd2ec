//! A whole stack for one test: a broker, a database, a daemon between them, and a publisher.

use healthtrack::mqtt::publisher::Publisher;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::daemon::{Daemon, TIMEOUT};
use super::mosquitto::{Mosquitto, MosquittoOptions};
use super::postgres::TestDatabase;
use super::wait::wait_until;

/// What a scenario saw: its promise was kept, or how it was broken.
pub(crate) type Verdict = Result<(), String>;

/// Servers, daemon and publisher; all of them end with it.
pub(crate) struct TestStack {
    pub(crate) daemon: Daemon,
    pub(crate) publisher: Publisher,
    pub(crate) mosquitto: Mosquitto,
    pub(crate) database: TestDatabase,
}

impl TestStack {
    /// `None` where the machine has no mosquitto, which was said.
    pub(crate) async fn build(keys: &[(&str, &str)]) -> Option<TestStack> {
        TestStack::build_with(&MosquittoOptions::default(), keys).await
    }

    /// The same with a broker of these options.
    pub(crate) async fn build_with(options: &MosquittoOptions, keys: &[(&str, &str)]) -> Option<TestStack> {
        let mosquitto = Mosquitto::start(options)?;
        let database = TestDatabase::migrated().await;
        let daemon = Daemon::start(database.url(), &mosquitto.url(), keys).await;
        let publisher = Publisher::connect(&mosquitto.url().parse().unwrap(), "test", 1_000).await.unwrap();
        Some(TestStack { daemon, publisher, mosquitto, database })
    }

    pub(crate) async fn publish(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        self.publisher.publish(topic.to_owned(), payload.into()).await.unwrap();
    }

    /// A connection of the test's own.
    pub(crate) async fn connection(&self) -> PgConnection {
        PgConnection::connect(self.database.url()).await.unwrap()
    }

    /// Runs statements as the superuser.
    pub(crate) async fn execute(&self, statements: &'static str) {
        sqlx::raw_sql(statements).execute(&mut self.connection().await).await.unwrap();
    }

    /// The rows of a query, each as one text.
    pub(crate) async fn rows(&self, query: &str) -> Vec<String> {
        rows(self.database.url(), query).await
    }

    /// Waits until so many samples have ended in whatever way, and says how.
    pub(crate) async fn settled(&self, samples: u64) -> [u64; 4] {
        self.daemon.wait_settled(samples).await;
        let outcomes = self.daemon.outcomes();
        assert_eq!(outcomes.iter().sum::<u64>(), samples, "{}", self.daemon.scrape());
        assert_eq!(self.daemon.metric("healthtrack_ingest_received_samples_total"), samples as f64);
        outcomes
    }

    /// How many messages the daemon has acknowledged.
    pub(crate) fn acks(&self) -> f64 {
        self.daemon.metric("healthtrack_mqtt_acks_total")
    }

    /// Waits until so many are.
    pub(crate) async fn acknowledged(&self, messages: u32) {
        let wanted = f64::from(messages);
        wait_until(TIMEOUT, "the messages are acknowledged", || async { self.acks() >= wanted }).await;
    }

    /// Waits until one of this database's sessions waits for a lock that a test holds.
    pub(crate) async fn wait_locked_out(&self) {
        wait_locked_out(self.database.url()).await;
    }
}

/// The rows of a query, each as one text.
pub(crate) async fn rows(url: &str, query: &str) -> Vec<String> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let query = format!("SELECT row::text FROM ({query}) AS row");
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap()
}

/// Waits until one of the database's sessions waits for a lock.
pub(crate) async fn wait_locked_out(url: &str) {
    let waiting =
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database() LIMIT 1";
    wait_until(TIMEOUT, "a lane waits for the lock", || async { !rows(url, waiting).await.is_empty() }).await;
}

/// A batch of heart rates, one a second, from so many seconds after a fixed moment on.
pub(crate) fn run(start: u64, values: &[u32]) -> String {
    let values = values.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let start = 1_795_428_000_000 + start * 1_000;
    format!(r#"{{"v":1,"series":[{{"metric":"heart_rate","start":{start},"period_ms":1000,"values":[{values}]}}]}}"#)
}

/// Breaks the promise with these words unless it was kept.
pub(crate) fn promise(kept: bool, broken: impl FnOnce() -> String) -> Verdict {
    if kept { Ok(()) } else { Err(broken()) }
}
