//! HealthTrack: wearable data from MQTT into blocks in Postgres or TimescaleDB, each acknowledged sample kept exactly
//! once, and readable by SQL as soon as they are committed.
//!
//! It is one binary. It is no broker, no database and no dashboard: the broker keeps what is not acknowledged, Postgres
//! keeps what is, and whatever speaks SQL or Prometheus reads both.
//!
//! # One sample's journey
//!
//! ```text
//! a hub publishes          ht/1/{shard}/{source}/{format}, QoS 1
//!   ingest::session        bytes on a socket   → Delivery              received
//!   formats                its payload         → Reading               decoded: typed and complete, not yet validated
//!   ingest::validate       Reading             → ValidSamples | Rejection  by catalogue, units, ranges and the clock
//!   ingest::queue          Arrival             → a lane's batch        bounded by samples, bytes and age
//!   ingest::write          batch               → blocks                appended, or merged with what is stored
//!   store::hot             blocks + quarantine → one transaction       fenced by the shard's epoch, COPY, COMMIT
//!   ingest::ack            COMMIT              → PUBACK                then, and only then, in the order of receipt
//! an analyst asks          signal.sample, signal.samples(), `healthtrack samples`
//!
//! days later: archive::roll   its day            → a Parquet file            synced, verified, published, recorded
//!   store::archive::record    the file           ↔ the blocks it holds       one transaction: row in, blocks out
//! an analyst asks             DuckDB, `healthtrack samples`: hot table and archive, each sample once
//! ```
//!
//! # The modules, in reading order
//!
//! A module uses only modules above it, and no two files use each other (`tests/tidy/` keeps both), so this list is
//! also the order of dependence. Each begins with the reasons for its design.
//!
//! | to add | begin with |
//! |---|---|
//! | a metric or a unit | a row in `schemas/payloads/` |
//! | a payload format | a folder in [`formats`], and a line in its registry |
//! | a question to the database | a function in [`store`] |
//! | something a person may do with a patient's data | a function of an `Actor` in [`care`] |
//! | an alert rule or a score | a module `insight` after [`care`]: a pure function over samples and records |
//! | a FHIR resource | a module `exchange` after [`care`]: on its functions, never on SQL |
//! | a page of the portal | a file in [`portal`] beside its template, and a row in its table of URLs |
//! | something that runs beside ingest | a task of the supervisor in [`daemon`] |
//! | a subcommand | a file in [`commands`] |

/// The domain types: ids, time, metrics, units, samples, blocks. No IO.
pub mod model;

/// Payload bytes to readings, and back: one folder a format. No IO.
pub mod formats;

/// Every setting, read once and validated.
pub mod config;

/// Faults that tests inject; a release contains none.
mod faults;

/// Every metric by name, in the order of the journey, and the log. It observes and decides nothing.
pub mod telemetry;

/// MQTT: packets, TLS, connections, and a publisher.
pub mod mqtt;

/// Postgres: the only module with SQL.
pub mod store;

/// What nearly every part works with: database, clock, counts and the catalogue of metrics.
pub mod context;

/// Keys, pseudonyms, and columns that are encrypted with a key of each patient's own.
pub mod security;

/// Joins the small blocks of days that are over.
pub mod compaction;

/// From the broker to the hot table, and the acknowledgement back.
pub mod ingest;

/// From the hot table to Parquet, and back to whoever reads.
pub mod archive;

/// Heads of the audit, signed and kept out of the database's reach, and verified against it.
pub mod audit;

/// What a person may do with the network's data, as functions of an actor.
pub mod care;

/// Pages for patients and those who care for them.
pub mod portal;

/// What runs in `serve` and `demo`, under a supervisor.
pub mod daemon;

/// Simulated devices and the people who wear them.
pub mod simulation;

/// A private Postgres and a private broker, for `demo` and for tests.
pub mod embedded;

/// The subcommands: arguments in, report out.
pub mod commands;
