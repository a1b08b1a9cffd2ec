//! Validate: readings become valid samples, or rejections with their reason. Pure: the clock and the limits are
//! arguments.
//!
//! # Why
//! Nearly every reading is valid, so it is validated once, column by column, and its columns are handed on as they
//! came. Only one with a sample that is not clean goes the slow way (`validate_each`), sample by sample. At
//! 60 values a message the difference is one comparison a value against a branch, a copy and a push.
//!
//! A zero-length interval `[t, t)` says one moment and is kept as an instant: devices write `end = start` for lack of
//! an interval, and an interval that holds no time can hold no measurement.
//!
//! What a reading replaces goes on with its valid samples, or by itself where it measured nothing. Where it measured
//! something and none of it is valid, nothing is replaced: what stands is better than nothing.
//!
//! Invariant: every value of a reading comes out exactly once: valid, rejected, or not measured.

use std::sync::Arc;

use crate::formats::text::shown;
use crate::formats::{Reading, Values};
use crate::model::metric::{Catalogue, Metric};
use crate::model::origin::Origin;
use crate::model::reason::{Reason, Rejection};
use crate::model::sample::{Flags, Spans, Times};
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;
use crate::model::unit::{Conversion, Units};

mod beats;
mod bounds;
mod limits;
mod outcome;
mod replaces;
mod resolve;
mod validate_each;

use bounds::{Bounds, StatisticKind};
use resolve::ResolvedReading;

pub use limits::ValidationLimits;
pub use outcome::{ValidSamples, Validated};

/// Validates readings by the catalogue, the unit table and the limits.
#[derive(Clone, Debug)]
pub struct Validator {
    catalogue: Arc<Catalogue>,
    units: Arc<Units>,
    limits: ValidationLimits,
}

impl Validator {
    /// A validator by these rules.
    pub fn new(catalogue: Arc<Catalogue>, units: Arc<Units>, limits: ValidationLimits) -> Validator {
        Validator { catalogue, units, limits }
    }

    /// What becomes of the reading's values, `now` being the moment of its arrival.
    pub fn validate(&self, reading: Reading<'_>, now: Timestamp) -> Validated {
        if reading.values.is_empty() && reading.replaces.is_none() {
            return Validated::default();
        }
        match self.resolve(reading, now) {
            Err(rejection) => Validated { rejections: vec![rejection], ..Validated::default() },
            Ok(resolved) => {
                let window = self.limits.window(now);
                if resolved.is_clean(window, self.limits.span_max_us_of(resolved.statistic)) {
                    resolved.into_valid()
                } else {
                    validate_each::validate_each(resolved, window, self.limits)
                }
            }
        }
    }

