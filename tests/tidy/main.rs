//! The rules of this repository, kept by reading `src/` as text: which file may use which, where things may be said, how
//! long they may be. Each rule is shown a bad text as well, so that it cannot pass by being blind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says no by panicking"
)]

/// `src/`, file by file, and what a rule is.
mod source;

/// Which file uses which.
mod graph;

/// Who may use whom.
mod layers;

/// What may stand in which module only.
mod homes;

/// How long, how wide, how finished.
mod shape;

/// Fault injection: nothing of it in a release.
mod faults;

/// Who may ask something of care.
mod care;

/// Migrations that databases have applied.
mod released;

/// What types are called.
mod names;
