//! Publish: hands messages to a broker with QoS 1 and knows which of them it has acknowledged.
//!
//! At least once: a lost connection is made anew, and what was unacknowledged is sent again. Memory is bounded: no more
//! than `inflight_max` messages are unacknowledged, and `Publisher::publish` waits for its place among them.
//! Mosquitto lets 20 messages fly per connection unless told otherwise (`max_inflight_messages 0`); use several
//! publishers where that is the limit.

/// The own batch format, written.
pub mod batch;

mod window;
mod wire;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use bytes::{Bytes, BytesMut};
use rumqttc::v5::mqttbytes::v5::Packet;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout, timeout_at};
use url::Url;

use crate::config::MqttConfig;
use crate::model::time::{Clock as _, SystemClock};
use window::{Message, Window};
use wire::{Connected, Socket};

/// How many unacknowledged messages one publisher keeps where nobody says otherwise.
pub const INFLIGHT_DEFAULT: usize = 10_000;
/// A broker that says nothing for as long, though pinged, is gone.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// The first pause before connecting again; it doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// So many connections that end before one acknowledgement mean that the broker chokes on a message.
const BARREN_MAX: u32 = 10;
/// `[0x80..]`: the broker refuses the message.
const REFUSED: u8 = 0x80;
/// The broker has the message, but nobody subscribes to its topic.
pub(crate) const NO_SUBSCRIBER: u8 = 0x10;
/// The largest packet that MQTT can name.
const PACKET_BYTES_MAX: usize = 268_435_455;
const PINGREQ: [u8; 2] = [0xC0, 0];
const DISCONNECT: [u8; 2] = [0xE0, 0];

/// The broker's answer to one message.
#[derive(Copy, Clone, Debug)]
pub struct Ack {
    /// What the caller called the message.
    pub id: u64,
    /// The PUBACK reason code; 0x80 and above are refusals.
    pub reason: u8,
    /// When the caller handed the message over.
    pub issued: Instant,
    /// When the answer was read.
    pub answered: Instant,
}

/// The broker that the configuration names.
pub(crate) fn broker_of(config: &MqttConfig) -> anyhow::Result<Url> {
    Url::parse(config.url.expose_secret()).map_err(|_| anyhow!("mqtt.url must be a URL as in mqtt://host:1883"))
}

/// What a broker says of itself when it lets us in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BrokerLimits {
    /// Its address without user and password.
    pub(crate) shown: String,
    /// How many unacknowledged messages it takes.
    pub(crate) receive_max: u16,
    /// The largest packet that it takes; `None` where it names no limit.
    pub(crate) packet_bytes_max: Option<u32>,
    /// The highest quality of service that it offers.
    pub(crate) qos_max: u8,
}

/// Greets a broker and leaves again.
pub(crate) async fn probe(url: &Url) -> anyhow::Result<BrokerLimits> {
    let mut connected = wire::connect(url, &format!("healthtrack-doctor-{}", std::process::id())).await?;
    // Whether it hears our goodbye changes nothing.
    let _ = connected.socket.write_all(&DISCONNECT).await;
    let _ = connected.socket.shutdown().await;
    Ok(BrokerLimits {
        shown: wire::shown(url),
        receive_max: connected.receive_max,
        packet_bytes_max: u32::try_from(connected.packet_bytes_max).ok(),
        qos_max: connected.qos_max,
    })
}

/// Told of each answer, in the order in which they come. It must not block.
pub type OnAck = Box<dyn FnMut(&Ack) + Send>;

/// What became of the messages so far.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Messages handed over.
    pub issued: u64,
    /// Messages that the broker acknowledged.
    pub acked: u64,
    /// Of these, messages to which nobody subscribes.
    pub without_subscriber: u64,
    /// Messages that the broker refused.
    pub refused: u64,
    /// Messages without an answer.
    pub unanswered: u64,
    /// Times that the connection was made anew.
    pub reconnects: u64,
}

impl Counts {
    /// True where the broker acknowledged each message.
    pub fn is_complete(&self) -> bool {
        self.acked == self.issued
    }

    /// The counts of two publishers together.
    pub fn and(self, other: Counts) -> Counts {
        Counts {
            issued: self.issued + other.issued,
            acked: self.acked + other.acked,
            without_subscriber: self.without_subscriber + other.without_subscriber,
            refused: self.refused + other.refused,
            unanswered: self.unanswered + other.unanswered,
            reconnects: self.reconnects + other.reconnects,
        }
    }
}

