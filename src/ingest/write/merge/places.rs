//! Places: where samples go among the stored blocks, what stands there, and the blocks that come of it.

use std::collections::BTreeMap;

use crate::model::block::{Block, BlockBuilder};
use crate::model::sample::{Sample, SampleKey};
use crate::model::time::Timestamp;
use crate::store::hot::{Stored, Unreadable};

/// Where a new sample goes.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Before stored block n, and after the one before it.
    Before(usize),
    /// Into stored block n.
    Into(usize),
}

/// Stored blocks, and how they change.
#[derive(Debug)]
pub(super) struct Places<'a> {
    stored: &'a [Stored],
    /// The samples of blocks that were looked into.
    unpacked: BTreeMap<usize, Vec<Sample>>,
    changes: BTreeMap<Place, Changes>,
}

#[derive(Debug, Default)]
struct Changes {
    gone: Vec<SampleKey>,
    new: Vec<Sample>,
}

impl<'a> Places<'a> {
    /// Blocks in order of time.
    pub(super) fn new(stored: &'a [Stored]) -> Places<'a> {
        Places { stored, unpacked: BTreeMap::new(), changes: BTreeMap::new() }
    }

    /// The block that holds this moment, where it cannot be read.
    pub(super) fn unreadable_at(&self, start: Timestamp) -> Option<Unreadable> {
        let Place::Into(at) = self.place_of(start) else { return None };
        match self.stored.get(at) {
            Some(Stored::Unreadable(block)) => Some(*block),
            Some(Stored::Block(_)) | None => None,
        }
    }

    /// Where the stored samples of `[from, to)` begin.
    pub(super) fn starts_between(&mut self, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        let first = self.stored.partition_point(|block| block.stop() < from);
        let end = self.stored.partition_point(|block| block.start() < to);
        let mut starts = Vec::new();
        for at in first..end {
            let begun = self.samples(at).iter().map(|sample| sample.start);
            starts.extend(begun.filter(|start| from <= *start && *start < to));
        }
        starts
    }

    /// The stored samples that begin at this moment.
    pub(super) fn standing(&mut self, start: Timestamp) -> &[Sample] {
        let Place::Into(at) = self.place_of(start) else { return &[] };
        let samples = self.samples(at);
        let (from, to) =
            (samples.partition_point(|one| one.start < start), samples.partition_point(|one| one.start <= start));
        samples.get(from..to).unwrap_or_default()
    }

    /// Adds a sample.
    pub(super) fn add(&mut self, sample: Sample) {
        let place = self.place_of(sample.start);
        self.changes.entry(place).or_default().new.push(sample);
    }

    /// Takes a stored sample away.
    pub(super) fn take(&mut self, sample: &Sample) {
        let place = self.place_of(sample.start);
        self.changes.entry(place).or_default().gone.push(sample.key());
    }

    /// The starts of blocks that change, and the blocks that take their place.
    pub(super) fn finish(mut self) -> (Vec<Timestamp>, Vec<Block>) {
        let (mut removed, mut blocks) = (Vec::new(), Vec::new());
        for (place, Changes { mut gone, new }) in std::mem::take(&mut self.changes) {
            let mut samples = new;
            if let Place::Into(at) = place {
                removed.extend(self.stored.get(at).map(Stored::start));
                gone.sort_unstable();
                // One that was never asked for is unpacked here.
                let mut stay = std::mem::take(self.samples(at));
                stay.retain(|sample| gone.binary_search(&sample.key()).is_err());
                stay.append(&mut samples);
                samples = stay;
            }
            samples.sort_by_key(Sample::key);
            let mut builder = BlockBuilder::default();
            builder.add_samples(&samples);
            blocks.extend(builder.finish());
        }
        (removed, blocks)
    }

    fn samples(&mut self, at: usize) -> &mut Vec<Sample> {
        self.unpacked.entry(at).or_insert_with(|| match self.stored.get(at) {
            Some(Stored::Block(block)) => block.samples().collect(),
            Some(Stored::Unreadable(_)) | None => Vec::new(),
        })
    }

    fn place_of(&self, start: Timestamp) -> Place {
        // The first block that does not end before the sample.
        let at = self.stored.partition_point(|block| block.stop() < start);
        match self.stored.get(at) {
            Some(block) if block.start() <= start => Place::Into(at),
            _ => Place::Before(at),
        }
    }
}
