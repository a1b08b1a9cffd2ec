//! A database of one's own for each test: on one private server for the whole test process, or on the server that
//! `HEALTHTRACK_TEST_POSTGRES` names (the URL of a superuser; how the same tests run against TimescaleDB).

use std::sync::atomic::{AtomicU32, Ordering};

use healthtrack::embedded::{PostgresOptions, PrivatePostgres, Surroundings};
use healthtrack::model::metric::Catalogue;
use healthtrack::store::migrate::migrate;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

/// The server that all tests of this process share. Nobody drops it: its warden stops it and removes its data when this
/// process ends, however it ends (`tests/embedded.rs` proves that).
static SHARED: OnceCell<Server> = OnceCell::const_new();
/// The migrated database that others are copied from: copying takes a tenth of what migrating does.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
/// Numbers the databases of this process.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Where databases are made.
enum Server {
    Private(PrivatePostgres),
    Named(url::Url),
}

impl Server {
    fn url(&self, database: &str) -> String {
        match self {
            Server::Private(postgres) => postgres.url(database),
            Server::Named(url) => {
                let mut url = url.clone();
                url.set_path(database);
                url.into()
            }
        }
    }
}

/// An empty database, dropped at the end of its test.
pub(crate) struct TestDatabase {
    name: String,
    url: String,
    server_url: String,
}

impl TestDatabase {
    /// Makes an empty database.
    pub(crate) async fn new() -> TestDatabase {
        TestDatabase::copied_from("template1").await
    }

    /// Makes a database with today's schema and nothing in it.
    pub(crate) async fn migrated() -> TestDatabase {
        TestDatabase::copied_from(TEMPLATE.get_or_init(template).await).await
    }

    async fn copied_from(template: &str) -> TestDatabase {
        let server = SHARED.get_or_init(server).await;
        let name = format!("ht_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let server_url = server.url("postgres");
        execute(&server_url, format!("CREATE DATABASE {name} TEMPLATE {template}")).await.unwrap();
        TestDatabase { url: server.url(&name), name, server_url }
    }

    /// Where it is reached, as the superuser.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    /// Drops the database with everybody who is still connected. Runs in a thread with a runtime of its own, since a
    /// drop cannot wait for the test's.
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let url = self.server_url.clone();
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(execute(&url, statement))
        });
        let dropped = dropped.join();
        if !std::thread::panicking() {
            dropped.unwrap().expect("the test's database is dropped");
        }
    }
}

/// A private server of one's own, for tests that stop or kill it. Its data are removed when it is dropped.
pub(crate) async fn own_postgres(settings: &[(&str, &str)]) -> PrivatePostgres {
    let folder = tempfile::tempdir().unwrap();
    let options = PostgresOptions {
        surroundings: Surroundings::of(|name| std::env::var_os(name)),
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        throwaway: true,
        ..PostgresOptions::default()
    };
    let postgres = PrivatePostgres::start(folder.path(), options).await.unwrap();
    // From here on its warden removes the folder.
    let _ = folder.keep();
    postgres
}

async fn server() -> Server {
    if let Some(url) = std::env::var_os("HEALTHTRACK_TEST_POSTGRES").filter(|url| !url.is_empty()) {
        return Server::Named(url.to_string_lossy().parse().expect("HEALTHTRACK_TEST_POSTGRES is a URL"));
    }
    Server::Private(own_postgres(&[("max_connections", "200")]).await)
}

/// Migrates a database once and locks it, since nobody may be connected to what is copied (TimescaleDB's own workers
/// would be). On a named server those of processes that have ended are dropped first.
async fn template() -> String {
    let server = SHARED.get_or_init(server).await;
    let server_url = server.url("postgres");
    let mut connection = PgConnection::connect(&server_url).await.unwrap();
    let query = "SELECT datname FROM pg_database WHERE datname LIKE 'ht\\_template\\_%'";
    let stale: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap();
    for name in stale {
        if name.rsplit('_').next().and_then(|pid| pid.parse().ok()).is_some_and(|pid| !super::runs(pid)) {
            execute(&server_url, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.unwrap();
        }
    }
    let name = format!("ht_template_{}", std::process::id());
    execute(&server_url, format!("CREATE DATABASE {name}")).await.unwrap();
    let mut inside = PgConnection::connect(&server.url(&name)).await.unwrap();
    migrate(&mut inside, &Catalogue::builtin().unwrap()).await.unwrap();
    inside.close().await.unwrap();
    execute(&server_url, format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await.unwrap();
    let others = format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'");
    execute(&server_url, others).await.unwrap();
    name
}

async fn execute(url: &str, statement: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await
}
