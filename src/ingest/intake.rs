//! Intake: the way of every message of one connection, from its delivery to the queues of its devices' lanes.
//!
//! A message goes to one lane for each device that it names, nearly always one; its acknowledgement waits for all.

use std::sync::Arc;
use std::time::Instant;

use super::ack::Acks;
use super::queue::{Arrival, Lanes, Queue};
use super::session::Sink;
use super::shards::{ShardsView, Whose};
use super::validate::{ValidSamples, Validator};
use crate::formats::delivery::Delivery;
use crate::formats::text::shown;
use crate::formats::{ClinicalResource, Decoded, Decoders, Reply};
use crate::model::ids::DeviceId;
use crate::model::reason::{Reason, Rejection};
use crate::telemetry::Telemetry;

/// The way of every message of one connection, from its delivery to the queue of its lane.
#[derive(Debug)]
pub struct Intake {
    connection: usize,
    reader: Reader,
    lanes: Lanes,
    acks: Arc<Acks>,
    telemetry: Arc<Telemetry>,
    /// From this many unacknowledged messages on, nothing more may come until some are committed.
    window_full_at: usize,
}

/// What a message is read by: its topic, its format, and the rules for its samples.
#[derive(Debug)]
pub struct Reader {
    /// Whose a topic is.
    pub shards: ShardsView,
    /// A decoder for each format.
    pub decoders: Decoders,
    /// The rules.
    pub validator: Validator,
}

/// The part of a message that is about one device, before it is an arrival.
#[derive(Debug, Default)]
struct DevicePart {
    device: Option<DeviceId>,
    valid: Vec<ValidSamples>,
    rejections: Vec<Rejection>,
}

impl Intake {
    /// The intake of connection `connection`, whose broker sends up to `window` messages ahead.
    pub fn new(
        connection: usize,
        reader: Reader,
        lanes: Lanes,
        acks: Arc<Acks>,
        telemetry: Arc<Telemetry>,
        window: u16,
    ) -> Intake {
        // A batch that waited for more than the window holds would wait for ever.
        let window_full_at = usize::from(window) * 4 / 5;
        Intake { connection, reader, lanes, acks, telemetry, window_full_at }
    }

    /// The whole path: what the delivery says, by device; what is to be answered goes to `replies`.
    fn read(&mut self, delivery: &Delivery, whose: Whose, replies: &mut Vec<Reply>) -> Vec<DevicePart> {
        if whose == Whose::Nobodys {
            let detail = "the topic is of another shard, and no daemon of it is known to have this message: correct \
                          the topic, or start a daemon for the shard and retry this message";
            let rejection = Rejection::new(Reason::WrongShard, detail, 1);
            return vec![DevicePart { rejections: vec![rejection], ..DevicePart::default() }];
        }
        match self.reader.decoders.decode(delivery) {
            Ok((source, mut decoded)) => {
                replies.append(&mut decoded.replies);
                self.validate(decoded, source, delivery)
            }
            Err(rejection) => vec![DevicePart { rejections: vec![rejection], ..DevicePart::default() }],
        }
    }

    fn validate(&mut self, decoded: Decoded<'_>, source: &str, delivery: &Delivery) -> Vec<DevicePart> {
        let mut parts: Vec<DevicePart> = Vec::with_capacity(1);
        let mut not_measured = decoded.not_measured;
        let mut flagged = 0;
        for reading in decoded.readings {
            let name = reading.device.as_deref().unwrap_or(source);
            let said = parts.iter().filter_map(|part| part.device.as_ref()).find(|device| device.as_str() == name);
            let device = said.cloned().or_else(|| DeviceId::parse(name).ok());
            let validated = self.reader.validator.validate(reading, delivery.received_at);
            not_measured += validated.not_measured;
            flagged += validated.flagged;
            let part = match parts.iter_mut().position(|part| part.device == device) {
                Some(at) => parts.get_mut(at),
                None => {
                    parts.push(DevicePart { device, ..DevicePart::default() });
                    parts.last_mut()
                }
            };
            if let Some(part) = part {
                part.valid.extend(validated.valid);
                part.rejections.extend(validated.rejections);
            }
        }
        if parts.is_empty() {
            parts.push(DevicePart::default());
        }
        if let Some(first) = parts.first_mut() {
            first.rejections.extend(decoded.rejections);
            first.rejections.extend(reject_resources(&decoded.resources));
        }
        self.telemetry.not_measured.increment(not_measured);
        self.telemetry.flagged_samples.increment(flagged);
        parts
    }

    /// Acknowledges a message that another daemon has as well.
    fn pass_over(&self, delivery: &Delivery) {
        self.telemetry.mqtt.foreign_messages.increment(1);
        if let Some(packet_id) = delivery.packet_id {
            let token = self.acks.tracker().receive(packet_id, 1);
            self.acks.settle(&[token]);
        }
    }
}

/// Clinical resources are not stored: the message goes to quarantine, where a later version finds it.
fn reject_resources(resources: &[ClinicalResource<'_>]) -> Option<Rejection> {
    let first = resources.first()?;
    let kind = shown(&first.kind);
    let detail = format!("send samples only: this version stores no clinical resource, and the first here is {kind}");
    Some(Rejection::new(Reason::UnsupportedResource, detail, resources.len()))
}

impl Sink for Intake {
    fn take(&mut self, delivery: Delivery, replies: &mut Vec<Reply>) -> bool {
        let whose = self.reader.shards.whose(&delivery.topic);
        if whose == Whose::Foreign {
            self.pass_over(&delivery);
            return true;
        }
        let parts = self.read(&delivery, whose, replies);
        let token = delivery.packet_id.map(|packet_id| {
            let mut tracker = self.acks.tracker();
            let token = tracker.receive(packet_id, u32::try_from(parts.len()).unwrap_or(u32::MAX));
            let unacknowledged = tracker.unacknowledged();
            let is_full = tracker.window.fill(unacknowledged, delivery.arrived);
            (token, is_full || unacknowledged >= self.window_full_at)
        });
        for part in parts {
            let valid = part.valid.iter().map(|one| u64::try_from(one.run.len()).unwrap_or(u64::MAX));
            let rejected = part.rejections.iter().map(|rejection| rejection.samples);
            let samples = valid.chain(rejected).sum();
            let arrival = Box::new(Arrival {
                device: part.device,
                valid: part.valid,
                rejections: part.rejections,
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
        // Lanes whose batches fill the window or the budget between them would wait for messages that cannot come.
        let is_window_full = token.is_some_and(|(_, is_full)| is_full);
        if is_window_full || self.is_full() {
            self.lanes.queues.iter().for_each(Queue::request_flush);
        }
        true
    }

    fn begin(&mut self) {
        self.reader.shards.forget();
    }

    fn catch_up(&mut self, asked: Instant) {
        self.reader.shards.catch_up(asked);
    }

    fn wants_catch_up(&self) -> bool {
        self.reader.shards.wants_catch_up()
    }

    fn is_full(&self) -> bool {
        self.lanes.budget.is_full()
    }

    fn room(&self) -> impl Future<Output = ()> + Send {
        // Holds the budget only: a decoder need not be shared between threads.
        let budget = Arc::clone(&self.lanes.budget);
        async move { budget.room().await }
    }
}
