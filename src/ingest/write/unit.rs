//! Unit: what one transaction writes of a batch, and how it is cut where the database rejects something in it.

use crate::ingest::queue::Arrival;
use crate::ingest::validate::ValidSamples;
use crate::model::reason::Rejection;
use crate::model::revision::ReplacedRange;
use crate::model::sample::{Run, Sample};
use crate::model::time::SECOND_US;
use crate::store::directory::SeriesKey;

/// Samples of one series out of one arrival.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The place of the arrival in its batch.
    pub(super) arrival: usize,
    pub(super) key: SeriesKey,
    pub(super) run: Run,
    /// What the samples stand in place of, be there none.
    pub(super) replaces: Option<ReplacedRange>,
}

/// A rejection and the place of its arrival in the batch.
#[derive(Clone, Debug)]
pub(super) struct ArrivalRejection {
    pub(super) arrival: usize,
    pub(super) rejection: Rejection,
    /// False where its source has filled its cap: it is counted only.
    pub(super) kept: bool,
    /// What is rejected for its device, or for who speaks for it: by another right it may be otherwise.
    valid: Vec<ValidSamples>,
}

impl ArrivalRejection {
    /// One that is the same by any right.
    pub(super) fn new(arrival: usize, rejection: Rejection, kept: bool) -> ArrivalRejection {
        ArrivalRejection { arrival, rejection, kept, valid: Vec::new() }
    }
}

/// What is written together.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit {
    pub(super) parts: Vec<Part>,
    pub(super) rejections: Vec<ArrivalRejection>,
}

impl Unit {
    /// Two halves, the first to be written first; `Err` where nothing is left to cut and the rejected item stands
    /// alone.
    pub(super) fn split(mut self) -> Result<[Unit; 2], RejectedItem> {
        if self.parts.len() > 1 {
            let rest = self.parts.split_off(self.parts.len() / 2);
            return Ok([self, Unit { parts: rest, rejections: Vec::new() }]);
        }
        if !self.parts.is_empty() && !self.rejections.is_empty() {
            let rejections = std::mem::take(&mut self.rejections);
            return Ok([self, Unit { parts: Vec::new(), rejections }]);
        }
        if let Some(part) = self.parts.pop() {
            let alone = |part| Unit { parts: vec![part], rejections: Vec::new() };
            return part.split().map(|halves| halves.map(alone));
        }
        if self.rejections.len() > 1 {
            let rest = self.rejections.split_off(self.rejections.len() / 2);
            return Ok([self, Unit { parts: Vec::new(), rejections: rest }]);
        }
        Err(self.rejections.pop().map_or(RejectedItem::Nothing, RejectedItem::Row))
    }

    /// True where nothing is left to cut.
    pub(super) fn is_single(&self) -> bool {
        let pieces: usize = self.parts.iter().map(Part::pieces).sum();
        pieces + self.rejections.len() <= 1
    }

    /// What is written of a sample that cannot be stored.
    pub(super) fn of_rejected_sample(rejection: ArrivalRejection) -> Unit {
        Unit { parts: Vec::new(), rejections: vec![rejection] }
    }
}

impl Part {
    /// Two halves, the first to be written first. A range is halved with the samples that begin in it, so that what
    /// is replaced and what stands in its place are written together for as long as may be.
    fn split(self) -> Result<[Part; 2], RejectedItem> {
        let samples: Vec<Sample> = self.run.samples().collect();
        let half = |samples: &[Sample], replaces| Part {
            run: Run::of(samples),
            replaces,
            arrival: self.arrival,
            key: self.key,
        };
        if let Some(range) = self.replaces {
            if let Some([first, second]) = halves(range) {
                let (early, late): (Vec<Sample>, Vec<Sample>) =
                    samples.iter().partition(|sample| sample.start < second.from);
                return Ok([half(&early, Some(first)), half(&late, Some(second))]);
            }
            if samples.is_empty() {
                return Err(RejectedItem::Range(self.arrival));
            }
            return Ok([half(&[], Some(range)), half(&samples, None)]);
        }
        match samples.split_at_checked(samples.len() / 2) {
            Some((first, second)) if !first.is_empty() => Ok([half(first, None), half(second, None)]),
            _ => Err(RejectedItem::Sample(self.arrival)),
        }
    }

