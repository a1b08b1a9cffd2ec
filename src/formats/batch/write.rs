//! Write: series of samples as the own batch format, version 1, in JSON. Every batch is written here.
//!
//! By hand, digit by digit: the generators share the machine with the daemon that they feed.

use std::borrow::Cow;

use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::{Value, json};

use crate::formats::{HeartRates, Values};
use crate::model::origin::Revision;
use crate::model::time::Timestamp;

/// Microseconds in a millisecond.
const MILLI_US: i64 = 1_000;
/// From so many samples on, equal steps are written as a start and a period.
const REGULAR_FROM: usize = 3;

/// Samples of one metric, in the order of their times. Its words are the catalogue's, which need no escapes in JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Series<'a> {
    /// The catalogue's name of the metric.
    pub metric: Cow<'a, str>,
    /// What the values say about many measurements; `None` for plain measurements.
    pub statistic: Option<Cow<'a, str>>,
    /// The unit, where it is to be named; else the catalogue's.
    pub unit: Option<Cow<'a, str>>,
    /// When each was measured or began, in microseconds since 1970.
    pub times: Vec<i64>,
    /// When each ended; empty for instants.
    pub ends: Vec<i64>,
    /// What was measured: numbers, an infinite one where the sensor said "low" or "high"; or codes.
    pub values: Values<'a>,
}

impl<'a> Series<'a> {
    /// Values at moments, in the catalogue's unit.
    pub fn new(metric: impl Into<Cow<'a, str>>, times: Vec<i64>, values: Values<'a>) -> Series<'a> {
        Series { metric: metric.into(), statistic: None, unit: None, times, ends: Vec::new(), values }
    }

    /// Numbers at moments, in the catalogue's unit.
    pub fn instants(metric: impl Into<Cow<'a, str>>, times: Vec<i64>, values: Vec<f64>) -> Series<'a> {
        Series::new(metric, times, Values::Numbers(values))
    }

    /// How many samples it holds.
    pub fn len(&self) -> usize {
        self.times.len()
    }

    /// True where it holds none.
    pub fn is_empty(&self) -> bool {
        self.times.is_empty()
    }
}

/// Writes one message; the device is the topic's source.
pub fn write<'s, 'a: 's>(series: impl IntoIterator<Item = &'s Series<'a>>) -> Bytes {
    let mut out = BytesMut::with_capacity(2_048);
    out.put_slice(BEGIN);
    for (index, one) in series.into_iter().enumerate() {
        if index > 0 {
            out.put_u8(b',');
        }
        put_series(&mut out, one);
    }
    out.put_slice(END);
    out.freeze()
}

/// The same for people to read: one series, its times in RFC 3339, and which word of its source it is.
pub fn readable(series: &Series<'_>, revision: Option<Revision>) -> Bytes {
    let times = |micros: &[i64]| -> Vec<String> {
        micros.iter().filter_map(|micros| Timestamp::from_micros(*micros).ok()).map(|time| time.to_string()).collect()
    };
    let mut one = json!({"metric": series.metric, "times": times(&series.times)});
    let (key, values) = match &series.values {
        Values::Numbers(numbers) => ("values", numbers.iter().map(|number| readable_number(*number)).collect()),
        Values::Codes(codes) => ("codes", json!(codes)),
    };
    let statistic = series.statistic.as_ref().map(|statistic| ("statistic", json!(statistic)));
    let unit = series.unit.as_ref().map(|unit| ("unit", json!(unit)));
    let ends = (!series.ends.is_empty()).then(|| ("ends", json!(times(&series.ends))));
    let revision = revision.map(|revision| ("revision", json!(revision.number())));
    if let Some(members) = one.as_object_mut() {
        let optional = [statistic, unit, ends, revision, Some((key, values))];
        members.extend(optional.into_iter().flatten().map(|(key, value)| (key.to_owned(), value)));
    }
    json!({"v": 1, "series": [one]}).to_string().into()
}

fn readable_number(number: f64) -> Value {
    match number {
        f64::INFINITY => "high".into(),
        f64::NEG_INFINITY => "low".into(),
        number => number.into(),
    }
}

