//! Recording: all that was read, and the messages made of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::ensure;
use bytes::Bytes;

use super::local_time::LocalMoment;
use crate::formats::batch::write::{self, Series};
use crate::formats::{Values, batch, omh, topic};
use crate::model::ids::{DeviceId, is_name};

/// Samples of one series in one message.
pub const SAMPLES_PER_MESSAGE: usize = 600;
/// Samples that one replay holds in memory: 1.6 GB.
pub const SAMPLES_MAX: u64 = 100_000_000;

/// What a column of a file measures.
#[derive(Debug, PartialEq)]
pub struct Measure {
    /// The catalogue's name.
    pub metric: &'static str,
    /// The file's unit, where it is not the catalogue's.
    pub unit: Option<&'static str>,
    /// Microseconds that each sample lasts; `None` for instants.
    pub span_us: Option<i64>,
}

/// One metric of one device.
#[derive(Debug)]
struct Track {
    device: usize,
    what: &'static Measure,
    times: Vec<i64>,
    values: TrackValues,
}

/// The values of a track, in half the memory of those of a reading.
#[derive(Debug)]
enum TrackValues {
    Numbers(Vec<f64>),
    Codes(Vec<&'static str>),
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

/// What was met while reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadCounts {
    /// Files that were read.
    pub files: u64,
    /// Files that hold something else.
    pub files_left_out: u64,
    /// Rows or values that cannot be read.
    pub refused: u64,
    /// Where the first of them stands, and what is wrong with it.
    pub first_refusal: Option<String>,
    /// Slots that are empty, or marked as not measured.
    pub not_measured: u64,
    /// Times that the device's clock showed twice.
    pub folded_times: u64,
}

/// All that was read.
#[derive(Debug, Default)]
pub struct Recording {
    devices: Vec<DeviceId>,
    device_by_name: HashMap<String, usize>,
    tracks: Vec<Track>,
    /// The places in `tracks` of each device.
    tracks_by_device: Vec<Vec<usize>>,
    bodies: Vec<RawMessage>,
    samples: u64,
    file: PathBuf,
    line: u64,
    /// What was met while reading.
    pub tally: ReadCounts,
}

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
        for track in &self.tracks {
            *counts.entry(track.what.metric).or_default() += track.times.len() as u64;
        }
        counts
    }

    /// Every message, by the time of its last sample; each device's in order.
    pub fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (index, track) in self.tracks.iter().enumerate() {
            for (place, times) in track.times.chunks(SAMPLES_PER_MESSAGE).enumerate() {
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

    pub(super) fn end_file(&mut self, is_ours: bool) -> anyhow::Result<()> {
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
        self.tally.refused += 1;
        if self.tally.first_refusal.is_none() {
            self.tally.first_refusal = Some(format!("{}:{}: {why}", self.file.display(), self.line));
        }
    }

    /// Counts explicit markers of no number.
    pub(super) fn not_measured(&mut self) {
        self.tally.not_measured += 1;
    }

    /// The moment at which a device's clock showed a time; counts the doubtful ones.
    pub(super) fn moment(&mut self, shown: LocalMoment) -> Option<i64> {
        match shown {
            LocalMoment::Once(moment) => Some(moment),
            LocalMoment::Twice(moment) => {
                self.tally.folded_times += 1;
                Some(moment)
            }
            LocalMoment::Never => {
                self.refuse("the device's clock never showed this time; is --zone right?");
                None
            }
        }
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
    pub(super) fn add_text(&mut self, device: usize, what: &'static Measure, at: i64, text: &str) {
        let text = text.trim();
        if text.is_empty() || ["NA", "NaN", "null", "N/A"].iter().any(|word| text.eq_ignore_ascii_case(word)) {
            return self.not_measured();
        }
        match text.parse::<f64>() {
            Ok(value) if value.is_finite() => self.add(device, what, at, value),
            _ => self.refuse("a value must be a number"),
        }
    }

    pub(super) fn add(&mut self, device: usize, what: &'static Measure, at: i64, value: f64) {
        let samples = &mut self.samples;
        let Some(track) = find_track(&mut self.tracks, &mut self.tracks_by_device, device, what) else { return };
        if let TrackValues::Numbers(numbers) = &mut track.values {
            track.times.push(at);
            numbers.push(value);
            *samples += 1;
        }
    }

    pub(super) fn add_code(&mut self, device: usize, what: &'static Measure, at: i64, code: &'static str) {
        let samples = &mut self.samples;
        let Some(track) = find_track(&mut self.tracks, &mut self.tracks_by_device, device, what) else { return };
        if track.times.is_empty() {
            track.values = TrackValues::Codes(Vec::new());
        }
        if let TrackValues::Codes(codes) = &mut track.values {
            track.times.push(at);
            codes.push(code);
            *samples += 1;
        }
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
            self.tracks.iter().map(|track| track.times.len() as u64).sum::<u64>()
                + self.bodies.iter().map(|body| body.points).sum::<u64>()
        );
    }
}

fn find_track<'a>(
    tracks: &'a mut Vec<Track>,
    by_device: &mut [Vec<usize>],
    device: usize,
    what: &'static Measure,
) -> Option<&'a mut Track> {
    let own = by_device.get_mut(device)?;
    let known = own.iter().copied().find(|place| tracks.get(*place).is_some_and(|track| track.what == what));
    let place = known.unwrap_or_else(|| {
        own.push(tracks.len());
        tracks.push(Track { device, what, times: Vec::new(), values: TrackValues::Numbers(Vec::new()) });
        tracks.len() - 1
    });
    tracks.get_mut(place)
}

