//! The slow way: a reading with a sample that is invalid, flagged or not measured, sample by sample.

use super::limits::{TimeWindow, ValidationLimits};
use super::outcome::{ValidSamples, Validated};
use super::resolve::ResolvedReading;
use crate::model::reason::{Reason, Rejection};
use crate::model::sample::{Flags, Run, Sample};
use crate::model::time::{DAY_US, SECOND_US};

/// Samples of one reading that are refused for one reason.
struct RejectedSamples {
    reason: Reason,
    samples: usize,
    first: usize,
}

/// Keeps what is valid, and rejects the rest by reason.
pub(super) fn validate_each(resolved: ResolvedReading<'_>, window: TimeWindow, limits: ValidationLimits) -> Validated {
    let count = resolved.values.len();
    let mut validated = Validated::default();
    let mut refused: Vec<RejectedSamples> = Vec::new();
    let mut kept = Vec::with_capacity(count);
    for place in 0..count {
        match resolved.validate_sample(place, window, limits.span_max_us) {
            Ok(None) => validated.not_measured += 1,
            Ok(Some(sample)) => {
                validated.flagged += u64::from(sample.flags != Flags::NONE);
                kept.push(sample);
            }
            Err(reason) => match refused.iter_mut().find(|refused| refused.reason == reason) {
                Some(refused) => refused.samples += 1,
                None => refused.push(RejectedSamples { reason, samples: 1, first: place }),
            },
        }
    }
    validated.rejections = refused.iter().map(|refused| resolved.explain(refused, limits)).collect();
    if !kept.is_empty() {
        let mut run = Run::of(&kept);
        // An even run that lost none of its samples is still even.
        if kept.len() == count {
            (run.times, run.spans) = (resolved.times, resolved.spans);
        }
        validated.valid = Some(ValidSamples { metric: resolved.metric.id, statistic: resolved.statistic, run });
    }
    validated
}

impl ResolvedReading<'_> {
    /// The sample at a place; `None` where it was not measured.
    fn validate_sample(&self, place: usize, window: TimeWindow, span_max_us: i64) -> Result<Option<Sample>, Reason> {
        let value = self.values.get(place).copied().ok_or(Reason::MalformedSeries)?;
        if self.metric.sentinels.contains(&value) {
            return Ok(None);
        }
        let start = self.times.at(place).ok_or(Reason::MalformedSeries)?;
        if start > window.last {
            return Err(Reason::FutureTime);
        }
        if start < window.first {
            return Err(Reason::AncientTime);
        }
        let span_us = self.spans.at(place);
        if span_us.is_some_and(|span_us| !(0..=span_max_us).contains(&span_us)) {
            return Err(Reason::BadInterval);
        }
        let value = self.conversion.apply(value);
        let bounds = self.bounds.over(span_us);
        if !bounds.hard.contains(value) {
            return Err(if self.metric.is_coded() { Reason::UnknownCode } else { Reason::ImpossibleValue });
        }
        let unlikely = if bounds.soft.contains(value) { Flags::NONE } else { Flags::UNLIKELY };
        Ok(Some(Sample { start, span_us, value, flags: self.flags.and(unlikely), origin: self.origins.at(place) }))
    }

    /// One sentence with the rule and the first place that breaks it. It repeats no value, and no code.
    fn explain(&self, refused: &RejectedSamples, limits: ValidationLimits) -> Rejection {
        let rule = match refused.reason {
            Reason::FutureTime => {
                format!("a sample must not begin more than {} s after its arrival", limits.future_max_us / SECOND_US)
            }
            Reason::AncientTime => {
                format!("a sample must not begin more than {} days before its arrival", limits.past_max_us / DAY_US)
            }
            Reason::BadInterval => {
                format!(
                    "an interval must not end before it begins, nor last longer than {} days",
                    limits.span_max_us / DAY_US
                )
            }
            Reason::UnknownCode => format!("a code must be one of {}", self.metric.codes.join(", ")),
            _ => self.rule_of_values(),
        };
        let (name, samples, count) = (&self.metric.name, refused.samples, self.values.len());
        let detail =
            format!("{name}: {rule}; {samples} of {count} samples break this, first that at place {}", refused.first);
        Rejection::new(refused.reason, detail, refused.samples)
    }

    fn rule_of_values(&self) -> String {
        let (low, high, unit) = (self.bounds.hard.low, self.bounds.hard.high, &self.metric.unit);
        let per_minute = if self.bounds.per_minute { " for each minute" } else { "" };
        match (low == f64::MIN, high == f64::MAX) {
            (true, true) => "a value must be finite".to_owned(),
            (false, true) => format!("this statistic must be finite and at least {low}"),
            _ => format!("a value must lie within {low} to {high} {unit}{per_minute}"),
        }
    }
}
