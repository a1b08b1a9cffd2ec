//! Collect: the samples of a message grouped by series and revision into readings, its errors of one kind into one
//! rejection.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::effective::EffectiveTime;
use super::sampled::SampledRun;
use super::value::ObservedValue;
use crate::formats::decoded::REPLACES_MAX;
use crate::formats::error::SchemaError;
use crate::formats::text::shown;
use crate::formats::{ClinicalResource, Decoded, Offsets, Reading, Replaced, Values};
use crate::model::origin::Revision;
use crate::model::reason::{Reason, Rejection};
use crate::model::sample::{Spans, Times};
use crate::model::time::Timestamp;

/// Rejections kept apart in one message; further ones are joined, so that no payload makes a million sentences.
const REJECTIONS_MAX: usize = 16;

/// Readings in which a sample's series is searched, the latest first: few enough that a payload of nothing but new
/// series costs no more than its length.
const READINGS_LOOKED_AT: usize = 32;

/// All that was read so far.
#[derive(Debug, Default)]
pub(super) struct ObservationCollector<'a> {
    readings: Vec<GatheredReading<'a>>,
    rejections: Vec<FaultGroup<'a>>,
    resources: Vec<ClinicalResource<'a>>,
    not_measured: u64,
    /// How many readings replace others.
    replacing: usize,
    /// The entry of the Bundle that is being read; `None` where the message is one Observation.
    pub(super) entry: Option<usize>,
}

/// What all samples of a reading share.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ObservedSeries<'a> {
    pub(super) device: Option<Cow<'a, str>>,
    pub(super) metric: Cow<'a, str>,
    pub(super) statistic: Option<&'static str>,
    pub(super) revision: Option<Revision>,
}

#[derive(Debug)]
struct GatheredReading<'a> {
    series: ObservedSeries<'a>,
    unit: Option<Cow<'a, str>>,
    time_assumed: bool,
    samples: Gathered<'a>,
    replaces: Option<Replaced>,
}

#[derive(Debug)]
enum Gathered<'a> {
    /// One by one.
    Each { times: Vec<Timestamp>, spans: Vec<Option<i64>>, offsets: Vec<Option<i16>>, values: Values<'a> },
    /// As they came.
    Run { times: Times, offset_minutes: Option<i16>, values: Vec<f64> },
}

#[derive(Debug)]
struct FaultGroup<'a> {
    error: SchemaError,
    /// The metric, or the code of none.
    of: Option<Cow<'a, str>>,
    first: Option<usize>,
    times: usize,
    samples: usize,
}

const TOO_MANY_REPLACED: SchemaError = SchemaError {
    reason: Reason::MalformedSeries,
    field: "",
    what: "a message may take back or replace 64 times at most: send the others in another message",
};

/// Stands for the errors that came after too many others.
const JOINED: SchemaError = SchemaError {
    reason: Reason::Undecodable,
    field: "",
    what: "this and all later values that are refused are joined here",
};