impl Track {
    /// The batch of the samples from place `from` on.
    fn batch(&self, from: usize) -> Bytes {
        let to = (from + SAMPLES_PER_MESSAGE).min(self.times.len());
        let times = self.times.get(from..to).unwrap_or_default().to_vec();
        let ends = self.what.span_us.map(|span_us| times.iter().map(|time| time + span_us).collect());
        let values = match &self.values {
            TrackValues::Numbers(numbers) => Values::Numbers(numbers.get(from..to).unwrap_or_default().to_vec()),
            TrackValues::Codes(codes) => {
                let codes = codes.get(from..to).unwrap_or_default();
                Values::Codes(codes.iter().copied().map(Cow::Borrowed).collect())
            }
        };
        let Measure { metric, unit, .. } = *self.what;
        let (unit, ends) = (unit.map(Cow::Borrowed), ends.unwrap_or_default());
        write::write([&Series { unit, ends, ..Series::new(metric, times, values) }])
    }

    fn sort(&mut self) {
        if self.times.is_sorted() {
            return;
        }
        let mut order: Vec<usize> = (0..self.times.len()).collect();
        order.sort_by_key(|place| self.times.get(*place));
        self.times.sort();
        match &mut self.values {
            TrackValues::Numbers(numbers) => *numbers = taken(numbers, &order),
            TrackValues::Codes(codes) => *codes = taken(codes, &order),
        }
    }
}

fn taken<T: Copy>(items: &[T], order: &[usize]) -> Vec<T> {
    order.iter().filter_map(|place| items.get(*place).copied()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    static STEPS: Measure = Measure { metric: "step_count", unit: None, span_us: Some(60_000_000) };

    #[test]
    fn a_track_is_sorted_and_equal_times_keep_the_order_of_the_file() {
        let mut recording = Recording::default();
        let device = recording.device("d").unwrap();
        for (at, value) in [(60, 2.0), (0, 1.0), (60, 3.0), (30, 4.0)] {
            recording.add(device, &STEPS, at * 1_000_000, value);
        }
        recording.sort();
        let pieces = recording.pieces();
        let message = recording.message(&pieces[0], "main").unwrap();
        assert_eq!(message.topic, "ht/1/main/d/batch");
        let text = String::from_utf8(message.payload.to_vec()).unwrap();
        assert!(text.contains(r#""times":[0,30000,60000,60000]"#), "{text}");
        assert!(text.contains(r#""ends":[60000,90000,120000,120000],"values":[1,4,2,3]"#), "{text}");
    }

    #[test]
    fn long_tracks_are_cut_and_each_piece_is_due_with_its_last_sample() {
        let mut recording = Recording::default();
        for (name, offset) in [("a", 0), ("b", 500)] {
            let device = recording.device(name).unwrap();
            (0..1_300).for_each(|second| recording.add(device, &STEPS, offset + second, 1.0));
        }
        let dues: Vec<(i64, usize)> = recording.pieces().iter().map(|piece| (piece.due, piece.device)).collect();
        assert_eq!(dues, [(599, 0), (1_099, 1), (1_199, 0), (1_299, 0), (1_699, 1), (1_799, 1)]);
    }

    #[test]
    fn a_name_from_a_folder_is_made_one_that_can_be_a_device() {
        assert_eq!(device_name("empatica", "session 1 (left)"), "empatica-session-1--left-");
        assert_eq!(device_name("omh", &"é".repeat(100)).len(), 64);
    }
}
