//! One series of a code: results, observations and days of devices, each with its source and in one unit where that is
//! exact; of what each device measured while this patient wore it, and to whom samples are open.

use healthtrack::model::time::Timestamp;
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::chart_series::{self, ChartPoint};
use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

use super::observing::{Observing, finding, number, pressure, weight};

async fn drawn(scene: &Observing, account: Uuid, code: &str, from: &str, to: &str) -> Vec<ChartPoint> {
    let (patient, from, to) = (scene.patient, moment(from), moment(to));
    let read = async |actor: &mut Actor<'_>| chart_series::read(actor, patient, code, from, to).await;
    scene.network.does(account, read).await
}

fn moment(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// Source, moment and value of each point, to three digits.
fn told(points: &[ChartPoint]) -> Vec<String> {
    let told = |point: &ChartPoint| {
        let value = point.value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
        format!("{} {} {value} {} {}", point.source, point.observed_at, point.unit, point.status)
    };
    points.iter().map(told).collect()
}

const JANUARY: (&str, &str) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");

/// A scale that was somebody else's until 15:00 UTC on the 10th, with a sample each hour of the days from the 9th to
/// the 12th, whose value is 60 and its hour.
async fn with_scale() -> Observing {
    let mut scene = Observing::begin().await;
    let other = scene.network.patient().await;
    let patient = scene.patient;
    scene
        .network
        .run(&format!(
            "INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('scale-1', now(), 'operator');
             INSERT INTO signal.series (device_key, metric_id)
             SELECT device_key, metric_id FROM signal.device, signal.metric WHERE name = 'body_weight';
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{other}', device_key, '[2026-01-01, 2026-01-10 15:00Z)' FROM signal.device;
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{patient}', device_key, '[2026-01-10 15:00Z,)' FROM signal.device;
             SELECT signal.ensure_chunk(on_day::date) FROM generate_series('2026-01-09'::timestamp, '2026-01-12', '1 day') AS on_day;
             INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
             SELECT at, at + INTERVAL '23 hours', 3600000000, series_id, (SELECT array_agg(60 + h) FROM generate_series(0, 23) AS h)
             FROM signal.series, generate_series('2026-01-09Z'::timestamptz, '2026-01-12Z', '1 day') AS at"
        ))
        .await;
    scene
}

#[tokio::test]
async fn all_that_was_measured_of_one_code_is_one_series_in_one_unit() {
    let mut scene = with_scale().await;
    let (own, carer, patient) = (scene.own, scene.carer, scene.patient);
    let typed = scene.notes(own, &weight(154.0, "2026-01-14T07:00:00Z")).await;
    scene.amends(carer, typed, &weight(160.0, "2026-01-14T07:00:00Z")).await;
    let mistaken = scene.notes(own, &weight(1.0, "2026-01-15T07:00:00Z")).await;
    scene.takes_back(own, mistaken, 1).await;
    scene
        .network
        .run(&format!(
            "INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, status, value_number, unit)
             VALUES ('{patient}', '2026-01-13 08:00Z', '29463-7', 'Body weight', 'final', 71250, 'g')"
        ))
        .await;
    let points = drawn(&scene, carer, "29463-7", JANUARY.0, JANUARY.1).await;
    let expected = [
        // Days of Chicago: of the first only what came after the scale had changed hands.
        "device 2026-01-10T06:00:00Z 72.400 kg final",
        "device 2026-01-11T06:00:00Z 71.500 kg final",
        "device 2026-01-12T06:00:00Z 74.500 kg final",
        "laboratory 2026-01-13T08:00:00Z 71.250 kg final",
        "observation 2026-01-14T07:00:00Z 72.575 kg corrected",
    ];
    assert_eq!(told(&points), expected);
    let day = &points[0];
    assert_eq!(
        (day.statistic.as_deref(), day.count, day.lowest, day.highest),
        (Some("mean"), Some(15), Some(60.0), Some(83.0))
    );
    assert_eq!((day.device.as_deref(), day.ended_at), (Some("scale-1"), Some(moment("2026-01-11T06:00:00Z"))));
    assert_eq!(told(&drawn(&scene, own, "body_weight", JANUARY.0, JANUARY.1).await), expected, "by the metric's name");
    let part = drawn(&scene, own, "29463-7", "2026-01-11T12:00:00Z", "2026-01-13T08:00:00Z").await;
    assert_eq!(told(&part), expected[1..3], "days that are touched, and moments within");
    scene.network.run("SELECT signal.close_rollups(now(), 1000)").await;
    assert_eq!(told(&drawn(&scene, own, "29463-7", JANUARY.0, JANUARY.1).await), expected, "once days are rolled up");
    assert_eq!(drawn(&scene, scene.stranger, "29463-7", JANUARY.0, JANUARY.1).await, []);
}

#[tokio::test]
async fn a_component_is_drawn_by_its_own_code_and_what_converts_into_nothing_as_it_was_told() {
    let mut scene = Observing::begin().await;
    let (own, carer, patient) = (scene.own, scene.carer, scene.patient);
    scene.notes(carer, &pressure(128.0, 82.0, "2026-01-05T08:00:00Z")).await;
    let fever = finding("8310-5", "Temperature", "2026-01-05T08:00:00Z", Some(number(100.4, "[degF]")));
    scene.notes(own, &fever).await;
    let kilopascal = finding("8480-6", "Systolic", "2026-01-06T08:00:00Z", Some(number(16.0, "kPa")));
    scene.notes(own, &kilopascal).await;
    for (loinc, value, unit) in [("2345-7", "1.0", "g/L"), ("14749-6", "5.5", "mmol/L"), ("3016-3", "2", "mU/L")] {
        let result = format!(
            "INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, status, value_number, unit)
             VALUES ('{patient}', '2026-01-05 08:00Z', '{loinc}', 'X', 'final', {value}, '{unit}')"
        );
        scene.network.run(&result).await;
    }
    for (code, expected) in [
        (
            "8480-6",
            &[
                "observation 2026-01-05T08:00:00Z 128.000 mm[Hg] final",
                "observation 2026-01-06T08:00:00Z 120.010 mm[Hg] final",
            ][..],
        ),
        ("diastolic_blood_pressure", &["observation 2026-01-05T08:00:00Z 82.000 mm[Hg] final"]),
        ("8310-5", &["observation 2026-01-05T08:00:00Z 38.000 Cel final"]),
        ("2345-7", &["laboratory 2026-01-05T08:00:00Z 100.000 mg/dL final"]),
        ("14749-6", &["laboratory 2026-01-05T08:00:00Z 5.500 mmol/L final"]),
        ("3016-3", &["laboratory 2026-01-05T08:00:00Z 2.000 mU/L final"]),
        ("8867-4", &[]),
    ] {
        assert_eq!(told(&drawn(&scene, own, code, JANUARY.0, JANUARY.1).await), expected, "{code}");
    }
    let from = moment(JANUARY.0);
    for (code, to, rule) in [
        ("heart rate", JANUARY.1, "chart_is_of_a_known_code"),
        ("8867-5", JANUARY.1, "chart_is_of_a_known_code"),
        ("sleep_stage", JANUARY.1, "chart_is_of_a_known_code"),
        ("8867-4", JANUARY.0, "chart_is_asked_within_bounds"),
        ("8867-4", "2036-01-12T00:00:00Z", "chart_is_asked_within_bounds"),
    ] {
        let to = moment(to);
        let read = async |actor: &mut Actor<'_>| chart_series::read(actor, patient, code, from, to).await;
        assert_eq!(scene.network.broken(own, read).await.rule, rule, "{code}");
    }
}

#[tokio::test]
async fn a_grant_of_the_chart_opens_no_day_of_a_device() {
    let scene = with_scale().await;
    scene.notes(scene.own, &weight(154.0, "2026-01-14T07:00:00Z")).await;
    let sources = async |scope: &str| {
        let share = format!(
            "SELECT access.share('{}', '{}', NULL, '{{{scope}}}', 'treatment', NULL)",
            scene.patient, scene.stranger
        );
        scene.network.portal_of(scene.own).await.execute(AssertSqlSafe(share)).await.unwrap();
        let points = drawn(&scene, scene.stranger, "29463-7", JANUARY.0, JANUARY.1).await;
        points.into_iter().map(|point| point.source).collect::<Vec<_>>()
    };
    assert_eq!(sources("samples").await, [""; 0], "and one of samples no look at the chart");
    assert_eq!(sources("chart").await, ["device", "device", "device", "observation"]);
    let scene = with_scale().await;
    scene.notes(scene.own, &weight(154.0, "2026-01-14T07:00:00Z")).await;
    let share =
        format!("SELECT access.share('{}', '{}', NULL, '{{chart}}', 'treatment', NULL)", scene.patient, scene.stranger);
    scene.network.portal_of(scene.own).await.execute(AssertSqlSafe(share)).await.unwrap();
    let points = drawn(&scene, scene.stranger, "29463-7", JANUARY.0, JANUARY.1).await;
    assert_eq!(told(&points), ["observation 2026-01-14T07:00:00Z 69.853 kg final"]);
}
