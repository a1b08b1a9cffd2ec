//! Formats: the bytes of a payload become readings, typed and complete but not yet validated; and the way back.
//!
//! Each format is one folder and one line of `registry::FORMATS`; everything that depends on the list of formats
//! (topics, content types, error texts, `load --format`, the benches, `schemas/payloads/README.md`) takes them from
//! there. `Decoders` is the only entry point: it reads the topic, finds the format, checks the content type and
//! decodes.
//!
//! A decoder borrows from the payload, checks all that its format's standard demands, and knows nothing of catalogue
//! ranges, devices or clocks: that is `validate`'s. What a decoder rejects comes back as a
//! [`Rejection`](crate::model::reason::Rejection) beside the good parts of the same message.
//!
//! Invariant: no bytes make a decoder panic, and none makes it allocate more than a small multiple of the payload.

/// One message as it came.
pub mod delivery;

/// What a decoder makes of a message.
mod decoded;

/// A format, and the trait of its decoder.
mod format;

/// Texts: what every decoder does with them.
pub(crate) mod text;

/// Why a part of a message is rejected.
mod error;

/// The leaves of a payload in JSON.
mod json;

/// Times one period apart.
mod evenly;

/// `NaN` and `Infinity` among JSON.
mod bare;

/// `ht/1/{shard}/{source}/{format}`, parsed and built.
pub mod topic;

/// Open mHealth and IEEE 1752.1.
pub mod omh;

/// Observations of HL7 FHIR R4.
pub mod fhir;

/// HealthTrack's own batch in JSON.
pub mod batch;

/// Every format there is.
pub mod registry;

/// From a delivery to what its format makes of it.
mod decoders;

pub use decoded::{ClinicalResource, Decoded, Offsets, Reading, Replaced, Reply, Values};
pub use decoders::Decoders;
pub use format::{Decoder, Format, HeartRates};
