//! Rollups: what a series measured in an hour or a day, closed in the database and asked of it.
//!
//! # Why
//! Both that closing and asking need is in the database already, and the samples would have to travel for nothing. So
//! they are functions of the schema (`signal.close_rollups`, `signal.rollup`), which compute by the same statement, and
//! a person with `psql` has the same answer as a program.
//!
//! Invariant: an answer is what the samples give in the same snapshot, whatever is closed and whatever is under way
//! (`rollup::an_answer_is_what_the_samples_give`).

/// Closing what is over.
mod close;

/// Hours and days, as they are asked for.
mod ask;

/// What is rolled up of the archive.
mod archive;

pub use archive::{DueFile, FileRollup, FileRollups, due_files, forget, forget_day, hold, keep, measure, retire};
pub use ask::{Every, Rollup, RollupQuestion, rollups};
pub use close::{Closed, close};
