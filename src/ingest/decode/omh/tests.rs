//! What the decoder promises: the named schema alone judges, no guess, no lost neighbour, no panic.

use proptest::prelude::*;

use super::*;
use crate::ingest::decode::{Reading, Values};
use crate::model::sample::{Spans, Times};
use crate::model::statistic::Statistic;
use crate::model::time::{DAY_US, MINUTE_US, Timestamp};

const AT: &str = r#""effective_time_frame":{"date_time":"2026-11-23T11:00:00+01:00"}"#;
const TEN: i64 = 1_795_428_000_000_000;
const NIGHT: &str = r#""effective_time_frame":{"time_interval":{"start_date_time":"2026-11-23T10:00:00Z","duration":{"value":8,"unit":"h"}}}"#;
const HEART: &str = r#""heart_rate":{"value":61,"unit":"beats/min"}"#;

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
fn trap_1_a_reference_to_n_x_means_the_highest_minor_version() {
    // heart-rate 1.0 refers to descriptive-statistic-1.x, which is 1.2 by now; step-count 2.0 to 1.0 itself.
    accepted("omh", "heart-rate", "1.0", &format!(r#"{{{HEART},{AT},"descriptive_statistic":"20th percentile"}}"#));
    accepted("omh", "descriptive-statistic", "1.2", r#""20th percentile""#);
    assert_eq!(refused("omh", "descriptive-statistic", "1.1", r#""20th percentile""#), Reason::Undecodable);
    // blood-glucose 3.0 refers to specimen-source-2.x, which is 2.1 by now: tears, no longer lacrimal fluid.
    let glucose =
        |specimen| format!(r#"{{"blood_glucose":{{"value":90,"unit":"mg/dL"}},{AT},"specimen_source":"{specimen}"}}"#);
    accepted("omh", "blood-glucose", "3.0", &glucose("tears"));
    assert_eq!(refused("omh", "blood-glucose", "3.0", &glucose("lacrimal fluid")), Reason::Undecodable);
}

#[test]
fn trap_2_a_time_without_a_zone_and_any_other_breach_of_a_format_is_refused() {
    for time in
        ["2026-11-23T10:00:00", "2026-11-23", "10:00:00", "", "2026-11-23T10:00Z", "2026-02-30T10:00:00Z", "foo"]
    {
        assert_eq!(refused("omh", "date-time", "1.0", &format!("\"{time}\"")), Reason::NoInstant, "{time}");
        let body = format!(r#"{{{HEART},"effective_time_frame":{{"date_time":"{time}"}}}}"#);
        for version in ["1.0", "1.1", "2.0"] {
            assert_eq!(refused("omh", "heart-rate", version, &body), Reason::NoInstant, "{time}");
        }
    }
    let id = r#"{"namespace":"omh","name":"a","version":"1.0","url":"w3id.org/a"}"#;
    assert_eq!(refused("omh", "schema-id", "1.1", id), Reason::Undecodable);
    accepted("omh", "schema-id", "1.0", id);
}

#[test]
fn trap_3_a_body_is_judged_by_the_version_that_is_named() {
    let body = format!("{{{HEART}}}");
    accepted("omh", "heart-rate", "1.0", &body);
    assert_eq!(refused("omh", "heart-rate", "2.0", &body), Reason::Undecodable);
    assert_eq!(refused("omh", "heart-rate", "1.2", &body), Reason::UnsupportedVersion);
    let body = |unit| format!(r#"{{"body_mass_index":{{"value":22,"unit":"{unit}"}},{AT}}}"#);
    for (version, right, wrong) in [("1.0", "kg/m2", "kg/m^2"), ("2.0", "kg/m^2", "kg/m2"), ("3.0", "kg/m^2", "kg/m2")]
    {
        accepted("omh", "body-mass-index", version, &body(right));
        assert_eq!(refused("omh", "body-mass-index", version, &body(wrong)), Reason::UnknownUnit);
    }
}

#[test]
fn trap_3_without_a_time_that_of_the_source_stands_in_and_is_marked() {
    let text = point("omh", "heart-rate", "1.0", HEART);
    let all = readings(&text);
    assert_eq!((&all[0].times, all[0].time_assumed), (&Times::At(vec![at(TEN)]), true));
    let without = text.replace("source_creation_date_time", "another");
    let all = readings(&without);
    assert_eq!((&all[0].times, all[0].time_assumed), (&Times::At(vec![at(TEN + 120 * MINUTE_US)]), true));
    // A point with a time of its own does not share a reading with one that has none.
    let both = format!("[{text},{}]", point("omh", "heart-rate", "1.0", &format!("{HEART},{AT}")));
    assert_eq!(readings(&both).len(), 2);
}

#[test]
fn trap_4_steps_are_bare_until_2_0_and_have_a_unit_from_3_0() {
    let bare = format!(r#""step_count":120,{NIGHT}"#);
    let united = format!(r#""step_count":{{"value":120,"unit":"steps"}},{NIGHT}"#);
    for version in ["1.0", "2.0"] {
        assert_eq!(told(&point("omh", "step-count", version, &bare)), [row("step_count", "", "", &[120.0])]);
        assert_eq!(refused("omh", "step-count", version, &format!("{{{united}}}")), Reason::Undecodable);
    }
    assert_eq!(told(&point("omh", "step-count", "3.0", &united)), [row("step_count", "", "steps", &[120.0])]);
    assert_eq!(refused("omh", "step-count", "3.0", &format!("{{{bare}}}")), Reason::Undecodable);
    let instant = format!(r#"{{"step_count":{{"value":120,"unit":"steps"}},{AT}}}"#);
    assert_eq!(refused("omh", "step-count", "3.0", &instant), Reason::BadInterval);
}

fn interval(members: &str) -> String {
    let frame = format!(r#""effective_time_frame":{{"time_interval":{{{members}}}}}"#);
    point("omh", "heart-rate", "1.0", &format!("{HEART},{frame}"))
}

const START: &str = r#""start_date_time":"2026-11-23T10:00:00Z""#;
const END: &str = r#""end_date_time":"2026-11-23T10:05:00Z""#;
const FIVE: &str = r#""duration":{"value":5,"unit":"min"}"#;

#[test]
fn trap_5_the_three_forms_of_an_interval_say_the_same() {
    for form in [format!("{START},{END}"), format!("{START},{FIVE}"), format!("{FIVE},{END}")] {
        let text = interval(&form);
        let all = readings(&text);
        let expected = (&Times::At(vec![at(TEN)]), &Spans::Each(5 * MINUTE_US));
        assert_eq!((&all[0].times, &all[0].spans), expected, "{form}");
    }
    assert_refused(&interval(&format!("{START},{END},{FIVE}")), Reason::BadInterval, "one form");
    assert_refused(&interval(START), Reason::BadInterval, "two of");
    assert_refused(&interval(FIVE), Reason::BadInterval, "two of");
    let both = format!(
        r#"{HEART},"effective_time_frame":{{"date_time":"2026-11-23T10:00:00Z","time_interval":{{{START},{END}}}}}"#
    );
    assert_refused(&point("omh", "heart-rate", "2.0", &both), Reason::Undecodable, "not both");
}

#[test]
fn trap_5_a_part_of_a_day_is_valid_and_never_stored_as_midnight() {
    let day = r#""date":"2026-11-23","part_of_day":"morning""#;
    accepted(
        "omh",
        "heart-rate",
        "1.0",
        &format!(r#"{{{HEART},"effective_time_frame":{{"time_interval":{{{day}}}}}}}"#),
    );
    assert_refused(&interval(day), Reason::NoInstant, "no instant");
    assert_refused(&interval(r#""date":"2026-11-23","part_of_day":"noon""#), Reason::BadInterval, "");
    // To IEEE's frame it is no form at all.
    let ieee = format!(r#"{{"heart_rate":{{}},"effective_time_frame":{{"time_interval":{{{day}}}}}}}"#);
    assert_eq!(refused("ieee", "time-interval", "1.0", &format!("{{{day}}}")), Reason::BadInterval);
    assert!(check_body("omh", "blood-pressure", "4.0", ieee.as_bytes()).is_err());
    // Beside another form it is one form too many to Open mHealth's, and an unknown member to IEEE's.
    let weight = format!(
        r#""body_weight":{{"value":70,"unit":"kg"}},"effective_time_frame":{{"time_interval":{{{START},{END},{day}}}}}"#
    );
    assert_refused(&point("omh", "body-weight", "2.0", &weight), Reason::BadInterval, "one form");
    assert_eq!(readings(&point("omh", "body-weight", "3.0", &weight))[0].spans, Spans::Each(5 * MINUTE_US));
}

#[test]
fn trap_6_months_and_years_are_counted_on_the_calendar_of_the_payload() {
    for (start, value, unit, span_us) in [
        ("2026-01-31T12:00:00Z", 1, "Mo", 28 * DAY_US),
        ("2024-01-31T12:00:00Z", 1, "Mo", 29 * DAY_US),
        ("2024-02-29T12:00:00Z", 1, "yr", 366 * DAY_US - DAY_US),
        // Local time is 1 February, UTC still 31 January.
        ("2026-02-01T00:30:00+01:00", 1, "Mo", 28 * DAY_US),
        ("2026-01-01T00:00:00Z", 1, "wk", 7 * DAY_US),
    ] {
        let text = interval(&format!(r#""start_date_time":"{start}","duration":{{"value":{value},"unit":"{unit}"}}"#));
        assert_eq!(readings(&text)[0].spans, Spans::Each(span_us), "{start} {unit}");
    }
    let text = interval(r#""end_date_time":"2026-03-31T00:00:00Z","duration":{"value":1,"unit":"Mo"}"#);
    let all = readings(&text);
    assert_eq!(all[0].times, Times::At(vec![Timestamp::parse_rfc3339("2026-02-28T00:00:00Z").unwrap()]));
    assert_refused(
        &interval(&format!(r#"{START},"duration":{{"value":0.5,"unit":"Mo"}}"#)),
        Reason::BadInterval,
        "month",
    );
    assert_refused(
        &interval(&format!(r#"{START},"duration":{{"value":1e9,"unit":"yr"}}"#)),
        Reason::BadInterval,
        "calendar",
    );
    assert_refused(
        &interval(&format!(r#"{START},"duration":{{"value":1e300,"unit":"d"}}"#)),
        Reason::BadInterval,
        "calendar",
    );
    assert_refused(
        &interval(&format!(r#"{START},"duration":{{"value":5,"unit":"s"}}"#)),
        Reason::UnknownUnit,
        "duration",
    );
}

#[test]
fn trap_7_the_statistic_is_part_of_the_key() {
    let heart = |statistic| point("omh", "heart-rate", "2.0", &format!("{HEART},{AT}{statistic}"));
    let maximum = heart(r#","descriptive_statistic":"maximum""#);
    let text = format!("[{},{maximum},{}]", heart(""), heart(""));
    let expected =
        [row("heart_rate", "", "beats/min", &[61.0, 61.0]), row("heart_rate", "maximum", "beats/min", &[61.0])];
    assert_eq!(told(&text), expected);
    let steps =
        format!(r#""step_count":9,{NIGHT},"descriptive_statistic":"sum","descriptive_statistic_denominator":"d""#);
    assert_eq!(told(&point("omh", "step-count", "2.0", &steps)), [row("step_count", "sum/d", "", &[9.0])]);
    assert!(Statistic::parse("sum/d").is_some());
    assert_refused(&heart(r#","descriptive_statistic":"mean""#), Reason::Undecodable, "descriptive_statistic");
    // Its schema does not know the member; a maximum is none the less a maximum.
    let slept = format!(r#""sleep_duration":{{"value":7,"unit":"h"}},{NIGHT},"descriptive_statistic":"maximum""#);
    assert_eq!(told(&point("omh", "sleep-duration", "1.0", &slept)), [row("sleep_duration", "maximum", "h", &[7.0])]);
}

#[test]
fn trap_12_a_blood_pressure_is_two_samples_of_one_time() {
    let body = format!(
        r#""systolic_blood_pressure":{{"value":121,"unit":"mmHg"}},"diastolic_blood_pressure":{{"value":79,"unit":"mmHg"}},{AT}"#
    );
    for version in ["1.0", "2.0", "3.0", "3.1", "4.0"] {
        let text = point("omh", "blood-pressure", version, &body);
        let expected = [
            row("systolic_blood_pressure", "", "mmHg", &[121.0]),
            row("diastolic_blood_pressure", "", "mmHg", &[79.0]),
        ];
        assert_eq!(told(&text), expected, "{version}");
        assert!(readings(&text).iter().all(|reading| reading.times == Times::At(vec![at(TEN)])));
    }
    let day = body.replace(
        r#""date_time":"2026-11-23T11:00:00+01:00""#,
        r#""time_interval":{"date":"2026-11-23","part_of_day":"night"}"#,
    );
    let decoded = decode(point("omh", "blood-pressure", "2.0", &day).as_bytes()).map(|all| all.rejections[0].samples);
    assert_eq!(decoded, Ok(2));
}

#[test]
fn trap_13_only_steps_are_steps_in_a_movement_and_classes_of_minutes_stay_apart() {
    let body = |unit| {
        format!(
            r#""activity_name":"x","base_movement_quantity":{{"value":900,"unit":"{unit}"}},{NIGHT},
            "duration_light_activity":{{"value":1,"unit":"h"}},"duration_vigorous_activity":{{"value":5,"unit":"min"}},
            "average_cadence":{{"value":90,"unit":"steps/min"}},"met_value":3.5"#
        )
    };
    let others = [
        row("active_minutes", "light", "h", &[1.0]),
        row("active_minutes", "vigorous", "min", &[5.0]),
        row("met", "", "", &[3.5]),
    ];
    let steps = told(&point("ieee", "physical-activity", "1.0", &body("steps")));
    assert_eq!((&steps[0], &steps[1..]), (&row("step_count", "", "steps", &[900.0]), &others[..]));
    assert_eq!(told(&point("ieee", "physical-activity", "1.0", &body("laps"))), others);
    let average = format!(r#"{},"descriptive_statistic":"average""#, body("steps"));
    let text = point("ieee", "physical-activity", "1.0", &average);
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!((decoded.readings.len(), decoded.rejections[0].samples), (2, 2));
    assert_eq!(decoded.rejections[0].reason, Reason::UnknownStatistic);
}

#[test]
fn trap_15_healthkit_percent_is_a_fraction_whatever_its_size() {
    let sample = |kind, value| {
        let body = format!(r#""quantity_type":"HKQuantityTypeIdentifier{kind}",{value},{AT}"#);
        point("granola", "hk-quantity-sample", "1.0", &body)
    };
    for (kind, value, expected) in [
        ("OxygenSaturation", r#""unit_value":{"value":0.29,"unit":"%"}"#, row("oxygen_saturation", "", "%", &[29.0])),
        ("OxygenSaturation", r#""unit_value":{"value":9.7e-1,"unit":"%"}"#, row("oxygen_saturation", "", "%", &[97.0])),
        ("BodyFatPercentage", r#""unit_value":{"value":1,"unit":"%"}"#, row("body_fat_percentage", "", "%", &[100.0])),
        ("HeartRate", r#""unit_value":{"value":61,"unit":"count/min"}"#, row("heart_rate", "", "count/min", &[61.0])),
        ("BodyMassIndex", r#""count":22"#, row("body_mass_index", "", "", &[22.0])),
        ("StepCount", r#""count":500"#, row("step_count", "", "count", &[500.0])),
        (
            "BloodGlucose",
            r#""unit_value":{"value":5,"unit":"mmol<180.1558800000541>/L"}"#,
            row("blood_glucose", "", "mmol/L", &[5.0]),
        ),
    ] {
        assert_eq!(told(&sample(kind, value)), [expected], "{kind}");
    }
    assert_refused(&sample("NikeFuel", r#""count":500"#), Reason::UnknownMetric, "catalogue");
    assert_refused(&sample("MadeUp", r#""count":500"#), Reason::Undecodable, "quantity_type");
    assert_refused(
        &sample("StepCount", r#""count":1,"unit_value":{"value":1,"unit":"count"}"#),
        Reason::Undecodable,
        "form",
    );
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

#[test]
fn escapes_are_read_wherever_they_stand() {
    let text = point(
        "omh",
        "heart-rate",
        "2.0",
        &format!(r#""\u0068eart_rate":{{"v\u0061lue":61,"unit":"beats\/min"}},{AT}"#),
    );
    assert_eq!(told(&text), [row("heart_rate", "", "beats/min", &[61.0])]);
}

#[test]
fn what_is_no_message_is_refused_as_one() {
    for bytes in
        [&b""[..], b"\xff", b"3", b"\"a\"", b"null", b"{", b"[1,", b"[{}]x", b"{\"a\":\"\xc3\"}", b"{\"a\":NaN}"]
    {
        assert_eq!(decode(bytes).map_err(|one| one.reason), Err(Reason::Undecodable), "{bytes:?}");
    }
    assert_eq!(decode(b" [] "), Ok(Decoded::default()));
}

#[test]
fn deep_nesting_is_refused_without_deep_recursion() {
    for open in ["[", "{\"header\":", "{\"a\":", "[{\"body\":"] {
        let close: String = open
            .chars()
            .rev()
            .filter_map(|one| match one {
                '[' => Some(']'),
                '{' => Some('}'),
                _ => None,
            })
            .collect();
        let deep = format!("{}1{}", open.repeat(200_000), close.repeat(200_000));
        let refused = |read: Result<Decoded<'_>, Rejection>| read.map_or(true, |all| all.readings.is_empty());
        assert!(refused(decode(deep.as_bytes())), "{open}");
        assert!(refused(decode(open.repeat(200_000).as_bytes())), "{open}");
        for field in ["heart_rate", "effective_time_frame", "descriptive_statistic"] {
            let text = point("omh", "heart-rate", "1.0", &format!("\"{field}\":{deep}"));
            assert!(refused(decode(text.as_bytes())), "{field}");
        }
        let text = format!(r#"{{"header":{deep},"body":{deep}}}"#);
        assert!(refused(decode(text.as_bytes())), "{open}");
    }
}

/// Sound messages of several kinds, to be damaged.
fn sound() -> Vec<String> {
    let heart = point("omh", "heart-rate", "1.0", &format!(r#"{HEART},{NIGHT},"descriptive_statistic":"average""#));
    let stages = format!(
        r#""sleep_stage_summary":{{"total_sleep_time":{{"value":7,"unit":"h"}}}},{NIGHT},"sleep_stage_episodes":
        [{{"sleep_stage_state":"Awake","sleep_stage_time_frame":{{"time_interval":{{{START},{END}}}}}}}]"#
    );
    let kit = format!(r#""quantity_type":"HKQuantityTypeIdentifierHeight","unit_value":{{"value":1,"unit":"%"}},{AT}"#);
    vec![
        format!("[{heart},{}]", point("ieee", "sleep-stage-summary", "1.0", &stages)),
        format!(r#"{{"header":{},"body":[{{{HEART},{AT}}}]}}"#, ieee_header("omh", "heart-rate", "2.0")),
        point("granola", "hk-quantity-sample", "1.0", &kit),
    ]
}

/// Readings hold as many times as values, and no more than the payload could.
fn assert_even(decoded: &Decoded<'_>, bytes: usize) {
    for reading in &decoded.readings {
        let count = match &reading.values {
            Values::Numbers(numbers) => numbers.len(),
            Values::Codes(codes) => codes.len(),
        };
        assert!(matches!(&reading.times, Times::At(times) if times.len() == count && count <= bytes));
        assert!(!matches!(&reading.spans, Spans::Own(spans) if spans.len() != count));
    }
    assert!(decoded.rejections.len() <= 16 && decoded.rejections.iter().all(|one| one.detail.len() < 500));
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(decoded) = decode(&bytes) {
            assert_even(&decoded, bytes.len());
        }
    }

    #[test]
    fn a_damaged_message_never_panics(which in 0..3_usize, cuts in proptest::collection::vec((0..1000_usize, 0..20_usize, "[\"\\[\\]{}:,0-9eE.a-z\\\\-]{0,4}"), 1..4)) {
        let mut text = sound().swap_remove(which);
        for (place, length, instead) in cuts {
            let from = place % text.len().max(1);
            let until = (from + length).min(text.len());
            text.replace_range(from..until, &instead);
        }
        if let Ok(decoded) = decode(text.as_bytes()) {
            assert_even(&decoded, text.len());
        }
    }

    #[test]
    fn a_number_reads_back_as_it_was_written(value in proptest::num::f64::NORMAL | proptest::num::f64::ZERO) {
        let text = point("omh", "heart-rate", "1.0", &format!(r#""heart_rate":{{"value":{value:?},"unit":"beats/min"}}"#));
        prop_assert_eq!(&readings(&text)[0].values, &Values::Numbers(vec![value]));
    }
}
