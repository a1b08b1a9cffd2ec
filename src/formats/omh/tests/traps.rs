//! The traps of the published schemas, each by the number under which it is known.

use super::*;

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
