//! Whoever asks for one device on one day reads few of the day's row groups, in stock DuckDB, which counts them.

use std::fs::File;

use healthtrack::archive::file::{FileWriter, Head, KeyRing, OriginSlice, RowSlice};
use healthtrack::model::ids::DeviceId;
use healthtrack::model::metric::Catalogue;
use healthtrack::model::statistic::Statistic;
use healthtrack::model::time::{SECOND_US, Timestamp};

use super::day;
use crate::support::python;

const DUCKDB: &str = include_str!("row_groups_by_duckdb.py");
/// Devices with a value a second, whose day is 43 row groups.
const DEVICES: i32 = 60;
const SAMPLES: i64 = 86_400;
/// What one device of them may touch.
const TOUCHED_PERCENT_MAX: u64 = 5;

#[test]
fn one_device_on_one_day_touches_few_of_the_row_groups() {
    let Some(python) = python::python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let [path, copy] = ["day.parquet", "no-order.parquet"].map(|name| folder.path().join(name));
    let head = Head {
        metric: Catalogue::builtin().unwrap().by_name("heart_rate").unwrap().clone(),
        day: day("2026-11-23"),
        generation: 1,
        subject_key: None,
        revised_to: 0,
    };
    let starts: Vec<Timestamp> = (0..SAMPLES).map(|s| head.day.start().plus_micros(s * SECOND_US)).collect();
    let mut writer = FileWriter::begin(File::create(&path).unwrap(), head, &KeyRing::default()).unwrap();
    for number in 0..DEVICES {
        let device = &DeviceId::parse(&format!("watch-{number:03}")).unwrap();
        let values: Vec<f64> = (0..86_400).map(|second| f64::from(60 + (number * 7 + second / 30) % 50)).collect();
        let (subject, statistic, ends) = (None, Statistic::NONE, None);
        let (starts, values, flags, origins) = (&starts[..], &values[..], &[][..], OriginSlice::default());
        let slice = RowSlice { device, subject, statistic, starts, ends, values, flags, origins };
        writer.push_slice(&slice).unwrap();
    }
    writer.finish().unwrap();
    let output = python::run(python, DUCKDB, &[path.to_str().unwrap(), copy.to_str().unwrap(), "watch-029"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8_lossy(&output.stdout);
    let [sorted, mixed]: [[u64; 3]; 2] = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told}"));
    let is_little = |[rows, scanned, groups]: [u64; 3]| {
        assert_eq!(rows, SAMPLES as u64);
        assert!((40..=50).contains(&groups), "{groups} groups");
        scanned * 100 <= groups * TOUCHED_PERCENT_MAX
    };
    assert!(is_little(sorted), "{} of {} row groups", sorted[1], sorted[2]);
    // The same rows in no order: what is counted tells the difference.
    assert!(!is_little(mixed), "{} of {} row groups", mixed[1], mixed[2]);
}
