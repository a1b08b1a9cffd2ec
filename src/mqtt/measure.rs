//! Measure: what no broker says of itself and only a trial shows: how many messages it sends ahead of their
//! acknowledgement, and how many it keeps for a session whose client is away.
//!
//! A trial uses a topic and sessions of its own, which nobody else has and which end with it.

use std::time::Duration;

use bytes::BytesMut;
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet, Publish as Received, Subscribe, SubscribeReasonCode};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::timeout;
use url::Url;

use super::connect::{ANSWER_BYTES_MAX, ConnectOptions, Connected, connect};
use super::error::MqttError;
use super::packet::{DISCONNECT, Publish, next_packet, put_puback, reason_code, write};
use crate::config::TlsConfig;

/// Messages of one trial of the window.
const WINDOW_MESSAGES: u16 = 1_000;
/// Nothing more comes once nothing has come for so long.
const QUIET: Duration = Duration::from_millis(700);
/// For so many times as long it may still be answering what was published: it is slow then, and holds nothing back.
const QUIETS_MAX: u32 = 3;
/// How long a broker may take to answer a subscription.
const SUBACK_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the broker keeps what a trial that is killed leaves behind.
const LEFT_BEHIND_S: u32 = 300;
/// Where mosquitto says what it is; kept for whoever subscribes.
const VERSION_TOPIC: &str = "$SYS/broker/version";

/// How many messages of a trial came ahead of their acknowledgement, and what the broker calls itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ahead {
    pub(crate) messages: usize,
    /// As many as were published, so there may be room for more.
    pub(crate) is_all: bool,
    pub(crate) version: Option<String>,
}

/// What became of messages that were published while their subscriber was away.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kept {
    pub(crate) published: usize,
    /// Publishers were told that these were taken.
    pub(crate) accepted: usize,
    /// These came once the subscriber was back.
    pub(crate) kept: usize,
    /// Whether the very first of them was among those.
    pub(crate) is_first_kept: bool,
}

/// One connection of a trial.
struct Client {
    connected: Connected,
    bytes: BytesMut,
}

/// How many of a thousand messages come before any is acknowledged, where `receive_maximum` are taken.
///
/// What comes at first may be only what the broker had when it looked: HiveMQ sends that, and the next lot once all of
/// it is acknowledged. So each lot that was larger than the ones before is acknowledged and the next one counted.
pub(crate) async fn ahead(url: &Url, tls: &TlsConfig, receive_maximum: u16) -> Result<Ahead, MqttError> {
    let topic = topic();
    let mut client = Client::open(url, tls, "window", true, receive_maximum, None).await?;
    let version = client.version().await?;
    client.subscribe(&topic, QoS::AtLeastOnce).await?;
    let (mut acked, mut messages, mut next) = (0, 0, 1_u16);
    let (mut unacknowledged, mut is_larger) = (Vec::new(), false);
    let (in_flight_max, mut quiets) = (client.connected.receive_max, 0);
    while messages < usize::from(WINDOW_MESSAGES) {
        while next <= WINDOW_MESSAGES && next <= in_flight_max.saturating_add(acked) {
            client.publish(&topic, next).await?;
            next += 1;
        }
        match client.next(QUIET).await? {
            Some(Packet::PubAck(_)) => acked += 1,
            Some(Packet::Publish(publish)) if publish.topic == topic.as_bytes() => {
                unacknowledged.push(publish.pkid);
                // mosquitto 2.0.11 sends ten for each that is acknowledged, though it was told of ten in all.
                let came = unacknowledged.len().min(receive_maximum.into());
                is_larger |= came > messages;
                messages = messages.max(came);
            }
            Some(_) => {}
            None if acked < next - 1 && quiets < QUIETS_MAX => quiets += 1,
            None if std::mem::take(&mut is_larger) => {
                for packet_id in unacknowledged.drain(..) {
                    client.acknowledge(packet_id).await?;
                }
            }
            None => break,
        }
    }
    client.close().await;
    if messages == 0 {
        return Err(MqttError::Unmeasured(topic));
    }
    Ok(Ahead { messages, is_all: messages == usize::from(WINDOW_MESSAGES), version })
}

