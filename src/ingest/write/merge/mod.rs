//! Merge: samples that cannot simply be appended are weighed against what is stored, and what stands is laid into it.
//!
//! # Why
//! A stored block that holds none of the starts of which something is said stays as it is, whatever surrounds it: a
//! late sample rewrites one block and not a day. Blocks of one series never overlap, so a new sample belongs either
//! into one stored block or between two of them.
//!
//! What is said is weighed start by start, in the order in which it came (`model::revision`): a message that replaces a
//! range speaks of each start in the range before its own samples do. So it is all the same whether two messages are
//! merged in one transaction or in two.
//!
//! Nothing can be said of a sample that belongs into an unreadable block: it is handed back. So is a message that
//! replaces a range in which such a block lies, for it would replace only a part.
//!
//! Invariants, each kept by `tests`: every incoming sample ends as stored, duplicate, outdated, conflict or handed
//! back; what is stored and of which nothing higher or later is said stays as it was; what ceases to stand is handed
//! out as superseded; the blocks that come out overlap neither each other nor those that stay.

/// What stands of the starts that are spoken of, laid into blocks.
mod places;

/// Which ranges cover a start.
pub(super) mod cover;

#[cfg(test)]
pub(super) mod model;

#[cfg(test)]
mod tests;

use crate::faults::{Defect, is_injected};
use crate::model::block::Block;
use crate::model::revision::{Precedence, ReplacedRange, Said, Start, Word};
use crate::model::sample::Sample;
use crate::model::time::Timestamp;
use crate::store::hot::{Stored, Unreadable};
use cover::{Cover, Covering, union};
use places::Places;

/// A sample and the place, in its unit of work, of the part that brought it.
pub(super) type Tagged = (Sample, usize);

/// What came of one series, each with the place of its part. Parts are in the order in which they came, and the range
/// of a part comes before its samples.
#[derive(Clone, Debug, Default)]
pub(super) struct Incoming {
    pub(super) samples: Vec<Tagged>,
    pub(super) ranges: Vec<(ReplacedRange, usize)>,
}

/// What is known of the series, as far as it touches what came.
#[derive(Copy, Clone, Debug)]
pub(super) struct KnownSeries<'a> {
    pub(super) precedence: Precedence,
    /// In order of time.
    pub(super) stored: &'a [Stored],
    /// By start: of each one of the highest revision, and those without a revision that say what came.
    pub(super) superseded: &'a [(Timestamp, Word)],
    /// In no order.
    pub(super) ranges: &'a [ReplacedRange],
}

/// What is to be written, and how the incoming samples ended.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Merged {
    /// Starts of stored blocks that the new ones take the place of.
    pub(super) removed: Vec<Timestamp>,
    /// New blocks.
    pub(super) blocks: Vec<Block>,
    /// Samples that stand from now on, or did until another of this unit superseded them.
    pub(super) stored: u64,
    /// When each sample begins that stands from now on, in order.
    pub(super) added: Vec<Timestamp>,
    /// When each stored sample began that stands no longer, in order.
    pub(super) gone: Vec<Timestamp>,
    /// Samples that were said before.
    pub(super) duplicates: u64,
    /// Samples of which a higher revision was said before.
    pub(super) outdated: u64,
    /// The parts of samples that were there with another value: the first stays.
    pub(super) conflicts: Vec<usize>,
    /// Samples that stand no longer.
    pub(super) superseded: Vec<Sample>,
    /// The ranges to be remembered, and their parts.
    pub(super) ranges: Vec<(ReplacedRange, usize)>,
    /// The parts of samples that belong into a block that cannot be read, and the block.
    pub(super) unreadable: Vec<(usize, Unreadable)>,
    /// The same of ranges in which such a block lies.
    pub(super) unreadable_ranges: Vec<(usize, Unreadable)>,
}

/// What is said of one start: something new, or that what is stored is replaced.
#[derive(Copy, Clone, Debug)]
struct Statement {
    start: Timestamp,
    said: Option<Tagged>,
}

/// A word's sample, and the part that brought it; `None` where it is stored.
type Tag = (Sample, Option<usize>);

