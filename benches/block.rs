//! Block: runs of one series joined into blocks, in samples a second. `even` is an hour of one value a second in runs of
//! so many samples, which become one block; `uneven` is one run of as many samples, 5 to 15 s apart.

#![allow(clippy::unwrap_used, reason = "a bench says no by panicking")]
#![allow(missing_docs, reason = "criterion's macros make functions without any")]

mod support;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use healthtrack::model::block::{Block, BlockBuilder};
use healthtrack::model::sample::Run;

/// An hour of one value a second.
const SAMPLES: usize = 3_600;

fn block(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("block");
    group.throughput(Throughput::Elements(SAMPLES as u64));
    for each in support::SIZES {
        let runs = support::even_runs(SAMPLES, each as usize);
        assert_eq!(join(&runs).len(), 1);
        group.bench_with_input(BenchmarkId::new("even", each), &runs, |bencher, runs| {
            bencher.iter(|| join(black_box(runs)));
        });
    }
    let runs = [support::uneven_run(SAMPLES)];
    group.bench_with_input(BenchmarkId::new("uneven", SAMPLES), &runs, |bencher, runs| {
        bencher.iter(|| join(black_box(runs)));
    });
    group.finish();
}

fn join(runs: &[Run]) -> Vec<Block> {
    let mut builder = BlockBuilder::default();
    runs.iter().for_each(|run| builder.add_run(run));
    builder.finish()
}

criterion_group!(benches, block);
criterion_main!(benches);