    /// Into how many pieces it can be cut, at least.
    fn pieces(&self) -> usize {
        self.run.len() + self.replaces.map_or(0, |range| if halves(range).is_some() { 2 } else { 1 })
    }
}

/// The halves of a range; `None` where it is too short to be worth cutting.
fn halves(range: ReplacedRange) -> Option<[ReplacedRange; 2]> {
    let middle = range.from.plus_micros(range.to.micros_since(range.from) / 2);
    let is_long = range.to.micros_since(range.from) >= 2 * SECOND_US;
    is_long.then_some([ReplacedRange { to: middle, ..range }, ReplacedRange { from: middle, ..range }])
}

/// What the database rejects.
#[derive(Debug)]
pub(super) enum RejectedItem {
    /// One sample, of this arrival.
    Sample(usize),
    /// That a range is replaced, by this arrival.
    Range(usize),
    /// One row of the quarantine itself.
    Row(ArrivalRejection),
    /// Not even a row: the statement itself.
    Nothing,
}

/// Parts and rejections of a batch whose devices are known: `Ok` with a device's key, or why none of it is valid.
pub(super) fn whole(
    arrivals: &mut [Arrival],
    mut device_of: impl FnMut(&Arrival) -> Result<crate::model::ids::DeviceKey, Rejection>,
) -> Unit {
    let mut unit = Unit::default();
    for (place, arrival) in arrivals.iter_mut().enumerate() {
        let rejections = std::mem::take(&mut arrival.rejections);
        let valid = std::mem::take(&mut arrival.valid);
        unit.rejections.extend(rejections.into_iter().map(|one| ArrivalRejection::new(place, one, true)));
        if valid.is_empty() {
            continue;
        }
        match device_of(arrival) {
            Ok(device) => unit.parts.extend(valid.into_iter().map(|one| Part {
                arrival: place,
                key: SeriesKey { device, metric: one.metric, statistic: one.statistic },
                run: one.run,
                replaces: one.replaces,
            })),
            Err(mut rejection) => {
                let samples = valid.iter().map(|one| u64::try_from(one.run.len()).unwrap_or(u64::MAX)).sum();
                rejection.samples = samples;
                unit.rejections.push(ArrivalRejection { valid, ..ArrivalRejection::new(place, rejection, true) });
            }
        }
    }
    unit
}

