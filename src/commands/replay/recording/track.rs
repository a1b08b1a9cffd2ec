//! Track: one metric of one device, by time; and what waits in it until its file is read to the end.
//!
//! Local times are resolved as a whole (`local_time`), so they wait, in the order of their file, beside their values.

use std::borrow::Cow;

use bytes::Bytes;

use crate::commands::replay::local_time::{ClockHabit, Resolved, SeriesTimes};
use crate::formats::Values;
use crate::formats::batch::write::{self, Series};

/// Samples of one series in one message.
pub const SAMPLES_PER_MESSAGE: usize = 600;

/// What a column of a file measures.
#[derive(Debug, PartialEq)]
pub struct Measure {
    /// The catalogue's name.
    pub metric: &'static str,
    /// The file's unit, where it is not the catalogue's.
    pub unit: Option<&'static str>,
    /// Microseconds that each sample lasts; `None` for instants.
    pub span_us: Option<i64>,
    /// True where its values are codes of the catalogue.
    pub is_coded: bool,
    /// How its local times follow the clock.
    pub habit: ClockHabit,
}

impl Measure {
    /// Numbers at moments, which a sensor measures on and on.
    pub(in crate::commands::replay) const fn instants(metric: &'static str, unit: Option<&'static str>) -> Measure {
        Measure { metric, unit, span_us: None, is_coded: false, habit: ClockHabit::Sensor }
    }
}

/// What a row says.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(in crate::commands::replay) enum RowValue {
    /// A finite number.
    Number(f64),
    /// A code of the catalogue.
    Code(&'static str),
    /// Below what the device can measure.
    Low,
    /// Above what the device can measure.
    High,
    /// Nothing; its time still shows that the device ran.
    NotMeasured,
}

/// The values of a track, in half the memory of those of a reading. Bounds are infinite numbers, which the
/// batch writes in words; what was not measured is no number, or an empty code, and goes no further than its file.
#[derive(Debug)]
enum TrackValues {
    Numbers(Vec<f64>),
    Codes(Vec<&'static str>),
}

/// One metric of one device.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) device: usize,
    pub(super) what: &'static Measure,
    times: Vec<i64>,
    values: TrackValues,
    /// By the lanes of the file: series that the device writes side by side.
    waiting: Vec<Waiting>,
}

/// Samples of one lane of one file, whose times are not resolved yet.
#[derive(Debug)]
struct Waiting {
    times: SeriesTimes,
    /// The lines of `times.doubtful`.
    lines: Vec<u64>,
    session: u64,
    values: TrackValues,
}

/// A time that waits.
#[derive(Copy, Clone, Debug)]
pub(super) struct WaitingTime {
    pub(super) wall: i64,
    /// The line, where the clock did not show the time once.
    pub(super) doubtful_line: Option<u64>,
    pub(super) session: u64,
    pub(super) lane: usize,
}

impl TrackValues {
    fn push(&mut self, value: RowValue) {
        match self {
            TrackValues::Numbers(numbers) => numbers.push(match value {
                RowValue::Number(number) => number,
                RowValue::Low => f64::NEG_INFINITY,
                RowValue::High => f64::INFINITY,
                RowValue::Code(_) | RowValue::NotMeasured => f64::NAN,
            }),
            TrackValues::Codes(codes) => codes.push(if let RowValue::Code(code) = value { code } else { "" }),
        }
    }

    /// An empty list of the same kind.
    fn empty(&self) -> TrackValues {
        match self {
            TrackValues::Numbers(_) => TrackValues::Numbers(Vec::new()),
            TrackValues::Codes(_) => TrackValues::Codes(Vec::new()),
        }
    }
}

impl Track {
    /// An empty track.
    pub(super) fn new(device: usize, what: &'static Measure) -> Track {
        let values = if what.is_coded { TrackValues::Codes(Vec::new()) } else { TrackValues::Numbers(Vec::new()) };
        Track { device, what, times: Vec::new(), values, waiting: Vec::new() }
    }

    /// When its samples were measured.
    pub(super) fn times(&self) -> &[i64] {
        &self.times
    }

    /// Adds a value whose moment is known.
    pub(super) fn push(&mut self, moment: i64, value: RowValue) {
        self.times.push(moment);
        self.values.push(value);
    }

    /// Adds a value whose moment is to be found.
    pub(super) fn wait(&mut self, time: WaitingTime, value: RowValue) {
        while self.waiting.len() <= time.lane {
            let (times, values) = (SeriesTimes::default(), self.values.empty());
            self.waiting.push(Waiting { times, lines: Vec::new(), session: time.session, values });
        }
        let Some(waiting) = self.waiting.get_mut(time.lane) else { return };
        let place = waiting.times.walls.len();
        if place > 0 && waiting.session != time.session {
            waiting.times.sessions.push(place);
        }
        waiting.session = time.session;
        if let Some(line) = time.doubtful_line {
            waiting.times.doubtful.push(place);
            waiting.lines.push(line);
        }
        waiting.times.walls.push(time.wall);
        waiting.values.push(value);
    }

    /// True where something waits.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting.iter().any(|waiting| !waiting.times.walls.is_empty())
    }

    /// Finds the moments of what waits. `refuse` is told the line of each time that has none.
    pub(super) fn settle(
        &mut self,
        mut resolve: impl FnMut(SeriesTimes, ClockHabit) -> Resolved,
        mut refuse: impl FnMut(u64),
    ) {
        for waiting in std::mem::take(&mut self.waiting) {
            let Waiting { times, lines, values, .. } = waiting;
            let doubtful = times.doubtful.clone();
            let found = resolve(times, self.what.habit);
            let is_sound = |place: usize| found.refused.binary_search(&place).is_err();
            let mut keep = |place: usize, is_measured: bool| {
                if is_measured && !is_sound(place) {
                    let line = doubtful.binary_search(&place).ok().and_then(|index| lines.get(index));
                    refuse(line.copied().unwrap_or(0));
                }
                is_measured && is_sound(place)
            };
            let moments = found.moments.iter().copied().enumerate();
            match (&mut self.values, values) {
                (TrackValues::Numbers(all), TrackValues::Numbers(numbers)) => {
                    for ((place, moment), number) in moments.zip(numbers) {
                        if keep(place, !number.is_nan()) {
                            self.times.push(moment);
                            all.push(number);
                        }
                    }
                }
                (TrackValues::Codes(all), TrackValues::Codes(codes)) => {
                    for ((place, moment), code) in moments.zip(codes) {
                        if keep(place, !code.is_empty()) {
                            self.times.push(moment);
                            all.push(code);
                        }
                    }
                }
                _ => debug_assert!(false, "what waits is of the track's kind"),
            }
        }
    }

    /// The batch of the samples from place `from` on.
    pub(super) fn batch(&self, from: usize) -> Bytes {
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

    /// Brings the samples into the order of time; equal times keep the order of the file.
    pub(super) fn sort(&mut self) {
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
