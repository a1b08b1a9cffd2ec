//! The archive's files, as other programs read them: stock DuckDB and pyarrow from PyPI, plain and encrypted, and as
//! small as was promised for real heart rates.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use healthtrack::archive::file::{Facts, FileWriter, Head, KeyRing, Row, verify};
use healthtrack::model::ids::{DeviceId, SubjectId};
use healthtrack::model::metric::Catalogue;
use healthtrack::model::origin::{Origin, Origins, Revision};
use healthtrack::model::sample::Flags;
use healthtrack::model::statistic::Statistic;
use healthtrack::model::time::{DAY_US, Day, MINUTE_US, SECOND_US, Timestamp};
use secrecy::SecretString;
use serde_json::Value;

use crate::support::{corpora, python};

mod touched;

const DUCKDB: &str = include_str!("read_by_duckdb.py");
const PYARROW: &str = include_str!("read_by_pyarrow.py");
/// The 32 bytes of a key, as both DuckDB and the configuration take them.
const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const OTHER_KEY: &str = "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=";
/// What a sample of real heart rate may take at most in plain files of a day of seven people: of which nothing else is
/// known, and with its moment of reception, which is another for each quarter of an hour of each device.
const HEART_RATE_BYTES_MAX: [f64; 2] = [1.2, 1.25];
/// What encryption may add to a file of one row group, however many rows it holds: 32 bytes for each part.
const ENCRYPTION_BYTES_MAX: u64 = 3_072;

fn keys(key: &str) -> KeyRing {
    let keys = vec![SecretString::from(format!("test:{key}"))];
    KeyRing::load("archive.key", "", &keys).unwrap()
}

fn day(text: &str) -> Day {
    Timestamp::parse_rfc3339(&format!("{text}T00:00:00Z")).unwrap().day()
}

/// Writes a file where the archive would, verifies it, and says where it is.
fn write(folder: &Path, metric: &str, day: Day, keys: &KeyRing, rows: &[Row]) -> (PathBuf, Facts) {
    let metric = Catalogue::builtin().unwrap().by_name(metric).unwrap().clone();
    let folder = folder.join(format!("metric={}", metric.name)).join(format!("day={day}"));
    fs::create_dir_all(&folder).unwrap();
    let (path, head) =
        (folder.join("g00001-test.parquet"), Head { metric, day, generation: 1, subject_key: None, revised_to: 0 });
    let mut writer = FileWriter::begin(File::create(&path).unwrap(), head.clone(), keys).unwrap();
    rows.iter().for_each(|row| writer.push(row).unwrap());
    let (_, facts) = writer.finish().unwrap();
    verify(File::open(&path).unwrap(), &head, &facts, keys).unwrap();
    (path, facts)
}

/// Two days of heart rates past one row group, and a night of sleep stages.
fn write_archive(folder: &Path, keys: &KeyRing) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for day in [day("2026-11-22"), day("2026-11-23")] {
        let rows: Vec<Row> = (0..70).flat_map(|device| heart_rates(device, day)).collect();
        paths.push(write(folder, "heart_rate", day, keys, &rows).0);
    }
    let day = day("2026-11-23");
    let night: Vec<Row> = (0..600).map(|place| stage(place, day)).collect();
    paths.push(write(folder, "sleep_stage", day, keys, &night).0);
    paths
}

/// 2,000 instants, 10 s apart, and the maximum of the day.
fn heart_rates(device: i64, day: Day) -> impl Iterator<Item = Row> {
    let id = DeviceId::parse(&format!("watch-{device:03}")).unwrap();
    let subject = (device % 2 == 0).then(|| SubjectId::parse(&format!("subject-{device:03}")).unwrap());
    let row = move |start, end, value, statistic| Row {
        device: id.clone(),
        statistic,
        start,
        end,
        value,
        flags: Flags::NONE,
        origin: Origin::received(start),
        subject: subject.clone(),
    };
    let maximum = row(day.start(), Some(day.next().start()), 180.5, Statistic::parse("maximum").unwrap());
    let instants = (1..=2_000).map(move |place| {
        let start = day.start().plus_micros(place * 10 * SECOND_US + 125);
        let flags = if is_bound(device, place) { Flags::ABOVE_RANGE } else { Flags::NONE };
        Row { flags, ..row(start, None, (60 + (device + place) % 50) as f64, Statistic::NONE) }
    });
    std::iter::once(maximum).chain(instants)
}