/// Appends one message of heart rates.
pub(super) fn heart_rates(rates: &HeartRates, out: &mut BytesMut) {
    out.put_slice(BEGIN);
    put_text(out, b"{\"metric\":", "heart_rate");
    put_regular(out, rates.start.micros(), 1_000);
    out.put_slice(b",\"values\":");
    put_list(out, &rates.values, |out, value| put_integer(out, *value as i64));
    out.put_u8(b'}');
    out.put_slice(END);
}

const BEGIN: &[u8] = b"{\"v\":1,\"series\":[";
const END: &[u8] = b"]}";

fn put_series(out: &mut BytesMut, series: &Series<'_>) {
    put_text(out, b"{\"metric\":", &series.metric);
    if let Some(statistic) = &series.statistic {
        put_text(out, b",\"statistic\":", statistic);
    }
    if let Some(unit) = &series.unit {
        put_text(out, b",\"unit\":", unit);
    }
    match period_ms(series) {
        Some((start, period)) => put_regular(out, start, period),
        None => {
            out.put_slice(b",\"times\":");
            put_list(out, &series.times, |out, time| put_millis(out, *time));
        }
    }
    if !series.ends.is_empty() {
        out.put_slice(b",\"ends\":");
        put_list(out, &series.ends, |out, end| put_millis(out, *end));
    }
    match &series.values {
        Values::Numbers(numbers) => {
            out.put_slice(b",\"values\":");
            put_list(out, numbers, |out, number| put_number(out, *number));
        }
        Values::Codes(codes) => {
            out.put_slice(b",\"codes\":");
            put_list(out, codes, |out, code| put_text(out, b"", code));
        }
    }
    out.put_u8(b'}');
}

/// Text in quotes, after its key.
fn put_text(out: &mut BytesMut, key: &[u8], text: &str) {
    out.put_slice(key);
    out.put_u8(b'"');
    out.put_slice(text.as_bytes());
    out.put_u8(b'"');
}

/// Times that are evenly spaced.
fn put_regular(out: &mut BytesMut, start_us: i64, period_ms: i64) {
    out.put_slice(b",\"start\":");
    put_millis(out, start_us);
    out.put_slice(b",\"period_ms\":");
    put_integer(out, period_ms);
}

/// The start, and the whole milliseconds between instants, where they are all the same.
fn period_ms(series: &Series<'_>) -> Option<(i64, i64)> {
    if series.len() < REGULAR_FROM || !series.ends.is_empty() {
        return None;
    }
    let (first, second) = (series.times.first()?, series.times.get(1)?);
    let period = second - first;
    let regular = series.times.iter().zip(series.times.iter().skip(1)).all(|(one, next)| next - one == period);
    (regular && period > 0 && period % MILLI_US == 0).then_some((*first, period / MILLI_US))
}

fn put_list<T>(out: &mut BytesMut, items: &[T], mut put: impl FnMut(&mut BytesMut, &T)) {
    out.put_u8(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.put_u8(b',');
        }
        put(out, item);
    }
    out.put_u8(b']');
}

/// Microseconds as milliseconds with the fraction that they need.
fn put_millis(out: &mut BytesMut, micros: i64) {
    let fraction = (micros % MILLI_US).unsigned_abs();
    if micros < 0 && micros > -MILLI_US {
        out.put_u8(b'-');
    }
    put_integer(out, micros / MILLI_US);
    if fraction > 0 {
        out.put_u8(b'.');
        for place in [100, 10, 1] {
            out.put_u8(b'0' + (fraction / place % 10) as u8);
        }
    }
}

/// A whole number in decimal digits.
fn put_integer(out: &mut BytesMut, number: i64) {
    if number < 0 {
        out.put_u8(b'-');
    }
    let mut digits = [0_u8; 20];
    let mut rest = number.unsigned_abs();
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    out.put_slice(digits.split_at(digits.len() - used).1);
}

