//! Ingest: one message's way from the broker to the hot table, and its acknowledgement back.
//!
//! ```text
//! stage     from               to                    kept in bounds by
//! mqtt      bytes, a socket    Delivery  heard       65,535 messages a connection; mqtt.packet_bytes_max
//! decode    its payload        Reading   understood  a small multiple of the payload
//! validate  Reading            ValidSamples  or why not  pure: catalogue, unit table, clock
//! queue     Arrival            a batch   gathered    ingest.inflight_bytes_max over all lanes
//! write     a batch            COMMIT    durable     ingest.batch_{samples,bytes}_max, batch_age_ms
//! ack       COMMIT             PUBACK    promised    the order of receipt
//! ```
//!
//! # Why
//! Decoding and judging happen where a message is read, in the session's own task: they cost two or three microseconds,
//! less than handing the message to another thread and waking it. From there on everything goes by batches. What cannot
//! be valid travels with what can, and is put into quarantine by the same transaction, so that one acknowledgement
//! covers both (`quarantine`).
//!
//! A message goes to one lane for each device that it names, nearly always one; its acknowledgement waits for all.
//!
//! Invariant: received = stored + duplicate + conflict + quarantined + in flight, at every scrape.

/// What threads meet on.
mod sync;

/// What the daemon is to its shard, and whether its surroundings answer.
pub mod state;

/// Which messages may be acknowledged now.
pub mod ack;

/// One connection to the broker after the other.
pub mod session;

/// Readings to samples.
pub mod validate;

/// Bytes in flight.
pub mod budget;

/// Where arrivals wait, and how a lane is woken.
pub mod ring;

/// What waits for a lane.
pub mod queue;

/// What could not be valid, as rows.
pub mod quarantine;

/// Batches to rows.
pub mod write;

/// Shard, lanes and sessions, from start to stop.
pub mod service;

#[cfg(test)]
mod tests;

pub use service::{IngestError, Service};
pub use state::{Role, State, Status};

use std::collections::HashMap;
use std::sync::Arc;

use ack::Acks;
use queue::{Arrival, Lanes};
use session::Sink;
use validate::Validator;

use crate::formats::delivery::Delivery;
use crate::formats::topic::{self, Format};
use crate::formats::{Decoded, Reading, batch, omh};
use crate::model::ids::DeviceId;
use crate::model::reason::Rejection;
use crate::telemetry::Telemetry;

/// Device names that one session remembers, so that most messages cost no allocation for theirs.
const NAMES_MAX: usize = 200_000;

/// The way of every message of one connection, from its delivery to the queue of its lane.
#[derive(Debug)]
pub struct Intake {
    connection: usize,
    validator: Validator,
    lanes: Lanes,
    acks: Arc<Acks>,
    telemetry: Arc<Telemetry>,
    /// From this many unacknowledged messages on, nothing more may come until some are committed.
    window_pressed_at: usize,
    names: HashMap<Box<str>, DeviceId>,
}

/// What a message says of one device, before it is an arrival.
#[derive(Debug, Default)]
struct Share {
    device: Option<DeviceId>,
    valid: Vec<validate::ValidSamples>,
    rejections: Vec<Rejection>,
}

impl Intake {
    /// The intake of connection `connection`, whose broker sends up to `window` messages ahead.
    pub fn new(
        connection: usize,
        validator: Validator,
        lanes: Lanes,
        acks: Arc<Acks>,
        telemetry: Arc<Telemetry>,
        window: u16,
    ) -> Intake {
        // A batch that waited for more than the window holds would wait for ever.
        let window_pressed_at = usize::from(window) * 4 / 5;
        Intake { connection, validator, lanes, acks, telemetry, window_pressed_at, names: HashMap::new() }
    }

