//! The promises of the network's own data: who, where, when, what it costs, and who may see it. One file for each area.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test says no by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

/// A small network to try things in.
mod network;

/// What every table keeps to.
mod schema;

/// States, cities, facilities, people.
mod directory;

/// What a person is told.
mod refusal;

/// Insurance, invoices, claims, payments, the ledger.
mod money;

/// Devices given to people.
mod device;

/// What the schema says of itself.
mod dictionary;

/// The made-up network.
mod population;
