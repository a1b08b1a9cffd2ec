//! Devices: looked up for a batch where the lane does not remember them, with who speaks for them, and added where they
//! are to be.

use std::collections::HashMap;

use super::Lane;
use crate::config::DeviceSources;
use crate::ingest::permanence::Permanence;
use crate::ingest::queue::Arrival;
use crate::model::ids::{DeviceId, DeviceKey};
use crate::model::reason::{Reason, Rejection};
use crate::store::directory::Known;
use crate::store::newcomers::{Heard, Newcomers, TakenUp, take_up};
use crate::store::pool::within;
use crate::store::{Fault, StoreError};

/// The devices of a batch whose samples cannot be written; `None` where the database rejects the device itself.
pub(super) type RefusedDevices = HashMap<DeviceId, Option<Known>>;

impl Lane {
    /// Looks up the devices and sources of a batch that the lane does not remember. Passing faults are retried.
    pub(super) async fn know_devices(&mut self, batch: &[Arrival]) -> Result<RefusedDevices, StoreError> {
        let new = self.newcomers(batch);
        let (mut refused, mut permanence) = (RefusedDevices::new(), Permanence::default());
        // Halved where the database rejects one of them, until it stands alone.
        let mut asked = if new.is_empty() { Vec::new() } else { vec![new] };
        while let Some(some) = asked.pop() {
            match self.take_up(&some).await {
                Ok(taken) => self.remember(taken, &mut refused),
                Err(error) => match permanence.weigh(&error) {
                    None => return Err(error),
                    Some(fault @ (Fault::Data | Fault::TooLarge)) => match (some.halve(), fault) {
                        (Ok([first, second]), _) => asked.extend([second, first]),
                        (Err(alone), Fault::Data) => refused.extend(alone.devices().map(|device| (device, None))),
                        (Err(alone), _) => {
                            asked.push(alone);
                            self.wait_for_database(&error).await;
                        }
                    },
                    Some(Fault::Passing | Fault::Permanent | Fault::Unreadable | Fault::Fenced) => {
                        asked.push(some);
                        self.wait_for_database(&error).await;
                    }
                },
            }
        }
        Ok(refused)
    }

    /// What a batch says of devices that the lane does not remember, or by sources that it does not.
    fn newcomers(&self, batch: &[Arrival]) -> Newcomers {
        let heard = batch.iter().filter(|arrival| !arrival.valid.is_empty());
        let heard = heard.filter_map(|arrival| Some((arrival.device.as_ref()?, arrival.source(), &arrival.valid)));
        let is_known = |device, source| self.devices.get(device).is_some_and(|key| self.may_speak(source, device, key));
        let new = heard.filter(|(device, source, _)| !is_known(device, source));
        let new = new.flat_map(|(device, source, valid)| {
            valid.iter().map(move |one| Heard { device, source, metric: one.metric, statistic: one.statistic })
        });
        Newcomers::new(&new.collect::<Vec<_>>())
    }

    /// Whether the lane knows that a source may speak for a device.
    fn may_speak(&self, source: &str, device: &DeviceId, key: DeviceKey) -> bool {
        !self.must_be_allowed(source, device) || self.speakers.allows(source, key)
    }

    /// Whether a source speaks for a device only where it is allowed to.
    fn must_be_allowed(&self, source: &str, device: &DeviceId) -> bool {
        source != device.as_str() && self.shared.policy.sources != DeviceSources::Any
    }

    async fn take_up(&mut self, newcomers: &Newcomers) -> Result<TakenUp, StoreError> {
        let mut connection = self.connect().await?;
        let context = &self.shared.context;
        let policy = self.shared.policy;
        let taking = take_up(&mut connection, &mut self.writer, newcomers, policy, context.clock.now());
        let taken = within(context.connector.timeout(), "looking devices up", taking).await?;
        context.telemetry.enrolled_devices.increment(taken.added);
        self.connection = Some(connection);
        Ok(taken)
    }

    /// Only what cannot change is remembered: an unknown device may be added, and a source be allowed, at any moment.
    fn remember(&mut self, taken: TakenUp, refused: &mut RefusedDevices) {
        for (device, known) in taken.devices {
            match known {
                Known::Ours(key) | Known::Unclaimed(key) => self.devices.insert(&device, key),
                Known::Elsewhere(_) | Known::Unknown => {
                    refused.insert(device, Some(known));
                }
            }
        }
        taken.series.iter().for_each(|(key, state)| self.series.insert(key, *state));
        taken.allowed.into_iter().for_each(|(device, source)| self.speakers.allow(source, device));
    }

    pub(super) fn device_of(&self, arrival: &Arrival, refused: &RefusedDevices) -> Result<DeviceKey, Rejection> {
        let reject = |reason, detail: &str| Err(Rejection::new(reason, detail, 1));
        let Some(device) = &arrival.device else {
            return reject(Reason::BadDevice, "the message must name its device, in its topic or its payload");
        };
        if let Some(key) = self.devices.get(device) {
            let source = arrival.source();
            if self.may_speak(source, device, key) {
                return Ok(key);
            }
            let detail = format!(
                "the source {source} may not speak for the device {device}: if it should, run `healthtrack device \
                 allow {source} {device}`, then retry this message"
            );
            return reject(Reason::SourceNotAllowed, &detail);
        }
        match refused.get(device) {
            Some(Some(Known::Elsewhere(shard))) => {
                let detail = format!(
                    "the device belongs to shard {shard}: publish it under ht/1/{shard}/, or move it with \
                     `healthtrack device move`, then retry this message"
                );
                reject(Reason::WrongShard, &detail)
            }
            Some(None) => reject(Reason::RefusedByDatabase, "the database rejects this device; its log says why"),
            Some(Some(Known::Ours(_) | Known::Unclaimed(_) | Known::Unknown)) | None => {
                let detail = if self.must_be_allowed(arrival.source(), device) {
                    "add the device with `healthtrack device add`, let its source speak for it with `healthtrack \
                     device allow`, then retry this message"
                } else {
                    "add the device with `healthtrack device add`, then retry this message"
                };
                reject(Reason::UnknownDevice, detail)
            }
        }
    }
}
