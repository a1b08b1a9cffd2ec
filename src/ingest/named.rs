//! Named: one session at the broker by its name: what it subscribes to, what it leaves, and what is known of it. Shared
//! by its connection, which learns, and by whoever records it (`sessions`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Notify, watch};

use super::leave::Left;
use crate::model::time::{SECOND_US, Timestamp};
use crate::store::mqtt_session::NEVER_S;

/// One session by its name.
#[derive(Debug)]
pub struct Named {
    /// Its name at the broker.
    pub client_id: String,
    /// What it subscribes to; nothing where it is left.
    pub filters: Vec<String>,
    known: Mutex<SessionState>,
    changed: Arc<Notify>,
    /// Whether anybody asks for proofs that it is connected.
    proves: watch::Sender<bool>,
}

/// What is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionState {
    /// What is still to be left.
    pub left: Left,
    /// True while it is connected.
    pub is_connected: bool,
    /// When it last was; none before the first time.
    pub connected_at: Option<Timestamp>,
    /// How long the broker keeps it without a connection.
    pub expiry_s: u32,
    /// When the broker has granted all its filters to the present connection.
    pub granted_at: Option<Timestamp>,
    /// A moment since then at which the connection lived for certain, where anybody asks for that: the broker has
    /// answered what left then.
    pub proved: Option<Instant>,
    /// True once it was drained and ended.
    pub has_ended: bool,
}

/// What the broker answered to a CONNECT.
#[derive(Copy, Clone, Debug)]
pub struct Granted {
    /// It had the session.
    pub session_present: bool,
    /// For how long it will keep it.
    pub expiry_s: u32,
    /// For how long it was asked to.
    pub wanted_expiry_s: u32,
}

impl Named {
    /// A session of which so much is known; `changed` is told where more becomes known.
    pub fn new(client_id: String, filters: Vec<String>, known: SessionState, changed: Arc<Notify>) -> Named {
        Named { client_id, filters, known: Mutex::new(known), changed, proves: watch::Sender::new(false) }
    }

    /// What is known now.
    pub fn known(&self) -> SessionState {
        self.lock().clone()
    }

    /// The broker has accepted a connection: warns where it has forgotten the session, or will keep it too briefly.
    pub fn connect(&self, granted: Granted, now: Timestamp) {
        let mut before = self.known();
        let client = &self.client_id;
        if let (Some(at), false) = (before.connected_at, granted.session_present) {
            let (away_s, kept_s) = (now.micros_since(at) / SECOND_US, before.expiry_s);
            let is_left = self.filters.is_empty();
            if kept_s != NEVER_S && away_s > i64::from(kept_s) {
                tracing::warn!(mqtt.client = %client, "the session has expired at the broker, which keeps it for \
                    {kept_s} s, after {away_s} s without a connection: messages that waited in it are lost");
            } else if is_left {
                // It may have been ended just before that could be recorded.
                tracing::info!(mqtt.client = %client, "the broker has no session any more of an earlier configuration \
                    that was connected {away_s} s ago: nothing is left to drain");
            } else {
                tracing::warn!(mqtt.client = %client, "the broker has no session any more that was connected {away_s} \
                    s ago: messages that waited in it are lost; let the broker keep sessions on disk, as \
                    deploy/README.md tells");
            }
        }
        let Granted { expiry_s, wanted_expiry_s, .. } = granted;
        if expiry_s < wanted_expiry_s && (before.connected_at.is_none() || before.expiry_s != expiry_s) {
            tracing::warn!(mqtt.client = %client, "the broker keeps the session for {expiry_s} s only, not for the \
                {wanted_expiry_s} s of mqtt.session_expiry_s: what waits in it longer is lost; raise the broker's \
                limit");
        }
        if !granted.session_present {
            // A new session is subscribed to nothing.
            before.left.filters.clear();
        }
        (before.granted_at, before.proved) = (None, None);
        *self.lock() = SessionState { is_connected: true, connected_at: Some(now), expiry_s, ..before };
        self.changed.notify_one();
    }

    /// The connection has ended.
    pub fn disconnect(&self, now: Timestamp) {
        let mut known = self.lock();
        if std::mem::take(&mut known.is_connected) {
            (known.connected_at, known.granted_at, known.proved) = (Some(now), None, None);
            drop(known);
            self.changed.notify_one();
        }
    }

    /// All its filters are granted.
    pub fn subscribe(&self, now: Timestamp) {
        self.lock().granted_at = Some(now);
        self.changed.notify_one();
    }

    /// Has its connection prove again and again that it lives, or not.
    pub fn ask_for_proof(&self, asks: bool) {
        self.proves.send_if_modified(|proves| std::mem::replace(proves, asks) != asks);
    }

    /// Waits until it is to prove that.
    pub async fn asked_for_proof(&self) {
        let mut proves = self.proves.subscribe();
        if proves.wait_for(|proves| *proves).await.is_err() {
            // The sender is in `self`.
            std::future::pending().await
        }
    }

    /// The broker has answered what left at `asked`.
    pub fn prove(&self, asked: Instant) {
        let mut known = self.lock();
        if *self.proves.borrow() && known.granted_at.is_some() {
            known.proved = Some(asked);
            drop(known);
            self.changed.notify_one();
        }
    }

    /// The filters that were to be left are.
    pub fn leave_filters(&self) {
        self.lock().left.filters.clear();
        self.changed.notify_one();
    }

    /// The whole session is left.
    pub fn end(&self) {
        self.lock().has_ended = true;
        self.changed.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, SessionState> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
