//! Decode: a delivery's bytes become readings: typed and complete, not yet believed.
//!
//! Each format is one file and one function from bytes to [`Decoded`]. A decoder borrows from the payload, checks
//! all that its format's standard demands, and knows nothing of catalogue ranges, devices or clocks: that is
//! `validate`'s. Whatever a decoder refuses comes back as a [`Rejection`] beside the good parts of the same message.
//!
//! Invariant: no bytes make a decoder panic, and none makes it allocate more than a small multiple of the payload.

use std::borrow::Cow;

use crate::model::reason::Rejection;
use crate::model::sample::{Spans, Times};

/// One message as it came.
pub mod delivery;

/// What a topic says.
pub mod topic;

/// Open mHealth and IEEE 1752.1.
pub mod omh;

/// HealthTrack's own batch in JSON.
pub mod batch;

/// The values of a reading, as the payload gave them.
#[derive(Clone, Debug, PartialEq)]
pub enum Values<'a> {
    /// Numbers in the reading's unit.
    Numbers(Vec<f64>),
    /// Codes of a coded metric.
    Codes(Vec<Cow<'a, str>>),
}

/// Samples of one metric as a payload gave them: understood, not yet believed.
///
/// `values`, the times and the spans have one length; slots that the device says it did not measure are already left
/// out.
/// A span may still be negative or zero here: `validate` judges it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading<'a> {
    /// The device that the payload names; `None` where the topic's source is the device.
    pub device: Option<Cow<'a, str>>,
    /// The metric's name, or `unknown:{namespace}/{name}` where the format's own name maps to no metric.
    pub metric: Cow<'a, str>,
    /// What the values say about many measurements, in the words of `model::statistic`; `None` for plain measurements.
    pub statistic: Option<Cow<'a, str>>,
    /// The payload's unit word; `None` where it gave none and the catalogue's is meant.
    pub unit: Option<Cow<'a, str>>,
    /// When.
    pub times: Times,
    /// How long.
    pub spans: Spans,
    /// What.
    pub values: Values<'a>,
    /// True where the payload had no time of the measurement and that of its creation stands in.
    pub time_assumed: bool,
}

/// All that one payload gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded<'a> {
    /// The parts that were understood.
    pub readings: Vec<Reading<'a>>,
    /// The parts that break the format's rules.
    pub rejections: Vec<Rejection>,
    /// Slots that the payload marks as not measured (`null`).
    pub not_measured: u64,
}
