//! Session: one connection to the broker after the other, under one name, until told to stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{BufMut as _, BytesMut};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet, Publish, Subscribe, SubscribeReasonCode};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::MqttConfig;
use crate::faults::{Defect, is_injected};
use crate::formats::delivery::Delivery;
use crate::ingest::ack::Acks;
use crate::model::backoff::jittered;
use crate::model::time::{Clock, Timestamp};
use crate::mqtt::wire::{self, ConnectOptions, Connected, Socket, WireError};
use crate::telemetry::Telemetry;

/// Bytes asked of the socket at a time: hundreds of short messages for one call, and little memory where few come.
const READ_BYTES: usize = 64 * 1024;
const PINGREQ: [u8; 2] = [0xC0, 0];
const DISCONNECT: [u8; 2] = [0xE0, 0];
const SUBSCRIBE_ID: u16 = 1;
/// The user property in which a publisher says when it published, in milliseconds since 1970.
const PUBLISHED_AT: &str = "published_at";

/// Where deliveries go.
pub trait Sink: Send {
    /// Takes one; false where there is no room, and the connection must end so that the broker sends it again.
    fn take(&mut self, delivery: Delivery) -> bool;

    /// True where too much is not yet committed.
    fn is_full(&self) -> bool;

    /// Waits until it is not.
    fn room(&self) -> impl Future<Output = ()> + Send;
}

/// One named session at the broker.
#[derive(Debug)]
pub struct Session {
    config: MqttConfig,
    url: Url,
    client_id: String,
    filters: Vec<String>,
    acks: Arc<Acks>,
    telemetry: Arc<Telemetry>,
    clock: Arc<dyn Clock>,
    /// Stop reading; acknowledge what was read.
    stop_reading: CancellationToken,
    /// Acknowledge what is ready, and say goodbye.
    close: CancellationToken,
    /// Released once nothing more is read.
    has_stopped: Option<OwnedSemaphorePermit>,
}

/// What a session shares with the rest of the daemon.
#[derive(Clone, Debug)]
pub struct SessionContext {
    /// Counts.
    pub telemetry: Arc<Telemetry>,
    /// The present.
    pub clock: Arc<dyn Clock>,
    /// Stop reading; acknowledge what was read.
    pub stop_reading: CancellationToken,
    /// Acknowledge what is ready, and say goodbye.
    pub close: CancellationToken,
    /// Each session holds a permit until it reads nothing more.
    pub readers: Arc<Semaphore>,
}

impl Session {
    /// Session `number` of those among which the filters are dealt out. `None` where the URL is none.
    pub fn new(config: &MqttConfig, number: usize, acks: Arc<Acks>, around: SessionContext) -> Option<Session> {
        let filters = config.filters.iter().skip(number).step_by(config.connections).cloned().collect();
        let client_id = match number {
            0 => config.client_id.clone(),
            number => format!("{}-{number}", config.client_id),
        };
        let SessionContext { telemetry, clock, stop_reading, close, readers } = around;
        let url = Url::parse(config.url.expose_secret()).ok()?;
        let has_stopped = readers.try_acquire_owned().ok();
        let config = config.clone();
        Some(Session { config, url, client_id, filters, acks, telemetry, clock, stop_reading, close, has_stopped })
    }

    /// Connects again and again until it is told to stop.
    pub async fn run(mut self, mut sink: impl Sink) {
        let (retry_min, retry_max) = self.config.retry();
        let mut pause = retry_min;
        while !self.stop_reading.is_cancelled() {
            let begun = Instant::now();
            let mut reader = self.has_stopped.take();
            let ended = self.connect_and_serve(&mut sink, &mut reader).await;
            self.has_stopped = reader;
            self.forget_connection();
            match ended {
                Ok(()) => return,
                Err(error) => {
                    // A connection that held is a good sign: the next attempt comes soon.
                    pause = if begun.elapsed() > retry_max { retry_min } else { (pause * 2).min(retry_max) };
                    let broker = wire::shown(&self.url);
                    tracing::warn!(%broker, session = %self.client_id, "no connection to the broker: {error}");
                    tokio::select! {
                        () = sleep(jittered(pause)) => {}
                        () = self.stop_reading.cancelled() => {}
                    }
                }
            }
        }
    }

