//! Sample: one valid value at one time, or over one interval; and the run of samples in which they travel.

use super::origin::{Origin, Origins, Revision};
use super::time::{DAY_US, Day, Timestamp};

/// What is known against a sample that is kept all the same.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u8);

impl Flags {
    /// Nothing is known against it.
    pub const NONE: Flags = Flags(0);
    /// Outside the soft range: possible, but unlikely.
    pub const UNLIKELY: Flags = Flags(1);
    /// The payload gave no time of the measurement; the time of its creation stands in.
    pub const TIME_ASSUMED: Flags = Flags(2);
    /// Below what its sensor can measure: the value is that limit, and no measurement.
    pub const BELOW_RANGE: Flags = Flags(4);
    /// Above what its sensor can measure: the value is that limit, and no measurement.
    pub const ABOVE_RANGE: Flags = Flags(8);
    /// Long before its device can have measured anything.
    pub const BEFORE_DEVICE: Flags = Flags(16);

    /// Each flag with its word in SQL and in files.
    const WORDS: [(Flags, &str); 5] = [
        (Flags::UNLIKELY, "unlikely_value"),
        (Flags::TIME_ASSUMED, "time_assumed"),
        (Flags::BELOW_RANGE, "below_range"),
        (Flags::ABOVE_RANGE, "above_range"),
        (Flags::BEFORE_DEVICE, "before_device"),
    ];

    /// The words of those that are set, by their bits.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        Flags::WORDS.into_iter().filter(move |(flag, _)| self.0 & flag.0 != 0).map(|(_, word)| word)
    }

    /// Those that have a word: a later version may have written others.
    pub fn known(self) -> Flags {
        Flags::WORDS.iter().fold(Flags::NONE, |known, (flag, _)| known.and(Flags(self.0 & flag.0)))
    }

    /// The flag of a word.
    pub fn parse(word: &str) -> Option<Flags> {
        Flags::WORDS.iter().find(|(_, known)| *known == word).map(|(flag, _)| *flag)
    }

    /// Both sets of flags.
    pub fn and(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// Those by which the value is a limit of the sensor.
    pub fn bounds(self) -> Flags {
        Flags(self.0 & (Flags::BELOW_RANGE.0 | Flags::ABOVE_RANGE.0))
    }

    /// True where the value is a limit of the sensor, and no number that it measured.
    pub fn is_bound(self) -> bool {
        self.bounds() != Flags::NONE
    }
}

/// One value at one time, or over `[start, start + span)`.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct Sample {
    /// When it was measured, or when its interval began.
    pub start: Timestamp,
    /// Microseconds that its interval lasted; `None` for an instant.
    pub span_us: Option<i64>,
    /// In the catalogue's unit; for a coded metric, the place of the code in the catalogue's list.
    pub value: f64,
    /// What is known against it.
    pub flags: Flags,
    /// How it came.
    pub origin: Origin,
}

/// What makes a sample the same as another of its series: no two stored samples share it.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SampleKey {
    start: Timestamp,
    /// An instant sorts before every interval that begins with it.
    span_us: Option<i64>,
}

impl Sample {
    /// The key within its series.
    pub fn key(&self) -> SampleKey {
        SampleKey { start: self.start, span_us: self.span_us }
    }

    /// When its interval ended; `None` for an instant.
    pub fn end(&self) -> Option<Timestamp> {
        self.span_us.map(|span_us| self.start.plus_micros(span_us))
    }
}

/// When the samples of a run were measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Times {
    /// One every `period_us`, from `start` on.
    Regular {
        /// The first sample's time.
        start: Timestamp,
        /// Microseconds from one sample to the next; above zero.
        period_us: i64,
    },
    /// Each at its own time, in the order in which they came.
    At(Vec<Timestamp>),
}

/// How long the samples of a run lasted.
#[derive(Clone, Debug, PartialEq)]
pub enum Spans {
    /// Instants.
    None,
    /// Each as many microseconds as this.
    Each(i64),
    /// Each as long as its own entry; `None` for an instant.
    Own(Vec<Option<i64>>),
}

