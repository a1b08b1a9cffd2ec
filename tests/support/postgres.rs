//! A database of one's own for each test: on one private server for the whole test process, or on the server that
//! `HEALTHTRACK_TEST_POSTGRES` names (the URL of a superuser; how the same tests run against TimescaleDB).

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use healthtrack::embedded::{PostgresOptions, PostgresSearch, PrivatePostgres};
use healthtrack::model::metric::Catalogue;
use healthtrack::store::migrate::migrate;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::OnceCell;

/// The server that all tests of this process share. Nobody drops it: its warden stops it and removes its data when this
/// process ends, however it ends (`tests/embedded.rs` proves that).
static SHARED: OnceCell<Server> = OnceCell::const_new();
/// The migrated database that others are copied from: copying takes a tenth of what migrating does.
static TEMPLATE: OnceCell<String> = OnceCell::const_new();
/// The same, migrated by an owner who is no superuser.
static OWNED_TEMPLATE: OnceCell<String> = OnceCell::const_new();
/// Made once: what has no owner of its own is entered by them, too.
static LOGINS_MADE: OnceCell<()> = OnceCell::const_new();
/// Whose password is their name. Each is a member of the role that it is named for, `keeper` of ingest and roller, and
/// `owner` of migrator and care; roles belong to the server, so tests of all processes share them.
const LOGINS: [&str; 11] =
    ["owner", "ingest", "roller", "keeper", "portal", "analyst", "auditor", "migrator", "nobody", "care", "sign_in"];