/// Gives the arrivals of a batch back what was taken from them, in the order in which it came, before what they have.
pub(super) fn give_back(batch: &mut [Arrival], units: impl Iterator<Item = Unit>) {
    let take = |arrival: &mut Arrival| (std::mem::take(&mut arrival.valid), std::mem::take(&mut arrival.rejections));
    let later: Vec<_> = batch.iter_mut().map(take).collect();
    for unit in units {
        for part in unit.parts {
            if let Some(arrival) = batch.get_mut(part.arrival) {
                let (metric, statistic) = (part.key.metric, part.key.statistic);
                arrival.valid.push(ValidSamples { metric, statistic, run: part.run, replaces: part.replaces });
            }
        }
        for one in unit.rejections {
            if let Some(arrival) = batch.get_mut(one.arrival) {
                if one.valid.is_empty() {
                    arrival.rejections.push(one.rejection);
                }
                arrival.valid.extend(one.valid);
            }
        }
    }
    for (arrival, (valid, rejections)) in batch.iter_mut().zip(later) {
        arrival.valid.extend(valid);
        arrival.rejections.extend(rejections);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use bytes::Bytes;

    use super::*;
    use crate::model::ids::{DeviceKey, MetricId};
    use crate::model::origin::{Origins, Revision};
    use crate::model::reason::Reason;
    use crate::model::sample::{Spans, Times};
    use crate::model::statistic::Statistic;
    use crate::model::time::Timestamp;

    fn part(arrival: usize, samples: usize) -> Part {
        let start = Timestamp::from_micros(1_795_428_000_000_000).unwrap();
        let times = Times::Regular { start, period_us: 1_000_000 };
        let values = (0..samples).map(|n| n as f64).collect();
        let key = SeriesKey { device: DeviceKey(1), metric: MetricId(10), statistic: Statistic::NONE };
        Part {
            arrival,
            key,
            run: Run { times, spans: Spans::None, values, flags: Vec::new(), origins: Origins::default() },
            replaces: None,
        }
    }

    /// Seconds of the same beginning.
    fn replaced(from: i64, to: i64) -> ReplacedRange {
        let at = |second| Timestamp::from_micros(1_795_428_000_000_000 + second * SECOND_US).unwrap();
        ReplacedRange { from: at(from), to: at(to), revision: Revision::new(1).unwrap() }
    }

    fn arrival(second: u64) -> Arrival {
        let replaces = Some(replaced(0, 60));
        let valid = ValidSamples { metric: MetricId(10), statistic: Statistic::NONE, run: part(0, 2).run, replaces };
        Arrival {
            device: None,
            valid: vec![valid],
            rejections: vec![Rejection::new(Reason::UnknownUnit, "x", 1)],
            topic: Bytes::new(),
            content_type: None,
            payload: Bytes::new(),
            received_at: Timestamp::MIN,
            arrived: Instant::now(),
            published_at: None,
            samples: second,
            ack: None,
        }
    }

    #[test]
    fn what_is_given_back_is_what_was_taken_whatever_was_decided_of_devices() {
        let mut batch = [arrival(0), arrival(1)];
        let valid = batch[0].valid.clone();
        let samples = |unit: &Unit| unit.rejections.iter().map(|one| one.rejection.samples).collect::<Vec<_>>();
        let mut unit = whole(&mut batch, |arrival| match arrival.samples {
            0 => Ok(DeviceKey(1)),
            _ => Err(Rejection::new(Reason::SourceNotAllowed, "x", 1)),
        });
        assert_eq!((unit.parts.len(), samples(&unit)), (1, vec![1, 1, 2]));
        // The first half is written; of the database's history that is forgotten, and it is given back after the rest.
        let written = Unit { parts: std::mem::take(&mut unit.parts), rejections: Vec::new() };
        give_back(&mut batch, [unit].into_iter());
        assert!(batch[0].valid.is_empty());
        give_back(&mut batch, [written].into_iter());
        for arrival in &batch {
            assert_eq!((&arrival.valid, arrival.rejections.len()), (&valid, 1));
        }
    }

    #[test]
    fn a_range_is_cut_with_the_samples_that_begin_in_it_and_no_moment_of_it_is_lost() {
        let mut units = vec![Unit {
            parts: vec![Part { replaces: Some(replaced(-60, 3_600)), ..part(0, 4) }],
            rejections: Vec::new(),
        }];
        let (mut samples, mut replaced_us, mut at) = (0, 0, None);
        while let Some(unit) = units.pop() {
            let cut_at = unit.parts[0].replaces;
            match unit.split() {
                Ok([first, second]) => units.extend([second, first]),
                Err(RejectedItem::Sample(0)) => samples += 1,
                Err(RejectedItem::Range(0)) => {
                    let range = cut_at.unwrap();
                    assert_eq!(range.from, at.unwrap_or(range.from), "ranges follow one another");
                    replaced_us += range.to.micros_since(range.from);
                    at = Some(range.to);
                }
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!((samples, replaced_us), (4, 3_660 * SECOND_US));
    }

    #[test]
    fn cutting_ends_with_each_sample_and_each_row_alone_and_loses_none() {
        let rejection = Rejection::new(Reason::BadTopic, "x", 1);
        let rejection = |arrival| ArrivalRejection::new(arrival, rejection.clone(), true);
        let mut units = vec![Unit {
            parts: vec![part(0, 5), part(1, 1), part(2, 8)],
            rejections: vec![rejection(0), rejection(3)],
        }];
        let (mut samples, mut rows) = (Vec::new(), 0);
        while let Some(unit) = units.pop() {
            let is_single = unit.is_single();
            let cut = unit.split();
            assert_eq!(is_single, cut.is_err());
            match cut {
                Ok([first, second]) => units.extend([second, first]),
                Err(RejectedItem::Sample(arrival)) => samples.push(arrival),
                Err(RejectedItem::Row(_)) => rows += 1,
                Err(RejectedItem::Range(_) | RejectedItem::Nothing) => panic!("an empty unit"),
            }
        }
        let mut expected = vec![0; 5];
        expected.push(1);
        expected.extend([2; 8]);
        assert_eq!((samples, rows), (expected, 2));
    }
}
