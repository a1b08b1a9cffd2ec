//! Glucose over days as the international consensus reports it (Battelino et al., Diabetes Care 2019): how long it was
//! in which range, its mean and what that says of HbA1c, how much it varies, and how the hours of a day differ.
//!
//! # Why
//! *A reading stands for the time until the next.* A sensor that measures each minute and one that measures each five
//! are told alike while their samples are hot, and so are two of which one follows the other; of an archived quarter
//! with more than four readings, what lies between its extremes is told by its mean. Where nothing follows within 20
//! minutes there is a gap, which belongs to no range: the reading before it stands for as long as readings of its kind
//! do.
//!
//! *What a sensor cannot measure is a reading all the same.* It tells that glucose was below or above its limits, and
//! lies in the outermost range; in means it stands at the limit that sensors in use have.
//!
//! *Ranges are of whole mg/dL*, as their table is: 10.0 mmol/L, stored as 180.2 mg/dL, is within the target.

use super::time::{MINUTE_US, Timestamp};

/// How many mg/dL a mmol/L of glucose is.
pub const MG_DL_OF_MMOL: f64 = 18.016;
/// The target, in mg/dL.
pub const TARGET: (f64, f64) = (70.0, 180.0);
/// Shares of time in the order of `GlucoseProfile::quantiles`.
pub const QUANTILES: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
/// Half hours of a day.
pub const SLOTS: usize = 48;

/// Between readings that are further apart nothing is known.
const GAP_US: i64 = 20 * MINUTE_US;
/// What a reading stands for where none tells how often the sensor measures.
const ALONE_US: i64 = 5 * MINUTE_US;
const QUARTER_US: i64 = 15 * MINUTE_US;
/// Limits of sensors in use, in mg/dL.
const SENSOR: (f64, f64) = (40.0, 400.0);

/// One reading.
#[derive(Clone, Debug, PartialEq)]
pub struct GlucoseReading {
    /// When.
    pub at: Timestamp,
    /// How much, in mg/dL; a limit of the sensor where it could not measure.
    pub value: f64,
    /// Whether it lay beyond what the sensor can measure.
    pub is_bound: bool,
    /// Which device.
    pub device: String,
}

impl GlucoseReading {
    /// One that a sensor could not measure.
    pub fn beyond(at: Timestamp, device: &str, is_below: bool) -> GlucoseReading {
        let value = if is_below { SENSOR.0 } else { SENSOR.1 };
        GlucoseReading { at, value, is_bound: true, device: device.to_owned() }
    }
}

/// What is kept of a quarter of an hour whose readings are archived.
#[derive(Clone, Debug, PartialEq)]
pub struct GlucoseQuarter {
    /// Which device.
    pub device: String,
    /// When it begins.
    pub at: Timestamp,
    /// How many were measured, and how many lay below or above what the sensor can measure.
    pub counts: [usize; 3],
    /// Of those that were measured: their sum, the least, the greatest, the first and the last.
    pub told: Option<[f64; 5]>,
}

impl GlucoseQuarter {
    /// Its readings: up to three as they were, of more what is between the least and the greatest as its mean; evenly
    /// spread, with those that were not measured after the first.
    pub fn readings(&self) -> Vec<GlucoseReading> {
        let [count, below, above] = self.counts;
        let mut all: Vec<(f64, Option<bool>)> = self.values(count).into_iter().map(|value| (value, None)).collect();
        let place = all.len().min(1);
        let beyond = [vec![(SENSOR.0, Some(true)); below], vec![(SENSOR.1, Some(false)); above]].concat();
        all.splice(place..place, beyond);
        let step = QUARTER_US / i64::try_from(all.len().max(1)).unwrap_or(1);
        let reading = |(place, (value, bound)): (i64, (f64, Option<bool>))| {
            let at = self.at.plus_micros(step * place + step / 2);
            GlucoseReading { at, value, is_bound: bound.is_some(), device: self.device.clone() }
        };
        (0..).zip(all).map(reading).collect()
    }

