//! Devices: looked up for a batch where the lane does not remember them, and added where they are to be.

use std::collections::HashMap;

use super::Lane;
use crate::config::UnknownDevice;
use crate::ingest::permanence::Permanence;
use crate::ingest::queue::Arrival;
use crate::model::ids::{DeviceId, DeviceKey};
use crate::model::reason::{Reason, Rejection};
use crate::store::directory::Known;
use crate::store::newcomers::{Newcomers, TakenUp, take_up};
use crate::store::pool::within;
use crate::store::{Fault, StoreError};

/// The devices of a batch whose samples cannot be written; `None` where the database rejects the device itself.
pub(super) type RefusedDevices = HashMap<DeviceId, Option<Known>>;

impl Lane {
    /// Looks up the devices of a batch that the lane does not remember. Passing faults are retried.
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

    /// What a batch says of devices that the lane does not remember.
    fn newcomers(&self, batch: &[Arrival]) -> Newcomers {
        let heard = batch.iter().filter(|arrival| !arrival.valid.is_empty());
        let heard = heard.filter_map(|arrival| Some((arrival.device.as_ref()?, &arrival.valid)));
        let new = heard.filter(|(device, _)| self.devices.get(device).is_none());
        Newcomers::new(
            new.flat_map(|(device, valid)| valid.iter().map(move |one| (device, one.metric, one.statistic))).collect(),
        )
    }

    async fn take_up(&mut self, newcomers: &Newcomers) -> Result<TakenUp, StoreError> {
        let mut connection = self.connect().await?;
        let context = &self.shared.context;
        let enrols = self.shared.unknown_device == UnknownDevice::Enrol;
        let taking = take_up(&mut connection, &self.shared.own, newcomers, enrols, context.clock.now());
        let taken = within(context.connector.timeout(), "looking devices up", taking).await?;
        context.telemetry.enrolled_devices.increment(taken.added);
        self.connection = Some(connection);
        Ok(taken)
    }

    /// Only what cannot change is remembered: an unknown device may be added at any moment.
    fn remember(&mut self, taken: TakenUp, refused: &mut RefusedDevices) {
        for (device, known) in taken.devices {
            match known {
                Known::Ours(key) => self.devices.insert(&device, key),
                Known::Elsewhere(_) | Known::Unknown => {
                    refused.insert(device, Some(known));
                }
            }
        }
        taken.series.iter().for_each(|(key, state)| self.series.insert(key, *state));
    }

    pub(super) fn device_of(&self, arrival: &Arrival, refused: &RefusedDevices) -> Result<DeviceKey, Rejection> {
        let reject = |reason, detail: &str| Err(Rejection::new(reason, detail, 1));
        let Some(device) = &arrival.device else {
            return reject(Reason::BadDevice, "the message must name its device, in its topic or its payload");
        };
        if let Some(key) = self.devices.get(device) {
            return Ok(key);
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
            Some(Some(Known::Ours(_) | Known::Unknown)) | None => {
                reject(Reason::UnknownDevice, "add the device with `healthtrack device add`, then retry this message")
            }
        }
    }
}
