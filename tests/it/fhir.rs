//! Observations of FHIR R4: through a broker and a daemon to what stands, and the published examples.
//!
//! `HEALTHTRACK_CORPORA` names a folder with `fhir-r4-examples/Observation/*.json` (the examples of HL7) and
//! `synthea-r4/*.json.gz` (transaction Bundles of made-up patients).

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::PathBuf;

use healthtrack::formats::{Decoded, Values, fhir};
use serde_json::Value;

use crate::support::stack::TestStack;

const TOPIC: &str = "ht/1/main/watch/fhir";
const STANDING: &str = "SELECT metric, to_char(start_at AT TIME ZONE 'UTC', 'HH24:MI:SS') AS start, value, flags,
    utc_offset_minutes, revision FROM signal.sample ORDER BY metric, start_at";
const SUPERSEDED: &str = "SELECT metric, to_char(start_at AT TIME ZONE 'UTC', 'HH24:MI:SS') AS start, value, revision
    FROM signal.superseded ORDER BY metric, start_at, revision";

/// An Observation of a LOINC code at a time of 22 November, last updated at another.
fn observation(status: &str, code: &str, time: &str, updated: &str, value: &str) -> String {
    format!(
        r#"{{"resourceType":"Observation","id":"a","meta":{{"versionId":"1","lastUpdated":"2026-11-23T{updated}:00Z"}},
        "status":"{status}","code":{{"coding":[{{"system":"http://loinc.org","code":"{code}"}}]}},
        "subject":{{"reference":"Patient/1"}},"effectiveDateTime":"2026-11-22T{time}:00Z",{value}}}"#
    )
}