    fn values(&self, count: usize) -> Vec<f64> {
        let Some([sum, least, greatest, first, last]) = self.told.filter(|_| count > 0) else { return Vec::new() };
        if count == 1 {
            return vec![sum];
        }
        let mut known = vec![least, greatest];
        // The first and the last are two readings more, unless they are the least or the greatest.
        known.extend([first, last].into_iter().filter(|end| *end != least && *end != greatest));
        known.truncate(count);
        let rest = count - known.len();
        let mean = (sum - known.iter().sum::<f64>()) / rest.max(1) as f64;
        known.extend(std::iter::repeat_n(mean, rest));
        known.sort_by(f64::total_cmp);
        if last < first {
            known.reverse();
        }
        // The first and the last stand where they were.
        if let Some(place) = known.iter().position(|value| value.total_cmp(&first).is_eq()) {
            let value = known.remove(place);
            known.insert(0, value);
        }
        if let Some(place) = known.iter().skip(1).position(|value| value.total_cmp(&last).is_eq()) {
            let value = known.remove(place + 1);
            known.push(value);
        }
        known
    }
}

/// Readings in order of time, of one device at each: of two that measured in the same quarter of an hour, the one that
/// has measured most of all stands.
pub fn timeline(mut readings: Vec<GlucoseReading>) -> Vec<GlucoseReading> {
    let mut devices: Vec<(String, usize)> = Vec::new();
    for reading in &readings {
        match devices.iter_mut().find(|(device, _)| *device == reading.device) {
            Some((_, count)) => *count += 1,
            None => devices.push((reading.device.clone(), 1)),
        }
    }
    devices.sort_by(|(one, few), (other, many)| many.cmp(few).then_with(|| one.cmp(other)));
    let rank = |reading: &GlucoseReading| devices.iter().position(|(device, _)| *device == reading.device);
    let quarter = |reading: &GlucoseReading| reading.at.micros().div_euclid(QUARTER_US);
    readings.sort_by_key(|reading| (quarter(reading), rank(reading), reading.at));
    let mut kept: Vec<GlucoseReading> = Vec::with_capacity(readings.len());
    for reading in readings {
        let is_others =
            kept.last().is_some_and(|last| quarter(last) == quarter(&reading) && last.device != reading.device);
        if !is_others {
            kept.push(reading);
        }
    }
    kept
}

/// How long each reading stands for, in microseconds; no longer than the time that is asked about.
pub fn spans(readings: &[GlucoseReading], to: Timestamp) -> Vec<i64> {
    let next = readings.iter().skip(1).map(|next| next.at);
    let apart: Vec<i64> = readings.iter().zip(next).map(|(one, next)| next.micros_since(one.at)).collect();
    let mut usual: Vec<i64> = apart.iter().copied().filter(|apart| *apart <= GAP_US).collect();
    usual.sort_unstable();
    let usual = usual.get(usual.len() / 2).copied().unwrap_or(ALONE_US);
    let mut spans: Vec<i64> = apart.into_iter().map(|apart| if apart <= GAP_US { apart } else { usual }).collect();
    spans.extend(readings.last().map(|last| usual.min(to.micros_since(last.at)).max(0)));
    spans
}

/// What the consensus reports.
#[derive(Clone, Debug, PartialEq)]
pub struct GlucoseProfile {
    /// How many readings.
    pub readings: usize,
    /// How many of them lay beyond what the sensor can measure.
    pub bound: usize,
    /// Which share of the time readings stand for.
    pub active: f64,
    /// Shares of the time with readings: below 54 mg/dL, 54 to 69, 70 to 180, 181 to 250, and above.
    pub ranges: [f64; 5],
    /// In mg/dL.
    pub mean: f64,
    /// Glucose management indicator, in percent.
    pub gmi: f64,
    /// Coefficient of variation, in percent.
    pub cv: f64,
    /// Of each half hour of a day the quantiles of `QUANTILES`, in mg/dL; none where nothing was ever measured then.
    pub quantiles: Vec<Option<[f64; 5]>>,
}

/// Which of the five ranges a value is in.
pub fn range_of(value: f64) -> usize {
    match value.round() {
        ..54.0 => 0,
        ..70.0 => 1,
        ..=180.0 => 2,
        ..=250.0 => 3,
        _ => 4,
    }
}

