//! Resolve, and the fast way: a reading whose words are known, validated column by column, and valid as it came.

use super::bounds::{Bounds, StatisticKind};
use super::limits::TimeWindow;
use super::outcome::{ValidSamples, Validated};
use crate::model::metric::{Metric, UnitMismatch};
use crate::model::origin::Origins;
use crate::model::revision::ReplacedRange;
use crate::model::sample::{Flags, Run, Spans, Times};
use crate::model::statistic::Statistic;
use crate::model::unit::Conversion;

/// A reading whose words are resolved: columns of equal length in a known unit, of a known metric.
pub(super) struct ResolvedReading<'a> {
    pub(super) metric: &'a Metric,
    pub(super) statistic: Statistic,
    pub(super) kind: StatisticKind,
    pub(super) bounds: Bounds,
    pub(super) conversion: Conversion,
    /// Numbers that say "not measured" of a value like these.
    pub(super) sentinels: &'a [f64],
    /// True where the payload named the unit.
    pub(super) is_unit_named: bool,
    pub(super) times: Times,
    pub(super) spans: Spans,
    /// As they came, before the conversion; a code as its place, NaN where it is not the metric's.
    pub(super) values: Vec<f64>,
    /// What is known against all of them.
    pub(super) flags: Flags,
    /// How each came.
    pub(super) origins: Origins,
    /// What they stand in place of.
    pub(super) replaces: Option<ReplacedRange>,
}

impl<'a> ResolvedReading<'a> {
    /// What is to be said where the values fit another unit better than their own. A decimal tells the unit of a
    /// measurement, not that of an average.
    pub(super) fn unit_mismatch(&self) -> Option<UnitMismatch<'a>> {
        if self.kind != StatisticKind::Value {
            return None;
        }
        let mut judge = self.metric.unit_judge(self.conversion, self.is_unit_named || !self.statistic.is_none())?;
        self.values.iter().for_each(|value| judge.see(*value));
        judge.verdict()
    }

    /// The limit of the sensor beyond which a value lies, and what is known of it; `None` for a number.
    pub(super) fn bound_of(&self, value: f64) -> Option<(f64, Flags)> {
        let sensor = self.metric.sensor.filter(|_| self.kind == StatisticKind::Value && value.is_infinite())?;
        Some(if value < 0.0 { (sensor.low, Flags::BELOW_RANGE) } else { (sensor.high, Flags::ABOVE_RANGE) })
    }
}

impl ResolvedReading<'_> {
    /// True where every sample is valid and nothing is known against any but what is known against all.
    pub(super) fn is_clean(&self, window: TimeWindow, span_max_us: i64) -> bool {
        self.values_are_clean() && self.times_are_clean(window) && self.spans_are_clean(span_max_us)
    }

    fn values_are_clean(&self) -> bool {
        if let (true, Spans::Own(spans)) = (self.bounds.per_minute, &self.spans) {
            let mut pairs = self.values.iter().zip(spans);
            return pairs.all(|(value, span)| self.bounds.over(*span).soft.contains(self.conversion.apply(*value)));
        }
        let soft = self.bounds.over(self.spans.at(0)).soft;
        // Where the ranges grow with the interval, a sentinel may come to lie inside.
        if self.sentinels.iter().any(|sentinel| soft.contains(*sentinel)) {
            return false;
        }
        // No early exit, so that it becomes vector instructions; NaN fails both comparisons.
        let inside = |all: bool, value: f64| all & (value >= soft.low) & (value <= soft.high);
        match self.conversion {
            Conversion::Identity => self.values.iter().fold(true, |all, value| inside(all, *value)),
            other => self.values.iter().fold(true, |all, value| inside(all, other.apply(*value))),
        }
    }

    fn times_are_clean(&self, window: TimeWindow) -> bool {
        match &self.times {
            // Evenly spaced: what holds for both ends holds between them.
            Times::Regular { .. } => [self.times.at(0), self.times.at(self.values.len().saturating_sub(1))]
                .iter()
                .all(|time| time.is_some_and(|time| window.contains(time))),
            Times::At(times) => times.iter().fold(true, |all, time| all & window.contains(*time)),
        }
    }

    fn spans_are_clean(&self, span_max_us: i64) -> bool {
        let in_bounds = |span_us: i64| (0..=span_max_us).contains(&span_us);
        match &self.spans {
            Spans::None => true,
            Spans::Each(span_us) => in_bounds(*span_us),
            Spans::Own(spans) => spans.iter().flatten().all(|span_us| in_bounds(*span_us)),
        }
    }

    /// The columns as they came, in the catalogue's unit.
    pub(super) fn into_valid(mut self) -> Validated {
        if self.conversion != Conversion::Identity {
            self.values.iter_mut().for_each(|value| *value = self.conversion.apply(*value));
        }
        let flags = if self.flags == Flags::NONE { Vec::new() } else { vec![self.flags; self.values.len()] };
        let flagged = u64::try_from(flags.len()).unwrap_or(u64::MAX);
        let run = Run { times: self.times, spans: self.spans, values: self.values, flags, origins: self.origins };
        let (metric, statistic, replaces) = (self.metric.id, self.statistic, self.replaces);
        let valid = Some(ValidSamples { metric, statistic, run, replaces });
        Validated { valid, flagged, ..Validated::default() }
    }
}
