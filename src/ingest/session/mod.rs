//! Session: one connection to the broker after the other, under one client id, until it is to stop.
//!
//! # Why
//! The acknowledgements of one commit leave in one write, by the task that owns the connection, so none can ever leave
//! over another; and reading stops while too much is not yet committed, while acknowledgements and pings go on.
//!
//! Sessions are kept by the broker (`clean_start` false) and each connection subscribes anew, whatever the broker says
//! it remembers: the filters may have changed, and a subscription that is not granted is an error, not a log line.
//!
//! Invariant: nothing here waits for a lane. Lanes settle messages in `ack` and never wait for a session either, so no
//! order of full buffers can make the two wait for each other.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::{BufMut as _, BytesMut};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet, Publish, SubAck, Subscribe};
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::config::MqttConfig;
use crate::faults::{Defect, is_injected};
use crate::formats::Reply;
use crate::formats::delivery::Delivery;
use crate::ingest::ack::Acks;
use crate::ingest::leave::{Leave, Left};
use crate::ingest::named::{Granted, Named};
use crate::ingest::reply::ReplyQueue;
use crate::ingest::state::State;
use crate::ingest::subscription::Subscription;
use crate::model::backoff::jittered;
use crate::model::time::{Clock, Timestamp};
use crate::mqtt::MqttError;
use crate::mqtt::connect::{ConnectOptions, Connected, Socket, connect, shown};
use crate::mqtt::packet::{DISCONNECT, PINGREQ, next_packet, published_at_ms, put_puback, write};
use crate::mqtt::reason::SESSION_TAKEN_OVER;
use crate::telemetry::{Telemetry, chain};

/// What a connection does to leave filters, or its session.
mod leaving;

/// Bytes asked of the socket at a time: hundreds of short messages for one call, and little memory where few come.
const READ_BYTES: usize = 64 * 1024;
/// A connection that two clients take from each other holds no longer than this.
const SOON: Duration = Duration::from_secs(10);
/// So many of them in a row are no accident.
const ENDED_SOON_MAX: u32 = 3;

/// Where deliveries go.
pub trait Sink: Send {
    /// Takes one, and adds what is to be answered to `replies`; false where there is no space, and the connection must
    /// end so that the broker sends it again.
    fn take(&mut self, delivery: Delivery, replies: &mut Vec<Reply>) -> bool;

    /// True where too much is not yet committed.
    fn is_full(&self) -> bool;

    /// Waits until it is not.
    fn room(&self) -> impl Future<Output = ()> + Send;
}

/// What was taken out of one read.
#[derive(Debug, Default)]
struct Taken {
    messages: u64,
    payload_bytes: usize,
    /// Of QoS 1.
    protected: u64,
    replies: Vec<Reply>,
}

/// One named session at the broker.
#[derive(Debug)]
pub struct Session {
    config: MqttConfig,
    url: Url,
    named: Arc<Named>,
    /// What the present connection still leaves.
    leave: Mutex<Leave>,
    acks: Arc<Acks>,
    replies: ReplyQueue,
    subscription: Subscription,
    telemetry: Arc<Telemetry>,
    state: Arc<State>,
    clock: Arc<dyn Clock>,
    /// Stop reading; acknowledge what was read.
    stop_reading: CancellationToken,
    /// Acknowledge what is ready, and disconnect.
    close: CancellationToken,
    /// Released once nothing more is read.
    has_stopped: Option<OwnedSemaphorePermit>,
}

/// What a session shares with the rest of the daemon.
#[derive(Clone, Debug)]
pub struct SessionContext {
    /// Counts.
    pub telemetry: Arc<Telemetry>,
    /// Whether the connections are subscribed.
    pub state: Arc<State>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Stop reading; acknowledge what was read.
    pub stop_reading: CancellationToken,
    /// Acknowledge what is ready, and disconnect.
    pub close: CancellationToken,
    /// Each session holds a permit until it reads nothing more.
    pub readers: Arc<Semaphore>,
}

impl Session {
    /// A session of this name. `None` where the URL is not valid.
    pub fn new(config: &MqttConfig, named: Arc<Named>, acks: Arc<Acks>, around: SessionContext) -> Option<Session> {
        let SessionContext { telemetry, state, clock, stop_reading, close, readers } = around;
        let url = Url::parse(config.url.expose_secret()).ok()?;
        let has_stopped = readers.try_acquire_owned().ok();
        let config = config.clone();
        let (replies, subscription) = (ReplyQueue::default(), Subscription::default());
        Some(Session {
            config,
            url,
            named,
            leave: Mutex::new(Leave::new(Left::default())),
            acks,
            replies,
            subscription,
            telemetry,
            state,
            clock,
            stop_reading,
            close,
            has_stopped,
        })
    }

