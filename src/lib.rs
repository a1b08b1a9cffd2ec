//! HealthTrack.

/// The nouns.
pub mod model;

/// Every setting, read once.
pub mod config;

/// Every metric and log line.
pub mod telemetry;

/// Postgres, the only room that speaks SQL.
pub mod store;

/// MQTT to hot.
pub mod ingest;

/// A private Postgres and a private broker, for `demo` and for tests.
pub mod embedded;

/// One file per word an operator can say.
pub mod commands;
