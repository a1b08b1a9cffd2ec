//! Stack: a private database and broker, and the daemon between them; started together, stopped together.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::config::{self, Config};
use crate::daemon::{Daemon, DaemonError, Listeners};
use crate::embedded::broker::INFLIGHT_MAX;
use crate::embedded::{PostgresOptions, PostgresSearch, PrivateBroker, PrivatePostgres};
use crate::ingest::State;
use crate::portal::Playbill;
use crate::store::StoreError;
use crate::store::care::session::SessionToken;
use crate::store::login::keep_login;
use crate::store::pool::Connector;
use crate::telemetry::{Telemetry, start_log};

/// The database within the private server.
const DATABASE: &str = "healthtrack";
/// Its portal's logins.
const PAGES_LOGIN: &str = "demo_portal";
const SIGN_IN_LOGIN: &str = "demo_sign_in";
/// The shard in the devices' topics, and the daemon's own.
pub(super) const SHARD: &str = "demo";
/// From the request to end until the daemon is left alone; stopping the database fits into the second that remains of
/// the ten that a person is promised.
pub(super) const CLOSE_MAX: Duration = Duration::from_secs(9);
/// How long the daemon may take to migrate and to subscribe.
const READY_MAX: Duration = Duration::from_secs(60);
/// Sections of which the environment may say something: database, broker and ingest are the demo's own.
const SECTIONS: [&str; 2] = ["HEALTHTRACK__HTTP__", "HEALTHTRACK__TELEMETRY__"];

/// Everything that runs.
pub(super) struct DemoStack {
    /// The daemon's counts.
    pub(super) telemetry: Arc<Telemetry>,
    /// Where everything is reached.
    pub(super) addresses: Addresses,
    /// The way to the database.
    pub(super) connector: Connector,
    // Dropped in this order: the daemon lets go of the database before that stops.
    daemon: AbortOnDropHandle<Result<(), DaemonError>>,
    stop_daemon: CancellationToken,
    postgres: PrivatePostgres,
}

/// Where everything is reached.
#[derive(Clone, Debug)]
pub(super) struct Addresses {
    pub(super) http: SocketAddr,
    pub(super) metrics: SocketAddr,
    pub(super) broker: String,
    pub(super) database: String,
    pub(super) data_dir: PathBuf,
    /// True where an earlier run has left data.
    pub(super) has_data: bool,
}

impl DemoStack {
    /// Starts all of it; returns when the daemon has subscribed.
    pub(super) async fn open(data_dir: &Path) -> anyhow::Result<DemoStack> {
        let has_data = data_dir.join("cluster").exists();
        let options = PostgresOptions { search: PostgresSearch::of(config::variable), ..PostgresOptions::default() };
        let postgres = PrivatePostgres::start(data_dir, options).await?;
        postgres.create_database(DATABASE).await?;
        let (broker, database) = (PrivateBroker::start().await?.url(), postgres.url(DATABASE));
        let logins = PortalLogins::of(&postgres)?;
        let mut config = configure(config::variables(), &broker, &database, &logins)?;
        start_log(&config.telemetry);
        // Held from here on: between the search for a free port and its use another program could take it.
        let health = listen_near(config.http.bind).await?;
        let listeners = Listeners { health, metrics: listen_near(config.telemetry.bind).await? };
        let connector = Connector::new(&config.store)?;
        // Browsers send their forms to where it listens at last.
        config.portal.origin = format!("http://{}", listeners.health.local_addr()?);
        let addresses = Addresses {
            http: listeners.health.local_addr()?,
            metrics: listeners.metrics.local_addr()?,
            broker,
            database,
            data_dir: data_dir.to_owned(),
            has_data,
        };
        let telemetry = Arc::new(Telemetry::new().context("the metrics cannot be declared")?);
        let stop_daemon = CancellationToken::new();
        let state = Arc::new(State::default());
        let playbill = Some(Playbill::of(connector.clone()));
        let daemon = Daemon { config, listeners, telemetry: telemetry.clone(), state: state.clone(), playbill };
        let daemon = AbortOnDropHandle::new(tokio::spawn(daemon.run(stop_daemon.clone())));
        let mut stack = DemoStack { telemetry, addresses, connector, daemon, stop_daemon, postgres };
        stack.wait_until_subscribed(&state).await?;
        // Their roles are there once the daemon has migrated.
        logins.make(&stack.connector).await?;
        Ok(stack)
    }

    /// Waits for the daemon's end, which nobody has asked for: always an error.
    pub(super) async fn daemon_ends(&mut self) -> anyhow::Result<()> {
        match (&mut self.daemon).await {
            Ok(Ok(())) => bail!("the daemon has ended by itself; run again with HEALTHTRACK__TELEMETRY__LOG=info"),
            // A folder of another build: nothing that the daemon's own advice could mend.
            Ok(Err(error @ DaemonError::Store(StoreError::Migrate(_)))) => Err(error).with_context(|| {
                format!("remove {} or give another folder with --data-dir", self.addresses.data_dir.display())
            }),
            Ok(Err(error)) => Err(error).context("the daemon has ended"),
            Err(error) => Err(anyhow!(error).context("the daemon has panicked")),
        }
    }