    /// The whole path: what the delivery says, by device.
    fn understand(&mut self, delivery: &Delivery) -> Vec<Share> {
        let refused = |rejection| vec![Share { rejections: vec![rejection], ..Share::default() }];
        let topic = match topic::parse(&delivery.topic) {
            Ok(topic) => topic,
            Err(rejection) => return refused(rejection),
        };
        let decoded = topic.format.agree(delivery.content_type.as_deref()).and_then(|()| match topic.format {
            Format::Batch => batch::decode(&delivery.payload),
            Format::Omh => omh::decode(&delivery.payload),
        });
        match decoded {
            Ok(decoded) => self.validate(decoded, topic.source, delivery),
            Err(rejection) => refused(rejection),
        }
    }

    fn validate(&mut self, decoded: Decoded<'_>, source: &str, delivery: &Delivery) -> Vec<Share> {
        let mut shares: Vec<Share> = Vec::with_capacity(1);
        let mut not_measured = decoded.not_measured;
        let mut flagged = 0;
        for reading in decoded.readings {
            let device = self.device_of(&reading, source);
            let verdict = self.validator.validate(reading, delivery.received_at);
            not_measured += verdict.not_measured;
            flagged += verdict.flagged;
            let share = match shares.iter_mut().position(|share| share.device == device) {
                Some(at) => shares.get_mut(at),
                None => {
                    shares.push(Share { device, ..Share::default() });
                    shares.last_mut()
                }
            };
            if let Some(share) = share {
                share.valid.extend(verdict.valid);
                share.rejections.extend(verdict.rejections);
            }
        }
        if shares.is_empty() {
            shares.push(Share::default());
        }
        if let Some(first) = shares.first_mut() {
            first.rejections.extend(decoded.rejections);
        }
        self.telemetry.not_measured.increment(not_measured);
        self.telemetry.flagged_samples.increment(flagged);
        shares
    }

    fn device_of(&mut self, reading: &Reading<'_>, source: &str) -> Option<DeviceId> {
        let name = reading.device.as_deref().unwrap_or(source);
        if let Some(device) = self.names.get(name) {
            return Some(device.clone());
        }
        let device = DeviceId::parse(name).ok()?;
        if self.names.len() >= NAMES_MAX {
            self.names.clear();
        }
        self.names.insert(name.into(), device.clone());
        Some(device)
    }
}

impl Sink for Intake {
    fn take(&mut self, delivery: Delivery) -> bool {
        let shares = self.understand(&delivery);
        let token = delivery.packet_id.map(|packet_id| {
            let mut tracker = self.acks.tracker();
            let token = tracker.receive(packet_id, u32::try_from(shares.len()).unwrap_or(u32::MAX));
            (token, tracker.unacknowledged())
        });
        for share in shares {
            let valid = share.valid.iter().map(|one| u64::try_from(one.run.len()).unwrap_or(u64::MAX));
            let rejected = share.rejections.iter().map(|rejection| rejection.samples);
            let samples = valid.chain(rejected).sum();
            let arrival = Box::new(Arrival {
                device: share.device,
                valid: share.valid,
                rejections: share.rejections,
                topic: delivery.topic.clone(),
                content_type: delivery.content_type.clone(),
                payload: delivery.payload.clone(),
                received_at: delivery.received_at,
                arrived: delivery.arrived,
                published_at: delivery.published_at,
                samples,
                ack: token.map(|(token, _)| (self.connection, token)),
            });
            let name = arrival.device.as_ref().map_or("", DeviceId::as_str);
            let Some(queue) = self.lanes.of(name) else { return false };
            let weight = arrival.weight();
            self.telemetry.receive(samples);
            self.lanes.budget.take(weight);
            self.telemetry.in_flight_bytes.set(self.lanes.budget.bytes() as f64);
            if queue.push(arrival).is_err() {
                self.lanes.budget.release(weight);
                return false;
            }
        }
        // Lanes that gather what fills window or budget among them would wait for what cannot come.
        let is_pressed = token.is_some_and(|(_, unacknowledged)| unacknowledged >= self.window_pressed_at);
        if is_pressed || self.is_full() {
            self.lanes.queues.iter().for_each(queue::Queue::request_flush);
        }
        true
    }

    fn is_full(&self) -> bool {
        self.lanes.budget.is_full()
    }

    async fn room(&self) {
        self.lanes.budget.room().await;
    }
}
