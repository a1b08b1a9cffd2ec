//! Archive: rows → a file in memory, and a file → verified rows, in samples a second on one core. The rows are heart rates
//! as wristbands measure them: 5 to 15 s apart, each a small step from the one before. Prints what a sample takes.

#![allow(clippy::unwrap_used, reason = "a bench says no by panicking")]
#![allow(missing_docs, reason = "criterion's macros make functions without any")]

mod support;

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use healthtrack::archive::file::{Facts, FileWriter, Head, KeyRing, Row, RowFilter, open, verify};
use healthtrack::model::ids::DeviceId;
use healthtrack::model::metric::Catalogue;
use healthtrack::model::origin::Origin;
use healthtrack::model::sample::Flags;
use healthtrack::model::statistic::Statistic;
use healthtrack::model::time::SECOND_US;
use secrecy::SecretString;

/// Wearers of one day's file.
const DEVICES: u64 = 70;
/// Samples of each: a day at one value in 10 s.
const SAMPLES: u64 = 8_640;
const KEY: &str = "bench:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn archive(criterion: &mut Criterion) {
    let day = support::start().day();
    let metric = Catalogue::builtin().unwrap().by_name("heart_rate").unwrap().clone();
    let head = Head { metric, day, generation: 1, subject_key: None, revised_to: 0 };
    let rows: Vec<Row> = (0..DEVICES).flat_map(|device| heart_rates(device, &head)).collect();
    let encrypted = vec![SecretString::from(KEY)];
    let rings = [("plain", Vec::new()), ("encrypted", encrypted)];
    let mut group = criterion.benchmark_group("archive");
    for (name, keys) in rings {
        let keys = KeyRing::load("archive.key", "", &keys).unwrap();
        let (bytes, facts) = write(&head, &keys, &rows);
        println!("archive/{name}: {:.3} bytes a sample", facts.bytes as f64 / facts.rows as f64);
        group.throughput(Throughput::Elements(rows.len() as u64));
        group.bench_function(format!("write/{name}"), |bencher| {
            bencher.iter(|| write(&head, &keys, black_box(&rows)));
        });
        group.bench_function(format!("verify/{name}"), |bencher| {
            bencher.iter(|| verify(black_box(&bytes).clone(), &head, &facts, &keys).unwrap());
        });
        group.throughput(Throughput::Elements(SAMPLES));
        let filter = RowFilter { device: Some(device(DEVICES / 2)), ..RowFilter::default() };
        group.bench_function(format!("read_one_device/{name}"), |bencher| {
            bencher.iter(|| {
                let opened = open(black_box(&bytes).clone(), &head.metric, &keys).unwrap();
                assert_eq!(opened.rows(filter.clone()).unwrap().count() as u64, SAMPLES);
            });
        });
    }
    group.finish();
}

fn write(head: &Head, keys: &KeyRing, rows: &[Row]) -> (Bytes, Facts) {
    let mut writer = FileWriter::begin(Vec::new(), head.clone(), keys).unwrap();
    rows.iter().for_each(|row| writer.push(row).unwrap());
    let (bytes, facts) = writer.finish().unwrap();
    (Bytes::from(bytes), facts)
}

fn device(number: u64) -> DeviceId {
    DeviceId::parse(&format!("watch-{number:05}")).unwrap()
}

/// As blocks keep it: of a quarter of an hour, when its first sample came.
fn received(second: i64) -> Origin {
    Origin::received(support::start().plus_micros((second / 900 * 900 + 30) * SECOND_US))
}

/// A walk between 45 and 170, by a small generator of its own.
fn heart_rates(number: u64, head: &Head) -> impl Iterator<Item = Row> {
    let (device, start) = (device(number), head.day.start());
    let (mut state, mut second, mut rate) = (number + 1, 0, 70_i64);
    (0..SAMPLES).map(move |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let chance = (state >> 33) as i64;
        second += if chance % 7 < 3 { 5 } else { 5 * (2 + chance % 2) };
        rate = (rate + chance / 7 % 5 - 2).clamp(45, 170);
        Row {
            device: device.clone(),
            statistic: Statistic::NONE,
            start: start.plus_micros(second * SECOND_US),
            end: None,
            value: rate as f64,
            flags: Flags::NONE,
            origin: received(second),
            subject: None,
        }
    })
}

criterion_group!(benches, archive);
criterion_main!(benches);