/// One message with all that can be said about it.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// What the caller calls it; else its number, from zero.
    pub id: Option<u64>,
    /// MQTT topic.
    pub topic: Bytes,
    /// MQTT 5 content type.
    pub content_type: Option<Bytes>,
    /// The bytes.
    pub payload: Bytes,
}

/// One MQTT 5 connection that publishes with QoS 1.
#[derive(Debug)]
pub struct Publisher {
    shared: Arc<Shared>,
    connection: JoinHandle<()>,
    /// Each message says when it was handed over.
    tells_when: bool,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Places for unacknowledged messages; closed when the publisher has given up.
    places: Semaphore,
    /// Something is to be written.
    wake: Notify,
    /// The last message was answered, or the publisher has given up.
    idle: Notify,
    issued: AtomicU64,
    acked: AtomicU64,
    without_subscriber: AtomicU64,
    refused: AtomicU64,
    reconnects: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    window: Window,
    packet_bytes_max: usize,
    /// The caller wants to end once everything is answered.
    closing: bool,
    /// Why the publisher has given up.
    failed: Option<String>,
}

impl Publisher {
    /// Connects to the broker; fails where it cannot be reached or says no.
    pub async fn connect(url: &Url, client_id: impl Into<String>, inflight_max: usize) -> anyhow::Result<Publisher> {
        Publisher::connect_with(url, client_id, inflight_max, Box::new(|_| {})).await
    }