/// Publishes `published` messages for a session of its own whose client is away, takes them back, and ends the session.
pub(crate) async fn kept(url: &Url, tls: &TlsConfig, published: u16) -> Result<Kept, MqttError> {
    let topic = topic();
    let mut absent = Client::open(url, tls, "absent", true, u16::MAX, Some(LEFT_BEHIND_S)).await?;
    absent.subscribe(&topic, QoS::AtLeastOnce).await?;
    absent.close().await;
    let mut kept = Kept { published: published.into(), ..Kept::default() };
    let mut publisher = Client::open(url, tls, "publisher", true, u16::MAX, None).await?;
    let (mut answered, mut next) = (0_u16, 1_u16);
    while answered < published {
        while next <= published && next - 1 - answered < publisher.connected.receive_max {
            publisher.publish(&topic, next).await?;
            next += 1;
        }
        match publisher.next(QUIET).await? {
            Some(Packet::PubAck(puback)) => {
                answered += 1;
                kept.accepted += usize::from(reason_code(puback.reason) < 0x80);
            }
            Some(_) => {}
            None => break,
        }
    }
    publisher.close().await;
    let mut back = Client::open(url, tls, "absent", false, u16::MAX, Some(LEFT_BEHIND_S)).await?;
    while let Some(packet) = back.next(QUIET).await? {
        let Packet::Publish(publish) = packet else { continue };
        kept.kept += 1;
        kept.is_first_kept |= number(&publish) == Some(1);
        back.acknowledge(publish.pkid).await?;
    }
    back.close().await;
    // A clean start ends the session with all that is left in it.
    Client::open(url, tls, "absent", true, u16::MAX, None).await?.close().await;
    Ok(kept)
}

/// One of this process alone, outside of what any daemon subscribes to.
fn topic() -> String {
    format!("healthtrack/doctor/{}", std::process::id())
}

fn number(publish: &Received) -> Option<u16> {
    std::str::from_utf8(&publish.payload).ok()?.parse().ok()
}

impl Client {
    async fn open(
        url: &Url,
        tls: &TlsConfig,
        role: &str,
        clean_start: bool,
        receive_maximum: u16,
        session_expiry_s: Option<u32>,
    ) -> Result<Client, MqttError> {
        let client_id = format!("healthtrack-doctor-{}-{role}", std::process::id());
        let options = ConnectOptions {
            clean_start,
            receive_maximum: Some(receive_maximum),
            session_expiry_s,
            packet_bytes_max: ANSWER_BYTES_MAX,
            ..ConnectOptions::of_publisher(url, &client_id, tls)
        };
        let mut connected = connect(&options).await?;
        let bytes = std::mem::take(&mut connected.rest);
        Ok(Client { connected, bytes })
    }

    /// The broker's name for itself, where it has one.
    async fn version(&mut self) -> Result<Option<String>, MqttError> {
        if self.subscribe(VERSION_TOPIC, QoS::AtMostOnce).await.is_err() {
            return Ok(None);
        }
        while let Some(packet) = self.next(QUIET).await? {
            if let Packet::Publish(publish) = packet {
                return Ok(super::reason::said(&String::from_utf8_lossy(&publish.payload)));
            }
        }
        Ok(None)
    }

    async fn subscribe(&mut self, topic: &str, qos: QoS) -> Result<(), MqttError> {
        let mut out = BytesMut::new();
        let filters = vec![Filter::new(topic, qos)];
        write(&Packet::Subscribe(Subscribe { pkid: u16::MAX, filters, properties: None }), &mut out)?;
        self.send(&out).await?;
        while let Some(packet) = self.next(SUBACK_TIMEOUT).await? {
            let Packet::SubAck(suback) = packet else { continue };
            return match suback.return_codes.as_slice() {
                [SubscribeReasonCode::Success(_)] => Ok(()),
                _ => Err(MqttError::Unmeasured(topic.to_owned())),
            };
        }
        Err(MqttError::NoSubAck(SUBACK_TIMEOUT))
    }

    async fn publish(&mut self, topic: &str, packet_id: u16) -> Result<(), MqttError> {
        let payload = packet_id.to_string();
        let publish = Publish {
            topic: topic.as_bytes(),
            content_type: None,
            published_at_ms: None,
            payload: payload.as_bytes(),
            packet_id: Some(packet_id),
        };
        let mut out = BytesMut::new();
        publish.put(&mut out);
        self.send(&out).await
    }

    async fn acknowledge(&mut self, packet_id: u16) -> Result<(), MqttError> {
        let mut out = BytesMut::new();
        put_puback(&mut out, packet_id);
        self.send(&out).await
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), MqttError> {
        self.connected.socket.write_all(bytes).await?;
        Ok(self.connected.socket.flush().await?)
    }

    /// The next packet; `None` where none comes for so long.
    async fn next(&mut self, patience: Duration) -> Result<Option<Packet>, MqttError> {
        loop {
            if let Some(packet) = next_packet(&mut self.bytes, ANSWER_BYTES_MAX)? {
                return Ok(Some(packet));
            }
            match timeout(patience, self.connected.socket.read_buf(&mut self.bytes)).await {
                Ok(Ok(0)) => return Err(MqttError::Closed),
                Ok(read) => drop(read?),
                Err(_) => return Ok(None),
            }
        }
    }

    async fn close(mut self) {
        // Whether it receives our DISCONNECT changes nothing.
        let _ = self.connected.socket.write_all(&DISCONNECT).await;
        let _ = self.connected.socket.shutdown().await;
    }
}
