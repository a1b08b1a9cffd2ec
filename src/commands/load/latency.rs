//! Latency: durations in buckets, each a thirty-second of a power of two wide, so that percentiles cost 16 kB and no
//! sort.

use std::time::Duration;

use serde::Serialize;

/// Buckets in each power of two; a percentile is off by one part in so many at most.
const STEPS: u64 = 32;

/// How often each duration occurred, to about 3 %.
#[derive(Clone, Debug, Default)]
pub(super) struct Latency {
    buckets: Vec<u64>,
    count: u64,
    max: Duration,
}

/// What a person wants to know of it, in milliseconds.
#[derive(Copy, Clone, Debug, Default, Serialize)]
pub(super) struct Percentiles {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

impl Latency {
    pub(super) fn record(&mut self, duration: Duration) {
        let index = bucket(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
        if index >= self.buckets.len() {
            self.buckets.resize(index + 1, 0);
        }
        if let Some(bucket) = self.buckets.get_mut(index) {
            *bucket += 1;
        }
        self.count += 1;
        self.max = self.max.max(duration);
    }

    pub(super) fn add(&mut self, other: &Latency) {
        self.buckets.resize(self.buckets.len().max(other.buckets.len()), 0);
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(own, others)| *own += others);
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    pub(super) fn percentiles(&self) -> Percentiles {
        let max = self.max.as_secs_f64() * 1e3;
        Percentiles { p50: self.at(0.50).min(max), p99: self.at(0.99).min(max), max }
    }

    /// The upper edge, in milliseconds, of the bucket in which this part of all durations is reached.
    fn at(&self, part: f64) -> f64 {
        let rank = (self.count as f64 * part).ceil() as u64;
        let mut seen = 0;
        let reached = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        reached.map_or(0.0, |index| upper_edge(index as u64) as f64 / 1e3)
    }
}

fn bucket(micros: u64) -> usize {
    let power = (u64::BITS - (micros / STEPS).leading_zeros()) as u64;
    let shift = power.saturating_sub(1);
    // Below 2 * STEPS each microsecond has its own bucket; above, each power of two has STEPS.
    (shift * STEPS + (micros >> shift)) as usize
}

fn upper_edge(index: u64) -> u64 {
    if index < 2 * STEPS {
        return index;
    }
    let shift = index / STEPS - 1;
    ((index % STEPS + STEPS + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_lies_in_a_bucket_no_wider_than_a_thirty_second_of_it() {
        let mut last = 0;
        for micros in (0..5_000).chain([1 << 20, (1 << 20) + 1, 123_456_789, 60_000_000]) {
            let index = bucket(micros);
            let edge = upper_edge(index as u64);
            assert!(
                edge >= micros && edge - micros <= micros / STEPS,
                "{micros} in bucket {index}, which ends at {edge}"
            );
            assert!(micros > 5_000 || index >= last);
            last = index;
        }
    }

    #[test]
    fn percentiles_of_a_hundred_durations_are_the_durations() {
        let (mut latency, mut other) = (Latency::default(), Latency::default());
        (1..=50).for_each(|micros| latency.record(Duration::from_micros(micros)));
        (51..=100).for_each(|micros| other.record(Duration::from_micros(micros)));
        latency.add(&other);
        let percentiles = latency.percentiles();
        assert_eq!((percentiles.p50, percentiles.max), (0.050, 0.1));
        assert!((0.097..=0.1).contains(&percentiles.p99), "{percentiles:?}");
        assert_eq!(Latency::default().percentiles().p99, 0.0);
    }
}
