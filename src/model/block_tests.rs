//! What blocks promise: every sample once, in order, within its day, and never two blocks over one moment.

use super::*;
use crate::model::time::DAY_US;
use proptest::prelude::*;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros).unwrap()
}

fn even(start: i64, period_us: i64, values: &[f64]) -> Run {
    Run {
        times: Times::Regular { start: at(start), period_us },
        spans: Spans::None,
        values: values.to_vec(),
        flags: Vec::new(),
        origins: Origins::default(),
    }
}

fn blocks(runs: &[Run]) -> Vec<Block> {
    let mut builder = BlockBuilder::default();
    runs.iter().for_each(|run| builder.add_run(run));
    builder.finish()
}

fn all_samples(blocks: &[Block]) -> Vec<Sample> {
    blocks.iter().flat_map(Block::samples).collect()
}

#[test]
fn runs_that_join_without_a_gap_become_one_even_block() {
    let built = blocks(&[
        even(0, 1_000_000, &[1.0, 2.0]),
        even(2_000_000, 1_000_000, &[3.0]),
        even(3_000_000, 1_000_000, &[4.0, 5.0]),
    ]);
    assert_eq!(built.len(), 1);
    assert_eq!((built[0].tick_us, &built[0].gaps, built[0].len()), (1_000_000, &None, 5));
    assert_eq!(built[0].stop, at(4_000_000));
}

#[test]
fn single_samples_at_an_even_distance_become_one_even_block() {
    let built = blocks(&[even(0, 7, &[1.0]), even(5_000_000, 7, &[2.0]), even(10_000_000, 7, &[3.0])]);
    assert_eq!((built.len(), built[0].tick_us, &built[0].gaps), (1, 5_000_000, &None));
}

#[test]
fn a_block_never_crosses_midnight() {
    let built = blocks(&[even(DAY_US - 2_000_000, 1_000_000, &[1.0, 2.0, 3.0, 4.0])]);
    assert_eq!(built.iter().map(Block::len).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(built[1].start, at(DAY_US));
}

#[test]
fn two_long_even_stretches_stay_two_blocks_and_short_ones_share_a_row() {
    let long = vec![1.0; EVEN_STRETCH_SAMPLES_MIN];
    assert_eq!(blocks(&[even(0, 1_000_000, &long), even(500_000_000, 1_000_000, &long)]).len(), 2);
    let short = blocks(&[even(0, 1_000_000, &[1.0, 2.0]), even(500_000_000, 1_000_000, &[3.0, 4.0])]);
    assert_eq!((short.len(), short[0].tick_us), (1, 1_000_000));
    assert_eq!(short[0].gaps, Some(vec![0, 1, 499, 1]));
}

#[test]
fn a_gap_that_no_int_holds_begins_a_new_block() {
    let two_hours_and_a_bit = 7_200_000_001;
    assert_eq!(blocks(&[even(0, 1_000, &[1.0, 2.0]), even(two_hours_and_a_bit, 1_000, &[3.0, 4.0])]).len(), 2);
    let in_millis =
        blocks(&[even(0, 1_000, &[1.0, 2.0]), even(7_200_000_000, 1_000, &[3.0]), even(7_200_000_007, 1, &[4.0])]);
    assert_eq!(in_millis.len(), 2);
    assert_eq!(
        all_samples(&in_millis).iter().map(|sample| sample.start.micros()).collect::<Vec<_>>(),
        [0, 1_000, 7_200_000_000, 7_200_000_007]
    );
}

/// A run as steps in microseconds from the run before, with its values and spans.
fn any_run() -> impl Strategy<Value = (i64, i64, usize, u8)> {
    (
        prop_oneof![Just(1_000_000), Just(1), 1..5_000_000_i64, Just(3_600_000_000), Just(40_000_000_000)],
        prop_oneof![Just(1_000_000), Just(4_000), Just(333_333), Just(300_000_000), Just(3_600_000_001)],
        prop_oneof![Just(1_usize), 1..6_usize, Just(60), Just(200)],
        0..4_u8,
    )
}

fn run_after(last: i64, (gap, period_us, count, kind): (i64, i64, usize, u8)) -> Run {
    let start = last + gap;
    let values: Vec<f64> = (0..count).map(|index| (start + index as i64) as f64).collect();
    let mut run = even(start, period_us, &values);
    match kind {
        1 => run.spans = Spans::Each(60_000_000),
        2 => {
            run.times = Times::At((0..count).filter_map(|index| run.times.at(index)).collect());
            run.spans = Spans::Own((0..count).map(|index| (index % 2 == 0).then_some(5)).collect());
        }
        3 => run.flags = vec![Flags::UNLIKELY; count],
        _ => {}
    }
    run
}

proptest! {
    #[test]
    fn every_sample_comes_out_once_in_order_and_within_its_day(shapes in prop::collection::vec(any_run(), 1..40)) {
        let mut last = 0;
        let mut runs = Vec::new();
        for shape in shapes {
            let run = run_after(last, shape);
            last = run.last().unwrap().micros();
            runs.push(run);
        }
        let given: Vec<Sample> = runs.iter().flat_map(|run| run.samples().collect::<Vec<_>>()).collect();
        let built = blocks(&runs);
        let differs = all_samples(&built).into_iter().zip(&given).find(|(ours, theirs)| ours != *theirs);
        prop_assert_eq!(differs, None);
        prop_assert_eq!(all_samples(&built).len(), given.len());
        for block in &built {
            prop_assert!(block.len() <= BLOCK_SAMPLES_MAX && !block.is_empty());
            prop_assert_eq!(block.start.day(), block.stop.day());
            prop_assert_eq!(block.samples().last().unwrap().start, block.stop);
        }
        prop_assert!(built.windows(2).all(|pair| pair[0].stop < pair[1].start));

        let mut one_by_one = BlockBuilder::default();
        one_by_one.add_samples(&given);
        let again = all_samples(&one_by_one.finish());
        let differs = again.iter().zip(&given).find(|(ours, theirs)| ours != theirs);
        prop_assert_eq!(differs, None);
        prop_assert_eq!(again.len(), given.len());
    }
}