    /// Connects to the broker, and tells `on_ack` of each answer.
    pub async fn connect_with(
        url: &Url,
        client_id: impl Into<String>,
        inflight_max: usize,
        on_ack: OnAck,
    ) -> anyhow::Result<Publisher> {
        let client_id = client_id.into();
        let connected = wire::connect(url, &client_id).await?;
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            places: Semaphore::new(inflight_max.clamp(1, Semaphore::MAX_PERMITS)),
            wake: Notify::new(),
            idle: Notify::new(),
            issued: AtomicU64::new(0),
            acked: AtomicU64::new(0),
            without_subscriber: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            reconnects: AtomicU64::new(0),
        });
        shared.open(&connected);
        let connection = tokio::spawn(stay_connected(shared.clone(), url.clone(), client_id, connected, on_ack));
        Ok(Publisher { shared, connection, tells_when: false })
    }

    /// Has each message say when it was handed over, in the MQTT 5 user property `published_at` (epoch milliseconds).
    /// A message that is sent again keeps its first moment.
    #[must_use]
    pub fn telling_when(mut self) -> Publisher {
        self.tells_when = true;
        self
    }

    /// Hands a message over, once fewer than `inflight_max` are unacknowledged. Its id is its number, from zero.
    pub async fn publish(&self, topic: impl Into<Bytes>, payload: impl Into<Bytes>) -> anyhow::Result<u64> {
        self.hand_over(Outgoing { topic: topic.into(), payload: payload.into(), ..Outgoing::default() }).await
    }

    /// Hands a message over under the caller's own id.
    pub async fn publish_as(&self, id: u64, topic: impl Into<Bytes>, payload: impl Into<Bytes>) -> anyhow::Result<()> {
        let message = Outgoing { id: Some(id), topic: topic.into(), payload: payload.into(), ..Outgoing::default() };
        self.hand_over(message).await.map(drop)
    }

    /// Hands a message over; its id.
    pub async fn hand_over(&self, message: Outgoing) -> anyhow::Result<u64> {
        let Outgoing { id, topic, content_type, payload } = message;
        match self.shared.places.acquire().await {
            Ok(place) => place.forget(),
            Err(_) => return Err(self.shared.failure()),
        }
        let published_at_ms = self.tells_when.then(|| SystemClock.now().micros().unsigned_abs() / 1_000);
        let mut message = Message { id: 0, topic, content_type, payload, issued: Instant::now(), published_at_ms };
        let bytes = window::remaining_length(&message) + 5;
        let mut state = self.shared.state();
        let too_long = |text: &Bytes| text.len() > usize::from(u16::MAX);
        let texts_fit = !too_long(&message.topic) && !message.content_type.as_ref().is_some_and(too_long);
        if bytes > state.packet_bytes_max || !texts_fit {
            let limit = state.packet_bytes_max;
            self.shared.places.add_permits(1);
            bail!("a message of {bytes} bytes is above the broker's limit of {limit}; put fewer samples into one");
        }
        let had_out = state.window.has_out();
        // Counted before it can be answered, so that nobody ever reads more answers than messages.
        let number = self.shared.issued.fetch_add(1, Ordering::Relaxed);
        let id = id.unwrap_or(number);
        message.id = id;
        state.window.issue(message);
        let must_wake = !had_out && state.window.has_out();
        drop(state);
        if must_wake {
            self.shared.wake.notify_one();
        }
        Ok(id)
    }

    /// What became of the messages so far.
    pub fn counts(&self) -> Counts {
        self.shared.counts()
    }

    /// Waits until every message is answered, no longer than `deadline`, and says goodbye to the broker.
    ///
    /// What is unanswered by then is in the counts; it may or may not have reached the broker.
    pub async fn finish(mut self, deadline: Duration) -> Counts {
        let deadline = tokio::time::Instant::now() + deadline;
        let all_answered = async {
            loop {
                let idle = self.shared.idle.notified();
                if self.shared.is_idle() {
                    break;
                }
                idle.await;
            }
        };
        let in_time = timeout_at(deadline, all_answered).await.is_ok();
        self.shared.state().closing = true;
        self.shared.wake.notify_one();
        if in_time {
            let _ = timeout(Duration::from_secs(1), &mut self.connection).await;
        }
        self.shared.counts()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_idle(&self) -> bool {
        let state = self.state();
        state.failed.is_some() || state.window.unanswered() == 0
    }

    fn open(&self, connected: &Connected) {
        let mut state = self.state();
        state.packet_bytes_max = connected.packet_bytes_max.min(PACKET_BYTES_MAX);
        state.window.open(connected.receive_max);
        drop(state);
        self.wake.notify_one();
    }

    /// Swaps what is to be written for an empty buffer; true where there is nothing and nothing more will come.
    fn take_out(&self, bytes: &mut BytesMut) -> bool {
        let mut state = self.state();
        state.window.take_out(bytes);
        state.closing && bytes.is_empty()
    }

    fn fail(&self, why: String) {
        self.state().failed = Some(why);
        self.places.close();
        self.idle.notify_one();
    }

    fn failure(&self) -> anyhow::Error {
        let why = self.state().failed.clone().unwrap_or_default();
        anyhow!("publishing has stopped: {why}")
    }

    fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (acked, refused, issued) = (read(&self.acked), read(&self.refused), read(&self.issued));
        Counts {
            issued,
            acked,
            without_subscriber: read(&self.without_subscriber),
            refused,
            unanswered: issued.saturating_sub(acked + refused),
            reconnects: read(&self.reconnects),
        }
    }

    /// Takes the broker's answers; false where one of them answers nothing.
    fn take_answers(&self, answers: &[(u16, u8)], acks: &mut Vec<Ack>) -> bool {
        let answered = Instant::now();
        let mut state = self.state();
        let had_out = state.window.has_out();
        acks.clear();
        acks.extend(answers.iter().map_while(|(packet_id, reason)| {
            let message = state.window.answered(*packet_id)?;
            Some(Ack { id: message.id, reason: *reason, issued: message.issued, answered })
        }));
        let must_wake = !had_out && state.window.has_out();
        let is_idle = state.window.unanswered() == 0;
        drop(state);
        let count = |counter: &AtomicU64, counted: fn(u8) -> bool| {
            counter.fetch_add(acks.iter().filter(|ack| counted(ack.reason)).count() as u64, Ordering::Relaxed);
        };
        count(&self.acked, |reason| reason < REFUSED);
        count(&self.without_subscriber, |reason| reason == NO_SUBSCRIBER);
        count(&self.refused, |reason| reason >= REFUSED);
        self.places.add_permits(acks.len());
        if must_wake {
            self.wake.notify_one();
        }
        if is_idle {
            self.idle.notify_one();
        }
        acks.len() == answers.len()
    }
}

