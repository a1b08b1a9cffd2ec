//! What other readers of JSON get wrong: numbers, words that are none, keys, nesting, and times without a zone.

use super::*;

#[test]
fn trap_a_null_slot_is_no_sample_and_moves_no_other() {
    let text = message(
        r#"{"metric":"a","times":[1,2,3,4],"ends":[2,4,6,9],"values":[null,5,null,7]},
           {"metric":"b","start":0,"period_ms":1,"ends":[1,1,2],"values":[1,null,3]},
           {"metric":"c","start":0,"period_ms":1,"codes":[null,"x"]},
           {"metric":"d","start":0,"period_ms":1,"values":[null,null]}"#,
    );
    let decoded = decode(text.as_bytes()).unwrap();
    assert_eq!((decoded.readings.len(), decoded.not_measured), (3, 2 + 1 + 1 + 2));
    assert_eq!(decoded.readings[0].times, Times::At(vec![at(2_000), at(4_000)]));
    assert_eq!(decoded.readings[0].spans, Spans::Own(vec![Some(2_000), Some(5_000)]));
    assert_eq!(decoded.readings[1].spans, Spans::Own(vec![Some(1_000), Some(0)]));
    assert_eq!(decoded.readings[2].times, Times::At(vec![at(1_000)]));
}

#[test]
fn trap_every_form_of_a_json_number_is_the_nearest_double() {
    for (text, value) in [
        ("0.14e1", 1.4),
        ("1.276020076001e+09", 1_276_020_076.001),
        ("-0", -0.0),
        ("1E2", 100.0),
        ("999999999999999", 999_999_999_999_999.0),
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("0.1234567890123456789", 0.123_456_789_012_345_68),
        ("98.60", 98.6),
        ("5e-324", 5e-324),
        ("1e-400", 0.0),
    ] {
        let read = numbers(&format!(" [ {text} ,\n{text}] ")).unwrap();
        assert_eq!(read.iter().map(|value| value.to_bits()).collect::<Vec<_>>(), [f64::to_bits(value); 2], "{text}");
    }
}

