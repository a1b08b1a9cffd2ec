//! A private Postgres: a real server on 127.0.0.1 whose data stay between runs.
//!
//! Its settings suit a small machine and stay safe across a crash; a throwaway cluster stays safe across kill -9, but
//! not across a power failure, since nobody wants its data back.

use std::fmt;
use std::fs::{self, File, TryLockError};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout};

use super::account::Account;
use super::binaries::Binaries;
use super::cluster::{Cluster, USER};
use super::watchdog::Watchdog;
use super::{EmbeddedError, PostgresSearch};

/// How often another port is tried when somebody took the free one first.
const PORT_TRIES: usize = 5;
/// How long a data directory that is in use is asked for, and how often.
const LOCK_TIMEOUT: Duration = Duration::from_millis(500);
const LOCK_POLL: Duration = Duration::from_millis(20);
/// Making a database copies a template: longer than this and the server is not well.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(30);

/// What may be chosen about a private Postgres.
#[derive(Clone, Debug, Default)]
pub struct PostgresOptions {
    /// The folder that holds `initdb`, `pg_ctl` and `postgres`; searched for where none is named.
    pub binaries: Option<PathBuf>,
    /// Where to search.
    pub search: PostgresSearch,
    /// Server settings that stand above the own ones. `port` fixes the port, which else is any free one.
    pub settings: Vec<(String, String)>,
    /// For tests: do without fsync, and remove the data directory at the end.
    pub throwaway: bool,
}

/// A running server; stopped when dropped, which may block for as long as a stop takes (a second, 25 s at worst).
pub struct PrivatePostgres {
    cluster: Arc<Cluster>,
    port: u16,
    password: String,
    watchdog: Option<Watchdog>,
    /// Held as long as this lives: a data directory has one owner.
    _lock: File,
}

impl PrivatePostgres {
    /// Starts the server of `data_dir`, making its cluster first where there is none.
    ///
    /// A server that a killed run left running there is stopped first.
    pub async fn start(data_dir: &Path, options: PostgresOptions) -> Result<PrivatePostgres, EmbeddedError> {
        let account = Account::choose()?;
        account.folder(data_dir)?;
        let data_dir = fs::canonicalize(data_dir).map_err(EmbeddedError::file(data_dir, "read"))?;
        account.must_reach(&data_dir)?;
        let lock = lock(&data_dir).await?;
        let major = Cluster::major_within(&data_dir)?;
        let named = options.binaries.as_deref();
        let binaries = Binaries::find(named, &options.search, &data_dir, major).await?;
        account.must_reach(binaries.folder()).map_err(|error| EmbeddedError::Folder {
            folder: binaries.folder().to_owned(),
            reason: format!("as root, {error}"),
        })?;
        let cluster = Arc::new(Cluster::new(&data_dir, account, binaries));
        let (watchdog, port, password) = {
            let cluster = Arc::clone(&cluster);
            blocking(move || bring_up(&cluster, &data_dir, &options)).await?
        };
        Ok(PrivatePostgres { cluster, port, password, watchdog: Some(watchdog), _lock: lock })
    }

    /// Where a database of this server is reached, its password included.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// The port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the server writes what it has to say.
    pub fn log(&self) -> PathBuf {
        self.cluster.log()
    }

    /// The postmaster's process, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.cluster.pid()
    }

    /// Makes a database, unless there is one of that name.
    pub async fn create_database(&self, name: &str) -> Result<(), EmbeddedError> {
        let statement = format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\""));
        let url = self.url("postgres");
        let made = timeout(DATABASE_TIMEOUT, async {
            let mut connection = PgConnection::connect(&url).await?;
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
            connection.close().await
        });
        match made.await.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut)) {
            // 42P04: it exists.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P04") => Ok(()),
            Err(source) => Err(EmbeddedError::Database { step: "making a database", source }),
            Ok(()) => Ok(()),
        }
    }

    /// Ends the server by SIGKILL, as a power failure would: for tests of what survives.
    pub async fn kill_hard(&self) -> Result<(), EmbeddedError> {
        let cluster = Arc::clone(&self.cluster);
        blocking(move || cluster.kill()).await
    }

    /// Stops the server where it runs, and starts it on the same port.
    pub async fn restart(&self) -> Result<(), EmbeddedError> {
        let cluster = Arc::clone(&self.cluster);
        blocking(move || cluster.stop().and_then(|()| cluster.start())).await
    }

    /// Stops the server and says whether that went well; dropping does the same in silence.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        let cluster = Arc::clone(&self.cluster);
        blocking(move || cluster.stop()).await
    }
}

