//! What validation promises: nothing valid that cannot be, nothing lost, and both ways agree.

use proptest::prelude::*;

use super::*;
use crate::formats::Offsets;
use crate::model::sample::{Run, Sample};
use crate::model::time::{DAY_US, MINUTE_US, SECOND_US};

/// Values, units and times that lie.
mod guards;

/// Ranges of times, intervals and values.
mod ranges;

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
