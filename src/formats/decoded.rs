//! Decoded: what a decoder makes of one message: readings, clinical resources, replies, and what it rejects.

use std::borrow::Cow;

use bytes::Bytes;

use crate::model::origin::{Origin, Origins, Revision};
use crate::model::reason::Rejection;
use crate::model::sample::{Spans, Times};
use crate::model::time::Timestamp;

/// Readings of one message that may replace others: each holds days of its series while it is written.
pub(super) const REPLACES_MAX: usize = 64;

/// The values of a reading, as the payload gave them.
#[derive(Clone, Debug, PartialEq)]
pub enum Values<'a> {
    /// Numbers in the reading's unit. An infinite one is no number: the sensor said "low" or "high".
    Numbers(Vec<f64>),
    /// Codes of a coded metric.
    Codes(Vec<Cow<'a, str>>),
}

impl Values<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Values::Numbers(numbers) => numbers.len(),
            Values::Codes(codes) => codes.len(),
        }
    }

    /// True where there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Samples of one metric as a payload gave them: decoded, not yet validated.
///
/// `values`, the times and the spans have one length; slots that the device says it did not measure are already left
/// out.
/// A span may still be negative or zero here: `validate` decides on it.
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
    /// The local time of the source.
    pub offsets: Offsets,
    /// Which word of the source this is; `None` where it counts none.
    pub revision: Option<Revision>,
    /// What this stands in place of, with a revision.
    pub replaces: Option<Replaced>,
}

/// Minutes by which the source's local time is ahead of UTC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Offsets {
    /// It did not say.
    #[default]
    None,
    /// The same for all samples.
    Each(i16),
    /// Each sample's own.
    Own(Vec<Option<i16>>),
}

impl Offsets {
    /// The origins of `count` samples that differ in nothing else.
    pub fn origins(&self, origin: Origin, count: usize) -> Origins {
        let at = |utc_offset_minutes| Origin { utc_offset_minutes, ..origin };
        match self {
            Offsets::None => Origins::Each(origin),
            Offsets::Each(minutes) => Origins::Each(at(Some(*minutes))),
            Offsets::Own(offsets) => {
                let mut origins = Origins::default();
                let each = (0..count).map(|place| at(offsets.get(place).copied().flatten()));
                each.enumerate().for_each(|(place, origin)| origins.push(place, 1, origin));
                origins
            }
        }
    }
}

/// All that begins in `[from, to)`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

impl Reading<'_> {
    /// The same, owing nothing to the payload.
    pub(super) fn into_owned(self) -> Reading<'static> {
        let owned = |text: Option<Cow<'_, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Reading {
            device: owned(self.device),
            metric: Cow::Owned(self.metric.into_owned()),
            statistic: owned(self.statistic),
            unit: owned(self.unit),
            times: self.times,
            spans: self.spans,
            values: match self.values {
                Values::Numbers(numbers) => Values::Numbers(numbers),
                Values::Codes(codes) => {
                    Values::Codes(codes.into_iter().map(|code| Cow::Owned(code.into_owned())).collect())
                }
            },
            time_assumed: self.time_assumed,
            offsets: self.offsets,
            revision: self.revision,
            replaces: self.replaces,
        }
    }
}

/// A part of a clinical record, as a payload gave it: decoded no further than its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClinicalResource<'a> {
    /// What it is, in its format's own word, as in `Observation`.
    pub kind: Cow<'a, str>,
    /// The resource itself.
    pub body: Cow<'a, [u8]>,
}

/// A message in answer to the one that was decoded, to be published over the same connection.
///
/// It goes out once, at QoS 0 and not retained, and nobody waits for it: an answer asks a publisher for something (its
/// definitions, anew), and whoever still lacks it asks again at the next message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Where to.
    pub topic: String,
    /// Its payload.
    pub payload: Bytes,
}

/// All that one payload gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded<'a> {
    /// Samples.
    pub readings: Vec<Reading<'a>>,
    /// Parts of clinical records.
    pub resources: Vec<ClinicalResource<'a>>,
    /// What is to be answered.
    pub replies: Vec<Reply>,
    /// The parts that break the format's rules.
    pub rejections: Vec<Rejection>,
    /// Slots that the payload marks as not measured (`null`).
    pub not_measured: u64,
}