impl fmt::Debug for PrivatePostgres {
    /// Without the password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("PrivatePostgres");
        shown.field("cluster", &self.cluster).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        // Best effort: the watchdog tries once more, and nobody is left to tell.
        let _ = self.cluster.stop();
        drop(self.watchdog.take());
    }
}

/// Makes, sets, guards and starts a cluster.
fn bring_up(
    cluster: &Cluster,
    data_dir: &Path,
    options: &PostgresOptions,
) -> Result<(Watchdog, u16, String), EmbeddedError> {
    cluster.stop()?;
    let password = cluster.make(options.throwaway)?;
    let watchdog = Watchdog::over(cluster, options.throwaway.then_some(data_dir))?;
    let fixed = options.settings.iter().find(|(name, _)| name == "port").and_then(|(_, port)| port.parse().ok());
    let mut tries = 1;
    loop {
        let port = fixed.map_or_else(free_port, Ok)?;
        cluster.set(&settings(port, options))?;
        match cluster.start() {
            Ok(()) => return Ok((watchdog, port, password)),
            Err(error) if fixed.is_some() || tries == PORT_TRIES || !error.to_string().contains("TCP/IP sockets") => {
                return Err(error);
            }
            Err(_) => tries += 1,
        }
    }
}

/// The server's settings: the own ones, then those that were asked for, of which the last of a name holds.
fn settings(port: u16, options: &PostgresOptions) -> Vec<(String, String)> {
    let port = port.to_string();
    let own = [
        ("port", port.as_str()),
        ("listen_addresses", "127.0.0.1"),
        // A socket's path may be 107 bytes long, which a data directory easily exceeds.
        ("unix_socket_directories", ""),
        ("max_connections", "50"),
        ("shared_buffers", "128MB"),
        ("max_wal_size", "2GB"),
        // Nobody replicates a private server.
        ("wal_level", "minimal"),
        ("max_wal_senders", "0"),
        // Its compiler costs more than these queries take.
        ("jit", "off"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
    ];
    // Off, a commit still survives kill -9 of the server, since the system has it; it does not survive a power failure.
    let fsync = ("fsync", if options.throwaway { "off" } else { "on" });
    let own = own.into_iter().chain([fsync]).map(|(name, value)| (name.to_owned(), value.to_owned()));
    own.chain(options.settings.iter().cloned()).collect()
}

/// Takes a data directory for this process; the system lets go of it when the process ends.
///
/// Whoever had it before may have let go, and yet a child that was forked at that moment holds a copy until it becomes
/// another program: so it is tried for `LOCK_TIMEOUT`.
async fn lock(data_dir: &Path) -> Result<File, EmbeddedError> {
    let path = data_dir.join("postgres.lock");
    let file = File::options().create(true).append(true).open(&path).map_err(EmbeddedError::file(&path, "written"))?;
    let deadline = Instant::now() + LOCK_TIMEOUT;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(LOCK_POLL).await,
            Err(TryLockError::WouldBlock) => return Err(EmbeddedError::InUse(data_dir.to_owned())),
            Err(TryLockError::Error(source)) => return Err(EmbeddedError::File { path, done: "locked", source }),
        }
    }
}

/// A port that nobody holds at this moment.
pub(super) fn free_port() -> Result<u16, EmbeddedError> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(EmbeddedError::file("127.0.0.1", "listened on"))
}

/// Runs what waits for processes on a thread that may wait.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EmbeddedError> + Send + 'static,
) -> Result<T, EmbeddedError> {
    spawn_blocking(work).await.unwrap_or(Err(EmbeddedError::Interrupted))
}