impl<'a> ObservationCollector<'a> {
    /// One sample more.
    pub(super) fn add(&mut self, series: ObservedSeries<'a>, time: EffectiveTime, value: ObservedValue<'a>) {
        let (unit, number, code) = match value {
            ObservedValue::Number(number, unit) => (unit, Some(number), None),
            ObservedValue::Code(code) => (None, None, Some(code)),
        };
        let time_assumed = time.assumed;
        let is_same = |reading: &GatheredReading<'_>| {
            let holds = match &reading.samples {
                Gathered::Each { values: Values::Numbers(_), .. } => number.is_some(),
                Gathered::Each { values: Values::Codes(_), .. } => code.is_some(),
                Gathered::Run { .. } => false,
            };
            holds && reading.series == series && reading.unit == unit && reading.time_assumed == time_assumed
        };
        let latest = self.readings.iter().enumerate().rev().take(READINGS_LOOKED_AT);
        let same = latest.filter(|(_, reading)| is_same(reading)).map(|(place, _)| place).next();
        let place = same.unwrap_or(self.readings.len());
        if same.is_none() {
            let values = if code.is_some() { Values::Codes(Vec::new()) } else { Values::Numbers(Vec::new()) };
            let samples = Gathered::Each { times: Vec::new(), spans: Vec::new(), offsets: Vec::new(), values };
            self.readings.push(GatheredReading { series, unit, time_assumed, samples, replaces: None });
        }
        if let Some(reading) = self.readings.get_mut(place) {
            reading.push(time, number, code);
        }
    }

    /// A series of samples more; `is_anew`: it is the whole truth of its time.
    pub(super) fn add_run(
        &mut self,
        series: ObservedSeries<'a>,
        (start, offset_minutes): (Timestamp, Option<i16>),
        run: SampledRun<'a>,
        is_anew: bool,
    ) -> Result<(), SchemaError> {
        let replaces = is_anew.then_some(Replaced { from: start, to: run.end });
        self.count_replacing(is_anew)?;
        self.not_measured += run.not_measured;
        if !run.values.is_empty() || is_anew {
            let samples = Gathered::Run { times: run.times, offset_minutes, values: run.values };
            self.readings.push(GatheredReading { series, unit: run.unit, time_assumed: false, samples, replaces });
        }
        Ok(())
    }

    /// What begins in the range is taken back.
    pub(super) fn take_back(&mut self, series: ObservedSeries<'a>, range: Replaced) -> Result<(), SchemaError> {
        self.count_replacing(true)?;
        let samples = Gathered::Run { times: Times::At(Vec::new()), offset_minutes: None, values: Vec::new() };
        let replaces = Some(range);
        self.readings.push(GatheredReading { series, unit: None, time_assumed: false, samples, replaces });
        Ok(())
    }

    fn count_replacing(&mut self, replaces: bool) -> Result<(), SchemaError> {
        self.replacing += usize::from(replaces);
        if replaces && self.replacing > REPLACES_MAX { Err(TOO_MANY_REPLACED) } else { Ok(()) }
    }

    /// A value that was not measured.
    pub(super) fn count_not_measured(&mut self) {
        self.not_measured += 1;
    }

    /// A resource that is no Observation.
    pub(super) fn resource(&mut self, kind: Cow<'a, str>, resource: &'a RawValue) {
        self.resources.push(ClinicalResource { kind, body: Cow::Borrowed(resource.get().as_bytes()) });
    }

    /// `samples` samples fewer, of the metric or with the code `of`.
    pub(super) fn reject(&mut self, error: SchemaError, of: Option<Cow<'a, str>>, samples: usize) {
        let samples = samples.max(1);
        let is_full = self.rejections.len() >= REJECTIONS_MAX;
        let same = self.rejections.iter().position(|known| known.error == error && known.of == of);
        let known = same.or(is_full.then_some(REJECTIONS_MAX - 1)).and_then(|place| self.rejections.get_mut(place));
        match known {
            Some(known) => {
                if same.is_none() {
                    (known.error, known.of) = (JOINED, None);
                }
                known.times += 1;
                known.samples = known.samples.saturating_add(samples);
            }
            None => self.rejections.push(FaultGroup { error, of, first: self.entry, times: 1, samples }),
        }
    }

    /// What the message gave.
    pub(super) fn finish(self) -> Decoded<'a> {
        Decoded {
            readings: self.readings.into_iter().map(GatheredReading::finish).collect(),
            resources: self.resources,
            replies: Vec::new(),
            rejections: self.rejections.into_iter().map(FaultGroup::finish).collect(),
            not_measured: self.not_measured,
        }
    }
}

impl<'a> GatheredReading<'a> {
    fn push(&mut self, time: EffectiveTime, number: Option<f64>, code: Option<Cow<'a, str>>) {
        let Gathered::Each { times, spans, offsets, values } = &mut self.samples else { return };
        match (values, number, code) {
            (Values::Numbers(numbers), Some(number), _) => numbers.push(number),
            (Values::Codes(codes), _, Some(code)) => codes.push(code),
            _ => return,
        }
        times.push(time.start);
        spans.push(time.span_us);
        offsets.push(time.offset_minutes);
    }

    fn finish(self) -> Reading<'a> {
        let (times, spans, offsets, values) = match self.samples {
            Gathered::Run { times, offset_minutes, values } => {
                (times, Spans::None, offset_minutes.map_or(Offsets::None, Offsets::Each), Values::Numbers(values))
            }
            Gathered::Each { times, spans, offsets, values } => {
                let spans = match spans.first() {
                    Some(first) if spans.iter().all(|span| span == first) => first.map_or(Spans::None, Spans::Each),
                    _ => Spans::Own(spans),
                };
                let offsets = match offsets.first() {
                    Some(first) if offsets.iter().all(|offset| offset == first) => {
                        first.map_or(Offsets::None, Offsets::Each)
                    }
                    _ => Offsets::Own(offsets),
                };
                (Times::At(times), spans, offsets, values)
            }
        };
        let ObservedSeries { device, metric, statistic, revision } = self.series;
        Reading {
            device,
            metric,
            statistic: statistic.map(Cow::Borrowed),
            unit: self.unit,
            times,
            spans,
            values,
            time_assumed: self.time_assumed,
            offsets,
            revision,
            replaces: self.replaces,
        }
    }
}

impl FaultGroup<'_> {
    fn finish(self) -> Rejection {
        let mut detail = String::new();
        if let Some(place) = self.first {
            let more = if self.times > 1 { " and others" } else { "" };
            detail.push_str(&format!("entry[{place}]{more}: "));
        }
        if let Some(of) = &self.of {
            detail.push_str(&format!("{}: ", shown(of)));
        }
        if !self.error.field.is_empty() {
            detail.push_str(&format!("{} ", self.error.field));
        }
        detail.push_str(self.error.what);
        Rejection::new(self.error.reason, detail, self.samples)
    }
}
