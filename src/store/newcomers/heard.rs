//! Heard: what messages say of devices that a lane does not remember, in an order that suits the database.

use crate::model::ids::{DeviceId, MetricId};
use crate::model::statistic::Statistic;

/// What one message says of one device.
#[derive(Copy, Clone, Debug)]
pub struct Heard<'a> {
    /// The device.
    pub device: &'a DeviceId,
    /// The source that speaks for it: a level of the topic.
    pub source: &'a str,
    /// What it measures.
    pub metric: MetricId,
    /// What a value says about many measurements.
    pub statistic: Statistic,
}

/// Devices by name, what they measure, and who speaks for them; each once, and in order.
#[derive(Clone, Debug, Default)]
pub struct Newcomers {
    pub(super) devices: Vec<DeviceId>,
    pub(super) series: Vec<NewSeries>,
    /// None where each device speaks for itself. Those of a device are in the order in which they spoke.
    speakers: Vec<Speaker>,
}

#[derive(Copy, Clone, Debug)]
pub(super) struct NewSeries {
    /// The place of its device.
    pub(super) device: usize,
    pub(super) metric: MetricId,
    pub(super) statistic: Statistic,
}

/// A source that speaks for a device, be it the device itself.
#[derive(Clone, Debug)]
pub(super) struct Speaker {
    /// The place of the device.
    device: usize,
    source: Box<str>,
}

impl Newcomers {
    /// Of what messages say, in the order in which they came.
    pub fn new(heard: &[Heard<'_>]) -> Newcomers {
        let mut measured: Vec<_> = heard.iter().map(|one| (one.device, one.metric, one.statistic)).collect();
        measured.sort_unstable();
        measured.dedup();
        let mut new =
            Newcomers { devices: Vec::new(), series: Vec::with_capacity(measured.len()), speakers: Vec::new() };
        for (device, metric, statistic) in measured {
            if new.devices.last() != Some(device) {
                new.devices.push(device.clone());
            }
            new.series.push(NewSeries { device: new.devices.len() - 1, metric, statistic });
        }
        if heard.iter().any(|one| one.source != one.device.as_str()) {
            new.speakers = speakers(&new.devices, heard);
        }
        new
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// The devices.
    pub fn devices(self) -> impl Iterator<Item = DeviceId> {
        self.devices.into_iter()
    }

    /// Two halves; `Err` where there is but one device.
    pub fn halve(mut self) -> Result<[Newcomers; 2], Newcomers> {
        let middle = self.devices.len() / 2;
        if middle == 0 {
            return Err(self);
        }
        let devices = self.devices.split_off(middle);
        let mut series = self.series.split_off(self.series.partition_point(|one| one.device < middle));
        series.iter_mut().for_each(|one| one.device -= middle);
        let mut speakers = self.speakers.split_off(self.speakers.partition_point(|one| one.device < middle));
        speakers.iter_mut().for_each(|one| one.device -= middle);
        Ok([self, Newcomers { devices, series, speakers }])
    }

    /// Who spoke for each device first.
    pub(super) fn first_speakers(&self) -> impl Iterator<Item = &str> {
        let mut speakers = self.speakers.iter().peekable();
        self.devices.iter().enumerate().map(move |(place, device)| {
            let first = speakers.peek().filter(|speaker| speaker.device == place).map(|speaker| &*speaker.source);
            while speakers.next_if(|speaker| speaker.device == place).is_some() {}
            first.unwrap_or(device.as_str())
        })
    }

    /// Who speaks for other devices than itself, each with the place of the device.
    pub(super) fn foreign_speakers(&self) -> impl Iterator<Item = (usize, &str)> {
        let of_another =
            |speaker: &&Speaker| self.devices.get(speaker.device).map(DeviceId::as_str) != Some(&speaker.source);
        self.speakers.iter().filter(of_another).map(|speaker| (speaker.device, &*speaker.source))
    }

    /// Of each device, whether it speaks for itself too.
    pub(super) fn speak_for_themselves(&self) -> Vec<bool> {
        let mut own = vec![self.speakers.is_empty(); self.devices.len()];
        for speaker in &self.speakers {
            if let (Some(own), Some(device)) = (own.get_mut(speaker.device), self.devices.get(speaker.device)) {
                *own |= *speaker.source == *device.as_str();
            }
        }
        own
    }
}

/// Each source of each device once, where it spoke first.
fn speakers(devices: &[DeviceId], heard: &[Heard<'_>]) -> Vec<Speaker> {
    let mut spoken: Vec<_> = heard.iter().enumerate().map(|(place, one)| (one.device, one.source, place)).collect();
    spoken.sort_unstable();
    spoken.dedup_by_key(|(device, source, _)| (*device, *source));
    spoken.sort_unstable_by_key(|(device, _, place)| (*device, *place));
    let mut device = 0;
    let speaker = |(name, source, _): (&DeviceId, &str, usize)| {
        while devices.get(device).is_some_and(|one| one < name) {
            device += 1;
        }
        Speaker { device, source: source.into() }
    };
    spoken.into_iter().map(speaker).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_keep_each_device_with_what_it_measures_and_who_speaks_for_it() {
        let heard = [("c", "c", 1), ("a", "hub-2", 2), ("b", "b", 3), ("a", "hub-1", 2), ("a", "hub-2", 4)];
        let names = heard.map(|(name, ..)| DeviceId::parse(name).unwrap());
        let heard = names.iter().zip(heard).map(|(device, (_, source, metric))| Heard {
            device,
            source,
            metric: MetricId(metric),
            statistic: Statistic::NONE,
        });
        let mut left = vec![Newcomers::new(&heard.collect::<Vec<_>>())];
        let first: Vec<&str> = left[0].first_speakers().collect();
        assert_eq!(first, ["hub-2", "b", "c"]);
        assert_eq!(left[0].speak_for_themselves(), [false, true, true]);
        let mut alone = Vec::new();
        while let Some(some) = left.pop() {
            let metrics: Vec<i16> = some.series.iter().map(|one| one.metric.0).collect();
            let sources: Vec<String> = some.foreign_speakers().map(|(at, source)| format!("{at} {source}")).collect();
            match some.halve() {
                Ok([first, second]) => left.extend([second, first]),
                Err(one) => alone.push((one.devices().next().unwrap().to_string(), metrics, sources)),
            }
        }
        let of = |name: &str, metrics: &[i16], sources: &[&str]| {
            (name.to_owned(), metrics.to_vec(), sources.iter().map(|source| (*source).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(alone, [of("a", &[2, 4], &["0 hub-2", "0 hub-1"]), of("b", &[3], &[]), of("c", &[1], &[])]);
    }

    #[test]
    fn a_fleet_that_speaks_for_itself_needs_no_list_of_who_does() {
        let name = DeviceId::parse("watch").unwrap();
        let heard = Heard { device: &name, source: "watch", metric: MetricId(10), statistic: Statistic::NONE };
        let new = Newcomers::new(&[heard, heard]);
        assert_eq!((new.speakers.len(), new.first_speakers().collect::<Vec<_>>()), (0, vec!["watch"]));
        assert_eq!((new.foreign_speakers().count(), new.speak_for_themselves()), (0, vec![true]));
    }
}
