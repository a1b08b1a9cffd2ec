//! Memory: what a lane remembers of its devices and series, in few bytes each and within a limit.
//!
//! # Why
//! A lane meets a million devices as readily as ten, and keeps what it knows of them for as long as it runs. A map from
//! owned names, and one with keys and states of their natural size, take 170 bytes for a device with one series, and
//! half as much again for an instant whenever one of them doubles. Here it is 63: names stand one behind another, an
//! entry is as small as what it holds, and each map is 64 small ones, which double one after another.
//!
//! To forget is always right, since what is not remembered is looked up; so a lane that remembers more than it may
//! forgets a 64th of it at a time. It does so before a batch, never within one.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::ahead::{AheadSeries, RangeAhead};
use crate::model::ids::{DeviceId, DeviceKey, MetricId, SeriesId};
use crate::model::revision::ReplacedRange;
use crate::model::statistic::Statistic;
use crate::model::time::Timestamp;
use crate::store::directory::{SeriesKey, SeriesState};

/// Maps of which one at a time grows or is forgotten.
const SEGMENTS: usize = 64;

/// The keys of devices, by name.
#[derive(Debug, Default)]
pub(super) struct DeviceMemory(Segmented<NameSegment>);

/// Where series end, by their parts.
#[derive(Debug, Default)]
pub(super) struct SeriesMemory(Segmented<HashTable<SeriesEntry>>, AheadSeries);

impl DeviceMemory {
    /// The key of a device, where it is remembered.
    pub(super) fn get(&self, device: &DeviceId) -> Option<DeviceKey> {
        let name = device.as_str().as_bytes();
        let (segment, hash) = self.0.of(name);
        segment?.find(hash, name)
    }

    /// Remembers a device.
    pub(super) fn insert(&mut self, device: &DeviceId, key: DeviceKey) {
        let name = device.as_str().as_bytes();
        self.0.change(name, |segment, hash, hashes| segment.insert(hash, name, key, |name| hashes.hash_one(name)));
    }

    /// Forgets as much as is needed to remember no more than `devices_max`.
    pub(super) fn make_room(&mut self, devices_max: usize) {
        self.0.make_room(devices_max);
    }
}

impl SeriesMemory {
    /// What is remembered of a series.
    pub(super) fn get(&self, key: &SeriesKey) -> Option<SeriesState> {
        let (segment, hash) = self.0.of(key);
        segment?.find(hash, |entry| entry.key() == *key).map(SeriesEntry::state)
    }

    /// Remembers a series.
    pub(super) fn insert(&mut self, key: &SeriesKey, state: SeriesState) {
        self.1.forget(key);
        self.0.change(key, |segment, hash, hashes| {
            let new = SeriesEntry::new(key, state);
            match segment.find_mut(hash, |entry| entry.key() == *key) {
                Some(entry) => *entry = new,
                None => {
                    segment.insert_unique(hash, new, |entry| hashes.hash_one(entry.key()));
                }
            }
        });
    }

    /// What is replaced in a series after all that is stored.
    pub(super) fn ahead(&self, key: &SeriesKey) -> Option<RangeAhead> {
        self.1.get(key)
    }

    /// Samples of a remembered series are stored until this moment.
    pub(super) fn store(&mut self, key: &SeriesKey, last: Timestamp) {
        self.1.store(key, last);
        self.advance(key, last);
    }

    /// A range of a remembered series is replaced.
    pub(super) fn replace(&mut self, key: &SeriesKey, range: &ReplacedRange) {
        if let Some(state) = self.get(key) {
            self.1.replace(key, state.last, range);
            self.advance(key, range.last());
        }
    }

    /// Moves the end of a remembered series on.
    fn advance(&mut self, key: &SeriesKey, last: Timestamp) {
        self.0.change(key, |segment, hash, _| {
            if let Some(entry) = segment.find_mut(hash, |entry| entry.key() == *key) {
                let state = entry.state();
                *entry = SeriesEntry::new(key, SeriesState { last: state.last.max(Some(last)), ..state });
            }
        });
    }

    /// Forgets a series.
    pub(super) fn forget(&mut self, key: &SeriesKey) {
        self.1.forget(key);
        self.0.change(key, |segment, hash, _| {
            if let Ok(entry) = segment.find_entry(hash, |entry| entry.key() == *key) {
                entry.remove();
            }
        });
    }

    /// Forgets as much as is needed to remember no more than `series_max`.
    pub(super) fn make_room(&mut self, series_max: usize) {
        self.0.make_room(series_max);
    }
}

/// A part of a memory.
pub(super) trait Segment: Default {
    /// How much it remembers.
    fn count(&self) -> usize;
}