    /// Connects again and again until it is to stop.
    pub async fn run(mut self, mut sink: impl Sink) {
        let (retry_min, retry_max) = self.config.retry();
        let mut pause = retry_min;
        let (mut ended_soon, mut last) = (0, None);
        while !self.stop_reading.is_cancelled() {
            // Whoever has taken the session may have the shard, too.
            tokio::select! {
                () = self.state.proved_after(last) => {}
                () = self.stop_reading.cancelled() => return,
            }
            let begun = Instant::now();
            let mut reader = self.has_stopped.take();
            let ended = self.connect_and_serve(&mut sink, &mut reader).await;
            self.has_stopped = reader;
            let was_subscribed = self.state.status().is_subscribed(&self.named.client_id);
            self.forget_connection();
            last = Some(Instant::now());
            let is_hung_up = matches!(ended, Err(MqttError::Closed | MqttError::Socket(_)));
            let has_ended_soon = was_subscribed && is_hung_up && begun.elapsed() < SOON.max(retry_max * 2);
            ended_soon = if has_ended_soon { ended_soon + 1 } else { 0 };
            if ended_soon == ENDED_SOON_MAX {
                let client = &self.named.client_id;
                tracing::warn!(mqtt.client = %client, "the broker has ended {ENDED_SOON_MAX} connections in a row soon \
                    after they were subscribed: where another client uses this client id too, give each an \
                    mqtt.client_id of its own");
            }
            match ended {
                Ok(()) if self.leave().is_ended() => return self.named.end(),
                Ok(()) if self.stop_reading.is_cancelled() => return,
                Ok(()) => {
                    let client = &self.named.client_id;
                    tracing::warn!(mqtt.client = %client, "disconnected from the broker until the database answers \
                        again: the shard may have another owner");
                }
                Err(error) => {
                    // One that the broker turns away may never catch up, and nothing new may wait for ever.
                    if !matches!(error, MqttError::Socket(_) | MqttError::Silent(_)) {
                        self.state.catch_up(&self.named.client_id);
                    }
                    // A connection that held is a good sign: the next attempt comes soon.
                    pause = if begun.elapsed() > retry_max { retry_min } else { (pause * 2).min(retry_max) };
                    let broker = shown(&self.url);
                    let (client, error) = (&self.named.client_id, chain(&error));
                    tracing::warn!(broker.url = %broker, mqtt.client = %client, "no connection to the broker: {error}");
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
    ) -> Result<(), MqttError> {
        let options = ConnectOptions {
            url: &self.url,
            client_id: &self.named.client_id,
            clean_start: false,
            keep_alive: self.config.keep_alive(),
            receive_maximum: Some(self.config.receive_maximum),
            session_expiry_s: Some(self.config.session_expiry_s),
            packet_bytes_max: self.config.packet_bytes_max,
            connect_timeout: self.connect_timeout(),
            tls: &self.config.tls(),
        };
        let connected = tokio::select! {
            connected = connect(&options) => connected?,
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
    ) -> Result<(), MqttError> {
        self.telemetry.mqtt_connects.increment(1);
        if !connected.session_present {
            self.telemetry.mqtt_sessions_lost.increment(1);
        }
        let (expiry_s, wanted_expiry_s) = (connected.session_expiry_s, self.config.session_expiry_s);
        let session_present = connected.session_present;
        self.named.connect(Granted { session_present, expiry_s, wanted_expiry_s }, self.clock.now());
        self.telemetry.mqtt_session_expiry.set(f64::from(expiry_s));
        *self.leave() = Leave::new(self.named.known().left);
        if !self.leave().is_behind() {
            self.state.catch_up(&self.named.client_id);
        }
        let connection = self.acks.tracker().open();
        self.replies.open();
        self.subscription.forget();
        let Connected { socket, rest, ping_every, packet_bytes_max, .. } = connected;
        let (read, write) = tokio::io::split(socket);
        tokio::select! {
            // Whichever ends first ends the connection, so nothing half-done in the other matters.
            ended = self.read_messages(read, rest, ping_every, sink, reader) => ended,
            ended = self.write_acks(write, connection, ping_every, packet_bytes_max) => ended,
            error = self.subscription.unanswered(self.connect_timeout()) => Err(error),
        }
    }

    async fn read_messages(
        &self,
        mut socket: ReadHalf<Box<dyn Socket>>,
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
        self.telemetry.mqtt_dropped_replies.increment(self.replies.push(&mut taken.replies));
        if taken.messages > 0 {
            self.leave().receive(taken.protected);
            self.telemetry.mqtt_messages.increment(taken.messages);
            self.telemetry.mqtt_received_bytes.increment(u64::try_from(taken.payload_bytes).unwrap_or(u64::MAX));
            let (unacknowledged, window) = {
                let mut tracker = self.acks.tracker();
                (tracker.unacknowledged(), tracker.window.tell())
            };
            self.telemetry.unacknowledged(&self.named.client_id, unacknowledged);
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
                Packet::PingResp(_) => {
                    let mut leave = self.leave();
                    leave.receive(std::mem::take(&mut taken.protected));
                    leave.answer(arrived);
                    if !leave.is_behind() {
                        self.state.catch_up(&self.named.client_id);
                    }
                }
                Packet::UnsubAck(unsuback) => self.take_unsuback(&unsuback.reasons),
                _ => return Err(MqttError::Protocol("a packet that a subscriber does not ask for".to_owned())),
            }
        }
        Ok(())
    }

    fn deliver(&self, publish: Publish, received_at: Timestamp, arrived: Instant) -> Result<Delivery, MqttError> {
        let packet_id = match publish.qos {
            QoS::AtMostOnce => {
                self.telemetry.mqtt_unprotected_messages.increment(1);
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

    fn take_suback(&self, suback: &SubAck) -> Result<(), MqttError> {
        if self.subscription.answer(&self.named.filters, suback)? {
            self.state.subscribed(&self.named.client_id, true);
            let broker = shown(&self.url);
            let (client, filters) = (&self.named.client_id, self.named.filters.join(", "));
            tracing::info!(broker.url = %broker, mqtt.client = %client, "subscribed to {filters}");
        }
        Ok(())
    }

    fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.config.connect_timeout_s)
    }

    /// Writes the subscription, then acknowledgements and replies as they become due, all that are due in one write,
    /// and pings.
    async fn write_acks(
        &self,
        mut socket: WriteHalf<Box<dyn Socket>>,
        connection: u64,
        ping_every: Duration,
        packet_bytes_max: usize,
    ) -> Result<(), MqttError> {
        let (mut out, mut ready) = (BytesMut::new(), Vec::new());
        // A session that is left gets nothing new.
        let mut subscribes = !self.named.filters.is_empty() && !is_injected(Defect::SkipResubscribe);
        let mut next_ping = tokio::time::Instant::now() + ping_every;
        let (mut is_unproved, unproved) = (false, self.state.unproved());
        tokio::pin!(unproved);
        loop {
            let closing = is_unproved || self.close.is_cancelled();
            self.put_subscribe(&mut out)?;
            self.take_ready(connection, &mut ready)?;
            self.telemetry.mqtt_acks.increment(ready.len() as u64);
            self.leave().acknowledge(ready.len() as u64);
            for packet_id in ready.drain(..) {
                put_puback(&mut out, packet_id);
                if is_injected(Defect::DieBetweenAcks) {
                    socket.write_all(&out).await?;
                    std::process::abort();
                }
            }
            let (published, dropped) = self.replies.take_out(packet_bytes_max, &mut out);
            self.telemetry.mqtt_replies.increment(published);
            self.telemetry.mqtt_dropped_replies.increment(dropped);
            let ends = self.put_leave(&mut out)?;
            if !out.is_empty() {
                socket.write_all(&out).await?;
                socket.flush().await?;
                out.clear();
                if ends {
                    return Ok(socket.shutdown().await?);
                }
                continue;
            }
            if closing {
                socket.write_all(&DISCONNECT).await?;
                return Ok(socket.shutdown().await?);
            }
            tokio::select! {
                () = self.acks.wait() => {}
                () = self.replies.wait() => {}
                () = self.subscription.wait() => {}
                () = self.close.cancelled() => {}
                () = self.state.none_behind(), if subscribes => {
                    self.subscription.open();
                    subscribes = false;
                }
                () = self.wait_to_leave() => {}
                () = &mut unproved => is_unproved = true,
                () = sleep_until(next_ping) => {
                    out.put_slice(&PINGREQ);
                    self.leave().ping();
                    next_ping = tokio::time::Instant::now() + ping_every;
                }
            }
        }
    }

    /// The packet identifiers that may be acknowledged now.
    fn take_ready(&self, connection: u64, ready: &mut Vec<u16>) -> Result<(), MqttError> {
        let mut tracker = self.acks.tracker();
        if !tracker.is_open(connection) {
            return Err(MqttError::Abandoned);
        }
        if tracker.is_ready() {
            let unacknowledged = tracker.unacknowledged();
            tracker.window.free(unacknowledged, Instant::now());
        }
        tracker.take_ready(ready);
        Ok(())
    }

    /// Says how many messages the broker sends ahead where that is fewer than we take.
    fn report_window(&self, window: usize) {
        if window >= usize::from(self.config.receive_maximum) {
            return;
        }
        self.telemetry.mqtt_window.set(window as f64);
        let (broker, client, ours) = (shown(&self.url), &self.named.client_id, self.config.receive_maximum);
        tracing::warn!(broker.url = %broker, mqtt.client = %client, mqtt.window = window, "the broker sends only \
            {window} messages ahead of their acknowledgement, where this daemon takes {ours}: at most that many are \
            committed at a time; raise its limit, which deploy/brokers.md names");
    }

    /// Writes SUBSCRIBE where one is due.
    fn put_subscribe(&self, out: &mut BytesMut) -> Result<(), MqttError> {
        let is_borne = |packet_id| self.acks.tracker().bears(packet_id);
        let Some(pkid) = self.subscription.take_due(is_borne) else { return Ok(()) };
        let filters = self.named.filters.iter().map(|path| Filter::new(path, QoS::AtLeastOnce)).collect();
        write(&Packet::Subscribe(Subscribe { pkid, filters, properties: None }), out)
    }

    fn forget_connection(&self) {
        self.state.subscribed(&self.named.client_id, false);
        self.telemetry.unacknowledged(&self.named.client_id, 0);
        self.named.disconnect(self.clock.now());
    }
}
