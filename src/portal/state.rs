//! What every page shares: connections of two logins, the sentences of the rules, and how a browser reaches it.

use std::sync::{Arc, OnceLock};

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::news::NewsDesk;
use super::page_error::PageError;
use super::places::PlaceCount;
use super::playbill::Playbill;
use super::provider::Provider;
use super::pulse::Pulse;
use super::seal::SealKey;
use super::turns::Turns;
use super::words::WORDS;
use crate::config::Config;
use crate::ingest::State;
use crate::model::time::Clock;
use crate::security::envelope::Envelope;
use crate::security::keyring::{KeyError, KeyRing};
use crate::security::passkey::Passkeys;
use crate::security::password::{PasswordError, Passwords};
use crate::store::StoreError;
use crate::store::care::error::RuleCatalogue;
use crate::store::care::session::SessionLimits;
use crate::store::pool::Connector;
use crate::telemetry::Telemetry;

/// Why there is no portal.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    /// A URL of the database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No randomness.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// No client for the provider of sign-ins.
    #[error("the provider of sign-ins cannot be asked: {0}")]
    Provider(#[from] reqwest::Error),
    /// Keys that are none.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// What every page shares; a copy costs nothing.
#[derive(Clone, Debug)]
pub struct Portal(Arc<PortalState>);

/// Behind `Portal`.
#[derive(Debug)]
pub struct PortalState {
    /// Connections of the login with `healthtrack_portal`, and of that with `healthtrack_sign_in`.
    pages: PgPool,
    sign_in: PgPool,
    rules: OnceCell<RuleCatalogue>,
    pub(super) passwords: Passwords,
    /// Under which is sealed what browsers keep for it.
    pub(super) seal_key: SealKey,
    /// By whom else people are signed in.
    pub(super) provider: Option<Provider>,
    /// Keys that people's devices keep for this site; `None` where it has no name that they could be bound to.
    pub(super) passkeys: Option<Passkeys>,
    /// What patients' words are sealed and opened with; `None` where no key is configured.
    pub(super) envelope: Option<Envelope>,
    pub(super) limits: SessionLimits,
    pub(super) clock: Arc<dyn Clock>,
    /// Where browsers reach it.
    pub(super) origins: Vec<String>,
    /// Whether over TLS, so that a cookie may be for TLS alone.
    pub(super) is_secure: bool,
    pub(super) proxies: u8,
    /// Cancelled when the program ends, so that live pages end.
    pub(super) closing: CancellationToken,
    /// Whom a visitor of the demo can be.
    pub(super) playbill: Option<Playbill>,
    /// Pages that listen.
    pub(super) listeners: PlaceCount,
    /// Guesses at who somebody is, as many as there are at one moment.
    pub(super) door: PlaceCount,
    /// Strangers who ask to be registered.
    pub(super) registering: PlaceCount,
    /// Forms that must not be done twice at once.
    pub(super) turns: Turns,
    /// What tells them that something is new.
    pub(super) news: NewsDesk,
    /// The daemon that it runs beside.
    pub(super) pulse: OnceLock<Pulse>,
}

impl std::ops::Deref for Portal {
    type Target = PortalState;

    fn deref(&self) -> &PortalState {
        &self.0
    }
}

impl Portal {
    /// Connects when it is first asked. With a playbill, which only the demo has, anybody can be anybody on it.
    ///
    /// # Errors
    /// URLs or keys that are none, and a machine without randomness.
    pub fn new(
        config: &Config,
        clock: Arc<dyn Clock>,
        closing: CancellationToken,
        playbill: Option<Playbill>,
    ) -> Result<Portal, PortalError> {
        let keys = KeyRing::load("security.key", &config.security.key_file, &config.security.keys)?;
        let (config, store) = (&config.portal, &config.store);
        let lasts_minutes = config.session_hours.saturating_mul(60);
        let mut origins = vec![config.origin.clone()];
        // One machine by its two names.
        origins.extend(config.origin.contains("//127.0.0.1").then(|| config.origin.replace("127.0.0.1", "localhost")));
        let sign_in = Connector::new(&config.sign_in_store(store))?.with_plans_kept().pool();
        Ok(Portal(Arc::new(PortalState {
            pages: Connector::new(&config.store(store))?.with_plans_kept().pool(),
            news: NewsDesk::new(sign_in.clone()),
            sign_in,
            rules: OnceCell::new(),
            passwords: Passwords::new()?,
            seal_key: SealKey::generate().ok_or(PasswordError::Machine)?,
            provider: Provider::new(config)?,
            passkeys: Passkeys::of(&config.origin, WORDS.product),
            envelope: Envelope::new(&keys).ok(),
            limits: SessionLimits { idle_minutes: config.idle_minutes, lasts_minutes },
            clock,
            is_secure: Url::parse(&config.origin).is_ok_and(|origin| origin.scheme() == "https"),
            origins,
            proxies: config.proxies,
            closing,
            playbill,
            listeners: PlaceCount::to_listen(),
            door: PlaceCount::at_the_door(),
            registering: PlaceCount::to_register(),
            turns: Turns::default(),
            pulse: OnceLock::new(),
        })))
    }

    /// Lets operators see how a daemon fares; the first one that is named stays.
    pub fn watch(&self, telemetry: Arc<Telemetry>, state: Arc<State>) {
        self.pulse.get_or_init(|| Pulse::new(telemetry, state));
    }

    /// A connection for a page, and the sentences of the rules.
    pub(super) async fn connect(&self) -> Result<(PoolConnection<Postgres>, RuleCatalogue), PageError> {
        let mut connection = self.pages.acquire().await.map_err(unreachable)?;
        let rules = self.rules.get_or_try_init(|| RuleCatalogue::read(&mut connection)).await?;
        Ok((connection, rules.clone()))
    }

    /// A connection for signing in.
    pub(super) async fn connect_sign_in(&self) -> Result<PoolConnection<Postgres>, PageError> {
        self.sign_in.acquire().await.map_err(unreachable)
    }

    /// How many guesses at passwords were verified.
    pub fn verified_passwords(&self) -> u64 {
        self.passwords.verified()
    }
}

fn unreachable(source: sqlx::Error) -> PageError {
    StoreError::Database { step: "connecting for a page", source }.into()
}