/// Parts, each for its share of the hashes.
#[derive(Debug)]
pub(super) struct Segmented<S> {
    hashes: DefaultHashBuilder,
    segments: Vec<S>,
    count: usize,
    /// The segment to be forgotten next.
    next: usize,
}

impl<S: Segment> Default for Segmented<S> {
    fn default() -> Segmented<S> {
        let segments = std::iter::repeat_with(S::default).take(SEGMENTS).collect();
        Segmented { hashes: DefaultHashBuilder::default(), segments, count: 0, next: 0 }
    }
}

impl<S: Segment> Segmented<S> {
    pub(super) fn of(&self, key: impl std::hash::Hash) -> (Option<&S>, u64) {
        let hash = self.hashes.hash_one(key);
        (self.segments.get(segment_of(hash)), hash)
    }

    pub(super) fn change(&mut self, key: impl std::hash::Hash, change: impl FnOnce(&mut S, u64, &DefaultHashBuilder)) {
        let hash = self.hashes.hash_one(key);
        if let Some(segment) = self.segments.get_mut(segment_of(hash)) {
            let before = segment.count();
            change(segment, hash, &self.hashes);
            self.count = (self.count + segment.count()).saturating_sub(before);
        }
    }

    pub(super) fn make_room(&mut self, count_max: usize) {
        while self.count > count_max {
            self.next = (self.next + 1) % SEGMENTS;
            if let Some(segment) = self.segments.get_mut(self.next) {
                self.count = self.count.saturating_sub(segment.count());
                *segment = S::default();
            }
        }
    }
}

/// By bits that the tables themselves do not look at: they take those at both ends. The last segment gets twice as much
/// as the first and each a little more than the one before it, so they double in turn, and two thirds of all places are
/// taken whatever their number.
fn segment_of(hash: u64) -> usize {
    let share = ((hash >> 24) & u64::from(u32::MAX)) as f64 / (f64::from(u32::MAX) + 1.0);
    ((1.0 + share).log2() * SEGMENTS as f64) as usize
}

/// Names, each behind its length, and where each begins.
#[derive(Debug, Default)]
struct NameSegment {
    names: Vec<u8>,
    places: HashTable<NamePlace>,
}

#[derive(Copy, Clone, Debug)]
struct NamePlace {
    from: u32,
    key: DeviceKey,
}

impl Segment for NameSegment {
    fn count(&self) -> usize {
        self.places.len()
    }
}

impl NameSegment {
    fn find(&self, hash: u64, name: &[u8]) -> Option<DeviceKey> {
        self.places.find(hash, |place| name_at(&self.names, *place) == name).map(|place| place.key)
    }

    fn insert(&mut self, hash: u64, name: &[u8], key: DeviceKey, hash_of: impl Fn(&[u8]) -> u64) {
        let NameSegment { names, places } = self;
        if let Some(place) = places.find_mut(hash, |place| name_at(names, *place) == name) {
            place.key = key;
            return;
        }
        // A name has at most 64 bytes, so both fit; one that did not would be looked up each time.
        let (Ok(from), Ok(length)) = (u32::try_from(names.len()), u8::try_from(name.len())) else { return };
        if names.capacity() < names.len() + 1 + name.len() {
            // Doubling would leave half of it unused.
            names.reserve_exact(1_024 + names.len() / 8);
        }
        names.push(length);
        names.extend_from_slice(name);
        places.insert_unique(hash, NamePlace { from, key }, |place| hash_of(name_at(names, *place)));
    }
}

fn name_at(names: &[u8], place: NamePlace) -> &[u8] {
    let from = usize::try_from(place.from).unwrap_or(usize::MAX);
    let found = names.get(from..).and_then(<[u8]>::split_first);
    found.and_then(|(length, rest)| rest.get(..usize::from(*length))).unwrap_or_default()
}

/// A series and its state. The end is kept as bytes, or the entry would be rounded up to 24.
#[derive(Copy, Clone, Debug)]
struct SeriesEntry {
    device: DeviceKey,
    id: SeriesId,
    last_us: [u8; 8],
    metric: MetricId,
    statistic: Statistic,
}

impl Segment for HashTable<SeriesEntry> {
    fn count(&self) -> usize {
        self.len()
    }
}

impl SeriesEntry {
    /// No moment: before all that there are.
    const NEVER_US: i64 = i64::MIN;

    fn new(key: &SeriesKey, state: SeriesState) -> SeriesEntry {
        let last_us = state.last.map_or(SeriesEntry::NEVER_US, Timestamp::micros).to_ne_bytes();
        SeriesEntry { device: key.device, id: state.id, last_us, metric: key.metric, statistic: key.statistic }
    }

    fn key(&self) -> SeriesKey {
        SeriesKey { device: self.device, metric: self.metric, statistic: self.statistic }
    }

