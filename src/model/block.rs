//! Block: a run of samples of one series as one row of `signal.block`.
//!
//! # Why
//! One row a sample costs 52 to 90 bytes and an index entry each; a block of 60 costs 14 bytes a sample and is written
//! sixteen times faster beside the same unique index. Hubs send runs, so the data already comes in blocks.
//!
//! A block is FHIR SampledData in shape: origin, period, data. Time is `start + tick · place` where the samples lie
//! evenly, else `start + tick · (gap₁ + … + gapₙ)`: gaps stay small numbers, which Postgres compresses to half of
//! what offsets from the start take (3.5 against 7.9 bytes a sample on heart rate every 5 to 15 s, 240 values a block).
//!
//! Invariant: the blocks of one series never overlap, and no block crosses midnight UTC, so a sample's day decides its
//! chunk and a query for a day reads that day's blocks alone.

use super::origin::Origins;
use super::sample::{Flags, Run, Sample, Spans, Times};
use super::time::{SECOND_US, Timestamp};

/// The most samples in one block: a page of Postgres holds 8 kB, and longer rows are split and compressed at a price.
pub const BLOCK_SAMPLES_MAX: usize = 4_096;

/// Two evenly spaced runs with a gap between them stay two blocks from this length on; shorter ones share a row, since
/// the row itself costs as much as the gaps of 30 samples.
const EVEN_STRETCH_SAMPLES_MIN: usize = 32;

/// One row of `signal.block`, less its series.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The first sample's start.
    pub start: Timestamp,
    /// The last sample's start.
    pub stop: Timestamp,
    /// Microseconds between samples where they are evenly spaced; else the unit of `gaps`.
    pub tick_us: i64,
    /// Ticks from the sample before, the first being 0; `None` where the samples are evenly spaced.
    pub gaps: Option<Vec<i32>>,
    /// How long each sample lasted.
    pub spans: Spans,
    /// The values, in the catalogue's unit.
    pub values: Vec<f64>,
    /// What is known against each; empty where nothing is known against any.
    pub flags: Vec<Flags>,
    /// How each came.
    pub origins: Origins,
}

impl Block {
    /// The samples one by one, in order of time.
    pub fn samples(&self) -> impl Iterator<Item = Sample> + '_ {
        let mut ticks = 0_i64;
        self.values.iter().zip(self.origins.each(self.len())).enumerate().map(move |(index, (value, origin))| {
            ticks = match &self.gaps {
                None => i64::try_from(index).unwrap_or(i64::MAX),
                Some(gaps) => ticks + gaps.get(index).copied().map_or(0, i64::from),
            };
            Sample {
                start: self.start.plus_micros(self.tick_us.saturating_mul(ticks)),
                span_us: self.spans.at(index),
                value: *value,
                flags: self.flags.get(index).copied().unwrap_or_default(),
                origin,
            }
        })
    }

    /// When each sample begins.
    pub fn starts(&self) -> Vec<Timestamp> {
        let at = |ticks: i64| self.start.plus_micros(self.tick_us.saturating_mul(ticks));
        match &self.gaps {
            None => (0..self.values.len()).map(|place| at(i64::try_from(place).unwrap_or(i64::MAX))).collect(),
            Some(gaps) => {
                let ticks = gaps.iter().scan(0_i64, |ticks, gap| {
                    *ticks += i64::from(*gap);
                    Some(*ticks)
                });
                ticks.map(at).collect()
            }
        }
    }

    /// How many samples it holds.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// True where it holds none; no stored block is.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

/// Joins runs of one series, handed over in rising order of time, into blocks.
#[derive(Debug)]
pub struct BlockBuilder {
    open: Option<Open>,
    done: Vec<Block>,
    samples_max: usize,
}

impl Default for BlockBuilder {
    /// One whose blocks are as long as they may be.
    fn default() -> BlockBuilder {
        BlockBuilder::of_at_most(BLOCK_SAMPLES_MAX)
    }
}

/// The block that still grows.
#[derive(Debug)]
struct Open {
    times: Grid,
    last: Timestamp,
    /// The longest step between two samples, and whether every step is whole milliseconds: what decides the tick.
    step_us_max: i64,
    whole_millis: bool,
    spans: Spans,
    values: Vec<f64>,
    flags: Vec<Flags>,
    origins: Origins,
}

/// The times of the open block's samples.
#[derive(Debug)]
enum Grid {
    /// One sample: any distance to the next will do.
    One(Timestamp),
    Even {
        start: Timestamp,
        period_us: i64,
    },
    Listed(Vec<Timestamp>),
}

impl BlockBuilder {
    /// One whose blocks hold up to `samples_max` samples; only samples that begin together are never parted.
    pub fn of_at_most(samples_max: usize) -> BlockBuilder {
        BlockBuilder { open: None, done: Vec::new(), samples_max: samples_max.min(BLOCK_SAMPLES_MAX) }
    }

