//! Care: what a person may do with the network's data, as functions of an actor.
//!
//! # Why
//! What needs more than one connection or both tiers cannot be a function of the database alone. It is put together
//! here, from functions of `store::care` that have decided and audited first, so that a page, an export or a
//! subscription never puts it together by itself.

/// A patient's samples of both tiers.
pub mod samples;