/// True for the last two of some devices, which their sensor could not measure.
fn is_bound(device: i64, place: i64) -> bool {
    device % 10 == 0 && place > 1_998
}

/// One minute of a night, in the order of the catalogue's codes.
fn stage(place: i64, day: Day) -> Row {
    let start = day.start().plus_micros(place * MINUTE_US);
    let device = DeviceId::parse("ring-1").unwrap();
    let end = Some(start.plus_micros(MINUTE_US));
    let flags = if place < 30 { Flags::UNLIKELY.and(Flags::TIME_ASSUMED) } else { Flags::NONE };
    let origin = Origin {
        utc_offset_minutes: Some(if place < 90 { -210 } else { -150 }),
        revision: Revision::new(place / 60).filter(|_| place >= 60),
        ..Origin::received(day.next().start())
    };
    Row { device, statistic: Statistic::NONE, start, end, value: (place % 4) as f64, flags, origin, subject: None }
}

/// What both readers must say of the archive above.
fn check(said: &Value, prints: &str) {
    assert_eq!(said["rows"], 2 * 70 * 2_001 + 600, "{prints}");
    assert_eq!(said["by_metric"]["heart_rate"], 2 * 70 * 2_001, "{prints}");
    let places = (0..70).flat_map(|device| (1..=2_000).map(move |place| (device, place)));
    let measured = places.filter(|(device, place)| !is_bound(*device, *place));
    let instants: i64 = measured.map(|(device, place)| 60 + (device + place) % 50).sum();
    assert_eq!(said["sum"], 2.0 * (instants as f64 + 70.0 * 180.5), "{prints}");
    assert_eq!(said["instants"], 2 * 70 * 2_000, "{prints}");
    assert_eq!(said["bounds"], serde_json::json!([28, 0]), "a bound has no value: {prints}");
    assert_eq!(said["assumed"], serde_json::json!(["unlikely_value time_assumed"]), "{prints}");
    assert_eq!(said["offsets"], serde_json::json!({"-210": 90, "-150": 510}), "{prints}");
    assert_eq!(said["revisions"], serde_json::json!([540, 9]), "{prints}");
    assert_eq!(said["received"], serde_json::json!(["2026-11-22T00:00:00+00:00", "2026-11-24T00:00:00+00:00"]));
    assert_eq!(said["subjects"], 35, "{prints}");
    assert_eq!(said["maxima"], 140, "{prints}");
    assert_eq!(said["first"], "2026-11-22T00:00:00+00:00", "{prints}");
    assert_eq!(said["last"], "2026-11-23T09:59:00+00:00", "{prints}");
    assert_eq!(said["codes"], serde_json::json!({"awake": 150, "light": 150, "deep": 150, "rem": 150}), "{prints}");
    assert_eq!(
        said["one_device"],
        serde_json::json!([6, "2026-11-23T00:00:10.000125+00:00", "subject-042"]),
        "{prints}"
    );
    assert_eq!(said["units"], serde_json::json!(["/min"]), "{prints}");
    assert_eq!(said["days"], serde_json::json!(["2026-11-22", "2026-11-23"]), "{prints}");
}

