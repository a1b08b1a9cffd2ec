//! Simulation: devices of simulated people with plausible days, for the demo and for tests.
//!
//! Pure: what is sent about a moment depends on seed, number and moment alone. Windows that follow each other neither
//! overlap nor leave holes: an instant belongs to the window that holds it, an interval to the window in which it ends,
//! so nothing is sent before it is over.

/// Numbers that depend on their arguments alone.
pub mod random;

mod body;
mod sleep;

use bytes::Bytes;

use crate::formats::batch::write::{self, Series};
use crate::formats::{Values, batch, topic};
use crate::model::time::{DAY_US, MINUTE_US, SECOND_US, Timestamp};
use body::Body;
use sleep::Night;

/// A message holds no more than this much time.
const SLICE_US: i64 = 10 * MINUTE_US;
/// How much of the electrocardiogram is taken at a time, and its period: 250 Hz.
const ECG_STRIP_US: i64 = 30 * SECOND_US;
const ECG_PERIOD_US: i64 = 4_000;
/// The daily strip ends at this time of day.
const ECG_AT_US: i64 = 10 * 60 * MINUTE_US;

/// A simulated device and the made-up person who wears it.
#[derive(Clone, Debug)]
pub struct SimulatedDevice {
    body: Body,
    device: String,
    topic: Bytes,
}

/// One message of a simulated device, ready to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// `ht/1/{shard}/{device}/batch`.
    pub topic: Bytes,
    /// The own batch, JSON.
    pub payload: Bytes,
    /// How many samples it holds.
    pub samples: usize,
}

impl SimulatedDevice {
    /// Device `number` of those that belong to `seed`.
    pub fn new(seed: u64, number: u64, shard: &str) -> SimulatedDevice {
        let device = format!("wearer-{number:04}");
        let topic = Bytes::from(topic::build(shard, &device, &batch::FORMAT));
        SimulatedDevice { body: Body::of(seed, number), device, topic }
    }

    /// The device's name.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// Everything that is known at `to` and was not known at `from`, in messages of ten minutes at most.
    pub fn batches(&self, from: Timestamp, to: Timestamp) -> Vec<Batch> {
        slices(from.micros(), to.micros())
            .flat_map(|(from, to)| self.slice(from, to))
            .map(|series| self.message(&series))
            .collect()
    }

    /// Thirty seconds of electrocardiogram that end at `end`, as one message. A daily strip is among the batches too.
    pub fn ecg_strip(&self, end: Timestamp) -> Batch {
        self.message(&[self.ecg(end.micros())])
    }

    /// Series of one's own as one message of this device, for values that no body has.
    pub fn message(&self, series: &[Series<'_>]) -> Batch {
        let samples = series.iter().map(Series::len).sum();
        Batch { topic: self.topic.clone(), payload: write::write(series), samples }
    }

    /// The messages of one slice: all slow signals together, and the electrocardiogram for itself.
    fn slice(&self, from: i64, to: i64) -> Vec<Vec<Series<'static>>> {
        let body = self.body;
        let mut slow = vec![
            sampled("heart_rate", from, to, 5, |second| body.heart_rate(second)),
            sampled("oxygen_saturation", from, to, 60, |second| body.oxygen_saturation(second)),
            sampled("skin_temperature", from, to, 60, |second| body.skin_temperature(second)),
            sampled("interstitial_glucose", from, to, 300, |second| body.glucose(second)),
            self.steps(from, to),
            self.sleep(from, to),
        ];
        slow.retain(|series| !series.is_empty());
        let strip = grid(from + 1 - ECG_AT_US, to + 1 - ECG_AT_US, DAY_US).map(|at| vec![self.ecg(at + ECG_AT_US)]);
        std::iter::once(slow).chain(strip).filter(|series| !series.is_empty()).collect()
    }

    fn steps(&self, from: i64, to: i64) -> Series<'static> {
        // The minutes that end after `from`, and at `to` at the latest.
        let ends: Vec<i64> = grid(from + 1, to + 1, MINUTE_US).collect();
        let times: Vec<i64> = ends.iter().map(|end| end - MINUTE_US).collect();
        let values = times.iter().map(|start| self.body.steps(start.div_euclid(MINUTE_US))).collect();
        Series { ends, ..Series::instants("step_count", times, values) }
    }

    fn sleep(&self, from: i64, to: i64) -> Series<'static> {
        let first = from.div_euclid(DAY_US);
        let episodes = (first - 1..=to.div_euclid(DAY_US) + 1)
            .flat_map(|day| Night::ending_on(self.body.key, day).episodes(self.body.key))
            .filter(|episode| from < episode.end * SECOND_US && episode.end * SECOND_US <= to);
        let (mut times, mut ends, mut codes) = (Vec::new(), Vec::new(), Vec::new());
        for episode in episodes {
            times.push(episode.start * SECOND_US);
            ends.push(episode.end * SECOND_US);
            codes.push(episode.stage.into());
        }
        Series { ends, ..Series::new("sleep_stage", times, Values::Codes(codes)) }
    }

    fn ecg(&self, end: i64) -> Series<'static> {
        let times: Vec<i64> = grid(end - ECG_STRIP_US, end, ECG_PERIOD_US).collect();
        let values = times.iter().map(|time| self.body.ecg(time / 1_000)).collect();
        Series::instants("ecg_lead_i", times, values)
    }
}

/// The multiples of `period` that are `from` or later, and before `to`.
fn grid(from: i64, to: i64, period: i64) -> impl Iterator<Item = i64> {
    let first = from.div_euclid(period) + i64::from(from.rem_euclid(period) != 0);
    (first..).map(move |step| step * period).take_while(move |time| *time < to)
}

