//! Row: a row of `signal.block` read back, and what is wrong with one that cannot be.
//!
//! # Why
//! Nothing can be merged with a block that breaks the rules by which it was written: its samples would be stored twice
//! or under the wrong time. So each block is validated as it is read, and one that fails is reported, not guessed at;
//! the constraints of the table see only some of the rules.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::array::Numbers;
use crate::model::block::Block;
use crate::model::ids::SeriesId;
use crate::model::origin::{Origin, Origins, Revision};
use crate::model::sample::{Flags, Spans};
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// The columns from which a block is made, in the order in which `stored_at` reads them.
pub(in crate::store) const BLOCK: &str = "block.start_at, block.stop_at, block.tick_us, block.span_us, block.gaps, \
                                block.spans_us, block.flags, block.values, block.series_id, block.received_at, \
                                block.utc_offset_minutes, block.revision, block.origin_sizes, block.received_ats, \
                                block.utc_offsets_minutes, block.revisions";

/// Where the last sample of a block begins, as its columns say; with its day, where `stop_at` says otherwise: it may be
/// what is damaged, and no block crosses midnight.
pub(in crate::store) const END: &str =
    "CASE WHEN (block.gaps IS NULL OR cardinality(block.gaps) = cardinality(block.values))
           AND (extract(epoch FROM block.stop_at) - extract(epoch FROM block.start_at)) * 1000000
             = block.tick_us::numeric * coalesce((SELECT sum(gap) FROM unnest(block.gaps) AS gap),
                                                 cardinality(block.values) - 1)
          THEN block.stop_at
          ELSE date_trunc('day', block.start_at, 'UTC') + INTERVAL '1 day' - INTERVAL '1 microsecond' END";

/// A stored block that breaks the rules by which blocks are written.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Whose.
    pub series: SeriesId,
    /// Where it begins.
    pub start: Timestamp,
    /// Up to where samples may be its own: where it says that it ends, on the day of its beginning.
    pub stop: Timestamp,
    /// Which rule.
    pub what: &'static str,
}

/// A stored block, as far as it can be read.
#[derive(Clone, Debug, PartialEq)]
pub enum Stored {
    /// It can.
    Block(Block),
    /// It cannot.
    Unreadable(Unreadable),
}

impl Stored {
    /// Where it begins.
    pub fn start(&self) -> Timestamp {
        match self {
            Stored::Block(block) => block.start,
            Stored::Unreadable(block) => block.start,
        }
    }

    /// Where it ends.
    pub fn stop(&self) -> Timestamp {
        match self {
            Stored::Block(block) => block.stop,
            Stored::Unreadable(block) => block.stop,
        }
    }

    /// The block, for whoever needs it.
    pub fn readable(self) -> Result<Block, StoreError> {
        match self {
            Stored::Block(block) => Ok(block),
            Stored::Unreadable(Unreadable { series, start, what, .. }) => {
                Err(StoreError::Unreadable { series: series.0, start, what })
            }
        }
    }
}

/// The block whose columns begin at `place`, or which rule it breaks.
pub(in crate::store) fn stored_at(row: &PgRow, place: usize) -> Result<Stored, StoreError> {
    let step = StoreError::at("reading a block");
    let Moment(start) = row.try_get(place).map_err(&step)?;
    let series = SeriesId(row.try_get(place + 8).map_err(&step)?);
    // The server has sent the row whole, so whatever cannot be understood is in the row.
    Ok(match block_of(row, place, start) {
        Ok(block) => Stored::Block(block),
        Err(what) => {
            // Its end may be what is damaged: to believe one that comes too early would store samples twice.
            let stop = start.day().next().start().plus_micros(-1);
            Stored::Unreadable(Unreadable { series, start, stop, what })
        }
    })
}

/// The block whose columns begin at `place`.
pub(in crate::store) fn block_at(row: &PgRow, place: usize) -> Result<Block, StoreError> {
    stored_at(row, place)?.readable()
}

fn block_of(row: &PgRow, place: usize, start: Timestamp) -> Result<Block, &'static str> {
    let Moment(stop) = row.try_get(place + 1).map_err(|_| "its end must be a timestamp")?;
    let tick_us: i64 = row.try_get(place + 2).map_err(|_| "its tick must be a number")?;
    let span_us: Option<i64> = row.try_get(place + 3).map_err(|_| "its span must be a number")?;
    let gaps: Option<Numbers<i32>> = row.try_get(place + 4).map_err(|_| "its gaps must be a list of numbers")?;
    let spans_us: Option<Vec<Option<i64>>> =
        row.try_get(place + 5).map_err(|_| "its spans must be a list of numbers and nulls")?;
    let flags: Option<Vec<i16>> = row.try_get(place + 6).map_err(|_| "its flags must be a list of numbers")?;
    let Numbers(values) = row.try_get(place + 7).map_err(|_| "its values must be a list of numbers")?;
    if flags.as_ref().is_some_and(|flags| flags.len() != values.len()) {
        return Err(ONE_LENGTH);
    }
    let block = Block {
        start,
        stop,
        tick_us,
        gaps: gaps.map(|Numbers(gaps)| gaps),
        spans: spans_us.map_or_else(|| span_us.map_or(Spans::None, Spans::Each), Spans::Own),
        values,
        flags: flags.unwrap_or_default().into_iter().map(|flags| Flags(u8::try_from(flags).unwrap_or(0))).collect(),
        origins: origins_of(row, place + 9)?,
    };
    broken_rule(&block).map_or(Ok(block), Err)
}

