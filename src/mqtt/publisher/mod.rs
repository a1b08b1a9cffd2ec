//! Publish: hands messages to a broker with QoS 1 and knows which of them it has acknowledged.
//!
//! At least once: a lost connection is made anew, and what was unacknowledged is sent again. Memory is bounded: no more
//! than `inflight_max` messages are unacknowledged, and `Publisher::publish` waits for its place among them.
//! Mosquitto lets 20 messages fly per connection unless told otherwise (`max_inflight_messages 0`); use several
//! publishers where that is the limit.

/// What is on its way.
mod window;

/// One connection, opened.
mod wire;

/// One connection after another, served.
mod connection;

/// A broker, greeted.
mod probe;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use bytes::{Bytes, BytesMut};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{timeout, timeout_at};
use url::Url;

use crate::model::time::{Clock as _, SystemClock};
use window::{Message, Window};
use wire::Connected;

pub(crate) use probe::{BrokerLimits, broker_of, probe};

/// How many unacknowledged messages one publisher keeps where nobody says otherwise.
pub const INFLIGHT_DEFAULT: usize = 10_000;
/// `[0x80..]`: the broker refuses the message.
const REFUSED: u8 = 0x80;
/// The broker has the message, but nobody subscribes to its topic.
pub(crate) const NO_SUBSCRIBER: u8 = 0x10;
/// The largest packet that MQTT can name.
const PACKET_BYTES_MAX: usize = 268_435_455;
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
        let connection =
            tokio::spawn(connection::stay_connected(shared.clone(), url.clone(), client_id, connected, on_ack));
        Ok(Publisher { shared, connection, tells_when: false })
    }

    /// Has each message say when it was handed over, in the MQTT 5 user property `published_at` (epoch milliseconds).
    /// A message that is sent again keeps its first moment.
    #[must_use]
    pub fn with_timestamps(mut self) -> Publisher {
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