    /// Adds a run whose samples begin after all that was added before, each after the one before it.
    ///
    /// Equal starts (intervals of several lengths from one moment) may follow one another only through `add_samples`.
    pub fn add_run(&mut self, run: &Run) {
        match &run.times {
            Times::Regular { period_us, .. } => self.add_even(*period_us, run),
            Times::At(_) => run.samples().for_each(|sample| self.add_sample(&sample)),
        }
    }

    /// Adds samples sorted by their key, none of which begins before what was added before.
    pub fn add_samples(&mut self, samples: &[Sample]) {
        samples.iter().for_each(|sample| self.add_sample(sample));
    }

    /// The blocks, in order of time.
    pub fn finish(mut self) -> Vec<Block> {
        self.close();
        self.done
    }

    /// The fast way: an evenly spaced run is appended column by column, cut only at midnight and at the longest block.
    fn add_even(&mut self, period_us: i64, run: &Run) {
        let mut from = 0_usize;
        while from < run.len() {
            let Some(first) = run.times.at(from) else { return };
            let to = from + even_samples_today(first, period_us, run.len() - from);
            let room = self.samples_max;
            let joined = self.open.as_mut().and_then(|open| open.extend_even(first, period_us, run, (from, to), room));
            from = match joined {
                Some(taken) => from + taken,
                None => {
                    self.close();
                    let to = to.min(from + self.samples_max);
                    self.open = Some(Open::even(first, period_us, run, from, to));
                    to
                }
            };
        }
    }

    fn add_sample(&mut self, sample: &Sample) {
        let joined = self.open.as_mut().is_some_and(|open| open.push(sample, self.samples_max));
        if !joined {
            self.close();
            self.open = Some(Open {
                times: Grid::One(sample.start),
                last: sample.start,
                step_us_max: 0,
                whole_millis: true,
                spans: sample.span_us.map_or(Spans::None, Spans::Each),
                values: vec![sample.value],
                flags: if sample.flags == Flags::NONE { Vec::new() } else { vec![sample.flags] },
                origins: Origins::Each(sample.origin),
            });
        }
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.done.push(open.into_block());
        }
    }
}

/// How many of `count` samples from `first` on begin before midnight.
fn even_samples_today(first: Timestamp, period_us: i64, count: usize) -> usize {
    let until_midnight_us = first.day().next().start().micros_since(first);
    let today = (until_midnight_us.max(1) - 1) / period_us.max(1) + 1;
    usize::try_from(today).map_or(count, |today| today.min(count)).max(1)
}

impl Open {
    fn even(start: Timestamp, period_us: i64, run: &Run, from: usize, to: usize) -> Open {
        let values = run.values.get(from..to).unwrap_or_default().to_vec();
        let count = values.len();
        let last = run.times.at(to.saturating_sub(1)).unwrap_or(start);
        Open {
            times: if count == 1 { Grid::One(start) } else { Grid::Even { start, period_us } },
            last,
            step_us_max: if count == 1 { 0 } else { period_us },
            whole_millis: count == 1 || period_us % 1_000 == 0,
            spans: spans_between(&run.spans, from, to),
            flags: run.flags.get(from..to).map(<[Flags]>::to_vec).unwrap_or_default(),
            origins: run.origins.between(from, to),
            values,
        }
    }

    /// Appends samples `from..to` of an even run where they continue this block evenly; how many were taken.
    fn extend_even(
        &mut self,
        first: Timestamp,
        period_us: i64,
        run: &Run,
        (from, to): (usize, usize),
        samples_max: usize,
    ) -> Option<usize> {
        let room = samples_max.checked_sub(self.values.len()).filter(|room| *room > 0)?;
        if first.day() != self.last.day() {
            return None;
        }
        let step_us = first.micros_since(self.last);
        let count = to - from;
        let continues = match self.times {
            Grid::One(start) if count == 1 || step_us == period_us => {
                self.times = Grid::Even { start, period_us: step_us };
                true
            }
            Grid::Even { period_us: own, .. } => step_us == own && (count == 1 || period_us == own),
            _ => false,
        };
        let taken = count.min(room);
        if !continues {
            let both_long = count >= EVEN_STRETCH_SAMPLES_MIN && self.is_long_even();
            let within_us = if count > 1 { period_us } else { step_us };
            if both_long || !self.can_list(&[step_us, within_us]) {
                return None;
            }
            let mut listed = self.take_list();
            listed.extend((from..from + taken).filter_map(|index| run.times.at(index)));
            self.times = Grid::Listed(listed);
        }
        self.note_step(step_us);
        if count > 1 {
            self.note_step(period_us);
        }
        self.last = run.times.at(from + taken - 1)?;
        let before = self.values.len();
        self.values.extend(run.values.get(from..from + taken).unwrap_or_default());
        self.join_spans(before, &spans_between(&run.spans, from, from + taken), taken);
        let flags = run.flags.get(from..from + taken).unwrap_or_default();
        self.join_flags(before, flags, taken);
        self.origins.append(before, &run.origins.between(from, from + taken), taken);
        Some(taken)
    }

