//! Ranges: how far from now, how long, and between which values, by metric, unit and statistic.

use super::*;

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
