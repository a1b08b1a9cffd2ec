//! The slow way: a reading with a sample that is invalid, flagged or not measured, sample by sample.

use super::limits::{TimeWindow, ValidationLimits};
use super::outcome::{ValidSamples, Validated};
use super::resolve::ResolvedReading;
use crate::model::metric::{MetricKind, UnitMismatch};
use crate::model::origin::Origin;
use crate::model::reason::{Reason, Rejection};
use crate::model::sample::{Flags, Run, Sample};
use crate::model::time::{DAY_US, MINUTE_US, SECOND_US, Timestamp};

/// How far ahead of UTC a day may begin: no zone is further east.
const ZONE_US_MAX: i64 = 14 * 60 * MINUTE_US;
/// What lasts so long is a day's.
const DAILY_SPAN_US_MIN: i64 = 20 * 60 * MINUTE_US;

/// Samples of one reading that are refused for one reason.
struct RejectedSamples {
    reason: Reason,
    samples: usize,
    first: usize,
    /// When the last of those begins that only wait for their time.
    due_at: Option<Timestamp>,
}

/// What samples are validated by.
struct Rules<'a> {
    window: TimeWindow,
    limits: ValidationLimits,
    span_max_us: i64,
    mismatch: Option<UnitMismatch<'a>>,
}

/// Keeps what is valid, and rejects the rest by reason.
pub(super) fn validate_each(resolved: ResolvedReading<'_>, window: TimeWindow, limits: ValidationLimits) -> Validated {
    let count = resolved.values.len();
    let span_max_us = limits.span_max_us_of(resolved.statistic);
    let rules = Rules { window, limits, span_max_us, mismatch: resolved.unit_mismatch() };
    let mut validated = Validated::default();
    if rules.mismatch.is_some_and(|mismatch| mismatch.is_whole()) {
        let all = RejectedSamples { reason: Reason::UnitMismatch, samples: count, first: 0, due_at: None };
        return Validated { rejections: vec![resolved.explain(&all, &rules)], ..validated };
    }
    let mut refused: Vec<RejectedSamples> = Vec::new();
    let mut kept = Vec::with_capacity(count);
    for (place, origin) in resolved.origins.each(count).enumerate() {
        match resolved.validate_sample((place, origin), &rules) {
            Ok(None) => validated.not_measured += 1,
            Ok(Some(sample)) => {
                validated.flagged += u64::from(sample.flags != Flags::NONE);
                kept.push(sample);
            }
            Err(reason) => match refused.iter_mut().find(|refused| refused.reason == reason) {
                Some(refused) => {
                    refused.samples += 1;
                    refused.due_at = refused.due_at.max(resolved.due_at(place, reason, &rules));
                }
                None => {
                    let due_at = resolved.due_at(place, reason, &rules);
                    refused.push(RejectedSamples { reason, samples: 1, first: place, due_at });
                }
            },
        }
    }
    validated.rejections = refused.iter().map(|refused| resolved.explain(refused, &rules)).collect();
    // Where nothing that was measured is valid, nothing is replaced.
    if !kept.is_empty() || (resolved.replaces.is_some() && refused.is_empty()) {
        let mut run = Run::of(&kept);
        // An even run that lost none of its samples is still even.
        if kept.len() == count {
            (run.times, run.spans) = (resolved.times, resolved.spans);
        }
        let (metric, statistic, replaces) = (resolved.metric.id, resolved.statistic, resolved.replaces);
        validated.valid = Some(ValidSamples { metric, statistic, run, replaces });
    }
    validated
}

