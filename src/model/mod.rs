//! The domain types: what a sample, a block, a metric and a device are. No IO, no async, no SQL, no wire format.
//!
//! Invariant: nothing in here can fail for a reason outside its arguments, so every rule about the data can be tested
//! without a broker or a database.

/// Names and keys.
pub mod ids;

/// Moments, days and the clock.
pub mod time;

/// Pauses between attempts.
pub mod backoff;

/// What a value says about many measurements.
pub mod statistic;

/// Why something is quarantined.
pub mod reason;

/// How samples came, and which word of their source they are.
pub mod origin;

/// Values at their times, and the runs in which they travel.
pub mod sample;

/// What a series measured on a day.
pub mod rollup;

/// Glucose over days, as it is reported.
pub mod glucose;

/// The catalogue of what is measured.
pub mod metric;

/// Unit words and their conversion to UCUM.
pub mod unit;

/// Which word of a source stands.
pub mod revision;

/// Runs of samples as one row.
pub mod block;

/// People and their care: keys, days and words.
pub mod people;
