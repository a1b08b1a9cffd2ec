//! Latency: how often each duration occurred, in an HDR histogram, so that percentiles cost 30 kB and no sort.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Digits of a duration that are kept: a percentile is off by 1 % at most.
const DIGITS: u8 = 2;
/// The longest duration that is distinguished from longer ones: a day.
const MICROS_MAX: u64 = 86_400_000_000;

/// How often each duration occurred, in microseconds.
#[derive(Clone, Debug)]
pub(super) struct Latency {
    micros: Histogram<u64>,
}

/// What a person wants to know of it, in milliseconds.
#[derive(Copy, Clone, Debug, Default, Serialize)]
pub(super) struct Percentiles {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

impl Latency {
    pub(super) fn new() -> anyhow::Result<Latency> {
        Ok(Latency { micros: Histogram::new_with_max(MICROS_MAX, DIGITS)? })
    }

    pub(super) fn record(&mut self, duration: Duration) {
        self.micros.saturating_record(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }

    pub(super) fn add(&mut self, other: &Latency) -> anyhow::Result<()> {
        Ok(self.micros.add(&other.micros)?)
    }

    pub(super) fn percentiles(&self) -> Percentiles {
        let max = self.micros.max();
        let at = |part| self.micros.value_at_quantile(part).min(max) as f64 / 1e3;
        Percentiles { p50: at(0.50), p99: at(0.99), max: max as f64 / 1e3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_off_by_one_percent_at_most_up_to_a_day() {
        let day = Duration::from_micros(MICROS_MAX);
        for (duration, shown) in [1, 255, 5_000, 123_456_789, 60_000_000, MICROS_MAX, u64::MAX].map(|micros| {
            let duration = Duration::from_micros(micros);
            (duration, duration.min(day).as_secs_f64() * 1e3)
        }) {
            let mut latency = Latency::new().unwrap();
            latency.record(duration);
            let Percentiles { p50, p99, max } = latency.percentiles();
            assert!(p50 == max && p99 == max && max >= shown && max <= shown * 1.01, "{duration:?} is shown as {max}");
        }
    }

    #[test]
    fn percentiles_of_a_hundred_durations_are_the_durations() {
        let (mut latency, mut other) = (Latency::new().unwrap(), Latency::new().unwrap());
        (1..=50).for_each(|micros| latency.record(Duration::from_micros(micros)));
        (51..=100).for_each(|micros| other.record(Duration::from_micros(micros)));
        latency.add(&other).unwrap();
        let percentiles = latency.percentiles();
        assert_eq!((percentiles.p50, percentiles.max), (0.050, 0.1));
        assert!((0.097..=0.1).contains(&percentiles.p99), "{percentiles:?}");
        assert_eq!(Latency::new().unwrap().percentiles().p99, 0.0);
    }
}