/// A file system in memory, where the system has one.
const MEMORY: &str = "/dev/shm";
/// Clusters lie in memory where this much is free: what a suite needs with its write-ahead log, and as much again.
const MEMORY_MIN_MB: u64 = 8_192;
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
        TestDatabase::copied_from("template0", None).await
    }

    /// Makes a database with today's schema and nothing in it.
    pub(crate) async fn migrated() -> TestDatabase {
        logins().await;
        TestDatabase::copied_from(TEMPLATE.get_or_init(|| template(None)).await, None).await
    }

    /// Makes the same as somebody would who is no superuser: policies and functions that only a superuser can pass
    /// show themselves here.
    pub(crate) async fn owned() -> TestDatabase {
        logins().await;
        let template = OWNED_TEMPLATE.get_or_init(|| template(Some("owner"))).await;
        TestDatabase::copied_from(template, Some("owner")).await
    }

    async fn copied_from(template: &str, owner: Option<&str>) -> TestDatabase {
        let server = SHARED.get_or_init(server).await;
        let name = format!("ht_test_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let server_url = server.url("postgres");
        execute(&server_url, create_database(&name, owner, template)).await.unwrap();
        TestDatabase { url: server.url(&name), name, server_url }
    }

    /// Where it is reached, as the superuser.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where it is reached as one of the logins.
    pub(crate) fn url_as(&self, login: &str) -> String {
        as_login(&self.url, login)
    }

    /// What a dump of it would restore: a copy as of this moment, for which everybody is sent away for an instant.
    pub(crate) async fn copy(&self) -> TestDatabase {
        self.close().await;
        let copy = self.copy_closed().await;
        self.open().await;
        copy
    }

    /// The same of one that nobody is let into.
    pub(crate) async fn copy_closed(&self) -> TestDatabase {
        TestDatabase::copied_from(&self.name, None).await
    }

    /// Lets nobody in any more, and sends everybody away.
    pub(crate) async fn close(&self) {
        execute(&self.server_url, format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name)).await.unwrap();
        let away =
            format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{}'", self.name);
        execute(&self.server_url, away).await.unwrap();
    }

    /// Lets everybody in again.
    pub(crate) async fn open(&self) {
        execute(&self.server_url, format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name)).await.unwrap();
    }

    /// Puts a copy in the place of this one, which nobody is let into: whoever connects by this name then has the copy.
    pub(crate) async fn restore(&self, copy: &TestDatabase) {
        self.trade_places(copy).await;
        self.open().await;
    }

    /// The same, and nobody is let into the copy yet.
    pub(crate) async fn trade_places(&self, copy: &TestDatabase) {
        copy.close().await;
        let gone = format!("{}_gone", self.name);
        for (from, to) in [(&self.name, &gone), (&copy.name, &self.name), (&gone, &copy.name)] {
            execute(&self.server_url, format!("ALTER DATABASE {from} RENAME TO {to}")).await.unwrap();
        }
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

/// Makes the logins of the server, once.
async fn logins() {
    LOGINS_MADE
        .get_or_init(|| async {
            execute(&SHARED.get_or_init(server).await.url("postgres"), make_logins()).await.unwrap()
        })
        .await;
}

/// A private server of one's own, for tests that stop or kill it. Its data are removed when it is dropped.
pub(crate) async fn own_postgres(settings: &[(&str, &str)]) -> PrivatePostgres {
    let folder = folder();
    let options = PostgresOptions {
        search: PostgresSearch::of(|name| std::env::var_os(name)),
        settings: settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        throwaway: true,
        ..PostgresOptions::default()
    };
    let postgres = PrivatePostgres::start(folder.path(), options).await.unwrap();
    // From here on its warden removes the folder.
    let _ = folder.keep();
    postgres
}

/// A folder for a cluster, in memory where there is room for many databases. ext4 uses no inode again within seconds of
/// its removal, and looks past each of them whenever a file is made: where every test makes and drops a database of
/// 1,300 files, that takes more time than the tests do.
fn folder() -> tempfile::TempDir {
    let asked = Command::new("df").args(["--output=avail", "--block-size=1M", MEMORY]).output();
    let told = asked.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let free_mb: u64 = told.lines().last().and_then(|line| line.trim().parse().ok()).unwrap_or(0);
    let parent = if free_mb >= MEMORY_MIN_MB { PathBuf::from(MEMORY) } else { std::env::temp_dir() };
    tempfile::tempdir_in(parent).unwrap()
}

async fn server() -> Server {
    if let Some(url) = std::env::var_os("HEALTHTRACK_TEST_POSTGRES").filter(|url| !url.is_empty()) {
        return Server::Named(url.to_string_lossy().parse().expect("HEALTHTRACK_TEST_POSTGRES is a URL"));
    }
    Server::Private(own_postgres(&[("max_connections", "200")]).await)
}

/// Migrates a database once and locks it, since nobody may be connected to what is copied (TimescaleDB's own workers
/// would be). On a named server those of processes that have ended are dropped first.
async fn template(owner: Option<&str>) -> String {
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
    let name = format!("ht_template_{}_{}", owner.unwrap_or("superuser"), std::process::id());
    execute(&server_url, create_database(&name, owner, "template0")).await.unwrap();
    let mut url = server.url(&name);
    if let Some(owner) = owner {
        url = as_login(&url, owner);
    }
    let mut inside = PgConnection::connect(&url).await.unwrap();
    migrate(&mut inside, &Catalogue::builtin().unwrap()).await.unwrap();
    inside.close().await.unwrap();
    execute(&server_url, format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await.unwrap();
    let others = format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'");
    execute(&server_url, others).await.unwrap();
    name
}

/// Nobody can be connected to template0, while TimescaleDB's own workers look into template1, which then is no source.
/// Copied as files: a cluster in memory does that in half the time that its log would take.
fn create_database(name: &str, owner: Option<&str>, template: &str) -> String {
    let owner = owner.map(|owner| format!("OWNER ht_test_{owner}")).unwrap_or_default();
    format!("CREATE DATABASE {name} {owner} TEMPLATE {template} STRATEGY file_copy")
}

fn as_login(url: &str, login: &str) -> String {
    let mut url: url::Url = url.parse().unwrap();
    let name = format!("ht_test_{login}");
    url.set_username(&name).unwrap();
    url.set_password(Some(&name)).unwrap();
    url.into()
}

/// Makes roles and logins where they are missing; the lock keeps other processes out of it.
fn make_logins() -> String {
    let quoted = |names: &[&str]| names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    format!(
        "SELECT pg_advisory_lock(hashtextextended('healthtrack.test.logins', 0));
         DO $$
         DECLARE
             name text;
         BEGIN
             FOREACH name IN ARRAY ARRAY['ingest', 'roller', 'portal', 'analyst', 'auditor', 'migrator', 'care',
                                         'sign_in'] LOOP
                 IF to_regrole('healthtrack_' || name) IS NULL THEN
                     EXECUTE format('CREATE ROLE healthtrack_%1$s NOLOGIN; COMMENT ON ROLE healthtrack_%1$s IS %2$L',
                                    name, 'HealthTrack: what one kind of its programs may do.');
                 END IF;
             END LOOP;
             FOREACH name IN ARRAY ARRAY[{}] LOOP
                 IF to_regrole('ht_test_' || name) IS NULL THEN
                     EXECUTE format('CREATE ROLE ht_test_%1$s LOGIN PASSWORD %2$L', name, 'ht_test_' || name);
                 END IF;
                 IF to_regrole('healthtrack_' || name) IS NOT NULL THEN
                     EXECUTE format('GRANT healthtrack_%1$s TO ht_test_%1$s', name);
                 END IF;
             END LOOP;
         END $$;
         GRANT healthtrack_migrator, healthtrack_care TO ht_test_owner;
         GRANT healthtrack_ingest, healthtrack_roller TO ht_test_keeper;",
        quoted(&LOGINS)
    )
}

async fn execute(url: &str, statement: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await
}
