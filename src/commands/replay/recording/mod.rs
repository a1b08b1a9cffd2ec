//! Recording: all that was read, and the messages made of it.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::ensure;
use bytes::Bytes;

use super::local_time::{LocalMoment, Wall, When, Zone, ZoneClock, resolve};
use crate::formats::{batch, omh, topic};
use crate::model::ids::{DeviceId, is_name};
use track::{Track, WaitingTime};

/// What was met while reading.
mod counts;

/// One metric of one device.
mod track;

#[cfg(test)]
mod tests;

pub use counts::{ReadCounts, RowRefusal};
pub(super) use track::RowValue;
pub use track::{Measure, SAMPLES_PER_MESSAGE};

/// Samples that one replay holds in memory: 1.6 GB.
pub const SAMPLES_MAX: u64 = 100_000_000;

/// Where a value belongs.
#[derive(Copy, Clone, Debug)]
pub(super) struct SampleSlot {
    pub(super) device: usize,
    pub(super) what: &'static Measure,
    pub(super) when: When,
    /// Which of the series that the device writes side by side.
    pub(super) lane: usize,
    /// Which session, by a number that differs from that of the next.
    pub(super) session: u64,
}

impl SampleSlot {
    /// The only lane of a file without sessions.
    pub(super) fn new(device: usize, what: &'static Measure, when: When) -> SampleSlot {
        SampleSlot { device, what, when, lane: 0, session: 0 }
    }
}

/// A message that the file holds as it is.
#[derive(Debug)]
struct RawMessage {
    device: usize,
    payload: Bytes,
    points: u64,
    /// When it was measured, in microseconds since 1970; 0 where it is unknown.
    at: i64,
}

/// All that was read.
#[derive(Debug, Default)]
pub struct Recording {
    devices: Vec<DeviceId>,
    device_by_name: HashMap<String, usize>,
    tracks: Vec<Track>,
    /// The places in `tracks` of each device.
    tracks_by_device: Vec<Vec<usize>>,
    /// The places in `tracks` of those in which samples of the present file wait for their moments.
    waiting: Vec<usize>,
    bodies: Vec<RawMessage>,
    samples: u64,
    clock: ZoneClock,
    file: PathBuf,
    line: u64,
    /// What was met while reading.
    pub tally: ReadCounts,
}

/// Why a time that was skipped is refused.
const NEVER_SHOWN: &str = "the device's clock never showed this time; is --zone right?";

/// One message to be: what it holds, and when its last sample was measured.
#[derive(Copy, Clone, Debug)]
pub struct Piece {
    /// Microseconds since 1970.
    pub due: i64,
    /// Which device, by its place.
    pub device: usize,
    part: Part,
}

#[derive(Copy, Clone, Debug)]
enum Part {
    Samples { track: usize, from: usize },
    Body(usize),
}

/// One message.
#[derive(Clone, Debug)]
pub struct ReplayMessage {
    /// Where it goes.
    pub topic: String,
    /// Its bytes.
    pub payload: Bytes,
}

impl Recording {
    /// An empty one, of devices whose clocks stood in this zone.
    pub(super) fn new(zone: &Zone) -> Recording {
        Recording { clock: ZoneClock::new(zone.clone()), ..Recording::default() }
    }

    /// The devices, as they were met.
    pub fn devices(&self) -> &[DeviceId] {
        &self.devices
    }