    /// Looks up the reading's words; an unknown one rejects all of it.
    fn resolve(&self, reading: Reading<'_>, now: Timestamp) -> Result<ResolvedReading<'_>, Rejection> {
        let count = reading.values.len();
        let refuse = |reason, detail: String| Rejection::new(reason, detail, count);
        let metric = self.catalogue.by_name(&reading.metric).ok_or_else(|| {
            let detail = format!("`metric` must be a name of the catalogue, not {}", shown(&reading.metric));
            refuse(Reason::UnknownMetric, detail)
        })?;
        let name = &metric.name;
        let (statistic, kind) = read_statistic(&reading).ok_or_else(|| {
            let detail = format!("{name}: `statistic` must be a descriptive statistic of Open mHealth");
            refuse(Reason::UnknownStatistic, detail)
        })?;
        let conversion = self.conversion(&reading, metric, statistic, kind).ok_or_else(|| {
            let given = reading.unit.as_deref().unwrap_or_default();
            let detail =
                format!("{name}: `unit` must be a word that converts to {}, not {}", metric.unit, shown(given));
            refuse(Reason::UnknownUnit, detail)
        })?;
        if !is_even(&reading.times, &reading.spans, count) {
            let detail = format!("{name}: times must go forward, and be as many as the values");
            return Err(refuse(Reason::MalformedSeries, detail));
        }
        if metric.is_coded() && !statistic.is_none() {
            return Err(refuse(
                Reason::MalformedSeries,
                format!("{name}: a coded metric must come without `statistic`"),
            ));
        }
        let replaces = replaces::read(&reading, self.limits, now)
            .map_err(|(reason, rule)| refuse(reason, format!("{name}: {rule}")))?;
        let values = match (reading.values, metric.is_coded()) {
            // Nothing is neither numbers nor codes.
            (values, _) if values.is_empty() => Vec::new(),
            (Values::Numbers(numbers), false) => numbers,
            (Values::Codes(codes), true) => codes.iter().map(|code| place_of(code, metric)).collect(),
            (_, true) => return Err(refuse(Reason::MalformedSeries, format!("{name}: give `codes`, not numbers"))),
            (_, false) => return Err(refuse(Reason::MalformedSeries, format!("{name}: give numbers, not `codes`"))),
        };
        let bounds = Bounds::new(metric, kind, reading.statistic.as_deref());
        // 255 is no heart rate, and a sound number of heart rates.
        let sentinels = if kind == StatisticKind::Value { metric.sentinels_in(conversion) } else { &[] };
        let is_unit_named = reading.unit.is_some();
        let flags = if reading.time_assumed { Flags::TIME_ASSUMED } else { Flags::NONE };
        let origins = reading.offsets.origins(Origin { revision: reading.revision, ..Origin::received(now) }, count);
        let (mut times, spans) = (reading.times, instants_where_zero(reading.spans));
        if metric.consecutive && spans == Spans::None {
            beats::lay_out(&mut times, &values, conversion, bounds.hard);
        }
        Ok(ResolvedReading {
            metric,
            statistic,
            kind,
            bounds,
            conversion,
            sentinels,
            is_unit_named,
            times,
            spans,
            values,
            flags,
            origins,
            replaces,
        })
    }

    fn conversion(
        &self,
        reading: &Reading<'_>,
        metric: &Metric,
        statistic: Statistic,
        kind: StatisticKind,
    ) -> Option<Conversion> {
        let conversion = match reading.unit.as_deref() {
            None => return Some(Conversion::Identity),
            Some(word) if word == metric.unit => return Some(Conversion::Identity),
            Some(word) => metric.conversion_from(word, &self.units)?,
        };
        match kind {
            // The largest resistance is the smallest conductance, and the mean of resistances is no mean at all.
            _ if matches!(conversion, Conversion::Inverse { .. }) && !statistic.is_none() => None,
            StatisticKind::Value => Some(conversion),
            StatisticKind::Spread => conversion.of_difference(),
            StatisticKind::Square => conversion.of_square(),
            StatisticKind::Sum => conversion.of_sum(),
            StatisticKind::Count => Some(Conversion::Identity),
        }
    }
}

/// `None` where the reading's word is nobody's statistic.
fn read_statistic(reading: &Reading<'_>) -> Option<(Statistic, StatisticKind)> {
    match reading.statistic.as_deref() {
        None => Some((Statistic::NONE, StatisticKind::Value)),
        Some(text) => Statistic::parse(text).map(|statistic| (statistic, StatisticKind::of(text))),
    }
}

/// True where each value has a time, and a span or none. Two samples of an even run may not share their time.
fn is_even(times: &Times, spans: &Spans, count: usize) -> bool {
    let times_fit = match times {
        Times::Regular { period_us, .. } => *period_us > 0 || count == 1,
        Times::At(times) => times.len() == count,
    };
    times_fit && !matches!(spans, Spans::Own(spans) if spans.len() != count)
}

fn instants_where_zero(spans: Spans) -> Spans {
    match spans {
        Spans::Each(0) => Spans::None,
        Spans::Own(mut spans) => {
            spans.iter_mut().for_each(|span| *span = span.filter(|span_us| *span_us != 0));
            Spans::Own(spans)
        }
        spans => spans,
    }
}

/// The place of a code in the metric's list; NaN, which no range holds, where it is not there.
fn place_of(code: &str, metric: &Metric) -> f64 {
    metric.codes.iter().position(|known| known == code).map_or(f64::NAN, |place| place as f64)
}

#[cfg(test)]
mod tests;