/// Runs a reader over files; what it says, or the last line of its complaint.
fn ask(python: &Path, script: &str, key: Option<&str>, folder: &Path, files: &[PathBuf]) -> Result<Value, String> {
    let mut arguments = vec![key.unwrap_or_default(), folder.to_str().unwrap()];
    arguments.extend(files.iter().map(|file| file.to_str().unwrap()));
    let output = python::run(python, script, &arguments);
    let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if !output.status.success() {
        return Err(complaint);
    }
    Ok(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn duckdb_and_pyarrow_read_plain_files_by_metric_and_day() {
    let Some(python) = python::python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let files = write_archive(folder.path(), &KeyRing::default());
    for script in [DUCKDB, PYARROW] {
        let said = ask(python, script, None, folder.path(), &files).unwrap();
        check(&said, &said.to_string());
        let types = &said["types"];
        for text in ["device_id", "metric", "statistic", "code", "unit", "subject_id"] {
            assert_eq!(types[text], "text", "{text}: {types}");
        }
        for moment in ["start_at", "end_at", "received_at"] {
            assert_eq!(types[moment], "moment", "{moment}: {types}");
        }
        assert_eq!(types["value"], "double");
        assert_eq!((&types["flags"], &types["revision"]), (&"text".into(), &"long".into()));
        assert_eq!(types["utc_offset_minutes"], "short");
    }
}

#[test]
fn duckdb_and_pyarrow_read_encrypted_files_with_the_key_and_not_without() {
    let Some(python) = python::python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let files = write_archive(folder.path(), &keys(KEY));
    for script in [DUCKDB, PYARROW] {
        let said = ask(python, script, Some(KEY), folder.path(), &files).unwrap();
        check(&said, &said.to_string());
        for key in [None, Some(OTHER_KEY)] {
            let refusal = ask(python, script, key, folder.path(), &files).unwrap_err();
            let is_for_the_key = ["encrypt", "decrypt", "AES", "key"].iter().any(|word| refusal.contains(word));
            assert!(is_for_the_key, "{key:?}: {refusal}");
        }
    }
}

#[test]
fn a_sample_of_real_heart_rate_takes_no_more_than_was_promised() {
    let Some(folder) = corpora() else { return };
    let compressed = File::open(folder.join("fitbit-fitabase/heartrate_seconds_merged.csv.gz")).unwrap();
    let mut text = String::new();
    flate2::read::MultiGzDecoder::new(compressed).read_to_string(&mut text).unwrap();
    let mut days: BTreeMap<Day, Vec<Row>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let row = fitbit_row(line);
        days.entry(row.start.day()).or_default().push(row);
    }
    for samples in days.values_mut() {
        samples.sort_by(Row::order);
        samples.dedup_by(|later, earlier| later.order(earlier).is_eq());
    }
    let (archive, none, ring) = (tempfile::tempdir().unwrap(), KeyRing::default(), keys(KEY));
    let (mut rows, mut bytes, mut bytes_of_less) = (0, 0, 0);
    for (day, samples) in &days {
        let (_, less) = write(archive.path(), "heart_rate", *day, &none, samples);
        let known = live(samples);
        let (_, plain) = write(archive.path(), "heart_rate", *day, &none, &known);
        let (_, encrypted) = write(archive.path(), "heart_rate", *day, &ring, &known);
        let added = encrypted.bytes - plain.bytes;
        assert!(plain.rows <= 122_880 && added <= ENCRYPTION_BYTES_MAX, "{day}: encryption adds {added} bytes");
        (rows, bytes, bytes_of_less) = (rows + plain.rows, bytes + plain.bytes, bytes_of_less + less.bytes);
    }
    let each = [bytes_of_less, bytes].map(|bytes| bytes as f64 / rows as f64);
    println!("{rows} samples of {} days: {each:.3?} bytes a sample", days.len());
    let is_kept = each.iter().zip(&HEART_RATE_BYTES_MAX).all(|(each, max)| each <= max);
    assert!(rows > 400_000 && is_kept, "{each:?} bytes a sample");
}

/// The same as the hot table keeps them, received two seconds after they were measured.
fn live(samples: &[Row]) -> Vec<Row> {
    let of_device = samples.chunk_by(|one, next| one.device == next.device);
    of_device.flat_map(with_origins).collect()
}

fn with_origins(samples: &[Row]) -> Vec<Row> {
    let mut origins = Origins::default();
    for (place, row) in samples.iter().enumerate() {
        let received = Origin::received(row.start.plus_micros(2 * SECOND_US));
        origins.push(place, 1, Origin { utc_offset_minutes: Some(-300), ..received });
    }
    samples.iter().zip(origins.each(samples.len())).map(|(row, origin)| Row { origin, ..row.clone() }).collect()
}

/// `2022484408,4/12/2016 7:21:00 AM,97`; the wearer's local time stands in for UTC.
fn fitbit_row(line: &str) -> Row {
    let fields: Vec<&str> = line.trim_end().split([',', ' ', '/', ':']).collect();
    let number = |place: usize| fields[place].parse::<i64>().unwrap();
    let hour = number(4) % 12 + if fields[7] == "PM" { 12 } else { 0 };
    let day = day(&format!("{:04}-{:02}-{:02}", number(3), number(1), number(2)));
    let micros = (hour * 3_600 + number(5) * 60 + number(6)) * SECOND_US;
    assert!(micros < DAY_US);
    Row {
        device: DeviceId::parse(&format!("fitbit-{}", fields[0])).unwrap(),
        statistic: Statistic::NONE,
        start: day.start().plus_micros(micros),
        end: None,
        value: number(8) as f64,
        flags: Flags::NONE,
        origin: Origin::default(),
        subject: None,
    }
}
