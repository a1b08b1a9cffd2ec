//! What is no message, or is one on purpose to do harm.

use proptest::prelude::*;

use super::*;

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
    for bytes in [&b""[..], b"\xff", b"3", b"\"a\"", b"null", b"{", b"[1,", b"[{}]x", b"{\"a\":\"\xc3\"}", b"NaN"] {
        assert_eq!(decode(bytes).map_err(|one| one.reason), Err(Reason::Undecodable), "{bytes:?}");
    }
    assert_eq!(decode(b" [] "), Ok(Decoded::default()));
}

#[test]
fn a_bare_nan_costs_its_point_or_its_body_and_no_other() {
    let heart = format!("{{{HEART},{AT}}}");
    let good = point("omh", "heart-rate", "2.0", &heart[1..heart.len() - 1]);
    for bare in ["NaN", "-Infinity", "nan"] {
        let bad = good.replace("61", bare);
        let text = format!("[{bad},{good}, {bad}]");
        let decoded = decode(text.as_bytes()).unwrap();
        assert_eq!(decoded.readings[0].values, Values::Numbers(vec![61.0]));
        let [rejection] = decoded.rejections.as_slice() else { panic!("{:?}", decoded.rejections) };
        assert_eq!((rejection.reason, rejection.samples), (Reason::Undecodable, 2));
        assert!(rejection.detail.contains("bare nan"), "{}", rejection.detail);
        let bodies = format!("[{heart},{}]", heart.replace("61", bare));
        let series = format!(r#"{{"header":{},"body":{bodies}}}"#, ieee_header("omh", "heart-rate", "2.0"));
        let decoded = decode(series.as_bytes()).unwrap();
        assert_eq!((decoded.readings.len(), decoded.rejections.len()), (1, 1));
        assert_eq!(decode(bad.as_bytes()).unwrap().rejections.len(), 1, "a point alone is all of its message");
    }
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