    /// Has the daemon write and acknowledge what it received, then stops it and the database.
    pub(super) async fn close(mut self, deadline: Instant) -> anyhow::Result<()> {
        self.stop_daemon.cancel();
        let ended = timeout_at(deadline, &mut self.daemon).await;
        self.daemon.abort();
        self.postgres.stop().await?;
        match ended {
            Ok(ended) => ended.context("the daemon has panicked")?.context("the daemon ended with an error"),
            Err(_) => {
                bail!("the daemon did not end in time and was stopped; the next run continues from what it wrote")
            }
        }
    }

    /// A private broker keeps nothing for a daemon that it does not know yet, so nobody may publish before.
    async fn wait_until_subscribed(&mut self, state: &State) -> anyhow::Result<()> {
        // A standby, which another run's last moments may make of it, is ready and yet has not subscribed.
        let subscribed = state.wait_for(|status| status.is_owner() && status.not_ready_reasons().is_empty());
        let ready = async {
            tokio::select! {
                _ = subscribed => Ok(()),
                ended = self.daemon_ends() => ended,
            }
        };
        timeout(READY_MAX, ready)
            .await
            .context("the daemon is not ready after a minute; is this machine overloaded?")?
    }
}

/// The logins that the portal asks the database with, made anew with each run.
struct PortalLogins {
    password: SecretString,
    /// URLs.
    pages: String,
    sign_in: String,
}

impl PortalLogins {
    fn of(postgres: &PrivatePostgres) -> anyhow::Result<PortalLogins> {
        let password = SessionToken::generate().context("this machine has no randomness for a password")?;
        let password = SecretString::from(password.expose().to_owned());
        let url = |login: &str| {
            let port = postgres.port();
            format!("postgres://{login}:{}@127.0.0.1:{port}/{DATABASE}", password.expose_secret())
        };
        Ok(PortalLogins { pages: url(PAGES_LOGIN), sign_in: url(SIGN_IN_LOGIN), password })
    }

    async fn make(&self, connector: &Connector) -> anyhow::Result<()> {
        let mut connection = connector.connect().await?;
        keep_login(&mut connection, PAGES_LOGIN, "healthtrack_portal", &self.password).await?;
        keep_login(&mut connection, SIGN_IN_LOGIN, "healthtrack_sign_in", &self.password).await?;
        Ok(())
    }
}

/// The defaults, then the environment's addresses and log settings, then the demo's own.
fn configure(
    variables: impl Iterator<Item = (String, String)>,
    broker: &str,
    database: &str,
    logins: &PortalLogins,
) -> anyhow::Result<Config> {
    let laid = |key: &str, value: &str| (format!("HEALTHTRACK__{key}"), value.to_owned());
    // A line a second would vanish among the daemon's own, and rumqttd calls every disconnect an error.
    let first = laid("TELEMETRY__LOG", "warn,rumqttd=off");
    let allowed = variables.filter(|(name, _)| SECTIONS.iter().any(|section| name.starts_with(section)));
    let own = [
        laid("STORE__URL", database),
        laid("MQTT__URL", broker),
        laid("MQTT__CLIENT_ID", "healthtrack-demo"),
        laid("MQTT__FILTERS", "ht/1/{shard}/+/+"),
        laid("MQTT__RECEIVE_MAXIMUM", &INFLIGHT_MAX.to_string()),
        laid("INGEST__SHARD", SHARD),
        laid("INGEST__UNKNOWN_DEVICE", "enrol"),
        laid("PORTAL__URL", &logins.pages),
        laid("PORTAL__SIGN_IN_URL", &logins.sign_in),
        // Nobody is signed out while they look around.
        laid("PORTAL__IDLE_MINUTES", "720"),
    ];
    Ok(Config::read(None, std::iter::once(first).chain(allowed).chain(own))?)
}

/// Listens at the address itself where nobody else does, else on another port beside it.
async fn listen_near(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = match TcpListener::bind(address).await {
        Err(_) => TcpListener::bind((address.ip(), 0)).await,
        bound => bound,
    };
    bound.with_context(|| format!("programs must be allowed to listen on {}", address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::UnknownDevice;

    #[test]
    fn the_environment_may_move_the_pages_but_not_the_database_or_the_broker() {
        let variables = [
            ("HEALTHTRACK__STORE__URL", "postgres://elsewhere/db"),
            ("HEALTHTRACK__MQTT__CONNECTIONS", "7"),
            ("HEALTHTRACK__TELEMETRY__LOG", "debug"),
            ("HEALTHTRACK__HTTP__BIND", "127.0.0.1:0"),
        ];
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let logins = PortalLogins {
            password: "x".into(),
            pages: "postgres://a@here/db".to_owned(),
            sign_in: "postgres://b@here/db".to_owned(),
        };
        let config = configure(variables, "mqtt://127.0.0.1:1", "postgres://here/db", &logins).unwrap();
        assert_eq!(config.store.url.expose_secret(), "postgres://here/db");
        assert_eq!((config.mqtt.connections, config.telemetry.log.as_str()), (1, "debug"));
        assert_eq!(config.ingest.unknown_device, UnknownDevice::Enrol);
        assert_eq!(config.http.bind.port(), 0);
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_left_alone() {
        let taken = listen_near("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = taken.local_addr().unwrap();
        let other = listen_near(address).await.unwrap().local_addr().unwrap();
        assert!(other.ip() == address.ip() && other.port() != address.port());
        drop(taken);
        assert_eq!(listen_near(address).await.unwrap().local_addr().unwrap(), address);
    }
}
