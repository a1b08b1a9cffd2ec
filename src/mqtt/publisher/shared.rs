//! SharedConnection: what the callers of a publisher and its own task share.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::BytesMut;
use tokio::sync::{Notify, Semaphore};

use super::answer::{Ack, Counts, NO_SUBSCRIBER, REFUSED};
use super::error::PublishError;
use super::window::SendWindow;
use crate::mqtt::connect::Connected;

/// The largest packet that MQTT can name.
const PACKET_BYTES_MAX: usize = 268_435_455;

#[derive(Debug)]
pub(super) struct SharedConnection {
    pub(super) state: Mutex<ConnectionState>,
    /// Places for unacknowledged messages; closed when the publisher has given up.
    pub(super) places: Semaphore,
    /// Something is to be written.
    pub(super) wake: Notify,
    /// The last message was answered, or the publisher has given up.
    pub(super) idle: Notify,
    pub(super) issued: AtomicU64,
    pub(super) acked: AtomicU64,
    pub(super) without_subscriber: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) reconnects: AtomicU64,
}

#[derive(Debug, Default)]
pub(super) struct ConnectionState {
    pub(super) window: SendWindow,
    pub(super) packet_bytes_max: usize,
    /// The caller wants to end once everything is answered.
    pub(super) closing: bool,
    /// Why the publisher has given up.
    pub(super) failed: Option<String>,
}

impl SharedConnection {
    /// For at most so many unacknowledged messages.
    pub(super) fn new(inflight_max: usize) -> SharedConnection {
        SharedConnection {
            state: Mutex::default(),
            places: Semaphore::new(inflight_max.clamp(1, Semaphore::MAX_PERMITS)),
            wake: Notify::new(),
            idle: Notify::new(),
            issued: AtomicU64::new(0),
            acked: AtomicU64::new(0),
            without_subscriber: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            reconnects: AtomicU64::new(0),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, ConnectionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_idle(&self) -> bool {
        let state = self.state();
        state.failed.is_some() || state.window.unanswered() == 0
    }

    pub(super) fn open(&self, connected: &Connected) {
        let mut state = self.state();
        state.packet_bytes_max = connected.packet_bytes_max.min(PACKET_BYTES_MAX);
        state.window.open(connected.receive_max);
        drop(state);
        self.wake.notify_one();
    }

    /// Swaps what is to be written for an empty buffer; true where there is nothing and nothing more will come.
    pub(super) fn take_out(&self, bytes: &mut BytesMut) -> bool {
        let mut state = self.state();
        state.window.take_out(bytes);
        state.closing && bytes.is_empty()
    }

    pub(super) fn fail(&self, why: String) {
        self.state().failed = Some(why);
        self.places.close();
        self.idle.notify_one();
    }

    pub(super) fn failure(&self) -> PublishError {
        PublishError::Stopped(self.state().failed.clone().unwrap_or_default())
    }

    pub(super) fn counts(&self) -> Counts {
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
    pub(super) fn take_answers(&self, answers: &[(u16, u8)], acks: &mut Vec<Ack>) -> bool {
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
