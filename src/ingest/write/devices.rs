//! Devices: looked up for a batch where the lane does not remember them.

use std::collections::{HashMap, HashSet};

use super::{Lane, Shared};
use crate::config::UnknownDevice;
use crate::ingest::permanence::Permanence;
use crate::ingest::queue::Arrival;
use crate::model::ids::{DeviceId, DeviceKey};
use crate::model::reason::{Reason, Rejection};
use crate::store::directory::{self, Known};
use crate::store::pool::within;
use crate::store::{Fault, StoreError};

/// What was learnt of a batch's devices; `None` where the database rejects the device itself.
pub(super) type NewDevices = HashMap<DeviceId, Option<Known>>;

impl Lane {
    /// Looks up the devices of a batch that the lane does not remember. Passing faults are retried.
    pub(super) async fn know_devices(&mut self, batch: &[Arrival]) -> Result<NewDevices, StoreError> {
        let named =
            batch.iter().filter(|arrival| !arrival.valid.is_empty()).filter_map(|arrival| arrival.device.as_ref());
        let new: HashSet<&DeviceId> = named.filter(|device| self.devices.get(device).is_none()).collect();
        let new: Vec<DeviceId> = new.into_iter().cloned().collect();
        if new.is_empty() {
            return Ok(NewDevices::new());
        }
        let (mut known, mut permanence) = (NewDevices::new(), Permanence::default());
        // Halved where the database rejects one of them, until it stands alone.
        let mut asked = vec![new];
        while let Some(mut some) = asked.pop() {
            match self.resolve(&some).await {
                Ok(found) => known.extend(some.into_iter().zip(found.into_iter().map(Some))),
                Err(error) => match permanence.weigh(&error) {
                    None => return Err(error),
                    Some(Fault::Data | Fault::TooLarge) if some.len() > 1 => {
                        asked.extend([some.split_off(some.len() / 2), some]);
                    }
                    Some(Fault::Data) => known.extend(some.into_iter().map(|device| (device, None))),
                    Some(Fault::Passing | Fault::Permanent | Fault::TooLarge | Fault::Unreadable | Fault::Fenced) => {
                        asked.push(some);
                        self.wait_for_database(&error).await;
                    }
                },
            }
        }
        // Only what cannot change is remembered: an unknown device may be added at any moment.
        for (device, known) in &known {
            if let Some(Known::Ours(key)) = known {
                self.devices.insert(device, *key);
            }
        }
        Ok(known)
    }

    async fn resolve(&mut self, devices: &[DeviceId]) -> Result<Vec<Known>, StoreError> {
        let Shared { pool, .. } = &self.shared;
        if self.shared.unknown_device == UnknownDevice::Enrol {
            let added = directory::add_devices(pool, devices, "enrolment", self.shared.context.clock.now()).await?;
            self.shared.context.telemetry.enrolled_devices.increment(added);
        }
        let timeout = self.shared.context.connector.timeout();
        within(timeout, "looking devices up", directory::resolve_devices(pool, &mut self.writer, devices)).await
    }

    pub(super) fn device_of(&self, arrival: &Arrival, known: &NewDevices) -> Result<DeviceKey, Rejection> {
        let reject = |reason, detail: &str| Err(Rejection::new(reason, detail, 1));
        let Some(device) = &arrival.device else {
            return reject(Reason::BadDevice, "the message must name its device, in its topic or its payload");
        };
        if let Some(key) = self.devices.get(device) {
            return Ok(key);
        }
        match known.get(device) {
            Some(Some(Known::Ours(key))) => Ok(*key),
            Some(Some(Known::Elsewhere(shard))) => {
                let detail = format!(
                    "the device belongs to shard {shard}: publish it under ht/1/{shard}/, or move it with \
                     `healthtrack device move`, then retry this message"
                );
                reject(Reason::WrongShard, &detail)
            }
            Some(None) => reject(Reason::RefusedByDatabase, "the database rejects this device; its log says why"),
            Some(Some(Known::Unknown)) | None => {
                reject(Reason::UnknownDevice, "add the device with `healthtrack device add`, then retry this message")
            }
        }
    }
}
