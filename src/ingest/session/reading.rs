//! Reading: packets out of the socket, messages to the sink, and the broker's answers to what was asked.

use std::time::{Duration, Instant};

use bytes::{BufMut as _, BytesMut};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Packet, Publish, SubAck};
use tokio::io::{AsyncReadExt as _, ReadHalf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::{Session, Sink};
use crate::formats::Reply;
use crate::formats::delivery::Delivery;
use crate::model::time::Timestamp;
use crate::mqtt::MqttError;
use crate::mqtt::connect::{Socket, shown};
use crate::mqtt::packet::{next_packet, published_at_ms};
use crate::mqtt::reason::SESSION_TAKEN_OVER;

/// Bytes asked of the socket at a time: hundreds of short messages for one call, and little memory where few come.
const READ_BYTES: usize = 64 * 1024;

/// What was taken out of one read.
#[derive(Debug, Default)]
struct Taken {
    messages: u64,
    payload_bytes: usize,
    /// Of QoS 1.
    protected: u64,
    replies: Vec<Reply>,
}

impl Session {
    /// Reads until the connection ends, or until it is to stop: then it waits for the other half to end it.
    pub(super) async fn read_messages(
        &self,
        socket: &mut ReadHalf<Box<dyn Socket>>,
        mut bytes: BytesMut,
        ping_every: Duration,
        sink: &mut impl Sink,
        reader: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<(), MqttError> {
        // The broker answers each ping.
        let silence_max = ping_every * 3;
        loop {
            self.take_packets(&mut bytes, sink)?;
            if sink.is_full() {
                self.telemetry.mqtt.pauses.increment(1);
                sink.room().await;
            }
            bytes.reserve(READ_BYTES);
            // A buffer that a large packet has grown would take in more messages than the queue has places for.
            let mut room = (&mut bytes).limit(READ_BYTES);
            tokio::select! {
                biased;
                // The other half goes on acknowledging, and ends this one when it is done.
                () = self.stop_reading.cancelled() => {
                    reader.take();
                    std::future::pending().await
                }
                read = timeout(silence_max, socket.read_buf(&mut room)) => match read {
                    Ok(Ok(0)) => return Err(MqttError::Closed),
                    Ok(read) => drop(read?),
                    Err(_) => return Err(MqttError::Silent(silence_max)),
                },
            }
        }
    }

    /// Takes every whole packet out of what was read. What was handled counts, whatever ends the connection after it.
    fn take_packets(&self, bytes: &mut BytesMut, sink: &mut impl Sink) -> Result<(), MqttError> {
        let mut taken = Taken::default();
        let ended = self.take_each(bytes, sink, &mut taken);
        self.telemetry.mqtt.dropped_replies.increment(self.replies.push(&mut taken.replies));
        if taken.messages > 0 {
            {
                let mut leave = self.leave();
                leave.receive(taken.protected);
                if sink.wants_catch_up() {
                    leave.ask();
                }
            }
            self.telemetry.mqtt.messages.increment(taken.messages);
            self.telemetry.mqtt.received_bytes.increment(u64::try_from(taken.payload_bytes).unwrap_or(u64::MAX));
            let (unacknowledged, window) = {
                let mut tracker = self.acks.tracker();
                (tracker.unacknowledged(), tracker.window.tell())
            };
            self.telemetry.mqtt.unacknowledged(&self.named.client_id, unacknowledged);
            window.into_iter().for_each(|window| self.report_window(window));
        }
        ended
    }

    fn take_each(&self, bytes: &mut BytesMut, sink: &mut impl Sink, taken: &mut Taken) -> Result<(), MqttError> {
        let (received_at, arrived) = (self.clock.now(), Instant::now());
        let named = |error| match error {
            MqttError::Disconnected(reason) if reason.code == SESSION_TAKEN_OVER => {
                MqttError::TakenOver(self.named.client_id.clone())
            }
            other => other,
        };
        while let Some(packet) = next_packet(bytes, self.config.packet_bytes_max).map_err(named)? {
            match packet {
                Packet::Publish(publish) => {
                    let payload_bytes = publish.payload.len();
                    let delivery = self.deliver(publish, received_at, arrived)?;
                    let is_protected = delivery.packet_id.is_some();
                    if !sink.take(delivery, &mut taken.replies) {
                        return Err(MqttError::Protocol("more messages than its window allows".to_owned()));
                    }
                    taken.messages += 1;
                    taken.payload_bytes += payload_bytes;
                    taken.protected += u64::from(is_protected);
                }
                Packet::SubAck(suback) => self.take_suback(&suback)?,
                Packet::PingResp(_) => self.take_answer(std::mem::take(&mut taken.protected), arrived, sink),
                Packet::UnsubAck(unsuback) => self.take_unsuback(&unsuback.reasons),
                _ => return Err(MqttError::Protocol("a packet that a subscriber does not ask for".to_owned())),
            }
        }
        Ok(())
    }

    fn deliver(&self, publish: Publish, received_at: Timestamp, arrived: Instant) -> Result<Delivery, MqttError> {
        let packet_id = match publish.qos {
            QoS::AtMostOnce => {
                self.telemetry.mqtt.unprotected_messages.increment(1);
                None
            }
            QoS::AtLeastOnce => Some(publish.pkid),
            QoS::ExactlyOnce => return Err(MqttError::Protocol("QoS 2 where QoS 1 was granted".to_owned())),
        };
        let (mut content_type, mut published_at) = (None, None);
        if let Some(properties) = publish.properties {
            published_at = published_at_ms(&properties).and_then(|millis| Timestamp::from_millis(millis).ok());
            content_type = properties.content_type;
        }
        let Publish { topic, payload, .. } = publish;
        Ok(Delivery { topic, payload, content_type, published_at, received_at, arrived, packet_id })
    }

    /// What the broker's answer to a ping tells, before which so many messages came that are to be acknowledged.
    fn take_answer(&self, protected: u64, arrived: Instant, sink: &mut impl Sink) {
        let mut leave = self.leave();
        leave.receive(protected);
        let answer = leave.answer(arrived);
        let is_behind = leave.is_behind();
        drop(leave);
        if let Some(answer) = answer {
            self.named.prove(answer.asked);
            if answer.is_idle {
                sink.catch_up(answer.asked);
            }
        }
        if !is_behind {
            self.state.catch_up(&self.named.client_id);
        }
    }

    fn take_suback(&self, suback: &SubAck) -> Result<(), MqttError> {
        if self.subscription.answer(&self.named.filters, suback)? {
            self.named.subscribe(self.clock.now());
            self.state.subscribed(&self.named.client_id, true);
            let broker = shown(&self.url);
            let (client, filters) = (&self.named.client_id, self.named.filters.join(", "));
            tracing::info!(broker.url = %broker, mqtt.client = %client, "subscribed to {filters}");
        }
        Ok(())
    }

    /// Says how many messages the broker sends ahead where that is fewer than we take.
    fn report_window(&self, window: usize) {
        if window >= usize::from(self.config.receive_maximum) {
            return;
        }
        self.telemetry.mqtt.window.set(window as f64);
        let (broker, client, ours) = (shown(&self.url), &self.named.client_id, self.config.receive_maximum);
        tracing::warn!(broker.url = %broker, mqtt.client = %client, mqtt.window = window, "the broker sends only \
            {window} messages ahead of their acknowledgement, where this daemon takes {ours}: at most that many are \
            committed at a time; raise its limit, which deploy/brokers.md names");
    }
}