    fn state(&self) -> SeriesState {
        SeriesState { id: self.id, last: Timestamp::from_micros(i64::from_ne_bytes(self.last_us)).ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    fn device(n: i32) -> DeviceId {
        DeviceId::parse(&format!("hub-{n:07}")).unwrap()
    }

    fn key(device: i32, statistic: &str) -> SeriesKey {
        let statistic = Statistic::parse(statistic).unwrap_or_default();
        SeriesKey { device: DeviceKey(device), metric: MetricId(10), statistic }
    }

    fn state(id: i32, second: Option<i64>) -> SeriesState {
        let at = |second| Timestamp::from_micros(1_795_428_000_000_000 + second * 1_000_000).unwrap();
        SeriesState { id: SeriesId(id), last: second.map(at) }
    }

    /// Bytes of both, as allocated.
    fn bytes(devices: &DeviceMemory, series: &SeriesMemory) -> usize {
        let names: usize =
            devices.0.segments.iter().map(|one| one.names.capacity() + one.places.allocation_size()).sum();
        names + series.0.segments.iter().map(HashTable::allocation_size).sum::<usize>()
    }

    #[test]
    fn a_device_with_a_series_takes_few_bytes_and_the_same_however_many_there_are() {
        assert_eq!((size_of::<NamePlace>(), size_of::<SeriesEntry>()), (8, 20));
        let (mut devices, mut series) = (DeviceMemory::default(), SeriesMemory::default());
        let mut peak = 0;
        let count = 200_000;
        for n in 0..count {
            devices.insert(&device(n), DeviceKey(n));
            series.insert(&key(n, ""), state(n, Some(0)));
            if n % 1_000 == 999 {
                let each = bytes(&devices, &series) / usize::try_from(n + 1).unwrap();
                peak = if n < count / 2 { 0 } else { peak.max(each) };
            }
        }
        // Places for entries of 8 and 20 bytes of which two thirds are taken, and a name of 11 bytes behind its length.
        assert!((55..=68).contains(&peak), "{peak} bytes");
        assert_eq!(devices.get(&device(123_456)), Some(DeviceKey(123_456)));
        assert_eq!(series.get(&key(123_456, "")), Some(state(123_456, Some(0))));
    }

    #[test]
    fn more_than_the_limit_is_forgotten_by_small_parts_and_what_stays_is_right() {
        let (mut devices, mut series) = (DeviceMemory::default(), SeriesMemory::default());
        for n in 0..10_000 {
            devices.insert(&device(n), DeviceKey(n));
            series.insert(&key(n, ""), state(n, None));
        }
        devices.make_room(9_000);
        series.make_room(9_000);
        let left = (0..10_000).filter(|n| devices.get(&device(*n)) == Some(DeviceKey(*n))).count();
        assert_eq!(left, devices.0.count);
        assert!((8_600..=9_000).contains(&left), "{left}");
        let left = (0..10_000).filter(|n| series.get(&key(*n, "")) == Some(state(*n, None))).count();
        assert_eq!(left, series.0.count);
        assert!((8_600..=9_000).contains(&left), "{left}");
        devices.make_room(0);
        series.make_room(0);
        assert_eq!(bytes(&devices, &series), 0);
    }

    #[test]
    fn names_of_one_hash_are_kept_apart() {
        let mut segment = NameSegment::default();
        for (name, key) in [("a", 1), ("b", 2), ("ab", 3), ("a", 4)] {
            segment.insert(7, name.as_bytes(), DeviceKey(key), |_| 7);
        }
        let found = ["a", "b", "ab", "c"].map(|name| segment.find(7, name.as_bytes()).map(|key| key.0));
        assert_eq!(found, [Some(4), Some(2), Some(3), None]);
    }

    proptest! {
        #[test]
        fn it_remembers_what_a_map_does(
            steps in prop::collection::vec((0..4_u8, 0..6, prop::option::of(0..50_i64)), 0..200)
        ) {
            let (mut memory, mut model) = (SeriesMemory::default(), HashMap::new());
            for (step, n, second) in steps {
                let key = key(n / 2, if n % 2 == 0 { "" } else { "maximum" });
                match (step, state(n, second).last) {
                    (0 | 1, _) => {
                        memory.insert(&key, state(n, second));
                        model.insert(key, state(n, second));
                    }
                    (2, Some(last)) => {
                        memory.store(&key, last);
                        model.entry(key).and_modify(|state: &mut SeriesState| state.last = state.last.max(Some(last)));
                    }
                    _ => {
                        memory.forget(&key);
                        model.remove(&key);
                    }
                }
                prop_assert_eq!(memory.get(&key), model.get(&key).copied());
                prop_assert_eq!(memory.0.count, model.len());
            }
        }
    }
}