/// The profile of readings in order of time, within `[from, to)`, by what minute of their day it was; none where
/// nothing was measured.
pub fn profile(
    readings: &[GlucoseReading],
    (from, to): (Timestamp, Timestamp),
    minute_of: impl Fn(Timestamp) -> usize,
) -> Option<GlucoseProfile> {
    let spans = spans(readings, to);
    let total = spans.iter().sum::<i64>() as f64;
    if total <= 0.0 {
        return None;
    }
    let mut ranges = [0.0; 5];
    let mut slots: Vec<Vec<(f64, f64)>> = vec![Vec::new(); SLOTS];
    let mut sum = 0.0;
    for (reading, span) in readings.iter().zip(&spans) {
        let weight = *span as f64;
        sum += reading.value * weight;
        if let Some(range) = ranges.get_mut(range_of(reading.value)) {
            *range += weight / total;
        }
        if let Some(slot) = slots.get_mut(minute_of(reading.at) * SLOTS / 1_440) {
            slot.push((reading.value, weight));
        }
    }
    let mean = sum / total;
    let square = |(reading, span): (&GlucoseReading, &i64)| (reading.value - mean).powi(2) * *span as f64;
    let count = readings.len() as f64;
    let variance = readings.iter().zip(&spans).map(square).sum::<f64>() / total * count / (count - 1.0).max(1.0);
    Some(GlucoseProfile {
        readings: readings.len(),
        bound: readings.iter().filter(|reading| reading.is_bound).count(),
        active: total / to.micros_since(from).max(1) as f64,
        ranges,
        mean,
        gmi: 3.31 + 0.02392 * mean,
        cv: variance.sqrt() / mean * 100.0,
        quantiles: slots.into_iter().map(quantiles).collect(),
    })
}

fn quantiles(mut values: Vec<(f64, f64)>) -> Option<[f64; 5]> {
    values.retain(|(_, weight)| *weight > 0.0);
    values.sort_by(|(one, _), (other, _)| one.total_cmp(other));
    let (least, _) = values.first()?;
    Some(QUANTILES.map(|share| quantile(&values, share).unwrap_or(*least)))
}

