//! Copy: blocks encoded as rows of a binary COPY, in samples a second, without a database. `even` blocks hold values
//! alone, `gapped` ones a gap beside each.

#![allow(clippy::unwrap_used, reason = "a bench says no by panicking")]
#![allow(missing_docs, reason = "criterion's macros make functions without any")]

mod support;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use healthtrack::model::block::{Block, BlockBuilder};
use healthtrack::model::ids::SeriesId;
use healthtrack::model::sample::Run;
use healthtrack::store::hot::CopyRows;

/// Rows in one COPY: a batch of a thousand hubs.
const ROWS: i32 = 1_000;
/// Samples in a block: one message's worth, and more where messages of a series join within a commit.
const SIZES: [usize; 3] = [1, 60, 600];

fn copy(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("copy");
    for samples in SIZES {
        group.throughput(Throughput::Elements(samples as u64 * ROWS.unsigned_abs() as u64));
        let even = block(&support::even_runs(samples, samples).remove(0));
        let gapped = block(&support::uneven_run(samples));
        for (name, block) in [("even", even), ("gapped", gapped)] {
            let mut rows = CopyRows::default();
            group.bench_with_input(BenchmarkId::new(name, samples), &block, |bencher, block| {
                bencher.iter(|| encode(&mut rows, black_box(block)));
            });
        }
    }
    group.finish();
}

fn block(run: &Run) -> Block {
    let mut builder = BlockBuilder::default();
    builder.add_run(run);
    builder.finish().remove(0)
}

/// As a lane does: the memory of the batch before is used again.
fn encode(rows: &mut CopyRows, block: &Block) -> usize {
    rows.clear();
    (0..ROWS).for_each(|series| rows.push(SeriesId(series), block));
    black_box(rows.bytes()).len()
}

criterion_group!(benches, copy);
criterion_main!(benches);