/// Lays what came into what is known.
pub(super) fn merge(known: &KnownSeries<'_>, mut incoming: Incoming) -> Merged {
    let mut merged = Merged::default();
    hand_back_ranges(known.stored, &mut incoming, &mut merged);
    let mut places = Places::new(known.stored);
    let replaced = union(incoming.ranges.iter().map(|(range, _)| *range));
    let stored = replaced.iter().flat_map(|(from, to)| places.starts_between(*from, *to));
    let stored: Vec<Statement> = stored.map(|start| Statement { start, said: None }).collect();
    let said = incoming.samples.iter().map(|said| Statement { start: said.0.start, said: Some(*said) });
    let mut statements: Vec<Statement> = stored.into_iter().chain(said).collect();
    // Stable: of two that came with one start, the first is first.
    statements.sort_by_key(|statement| statement.start);
    let mut cover = Cover::new(known.ranges, &incoming.ranges);
    let mut superseded = known.superseded;
    let mut start = Start::new(known.precedence);
    for same in statements.chunk_by(|one, next| one.start == next.start) {
        let Some(at) = same.first().map(|statement| statement.start) else { continue };
        let said = same.iter().filter_map(|statement| statement.said);
        if let Some(block) = places.unreadable_at(at) {
            merged.unreadable.extend(said.map(|(_, part)| (part, block)));
            continue;
        }
        if is_injected(Defect::NoDuplicateCheck) {
            for (sample, _) in said {
                merged.stored += 1;
                merged.added.push(at);
                places.add(sample);
            }
            continue;
        }
        start.clear();
        superseded = superseded.get(superseded.partition_point(|(start, _)| *start < at)..).unwrap_or_default();
        let former = superseded.iter().take_while(|(start, _)| *start == at);
        for (_, word) in former.filter(|_| !is_injected(Defect::RepeatSuperseded)) {
            start.known_superseded(word);
        }
        let standing = places.standing(at);
        standing.iter().for_each(|sample| start.known_standing(Word::from(sample), (*sample, None)));
        weigh(&mut start, cover.at(at), said, &mut merged);
        for (sample, part) in start.standing().iter().map(|(_, tag)| *tag) {
            if part.is_some() {
                merged.added.push(at);
                places.add(sample);
            }
        }
        for (sample, part) in start.superseded().iter().map(|(_, tag)| *tag) {
            if part.is_none() {
                merged.gone.push(at);
                places.take(&sample);
            }
            merged.superseded.push(sample);
        }
    }
    (merged.removed, merged.blocks) = places.finish();
    merged.ranges = to_remember(known.ranges, &incoming.ranges);
    merged
}

/// What is said of one start, in the order in which it came.
fn weigh(start: &mut Start<Tag>, covering: &[Covering], said: impl Iterator<Item = Tagged>, merged: &mut Merged) {
    let replace = |start: &mut Start<Tag>, until: Option<usize>| {
        covering.iter().filter(|one| one.part <= until).for_each(|one| start.replace(one.range.revision));
    };
    for (sample, part) in said {
        replace(start, Some(part));
        match start.say(Word::from(&sample), (sample, Some(part))) {
            Said::Stands => merged.stored += 1,
            Said::Duplicate => merged.duplicates += 1,
            Said::Outdated => merged.outdated += 1,
            Said::Conflict => merged.conflicts.push(part),
        }
    }
    replace(start, Some(usize::MAX));
}

/// Parts whose range holds a block that cannot be read say nothing.
fn hand_back_ranges(stored: &[Stored], incoming: &mut Incoming, merged: &mut Merged) {
    let unreadable = |range: &ReplacedRange| {
        stored.iter().find_map(|block| match block {
            Stored::Unreadable(block) if block.start < range.to && block.stop >= range.from => Some(*block),
            Stored::Unreadable(_) | Stored::Block(_) => None,
        })
    };
    if !stored.iter().any(|block| matches!(block, Stored::Unreadable(_))) {
        return;
    }
    let blocked = incoming.ranges.iter().filter_map(|(range, part)| Some((*part, unreadable(range)?)));
    merged.unreadable_ranges = blocked.collect();
    for (part, block) in &merged.unreadable_ranges {
        incoming.ranges.retain(|(_, of)| of != part);
        let back = incoming.samples.extract_if(.., |one| one.1 == *part);
        merged.unreadable.extend(back.map(|(_, part)| (part, *block)));
    }
}

/// Those ranges that say more than what is known, and than each other.
fn to_remember(known: &[ReplacedRange], incoming: &[(ReplacedRange, usize)]) -> Vec<(ReplacedRange, usize)> {
    let mut new: Vec<(ReplacedRange, usize)> = Vec::new();
    for (range, part) in incoming.iter().filter(|_| !is_injected(Defect::ForgetReplaced)) {
        if !known.iter().chain(new.iter().map(|(other, _)| other)).any(|other| other.subsumes(range)) {
            new.retain(|(other, _)| !range.subsumes(other));
            new.push((*range, *part));
        }
    }
    new
}
