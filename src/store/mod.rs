//! Postgres: the only module with SQL.
//!
//! Plain Postgres 15 or newer and TimescaleDB are both first class. What is true of both is in `schemas/migrations`;
//! `schemas/timescale` is applied where the extension is present.
//!
//! # Why
//! Moments travel as microseconds and are made timestamps by Postgres itself, so that no calendar library stands
//! between a device's clock and the table. COPY is encoded here because no encoder of binary rows exists for sqlx.
//!
//! Invariant: every block is written in a transaction that first locks the shard's row with the writer's own epoch
//! (`hot::commit`), so a daemon that has lost its shard writes nothing, and that moves its writer on (`writer`), so
//! nothing is written by what another history of the database has taught. Rolls and erasures only remove
//! blocks, and have a lock of their own (`archive`).

/// What an answer of Postgres means for a retry.
mod sqlstate;

/// What can go wrong, and whether a retry can cure it.
mod error;

/// Timestamps on the wire.
mod moment;

/// Keys, days and words of the record on the wire.
mod wire;

/// The hosts of a URL.
mod hosts;

/// Connections.
pub mod pool;

/// Whether they lead to Postgres itself.
pub mod direct;

/// Migrations.
pub mod migrate;

/// Who owns which shard.
pub mod shard;

/// Which copy of the database this is.
pub mod incarnation;

/// What its lanes may write, and proof that the database has forgotten nothing.
pub mod writer;

/// Devices and series by name and by number.
pub mod directory;

/// Which sessions daemons have at the broker.
pub mod mqtt_session;

/// Which source may speak for which device.
pub mod source;

/// Devices from one shard to another.
pub mod relocate;

/// Devices that are heard for the first time.
pub mod newcomers;

/// Blocks: written by COPY, read by time.
pub mod hot;

/// What was stored, superseded or erased, in order.
pub mod changes;

/// What series measured in hours and days.
pub mod rollup;

/// Invalid input, kept with its reason.
pub mod quarantine;

/// The archive: what is due, and its manifest.
pub mod archive;

/// The network's own data: people, places, visits, rights.
pub mod care;

/// What the catalog knows of the schemas.
pub mod dictionary;

/// The same as SQL.
pub(crate) mod statement;

/// A synthetic network, with answers that are known.
pub mod population;

/// The server's version and settings, for `doctor`.
pub mod inspect;

/// Logins of a database of one's own.
pub mod login;

/// What `doctor` asks about who may do what on the server.
pub mod privilege;

pub use error::StoreError;
pub use sqlstate::Fault;
