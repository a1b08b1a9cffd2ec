//! The promises of the whole, kept with real servers. One program, so that it is linked once.

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

/// The private servers.
mod embedded;

/// The schema's own promises.
mod schema;

/// Bytes in, rows out.
mod path;

/// Published corpora of Open mHealth and IEEE 1752.1.
mod omh;

/// The operator's verbs, as the real binary runs them.
mod verbs;

/// Real recordings, replayed.
mod replay;

/// Real recordings, stored.
mod recordings;

/// The archive's files, as other programs read them.
mod archive_file;

/// Stops between any two stages.
mod crash;

/// The demo, as a person starts it.
mod demo;
