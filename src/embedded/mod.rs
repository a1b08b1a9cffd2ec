//! A private Postgres and a private broker: what `demo` and the tests stand on, with nothing to install or to set up.
//!
//! `PrivatePostgres` is a real server in a process of its own, because only Postgres behaves like Postgres. The broker
//! is rumqttd inside this process: it shows the journey, and it promises nothing across a restart.
//!
//! # Why
//! What is on the machine is used before anything is fetched: it is faster, it is patched by somebody, and it works
//! without a network. Both listen on 127.0.0.1 only and on a port the system gives. Containers were rejected: they need
//! rights and a daemon that a laptop or a build machine may lack.
//!
//! Invariant: nothing is left behind. A cluster is stopped when its handle is dropped, and also when this process is
//! killed (`watchdog`). `tests/embedded.rs` proves both.

/// The user that Postgres runs as, since it refuses root.
mod account;

/// Where `initdb`, `pg_ctl` and `postgres` are, and how they are fetched.
mod binaries;

/// The broker.
pub mod broker;

/// A data directory: made once, reused ever after.
mod cluster;

/// What can go wrong, and what to do then.
mod error;

/// The database server.
pub mod postgres;

/// Stops the server when this process ends in whatever way.
mod watchdog;

pub use binaries::PostgresSearch;
pub use broker::PrivateBroker;
pub use error::EmbeddedError;
pub use postgres::{PostgresOptions, PrivatePostgres};
