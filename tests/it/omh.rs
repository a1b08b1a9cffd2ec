//! The published, labelled cases of Open mHealth, IEEE 1752.1 and Granola are judged as they are labelled.
//!
//! `HEALTHTRACK_CORPORA` names a folder with `omh-testdata/{namespace}/{name}/{version}/{shouldPass,shouldFail}/*.json`
//! (the layout of `test-data` in github.com/openmhealth/schemas) and `omh-datapoints/*.json` (whole data points).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use healthtrack::formats::{Values, omh};
use healthtrack::model::sample::{Spans, Times};
use healthtrack::model::time::Timestamp;

use crate::support::stack::TestStack;

#[test]
fn each_labelled_case_is_judged_as_it_is_labelled() {
    let Some(corpora) = crate::support::corpora() else { return };
    let (mut counts, mut wrong) = (BTreeMap::<String, u32>::new(), Vec::new());
    for path in json_files(&corpora.join("omh-testdata")) {
        let parts: Vec<_> = path.iter().rev().skip(1).take(4).map(|part| part.to_string_lossy()).collect();
        let [label, version, name, namespace] = parts.as_slice() else { continue };
        let should_pass = match label.as_ref() {
            "shouldPass" => true,
            "shouldFail" => false,
            _ => continue,
        };
        let judged = omh::check_body(namespace, name, version, &fs::read(&path).unwrap());
        *counts.entry(format!("{namespace} {label}")).or_default() += 1;
        if judged.is_ok() != should_pass {
            wrong.push(format!("{}: {judged:?}", path.display()));
        }
    }
    println!("judged: {counts:?}");
    assert!(counts.values().sum::<u32>() > 0, "the corpus is not empty");
    assert!(wrong.is_empty(), "{} judged wrongly:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_refused_case_is_refused_for_a_breach_and_never_for_an_unknown_schema() {
    let Some(corpora) = crate::support::corpora() else { return };
    for path in json_files(&corpora.join("omh-testdata")) {
        let parts: Vec<_> = path.iter().rev().skip(2).take(3).map(|part| part.to_string_lossy()).collect();
        let [version, name, namespace] = parts.as_slice() else { continue };
        if let Err(rejection) = omh::check_body(namespace, name, version, &fs::read(&path).unwrap()) {
            let word = rejection.reason.word();
            assert!(!["unknown_metric", "unsupported_version"].contains(&word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn whole_data_points_become_their_samples() {
    let Some(corpora) = crate::support::corpora() else { return };
    let folder = corpora.join("omh-datapoints");
    let paths = json_files(&folder);
    assert!(!paths.is_empty(), "the corpus is not empty");
    let mut known = 0;
    for path in paths {
        let bytes = fs::read(&path).unwrap();
        let decoded = omh::decode(&bytes).unwrap();
        assert_eq!(decoded.rejections, [], "{}", path.display());
        assert!(!decoded.readings.is_empty(), "{}", path.display());
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some((_, metric, unit, value, time)) = EXPECTED.iter().find(|(known, ..)| *known == name) else { continue };
        let [reading] = decoded.readings.as_slice() else { panic!("{name}: {:?}", decoded.readings) };
        assert_eq!((reading.metric.as_ref(), reading.unit.as_deref()), (*metric, Some(*unit)), "{name}");
        assert_eq!(reading.values, Values::Numbers(vec![*value]), "{name}");
        assert_eq!(reading.times, Times::At(vec![Timestamp::parse_rfc3339(time).unwrap()]), "{name}");
        assert_eq!((&reading.spans, reading.time_assumed), (&Spans::None, false), "{name}");
        known += 1;
    }
    println!("whole data points: {known} of {} known samples", EXPECTED.len());
}

/// A data point, and the metric, unit word, value and time that it gives.
const EXPECTED: &[(&str, &str, &str, f64, &str)] = &[
    ("omh_blood-glucose_4-0.json", "blood_glucose", "mg/dL", 129.0, "2025-01-01T08:01:00Z"),
    // Measured at the forehead.
    ("omh_body-temperature_4-0.json", "skin_temperature", "F", 97.0, "2025-01-01T08:03:00Z"),
    ("omh_heart-rate_2-0.json", "heart_rate", "beats/min", 67.5, "2025-01-01T08:04:00Z"),
    ("omh_respiratory-rate_2-0.json", "respiratory_rate", "breaths/min", 12.0, "2025-01-01T08:06:00Z"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_data_point_that_is_sent_again_supersedes_by_the_time_of_its_last_modification() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let point = |modified: &str, rate: u32| {
        let modified = if modified.is_empty() {
            String::new()
        } else {
            format!(r#","source_last_modification_date_time":"2026-11-23T{modified}Z""#)
        };
        format!(
            r#"{{"header":{{"id":"one","creation_date_time":"2026-11-23T12:00:00Z",
            "schema_id":{{"namespace":"omh","name":"heart-rate","version":"2.0"}},
            "acquisition_provenance":{{"source_name":"strap","source_data_point_id":"7"{modified}}}}},
            "body":{{"heart_rate":{{"value":{rate},"unit":"beats/min"}},
            "effective_time_frame":{{"date_time":"2026-11-23T10:00:00Z"}}}}}}"#
        )
    };
    let words = [point("", 60), point("11:00:00.001", 61), point("11:00:00.003", 63), point("11:00:00.002", 62)];
    for (place, word) in words.iter().chain([&words[1], &words[0]]).enumerate() {
        stack.publish("ht/1/main/strap/omh", word.as_str()).await;
        stack.acknowledged(u32::try_from(place).unwrap() + 1).await;
    }
    let standing = "SELECT value, revision FROM signal.sample";
    assert_eq!(stack.rows(standing).await, ["(63,1795431600003)"]);
    let superseded = stack.rows("SELECT value FROM signal.superseded ORDER BY value").await;
    assert_eq!(superseded, ["(60)", "(61)"]);
    assert_eq!(stack.daemon.metric("healthtrack_ingest_samples_total{outcome=\"outdated\"}"), 3.0);
    assert_eq!(stack.daemon.outcomes(), [3, 0, 0, 0]);
}

/// All JSON files below a folder, in order.
fn json_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
