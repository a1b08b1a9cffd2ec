//! `[store]`: the database.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::time::Duration;

use super::error::ConfigError;

/// Where Postgres is and how long to wait for it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// `postgres://…`; holds a password, so it is never printed.
    pub url: SecretString,
    /// Connections for everything but the lanes.
    pub connections_max: u32,
    acquire_timeout_ms: u64,
    statement_timeout_ms: u64,
}

impl StoreConfig {
    /// The same database as another login, with so many connections.
    pub(super) fn as_login(&self, url: SecretString, connections_max: u32) -> StoreConfig {
        StoreConfig { url, connections_max, ..self.clone() }
    }

    /// How long to wait for a free connection.
    pub fn acquire_timeout(&self) -> Duration {
        Duration::from_millis(self.acquire_timeout_ms)
    }

    /// When the database gives up a statement.
    pub fn statement_timeout(&self) -> Duration {
        Duration::from_millis(self.statement_timeout_ms)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let rule = |key, rule| Err(ConfigError::Rule { key, rule });
        let url = self.url.expose_secret();
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return rule("store.url", "a URL as in postgres://user:password@host:5432/database");
        }
        if self.connections_max < 3 {
            return rule("store.connections_max", "at least 3");
        }
        if self.acquire_timeout_ms == 0 || self.statement_timeout_ms == 0 {
            return rule("store timeouts", "at least 1 ms");
        }
        Ok(())
    }
}
