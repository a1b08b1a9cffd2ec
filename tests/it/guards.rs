//! Values, units and times that lie do not end as samples: what devices of the field send is published to a real daemon,
//! and only what was measured is read back; the rest is in quarantine with a sentence that says what is wrong.

use crate::support::stack::TestStack;

/// A message, by the device that sends it; what of it can be read afterwards; and what is in quarantine, by reason.
struct Case {
    device: &'static str,
    series: &'static str,
    values: &'static [&'static str],
    rejected: &'static [(&'static str, u64, &'static str)],
    not_measured: u64,
}

const CASES: &[Case] = &[
    Case {
        device: "glucose-in-another-unit",
        series: r#"{"metric":"interstitial_glucose","times":[1795428000000,1795428300000],"values":[6.3,17.4]},
            {"metric":"interstitial_glucose","unit":"mmol/L","times":[1795428900000,1795429200000],"values":[72,180]},
            {"metric":"blood_glucose","times":[1795428000000,1795428300000],"values":[4.9,12.1]},
            {"metric":"interstitial_glucose","unit":"mmol/L","times":[1795429800000],"values":[5]}"#,
        values: &["90.07999999999998"],
        rejected: &[("unit_mismatch", 6, "name the unit in which they were measured")],
        not_measured: 0,
    },
    Case {
        device: "status-codes",
        series: r#"{"metric":"interstitial_glucose","unit":"mg/dL","start":"2026-11-23T00:30:00Z","period_ms":300000,
            "values":[98,10,12,6,99,0]}"#,
        values: &["98", "99"],
        rejected: &[],
        not_measured: 4,
    },
    Case {
        device: "no-heart-rate",
        series: r#"{"metric":"heart_rate","start":"2026-11-23T17:00:00Z","period_ms":1000,"values":[255,0,118,-1,255]}"#,
        values: &["118"],
        rejected: &[("impossible_value", 1, "heart_rate: a value must lie within 1 to 350 /min")],
        not_measured: 3,
    },
    Case {
        device: "beats",
        series: r#"{"metric":"rr_interval","times":[1795428000000,1795428001000,1795428001000],"values":[800,790,790]}"#,
        values: &["790", "790", "800"],
        rejected: &[],
        not_measured: 0,
    },
    Case {
        device: "bare-nan",
        series: r#"{"metric":"heart_rate","times":[1795428000000],"values":[66]},
            {"metric":"skin_temperature","times":[1795428000000,1795428060000],"values":[33.1,NaN]},
            {"metric":"battery_level","times":[1795428000000],"values":[61]}"#,
        values: &["61", "66"],
        rejected: &[("malformed_series", 2, "series[1] skin_temperature: a bare nan")],
        not_measured: 0,
    },
    Case {
        device: "time-scales",
        series: r#"{"metric":"heart_rate","times":[1795428000000],"values":[61]},
            {"metric":"respiratory_rate","times":[1795428000],"values":[14]},
            {"metric":"oxygen_saturation","times":[1795428000000000],"values":[97]},
            {"metric":"body_temperature","times":[1795428000000000000],"values":[36.6]}"#,
        values: &["61"],
        rejected: &[
            ("ancient_time", 1, "the time looks like seconds where milliseconds belong"),
            ("malformed_series", 2, "seconds where milliseconds since 1970 belong"),
        ],
        not_measured: 0,
    },
    Case {
        device: "a-season",
        series: r#"{"metric":"heart_rate","statistic":"average","times":["2026-05-01T00:00:00Z"],
            "ends":["2026-09-01T00:00:00Z"],"values":[64]}"#,
        values: &["64"],
        rejected: &[],
        not_measured: 0,
    },
];

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_is_not_stored_and_its_neighbours_are() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    for case in CASES {
        stack
            .publish(&format!("ht/1/main/{}/batch", case.device), format!(r#"{{"v":1,"series":[{}]}}"#, case.series))
            .await;
    }
    let stored: u64 = CASES.iter().map(|case| u64::try_from(case.values.len()).unwrap()).sum();
    let rejected: u64 = CASES.iter().flat_map(|case| case.rejected).map(|(_, samples, _)| samples).sum();
    assert_eq!(stack.settled(stored + rejected).await, [stored, 0, 0, rejected]);
    let not_measured: u64 = CASES.iter().map(|case| case.not_measured).sum();
    assert_eq!(stack.daemon.metric("healthtrack_ingest_not_measured_total"), not_measured as f64);
    for Case { device, values, rejected, .. } in CASES {
        let read = format!("SELECT value FROM signal.sample WHERE device_id = '{device}' ORDER BY value::text");
        let expected: Vec<String> = values.iter().map(|value| format!("({value})")).collect();
        assert_eq!(stack.rows(&read).await, expected, "{device}");
        // One message is kept once a reason, with the sentence of the first part that it was rejected for.
        for (reason, _, says) in *rejected {
            let kept = format!(
                "SELECT count(*) FROM signal.quarantine WHERE topic LIKE '%/{device}/%' AND reason = '{reason}'
                 AND strpos(detail, '{says}') > 0"
            );
            assert_eq!(stack.rows(&kept).await, ["(1)"], "{device}: {says}");
        }
    }
    let beats = "SELECT ((extract(epoch FROM start_at) - 1795428000) * 1000)::bigint FROM signal.sample
                 WHERE device_id = 'beats' ORDER BY start_at";
    assert_eq!(stack.rows(beats).await, ["(0)", "(210)", "(1000)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_of_a_sample_is_read_with_it() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let night = r#"{"v":1,"series":[{"metric":"interstitial_glucose","start":"2026-11-20T01:00:00Z","period_ms":300000,
        "values":[44,"Low","LO",41,"high",398]}]}"#;
    stack.publish("ht/1/main/cgm/batch", night).await;
    stack.publish("ht/1/main/cgm/batch", night).await;
    stack
        .publish("ht/1/main/watch/batch", r#"{"v":1,"series":[{"metric":"heart_rate","start":0,"values":["low"]}]}"#)
        .await;
    assert_eq!(stack.settled(13).await, [6, 6, 0, 1]);
    let reset = r#"{"v":1,"series":[{"metric":"heart_rate","times":["2010-01-01T00:00:05Z"],"values":[70]}]}"#;
    stack.publish("ht/1/main/clock/batch", reset).await;
    stack.settled(14).await;
    let flagged = "SELECT value, flags FROM signal.sample WHERE device_id = 'clock'";
    assert_eq!(stack.rows(flagged).await, ["(70,{before_device})"]);
    let bounds = ["(44,{})", "(,{below_range})", "(,{below_range})", "(41,{})", "(,{above_range})", "(398,{})"];
    let samples = "SELECT value, flags FROM signal.sample WHERE device_id = 'cgm' ORDER BY start_at";
    assert_eq!(stack.rows(samples).await, bounds.map(str::to_owned));
}
