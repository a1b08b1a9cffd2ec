//! What the decoder promises: the named schema alone decides, no guess, no lost neighbour, no panic.

use super::*;
use crate::formats::{Reading, Values};
use crate::model::sample::{Spans, Times};
use crate::model::statistic::Statistic;
use crate::model::time::{DAY_US, MINUTE_US, Timestamp};

/// Where the published schemas mislead.
mod traps;

/// What is no message.
mod hostile;

/// Words of the source, and its local time.
mod revised;

const AT: &str = r#""effective_time_frame":{"date_time":"2026-11-23T11:00:00+01:00"}"#;
const TEN: i64 = 1_795_428_000_000_000;
const NIGHT: &str = r#""effective_time_frame":{"time_interval":{"start_date_time":"2026-11-23T10:00:00Z","duration":{"value":8,"unit":"h"}}}"#;
const HEART: &str = r#""heart_rate":{"value":61,"unit":"beats/min"}"#;

const START: &str = r#""start_date_time":"2026-11-23T10:00:00Z""#;
const END: &str = r#""end_date_time":"2026-11-23T10:05:00Z""#;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

fn omh_header(namespace: &str, name: &str, version: &str) -> String {
    format!(
        r#"{{"id":"a","creation_date_time":"2026-11-23T12:00:00Z",
        "schema_id":{{"namespace":"{namespace}","name":"{name}","version":"{version}"}},
        "acquisition_provenance":{{"source_name":"x","source_creation_date_time":"2026-11-23T10:00:00Z"}}}}"#
    )
}

fn ieee_header(namespace: &str, name: &str, version: &str) -> String {
    format!(
        r#"{{"uuid":"6fa459ea-ee8a-4ca4-894e-db77e160355e","source_creation_date_time":"2026-11-23T10:00:00Z",
        "schema_id":{{"namespace":"{namespace}","name":"{name}","version":"{version}"}},"modality":"sensed"}}"#
    )
}

fn point(namespace: &str, name: &str, version: &str, body: &str) -> String {
    format!(r#"{{"header":{},"body":{{{body}}}}}"#, omh_header(namespace, name, version))
}

/// The readings of a data point of which nothing is refused.
fn readings(text: &str) -> Vec<Reading<'_>> {
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!(decoded.rejections, [], "{text}");
    decoded.readings
}

/// Metric, statistic, unit and numbers, of each reading.
fn told(text: &str) -> Vec<(String, String, String, Vec<f64>)> {
    let words = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().unwrap_or_default().to_owned();
    let of = |reading: Reading<'_>| {
        let Values::Numbers(numbers) = reading.values else { panic!("codes in {text}") };
        (reading.metric.to_string(), words(&reading.statistic), words(&reading.unit), numbers)
    };
    readings(text).into_iter().map(of).collect()
}

fn row(metric: &str, statistic: &str, unit: &str, numbers: &[f64]) -> (String, String, String, Vec<f64>) {
    (metric.to_owned(), statistic.to_owned(), unit.to_owned(), numbers.to_vec())
}

/// The one rejection, and beside it the sound neighbours of an array on both sides.
fn assert_refused(part: &str, reason: Reason, says: &str) {
    let good = point("omh", "heart-rate", "2.0", &format!("{HEART},{AT}"));
    let text = format!("[{good},{part},{good}]");
    let decoded = decode(text.as_bytes()).unwrap();
    let [reading] = decoded.readings.as_slice() else { panic!("{part}: {:?}", decoded.readings) };
    assert_eq!(reading.values, Values::Numbers(vec![61.0, 61.0]), "{part}");
    let [rejection] = decoded.rejections.as_slice() else { panic!("{part}: {:?}", decoded.rejections) };
    assert_eq!((rejection.reason, rejection.samples), (reason, 1), "{part}: {}", rejection.detail);
    assert!(rejection.detail.starts_with("points[1]: ") && rejection.detail.contains(says), "{}", rejection.detail);
    let alone = decode(part.as_bytes()).unwrap();
    assert_eq!((alone.readings.len(), alone.rejections.len()), (0, 1), "{part}");
}

fn refused(namespace: &str, name: &str, version: &str, body: &str) -> Reason {
    check_body(namespace, name, version, body.as_bytes()).unwrap_err().reason
}