/// A value below which a share of the weight lies, of values in order. Each stands at the middle of its weight, and
/// between two it goes evenly: of equal weights, half lies below the mean of the two in the middle.
pub fn quantile(values: &[(f64, f64)], share: f64) -> Option<f64> {
    let wanted = share * values.iter().map(|(_, weight)| weight).sum::<f64>();
    let mut before: Option<(f64, f64)> = None;
    let mut gone = 0.0;
    for (value, weight) in values {
        let middle = gone + weight / 2.0;
        if middle >= wanted {
            let Some((place, lower)) = before else { return Some(*value) };
            return Some(lower + (value - lower) * (wanted - place) / (middle - place));
        }
        before = Some((middle, *value));
        gone += weight;
    }
    before.map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_micros(minute * MINUTE_US).unwrap()
    }

    fn reading(minute: i64, value: f64) -> GlucoseReading {
        GlucoseReading { at: at(minute), value, is_bound: false, device: "sensor".to_owned() }
    }

    fn of(readings: &[(i64, f64)], to: i64) -> GlucoseProfile {
        let readings: Vec<GlucoseReading> = readings.iter().map(|(minute, value)| reading(*minute, *value)).collect();
        let minute = |at: Timestamp| usize::try_from(at.micros() / MINUTE_US % 1_440).unwrap();
        profile(&timeline(readings), (at(0), at(to)), minute).unwrap()
    }

    fn is_near(one: f64, other: f64) {
        assert!((one - other).abs() < 1e-9, "{one} is not {other}");
    }

    #[test]
    fn mean_indicator_and_variation_are_those_of_a_hand() {
        // Mean 120, deviations −20, 0, 20 and 0: a variance of 800 / 3.
        let told = of(&[(0, 100.0), (5, 120.0), (10, 140.0), (15, 120.0)], 20);
        is_near(told.mean, 120.0);
        is_near(told.gmi, 6.1804);
        is_near(told.cv, (800.0_f64 / 3.0).sqrt() / 120.0 * 100.0);
        is_near(told.active, 1.0);
        assert_eq!(told.ranges, [0.0, 0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn a_reading_weighs_as_long_as_it_stands_and_a_gap_is_nobodys() {
        // 10, 5 and, before an hour's gap, 5 minutes (the usual of 10, 5, 5, sorted 5, 5, 10), then 5 and 5.
        let told = of(&[(0, 50.0), (10, 60.0), (15, 100.0), (75, 200.0), (80, 300.0)], 200);
        let [lowest, low, target, high, highest] = told.ranges;
        for (found, minutes) in [(lowest, 10.0), (low, 5.0), (target, 5.0), (high, 5.0), (highest, 5.0)] {
            is_near(found, minutes / 30.0);
        }
        is_near(told.active, 30.0 / 200.0);
        is_near(told.mean, (50.0 * 10.0 + 660.0 * 5.0) / 30.0);
    }

    #[test]
    fn ranges_end_where_the_table_says_in_both_units() {
        let mmol = [2.9, 3.0, 3.8, 3.9, 10.0, 10.1, 13.9, 14.0].map(|value| range_of(value * MG_DL_OF_MMOL));
        assert_eq!(mmol, [0, 1, 1, 2, 2, 3, 3, 4]);
        let mg = [53.0, 54.0, 69.0, 70.0, 180.0, 181.0, 250.0, 251.0].map(range_of);
        assert_eq!(mg, [0, 1, 1, 2, 2, 3, 3, 4]);
    }

    #[test]
    fn quantiles_of_equal_weights_are_the_common_ones() {
        let values: Vec<(f64, f64)> = [1.0, 2.0, 3.0, 10.0].map(|value| (value, 1.0)).to_vec();
        for (share, expected) in [(0.05, 1.0), (0.25, 1.5), (0.5, 2.5), (0.75, 6.5), (0.95, 10.0)] {
            is_near(quantile(&values, share).unwrap(), expected);
        }
        // Three times the weight is three times the value.
        let heavy = quantile(&[(1.0, 3.0), (5.0, 3.0)], 0.5).unwrap();
        is_near(heavy, 3.0);
        let told = of(&[(0, 100.0), (5, 110.0), (1_440, 120.0), (1_445, 130.0)], 2_880);
        let slot = told.quantiles.first().unwrap().unwrap();
        is_near(slot[2], 115.0);
        assert_eq!(told.quantiles.get(1).unwrap(), &None, "nothing was measured in the second half hour");
    }

    #[test]
    fn a_quarter_gives_three_readings_back_as_they_were() {
        let quarter = |counts, told| GlucoseQuarter { device: "sensor".to_owned(), at: at(15), counts, told };
        let values = |quarter: &GlucoseQuarter| quarter.readings().iter().map(|one| one.value).collect::<Vec<f64>>();
        let three = quarter([3, 0, 0], Some([330.0, 100.0, 120.0, 120.0, 110.0]));
        assert_eq!(values(&three), [120.0, 100.0, 110.0]);
        let times: Vec<i64> = three.readings().iter().map(|one| one.at.micros() / 1_000_000).collect();
        assert_eq!(times, [15 * 60 + 150, 15 * 60 + 450, 15 * 60 + 750]);
        let four = quarter([4, 0, 0], Some([460.0, 100.0, 130.0, 110.0, 120.0]));
        assert_eq!(values(&four), [110.0, 100.0, 130.0, 120.0]);
        let five = quarter([5, 0, 0], Some([550.0, 100.0, 120.0, 100.0, 120.0]));
        assert_eq!(values(&five), [100.0, 110.0, 110.0, 110.0, 120.0]);
        assert_eq!(values(&quarter([0, 2, 1], None)), [40.0, 40.0, 400.0]);
        assert_eq!(values(&quarter([1, 0, 0], Some([95.0; 5]))), [95.0]);
    }

    #[test]
    fn one_device_stands_at_each_time() {
        let of = |device: &str, minute, value| GlucoseReading { device: device.to_owned(), ..reading(minute, value) };
        let readings = vec![of("b", 0, 1.0), of("a", 1, 2.0), of("a", 6, 3.0), of("b", 20, 4.0), of("a", 40, 5.0)];
        let kept: Vec<f64> = timeline(readings).iter().map(|one| one.value).collect();
        assert_eq!(kept, [2.0, 3.0, 4.0, 5.0], "the other fills what the first left open");
    }

    #[test]
    fn what_a_sensor_cannot_measure_is_in_the_outermost_range() {
        let beyond = |minute, is_below| GlucoseReading::beyond(at(minute), "s", is_below);
        let readings = [beyond(0, true), beyond(5, true), beyond(10, true), beyond(15, false)];
        let told = profile(&readings, (at(0), at(20)), |_| 0).unwrap();
        assert_eq!((told.bound, told.ranges), (4, [0.75, 0.0, 0.0, 0.0, 0.25]));
        assert!(profile(&[], (at(0), at(10)), |_| 0).is_none());
    }
}
