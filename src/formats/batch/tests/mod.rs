//! What the own batch promises: exact numbers, no guess, no lost neighbour, no panic.

use std::borrow::Cow;

use proptest::num::f64::{NORMAL, SUBNORMAL, ZERO};
use proptest::prelude::*;

use super::series::REJECTIONS_MAX;
use super::*;
use crate::formats::Values;
use crate::model::reason::Reason;
use crate::model::sample::{Spans, Times};
use crate::model::time::Timestamp;

/// What other readers of JSON get wrong.
mod traps;

/// What a hostile message may cost.
mod bounds;

const EXAMPLE: &str = r#"{"v":1, "id":"6fa459ea-ee8a-4ca4-894e-db77e160355e", "device":"watch-7",
 "series":[
  {"metric":"heart_rate","start":"2026-11-23T10:00:00Z","period_ms":1000,"values":[61,62,null,60]},
  {"metric":"step_count","times":[1795428000000,1795428060000],"ends":[1795428060000,1795428120000],"values":[12,40]},
  {"metric":"body_temperature","unit":"degF","times":[1795428000000],"values":[98.6]},
  {"metric":"sleep_stage","times":[1795428000000],"ends":[1795428030000],"codes":["rem"]}]}"#;
const TEN: i64 = 1_795_428_000_000_000;
const GOOD: &str = r#"{"metric":"heart_rate","times":[1795428000000],"values":[61]}"#;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

