//! What the archive's file promises, with files in memory.

use bytes::Bytes;
use secrecy::SecretString;

use super::*;
use crate::model::ids::{DeviceId, SubjectId};
use crate::model::metric::{Catalogue, Metric};
use crate::model::origin::{Origin, Revision};
use crate::model::sample::Flags;
use crate::model::statistic::Statistic;
use crate::model::time::{SECOND_US, Timestamp};

mod damage;

mod layout;

mod round_trip;

mod secrecy_of_files;

mod versions;

/// 32 bytes each.
const OLD_KEY: &str = "2025:b2xkZXItb2xkZXItb2xkZXItb2xkZXItb2xkZXItMDE=";
const NEW_KEY: &str = "2026:bmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItMDI=";

fn keys(texts: &[&str]) -> KeyRing {
    let keys: Vec<SecretString> = texts.iter().map(|text| SecretString::from(*text)).collect();
    KeyRing::load("archive.key", "", &keys).unwrap()
}

fn metric(name: &str) -> Metric {
    Catalogue::builtin().unwrap().by_name(name).unwrap().clone()
}

fn day_start() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-23T00:00:00Z").unwrap()
}

fn head(name: &str) -> Head {
    Head { metric: metric(name), day: day_start().day(), generation: 1, subject_key: None, revised_to: 0 }
}

/// An instant, so many seconds into the day.
fn row(device: &str, second: i64, value: f64) -> Row {
    Row {
        device: DeviceId::parse(device).unwrap(),
        statistic: Statistic::NONE,
        start: day_start().plus_micros(second * SECOND_US),
        end: None,
        value,
        flags: Flags::NONE,
        origin: Origin::default(),
        subject: None,
    }
}

/// Received so many seconds into the day.
fn origin(second: i64, utc_offset_minutes: Option<i16>, revision: Option<i64>) -> Origin {
    let received_at = Some(day_start().plus_micros(second * SECOND_US));
    Origin { received_at, utc_offset_minutes, revision: revision.and_then(Revision::new) }
}

fn written(head: &Head, keys: &KeyRing, rows: &[Row]) -> (Bytes, Facts) {
    let mut writer = FileWriter::begin(Vec::new(), head.clone(), keys).unwrap();
    rows.iter().for_each(|row| writer.push(row).unwrap());
    let (bytes, facts) = writer.finish().unwrap();
    (Bytes::from(bytes), facts)
}

fn read(bytes: &Bytes, metric: &Metric, keys: &KeyRing, filter: RowFilter) -> Result<Vec<Row>, FileError> {
    open(bytes.clone(), metric, keys)?.rows(filter)?.collect()
}

/// A small file with something in every column that a numeric metric has.
fn sample_rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for device in ["watch-1", "watch-2"] {
        for second in 0..20 {
            let subject = Some(SubjectId::parse(&format!("subject-of-{device}")).unwrap());
            let plain = Row { subject, ..row(device, second * 5, 60.0 + second as f64) };
            let daily = Row { statistic: Statistic::parse("maximum/d").unwrap(), value: 181.5, ..plain.clone() };
            let interval = Row { end: Some(plain.start.plus_micros(SECOND_US)), ..plain.clone() };
            rows.extend([plain, daily, interval]);
        }
    }
    rows
}

/// Every row, of many devices, past one row group.
fn many_rows(devices: usize, each: usize) -> Vec<Row> {
    let rows = (0..devices).flat_map(|device| {
        let name = format!("watch-{device:05}");
        (0..each).map(move |place| row(&name, place as i64, ((device * 31 + place * 17) % 140 + 40) as f64))
    });
    rows.collect()
}