#[test]
fn trap_a_huge_number_is_refused_and_never_becomes_infinity() {
    assert_refused(r#"{"metric":"a","times":[0],"values":[1e400]}"#, Reason::MalformedSeries, 1, "finite");
    assert_refused(r#"{"metric":"a","times":[1e400],"values":[1]}"#, Reason::MalformedSeries, 1, "`times`");
    assert_refused(r#"{"metric":"a","start":0,"period_ms":1e308,"values":[1,2]}"#, Reason::MalformedSeries, 2, "9999");
}

#[test]
fn trap_a_bare_nan_or_infinity_costs_its_series_and_not_the_message() {
    for literal in ["NaN", "nan", "Infinity", "-Infinity", "inf", "-nan"] {
        let bare = format!(r#"{{"metric":"skin_temperature","times":[0,1,2],"values":[1,{literal}, null]}}"#);
        assert_refused(&bare, Reason::MalformedSeries, 2, "] skin_temperature: a bare nan");
        assert_refused(
            &format!(r#"{{"metric":"a","times":[{literal}],"values":[1]}}"#),
            Reason::MalformedSeries,
            1,
            "nan",
        );
        assert_refused(
            &format!(r#"{{"metric":"a","times":[0],"codes":[{literal}]}}"#),
            Reason::MalformedSeries,
            1,
            "nan",
        );
        for refused in [format!(r#"{{"v":{literal},"series":[]}}"#), format!(r#"{{"v":1,"series":{literal}}}"#)] {
            assert_eq!(decode(refused.as_bytes()).unwrap_err().reason, Reason::Undecodable, "{refused}");
        }
    }
    let named = EXAMPLE.replace("98.6", "NaN").replace("\"rem\"", "\"NaN\"").replace(r#""unit":"degF","#, "");
    let decoded = decode(named.as_bytes()).unwrap();
    let devices: Vec<_> = decoded.readings.iter().map(|reading| reading.device.as_deref()).collect();
    assert_eq!((devices, decoded.not_measured, decoded.rejections.len()), (vec![Some("watch-7"); 3], 1, 1));
    assert_eq!(decoded.readings[2].values, Values::Codes(vec!["NaN".into()]), "a text that says so is a text");
}

#[test]
fn trap_what_is_no_number_in_json_refuses_the_message() {
    for literal in ["+1", ".5", "01", "0x10", "1.", "nano"] {
        let text = message(&format!(r#"{{"metric":"a","times":[0],"values":[{literal}]}}"#));
        assert_eq!(decode(text.as_bytes()).unwrap_err().reason, Reason::Undecodable, "{literal}");
    }
}

#[test]
fn a_sensor_says_low_or_high_beyond_its_range() {
    let (.., values) = only(r#"{"metric":"a","start":0,"period_ms":1,"values":["Low",41, "LO" ,"high","HI"]}"#);
    assert_eq!(values, [f64::NEG_INFINITY, 41.0, f64::NEG_INFINITY, f64::INFINITY, f64::INFINITY]);
    for word in ["lowest", "", "l", " low", "<40", "hi\\u0067h"] {
        let series = format!(r#"{{"metric":"a","times":[0],"values":["{word}"]}}"#);
        assert_refused(&series, Reason::MalformedSeries, 1, "`values`");
    }
}

#[test]
fn micro_and_nanoseconds_in_the_place_of_milliseconds_are_named() {
    for (time, scale) in
        [("1795428000000000", "microseconds"), ("1795428000000000000", "nanoseconds"), ("1.795428e15", "microseconds")]
    {
        for key in
            [format!(r#""times":[{time}]"#), format!(r#""start":{time}"#), format!(r#""times":[0],"ends":[{time}]"#)]
        {
            let says = format!("looks like {scale}");
            assert_refused(&format!(r#"{{"metric":"a",{key},"values":[1]}}"#), Reason::MalformedSeries, 1, &says);
        }
    }
    for time in ["1e17", "1e300", "-1795428000000000"] {
        assert_refused(
            &format!(r#"{{"metric":"a","times":[{time}],"values":[1]}}"#),
            Reason::MalformedSeries,
            1,
            "RFC 3339",
        );
    }
}

#[test]
fn what_only_rust_reads_as_a_number_is_none() {
    for literal in ["inf", "-inf", "NaN", "infinity", "+1", "+1e5", "-", "", "null"] {
        assert_eq!(column::number(literal.as_bytes()), None, "{literal}");
    }
}

#[test]
fn trap_a_duplicate_key_is_refused_and_never_last_wins() {
    assert_refused(
        r#"{"metric":"a","metric":"b","times":[0,1],"values":[1,2]}"#,
        Reason::MalformedSeries,
        2,
        "duplicate",
    );
    assert_eq!(decode(br#"{"v":1,"series":[],"series":[]}"#).unwrap_err().reason, Reason::Undecodable);
    assert_eq!(decode(br#"{"v":1,"v":1,"series":[]}"#).unwrap_err().reason, Reason::Undecodable);
}

#[test]
fn trap_deep_nesting_is_refused_without_deep_recursion() {
    for deep in [format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)), "{\"a\":".repeat(100_000), "[".repeat(40)] {
        let values = message(&format!(r#"{{"metric":"a","times":[0],"values":{deep}}}"#));
        for text in [deep.clone(), message(&deep), values] {
            assert_eq!(decode(text.as_bytes()).unwrap_err().reason, Reason::Undecodable);
        }
    }
    assert_refused(r#"{"metric":"a","times":[0],"values":[[[[[[[1]]]]]]]}"#, Reason::MalformedSeries, 1, "`values`");
}

#[test]
fn trap_bad_utf_8_is_refused() {
    let mut payload = EXAMPLE.as_bytes().to_vec();
    let place = EXAMPLE.find("watch").unwrap();
    payload[place] = 0xff;
    assert_eq!(decode(&payload).unwrap_err().reason, Reason::Undecodable);
}

#[test]
fn trap_a_time_without_a_zone_is_refused_and_never_guessed_at() {
    assert_refused(r#"{"metric":"a","times":["2026-11-23T10:00:00"],"values":[1]}"#, Reason::NoInstant, 1, "zone");
    assert_refused(r#"{"metric":"a","start":"2026-11-23T10:00:00","values":[1]}"#, Reason::NoInstant, 1, "`start`");
    assert_refused(r#"{"metric":"a","times":["2026-11-23"],"values":[1]}"#, Reason::MalformedSeries, 1, "RFC 3339");
}
