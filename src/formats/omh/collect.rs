//! Collect: the samples of a message grouped by series into readings, its errors of one kind into one rejection.
//!
//! # Why
//! A message of 60 heart rates comes as 60 data points. As 60 readings each would be looked up, validated and stored by
//! itself; as one reading it costs the stages after this one as much as a batch does. The same holds for 60 errors.

use std::borrow::Cow;

use super::error::SchemaError;
use super::frame::TimeSpan;
use super::header::SchemaId;
use crate::formats::text::shown;
use crate::formats::{Decoded, Offsets, Reading, Values};
use crate::model::origin::Revision;
use crate::model::reason::{Reason, Rejection};
use crate::model::sample::{Spans, Times};
use crate::model::time::Timestamp;

/// Rejections kept apart in one message; further ones are joined, so that no payload makes a million sentences.
const REJECTIONS_MAX: usize = 16;

/// Readings in which a sample's series is searched, the latest first: more than any body mapping, and few enough that
/// a payload of nothing but new series costs no more than its length.
const READINGS_LOOKED_AT: usize = 32;

/// All that was read so far.
#[derive(Debug, Default)]
pub(super) struct Collector<'a> {
    readings: Vec<ReadingBuilder<'a>>,
    rejections: Vec<RejectionGroup<'a>>,
    /// The part that is being read; `None` where the message is one data point.
    pub(super) part: Option<SeriesPart>,
    /// Which word of its source the part is.
    pub(super) revision: Option<Revision>,
}

/// A part's place in the message.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct SeriesPart {
    /// `points` of an array, or the `body` of a series.
    pub(super) list: &'static str,
    pub(super) place: usize,
}

/// What all samples of a reading share.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key<'a> {
    pub(super) metric: &'static str,
    pub(super) statistic: Option<Cow<'a, str>>,
    pub(super) unit: Option<Cow<'a, str>>,
    pub(super) time_assumed: bool,
}

impl Key<'_> {
    /// The key of a stage of sleep.
    pub(super) fn sleep_stage<'a>(time_assumed: bool) -> Key<'a> {
        Key { metric: "sleep_stage", statistic: None, unit: None, time_assumed }
    }
}

/// A number, or a code of a coded metric.
#[derive(Clone, Debug)]
pub(super) enum Measured {
    Number(f64),
    Code(&'static str),
}

#[derive(Debug)]
struct ReadingBuilder<'a> {
    key: Key<'a>,
    revision: Option<Revision>,
    times: Vec<Timestamp>,
    spans: Vec<Option<i64>>,
    offsets: Vec<Option<i16>>,
    values: Values<'a>,
}

#[derive(Debug)]
struct RejectionGroup<'a> {
    error: SchemaError,
    schema: Option<SchemaId<'a>>,
    first: Option<SeriesPart>,
    parts: usize,
    samples: usize,
}

impl<'a> Collector<'a> {
    /// One sample more.
    pub(super) fn add(&mut self, key: Key<'a>, time_span: TimeSpan, measured: Measured) {
        let latest = self.readings.iter_mut().rev().take(READINGS_LOOKED_AT);
        let revision = self.revision;
        let mut same =
            latest.filter(|reading| reading.key == key && reading.revision == revision && reading.holds(&measured));
        match same.next() {
            Some(reading) => reading.push(time_span, measured),
            None => {
                let values = match measured {
                    Measured::Number(_) => Values::Numbers(Vec::new()),
                    Measured::Code(_) => Values::Codes(Vec::new()),
                };
                let (times, spans, offsets) = (Vec::new(), Vec::new(), Vec::new());
                let mut reading = ReadingBuilder { key, revision, times, spans, offsets, values };
                reading.push(time_span, measured);
                self.readings.push(reading);
            }
        }
    }

    /// `samples` samples fewer, of a part whose header names `schema` where it could be read.
    pub(super) fn reject(&mut self, error: SchemaError, schema: Option<&SchemaId<'a>>, samples: usize) {
        let samples = samples.max(1);
        let is_full = self.rejections.len() >= REJECTIONS_MAX;
        let same = self.rejections.iter().position(|known| known.error == error && known.schema.as_ref() == schema);
        let known = same.or(is_full.then_some(REJECTIONS_MAX - 1)).and_then(|place| self.rejections.get_mut(place));
        match known {
            Some(known) => {
                if same.is_none() {
                    known.error = JOINED;
                    known.schema = None;
                }
                known.parts += 1;
                known.samples = known.samples.saturating_add(samples);
            }
            None => {
                self.rejections.push(RejectionGroup {
                    error,
                    schema: schema.cloned(),
                    first: self.part,
                    parts: 1,
                    samples,
                });
            }
        }
    }

    /// What the message gave.
    pub(super) fn finish(self) -> Decoded<'a> {
        Decoded {
            readings: self.readings.into_iter().map(ReadingBuilder::finish).collect(),
            rejections: self.rejections.into_iter().map(RejectionGroup::finish).collect(),
            ..Decoded::default()
        }
    }
}

/// Stands for the errors that came after too many others.
const JOINED: SchemaError = SchemaError {
    reason: Reason::Undecodable,
    field: "",
    what: "this and all later parts that are refused are joined here",
};

impl<'a> ReadingBuilder<'a> {
    fn holds(&self, measured: &Measured) -> bool {
        matches!(
            (&self.values, measured),
            (Values::Numbers(_), Measured::Number(_)) | (Values::Codes(_), Measured::Code(_))
        )
    }

    fn push(&mut self, time_span: TimeSpan, measured: Measured) {
        match (&mut self.values, measured) {
            (Values::Numbers(numbers), Measured::Number(number)) => numbers.push(number),
            (Values::Codes(codes), Measured::Code(code)) => codes.push(Cow::Borrowed(code)),
            _ => return,
        }
        self.times.push(time_span.start);
        self.spans.push(time_span.span_us);
        self.offsets.push(time_span.offset_minutes);
    }

    fn finish(self) -> Reading<'a> {
        let spans = match self.spans.first() {
            Some(first) if self.spans.iter().all(|span| span == first) => first.map_or(Spans::None, Spans::Each),
            _ => Spans::Own(self.spans),
        };
        let offsets = match self.offsets.first() {
            Some(first) if self.offsets.iter().all(|offset| offset == first) => {
                first.map_or(Offsets::None, Offsets::Each)
            }
            _ => Offsets::Own(self.offsets),
        };
        Reading {
            device: None,
            metric: Cow::Borrowed(self.key.metric),
            statistic: self.key.statistic,
            unit: self.key.unit,
            times: Times::At(self.times),
            spans,
            values: self.values,
            time_assumed: self.key.time_assumed,
            offsets,
            revision: self.revision,
            replaces: None,
        }
    }
}

impl RejectionGroup<'_> {
    fn finish(self) -> Rejection {
        let mut detail = String::new();
        if let Some(SeriesPart { list, place }) = self.first {
            let more = if self.parts > 1 { " and others" } else { "" };
            detail.push_str(&format!("{list}[{place}]{more}: "));
        }
        if let Some(SchemaId { namespace, name, version }) = &self.schema {
            detail.push_str(&format!("{}/{} {}: ", shown(namespace), shown(name), shown(version)));
        }
        if !self.error.field.is_empty() {
            detail.push_str(&format!("{} ", self.error.field));
        }
        detail.push_str(self.error.what);
        Rejection::new(self.error.reason, detail, self.samples)
    }
}
