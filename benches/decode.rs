//! Decode: a message's bytes to readings, in samples a second. A new format is one more row of `FORMATS`.

#![allow(clippy::unwrap_used, reason = "a bench says no by panicking")]
#![allow(missing_docs, reason = "criterion's macros make functions without any")]

mod support;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use healthtrack::commands::load::Format;
use healthtrack::formats::{Decoded, batch, omh};
use healthtrack::model::reason::Rejection;

/// From bytes to readings.
type Decoder = fn(&[u8]) -> Result<Decoded<'_>, Rejection>;

/// Name, generator, decoder, and samples in a message.
const FORMATS: [(&str, Format, Decoder, &[u64]); 2] =
    [("batch", Format::Batch, batch::decode, &support::SIZES), ("omh", Format::Omh, omh::decode, &[1, 60])];

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for (name, format, decoder, sizes) in FORMATS {
        for samples in sizes {
            let payload = support::message(format, *samples);
            assert!(decoder(&payload).unwrap().rejections.is_empty());
            group.throughput(Throughput::Elements(*samples));
            group.bench_with_input(BenchmarkId::new(name, samples), &payload, |bencher, payload| {
                bencher.iter(|| decoder(black_box(payload)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
