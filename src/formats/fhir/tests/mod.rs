//! What the decoder promises: each value by its code, unit and time; what a status means; no guess, no lost neighbour.

use super::*;
use crate::formats::{Offsets, Replaced, Values};
use crate::model::origin::Revision;
use crate::model::reason::Reason;
use crate::model::sample::{Spans, Times};
use crate::model::time::{MINUTE_US, SECOND_US, Timestamp};

/// What is no message, or is one on purpose to do harm.
mod hostile;

/// Statuses and revisions.
mod revised;

const TEN: i64 = 1_795_428_000_000_000;
const AT: &str = r#""effectiveDateTime":"2026-11-23T11:00:00+01:00""#;
const RATE: &str =
    r#""valueQuantity":{"value":61,"unit":"beats/minute","system":"http://unitsofmeasure.org","code":"/min"}"#;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

fn loinc(code: &str) -> String {
    format!(r#""code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}}"#)
}

fn own(name: &str) -> String {
    format!(r#""code":{{"coding":[{{"system":"urn:healthtrack:metric","code":"{name}"}}]}}"#)
}

fn ucum(value: &str, code: &str) -> String {
    format!(r#""valueQuantity":{{"value":{value},"system":"http://unitsofmeasure.org","code":"{code}"}}"#)
}

fn with_status(status: &str, more: &str) -> String {
    format!(r#"{{"resourceType":"Observation","status":"{status}","subject":{{"reference":"Patient/secret"}},{more}}}"#)
}

fn observation(more: &str) -> String {
    with_status("final", more)
}

fn heart() -> String {
    observation(&format!("{},{AT},{RATE}", loinc("8867-4")))
}

fn bundle(kind: &str, resources: &[String]) -> String {
    let entries = resources.iter().map(|one| format!(r#"{{"resource":{one}}}"#)).collect::<Vec<_>>().join(",");
    format!(r#"{{"resourceType":"Bundle","type":"{kind}","entry":[{entries}]}}"#)
}

/// The readings of a message of which nothing is refused.
fn readings(text: &str) -> Vec<Reading<'_>> {
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!(decoded.rejections, [], "{text}");
    decoded.readings
}

/// The one reading.
fn reading(text: &str) -> Reading<'_> {
    let mut all = readings(text);
    assert_eq!(all.len(), 1, "{all:?}");
    all.swap_remove(0)
}

/// Reason, detail and samples of the one rejection of a message that gives nothing else.
fn refused(text: &str) -> (Reason, String, u64) {
    match decode(text.as_bytes()) {
        Err(rejection) => (rejection.reason, rejection.detail, rejection.samples),
        Ok(decoded) => {
            let [rejection] = decoded.rejections.as_slice() else { panic!("{text}: {decoded:?}") };
            assert!(decoded.readings.is_empty(), "{text}: {decoded:?}");
            (rejection.reason, rejection.detail.clone(), rejection.samples)
        }
    }
}

fn numbers(reading: &Reading<'_>) -> Vec<f64> {
    let Values::Numbers(numbers) = &reading.values else { panic!("codes") };
    numbers.clone()
}

#[test]
fn an_observation_is_a_sample_of_its_metric_in_its_unit_at_its_time() {
    let text = heart();
    let one = reading(&text);
    assert_eq!(
        (one.metric.as_ref(), one.unit.as_deref(), one.statistic.as_deref()),
        ("heart_rate", Some("/min"), None)
    );
    assert_eq!((one.device.as_deref(), one.revision, one.replaces, one.time_assumed), (None, None, None, false));
    assert_eq!((&one.times, &one.spans, &one.offsets), (&Times::At(vec![at(TEN)]), &Spans::None, &Offsets::Each(60)));
    assert_eq!(numbers(&one), [61.0]);
    let period = r#""effectivePeriod":{"start":"2026-11-23T10:00:00Z","end":"2026-11-23T10:15:00Z"}"#;
    let text = observation(&format!("{},{period},{}", loinc("55423-8"), r#""valueInteger":1200"#));
    let steps = reading(&text);
    assert_eq!((steps.metric.as_ref(), steps.unit.as_deref(), numbers(&steps)), ("step_count", None, vec![1200.0]));
    assert_eq!((&steps.spans, &steps.offsets), (&Spans::Each(15 * MINUTE_US), &Offsets::None));
    let instant = r#""effectiveInstant":"2026-11-23T10:00:00.250Z""#;
    let text = observation(&format!("{},{instant},{}", loinc("15074-8"), ucum("6.30", "mmol/L")));
    let glucose = reading(&text);
    assert_eq!((glucose.metric.as_ref(), glucose.unit.as_deref()), ("blood_glucose", Some("mmol/L")));
    assert_eq!((glucose.times.at(0), numbers(&glucose)), (Some(at(TEN + 250_000)), vec![6.3]));
}

#[test]
fn components_are_values_of_their_own_codes_and_one_that_is_unknown_costs_itself() {
    let component = |code: &str, rest: &str| format!("{{{},{rest}}}", loinc(code));
    let pressure = |value: &str| ucum(value, "mm[Hg]");
    let components = [
        component("8480-6", &pressure("107")),
        component("8462-4", &pressure("60")),
        component("8478-0", r#""dataAbsentReason":{"text":"not performed"}"#),
        component("3151-8", &ucum("6", "L/min")),
    ];
    let text = observation(&format!(r#"{},{AT},"component":[{}]"#, loinc("85354-9"), components.join(",")));
    let decoded = decode(text.as_bytes()).unwrap();
    let told: Vec<_> = decoded.readings.iter().map(|one| (one.metric.as_ref(), numbers(one))).collect();
    assert_eq!(told, [("systolic_blood_pressure", vec![107.0]), ("diastolic_blood_pressure", vec![60.0])]);
    assert_eq!(decoded.not_measured, 1);
    let [rejection] = decoded.rejections.as_slice() else { panic!("{:?}", decoded.rejections) };
    assert_eq!((rejection.reason, rejection.samples), (Reason::UnknownMetric, 1));
    assert!(rejection.detail.starts_with("3151-8: code is not one"), "{}", rejection.detail);
}

#[test]
fn a_bundle_gives_one_reading_a_series_and_hands_other_resources_on() {
    let minute = |minute: u32, value: u32| {
        let time = format!(r#""effectiveDateTime":"2026-11-23T10:{minute:02}:00Z""#);
        observation(&format!("{},{time},{}", loinc("8867-4"), ucum(&value.to_string(), "/min")))
    };
    let patient = r#"{"resourceType":"Patient","id":"secret"}"#.to_owned();
    let header = r#"{"resourceType":"MessageHeader"}"#.to_owned();
    let text = bundle("message", &[header, minute(0, 61), patient.clone(), minute(1, 62), minute(2, 63)]);
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!(decoded.rejections, []);
    let [one] = decoded.readings.as_slice() else { panic!("{:?}", decoded.readings) };
    assert_eq!(numbers(one), [61.0, 62.0, 63.0]);
    assert_eq!(one.times, Times::At((0..3).map(|place| at(TEN + place * MINUTE_US)).collect()));
    let [resource] = decoded.resources.as_slice() else { panic!("{:?}", decoded.resources) };
    assert_eq!((resource.kind.as_ref(), resource.body.as_ref()), ("Patient", patient.as_bytes()));
    let alone = decode(patient.as_bytes()).unwrap();
    assert_eq!((alone.resources.len(), alone.readings.len(), alone.rejections.len()), (1, 0, 0));
    for kind in ["collection", "batch", "transaction", "searchset"] {
        assert_eq!(readings(&bundle(kind, &[heart()])).len(), 1, "{kind}");
    }
    for kind in ["document", "history", "transaction-response", ""] {
        let (reason, _, samples) = refused(&bundle(kind, &[heart(), heart()]));
        assert_eq!((reason, samples), (Reason::UnsupportedResource, 2), "{kind}");
    }
    assert_eq!(decode(br#"{"resourceType":"Bundle","type":"batch"}"#), Ok(Decoded::default()));
}

#[test]
fn an_entry_that_sends_nothing_is_refused_and_its_neighbours_are_kept() {
    let good = format!(r#"{{"resource":{},"request":{{"method":"PUT","url":"Observation/1"}}}}"#, heart());
    for (entry, says) in [
        (r#"{"request":{"method":"DELETE","url":"Observation/1"}}"#.to_owned(), "resource is missing"),
        (good.replace("PUT", "PATCH"), "method POST or PUT"),
        (good.replace("\"Observation\"", "7"), "resourceType must be"),
        (good.replace("61", "NaN"), "bare nan"),
        ("3".to_owned(), "must be an object"),
        (good.replace("8867-4", "1234-5"), "1234-5: code"),
        (good.replace("\"final\"", "\"fine\""), "status must be"),
    ] {
        let text = format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":[{entry},{good},{entry}]}}"#);
        let decoded = decode(text.as_bytes()).unwrap();
        assert_eq!(decoded.readings.len(), 1, "{entry}: {decoded:?}");
        let [rejection] = decoded.rejections.as_slice() else { panic!("{entry}: {:?}", decoded.rejections) };
        assert!(rejection.detail.starts_with("entry[0] and others: "), "{}", rejection.detail);
        assert!(rejection.detail.contains(says) && rejection.samples == 2, "{}", rejection.detail);
    }
}

#[test]
fn a_series_of_values_is_a_regular_run() {
    let sampled = |more: &str, data: &str| {
        let origin = r#""origin":{"value":2048,"system":"http://unitsofmeasure.org","code":"uV"}"#;
        let data = format!(r#""valueSampledData":{{{origin},"dimensions":1{more},"data":"{data}"}}"#);
        observation(&format!("{},{AT},{data}", own("ecg_lead_i")))
    };
    let text = sampled(r#","period":4,"factor":1.5"#, "2 -4\\t+0.2  1e1");
    let one = reading(&text);
    assert_eq!((one.metric.as_ref(), one.unit.as_deref()), ("ecg_lead_i", Some("uV")));
    assert_eq!(one.times, Times::Regular { start: at(TEN), period_us: 4_000 });
    assert_eq!((numbers(&one), &one.offsets), (vec![2051.0, 2042.0, 2048.3, 2063.0], &Offsets::Each(60)));
    let text = sampled(r#","period":3.90625"#, "E 1 L U E 2");
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!(
        (decoded.not_measured, numbers(&decoded.readings[0])),
        (2, vec![2049.0, f64::NEG_INFINITY, f64::INFINITY, 2050.0])
    );
    let times = [3_906, 7_813, 11_719, 19_531].map(|after| at(TEN + after));
    assert_eq!(decoded.readings[0].times, Times::At(times.to_vec()));
    assert_eq!(readings(&sampled(r#","period":4"#, "")), []);
    for (text, says) in [
        (sampled("", "1 2"), "period must be"),
        (sampled(r#","period":0"#, "1 2"), "period must be"),
        (sampled(r#","period":1e15"#, "1 2"), "period leads out"),
        (sampled(r#","period":4"#, "1 x"), "data must be decimals"),
        (sampled(r#","period":4"#, "1 inf"), "data must be decimals"),
        (sampled(r#","period":4,"factor":"2""#, "1"), "factor must be"),
        (sampled(r#","period":4"#, "1").replace("\"dimensions\":1", "\"dimensions\":3"), "dimensions must be 1"),
        (sampled(r#","period":4"#, "1").replace("2048", "\"2048\""), "origin must be"),
    ] {
        let (_, detail, samples) = refused(&text);
        assert!(detail.starts_with("ecg_lead_i: ") && detail.contains(says) && samples == 1, "{detail}");
    }
}

#[test]
fn a_date_holds_for_a_day_and_a_time_needs_its_zone() {
    let on = |code: &str, unit: &str, effective: &str| observation(&format!("{code},{effective},{}", ucum("60", unit)));
    let date = r#""effectiveDateTime":"2026-11-23""#;
    let midnight = TEN - 600 * MINUTE_US;
    for (code, unit) in [(loinc("40443-4"), "/min"), (loinc("41950-7"), "{steps}"), (own("vo2_max"), "mL/kg/min")] {
        let text = on(&code, unit, date);
        let one = reading(&text);
        assert_eq!((one.times.at(0), one.time_assumed), (Some(at(midnight)), true), "{code}");
    }
    let day = r#""effectivePeriod":{"start":"2026-11-23T00:00:00-05:00","end":"2026-11-24T00:00:00-05:00"}"#;
    let text = on(&loinc("41950-7"), "{steps}", day);
    let total = reading(&text);
    assert_eq!((total.statistic.as_deref(), &total.offsets), (Some("sum/d"), &Offsets::Each(-300)));
    let heart = loinc("8867-4");
    for (effective, reason, says) in [
        (date, Reason::NoInstant, "a date alone"),
        (r#""effectiveDateTime":"2026-11""#, Reason::NoInstant, "effectiveDateTime must be"),
        (r#""effectiveDateTime":"2026-11-31""#, Reason::NoInstant, "effectiveDateTime must be"),
        (r#""effectiveDateTime":"2026-11-23T10:00:00""#, Reason::NoInstant, "with seconds and a zone"),
        (r#""effectiveTiming":{"event":["2026-11-23T10:00:00Z"]}"#, Reason::NoInstant, "effectiveTiming is no time"),
        (r#""issued":"2026-11-23T10:00:00Z""#, Reason::NoInstant, "effective needs"),
        (r#""effectivePeriod":{"start":"2026-11-23T10:00:00Z"}"#, Reason::BadInterval, "needs a start and an end"),
        (r#""effectivePeriod":{"end":"2026-11-23T10:00:00Z"}"#, Reason::BadInterval, "needs a start and an end"),
        (
            r#""effectivePeriod":{"start":"2026-11-23","end":"2026-11-24"}"#,
            Reason::NoInstant,
            "effectivePeriod must be",
        ),
        (&format!(r#"{AT},"effectiveInstant":"2026-11-23T10:00:00Z""#), Reason::Undecodable, "not several at once"),
    ] {
        let (found, detail, _) = refused(&on(&heart, "/min", effective));
        assert!(found == reason && detail.starts_with("heart_rate: ") && detail.contains(says), "{found}: {detail}");
    }
}

#[test]
fn a_value_that_is_none_is_refused_by_name() {
    for (value, reason, says) in [
        (r#""valueString":"fast""#, Reason::UnknownMetric, "others are no samples"),
        (r#""valueRange":{"low":{"value":60}}"#, Reason::UnknownMetric, "others are no samples"),
        (r#""valueInteger":61"#, Reason::UnknownUnit, "is in no unit"),
        (r#""valueInteger":61.5"#, Reason::Undecodable, "whole number"),
        (r#""valueCodeableConcept":{"text":"fast"}"#, Reason::UnknownCode, "needs a coding"),
        (&format!(r#"{RATE},"valueInteger":61"#), Reason::Undecodable, "not several at once"),
        (&format!(r#"{RATE},"dataAbsentReason":{{}}"#), Reason::Undecodable, "must not stand beside a value"),
        (r#""note":[]"#, Reason::Undecodable, "value is missing"),
    ] {
        let (found, detail, samples) = refused(&observation(&format!("{},{AT},{value}", loinc("8867-4"))));
        assert!(found == reason && detail.contains(says) && samples == 1, "{value}: {found}: {detail}");
    }
    let modified = observation(&format!(r#"{},{AT},{RATE},"modifierExtension":[]"#, loinc("8867-4")));
    assert!(refused(&modified).1.contains("modifierExtension"));
    let ruled = observation(&format!(r#"{},{AT},{RATE},"implicitRules":"x""#, loinc("8867-4")));
    assert!(refused(&ruled).1.contains("implicitRules"));
    let text = observation(&format!(
        r#"{},{AT},"valueCodeableConcept":{{"coding":[{{"system":"urn:healthtrack:code","code":"rem"}}]}}"#,
        own("sleep_stage")
    ));
    assert_eq!(reading(&text).values, Values::Codes(vec!["rem".into()]));
    let panel = observation(&format!(r#"{},{AT},"hasMember":[{{"reference":"Observation/1"}}]"#, loinc("85353-1")));
    assert_eq!(readings(&panel), [], "its members come by themselves");
}

#[test]
fn the_device_is_named_by_identifier_or_reference_and_is_else_the_topics() {
    let of = |device: &str| observation(&format!(r#"{},{AT},{RATE}{device}"#, loinc("8867-4")));
    let in_bundle = |device: &str| {
        let known = r#"{"resourceType":"Device","id":"77","identifier":[{"value":"not a name"},{"value":"cuff-9"}]}"#;
        let entry = format!(r#"{{"fullUrl":"urn:uuid:1","resource":{known}}}"#);
        // The device comes after the Observation.
        format!(r#"{{"resourceType":"Bundle","type":"batch","entry":[{{"resource":{}}},{entry}]}}"#, of(device))
    };
    let contained = r#","contained":[{"resourceType":"Device","id":"d","identifier":[{"value":"strap-3"}]}]"#;
    for (text, name) in [
        (of(""), None),
        (of(r#","device":{"display":"a watch"}"#), None),
        (of(r#","device":{"identifier":{"value":"watch-7"},"reference":"Device/1"}"#), Some("watch-7")),
        (of(r#","device":{"identifier":{"value":"a b"},"reference":"Device/1"}"#), Some("1")),
        (of(r#","device":{"reference":"https://ehr.example/fhir/Device/ab-1/_history/3"}"#), Some("ab-1")),
        (of(&format!(r##","device":{{"reference":"#d"}}{contained}"##)), Some("strap-3")),
        (in_bundle(r#","device":{"reference":"urn:uuid:1"}"#), Some("cuff-9")),
        (in_bundle(r#","device":{"reference":"Device/77"}"#), Some("cuff-9")),
        (in_bundle(r#","device":{"reference":"Device/78"}"#), Some("78")),
    ] {
        assert_eq!(reading(&text).device.as_deref(), name, "{text}");
    }
    for device in [
        r#","device":{"reference":"urn:uuid:2"}"#,
        r#","device":{"reference":"DeviceMetric/2"}"#,
        r##","device":{"reference":"#d"}"##,
        r#","device":{"identifier":{"value":"a b"}}"#,
    ] {
        let (reason, detail, _) = refused(&of(device));
        assert!(reason == Reason::BadDevice && detail.contains("must name a Device"), "{device}: {detail}");
    }
}