    /// How many samples were read; a body counts its data points.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// How many samples of each metric were read.
    pub fn samples_by_metric(&self) -> BTreeMap<&'static str, u64> {
        let mut counts = BTreeMap::new();
        for track in self.tracks.iter().filter(|track| !track.times().is_empty()) {
            *counts.entry(track.what.metric).or_default() += track.times().len() as u64;
        }
        counts
    }

    /// Every message, by the time of its last sample; each device's in order.
    pub fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (index, track) in self.tracks.iter().enumerate() {
            for (place, times) in track.times().chunks(SAMPLES_PER_MESSAGE).enumerate() {
                let part = Part::Samples { track: index, from: place * SAMPLES_PER_MESSAGE };
                pieces.push(Piece { due: times.last().copied().unwrap_or(0), device: track.device, part });
            }
        }
        let bodies = self.bodies.iter().enumerate();
        pieces.extend(bodies.map(|(place, body)| Piece { due: body.at, device: body.device, part: Part::Body(place) }));
        pieces.sort_by_key(|piece| piece.due);
        pieces
    }

    /// The message of a piece; `None` for a piece of another recording.
    pub fn message(&self, piece: &Piece, shard: &str) -> Option<ReplayMessage> {
        let source = self.devices.get(piece.device)?;
        let (payload, format) = match piece.part {
            Part::Samples { track, from } => (self.tracks.get(track)?.batch(from), &batch::FORMAT),
            Part::Body(place) => (self.bodies.get(place)?.payload.clone(), &omh::FORMAT),
        };
        Some(ReplayMessage { topic: topic::build(shard, source.as_str(), format), payload })
    }

    pub(super) fn begin_file(&mut self, path: &Path) {
        self.file = path.to_owned();
        self.line = 0;
    }

    /// Finds the moments of what the file has written in local times, and counts the file.
    pub(super) fn end_file(&mut self, is_ours: bool) -> anyhow::Result<()> {
        for place in std::mem::take(&mut self.waiting) {
            let Some(track) = self.tracks.get_mut(place) else { continue };
            let (before, file, clock, tally) = (track.times().len(), &self.file, &mut self.clock, &mut self.tally);
            let mut doubts = (0, 0);
            track.settle(
                |times, habit| {
                    let found = resolve(times, habit, clock);
                    doubts = (doubts.0 + found.assumed_first, doubts.1 + found.kept_offset);
                    found
                },
                |line| tally.refuse(NEVER_SHOWN, || format!("{}:{line}", file.display())),
            );
            self.tally.folded_times += doubts.0;
            self.tally.kept_offset_times += doubts.1;
            self.samples += (track.times().len() - before) as u64;
        }
        let counter = if is_ours { &mut self.tally.files } else { &mut self.tally.files_left_out };
        *counter += 1;
        ensure!(self.samples <= SAMPLES_MAX, "more than {SAMPLES_MAX} samples; replay fewer files at a time");
        Ok(())
    }

    pub(super) fn at_line(&mut self, line: u64) {
        self.line = line;
    }

    /// Counts a row or a value that cannot be read. `why` repeats nothing of the file.
    pub(super) fn refuse(&mut self, why: &str) {
        self.tally.refuse(why, || format!("{}:{}", self.file.display(), self.line));
    }

    /// Counts a row that says something else than what is replayed.
    pub(super) fn leave_out(&mut self) {
        self.tally.rows_left_out += 1;
    }

    /// The place of a device; `None`, and a refusal, where the name is none.
    pub(super) fn device(&mut self, name: &str) -> Option<usize> {
        if let Some(place) = self.device_by_name.get(name) {
            return Some(*place);
        }
        let Ok(device) = DeviceId::parse(name) else {
            self.refuse("the id must be at most 64 letters, digits, full stops, underscores or hyphens");
            return None;
        };
        self.devices.push(device);
        self.tracks_by_device.push(Vec::new());
        self.device_by_name.insert(name.to_owned(), self.devices.len() - 1);
        Some(self.devices.len() - 1)
    }

    /// Adds a value as the file writes it: empty is not measured, what is no number is refused.
    pub(super) fn add_text(&mut self, slot: SampleSlot, text: &str) {
        match number(text) {
            Ok(value) => self.add(slot, value),
            Err(why) => self.refuse(why),
        }
    }

    /// Adds what a row says.
    pub(super) fn add(&mut self, slot: SampleSlot, value: RowValue) {
        self.tally.not_measured += u64::from(value == RowValue::NotMeasured);
        debug_assert!(value == RowValue::NotMeasured || matches!(value, RowValue::Code(_)) == slot.what.is_coded);
        let Some(place) = self.track(slot.device, slot.what) else { return };
        let Some(track) = self.tracks.get_mut(place) else { return };
        match slot.when {
            When::Moment(_) if value == RowValue::NotMeasured => {}
            When::Moment(moment) => {
                track.push(moment, value);
                self.samples += 1;
            }
            When::Shown(wall) => {
                if !track.is_waiting() {
                    self.waiting.push(place);
                }
                let is_doubtful = !matches!(self.clock.at(wall), LocalMoment::Once(_));
                let Wall(wall) = wall;
                let doubtful_line = is_doubtful.then_some(self.line);
                track.wait(WaitingTime { wall, doubtful_line, session: slot.session, lane: slot.lane }, value);
            }
        }
    }

    /// The place of a track, which is made where there is none.
    fn track(&mut self, device: usize, what: &'static Measure) -> Option<usize> {
        let own = self.tracks_by_device.get_mut(device)?;
        let tracks = &mut self.tracks;
        let known = own
            .iter()
            .copied()
            .find(|place| tracks.get(*place).is_some_and(|track| std::ptr::eq(track.what, what) || track.what == what));
        Some(known.unwrap_or_else(|| {
            own.push(tracks.len());
            tracks.push(Track::new(device, what));
            tracks.len() - 1
        }))
    }

    /// Adds a message that the file holds as it is, under `source`.
    pub(super) fn add_body(&mut self, source: &str, payload: Bytes, points: u64, at: i64) {
        if let Some(device) = self.device(source) {
            self.bodies.push(RawMessage { device, payload, points, at });
            self.samples += points;
        }
    }

    /// Brings each track into the order of time; equal times keep the order of the file.
    pub(super) fn sort(&mut self) {
        self.tracks.iter_mut().for_each(Track::sort);
        self.bodies.sort_by_key(|body| body.at);
        debug_assert_eq!(
            self.samples,
            self.tracks.iter().map(|track| track.times().len() as u64).sum::<u64>()
                + self.bodies.iter().map(|body| body.points).sum::<u64>()
        );
    }
}

/// A number as files write it; empty, or a word for it, is not measured.
pub(super) fn number(text: &str) -> Result<RowValue, &'static str> {
    let text = text.trim();
    if text.is_empty() || ["NA", "NaN", "null", "N/A"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
        return Ok(RowValue::NotMeasured);
    }
    let number = text.parse().ok().filter(|number: &f64| number.is_finite());
    number.map(RowValue::Number).ok_or("a value must be a number")
}

/// `prefix-name` with what no device name can hold made a hyphen.
pub(super) fn device_name(prefix: &str, name: &str) -> String {
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    let name: String = name.chars().map(|letter| if is_fine(letter) { letter } else { '-' }).collect();
    let mut device = format!("{prefix}-{name}");
    device.truncate(crate::model::ids::NAME_BYTES_MAX);
    debug_assert!(is_name(&device));
    device
}
