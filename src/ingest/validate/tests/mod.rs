//! What validation promises: nothing valid that cannot be, nothing lost, and both ways agree.

use proptest::prelude::*;

use super::*;
use crate::formats::Offsets;
use crate::model::sample::{Run, Sample};
use crate::model::time::{DAY_US, MINUTE_US, SECOND_US};

const NOW: i64 = 1_795_428_000_000_000;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

fn validator() -> Validator {
    let limits = ValidationLimits {
        future_max_us: 3_600 * SECOND_US,
        past_max_us: 7_300 * DAY_US,
        span_max_us: 31 * DAY_US,
        statistic_span_max_us: 3_660 * DAY_US,
        device_age_max_us: 5_475 * DAY_US,
    };
    Validator::new(Arc::new(Catalogue::builtin().unwrap()), Arc::new(Units::builtin().unwrap()), limits)
}

/// Numbers one second apart, up to now.
fn numbers(metric: &'static str, values: &[f64]) -> Reading<'static> {
    Reading {
        device: None,
        metric: metric.into(),
        statistic: None,
        unit: None,
        times: Times::Regular { start: at(NOW - 60 * SECOND_US), period_us: SECOND_US },
        spans: Spans::None,
        values: Values::Numbers(values.to_vec()),
        time_assumed: false,
        offsets: Offsets::None,
        revision: None,
        replaces: None,
    }
}

fn codes(codes: &[&'static str]) -> Reading<'static> {
    let codes = codes.iter().map(|code| (*code).into()).collect();
    Reading { values: Values::Codes(codes), ..numbers("sleep_stage", &[]) }
}

fn validate(reading: Reading<'_>) -> Validated {
    validator().validate(reading, at(NOW))
}

fn valid(validated: &Validated) -> Vec<f64> {
    validated.valid.as_ref().map_or(Vec::new(), |valid| valid.run.values.clone())
}

fn reasons(validated: &Validated) -> Vec<(Reason, u64)> {
    validated.rejections.iter().map(|rejection| (rejection.reason, rejection.samples)).collect()
}

fn is_accepted(reading: Reading<'_>) -> bool {
    let validated = validate(reading);
    validated.rejections.is_empty() && validated.valid.is_some() && validated.flagged == 0
}

#[test]
fn a_sound_reading_keeps_its_own_columns() {
    let reading = numbers("heart_rate", &[61.0, 62.0]);
    let Values::Numbers(values) = &reading.values else { panic!("numbers") };
    let (column, times) = (values.as_ptr(), reading.times.clone());
    let validated = validate(reading);
    let run = validated.valid.unwrap().run;
    assert_eq!((run.values.as_ptr(), run.times, run.flags.len()), (column, times, 0));
}

#[test]
fn an_unknown_metric_unit_or_statistic_refuses_all_of_the_reading() {
    for (reading, reason) in [
        (Reading { metric: "unknown:ieee/apnea".into(), ..numbers("", &[1.0, 2.0]) }, Reason::UnknownMetric),
        (Reading { unit: Some("furlong".into()), ..numbers("distance", &[1.0, 2.0]) }, Reason::UnknownUnit),
        (Reading { unit: Some("mmol/L".into()), ..numbers("body_weight", &[1.0, 2.0]) }, Reason::UnknownUnit),
        (Reading { statistic: Some("mode".into()), ..numbers("heart_rate", &[60.0, 60.0]) }, Reason::UnknownStatistic),
        (
            Reading { statistic: Some("average/h".into()), ..numbers("heart_rate", &[60.0, 60.0]) },
            Reason::UnknownStatistic,
        ),
    ] {
        let validated = validate(reading);
        assert_eq!((reasons(&validated), validated.valid), (vec![(reason, 2)], None));
    }
}

#[test]
fn a_value_is_impossible_outside_the_hard_range_and_flagged_outside_the_soft_one() {
    let validated = validate(numbers("heart_rate", &[60.0, 0.9, 350.0, 351.0, f64::NAN, f64::INFINITY, 1.0]));
    assert_eq!(valid(&validated), [60.0, 350.0, 1.0]);
    assert_eq!((reasons(&validated), validated.flagged), (vec![(Reason::ImpossibleValue, 4)], 2));
    let run = validated.valid.unwrap().run;
    assert_eq!(run.flags, [Flags::NONE, Flags::UNLIKELY, Flags::UNLIKELY]);
    assert_eq!(run.times.at(1), Some(at(NOW - 58 * SECOND_US)), "the others keep their times");
    let detail = &validated.rejections[0].detail;
    assert!(detail.contains("1 to 350 /min") && detail.contains("place 1") && !detail.contains("0.9"), "{detail}");
}

#[test]
fn a_reading_that_is_only_flagged_stays_even() {
    let validated = validate(numbers("heart_rate", &[60.0, 225.0]));
    let run = validated.valid.unwrap().run;
    assert!(matches!(run.times, Times::Regular { .. }) && validated.flagged == 1);
}

#[test]
fn an_assumed_time_flags_every_sample() {
    let validated = validate(Reading { time_assumed: true, ..numbers("heart_rate", &[60.0, 225.0]) });
    let both = Flags::TIME_ASSUMED.and(Flags::UNLIKELY);
    assert_eq!((validated.flagged, validated.valid.unwrap().run.flags), (2, vec![Flags::TIME_ASSUMED, both]));
    let clean = validate(Reading { time_assumed: true, ..numbers("heart_rate", &[60.0]) });
    assert_eq!((clean.flagged, clean.valid.unwrap().run.flags), (1, vec![Flags::TIME_ASSUMED]));
}

#[test]
fn trap_a_sentinel_is_not_measured_and_no_rejection() {
    let validated = validate(numbers("heart_rate", &[-1.0, 60.0, -1.0]));
    assert_eq!((valid(&validated), validated.not_measured, validated.rejections.len()), (vec![60.0], 2, 0));
    let validated = validate(numbers("stress_score", &[-1.0, -2.0, -3.0, 20.0]));
    assert_eq!((validated.not_measured, reasons(&validated)), (2, vec![(Reason::ImpossibleValue, 1)]));
    let nothing = validate(numbers("heart_rate", &[-1.0]));
    assert_eq!((nothing.valid, nothing.not_measured), (None, 1));
}

#[test]
fn a_sentinel_is_one_of_its_unit_and_of_measurements() {
    let heart = validate(numbers("heart_rate", &[255.0, 118.0, 0.0, -1.0, 511.0]));
    assert_eq!((valid(&heart), heart.not_measured), (vec![118.0], 3));
    assert_eq!(reasons(&heart), [(Reason::ImpossibleValue, 1)], "0 is said of no living body");
    let count = Reading { statistic: Some("count".into()), ..numbers("heart_rate", &[255.0]) };
    assert_eq!(valid(&validate(count)), [255.0]);
    let codes = [105.0, 104.0, 103.0, 12.0, 10.0, 10.0, 9.0, 5.0, 3.0, 1.0, 0.0, 101.0];
    let glucose = validate(numbers("interstitial_glucose", &codes));
    assert_eq!((valid(&glucose), glucose.not_measured), (vec![105.0, 104.0, 103.0, 101.0], 8));
    let in_mmol = Reading { unit: Some("mmol/L".into()), ..numbers("interstitial_glucose", &[5.0, 10.0]) };
    assert_eq!(valid(&validate(in_mmol)), [5.0 * 18.016, 10.0 * 18.016]);
    let spread = Reading { statistic: Some("standard deviation".into()), ..numbers("interstitial_glucose", &[12.0]) };
    assert_eq!(valid(&validate(spread)), [12.0]);
}

#[test]
fn a_series_in_another_unit_is_refused_whole_and_a_wrong_value_alone() {
    for (unit, metric, values) in [
        (None, "interstitial_glucose", vec![5.6, 15.2, 22.2]),
        (None, "blood_glucose", vec![5.6, 15.2]),
        (Some("mmol/L"), "interstitial_glucose", vec![50.0, 110.0, 332.0]),
        (None, "body_temperature", vec![98.6, 99.1]),
        (Some("degF"), "body_temperature", vec![36.6]),
    ] {
        let validated = validate(Reading { unit: unit.map(Into::into), ..numbers(metric, &values) });
        let all = u64::try_from(values.len()).unwrap();
        assert_eq!(
            (validated.valid.as_ref(), reasons(&validated)),
            (None, vec![(Reason::UnitMismatch, all)]),
            "{metric}"
        );
        assert!(validated.rejections[0].detail.contains("name the unit"), "{}", validated.rejections[0].detail);
    }
    let night = validate(numbers("interstitial_glucose", &[110.0, 108.0, 5.6, 104.0, 28.0, 102.0]));
    assert_eq!((valid(&night), reasons(&night)), (vec![110.0, 108.0, 104.0, 102.0], vec![(Reason::UnitMismatch, 2)]));
    let low = validate(numbers("interstitial_glucose", &[60.0, 41.0, 32.0, 28.0]));
    assert_eq!((valid(&low).len(), low.flagged), (4, 2), "a true low is flagged and kept");
    let spread = Reading { statistic: Some("standard deviation".into()), ..numbers("blood_glucose", &[5.6, 15.2]) };
    assert_eq!(valid(&validate(spread)).len(), 2, "a deviation may be of any size");
}

#[test]
fn what_lies_beyond_a_sensors_range_is_kept_as_a_bound() {
    let unit = Some("mmol/L".into());
    let words = [f64::NEG_INFINITY, 4.1, f64::INFINITY];
    let validated = validate(Reading { unit, ..numbers("interstitial_glucose", &words) });
    let run = validated.valid.unwrap().run;
    assert_eq!((run.values[0], run.values[2], validated.flagged), (40.0, 400.0, 2));
    assert_eq!(run.flags, [Flags::BELOW_RANGE, Flags::NONE, Flags::ABOVE_RANGE]);
    let heart = validate(numbers("heart_rate", &[f64::INFINITY]));
    assert_eq!(reasons(&heart), [(Reason::ImpossibleValue, 1)]);
    assert!(heart.rejections[0].detail.contains("whose sensors have a range"), "{:?}", heart.rejections);
    let spread = Reading { statistic: Some("variance".into()), ..numbers("interstitial_glucose", &[f64::INFINITY]) };
    assert_eq!(reasons(&validate(spread)), [(Reason::ImpossibleValue, 1)]);
}

#[test]
fn beats_of_one_stamp_are_laid_one_after_the_other() {
    let millis = |millis: &[i64]| Times::At(millis.iter().map(|millis| at(NOW - DAY_US + millis * 1_000)).collect());
    let laid = |times: &[i64], values: &[f64]| {
        let validated = validate(Reading { times: millis(times), ..numbers("rr_interval", values) });
        assert_eq!(validated.rejections, []);
        let run = validated.valid.unwrap().run;
        (0..values.len()).map(|place| run.times.at(place).unwrap().micros() - NOW + DAY_US).collect::<Vec<i64>>()
    };
    let beats = laid(&[0, 975, 975, 1_950, 2_925, 2_925], &[892.0, 905.0, 863.0, 846.0, 900.0, 900.0]);
    assert_eq!(beats, [0, 112_000, 975_000, 1_950_000, 2_025_000, 2_925_000]);
    assert_eq!(laid(&[2_000; 3], &[500.0, 333.0, 334.5]), [1_332_500, 1_665_500, 2_000_000]);
    assert_eq!(laid(&[0, 850, 850], &[850.0; 3]), [0, 1, 850_000], "a beat of another stamp is in the way");
    let in_seconds =
        Reading { unit: Some("s".into()), times: millis(&[9_000; 2]), ..numbers("rr_interval", &[0.9, 0.8]) };
    assert_eq!(validate(in_seconds).valid.unwrap().run.times, millis(&[8_200, 9_000]));
    let other = Reading { times: millis(&[0, 0]), ..numbers("heart_rate", &[60.0, 61.0]) };
    assert_eq!(validate(other).valid.unwrap().run.times, millis(&[0, 0]), "only what follows each other is laid out");
    let refused = Reading { times: millis(&[5_000; 3]), ..numbers("rr_interval", &[800.0, 65_535.0, 700.0]) };
    let validated = validate(refused);
    assert_eq!(reasons(&validated), [(Reason::ImpossibleValue, 1)]);
    assert_eq!(validated.valid.unwrap().run.times, millis(&[4_300, 5_000]), "an impossible interval lasts no time");
}

#[test]
fn seconds_in_the_place_of_milliseconds_are_named() {
    let times = Times::At(vec![at(NOW / 1_000), at(NOW)]);
    let validated = validate(Reading { times, ..numbers("heart_rate", &[60.0; 2]) });
    assert_eq!(reasons(&validated), [(Reason::AncientTime, 1)]);
    assert!(validated.rejections[0].detail.contains("looks like seconds"), "{:?}", validated.rejections);
    let old = Reading { times: Times::At(vec![at(0)]), ..numbers("heart_rate", &[60.0]) };
    assert!(!validate(old).rejections[0].detail.contains("looks like"), "1970 itself is only too old");
}

#[test]
fn what_is_older_than_any_device_in_use_is_flagged() {
    let oldest = NOW - 5_475 * DAY_US;
    let times = Times::At(vec![at(oldest - 1), at(oldest)]);
    let validated = validate(Reading { times, ..numbers("heart_rate", &[60.0, 61.0]) });
    assert_eq!((validated.flagged, reasons(&validated)), (1, vec![]));
    assert_eq!(validated.valid.unwrap().run.flags, [Flags::BEFORE_DEVICE, Flags::NONE]);
    let even = Times::Regular { start: at(oldest - DAY_US), period_us: 2 * DAY_US };
    let validated =
        validate(Reading { times: even.clone(), time_assumed: true, ..numbers("heart_rate", &[229.0, 60.0]) });
    let run = validated.valid.unwrap().run;
    let all = Flags::BEFORE_DEVICE.and(Flags::UNLIKELY).and(Flags::TIME_ASSUMED);
    assert_eq!((run.flags, run.times), (vec![all, Flags::TIME_ASSUMED], even));
}

#[test]
fn a_statistic_may_last_a_season_and_a_measurement_may_not() {
    let season = Spans::Each(123 * DAY_US);
    let times = Times::At(vec![at(NOW - 123 * DAY_US)]);
    let measurement = Reading { times: times.clone(), spans: season.clone(), ..numbers("heart_rate", &[60.0]) };
    assert_eq!(reasons(&validate(measurement.clone())), [(Reason::BadInterval, 1)]);
    assert!(is_accepted(Reading { statistic: Some("average".into()), ..measurement.clone() }));
    let endless = Spans::Each(3_661 * DAY_US);
    let validated = validate(Reading { statistic: Some("average".into()), spans: endless, ..measurement });
    assert!(validated.rejections[0].detail.contains("of a statistic must not"), "{:?}", validated.rejections);
}

#[test]
fn ranges_hold_after_the_conversion() {
    let validated = validate(Reading { unit: Some("degF".into()), ..numbers("body_temperature", &[98.6, 70.0]) });
    assert_eq!((valid(&validated), reasons(&validated)), (vec![37.0], vec![(Reason::ImpossibleValue, 1)]));
    let all = validate(Reading { unit: Some("F".into()), ..numbers("body_temperature", &[98.6, 100.4]) });
    assert_eq!((valid(&all), all.flagged), (vec![37.0, 38.0], 0));
    let zero = validate(Reading { unit: Some("kOhm".into()), ..numbers("electrodermal_activity", &[0.0, 500.0]) });
    assert_eq!((valid(&zero), reasons(&zero)), (vec![2.0], vec![(Reason::ImpossibleValue, 1)]));
}

#[test]
fn a_sample_too_far_from_now_is_refused_by_its_own_reason() {
    let hour = 3_600 * SECOND_US;
    let times =
        Times::At(vec![at(NOW + hour), at(NOW + hour + 1), at(NOW - 7_300 * DAY_US), at(NOW - 7_300 * DAY_US - 1)]);
    let validated = validate(Reading { times, ..numbers("heart_rate", &[60.0; 4]) });
    assert_eq!(reasons(&validated), [(Reason::FutureTime, 1), (Reason::AncientTime, 1)]);
    assert_eq!(valid(&validated).len(), 2, "both limits themselves are valid");
    let even = Times::Regular { start: at(NOW), period_us: hour };
    let validated = validate(Reading { times: even, ..numbers("heart_rate", &[60.0; 4]) });
    assert_eq!((valid(&validated).len(), reasons(&validated)), (2, vec![(Reason::FutureTime, 2)]));
}

#[test]
fn a_backward_or_endless_interval_is_refused_and_an_empty_one_is_an_instant() {
    let spans = Spans::Own(vec![Some(-1), Some(0), Some(31 * DAY_US), Some(31 * DAY_US + 1), None]);
    let validated = validate(Reading { spans, ..numbers("heart_rate", &[60.0; 5]) });
    assert_eq!(reasons(&validated), [(Reason::BadInterval, 2)]);
    let run = validated.valid.unwrap().run;
    assert_eq!((0..3).map(|place| run.spans.at(place)).collect::<Vec<_>>(), [None, Some(31 * DAY_US), None]);
    assert_eq!(
        validate(Reading { spans: Spans::Each(0), ..numbers("heart_rate", &[60.0]) }).valid.unwrap().run.spans,
        Spans::None
    );
    assert_eq!(
        reasons(&validate(Reading { spans: Spans::Each(-1), ..numbers("heart_rate", &[60.0; 2]) })),
        [(Reason::BadInterval, 2)]
    );
}

#[test]
fn a_range_per_minute_grows_with_the_interval() {
    let steps = |values: &[f64], spans| Reading { spans, ..numbers("step_count", values) };
    assert!(is_accepted(steps(&[250.0], Spans::Each(MINUTE_US))));
    assert_eq!(validate(steps(&[400.0], Spans::Each(MINUTE_US))).flagged, 1);
    assert_eq!(reasons(&validate(steps(&[401.0], Spans::Each(MINUTE_US)))), [(Reason::ImpossibleValue, 1)]);
    assert!(is_accepted(steps(&[3_000.0], Spans::Each(15 * MINUTE_US))));
    let each_its_own = Spans::Own(vec![Some(MINUTE_US), Some(60 * MINUTE_US), None]);
    assert!(is_accepted(steps(&[200.0, 12_000.0, 30_000.0], each_its_own.clone())));
    assert_eq!(reasons(&validate(steps(&[12_000.0, 200.0, 30_000.0], each_its_own))), [(Reason::ImpossibleValue, 1)]);
    let wide_first = Spans::Own(vec![Some(60 * MINUTE_US), Some(MINUTE_US)]);
    assert_eq!(reasons(&validate(steps(&[200.0, 12_000.0], wide_first))), [(Reason::ImpossibleValue, 1)]);
    assert!(is_accepted(Reading { spans: Spans::Each(1_000), ..numbers("floors_climbed", &[0.2]) }));
}

#[test]
fn an_instant_of_a_per_minute_metric_may_be_the_total_of_a_day_and_no_more() {
    assert!(is_accepted(numbers("step_count", &[0.0, 31_000.0])));
    assert!(is_accepted(numbers("basal_energy", &[1_700.0, 1.2])));
    assert_eq!(reasons(&validate(numbers("step_count", &[576_001.0]))), [(Reason::ImpossibleValue, 1)]);
    let weekly = Reading { statistic: Some("average/wk".into()), ..numbers("step_count", &[600_000.0]) };
    assert!(is_accepted(weekly), "an average a week is a week's");
    let daily = numbers("step_count", &[26_000.0]);
    let daily = Reading { statistic: Some("average/d".into()), spans: Spans::Each(60 * MINUTE_US), ..daily };
    assert!(is_accepted(daily), "an average a day is a day's, over whatever interval");
}

#[test]
fn a_statistic_is_validated_by_what_its_word_means() {
    let with =
        |word: &'static str, metric, value| Reading { statistic: Some(word.into()), ..numbers(metric, &[value]) };
    for word in
        ["average", "maximum", "minimum", "median", "80th percentile", "lower quartile", "1st quintile", "average/d"]
    {
        assert!(is_accepted(with(word, "heart_rate", 60.0)), "{word}");
        assert!(!is_accepted(with(word, "heart_rate", 400.0)), "{word}");
    }
    for word in ["count", "variance", "standard deviation", "quartile deviation", "sum", "count/d"] {
        assert!(is_accepted(with(word, "heart_rate", 0.0)), "{word}");
        assert!(is_accepted(with(word, "heart_rate", 86_400.0)), "{word}");
        assert!(!is_accepted(with(word, "heart_rate", -7.0)), "{word}");
        assert!(!is_accepted(with(word, "heart_rate", f64::INFINITY)), "{word}");
    }
    assert!(is_accepted(with("sum", "skin_temperature_deviation", -90.0)), "where values may be negative, a sum may");
    for word in ["light", "moderate", "vigorous"] {
        assert!(is_accepted(with(word, "active_minutes", 30.0)) && !is_accepted(with(word, "active_minutes", 1_441.0)));
    }
}

#[test]
fn a_statistic_converts_by_what_its_word_means() {
    let degf = |word: &'static str, value| {
        validate(Reading {
            statistic: Some(word.into()),
            unit: Some("degF".into()),
            ..numbers("body_temperature", &[value])
        })
    };
    assert_eq!(valid(&degf("average", 98.6)), [37.0]);
    assert_eq!(valid(&degf("standard deviation", 0.9)), [0.5]);
    assert!((valid(&degf("variance", 3.24))[0] - 1.0).abs() < 1e-12);
    assert_eq!(valid(&degf("count", 12.0)), [12.0]);
    assert_eq!(reasons(&degf("sum", 986.0)), [(Reason::UnknownUnit, 1)]);
    let ohm = Reading {
        statistic: Some("maximum".into()),
        unit: Some("kOhm".into()),
        ..numbers("electrodermal_activity", &[500.0])
    };
    assert_eq!(reasons(&validate(ohm)), [(Reason::UnknownUnit, 1)]);
}

#[test]
fn codes_become_their_places_and_an_unknown_one_is_refused_without_being_repeated() {
    let validated = validate(codes(&["awake", "rem", "hovering", "unknown"]));
    assert_eq!((valid(&validated), reasons(&validated)), (vec![0.0, 3.0, 7.0], vec![(Reason::UnknownCode, 1)]));
    assert!(!validated.rejections[0].detail.contains("hovering"));
    assert!(is_accepted(codes(&["light", "deep"])));
}

#[test]
fn numbers_for_codes_and_codes_for_numbers_are_malformed() {
    for reading in [
        numbers("sleep_stage", &[1.0]),
        Reading { metric: "heart_rate".into(), ..codes(&["rem"]) },
        Reading { statistic: Some("maximum".into()), ..codes(&["rem"]) },
        Reading { times: Times::At(Vec::new()), ..numbers("heart_rate", &[60.0]) },
        Reading { spans: Spans::Own(Vec::new()), ..numbers("heart_rate", &[60.0]) },
    ] {
        assert_eq!(reasons(&validate(reading)), [(Reason::MalformedSeries, 1)]);
    }
    let still = Times::Regular { start: at(NOW), period_us: 0 };
    assert_eq!(
        reasons(&validate(Reading { times: still, ..numbers("heart_rate", &[60.0; 3]) })),
        [(Reason::MalformedSeries, 3)]
    );
}

#[test]
fn a_long_foreign_word_is_not_repeated_in_full() {
    let validated = validate(Reading { metric: "x".repeat(100_000).into(), ..numbers("", &[1.0]) });
    assert!(validated.rejections[0].detail.len() < 200);
}

#[test]
fn no_value_has_no_outcome() {
    assert_eq!(validate(numbers("nobody's", &[])), Validated::default());
}

const UNITS: [&str; 9] = ["bpm", "degF", "K", "kOhm", "g", "count", "%", "mmol/L", "min"];
const STATISTICS: [&str; 7] = ["average", "sum", "variance", "count/d", "standard deviation", "average/wk", "light"];

prop_compose! {
    fn readings()(
        metric in 0_usize..60,
        statistic in prop::option::weighted(0.2, prop::sample::select(&STATISTICS)),
        unit in prop::option::weighted(0.3, prop::sample::select(&UNITS)),
        values in prop::collection::vec(prop_oneof![
            6 => 30.0..100.0_f64, 1 => -3.0..2_000.0, 1 => Just(-1.0), 1 => Just(-2.0), 1 => any::<f64>(),
            1 => 0.4..34.0, 1 => prop::sample::select(vec![255.0, 12.0, f64::INFINITY, f64::NEG_INFINITY])
        ], 0..20),
        coded in prop::bool::weighted(0.1),
        even in any::<bool>(),
        begun_days in prop_oneof![4 => Just(9_i64), 1 => 5_400_i64..5_500],
        period_us in prop_oneof![4 => 1_i64..MINUTE_US, 1 => 1..DAY_US * 900],
        spans in prop::collection::vec(prop::option::of(prop_oneof![5 => 0_i64..DAY_US, 1 => -5..40 * DAY_US]), 20),
        span_form in 0..3,
        time_assumed in prop::bool::weighted(0.1),
    ) -> Reading<'static> {
        let catalogue = Catalogue::builtin().unwrap();
        let count = values.len();
        let even_times = Times::Regular { start: at(NOW - begun_days * DAY_US), period_us };
        let listed = (0..count).filter_map(|place| even_times.at(place)).collect();
        let codes = values.iter().map(|value| ["rem", "awake", "nowhere"][value.abs() as usize % 3].into()).collect();
        Reading {
            device: None,
            metric: catalogue.all().get(metric).map_or("nobody's".to_owned(), |metric| metric.name.clone()).into(),
            statistic: statistic.map(Into::into),
            unit: unit.map(Into::into),
            times: if even { even_times } else { Times::At(listed) },
            spans: match span_form {
                0 => Spans::None,
                1 => Spans::Each(spans[0].unwrap_or(0)),
                _ => Spans::Own(spans[..count].to_vec()),
            },
            values: if coded { Values::Codes(codes) } else { Values::Numbers(values) },
            time_assumed,
            offsets: Offsets::None,
            revision: None,
            replaces: None,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_value_comes_out_exactly_once(reading in readings()) {
        let given = u64::try_from(reading.values.len()).unwrap();
        let validated = validate(reading);
        let valid = validated.valid.as_ref().map_or(0, |valid| valid.run.samples().count());
        let refused: u64 = validated.rejections.iter().map(|rejection| rejection.samples).sum();
        prop_assert_eq!(u64::try_from(valid).unwrap() + refused + validated.not_measured, given);
        let mut words = reasons(&validated);
        words.sort();
        words.dedup_by_key(|(reason, _)| *reason);
        prop_assert_eq!(words.len(), validated.rejections.len(), "one rejection for each reason");
        let finite = |run: &Run| !run.is_empty() && run.values.iter().all(|value| value.is_finite());
        prop_assert!(validated.valid.is_none_or(|valid| finite(&valid.run)));
    }

    #[test]
    fn the_fast_way_and_the_slow_way_agree(reading in readings()) {
        let validator = validator();
        if reading.values.is_empty() { return Ok(()); }
        let Ok(resolved) = validator.resolve(reading.clone(), at(NOW)) else { return Ok(()) };
        let window = validator.limits.window(at(NOW));
        let is_clean = resolved.is_clean(window, validator.limits.span_max_us_of(resolved.statistic));
        let slow = validate_each::validate_each(resolved, window, validator.limits);
        let unlikely = |sample: &Sample| sample.flags.0 & !Flags::TIME_ASSUMED.0 != 0;
        let samples: Vec<Sample> = slow.valid.iter().flat_map(|valid| valid.run.samples()).collect();
        let nothing_to_say = slow.rejections.is_empty() && slow.not_measured == 0 && !samples.iter().any(unlikely);
        prop_assert_eq!(is_clean, nothing_to_say, "the fast way is taken exactly where there is nothing to say");
        let fast = validator.validate(reading, at(NOW));
        prop_assert_eq!(fast.valid.iter().flat_map(|valid| valid.run.samples()).collect::<Vec<_>>(), samples);
        prop_assert_eq!((fast.flagged, fast.not_measured), (slow.flagged, slow.not_measured));
        prop_assert_eq!(&fast.rejections, &slow.rejections);
    }
}