/// The publisher's own task: serves one connection after the other until the caller has finished.
async fn stay_connected(shared: Arc<Shared>, url: Url, client_id: String, first: Connected, mut on_ack: OnAck) {
    let (mut next, mut barren, mut pause) = (Some(first), 0, PAUSE_MIN);
    loop {
        let connected = match next.take() {
            Some(connected) => Ok(connected),
            None => wire::connect(&url, &client_id).await.inspect(|connected| {
                shared.reconnects.fetch_add(1, Ordering::Relaxed);
                shared.open(connected);
            }),
        };
        let answered_before = shared.counts();
        let ended = match connected {
            Ok(connected) => serve(&shared, connected, &mut on_ack).await.map_err(anyhow::Error::from),
            Err(error) => Err(error),
        };
        let Err(error) = ended else { return };
        let answers = shared.counts();
        let was_barren = answers.acked == answered_before.acked && answers.refused == answered_before.refused;
        let flew = shared.state().window.in_flight() > 0;
        shared.state().window.close();
        barren = if was_barren && flew {
            barren + 1
        } else if was_barren {
            barren
        } else {
            0
        };
        pause = if was_barren { (pause * 2).min(PAUSE_MAX) } else { PAUSE_MIN };
        if barren >= BARREN_MAX {
            let broker = wire::shown(&url);
            return shared
                .fail(format!("the broker at {broker} ends each connection before it acknowledges: {error:#}"));
        }
        tracing::warn!("connection to {} lost, connecting again: {error:#}", wire::shown(&url));
        sleep(jittered(pause)).await;
    }
}

/// Between half of `pause` and all of it, so that many publishers do not come back at the same moment.
fn jittered(pause: Duration) -> Duration {
    use std::hash::{BuildHasher as _, RandomState};
    let random = RandomState::new().hash_one(pause) % 1_000;
    pause / 2 + pause.mul_f64(random as f64 / 2_000.0)
}

/// Writes and reads one connection at the same time; `Ok` once the caller has finished.
async fn serve(shared: &Shared, connected: Connected, on_ack: &mut OnAck) -> io::Result<()> {
    let (read, write) = tokio::io::split(connected.socket);
    tokio::select! {
        // Whichever ends first ends the connection, so nothing half-done in the other matters.
        ended = write_all(shared, write, connected.ping_every) => ended,
        ended = read_answers(shared, read, connected.rest, on_ack) => ended,
    }
}

async fn write_all(shared: &Shared, mut socket: WriteHalf<Box<dyn Socket>>, ping_every: Duration) -> io::Result<()> {
    let mut bytes = BytesMut::new();
    let mut next_ping = tokio::time::Instant::now() + ping_every;
    loop {
        let ping_is_due = timeout_at(next_ping, shared.wake.notified()).await.is_err();
        if shared.take_out(&mut bytes) {
            socket.write_all(&DISCONNECT).await?;
            return socket.shutdown().await;
        }
        if ping_is_due {
            bytes.extend_from_slice(&PINGREQ);
            next_ping = tokio::time::Instant::now() + ping_every;
        }
        socket.write_all(&bytes).await?;
        socket.flush().await?;
    }
}

async fn read_answers(
    shared: &Shared,
    mut socket: ReadHalf<Box<dyn Socket>>,
    mut bytes: BytesMut,
    on_ack: &mut OnAck,
) -> io::Result<()> {
    let (mut answers, mut acks) = (Vec::new(), Vec::new());
    loop {
        while let Some(packet) = wire::next_packet(&mut bytes)? {
            match packet {
                Packet::PubAck(puback) => answers.push((puback.pkid, wire::reason_code(puback.reason))),
                Packet::PingResp(_) => {}
                Packet::Disconnect(bye) => return Err(io::Error::other(format!("it says {:?}", bye.reason_code))),
                _ => return Err(io::Error::other("it sends what a publisher did not ask for")),
            }
        }
        if !answers.is_empty() {
            let all_known = shared.take_answers(&answers, &mut acks);
            acks.iter().for_each(&mut *on_ack);
            answers.clear();
            if !all_known {
                return Err(io::Error::other("it acknowledges what was never sent"));
            }
        }
        bytes.reserve(16 * 1024);
        match timeout(SILENCE_MAX, socket.read_buf(&mut bytes)).await {
            Ok(Ok(0)) => return Err(io::Error::other("it closed the connection")),
            Ok(read) => drop(read?),
            Err(_) => return Err(io::Error::other(format!("it says nothing for {SILENCE_MAX:?}"))),
        }
    }
}