fn message(series: &str) -> String {
    format!(r#"{{"v":1,"series":[{series}]}}"#)
}

/// The one reading of a message of one sound series.
fn only(series: &str) -> (Times, Spans, Vec<f64>) {
    let text = message(series);
    let mut decoded = decode(text.as_bytes()).unwrap();
    assert_eq!(decoded.rejections, [], "{series}");
    let reading = decoded.readings.pop().unwrap();
    let Values::Numbers(numbers) = reading.values else { panic!("{series} holds no numbers") };
    (reading.times, reading.spans, numbers)
}

fn numbers(array: &str) -> Option<Vec<f64>> {
    match column::numbers(array).ok()?.values {
        Values::Numbers(numbers) => Some(numbers),
        Values::Codes(_) => None,
    }
}

/// Beside a sound neighbour, the series gives this one rejection, and the neighbour is kept.
fn assert_refused(series: &str, reason: Reason, samples: u64, says: &str) {
    for text in [message(&format!("{series},{GOOD}")), message(&format!("{GOOD},{series}"))] {
        let decoded = decode(text.as_bytes()).unwrap();
        assert_eq!(decoded.readings.len(), 1, "{series}");
        let [rejection] = decoded.rejections.as_slice() else { panic!("{series}: {:?}", decoded.rejections) };
        assert_eq!((rejection.reason, rejection.samples), (reason, samples), "{series}: {}", rejection.detail);
        assert!(rejection.detail.contains(says) && rejection.detail.starts_with("series["), "{}", rejection.detail);
    }
}

#[test]
fn the_published_example_is_read_in_full() {
    let decoded = decode(EXAMPLE.as_bytes()).unwrap();
    assert_eq!((decoded.rejections.len(), decoded.not_measured), (0, 1));
    let [heart, steps, temperature, stage] = decoded.readings.as_slice() else { panic!("four readings") };
    assert!(decoded.readings.iter().all(|reading| matches!(reading.device, Some(Cow::Borrowed("watch-7")))));
    assert_eq!(heart.times, Times::At(vec![at(TEN), at(TEN + 1_000_000), at(TEN + 3_000_000)]));
    assert_eq!((&heart.spans, &heart.values), (&Spans::None, &Values::Numbers(vec![61.0, 62.0, 60.0])));
    assert_eq!(steps.times, Times::At(vec![at(TEN), at(TEN + 60_000_000)]));
    assert_eq!((&steps.spans, &steps.values), (&Spans::Each(60_000_000), &Values::Numbers(vec![12.0, 40.0])));
    assert_eq!(temperature.unit.as_deref(), Some("degF"));
    assert_eq!((&stage.spans, &stage.values), (&Spans::Each(30_000_000), &Values::Codes(vec!["rem".into()])));
}

#[test]
fn words_borrow_from_the_payload_unless_they_are_escaped() {
    let text = message(r#"{"metric":"heart_rate","unit":"\u0062pm","statistic":"sum/d","times":[0],"values":[1]}"#);
    let decoded = decode(text.as_bytes()).unwrap();
    assert!(matches!(decoded.readings[0].metric, Cow::Borrowed("heart_rate")));
    assert!(matches!(decoded.readings[0].statistic, Some(Cow::Borrowed("sum/d"))));
    assert!(matches!(&decoded.readings[0].unit, Some(Cow::Owned(unit)) if unit == "bpm"));
}

#[test]
fn times_are_rfc_3339_or_milliseconds_with_a_fraction_side_by_side() {
    let (times, ..) = only(
        r#"{"metric":"a","values":[1,2,3],
            "times":["2026-11-23T11:00:00+01:00",1795428000000.125,"2026-11-23T10:00:01\u005a"]}"#,
    );
    assert_eq!(times, Times::At(vec![at(TEN), at(TEN + 125), at(TEN + 1_000_000)]));
}

#[test]
fn a_whole_period_stays_even_and_a_broken_one_never_drifts() {
    for (period, period_us) in [("1000", 1_000_000), ("31.25", 31_250), ("1.001", 1_001), ("0.001", 1), ("4e0", 4_000)]
    {
        let (times, ..) = only(&format!(r#"{{"metric":"a","start":0,"period_ms":{period},"values":[1,2]}}"#));
        assert_eq!(times, Times::Regular { start: at(0), period_us }, "{period}");
    }
    // 256 Hz for a second and one sample: the last lies a whole second after the first.
    let values = vec!["1"; 257].join(",");
    let (times, ..) = only(&format!(r#"{{"metric":"a","start":0,"period_ms":3.90625,"values":[{values}]}}"#));
    assert_eq!((times.at(1), times.at(2), times.at(256)), (Some(at(3_906)), Some(at(7_813)), Some(at(1_000_000))));
}

#[test]
fn one_value_needs_no_period() {
    let (times, _, values) = only(r#"{"metric":"a","start":5,"values":[1]}"#);
    assert_eq!((times, values), (Times::At(vec![at(5_000)]), vec![1.0]));
}

#[test]
fn a_malformed_series_is_refused_with_its_samples_counted_and_its_neighbour_kept() {
    for (series, samples, says) in [
        (r#"{"metric":"a","times":[0,1],"values":[1,"2"]}"#, 2, "`values`"),
        (r#"{"metric":"a","times":[0,1],"values":["1,2",3]}"#, 2, "`values`"),
        (r#"{"metric":"a","times":[0,1],"values":[1,true]}"#, 2, "`values`"),
        (r#"{"metric":"a","times":[0],"values":7}"#, 1, "`values`"),
        (r#"{"metric":"a","times":[0],"values":"[7]"}"#, 1, "`values`"),
        (r#"{"metric":"a","times":[0,1],"codes":["x",1,"y"]}"#, 3, "`codes`"),
        (r#"{"metric":"a","times":[0],"values":[1,2,3]}"#, 3, "`times`"),
        (r#"{"metric":"a","times":[0,1,2],"values":[1,2]}"#, 2, "`times`"),
        (r#"{"metric":"a","times":[0,1],"ends":[1],"values":[1,2]}"#, 2, "`ends`"),
        (r#"{"metric":"a","times":[0,1],"ends":[1,2,3],"values":[1,2]}"#, 2, "`ends`"),
        (r#"{"metric":"a","times":[0,null],"values":[1,2]}"#, 2, "`times`"),
        (r#"{"metric":"a","times":[0],"values":[1],"codes":["x"]}"#, 1, "either `values`"),
        (r#"{"metric":"a","times":[0]}"#, 1, "either `values`"),
        (r#"{"metric":"a","values":[1,null,3]}"#, 2, "either `times`"),
        (r#"{"metric":"a","times":[0],"start":0,"values":[1]}"#, 1, "either `times`"),
        (r#"{"metric":"a","times":[0],"period_ms":1,"values":[1]}"#, 1, "either `times`"),
        (r#"{"metric":"a","start":0,"values":[1,2]}"#, 2, "`period_ms`"),
        (r#"{"metric":"a","start":0,"period_ms":0,"values":[1,2]}"#, 2, "`period_ms`"),
        (r#"{"metric":"a","start":0,"period_ms":-1,"values":[1,2]}"#, 2, "`period_ms`"),
        (r#"{"metric":"a","start":0,"period_ms":"1","values":[1,2]}"#, 2, "`period_ms`"),
        (r#"{"metric":"a","start":0,"period_ms":0.0009,"values":[1,2]}"#, 2, "`period_ms`"),
        (r#"{"metric":"a","start":"9999-12-31T23:59:59Z","period_ms":1000,"values":[1,2]}"#, 2, "9999"),
        (r#"{"metric":"a","times":["10:00"],"values":[1]}"#, 1, "RFC 3339"),
        (r#"{"metric":"a","stat":"maximum","times":[0,1],"values":[1,2]}"#, 2, "unknown field"),
        (r#"{"times":[0,1],"values":[1,2]}"#, 2, "missing field"),
        (r#"{"metric":7,"times":[0,1],"values":[1,2]}"#, 2, "line"),
        (r#"[1,2]"#, 1, "line"),
        ("null", 1, "line"),
        ("7", 1, "line"),
    ] {
        assert_refused(series, Reason::MalformedSeries, samples, says);
    }
}

#[test]
fn a_rejection_repeats_no_measured_value() {
    for series in [
        r#"{"metric":"a","times":[0],"values":["424242"]}"#,
        r#"{"metric":"a","times":[0],"values":424242}"#,
        r#"{"metric":424242,"times":[0],"values":[424242]}"#,
        r#""424242""#,
        r#"{"metric":"a","times":[0],"values":[424242],"statistic":424242}"#,
    ] {
        let text = message(series);
        let decoded = decode(text.as_bytes()).unwrap();
        assert!(!decoded.rejections[0].detail.contains("424242"), "{}", decoded.rejections[0].detail);
    }
    for text in
        [r#"{"v":1,"series":424242}"#, r#"{"v":1,"series":"424242"}"#, r#"{"v":"424242"}"#, "424242", r#""424242""#]
    {
        assert!(!decode(text.as_bytes()).unwrap_err().detail.contains("424242"), "{text}");
    }
}

#[test]
fn another_version_is_told_apart_from_a_broken_message() {
    for (text, reason) in [
        (r#"{"v":2,"rows":[],"series":[]}"#, Reason::UnsupportedVersion),
        (r#"{"v":1.5,"series":[]}"#, Reason::UnsupportedVersion),
        (r#"{"v":-1}"#, Reason::UnsupportedVersion),
        (r#"{"v":"1","series":[]}"#, Reason::Undecodable),
        (r#"{"series":[]}"#, Reason::Undecodable),
        (r#"{"v":1}"#, Reason::Undecodable),
        (r#"{"v":1,"series":[]"#, Reason::Undecodable),
        (r#"{"v":1,"series":[]} x"#, Reason::Undecodable),
        (r#"{"v":1,"series":[],"extra":0}"#, Reason::Undecodable),
        (r#"{"v":1,"id":"not-a-uuid","series":[]}"#, Reason::Undecodable),
        (r#"{"v":1,"device":"a b","series":[]}"#, Reason::BadDevice),
        (r#"{"v":1,"device":7,"series":[]}"#, Reason::Undecodable),
        ("[]", Reason::Undecodable),
        ("", Reason::Undecodable),
    ] {
        assert_eq!(decode(text.as_bytes()).unwrap_err().reason, reason, "{text}");
    }
    let bad_device = EXAMPLE.replace("watch-7", "watch 7");
    assert_eq!(decode(bad_device.as_bytes()).unwrap_err().samples, 7);
    assert_eq!(decode(br#"{"v":1.0,"series":[]}"#).unwrap(), Decoded::default());
}

#[test]
fn nothing_given_is_nothing_and_no_error() {
    for series in [
        "",
        r#"{"metric":"a","values":[]}"#,
        r#"{"metric":"a","times":[],"ends":[],"codes":[ ]}"#,
        r#"{"metric":"a","start":0,"period_ms":1,"values":[]}"#,
    ] {
        let text = message(series);
        assert_eq!(decode(text.as_bytes()).unwrap(), Decoded::default(), "{series}");
    }
}

#[test]
fn a_payload_of_nothing_but_faults_makes_few_sentences_and_loses_no_count() {
    let text = message(&vec![r#"{"values":[1,2]}"#; 1_000].join(","));
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!(decoded.rejections.len(), REJECTIONS_MAX);
    assert_eq!(decoded.rejections.iter().map(|rejection| rejection.samples).sum::<u64>(), 2_000);
}

/// Bytes that mean something in JSON, or nothing anywhere.
const FOREIGN: &[u8] = b"[]{},:\"\\0n-e.tu1\xff \x00";

proptest! {
    #[test]
    fn what_is_written_reads_back(
        values in prop::collection::vec(prop::option::weighted(0.9, NORMAL | SUBNORMAL | ZERO), 1..80),
        start_us in 0_i64..4_000_000_000_000_000,
        period_us in 1_i64..100_000_000,
        listed in any::<bool>(),
        span_us in prop::option::of(0_i64..1_000_000_000),
    ) {
        let millis = |us: i64| format!("{}.{:03}", us / 1_000, us % 1_000);
        let time = |place: usize| start_us + period_us * i64::try_from(place).unwrap();
        let list = |shift| (0..values.len()).map(|place| millis(time(place) + shift)).collect::<Vec<_>>().join(",");
        let when = if listed {
            format!(r#""times":[{}]"#, list(0))
        } else {
            format!(r#""start":"{}","period_ms":{}"#, at(start_us), millis(period_us))
        };
        let ends = span_us.map_or(String::new(), |span| format!(r#","ends":[{}]"#, list(span)));
        let write = |value: &Option<f64>| value.map_or("null".to_owned(), |value| format!("{value:?}"));
        let written: Vec<String> = values.iter().map(write).collect();
        let text = message(&format!(r#"{{"metric":"a",{when}{ends},"values":[{}]}}"#, written.join(", ")));
        let decoded = decode(text.as_bytes()).unwrap();
        prop_assert_eq!(&decoded.rejections, &[]);
        let slots = values.iter().enumerate();
        let present: Vec<(usize, f64)> = slots.filter_map(|(place, value)| Some((place, (*value)?))).collect();
        prop_assert_eq!(decoded.not_measured, u64::try_from(values.len() - present.len()).unwrap());
        prop_assert_eq!(decoded.readings.len(), usize::from(!present.is_empty()));
        for reading in &decoded.readings {
            let Values::Numbers(numbers) = &reading.values else { panic!("numbers") };
            prop_assert_eq!(numbers.len(), present.len());
            for (index, (place, value)) in present.iter().enumerate() {
                prop_assert_eq!(numbers[index].to_bits(), value.to_bits());
                prop_assert_eq!(reading.times.at(index), Some(at(time(*place))));
                prop_assert_eq!(reading.spans.at(index), span_us);
            }
        }
    }

    #[test]
    fn a_number_is_read_as_the_standard_library_reads_it(
        text in "-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,17})?([eE][+-]?[0-9]{1,2})?",
    ) {
        prop_assert_eq!(column::number(text.as_bytes()).map(f64::to_bits), text.parse::<f64>().ok().map(f64::to_bits));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&payload);
    }

    #[test]
    fn no_change_to_a_sound_message_makes_the_reader_panic(
        changes in prop::collection::vec((0_usize..EXAMPLE.len(), prop::sample::select(FOREIGN.to_vec())), 1..6),
        cut in 0_usize..EXAMPLE.len(),
        repeat in 0_usize..3,
    ) {
        let mut payload = EXAMPLE.as_bytes().to_vec();
        for (place, byte) in changes {
            payload[place] = byte;
        }
        for _ in 0..repeat {
            payload.extend_from_within(cut..);
        }
        for payload in [&payload[..cut], &payload[..]] {
            if let Ok(decoded) = decode(payload) {
                for reading in &decoded.readings {
                    let samples = reading.values.len();
                    let is_even = match (&reading.times, &reading.spans) {
                        (_, Spans::Own(spans)) if spans.len() != samples => false,
                        (Times::At(times), _) => times.len() == samples,
                        (Times::Regular { period_us, .. }, _) => *period_us > 0,
                    };
                    prop_assert!(is_even, "columns of one length, and times that go forward");
                }
            }
        }
    }
}
