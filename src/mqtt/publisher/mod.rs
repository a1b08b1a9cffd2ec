//! Publisher: hands messages to a broker at QoS 1 and knows which of them it has acknowledged.
//!
//! At least once: a lost connection is made anew, and what was unacknowledged is sent again. Memory is bounded: no more
//! than `inflight_max` messages are unacknowledged, and `Publisher::publish` waits for its place among them. Mosquitto
//! allows 20 messages in flight per connection unless configured otherwise (`max_inflight_messages 0`); use several
//! publishers where that is the limit.
//!
//! # Why
//! rumqttc's event loop writes and flushes each PUBLISH by itself, which costs the load generator more processor time
//! than the daemon that it is to measure. Here all that is due leaves in one write.

/// Which messages wait, and which are in flight.
mod window;

/// What the broker says to each.
mod answer;

/// Which messages somebody has received.
mod answered;

/// Why a message is not published.
mod error;

/// What callers and connection share.
mod shared;

/// One connection after another, served.
mod connection;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time::{timeout, timeout_at};
use url::Url;

use super::connect::connect_publisher;
use crate::config::TlsConfig;
use crate::model::time::{Clock as _, SystemClock};
use shared::SharedConnection;
use window::OutgoingMessage;

pub use answer::{Ack, Counts, OnAck};
pub(crate) use answered::AnsweredIds;
pub use error::PublishError;

/// How many unacknowledged messages one publisher keeps where nobody says otherwise.
pub const INFLIGHT_DEFAULT: usize = 10_000;
/// One message to be published.
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
    shared: Arc<SharedConnection>,
    connection: JoinHandle<()>,
    /// Each message carries when it was handed over.
    says_when: bool,
}

impl Publisher {
    /// Connects to the broker; fails where it cannot be reached or refuses the connection.
    pub async fn connect(
        url: &Url,
        client_id: impl Into<String>,
        inflight_max: usize,
    ) -> Result<Publisher, PublishError> {
        Publisher::connect_with(url, client_id, inflight_max, Box::new(|_| {})).await
    }

    /// Connects to the broker, and calls `on_ack` with each answer.
    pub async fn connect_with(
        url: &Url,
        client_id: impl Into<String>,
        inflight_max: usize,
        on_ack: OnAck,
    ) -> Result<Publisher, PublishError> {
        Publisher::connect_by_tls(url, client_id, TlsConfig::default(), inflight_max, on_ack).await
    }

    /// The same by these authorities and certificates, where the URL asks for TLS.
    pub(crate) async fn connect_by_tls(
        url: &Url,
        client_id: impl Into<String>,
        tls: TlsConfig,
        inflight_max: usize,
        on_ack: OnAck,
    ) -> Result<Publisher, PublishError> {
        let client_id = client_id.into();
        let connected = connect_publisher(url, &client_id, &tls).await?;
        let shared = Arc::new(SharedConnection::new(inflight_max));
        shared.open(&connected);
        let connection =
            tokio::spawn(connection::stay_connected(shared.clone(), url.clone(), client_id, tls, connected, on_ack));
        Ok(Publisher { shared, connection, says_when: false })
    }

    /// Puts into each message when it was handed over, in the MQTT 5 user property `published_at` (epoch milliseconds).
    /// A message that is sent again keeps its first moment.
    #[must_use]
    pub fn with_timestamps(mut self) -> Publisher {
        self.says_when = true;
        self
    }

    /// Hands a message over, once fewer than `inflight_max` are unacknowledged. Its id is its number, from zero.
    pub async fn publish(&self, topic: impl Into<Bytes>, payload: impl Into<Bytes>) -> Result<u64, PublishError> {
        self.hand_over(Outgoing { topic: topic.into(), payload: payload.into(), ..Outgoing::default() }).await
    }

    /// Hands a message over under the caller's own id.
    pub async fn publish_as(
        &self,
        id: u64,
        topic: impl Into<Bytes>,
        payload: impl Into<Bytes>,
    ) -> Result<(), PublishError> {
        let message = Outgoing { id: Some(id), topic: topic.into(), payload: payload.into(), ..Outgoing::default() };
        self.hand_over(message).await.map(drop)
    }

    /// Hands a message over; its id.
    pub async fn hand_over(&self, message: Outgoing) -> Result<u64, PublishError> {
        let Outgoing { id, topic, content_type, payload } = message;
        match self.shared.places.acquire().await {
            Ok(place) => place.forget(),
            Err(_) => return Err(self.shared.failure()),
        }
        let published_at_ms = self.says_when.then(|| SystemClock.now().micros().unsigned_abs() / 1_000);
        let mut message =
            OutgoingMessage { id: 0, topic, content_type, payload, issued: Instant::now(), published_at_ms };
        let bytes = message.packet_bytes();
        let too_long = |text: &Bytes| text.len() > usize::from(u16::MAX);
        let mut state = self.shared.state();
        let refused = if too_long(&message.topic) || message.content_type.as_ref().is_some_and(too_long) {
            Some(PublishError::LongText)
        } else {
            let bytes_max = state.packet_bytes_max;
            (bytes > bytes_max).then_some(PublishError::TooLarge { bytes, bytes_max })
        };
        if let Some(refused) = refused {
            self.shared.places.add_permits(1);
            return Err(refused);
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

    /// Waits until every message is answered, no longer than `deadline`, and disconnects.
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
