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

/// Who acts.
pub mod acting;

/// What opens a record.
pub mod rights;

/// The audit's chain.
pub mod audit;

/// A patient's samples.
pub mod samples;

/// Facilities and providers.
pub mod directory;

/// Appointments.
pub mod schedule;

/// Who waits for a time that is given back.
pub mod waitlist;

/// Visits by video, reviews, and what was recommended.
pub mod visit;

/// Invoices, claims, payments and refunds.
pub mod money;

/// Patients, their record and their results.
pub mod record;

/// Prescriptions and fills.
pub mod medication;

/// What came of it.
pub mod outcome;

/// Plans, goals and how far they have come.
pub mod goal;

/// Wellness programmes, and how much a centre is used.
pub mod programme;

/// Journals.
pub mod journal;

/// Spaces, posts and moderation.
pub mod community;

/// Devices given to people.
pub mod device;

/// What is done by the clock.
pub mod maintenance;
