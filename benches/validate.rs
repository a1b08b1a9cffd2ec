//! Validate: readings to valid samples, in samples a second. `clean` goes the fast way, column by column; `each`
//! holds one impossible value, which sends the whole reading the slow way, sample by sample.

#![allow(clippy::unwrap_used, reason = "a bench says no by panicking")]
#![allow(missing_docs, reason = "criterion's macros make functions without any")]

mod support;

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use healthtrack::formats::{Reading, Values, batch};

/// No heart beats so fast.
const IMPOSSIBLE: f64 = 900.0;

fn validate(criterion: &mut Criterion) {
    let validator = support::validator();
    let mut group = criterion.benchmark_group("validate");
    for samples in support::SIZES {
        let payload = support::message(&batch::FORMAT, samples);
        let clean = batch::decode(&payload).unwrap().readings.remove(0);
        let each = with_an_impossible_value(clean.clone());
        assert!(validator.validate(clean.clone(), support::start()).rejections.is_empty());
        assert_eq!(validator.validate(each.clone(), support::start()).rejections.len(), 1);
        group.throughput(Throughput::Elements(samples));
        for (name, reading) in [("clean", clean), ("each", each)] {
            group.bench_with_input(BenchmarkId::new(name, samples), &reading, |bencher, reading| {
                let validate = |reading| validator.validate(black_box(reading), support::start());
                bencher.iter_batched(|| reading.clone(), validate, BatchSize::SmallInput);
            });
        }
    }
    group.finish();
}

fn with_an_impossible_value(mut reading: Reading<'_>) -> Reading<'_> {
    if let Values::Numbers(numbers) = &mut reading.values
        && let Some(last) = numbers.last_mut()
    {
        *last = IMPOSSIBLE;
    }
    reading
}

criterion_group!(benches, validate);
criterion_main!(benches);
