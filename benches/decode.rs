//! Decode: a message's bytes to readings, in samples a second, for every format of the registry and through its door:
//! topic, content type and decoder, as each message of a connection goes.

#![allow(clippy::unwrap_used, reason = "a bench says no by panicking")]
#![allow(missing_docs, reason = "criterion's macros make functions without any")]

mod support;

use std::hint::black_box;
use std::time::Instant;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use healthtrack::formats::delivery::Delivery;
use healthtrack::formats::registry::FORMATS;
use healthtrack::formats::{Decoders, topic};

fn decode(criterion: &mut Criterion) {
    let mut decoders = Decoders::new(FORMATS);
    let mut group = criterion.benchmark_group("decode");
    for format in FORMATS {
        for samples in support::SIZES {
            let delivery = Delivery {
                topic: topic::build("main", "load-0", format).into(),
                payload: support::message(format, samples).into(),
                content_type: None,
                published_at: None,
                received_at: support::start(),
                arrived: Instant::now(),
                packet_id: Some(1),
            };
            assert!(decoders.decode(&delivery).unwrap().1.rejections.is_empty());
            group.throughput(Throughput::Elements(samples));
            group.bench_function(BenchmarkId::new(format.word, samples), |bencher| {
                bencher.iter(|| decoders.decode(black_box(&delivery)).map(|(_, decoded)| decoded.readings.len()));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
