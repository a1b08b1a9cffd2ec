//! HealthTrack's own batch in JSON, version 1: what hubs send (`schemas/payloads/batch.schema.json`).
//!
//! # Why
//! A message of 60 values is the common case, so it is read in one typed pass that borrows from the payload and keeps
//! each column of numbers as text; `column` then turns a column into numbers with one allocation. Only a message that
//! this pass rejects is read again, series by series (`salvage`), so that one malformed series does not take its
//! neighbours with it.
//!
//! Unknown keys are rejected: a hub that writes `stat` for `statistic` would otherwise store a maximum as a
//! measurement.
//!
//! Invariant: a detail names keys, places and limits, never a value that was measured.

use super::delivery::Delivery;
use super::format::{Decoder, Format};
use super::{Decoded, HeartRates};
use crate::model::reason::Rejection;

/// The message as serde sees it.
mod wire;

/// Why a series cannot be read.
mod error;

/// JSON arrays to numbers and codes.
mod column;

/// When each sample was measured.
mod times;

/// Which word of its source a series is, and what it replaces.
mod revised;

/// One series to one reading.
mod series;

/// A message with a malformed series.
mod salvage;

/// A whole message.
mod decode;

/// The same format, written.
pub mod write;

pub use decode::decode;

/// What the registry knows of it.
pub static FORMAT: Format = Format {
    word: "batch",
    title: "HealthTrack's own batch, JSON",
    content_types: &["application/json", "application/vnd.healthtrack.batch+json"],
    decoder: || Box::new(BatchDecoder),
    write: |rates: &HeartRates, out| write::heart_rates(rates, out),
};

/// Remembers nothing: each batch stands for itself.
#[derive(Debug)]
struct BatchDecoder;

impl Decoder for BatchDecoder {
    fn decode<'a>(&mut self, delivery: &'a Delivery) -> Result<Decoded<'a>, Rejection> {
        decode(&delivery.payload)
    }
}

#[cfg(test)]
mod tests;
