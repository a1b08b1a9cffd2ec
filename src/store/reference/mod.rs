//! The network's own data: who, where, when, what it costs, and who may see it.
//!
//! # Why
//! The tables refuse what cannot be true and row-level security hides what somebody may not see, so that no program can
//! forget either. What is left for Rust is small: to say who acts, to call a function or run a statement, and to turn a
//! refusal into one sentence. There is one file for each area, and no trait: there is one database.
//!
//! Invariant: nothing that the database says in its own words reaches a person, since Postgres prints keys and values
//! (`refusal`; `tests/care/refusal.rs`).

/// What the database refuses, in one sentence.
pub mod refusal;

/// What the catalog knows of the schemas.
pub mod dictionary;

/// A made-up network, with answers that are known.
pub mod population;

/// Devices given to people.
pub mod device;