/// `[from, to)` cut at the multiples of a slice.
fn slices(from: i64, to: i64) -> impl Iterator<Item = (i64, i64)> {
    let mut start = from;
    std::iter::from_fn(move || {
        let end = (start.div_euclid(SLICE_US) + 1).saturating_mul(SLICE_US).min(to);
        let slice = (start < to).then_some((start, end));
        start = end;
        slice
    })
}

fn sampled(metric: &'static str, from: i64, to: i64, every: i64, value: impl Fn(i64) -> f64) -> Series<'static> {
    let times: Vec<i64> = grid(from, to, every * SECOND_US).collect();
    let values = times.iter().map(|time| value(time.div_euclid(SECOND_US))).collect();
    Series::instants(metric, times, values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    const START: i64 = 1_795_428_000 * SECOND_US;

    /// Start, end and value of each sample, by metric.
    type Found = BTreeMap<String, Vec<(i64, Option<i64>, String)>>;

    fn all(device: &SimulatedDevice, from: i64, to: i64) -> Found {
        let mut found: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for series in slices(from, to).flat_map(|(from, to)| device.slice(from, to)).flatten() {
            let samples = found.entry(series.metric.into_owned()).or_default();
            for (index, time) in series.times.iter().enumerate() {
                let value = match &series.values {
                    Values::Numbers(numbers) => numbers[index].to_string(),
                    Values::Codes(codes) => codes[index].clone().into_owned(),
                };
                samples.push((*time, series.ends.get(index).copied(), value));
            }
        }
        found
    }

    #[test]
    fn every_value_of_a_week_is_one_that_a_body_gives() {
        // The soft ranges of the catalogue; the hard ones are wider.
        let ranges = [
            ("heart_rate", 30.0, 220.0),
            ("step_count", 0.0, 250.0),
            ("oxygen_saturation", 70.0, 100.0),
            ("skin_temperature", 25.0, 40.0),
            ("interstitial_glucose", 40.0, 400.0),
            ("ecg_lead_i", -5_000.0, 5_000.0),
        ];
        for number in 0..5 {
            let found = all(&SimulatedDevice::new(1, number, "0"), START, START + 7 * DAY_US);
            assert_eq!(found.len(), ranges.len() + 1);
            for (metric, low, high) in ranges {
                let values: Vec<f64> = found[metric].iter().map(|(_, _, value)| value.parse().unwrap()).collect();
                assert!(values.iter().all(|value| (low..=high).contains(value)), "{metric}");
                assert!(values.iter().any(|value| *value != values[0]), "{metric} never changes");
            }
            let steps: f64 = found["step_count"].iter().map(|(_, _, value)| value.parse::<f64>().unwrap()).sum();
            assert!((2_000.0..25_000.0).contains(&(steps / 7.0)), "{} steps a day", steps / 7.0);
            assert!(found["sleep_stage"].iter().all(|(start, end, code)| {
                end.unwrap() > *start && ["awake", "light", "deep", "rem"].contains(&code.as_str())
            }));
        }
    }

    #[test]
    fn windows_that_follow_each_other_neither_overlap_nor_leave_holes() {
        let device = SimulatedDevice::new(3, 9, "0");
        let (from, to) = (START + 1_234_567, START + 26 * 60 * MINUTE_US + 89);
        let whole = all(&device, from, to);
        let mut pieces: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let (mut start, mut place) = (from, 0);
        while start < to {
            let end = (start + 1 + (random::mix(5, 5, place) % (40 * MINUTE_US as u64)) as i64).min(to);
            for (metric, samples) in all(&device, start, end) {
                pieces.entry(metric).or_default().extend(samples);
            }
            (start, place) = (end, place + 1);
        }
        assert_eq!(pieces, whole);
        let regular = |metric: &str, step: i64| whole[metric].windows(2).all(|pair| pair[1].0 - pair[0].0 == step);
        assert!(regular("heart_rate", 5 * SECOND_US) && regular("interstitial_glucose", 300 * SECOND_US));
        assert!(whole["step_count"].windows(2).all(|pair| pair[0].1 == Some(pair[1].0)));
        assert_eq!(whole["ecg_lead_i"].len() as i64 % (ECG_STRIP_US / ECG_PERIOD_US), 0);
    }

    #[test]
    fn the_same_device_sends_the_same_again_and_another_sends_something_else() {
        let (from, to) = (Timestamp::from_micros(START).unwrap(), Timestamp::from_micros(START + DAY_US).unwrap());
        let batches = SimulatedDevice::new(1, 1, "0").batches(from, to);
        assert_eq!(batches, SimulatedDevice::new(1, 1, "0").batches(from, to));
        assert_ne!(batches, SimulatedDevice::new(1, 2, "0").batches(from, to));
        assert_ne!(batches, SimulatedDevice::new(2, 1, "0").batches(from, to));
        let samples: usize = batches.iter().map(|batch| batch.samples).sum();
        assert!(samples > 17_280 + 3 * 1_440 + 288 + 7_500, "{samples}");
        assert!(batches.iter().all(|batch| batch.payload.len() < 64 * 1024));
    }

    #[test]
    fn nothing_is_sent_before_it_is_over() {
        let device = SimulatedDevice::new(1, 1, "0");
        for minute in 0..1_440 {
            let (from, to) = (START + minute * MINUTE_US + 7, START + (minute + 1) * MINUTE_US + 7);
            for (metric, samples) in all(&device, from, to) {
                assert!(samples.iter().all(|(start, end, _)| end.unwrap_or(*start) <= to), "{metric}");
            }
        }
    }
}