fn quantity(value: &str, unit: &str) -> String {
    format!(r#""valueQuantity":{{"value":{value},"system":"http://unitsofmeasure.org","code":"{unit}"}}"#)
}

fn heart(status: &str, time: &str, updated: &str, value: &str) -> String {
    observation(status, "8867-4", time, updated, &quantity(value, "/min"))
}

/// The revision of a word that was last updated so many minutes after 10:00.
fn revision(minutes: i64) -> i64 {
    1_795_428_000_000_000 + minutes * 60_000_000 + 1
}

async fn publish(stack: &TestStack, messages: &[String]) {
    let before = stack.acks();
    for (place, message) in messages.iter().enumerate() {
        stack.publish(TOPIC, message.as_str()).await;
        stack.acknowledged(before as u32 + u32::try_from(place + 1).unwrap()).await;
    }
}

fn outdated(stack: &TestStack) -> f64 {
    stack.daemon.metric("healthtrack_ingest_samples_total{outcome=\"outdated\"}")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_amended_supersedes_and_what_was_entered_in_error_is_gone() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let words = [
        heart("preliminary", "10:00", "10:00", "61"),
        heart("final", "10:01", "10:00", "62"),
        heart("final", "10:02", "10:00", "63"),
        heart("amended", "10:00", "10:05", "71"),
        heart("entered-in-error", "10:01", "10:06", "62"),
    ];
    publish(&stack, &words).await;
    let standing = [
        format!("(heart_rate,10:00:00,71,{{}},,{})", revision(5)),
        format!("(heart_rate,10:02:00,63,{{}},,{})", revision(0)),
    ];
    assert_eq!(stack.rows(STANDING).await, standing);
    let superseded =
        [format!("(heart_rate,10:00:00,61,{})", revision(0)), format!("(heart_rate,10:01:00,62,{})", revision(0))];
    assert_eq!(stack.rows(SUPERSEDED).await, superseded);
    // All of it again: nothing comes back.
    publish(&stack, &words).await;
    assert_eq!(stack.rows(STANDING).await, standing);
    assert_eq!(outdated(&stack), 2.0, "the first word of 10:00, and that of 10:01");
    assert_eq!(stack.daemon.outcomes(), [4, 2, 0, 0]);
    // A word of a later time is heard though its number is that of a new resource; a number alone is lower than any time.
    let later = heart("corrected", "10:01", "10:07", "82");
    let alone = heart("final", "10:02", "10:00", "99").replace(r#","lastUpdated":"2026-11-23T10:00:00Z""#, "");
    publish(&stack, &[later, alone]).await;
    assert_eq!((stack.rows(STANDING).await.len(), outdated(&stack)), (3, 3.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_words_of_one_moment_the_last_stands_in_whatever_order_they_come() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let words = |time: &str| {
        [
            heart("final", time, "10:00", "61"),
            heart("corrected", time, "10:05", "71"),
            heart("entered-in-error", time, "10:06", "71"),
            heart("amended", time, "10:07", "81"),
        ]
    };
    let orders = [[0, 1, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1], [1, 3, 0, 2]];
    for (place, order) in orders.iter().enumerate() {
        let words = words(&format!("10:0{place}"));
        publish(&stack, &order.map(|word| words[word].clone())).await;
    }
    let standing: Vec<String> =
        (0..4).map(|place| format!("(heart_rate,10:0{place}:00,81,{{}},,{})", revision(7))).collect();
    assert_eq!(stack.rows(STANDING).await, standing);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_stored_by_device_unit_and_bound_and_the_rest_is_kept_with_its_reason() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let with_device = |text: String, name: &str| {
        text.replacen('{', &format!(r#"{{"device":{{"identifier":{{"value":"{name}"}}}},"#), 1)
    };
    let low = quantity("2.2", "mmol/L").replace(r#""value":2.2"#, r#""value":2.2,"comparator":"<""#);
    let sampled = r#""valueSampledData":{"origin":{"value":0,"system":"http://unitsofmeasure.org","code":"{beats}/min"},
        "period":60000,"factor":0.5,"dimensions":1,"data":"120 E 124"}"#;
    let entries = [
        with_device(observation("final", "105272-9", "10:00", "10:00", &low), "cgm"),
        observation("final", "8310-5", "10:00", "10:00", &quantity("98.6", "[degF]")),
        observation("final", "8867-4", "11:00", "10:00", sampled).replace("11:00:00Z", "12:00:00+01:00"),
        observation("final", "1234-5", "10:00", "10:00", &quantity("1", "mg/dL")),
        observation("final", "8867-4", "13:00", "10:00", &quantity("900", "/min")),
        r#"{"resourceType":"Patient","id":"1"}"#.to_owned(),
    ];
    let entries = entries.map(|one| format!(r#"{{"resource":{one}}}"#)).join(",");
    let bundle = format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{entries}]}}"#);
    publish(&stack, &[bundle]).await;
    let first = revision(0);
    assert_eq!(
        stack.rows(STANDING).await,
        [
            format!("(body_temperature,10:00:00,37,{{}},,{first})"),
            format!("(heart_rate,11:00:00,60,{{}},60,{first})"),
            format!("(heart_rate,11:02:00,62,{{}},60,{first})"),
            format!("(interstitial_glucose,10:00:00,,{{below_range}},,{first})"),
        ]
    );
    let reasons = stack.rows("SELECT reason, samples FROM signal.quarantine ORDER BY reason").await;
    assert_eq!(reasons, ["(impossible_value,1)", "(unknown_metric,1)", "(unsupported_resource,1)"]);
    assert_eq!(stack.settled(7).await, [4, 0, 0, 3]);
    let devices = stack.rows("SELECT DISTINCT device_id FROM signal.sample ORDER BY 1").await;
    assert_eq!(devices, ["(cgm)", "(watch)"]);
}

/// The metrics of the readings with their numbers.
fn numbers(decoded: &Decoded<'_>) -> Vec<(String, f64)> {
    let each = decoded.readings.iter().flat_map(|reading| {
        let Values::Numbers(numbers) = &reading.values else { panic!("codes") };
        numbers.iter().map(|number| (reading.metric.to_string(), *number))
    });
    each.collect()
}

fn read(path: &PathBuf) -> Value {
    let mut text = String::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        flate2::read::GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    } else {
        text = fs::read_to_string(path).unwrap();
    }
    serde_json::from_str(&text).unwrap()
}

fn files(folder: &str) -> Option<Vec<PathBuf>> {
    let folder = crate::support::corpora()?.join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "json" || end == "gz")).collect();
    paths.sort();
    assert!(!paths.is_empty(), "the corpus is not empty");
    Some(paths)
}

/// What the examples of HL7 hold of the catalogue.
const EXAMPLES: &[(&str, &[(&str, f64)])] = &[
    ("Observation-blood-pressure", &[("systolic_blood_pressure", 107.0), ("diastolic_blood_pressure", 60.0)]),
    ("Observation-bmi", &[("body_mass_index", 16.2)]),
    ("Observation-bmi-using-related", &[("body_mass_index", 16.2)]),
    ("Observation-body-length", &[("body_height", 25.0)]),
    ("Observation-body-temperature", &[("body_temperature", 36.5)]),
    ("Observation-heart-rate", &[("heart_rate", 44.0)]),
    ("Observation-mbp", &[("mean_blood_pressure", 80.0)]),
    ("Observation-respiratory-rate", &[("respiratory_rate", 26.0)]),
    ("Observation-satO2", &[("oxygen_saturation", 95.0)]),
];

/// Nearly all examples have a date alone, so each is read as it is and with a time.
#[test]
fn each_published_observation_is_read_or_refused_by_name() {
    let Some(paths) = files("fhir-r4-examples/Observation") else { return };
    let mut known = 0;
    for path in paths {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let mut example = read(&path);
        // Of a DeviceMetric it is not said whose it is.
        example.as_object_mut().unwrap().remove("device");
        let as_it_is = example.to_string();
        let decoded = fhir::decode(as_it_is.as_bytes()).unwrap();
        let (stored, lost) = (numbers(&decoded), decoded.rejections.len() as u64 + decoded.not_measured);
        assert!(!stored.is_empty() || lost > 0 || example.get("hasMember").is_some(), "{name}: nothing is said of it");
        if example.get("effectiveDateTime").is_some() {
            example["effectiveDateTime"] = "2026-11-23T10:00:00Z".into();
        }
        let with_time = example.to_string();
        let stored = numbers(&fhir::decode(with_time.as_bytes()).unwrap());
        let expected = EXAMPLES.iter().find(|(example, _)| *example == name).map_or(&[][..], |(_, values)| *values);
        let expected: Vec<(String, f64)> =
            expected.iter().map(|(metric, value)| ((*metric).to_owned(), *value)).collect();
        assert_eq!(stored, expected, "{name}");
        known += usize::from(!expected.is_empty());
    }
    assert_eq!(known, EXAMPLES.len());
}

/// Codes that the patients of Synthea have, and their metrics.
const SYNTHEA: &[(&str, &str)] = &[
    ("8302-2", "body_height"),
    ("29463-7", "body_weight"),
    ("39156-5", "body_mass_index"),
    ("8480-6", "systolic_blood_pressure"),
    ("8462-4", "diastolic_blood_pressure"),
    ("8310-5", "body_temperature"),
    ("8331-1", "body_temperature"),
    ("8867-4", "heart_rate"),
    ("9279-1", "respiratory_rate"),
    ("2339-0", "blood_glucose"),
    ("19935-6", "peak_expiratory_flow"),
    ("20150-9", "fev1"),
];

#[test]
fn the_observations_of_made_up_patients_become_their_samples_and_no_others() {
    let Some(paths) = files("synthea-r4") else { return };
    let mut samples = BTreeMap::<String, usize>::new();
    for path in paths {
        let bundle = read(&path);
        if bundle["resourceType"] != "Bundle" {
            continue;
        }
        let resources: Vec<&Value> =
            bundle["entry"].as_array().unwrap().iter().map(|entry| &entry["resource"]).collect();
        let (observations, others): (Vec<&Value>, Vec<&Value>) =
            resources.iter().partition(|resource| resource["resourceType"] == "Observation");
        let mut expected = Vec::new();
        for observation in observations {
            let components = observation["component"].as_array().map(Vec::as_slice).unwrap_or_default();
            for given in std::iter::once(observation).chain(components) {
                let code = given["code"]["coding"][0]["code"].as_str().unwrap();
                let metric = SYNTHEA.iter().find(|(known, _)| *known == code);
                if let (Some((_, metric)), Some(value)) = (metric, given["valueQuantity"]["value"].as_f64()) {
                    expected.push(((*metric).to_owned(), value));
                }
            }
        }
        let text = bundle.to_string();
        let decoded = fhir::decode(text.as_bytes()).unwrap();
        let mut found = numbers(&decoded);
        let order = |a: &(String, f64), b: &(String, f64)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1));
        found.sort_by(order);
        expected.sort_by(order);
        assert_eq!(found, expected, "{}", path.display());
        let devices = others.iter().filter(|resource| resource["resourceType"] == "Device").count();
        assert_eq!(decoded.resources.len(), others.len() - devices, "{}", path.display());
        found.into_iter().for_each(|(metric, _)| *samples.entry(metric).or_default() += 1);
    }
    println!("samples of made-up patients: {samples:?}");
    assert!(samples.values().sum::<usize>() > 1_000, "{samples:?}");
}
