//! Speakers: which sources may speak for other devices than themselves, remembered beside the devices.
//!
//! # Why
//! A payload may name any device. Where that is the topic's source, nothing is asked. Any other source is looked up
//! with the device, once, and then remembered by two numbers, so that a message costs two look-ups in memory. Only what
//! is allowed is remembered: what an operator allows counts at once. What is taken away is noticed by the next
//! transaction (`store::writer`), which then writes nothing, and the lane forgets all of it here.

use std::collections::HashMap;
use std::hash::BuildHasher as _;

use hashbrown::HashTable;

use super::memory::{Segment, Segmented};
use crate::model::ids::DeviceKey;

/// Pairs of a source and a device.
#[derive(Debug, Default)]
pub(super) struct SpeakerMemory {
    /// Sources by a number of the lane's own.
    sources: HashMap<Box<str>, u32>,
    allowed: Segmented<HashTable<Pair>>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
struct Pair {
    source: u32,
    device: DeviceKey,
}

impl Segment for HashTable<Pair> {
    fn count(&self) -> usize {
        self.len()
    }
}

impl SpeakerMemory {
    /// Whether the source is remembered as one that may speak for the device.
    pub(super) fn allows(&self, source: &str, device: DeviceKey) -> bool {
        self.sources.get(source).is_some_and(|source| {
            let pair = Pair { source: *source, device };
            let (segment, hash) = self.allowed.of(pair);
            segment.is_some_and(|segment| segment.find(hash, |other| *other == pair).is_some())
        })
    }

    /// Remembers that it may.
    pub(super) fn allow(&mut self, source: Box<str>, device: DeviceKey) {
        let Ok(next) = u32::try_from(self.sources.len()) else { return };
        let pair = Pair { source: *self.sources.entry(source).or_insert(next), device };
        self.allowed.change(pair, |segment, hash, hashes| {
            if segment.find(hash, |other| *other == pair).is_none() {
                segment.insert_unique(hash, pair, |other| hashes.hash_one(other));
            }
        });
    }

    /// Forgets as much as is needed to remember no more than `pairs_max`.
    pub(super) fn make_room(&mut self, pairs_max: usize) {
        if self.sources.len() > pairs_max {
            *self = SpeakerMemory::default();
        }
        self.allowed.make_room(pairs_max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_one_source_for_one_device() {
        let mut speakers = SpeakerMemory::default();
        for (device, source) in [(1, "hub-1"), (2, "hub-1"), (3, "hub-2"), (3, "hub-2")] {
            speakers.allow(source.into(), DeviceKey(device));
        }
        let pairs = [("hub-1", 1), ("hub-1", 2), ("hub-1", 3), ("hub-2", 1), ("hub-2", 3), ("hub-3", 1)];
        let allowed =
            |speakers: &SpeakerMemory| pairs.map(|(source, device)| speakers.allows(source, DeviceKey(device)));
        assert_eq!(allowed(&speakers), [true, true, false, false, true, false]);
        speakers.make_room(0);
        assert_eq!(allowed(&speakers), [false; 6]);
    }

    #[test]
    fn more_than_the_limit_is_forgotten_by_small_parts_and_what_stays_is_right() {
        let mut speakers = SpeakerMemory::default();
        for device in 0..10_000 {
            speakers.allow(format!("hub-{}", device % 100).into(), DeviceKey(device));
        }
        speakers.make_room(9_000);
        let left = (0..10_000).filter(|device| speakers.allows(&format!("hub-{}", device % 100), DeviceKey(*device)));
        assert!((8_600..=9_000).contains(&left.count()));
        assert!(!speakers.allows("hub-1", DeviceKey(0)));
    }
}
