//! `[portal]`: the pages for people, and the logins that they ask the database with.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::error::ConfigError;
use super::store::StoreConfig;

/// How people reach the pages, and how those reach the database.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalConfig {
    /// `postgres://…` of a login with `healthtrack_portal`; empty where there are no pages.
    pub url: SecretString,
    /// `postgres://…` of a login with `healthtrack_sign_in`.
    pub sign_in_url: SecretString,
    /// Where browsers reach it: `https://portal.example.org`.
    pub origin: String,
    /// Connections of the pages, and half as many for signing in.
    pub connections_max: u32,
    /// How many proxies before this one tell the address of who asks.
    pub proxies: u8,
    /// A session ends when it was not used for so long.
    pub idle_minutes: u16,
    /// And after so long in any case.
    pub session_hours: u16,
    /// URL of a provider of OpenID Connect, as its tokens say; empty where there is none.
    pub oidc_issuer: String,
    /// What people call it.
    pub oidc_name: String,
    /// As what this portal is known there.
    pub oidc_client_id: String,
    /// And by which secret; empty where it has none.
    pub oidc_client_secret: SecretString,
}

impl PortalConfig {
    /// Whether there are pages.
    pub fn is_on(&self) -> bool {
        !self.url.expose_secret().is_empty()
    }

    /// How pages reach the database.
    pub fn store(&self, store: &StoreConfig) -> StoreConfig {
        store.as_login(self.url.clone(), self.connections_max)
    }

    /// How signing in reaches the database.
    pub fn sign_in_store(&self, store: &StoreConfig) -> StoreConfig {
        store.as_login(self.sign_in_url.clone(), self.connections_max.div_ceil(2))
    }

    /// Whether people may sign in by a provider.
    pub fn has_provider(&self) -> bool {
        !self.oidc_issuer.is_empty()
    }

    fn check_provider(&self) -> Result<(), ConfigError> {
        let rule = |key, rule| Err(ConfigError::Rule { key, rule });
        if !self.has_provider() {
            return Ok(());
        }
        // What comes from it over plain http anybody between could have said.
        if !Url::parse(&self.oidc_issuer).is_ok_and(|issuer| is_safe(&issuer)) {
            return rule("portal.oidc_issuer", "a URL as in https://id.example.org/realms/network");
        }
        if self.oidc_client_id.is_empty() || self.oidc_name.is_empty() {
            return rule(
                "portal.oidc_client_id and portal.oidc_name",
                "what the provider knows this portal by, and what people call the provider",
            );
        }
        Ok(())
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let rule = |key, rule| Err(ConfigError::Rule { key, rule });
        if !self.is_on() {
            return Ok(());
        }
        let is_postgres = |url: &SecretString| url.expose_secret().starts_with("postgres");
        if !is_postgres(&self.url) || !is_postgres(&self.sign_in_url) {
            return rule(
                "portal.url and portal.sign_in_url",
                "both a URL as in postgres://user:password@host/database",
            );
        }
        // Without TLS a browser keeps no session for anybody but this machine.
        let origin = Url::parse(&self.origin).ok();
        if !origin.as_ref().is_some_and(is_safe)
            || origin.is_none_or(|origin| origin.origin().ascii_serialization() != self.origin)
        {
            return rule("portal.origin", "an origin as in https://portal.example.org, without a path");
        }
        self.check_provider()?;
        if self.connections_max < 2 {
            return rule("portal.connections_max", "at least 2");
        }
        if !(1..=1_440).contains(&self.idle_minutes) || !(1..=24 * 31).contains(&self.session_hours) {
            return rule("portal.idle_minutes and portal.session_hours", "a minute to a day, and an hour to 31 days");
        }
        Ok(())
    }
}

/// Whether nobody between can read it: TLS, or this machine alone.
fn is_safe(url: &Url) -> bool {
    let is_here = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}