fn accepted(namespace: &str, name: &str, version: &str, body: &str) {
    assert_eq!(check_body(namespace, name, version, body.as_bytes()), Ok(()), "{namespace} {name} {version}: {body}");
}

#[test]
fn sixty_heart_rates_become_one_reading_in_their_order() {
    let points: Vec<_> = (0..60)
        .map(|minute| {
            let time = format!(r#""effective_time_frame":{{"date_time":"2026-11-23T10:{minute:02}:00Z"}}"#);
            let value = format!(r#""heart_rate":{{"value":{},"unit":"beats/min"}}"#, 60 + minute);
            point("omh", "heart-rate", "2.0", &format!("{value},{time}"))
        })
        .collect();
    let text = format!("[{}]", points.join(","));
    let all = readings(&text);
    let [reading] = all.as_slice() else { panic!("one reading") };
    assert_eq!(reading.values, Values::Numbers((60..120).map(f64::from).collect()));
    assert_eq!(reading.times, Times::At((0..60).map(|minute| at(TEN + minute * MINUTE_US)).collect()));
    assert_eq!((&reading.spans, &reading.device, reading.time_assumed), (&Spans::None, &None, false));
    assert!(matches!(reading.unit, Some(std::borrow::Cow::Borrowed("beats/min"))));
}

#[test]
fn a_series_is_one_header_above_many_bodies() {
    let bodies = format!("[{{{HEART},{AT}}},{{{HEART}}},{{{HEART},{AT}}},3]");
    let text = format!(r#" {{"header":{},"body":{bodies}}} "#, ieee_header("omh", "heart-rate", "2.0"));
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!(decoded.readings[0].values, Values::Numbers(vec![61.0, 61.0]));
    let details: Vec<_> = decoded.rejections.iter().map(|rejection| rejection.detail.as_str()).collect();
    assert_eq!(details.len(), 2, "{details:?}");
    assert_eq!(details[0], "body[1]: omh/heart-rate 2.0: effective_time_frame is missing");
    assert!(details[1].starts_with("body[3]: "), "{details:?}");
}

#[test]
fn a_series_needs_the_header_of_ieee_and_counts_what_is_lost_without_it() {
    let bodies = format!("[{{{HEART},{AT}}},{{{HEART},{AT}}}]");
    for header in [omh_header("omh", "heart-rate", "2.0"), "{}".to_owned(), ieee_header("omh", "nothing", "1.0")] {
        let text = format!(r#"{{"header":{header},"body":{bodies}}}"#);
        let decoded = decode(text.as_bytes()).unwrap();
        assert_eq!((decoded.readings.len(), decoded.rejections[0].samples), (0, 2), "{header}");
    }
}

#[test]
fn both_headers_are_read_and_each_by_its_own_rules() {
    let body = format!("{{{HEART},{AT}}}");
    for header in [omh_header("omh", "heart-rate", "2.0"), ieee_header("omh", "heart-rate", "2.0")] {
        assert_eq!(readings(&format!(r#"{{"header":{header},"body":{body}}}"#)).len(), 1, "{header}");
    }
    for (broken, from, to) in [
        (omh_header("omh", "heart-rate", "2.0"), "T12:00:00Z", "T12:00:00"),
        (omh_header("omh", "heart-rate", "2.0"), r#""id":"a","#, ""),
        (omh_header("omh", "heart-rate", "2.0"), r#""version":"2.0""#, r#""version":2.0"#),
        (omh_header("omh", "heart-rate", "2.0"), r#""version":"2.0""#, r#""version":"2.0","url":"no uri""#),
        (ieee_header("omh", "heart-rate", "2.0"), "6fa459ea-", "6fa459ea"),
        (ieee_header("omh", "heart-rate", "2.0"), "sensed", "recorded"),
        (ieee_header("omh", "heart-rate", "2.0"), "source_creation_date_time", "creation"),
    ] {
        let header = broken.replacen(from, to, 1);
        assert_ne!(header, broken);
        let decoded =
            decode(format!(r#"{{"header":{header},"body":{body}}}"#).as_bytes()).map(|all| all.rejections.len());
        assert_eq!(decoded, Ok(1), "{header}");
    }
}

#[test]
fn one_malformed_point_costs_only_itself() {
    let body = format!("{HEART},{AT}");
    let heart = |body: &str| point("omh", "heart-rate", "2.0", body);
    let good = heart(&body);
    let text = format!("[3,{good}]");
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!((decoded.readings.len(), decoded.rejections.len()), (1, 1));
    assert_refused("{}", Reason::Undecodable, "header is missing");
    assert_refused(r#"{"header":{},"body":{}}"#, Reason::Undecodable, "missing");
    assert_refused(&heart(AT), Reason::Undecodable, "heart_rate is missing");
    assert_refused(&heart(&format!("{HEART},{body}")), Reason::Undecodable, "comes twice");
    assert_refused(&heart(&body.replace("beats/min", "furlongs")), Reason::UnknownUnit, "unit");
    assert_refused(&heart(&body.replace("61", "1e999")), Reason::Undecodable, "number");
    assert_refused(&heart(&body.replace("+01:00", "")), Reason::NoInstant, "zone");
    assert_refused(&point("omh", "heart-rate", "7.0", &body), Reason::UnsupportedVersion, "omh/heart-rate 7.0");
    assert_refused(&point("omh", "heart-rate", "2", &body), Reason::UnsupportedVersion, "version");
    assert_refused(&point("acme", "heart-rate", "2.0", &body), Reason::UnknownMetric, "acme/heart-rate");
    assert_refused(&point("omh", "no-rate", "2.0", &body), Reason::UnknownMetric, "omh/no-rate");
    let speed = format!(r#""speed":{{"value":3,"unit":"m/s"}},{AT}"#);
    assert_refused(&point("omh", "speed", "1.0", &speed), Reason::UnknownMetric, "catalogue");
    assert_refused(&point("omh", "speed", "1.0", AT), Reason::Undecodable, "speed is missing");
}

#[test]
fn no_detail_repeats_what_was_measured() {
    let body = format!(r#""heart_rate":{{"value":"secret","unit":"secret"}},{AT}"#);
    let text = point("omh", "heart-rate", "2.0", &body);
    for text in [text.as_str(), &text[..text.len() - 1], "secret"] {
        let decoded = decode(text.as_bytes());
        let details = decoded.map_or_else(|one| vec![one], |all| all.rejections);
        assert!(details.iter().all(|one| !one.detail.contains("secret")), "{details:?}");
    }
}

#[test]
fn like_refusals_are_joined_and_unlike_ones_are_capped() {
    let like: Vec<_> = (0..1000).map(|_| point("omh", "heart-rate", "2.0", AT)).collect();
    let text = format!("[{}]", like.join(","));
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!((decoded.rejections.len(), decoded.rejections[0].samples), (1, 1000));
    assert!(decoded.rejections[0].detail.starts_with("points[0] and others: "), "{}", decoded.rejections[0].detail);
    let unlike: Vec<_> = (0..1000).map(|place| point("omh", &format!("x{place}"), "2.0", AT)).collect();
    let text = format!("[{}]", unlike.join(","));
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!(decoded.rejections.len(), 16);
    assert_eq!(decoded.rejections.iter().map(|one| one.samples).sum::<u64>(), 1000);
}

#[test]
fn a_healthkit_correlation_gives_its_samples_and_a_night_its_stage() {
    let quantity = |kind, value| {
        format!(
            r#"{{"quantity_type":"HKQuantityTypeIdentifierBloodPressure{kind}",
            "unit_value":{{"value":{value},"unit":"mmHg"}},{AT}}}"#
        )
    };
    let body = format!(
        r#""correlation_type":"HKCorrelationTypeIdentifierBloodPressure",{AT},"quantity_samples":[{},{}]"#,
        quantity("Systolic", 121),
        quantity("Diastolic", 79)
    );
    let text = point("granola", "hk-correlation", "1.0", &body);
    assert_eq!(told(&text).len(), 2);
    // The schema is content with one list that is right; the other's samples are refused by themselves.
    let odd = body.replacen("\"quantity_samples\"", r#""category_samples":[{}],"quantity_samples""#, 1);
    let decoded = decode(point("granola", "hk-correlation", "1.0", &odd).as_bytes())
        .map(|all| (all.readings.len(), all.rejections.len()));
    assert_eq!(decoded, Ok((2, 1)));
    let sleep = |word| {
        let body =
            format!(r#""category_type":"HKCategoryTypeIdentifierSleepAnalysis","category_value":"{word}",{NIGHT}"#);
        point("granola", "hk-category-sample", "1.0", &body)
    };
    assert_eq!(readings(&sleep("InBed"))[0].values, Values::Codes(vec!["in_bed".into()]));
    assert_refused(&sleep("Dreaming"), Reason::UnknownCode, "category_value");
}

#[test]
fn the_place_of_a_measurement_decides_on_its_metric() {
    let temperature = |place: &str| {
        point("omh", "body-temperature", "4.0", &format!(r#""body_temperature":{{"value":36,"unit":"C"}},{AT}{place}"#))
    };
    assert_eq!(told(&temperature("")), [row("body_temperature", "", "C", &[36.0])]);
    for (place, metric) in [("oral", "body_temperature"), ("forehead", "skin_temperature"), ("toe", "skin_temperature")]
    {
        let text = temperature(&format!(r#","measurement_location":"{place}""#));
        assert_eq!(told(&text), [row(metric, "", "C", &[36.0])]);
    }
    let glucose = |place: &str| {
        let body = format!(r#""blood_glucose":{{"value":5,"unit":"mmol/L"}},{AT},"specimen_source":"{place}""#);
        point("omh", "blood-glucose", "4.0", &body)
    };
    assert_eq!(told(&glucose("interstitial fluid")), [row("interstitial_glucose", "", "mmol/L", &[5.0])]);
    assert_eq!(told(&glucose("capillary blood")), [row("blood_glucose", "", "mmol/L", &[5.0])]);
    assert_refused(&glucose("urine"), Reason::UnknownMetric, "catalogue");
}

#[test]
fn a_night_gives_its_sums_and_its_stages_each_in_its_own_time() {
    let stage = |state, start: i64, minutes: i64| {
        let frame = format!(
            r#"{{"time_interval":{{"start_date_time":"{}","duration":{{"value":{minutes},"unit":"min"}}}}}}"#,
            at(TEN + start * MINUTE_US)
        );
        format!(r#"{{"sleep_stage_state":"{state}","sleep_stage_time_frame":{frame}}}"#)
    };
    let body = format!(
        r#""sleep_stage_summary":{{"total_sleep_time":{{"value":7,"unit":"h"}},"rem_sleep_duration":{{"value":90,"unit":"min"}},
        "latency_to_sleep_onset":{{"value":9,"unit":"min"}}}},"sleep_stage_episodes":[{},{}],{NIGHT}"#,
        stage("Light_sleep", 0, 30),
        stage("REM_sleep", 30, 20)
    );
    let text = point("ieee", "sleep-stage-summary", "1.0", &body);
    let all = readings(&text);
    let metrics: Vec<_> = all.iter().map(|reading| reading.metric.as_ref()).collect();
    assert_eq!(metrics, ["sleep_duration", "sleep_rem", "sleep_stage"]);
    assert_eq!(all[0].spans, Spans::Each(8 * 60 * MINUTE_US));
    assert_eq!(all[2].values, Values::Codes(vec!["light".into(), "rem".into()]));
    assert_eq!(all[2].times, Times::At(vec![at(TEN), at(TEN + 30 * MINUTE_US)]));
    assert_eq!(all[2].spans, Spans::Own(vec![Some(30 * MINUTE_US), Some(20 * MINUTE_US)]));
}

#[test]
fn a_valid_body_without_a_value_is_not_passed_over_in_silence() {
    assert_refused(
        &point("omh", "physical-activity", "1.2", r#""activity_name":"x""#),
        Reason::UnknownMetric,
        "no value",
    );
    assert_refused(&point("ieee", "sleep-episode", "1.0", NIGHT), Reason::UnknownMetric, "no value");
}

#[test]
fn every_metric_and_every_code_that_is_given_is_in_the_catalogue() {
    let catalogue = include_str!("../../../../schemas/payloads/metrics.toml");
    for metric in schema::metrics().chain(healthkit::metrics()) {
        assert!(catalogue.contains(&format!("name = \"{metric}\"\n")), "{metric}");
    }
    let codes = catalogue.lines().find(|line| line.starts_with("codes = ") && line.contains("in_bed")).unwrap();
    for (_, code) in schema::STAGE_CODES.iter().chain(healthkit::STAGES) {
        assert!(codes.contains(&format!("\"{code}\"")), "{code}");
    }
}