/// How the samples of the block came, whose columns on that begin at `place`.
fn origins_of(row: &PgRow, place: usize) -> Result<Origins, &'static str> {
    const WHAT: &str = "its origins must be lists of one length whose revisions are whole numbers up to 2^53";
    let wrong = |_| WHAT;
    let revision = |number: Option<i64>| number.map(|number| Revision::new(number).ok_or(WHAT)).transpose();
    let sizes: Option<Numbers<i32>> = row.try_get(place + 3).map_err(wrong)?;
    let Some(Numbers(sizes)) = sizes else {
        let received_at: Option<Moment> = row.try_get(place).map_err(wrong)?;
        let utc_offset_minutes = row.try_get(place + 1).map_err(wrong)?;
        let revision = revision(row.try_get(place + 2).map_err(wrong)?)?;
        let received_at = received_at.map(|Moment(at)| at);
        return Ok(Origins::Each(Origin { received_at, utc_offset_minutes, revision }));
    };
    let received: Option<Vec<Option<Moment>>> = row.try_get(place + 4).map_err(wrong)?;
    let offsets: Option<Vec<Option<i16>>> = row.try_get(place + 5).map_err(wrong)?;
    let revisions: Option<Vec<Option<i64>>> = row.try_get(place + 6).map_err(wrong)?;
    let lengths = [received.as_ref().map(Vec::len), offsets.as_ref().map(Vec::len), revisions.as_ref().map(Vec::len)];
    if lengths.into_iter().flatten().any(|length| length != sizes.len()) {
        return Err(WHAT);
    }
    let run = |(place, size): (usize, i32)| {
        let size = u32::try_from(size).ok().filter(|size| *size > 0).ok_or(WHAT)?;
        let received_at = received.as_ref().and_then(|all| all.get(place).copied().flatten()).map(|Moment(at)| at);
        let utc_offset_minutes = offsets.as_ref().and_then(|all| all.get(place).copied().flatten());
        let revision = revision(revisions.as_ref().and_then(|all| all.get(place).copied().flatten()))?;
        Ok((size, Origin { received_at, utc_offset_minutes, revision }))
    };
    sizes.into_iter().enumerate().map(run).collect::<Result<_, _>>().map(Origins::Runs)
}

const ONE_LENGTH: &str = "its columns must have one length";

/// Which rule a block breaks.
fn broken_rule(block: &Block) -> Option<&'static str> {
    let fits = |count: usize| count == block.values.len();
    let spans_fit = !matches!(&block.spans, Spans::Own(spans) if !fits(spans.len()));
    let origins_fit = fits(block.origins.runs(block.len()).map(|(count, _)| count).sum());
    if block.is_empty() || !origins_fit || !spans_fit || !block.gaps.as_ref().is_none_or(|gaps| fits(gaps.len())) {
        return Some(ONE_LENGTH);
    }
    if block.start.day() != block.stop.day() {
        return Some("it must begin and end on one day");
    }
    let ticks = match &block.gaps {
        None => i64::try_from(block.len() - 1).ok(),
        Some(gaps) if gaps.first() == Some(&0) && gaps.iter().all(|gap| *gap >= 0) => {
            Some(gaps.iter().copied().map(i64::from).sum())
        }
        Some(_) => None,
    };
    let lasts_us = ticks.filter(|_| block.tick_us > 0).and_then(|ticks| ticks.checked_mul(block.tick_us));
    let rises = lasts_us == Some(block.stop.micros_since(block.start));
    (!rises).then_some("its times must rise from its start to its end")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::block::BlockBuilder;
    use crate::model::sample::Sample;
    use crate::model::time::DAY_US;
    use proptest::prelude::*;

    fn blocks(steps: &[(i64, Option<i64>)]) -> Vec<Block> {
        let (mut builder, mut start) = (BlockBuilder::default(), Timestamp::from_micros(20_000 * DAY_US).unwrap());
        for (step_us, span_us) in steps {
            start = start.plus_micros(*step_us);
            builder.add_samples(&[Sample {
                start,
                span_us: *span_us,
                value: 1.0,
                flags: Flags::NONE,
                origin: Origin::default(),
            }]);
        }
        builder.finish()
    }

    proptest! {
        #[test]
        fn whatever_is_written_keeps_every_rule(
            steps in prop::collection::vec((prop_oneof![Just(1_000_000), 1..5_000_000_i64, Just(40_000_000_000)],
                                            prop_oneof![Just(None), Just(Some(5)), (1..3_i64).prop_map(Some)]), 1..200)
        ) {
            for block in blocks(&steps) {
                prop_assert_eq!(broken_rule(&block), None, "{:?}", block);
            }
        }
    }

    type Damage = fn(&mut Block);

    #[test]
    fn each_broken_rule_is_named() {
        let sound = blocks(&[(1, None), (1_000_000, None), (3_000_000, None)]).remove(0);
        assert_eq!((sound.gaps.as_deref(), broken_rule(&sound)), (Some(&[0, 1, 3][..]), None));
        let damaged: [(Damage, &str); 9] = [
            (|block| block.origins = Origins::Runs(vec![(1, Origin::default()), (1, Origin::default())]), "one length"),
            (|block| block.values.clear(), "one length"),
            (|block| block.gaps = Some(vec![0, 1]), "one length"),
            (|block| block.spans = Spans::Own(vec![None]), "one length"),
            (|block| block.stop = block.stop.plus_micros(DAY_US), "one day"),
            (|block| block.stop = block.stop.plus_micros(1), "times"),
            (|block| block.gaps = Some(vec![0, -1, 5]), "times"),
            (|block| block.gaps = None, "times"),
            (|block| block.tick_us = i64::MAX, "times"),
        ];
        for (damage, what) in damaged {
            let mut block = sound.clone();
            damage(&mut block);
            assert!(broken_rule(&block).is_some_and(|said| said.contains(what)), "{block:?}");
        }
    }
}