    async fn connect_and_serve(
        &self,
        sink: &mut impl Sink,
        reader: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<(), WireError> {
        let greeting = ConnectOptions {
            url: &self.url,
            client_id: &self.client_id,
            clean_start: false,
            keep_alive: self.config.keep_alive(),
            receive_maximum: Some(self.config.receive_maximum),
            session_expiry_s: Some(self.config.session_expiry_s),
            packet_bytes_max: self.config.packet_bytes_max,
            connect_timeout: Duration::from_secs(self.config.connect_timeout_s),
            tls: &self.config.tls(),
        };
        let connected = tokio::select! {
            connected = wire::connect(&greeting) => connected?,
            () = self.stop_reading.cancelled() => return Ok(()),
        };
        self.serve(connected, sink, reader).await
    }

    /// Reads and acknowledges over one connection until it ends.
    pub(in crate::ingest) async fn serve(
        &self,
        connected: Connected,
        sink: &mut impl Sink,
        reader: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<(), WireError> {
        self.telemetry.mqtt_connects.increment(1);
        if !connected.session_present {
            self.telemetry.mqtt_sessions_lost.increment(1);
        }
        self.acks.tracker().open();
        let Connected { socket, rest, ping_every, .. } = connected;
        let (read, write) = tokio::io::split(socket);
        tokio::select! {
            // Whichever ends first ends the connection, so nothing half-done in the other matters.
            ended = self.read_messages(read, rest, ping_every, sink, reader) => ended,
            ended = self.write_acks(write, ping_every) => ended,
        }
    }

    async fn read_messages(
        &self,
        mut socket: ReadHalf<Box<dyn Socket>>,
        mut bytes: BytesMut,
        ping_every: Duration,
        sink: &mut impl Sink,
        reader: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<(), WireError> {
        // The broker answers each ping.
        let silence_max = ping_every * 3;
        loop {
            self.take_packets(&mut bytes, sink)?;
            if sink.is_full() {
                self.telemetry.mqtt_pauses.increment(1);
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
                    Ok(Ok(0)) => return Err(WireError::Closed),
                    Ok(read) => drop(read?),
                    Err(_) => return Err(WireError::Silent(silence_max)),
                },
            }
        }
    }

    /// Takes every whole packet out of what was read.
    fn take_packets(&self, bytes: &mut BytesMut, sink: &mut impl Sink) -> Result<(), WireError> {
        let (received_at, arrived) = (self.clock.now(), Instant::now());
        let (mut messages, mut payload_bytes) = (0_u64, 0_usize);
        while let Some(packet) = wire::next_packet(bytes, self.config.packet_bytes_max)? {
            match packet {
                Packet::Publish(publish) => {
                    messages += 1;
                    payload_bytes += publish.payload.len();
                    if !sink.take(self.deliver(publish, received_at, arrived)?) {
                        return Err(WireError::Protocol("more messages than its window allows".to_owned()));
                    }
                }
                Packet::SubAck(suback) => self.check_grants(&suback.return_codes)?,
                Packet::PingResp(_) => {}
                Packet::Disconnect(bye) => return Err(WireError::Disconnected(format!("{:?}", bye.reason_code))),
                _ => return Err(WireError::Protocol("a packet that a subscriber does not ask for".to_owned())),
            }
        }
        if messages > 0 {
            self.telemetry.mqtt_messages.increment(messages);
            self.telemetry.mqtt_received_bytes.increment(u64::try_from(payload_bytes).unwrap_or(u64::MAX));
            let unacknowledged = self.acks.tracker().unacknowledged();
            self.telemetry.unacknowledged(&self.client_id, unacknowledged);
        }
        Ok(())
    }

    fn deliver(&self, publish: Publish, received_at: Timestamp, arrived: Instant) -> Result<Delivery, WireError> {
        let packet_id = match publish.qos {
            QoS::AtMostOnce => {
                self.telemetry.mqtt_unprotected_messages.increment(1);
                None
            }
            QoS::AtLeastOnce => Some(publish.pkid),
            QoS::ExactlyOnce => return Err(WireError::Protocol("QoS 2 where QoS 1 was granted".to_owned())),
        };
        let (mut content_type, mut published_at) = (None, None);
        if let Some(properties) = publish.properties {
            content_type = properties.content_type;
            let said = properties.user_properties.iter().find(|(key, _)| key == PUBLISHED_AT);
            let millis = said.and_then(|(_, millis)| millis.parse().ok());
            published_at = millis.and_then(|millis| Timestamp::from_millis(millis).ok());
        }
        let Publish { topic, payload, .. } = publish;
        Ok(Delivery { topic, payload, content_type, published_at, received_at, arrived, packet_id })
    }

    fn check_grants(&self, codes: &[SubscribeReasonCode]) -> Result<(), WireError> {
        let granted = |code: &SubscribeReasonCode| matches!(code, SubscribeReasonCode::Success(QoS::AtLeastOnce));
        match self.filters.iter().zip(codes).find(|(_, code)| !granted(code)) {
            Some((filter, _)) => Err(WireError::Subscription(filter.clone())),
            None if codes.len() != self.filters.len() => {
                Err(WireError::Protocol("a SUBACK of another length".to_owned()))
            }
            None => {
                self.telemetry.subscribed(&self.client_id, true);
                let broker = wire::shown(&self.url);
                tracing::info!(%broker, session = %self.client_id, "subscribed to {}", self.filters.join(", "));
                Ok(())
            }
        }
    }

    /// Writes the subscription, then acknowledgements as they become due, all that are due in one write, and pings.
    async fn write_acks(&self, mut socket: WriteHalf<Box<dyn Socket>>, ping_every: Duration) -> Result<(), WireError> {
        let (mut out, mut ready) = (BytesMut::new(), Vec::new());
        if !is_injected(Defect::SkipResubscribe) {
            self.put_subscribe(&mut out)?;
        }
        let mut next_ping = tokio::time::Instant::now() + ping_every;
        loop {
            let closing = self.close.is_cancelled();
            self.acks.tracker().take_ready(&mut ready);
            self.telemetry.mqtt_acks.increment(ready.len() as u64);
            for packet_id in ready.drain(..) {
                put_puback(&mut out, packet_id);
                if is_injected(Defect::DieBetweenAcks) {
                    socket.write_all(&out).await?;
                    std::process::abort();
                }
            }
            if !out.is_empty() {
                socket.write_all(&out).await?;
                socket.flush().await?;
                out.clear();
                continue;
            }
            if closing {
                socket.write_all(&DISCONNECT).await?;
                return Ok(socket.shutdown().await?);
            }
            tokio::select! {
                () = self.acks.wait() => {}
                () = self.close.cancelled() => {}
                () = sleep_until(next_ping) => {
                    out.put_slice(&PINGREQ);
                    next_ping = tokio::time::Instant::now() + ping_every;
                }
            }
        }
    }

    fn put_subscribe(&self, out: &mut BytesMut) -> Result<(), WireError> {
        let filters = self.filters.iter().map(|path| Filter::new(path, QoS::AtLeastOnce)).collect();
        wire::write(&Packet::Subscribe(Subscribe { pkid: SUBSCRIBE_ID, filters, properties: None }), out)
    }

    fn forget_connection(&self) {
        self.telemetry.subscribed(&self.client_id, false);
        self.telemetry.unacknowledged(&self.client_id, 0);
    }
}

/// A PUBACK of four bytes: success, no properties (MQTT 5, 3.4.2.1).
fn put_puback(out: &mut BytesMut, packet_id: u16) {
    out.put_u16(0x4002);
    out.put_u16(packet_id);
}
