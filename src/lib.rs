//! HealthTrack.

/// The nouns.
pub mod model;

/// MQTT to hot.
pub mod ingest;
