//! What each status does, and which word of its source an Observation is.

use super::*;

const LATER: &str = r#""meta":{"versionId":"2","lastUpdated":"2026-11-23T12:00:00Z"}"#;

fn later() -> Option<Revision> {
    Revision::new(TEN + 120 * MINUTE_US + 2)
}

fn heart_as(status: &str, more: &str) -> String {
    with_status(status, &format!("{},{AT},{more}", loinc("8867-4")))
}

fn start_alone() -> Option<Replaced> {
    Some(Replaced { from: at(TEN), to: at(TEN + 1) })
}

#[test]
fn what_is_stated_amended_or_corrected_is_a_sample_with_its_revision() {
    for status in ["registered", "preliminary", "final", "amended", "corrected"] {
        let text = heart_as(status, &format!("{RATE},{LATER}"));
        let one = reading(&text);
        assert_eq!((numbers(&one), one.revision, one.replaces), (vec![61.0], later(), None), "{status}");
    }
    let issued = heart_as("final", &format!(r#"{RATE},"issued":"2026-11-23T12:00:00Z""#));
    assert_eq!(reading(&issued).revision, Revision::new(TEN + 120 * MINUTE_US));
    let words = bundle("batch", &[heart(), heart_as("final", &format!("{RATE},{LATER}")), heart()]);
    let counts: Vec<_> = readings(&words).iter().map(|one| (one.revision, one.values.len())).collect();
    assert_eq!(counts, [(None, 2), (later(), 1)]);
}

#[test]
fn what_was_entered_in_error_is_taken_back_with_its_components_and_without_its_value() {
    for more in [RATE, r#""dataAbsentReason":{}"#, r#""note":[]"#, r#""valueString":"x""#] {
        let text = heart_as("entered-in-error", &format!("{more},{LATER}"));
        let one = reading(&text);
        assert_eq!((one.metric.as_ref(), one.values.len()), ("heart_rate", 0), "{more}");
        assert_eq!((one.revision, one.replaces), (later(), start_alone()), "{more}");
    }
    let component = |code: &str| format!("{{{},{}}}", loinc(code), ucum("70", "mm[Hg]"));
    let both = format!(r#""component":[{},{}]"#, component("8480-6"), component("8462-4"));
    let text = with_status("entered-in-error", &format!("{},{AT},{both},{LATER}", loinc("85354-9")));
    let taken = readings(&text);
    let told: Vec<_> = taken.iter().map(|one| (one.metric.as_ref(), one.values.len(), one.replaces)).collect();
    assert_eq!(told, [("systolic_blood_pressure", 0, start_alone()), ("diastolic_blood_pressure", 0, start_alone())]);
    let period = r#""effectivePeriod":{"start":"2026-11-23T10:00:00Z","end":"2026-11-23T10:15:00Z"}"#;
    let text = with_status("entered-in-error", &format!("{},{period},{LATER}", loinc("55423-8")));
    assert_eq!(reading(&text).replaces, start_alone(), "what else begins within it stays");
}

#[test]
fn a_series_of_values_is_taken_back_or_corrected_as_a_whole() {
    let run = |data: &str| {
        let origin = r#""origin":{"value":0,"system":"http://unitsofmeasure.org","code":"/min"}"#;
        format!(r#""valueSampledData":{{{origin},"period":1000,"dimensions":1,"data":"{data}"}},{LATER}"#)
    };
    let whole = Some(Replaced { from: at(TEN), to: at(TEN + 3 * SECOND_US) });
    for (status, data, values, replaces, missing) in [
        ("final", "61 62 63", 3, None, 0),
        ("corrected", "61 E 63", 2, whole, 1),
        ("amended", "E E E", 0, whole, 3),
        ("entered-in-error", "61 62 63", 0, whole, 0),
    ] {
        let text = heart_as(status, &run(data));
        let decoded = decode(text.as_bytes()).unwrap();
        let [one] = decoded.readings.as_slice() else { panic!("{status}: {decoded:?}") };
        assert_eq!((one.values.len(), one.replaces, decoded.not_measured), (values, replaces, missing), "{status}");
        assert_eq!((one.revision, decoded.rejections.len()), (later(), 0));
    }
}

#[test]
fn what_was_not_measured_is_counted_and_what_a_correction_leaves_out_is_taken_back() {
    let absent = format!(r#""dataAbsentReason":{{"text":"unknown"}},{LATER}"#);
    for (text, taken) in [
        (heart_as("final", &absent), None),
        (heart_as("cancelled", LATER), None),
        (heart_as("cancelled", RATE), None),
        (with_status("registered", &loinc("8867-4")), None),
        (heart_as("corrected", &absent), start_alone()),
    ] {
        let decoded = decode(text.as_bytes()).unwrap();
        assert_eq!((decoded.not_measured, decoded.rejections.len()), (1, 0), "{text}");
        assert_eq!(decoded.readings.first().and_then(|one| one.replaces), taken, "{text}");
        assert!(decoded.readings.iter().all(|one| one.values.is_empty()));
    }
}

#[test]
fn a_status_that_says_nothing_and_a_correction_of_no_revision_are_refused() {
    for (text, reason, says) in [
        (heart_as("unknown", &format!("{RATE},{LATER}")), Reason::Undecodable, "status is unknown"),
        (heart_as("FINAL", RATE), Reason::Undecodable, "status must be one"),
        (heart_as("amended", RATE), Reason::MalformedSeries, "which word a correction is"),
        (
            heart_as("corrected", &format!(r#"{RATE},"meta":{{"versionId":"a"}}"#)),
            Reason::MalformedSeries,
            "which word",
        ),
        (heart_as("entered-in-error", RATE), Reason::MalformedSeries, "which word a correction is"),
        (heart_as("final", &format!(r#"{RATE},"issued":"2026-11-23""#)), Reason::NoInstant, "issued must be"),
    ] {
        let (found, detail, _) = refused(&text);
        assert!(found == reason && detail.contains(says), "{text}: {found}: {detail}");
    }
}

#[test]
fn a_message_takes_back_only_so_much() {
    let taken: Vec<String> = (0..70).map(|_| heart_as("entered-in-error", &format!("{RATE},{LATER}"))).collect();
    let text = bundle("batch", &taken);
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!(decoded.readings.len(), 64);
    let [rejection] = decoded.rejections.as_slice() else { panic!("{:?}", decoded.rejections) };
    assert_eq!((rejection.reason, rejection.samples), (Reason::MalformedSeries, 6));
}
