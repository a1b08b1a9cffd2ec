//! What is no message, or is one on purpose to do harm.

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_no_resource_is_refused_as_a_whole() {
    for bytes in [&b""[..], b"\xff", b"3", b"\"a\"", b"null", b"[]", b"{", b"{}", b"{\"resourceType\":7}", b"NaN"] {
        assert_eq!(decode(bytes).map_err(|one| one.reason), Err(Reason::Undecodable), "{bytes:?}");
    }
}

#[test]
fn a_bare_nan_costs_its_observation_and_no_other() {
    let bad = heart().replace("61", "NaN");
    assert_eq!(refused(&bad).0, Reason::Undecodable);
    let text = bundle("batch", &[bad, heart(), r#"{"resourceType":"Patient"}"#.to_owned()]);
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!((decoded.readings.len(), decoded.resources.len(), decoded.rejections.len()), (1, 1, 1));
}

#[test]
fn no_detail_repeats_a_value_a_person_or_a_device() {
    let secrets = ["secret", "9876543", "Mallory"];
    let value = ucum("9876543", "nonsense").replace("9876543", "9876543,\"comparator\":\"9876543\"");
    for more in [
        format!("{},{AT},{value}", loinc("8867-4")),
        format!(r#"{},{AT},"valueString":"Mallory 9876543""#, loinc("8867-4")),
        format!(r#"{},"effectiveDateTime":"9876543",{RATE}"#, loinc("8867-4")),
        format!(r#"{},{AT},{RATE},"device":{{"reference":"Mallory/9876543"}}"#, loinc("8867-4")),
        format!(r#"{},{AT},{RATE},"meta":{{"lastUpdated":"Mallory 9876543"}}"#, loinc("8867-4")),
    ] {
        let (_, detail, _) = refused(&observation(&more));
        assert!(secrets.iter().all(|secret| !detail.contains(secret)), "{detail}");
    }
}

#[test]
fn limits_are_kept_and_many_faults_are_few_sentences() {
    let component = format!("{{{},{}}}", loinc("8867-4"), ucum("61", "/min"));
    let many = vec![component.as_str(); 300].join(",");
    let text = observation(&format!(r#"{},{AT},"component":[{many}]"#, loinc("85353-1")));
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!((decoded.readings[0].values.len(), decoded.rejections[0].samples), (256, 44));
    assert_eq!(decoded.rejections[0].reason, Reason::TooManySamples);
    let (reason, _, samples) = refused(&bundle("batch", &vec!["1".to_owned(); 20_001]));
    assert_eq!((reason, samples), (Reason::TooManySamples, 20_001));
    let strange: Vec<String> = (0..1_000).map(|code| heart().replace("8867-4", &format!("x{code}"))).collect();
    let text = bundle("batch", &strange);
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!(decoded.rejections.len(), 16);
    assert_eq!(decoded.rejections.iter().map(|one| one.samples).sum::<u64>(), 1_000);
    let codings = vec![r#"{"system":"http://loinc.org","code":"8867-4"}"#; 33].join(",");
    let coded = observation(&format!(r#""code":{{"coding":[{codings}]}},{AT},{RATE}"#));
    assert!(refused(&coded).1.contains("fewer codings"));
    let sampled = format!(
        r#""valueSampledData":{{"origin":{{"value":0,"unit":"/min"}},"period":1,"dimensions":1,"data":"{}"}}"#,
        "1 ".repeat(1_000_001)
    );
    assert_eq!(refused(&observation(&format!("{},{AT},{sampled}", loinc("8867-4")))).0, Reason::TooManySamples);
}

#[test]
fn deep_nesting_is_refused_without_deep_recursion() {
    let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
    for field in ["valueQuantity", "code", "component", "effectivePeriod", "meta", "device", "valueSampledData"] {
        let text = observation(&format!("\"{field}\":{deep}"));
        assert!(decode(text.as_bytes()).map_or(true, |decoded| decoded.readings.is_empty()), "{field}");
    }
    for open in ["[", "{\"resourceType\":", "{\"resourceType\":\"Bundle\",\"type\":\"batch\",\"entry\":[{\"resource\":"]
    {
        assert!(decode(open.repeat(200_000).as_bytes()).is_err(), "{open}");
    }
}

/// Sound messages of several kinds, to be damaged.
fn sound() -> [String; 3] {
    let origin = r#""origin":{"value":0.5,"system":"http://unitsofmeasure.org","code":"/min"}"#;
    let run =
        format!(r#""valueSampledData":{{{origin},"period":3.5,"factor":1e-1,"dimensions":1,"data":"61 E L U -2"}}"#);
    let meta = r#""meta":{"versionId":"2","lastUpdated":"2026-11-23T12:00:00Z"}"#;
    let component = format!(r#""component":[{{{},{}}}]"#, loinc("8480-6"), ucum("107", "mm[Hg]"));
    let device = r#""device":{"reference":"Device/1"}"#;
    [
        with_status("corrected", &format!("{},{AT},{run},{meta},{device}", loinc("8867-4"))),
        bundle(
            "batch",
            &[heart(), with_status("entered-in-error", &format!("{},{AT},{RATE},{meta}", loinc("8867-4")))],
        ),
        observation(&format!("{},{AT},{component}", loinc("85354-9"))),
    ]
}

/// Readings hold as many times as values, and no more than the payload could.
fn assert_even(decoded: &Decoded<'_>, bytes: usize) {
    for reading in &decoded.readings {
        let count = reading.values.len();
        assert!(count <= bytes && !matches!(&reading.times, Times::At(times) if times.len() != count));
        assert!(!matches!(&reading.spans, Spans::Own(spans) if spans.len() != count));
        assert!(reading.replaces.is_none() || reading.revision.is_some());
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
        let [first, second, third] = sound();
        let mut text = [first, second, third].into_iter().nth(which).unwrap();
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
        let text = observation(&format!("{},{AT},{}", loinc("8867-4"), ucum(&format!("{value:?}"), "/min")));
        prop_assert_eq!(numbers(&reading(&text)), vec![value]);
    }
}
