//! Join: which small blocks become one, without a database.
//!
//! # Why
//! A block of 960 samples fits a page of Postgres even where its values do not compress (8 bytes each), and costs 2.2
//! bytes a sample on heart rates 5 to 15 s apart; 480 cost 2.5, 240 cost 7 (a row below 2 kB is not compressed at
//! all), 4,096 cost 2.1. Longer ones would save a twentieth and make every late sample and every question for an hour
//! unpack four times as much.
//!
//! Only blocks below half of that are touched, and only where two are adjacent, so what was joined once stays as it
//! is: a second pass finds nothing to do.
//!
//! Invariants, each kept by `tests`: the same samples come out in the same order; fewer blocks come out than went in,
//! or nothing is replaced; no block crosses midnight; joining what was joined replaces nothing.

use crate::model::block::{Block, BlockBuilder};
use crate::model::ids::SeriesId;
use crate::model::time::Timestamp;
use crate::store::hot::compact::{Small, SmallBlocks, Span};

/// The most samples in a joined block.
pub(super) const JOINED_SAMPLES_MAX: usize = 960;
/// A block of fewer samples is small.
pub(super) const SMALL_SAMPLES: usize = JOINED_SAMPLES_MAX / 2;

/// What replaces adjacent small blocks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Joined {
    /// What goes.
    pub(super) gone: Span,
    /// What comes.
    pub(super) blocks: Vec<Block>,
}

/// Joins small blocks, handed over by series and time, wherever that makes them fewer.
pub(super) fn join(small: &[Small]) -> Vec<Joined> {
    let side_by_side = |a: &Small, b: &Small| {
        (a.series, a.stretch) == (b.series, b.stretch) && a.block.start.day() == b.block.start.day()
    };
    small.chunk_by(side_by_side).filter_map(join_stretch).collect()
}

fn join_stretch(stretch: &[Small]) -> Option<Joined> {
    let (first, last) = (stretch.first()?, stretch.last()?);
    let mut builder = BlockBuilder::of_at_most(JOINED_SAMPLES_MAX);
    for small in stretch {
        builder.add_samples(&small.block.samples().collect::<Vec<_>>());
    }
    let blocks = builder.finish();
    let gone = Span {
        series: first.series,
        first: first.block.start,
        last: last.block.start,
        blocks: u64::try_from(stretch.len()).ok()?,
    };
    (blocks.len() < stretch.len()).then_some(Joined { gone, blocks })
}

/// Where a series that was read only in part is to be read on: at its last block, which may still grow.
pub(super) fn resume(read: &SmallBlocks, joined: &[Joined]) -> Option<Timestamp> {
    let small = read.small.last().map(|last| {
        let grown = joined.last().filter(|joined| holds(&joined.gone, last.series, last));
        grown.and_then(|joined| joined.blocks.last()).map_or(last.block.start, |block| block.start)
    });
    small.max(read.unreadable.last().map(|block| block.start))
}