/// Samples of one series as they came in one message: columns of equal length.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// When they were measured.
    pub times: Times,
    /// How long each lasted.
    pub spans: Spans,
    /// The values, in the catalogue's unit.
    pub values: Vec<f64>,
    /// What is known against each; empty where nothing is known against any.
    pub flags: Vec<Flags>,
    /// How each came.
    pub origins: Origins,
}

impl Times {
    /// The time of sample `index`; `None` past the end of a list.
    pub fn at(&self, index: usize) -> Option<Timestamp> {
        match self {
            Times::Regular { start, period_us } => {
                let steps = i64::try_from(index).ok()?;
                Some(start.plus_micros(period_us.saturating_mul(steps)))
            }
            Times::At(times) => times.get(index).copied(),
        }
    }
}

impl Spans {
    /// Microseconds that sample `index` lasted; `None` for an instant.
    pub fn at(&self, index: usize) -> Option<i64> {
        match self {
            Spans::None => None,
            Spans::Each(span_us) => Some(*span_us),
            Spans::Own(spans) => spans.get(index).copied().flatten(),
        }
    }
}

impl Run {
    /// The lowest revision of its samples; `None` where one of them counts none, or there are none.
    pub fn lowest_revision(&self) -> Option<Revision> {
        self.origins.runs(self.len()).map(|(_, origin)| origin.revision).min().flatten()
    }

    /// How many samples it holds.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True where it holds none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The first sample's time, as they came.
    pub fn first(&self) -> Option<Timestamp> {
        if self.is_empty() { None } else { self.times.at(0) }
    }

    /// The last sample's time, as they came.
    pub fn last(&self) -> Option<Timestamp> {
        self.times.at(self.len().checked_sub(1)?)
    }

    /// True where each sample begins after the one before it, so that no two can share a key.
    pub fn is_rising(&self) -> bool {
        match &self.times {
            Times::Regular { .. } => true,
            Times::At(times) => times.is_sorted_by(|earlier, later| earlier < later),
        }
    }

    /// The UTC days in which its samples begin, in the order in which they came; a day may come again.
    pub fn days(&self) -> impl Iterator<Item = Day> + '_ {
        // Samples at most a day apart leave no day out, so that the ends of a long run tell all of its days.
        let within = match self.times {
            Times::Regular { period_us, .. } if period_us <= DAY_US => self.first().zip(self.last()),
            _ => None,
        };
        let between = within.into_iter().flat_map(|(first, last)| {
            std::iter::successors(Some(first.day()), move |day| Some(day.next()).filter(|next| *next <= last.day()))
        });
        let listed = if within.is_some() { 0 } else { self.len() };
        let mut before = None;
        between.chain((0..listed).filter_map(|index| self.times.at(index)).filter_map(move |start| {
            let day = start.day();
            (before.replace(day) != Some(day)).then_some(day)
        }))
    }

    /// The samples one by one, as they came.
    pub fn samples(&self) -> impl Iterator<Item = Sample> + '_ {
        self.values.iter().zip(self.origins.each(self.len())).enumerate().filter_map(|(index, (value, origin))| {
            Some(Sample {
                start: self.times.at(index)?,
                span_us: self.spans.at(index),
                value: *value,
                flags: self.flags.get(index).copied().unwrap_or_default(),
                origin,
            })
        })
    }

    /// A run of these samples, in their order.
    pub fn of(samples: &[Sample]) -> Run {
        let spans = match samples.first() {
            Some(first) if samples.iter().all(|sample| sample.span_us == first.span_us) => {
                first.span_us.map_or(Spans::None, Spans::Each)
            }
            _ => Spans::Own(samples.iter().map(|sample| sample.span_us).collect()),
        };
        let flagged = samples.iter().any(|sample| sample.flags != Flags::NONE);
        let mut origins = Origins::default();
        samples.iter().enumerate().for_each(|(place, sample)| origins.push(place, 1, sample.origin));
        Run {
            times: Times::At(samples.iter().map(|sample| sample.start).collect()),
            spans,
            values: samples.iter().map(|sample| sample.value).collect(),
            flags: if flagged { samples.iter().map(|sample| sample.flags).collect() } else { Vec::new() },
            origins,
        }
    }
}