impl ResolvedReading<'_> {
    /// The sample at a place; `None` where it was not measured.
    fn validate_sample(&self, (place, origin): (usize, Origin), rules: &Rules<'_>) -> Result<Option<Sample>, Reason> {
        let value = self.values.get(place).copied().ok_or(Reason::MalformedSeries)?;
        if self.sentinels.contains(&value) {
            return Ok(None);
        }
        let start = self.times.at(place).ok_or(Reason::MalformedSeries)?;
        if start > rules.window.last {
            return Err(Reason::FutureTime);
        }
        if start < rules.window.first {
            return Err(Reason::AncientTime);
        }
        let span_us = self.spans.at(place);
        if span_us.is_some_and(|span_us| !(0..=rules.span_max_us).contains(&span_us)) {
            return Err(Reason::BadInterval);
        }
        let is_too_old = start < rules.window.devices_since;
        let known = self.flags.and(if is_too_old { Flags::BEFORE_DEVICE } else { Flags::NONE });
        let sample = |value, flags| Sample { start, span_us, value, flags: known.and(flags), origin };
        if let Some((limit, flags)) = self.bound_of(value) {
            return Ok(Some(sample(limit, flags)));
        }
        if rules.mismatch.is_some_and(|mismatch| mismatch.refuses(value)) {
            return Err(Reason::UnitMismatch);
        }
        let value = self.conversion.apply(value);
        let bounds = self.bounds.over(span_us);
        if !bounds.hard.contains(value) {
            return Err(if self.metric.is_coded() { Reason::UnknownCode } else { Reason::ImpossibleValue });
        }
        let unlikely = if bounds.soft.contains(value) { Flags::NONE } else { Flags::UNLIKELY };
        Ok(Some(sample(value, unlikely)))
    }

    /// When a sample that lies ahead is tried again: a daily value that a zone explains waits until it is taken from
    /// its source, too, so that no older total comes after newer ones.
    fn due_at(&self, place: usize, reason: Reason, rules: &Rules<'_>) -> Option<Timestamp> {
        let is_daily = self.metric.kind == MetricKind::Daily
            || self.spans.at(place).is_some_and(|span_us| span_us >= DAILY_SPAN_US_MIN);
        let start = self.times.at(place).filter(|_| reason == Reason::FutureTime && is_daily)?;
        let due_at = start.plus_micros(-rules.limits.future_max_us);
        (start <= rules.window.last.plus_micros(ZONE_US_MAX)).then_some(due_at)
    }

    /// One sentence with the rule and the first place that breaks it. It repeats no value, and no code.
    fn explain(&self, refused: &RejectedSamples, rules: &Rules<'_>) -> Rejection {
        let limits = rules.limits;
        let rule = match refused.reason {
            Reason::FutureTime => {
                let waits = match refused.due_at {
                    Some(_) => ", and a day's value waits here until its time has come",
                    None => "",
                };
                let seconds = limits.future_max_us / SECOND_US;
                format!("a sample must not begin more than {seconds} s after its arrival{waits}")
            }
            Reason::AncientTime => {
                let days = limits.past_max_us / DAY_US;
                let first = self.times.at(refused.first);
                let hint = if first.is_some_and(|first| rules.window.contains_as_seconds(first)) {
                    "; the time looks like seconds where milliseconds belong"
                } else {
                    ""
                };
                format!("a sample must not begin more than {days} days before its arrival{hint}")
            }
            Reason::BadInterval => {
                let (days, of) =
                    (rules.span_max_us / DAY_US, if self.statistic.is_none() { "" } else { " of a statistic" });
                format!("an interval{of} must not end before it begins, nor last longer than {days} days")
            }
            Reason::UnitMismatch => rules.mismatch.map(|mismatch| mismatch.explain()).unwrap_or_default(),
            Reason::UnknownCode => format!("a code must be one of {}", self.metric.codes.join(", ")),
            _ if self.values.get(refused.first).copied().is_some_and(f64::is_infinite) => {
                "low and high are words for metrics whose sensors have a range".to_owned()
            }
            _ => self.rule_of_values(),
        };
        let (name, samples, count) = (&self.metric.name, refused.samples, self.values.len());
        let detail =
            format!("{name}: {rule}; {samples} of {count} samples break this, first that at place {}", refused.first);
        Rejection { due_at: refused.due_at, ..Rejection::new(refused.reason, detail, refused.samples) }
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