fn holds(gone: &Span, series: SeriesId, small: &Small) -> bool {
    gone.series == series && gone.last == small.block.start
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::origin::Origin;
    use crate::model::sample::{Flags, Sample};
    use crate::model::time::DAY_US;
    use crate::store::hot::Unreadable;
    use proptest::prelude::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros).unwrap()
    }

    /// Blocks as lanes leave them: the samples of each message in blocks of their own.
    fn stored(messages: &[(i64, i64, usize, u8)]) -> Vec<Block> {
        let mut start_us = DAY_US - 3_600_000_000;
        let mut blocks = Vec::new();
        for (gap_us, period_us, count, kind) in messages {
            let mut samples = Vec::new();
            start_us += gap_us;
            for place in 0..*count {
                let span_us = [None, Some(60_000_000), (place % 2 == 0).then_some(5)][usize::from(kind % 3)];
                let flags = if *kind == 4 { Flags::UNLIKELY } else { Flags::NONE };
                samples.push(Sample {
                    start: at(start_us),
                    span_us,
                    value: (start_us % 977) as f64,
                    flags,
                    origin: Origin::default(),
                });
                start_us += period_us;
            }
            let mut builder = BlockBuilder::default();
            builder.add_samples(&samples);
            blocks.extend(builder.finish());
        }
        blocks
    }

    /// As the database hands them over: the small ones, with their stretch.
    fn small(blocks: &[Block]) -> Vec<Small> {
        let mut stretch = 0;
        let mut small = Vec::new();
        for block in blocks {
            if block.len() >= SMALL_SAMPLES {
                stretch += 1;
            } else {
                small.push(Small { series: SeriesId(1), stretch, block: block.clone() });
            }
        }
        small
    }

    /// The same where some cannot be read: each begins another stretch.
    fn parted(small: Vec<Small>, damaged: &[Block]) -> SmallBlocks {
        let mut read = SmallBlocks::default();
        for one in small {
            if damaged.contains(&one.block) {
                let Block { start, stop, .. } = one.block;
                read.unreadable.push(Unreadable { series: one.series, start, stop, what: "it is damaged" });
            } else {
                read.small.push(Small { stretch: one.stretch + read.unreadable.len() as i64, ..one });
            }
        }
        read
    }

    /// Replaces as the database does: by a range of starts, and with the count that must agree.
    fn apply(blocks: &mut Vec<Block>, joined: &[Joined]) {
        for Joined { gone, blocks: new } in joined {
            let before = blocks.len();
            blocks.retain(|block| !(gone.first..=gone.last).contains(&block.start));
            assert_eq!((before - blocks.len()) as u64, gone.blocks);
            blocks.extend(new.iter().cloned());
        }
        blocks.sort_by_key(|block| block.start);
    }

    fn samples(blocks: &[Block]) -> Vec<Sample> {
        blocks.iter().flat_map(Block::samples).collect()
    }

    fn message() -> impl Strategy<Value = (i64, i64, usize, u8)> {
        (
            prop_oneof![Just(1_000_000), Just(1), 1..5_000_000_i64, Just(40_000_000_000)],
            prop_oneof![Just(1_000_000), Just(4_000), Just(333_333), Just(300_000_000), Just(3_600_000_001)],
            prop_oneof![Just(1_usize), 1..6_usize, Just(60), Just(479), Just(481), Just(2_000)],
            0..5_u8,
        )
    }

    proptest! {
        #[test]
        fn the_same_samples_come_out_in_fewer_blocks_and_a_second_pass_does_nothing(
            messages in prop::collection::vec(message(), 1..60)
        ) {
            let mut blocks = stored(&messages);
            let (before, count) = (samples(&blocks), blocks.len());
            let joined = join(&small(&blocks));
            apply(&mut blocks, &joined);
            prop_assert_eq!(samples(&blocks), before);
            prop_assert!(joined.is_empty() || blocks.len() < count);
            for block in &blocks {
                prop_assert_eq!(block.start.day(), block.stop.day());
            }
            prop_assert!(blocks.windows(2).all(|pair| pair[0].stop < pair[1].start), "blocks overlap");
            prop_assert_eq!(join(&small(&blocks)), Vec::new());
        }
    }

    proptest! {
        // Each round reads every block again, so a long series takes long.
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// A series that is read in slices ends as one that is read at once, up to where the slices are cut.
        #[test]
        fn slices_lose_nothing_and_come_to_an_end(
            messages in prop::collection::vec(message(), 1..12), size in 2..20_usize,
            nth in prop::option::of(1..5_usize)
        ) {
            let mut blocks = stored(&messages);
            let damaged: Vec<Block> = nth.into_iter().flat_map(|nth| blocks.iter().step_by(nth).cloned()).collect();
            // Each round goes on by a block or leaves one less.
            let (before, rounds_max) = (samples(&blocks), 2 * blocks.len() + 2);
            let (mut from, mut rounds) = (Timestamp::MIN, 0);
            loop {
                let slice = small(&blocks).into_iter().filter(|one| one.block.start >= from).take(size);
                let slice = parted(slice.collect(), &damaged);
                let joined = join(&slice.small);
                apply(&mut blocks, &joined);
                prop_assert!(damaged.iter().all(|block| blocks.contains(block)), "a block that cannot be read is gone");
                rounds += 1;
                prop_assert!(rounds < rounds_max, "it does not end");
                match resume(&slice, &joined) {
                    Some(next) if slice.len() == size => {
                        prop_assert!(next > from || !joined.is_empty(), "it stands still");
                        from = next;
                    }
                    _ => break,
                }
            }
            prop_assert_eq!(samples(&blocks), before);
            prop_assert_eq!(join(&parted(small(&blocks), &damaged).small), Vec::new());
        }
    }

    #[test]
    fn a_day_of_single_samples_becomes_blocks_of_sixteen_minutes() {
        let mut blocks = stored(&vec![(0, 1_000_000, 1, 0); 3_600]);
        assert_eq!(blocks.len(), 3_600);
        let joined = join(&small(&blocks));
        apply(&mut blocks, &joined);
        assert_eq!(blocks.iter().map(Block::len).collect::<Vec<_>>(), [960, 960, 960, 720]);
        assert!(blocks.iter().all(|block| block.gaps.is_none()));
    }
}