fn put_number(out: &mut BytesMut, number: f64) {
    use std::fmt::Write as _;
    if number.fract() == 0.0 && number.abs() < 1e15 {
        put_integer(out, number as i64);
    } else if number.is_finite() {
        // Writing to memory does not fail; the shortest digits that read back as the same number.
        let _ = write!(out, "{number}");
    } else if number.is_nan() {
        out.put_slice(b"null");
    } else {
        // Beyond a sensor's range.
        out.put_slice(if number > 0.0 { b"\"high\"" } else { b"\"low\"" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::batch::decode;

    fn read(series: &[Series<'_>]) -> serde_json::Value {
        serde_json::from_slice(&write(series)).unwrap()
    }

    #[test]
    fn equal_steps_are_written_as_start_and_period() {
        let series = Series::instants("heart_rate", vec![1_000_000, 2_000_000, 3_000_000], vec![61.0, 62.5, 60.0]);
        let expected = json!({"metric": "heart_rate", "start": 1000, "period_ms": 1000, "values": [61, 62.5, 60]});
        assert_eq!(read(&[series]), json!({"v": 1, "series": [expected]}));
    }

    #[test]
    fn unequal_steps_and_fractions_of_a_millisecond_keep_each_time() {
        let uneven = Series::instants("heart_rate", vec![-1_001, 0, 5_000_001], vec![1.0, 2.0, 3.0]);
        let fine = Series {
            unit: Some("mg/dL".into()),
            ..Series::instants("x", vec![0, 15_625, 31_250], vec![0.1, -0.5, 3.0])
        };
        assert_eq!(
            read(&[uneven, fine]),
            json!({"v": 1, "series": [
                {"metric": "heart_rate", "times": [-1.001, 0, 5000.001], "values": [1, 2, 3]},
                {"metric": "x", "unit": "mg/dL", "times": [0, 15.625, 31.25], "values": [0.1, -0.5, 3]},
            ]})
        );
    }

    #[test]
    fn intervals_and_codes_are_written_with_their_ends() {
        let codes = Values::Codes(vec!["rem".into()]);
        let series = Series { ends: vec![30_000_000], ..Series::new("sleep_stage", vec![0], codes) };
        let expected = json!({"metric": "sleep_stage", "times": [0], "ends": [30000], "codes": ["rem"]});
        assert_eq!(read(&[series]), json!({"v": 1, "series": [expected]}));
    }

    #[test]
    fn a_statistic_is_named_beside_its_metric() {
        let day = Series { statistic: Some("maximum".into()), ..Series::instants("heart_rate", vec![0], vec![180.0]) };
        let expected = json!({"metric": "heart_rate", "statistic": "maximum", "times": [0], "values": [180]});
        assert_eq!(read(&[day]), json!({"v": 1, "series": [expected]}));
    }

    #[test]
    fn what_people_read_says_the_same() {
        let codes = Values::Codes(vec!["rem".into()]);
        let night = Series { ends: vec![30_000_000], ..Series::new("sleep_stage", vec![0], codes) };
        let day = Series { statistic: Some("maximum".into()), ..Series::instants("heart_rate", vec![0], vec![180.5]) };
        for series in [night, day] {
            let (fast, slow) = (write([&series]), readable(&series, None));
            assert_eq!(decode(&slow), decode(&fast));
            assert!(std::str::from_utf8(&slow).unwrap().contains("1970-01-01T00:00:00Z"));
        }
    }

    #[test]
    fn what_lies_beyond_a_sensors_range_is_written_in_words() {
        let values = vec![f64::NEG_INFINITY, 41.0, f64::INFINITY];
        let series = Series::instants("interstitial_glucose", vec![0, 300_000_000, 900_000_000], values.clone());
        assert_eq!(read(std::slice::from_ref(&series))["series"][0]["values"], json!(["low", 41, "high"]));
        for written in [write([&series]), readable(&series, None)] {
            assert_eq!(decode(&written).unwrap().readings[0].values, Values::Numbers(values.clone()));
        }
    }

    #[test]
    fn every_integer_is_written_whole() {
        for number in [0, 7, -7, 10, 1_795_428_000_000, i64::MAX, i64::MIN] {
            let mut out = BytesMut::new();
            put_integer(&mut out, number);
            assert_eq!(std::str::from_utf8(&out).unwrap(), number.to_string());
        }
    }
}
