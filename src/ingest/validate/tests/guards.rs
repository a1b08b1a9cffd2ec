//! Values, units and times that lie: sentinels, other units, bounds, beats, and times that cannot be.

use super::*;

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
fn a_daily_value_that_a_zone_dates_ahead_waits_for_its_time_and_nothing_else_does() {
    let hour_us = 60 * MINUTE_US;
    let ahead = |metric: &'static str, hours: i64, span_us: Option<i64>| {
        let times = Times::At(vec![at(NOW - DAY_US), at(NOW + hours * hour_us)]);
        let spans = span_us.map_or(Spans::None, Spans::Each);
        let validated = validate(Reading { times, spans, ..numbers(metric, &[60.0, 61.0]) });
        let [rejection] = validated.rejections.as_slice() else { panic!("{validated:?}") };
        assert_eq!((rejection.reason, rejection.samples), (Reason::FutureTime, 1));
        rejection.due_at.map(|due_at| (due_at.micros() - NOW) / hour_us)
    };
    assert_eq!(ahead("resting_heart_rate", 13, None), Some(12), "it is taken from its source then");
    assert_eq!(ahead("resting_heart_rate", 16, None), None, "no zone is so far ahead");
    assert_eq!(ahead("heart_rate", 13, None), None);
    assert_eq!(ahead("step_count", 13, Some(24 * hour_us)), Some(12));
    assert_eq!(ahead("step_count", 13, Some(hour_us)), None);
}
