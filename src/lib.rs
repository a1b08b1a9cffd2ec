//! HealthTrack: wearable data from MQTT into blocks in Postgres or TimescaleDB, each acknowledged sample kept exactly
//! once, and readable by SQL as soon as they are committed.
//!
//! It is one binary. It is no broker, no database and no dashboard: the broker keeps what is not acknowledged, Postgres
//! keeps what is, and whatever speaks SQL or Prometheus looks at both.
//!
//! # One sample's journey
//!
//! ```text
//! a hub publishes          ht/1/{shard}/{source}/{format}, QoS 1
//!   ingest::mqtt           bytes on a socket   → Delivery              heard
//!   ingest::decode         its payload         → Reading               understood: typed, complete, not yet believed
//!   ingest::validate       Reading             → Believed | Rejection  by catalogue, units, ranges and the clock
//!   ingest::queue          Arrival             → a lane's batch        bounded by samples, bytes and age
//!   ingest::write          batch               → blocks                appended, or merged with what is stored
//!   store::hot             blocks + quarantine → one transaction       fenced by the shard's epoch, COPY, COMMIT
//!   ingest::ack            COMMIT              → PUBACK                then, and only then, in the order of receipt
//! an analyst asks          signal.sample, signal.samples(), `healthtrack samples`
//!
//! days later: archive::roll   its day            → a Parquet file            synced, proved, named, then recorded
//!   store::archive::record    the file           ↔ the blocks it holds       one transaction: row in, blocks out
//! an analyst asks             DuckDB, `healthtrack samples`: hot table and archive, each sample once
//! ```
//!
//! # The rooms, in reading order
//!
//! A room leans only on rooms above it (`tests/tidy.rs` keeps that), so this list is also the order of dependence. Each
//! begins with why it is as it is. Where to change what: a new metric or unit word is a row in `schemas/payloads/`; a
//! new format is a folder in `ingest/decode/` and a word in `ingest/mqtt/topic.rs`; a new question to the database is a
//! function in `store/`; a new word for the operator is a file in `commands/`.

/// The nouns: ids, time, metrics, units, samples, blocks. No IO.
pub mod model;

/// Every setting, read once and wholly checked.
pub mod config;

/// Bugs on purpose, for tests that must be seen to fail; nothing in a release.
mod planted;

/// Every metric by name, in the order of the journey, and the log.
pub mod telemetry;

/// Postgres, the only room that speaks SQL.
pub mod store;

/// Keys, pseudonyms, and columns that are sealed with a key of each patient's own.
pub mod security;

/// Small blocks of days that are over, joined.
pub mod compaction;

/// From the broker to the hot table, and the acknowledgement back.
pub mod ingest;

/// From the hot table to Parquet, and back to whoever reads.
pub mod archive;

/// A private Postgres and a private broker, for `demo` and for tests.
pub mod embedded;

/// One file for each word an operator can say.
pub mod commands;