    /// Appends one sample where it fits this block.
    fn push(&mut self, sample: &Sample, samples_max: usize) -> bool {
        if self.values.len() >= samples_max && sample.start > self.last {
            return false;
        }
        let step_us = sample.start.micros_since(self.last);
        if sample.start.day() != self.last.day() || !self.can_list(&[step_us]) {
            return false;
        }
        match &mut self.times {
            Grid::One(start) if step_us > 0 => self.times = Grid::Even { start: *start, period_us: step_us },
            Grid::Even { period_us, .. } if *period_us == step_us => {}
            Grid::Listed(times) => times.push(sample.start),
            _ => {
                let mut listed = self.take_list();
                listed.push(sample.start);
                self.times = Grid::Listed(listed);
            }
        }
        self.note_step(step_us);
        self.last = sample.start;
        let before = self.values.len();
        self.values.push(sample.value);
        self.join_spans(before, &sample.span_us.map_or(Spans::None, Spans::Each), 1);
        self.join_flags(before, &[sample.flags], 1);
        self.origins.push(before, 1, sample.origin);
        true
    }

    fn is_long_even(&self) -> bool {
        matches!(self.times, Grid::Even { .. }) && self.values.len() >= EVEN_STRETCH_SAMPLES_MIN
    }

    /// A gap is an `int`: with a tick of one microsecond it reaches 35 minutes, with a millisecond 24 days.
    fn can_list(&self, steps_us: &[i64]) -> bool {
        let longest_us = steps_us.iter().copied().fold(self.step_us_max, i64::max);
        longest_us <= i64::from(i32::MAX) || (self.whole_millis && steps_us.iter().all(|step_us| step_us % 1_000 == 0))
    }

    fn note_step(&mut self, step_us: i64) {
        self.step_us_max = self.step_us_max.max(step_us);
        self.whole_millis &= step_us % 1_000 == 0;
    }

    /// This block's times as a list, taken out so that the caller puts it back longer.
    fn take_list(&mut self) -> Vec<Timestamp> {
        match &mut self.times {
            Grid::Listed(times) => std::mem::take(times),
            Grid::One(start) => vec![*start],
            Grid::Even { start, period_us } => {
                let even = Times::Regular { start: *start, period_us: *period_us };
                (0..self.values.len()).filter_map(|index| even.at(index)).collect()
            }
        }
    }

    fn join_spans(&mut self, before: usize, more: &Spans, count: usize) {
        if self.spans == *more && !matches!(more, Spans::Own(_)) {
            return;
        }
        let own = (0..before).map(|index| self.spans.at(index));
        let joined = own.chain((0..count).map(|index| more.at(index))).collect();
        self.spans = Spans::Own(joined);
    }

    fn join_flags(&mut self, before: usize, more: &[Flags], count: usize) {
        if self.flags.is_empty() && more.iter().all(|flags| *flags == Flags::NONE) {
            return;
        }
        self.flags.resize(before, Flags::NONE);
        self.flags.extend_from_slice(more);
        self.flags.resize(before + count, Flags::NONE);
    }

    fn into_block(self) -> Block {
        let (start, tick_us, gaps) = match self.times {
            Grid::One(start) => (start, SECOND_US, None),
            Grid::Even { start, period_us } => (start, period_us, None),
            Grid::Listed(times) => list_gaps(&times),
        };
        let flags = if self.flags.iter().all(|flags| *flags == Flags::NONE) { Vec::new() } else { self.flags };
        let (spans, origins) = (even_spans(self.spans), self.origins);
        Block { start, stop: self.last, tick_us, gaps, spans, values: self.values, flags, origins }
    }
}

/// Times as gaps in the largest of second, millisecond and microsecond that divides them all; even times need no list.
fn list_gaps(times: &[Timestamp]) -> (Timestamp, i64, Option<Vec<i32>>) {
    let Some(start) = times.first().copied() else { return (Timestamp::MIN, SECOND_US, None) };
    let steps_us = || {
        times.windows(2).map(|pair| match pair {
            [earlier, later] => later.micros_since(*earlier),
            _ => 0,
        })
    };
    let first_step_us = steps_us().next().unwrap_or(SECOND_US);
    if first_step_us > 0 && steps_us().all(|step_us| step_us == first_step_us) {
        return (start, first_step_us, None);
    }
    let tick_us = [SECOND_US, 1_000].into_iter().find(|tick| steps_us().all(|step| step % tick == 0)).unwrap_or(1);
    let gaps = steps_us().map(|step_us| i32::try_from(step_us / tick_us).unwrap_or(i32::MAX));
    (start, tick_us, Some(std::iter::once(0).chain(gaps).collect()))
}

fn spans_between(spans: &Spans, from: usize, to: usize) -> Spans {
    match spans {
        Spans::Own(own) => Spans::Own(own.get(from..to).unwrap_or_default().to_vec()),
        same => same.clone(),
    }
}

/// Spans that are all alike need no list.
fn even_spans(spans: Spans) -> Spans {
    match spans {
        Spans::Own(own) => match own.first().copied() {
            Some(first) if own.iter().all(|span_us| *span_us == first) => first.map_or(Spans::None, Spans::Each),
            _ => Spans::Own(own),
        },
        same => same,
    }
}

#[cfg(test)]
#[path = "block_tests.rs"]
mod tests;
