//! Queue: arrivals wait here for their lane, which takes a batch at a time.
//!
//! # Why
//! How a lane is woken is in `ring`, how sessions are kept within bounds in `budget`.
//!
//! Bounds: `Budget` counts the bytes of everything received and not yet committed, whatever lane it waits for; sessions
//! stop reading above `inflight_bytes_max`. Each arrival weighs at least `ARRIVAL_BYTES_MIN`, so a ring of
//! `capacity_for` places cannot be full before the budget is.

use std::sync::Arc;
use std::time::Instant;

use super::ack::Token;
pub use super::budget::Budget;
pub use super::ring::Limits;
use super::ring::{QueueItem, Ring};
use super::validate::ValidSamples;
use crate::model::ids::DeviceId;
use crate::model::reason::Rejection;
use crate::model::time::Timestamp;

/// What an arrival weighs beside its payload and its samples.
pub const ARRIVAL_BYTES_MIN: usize = 512;
/// The most messages that one read from a socket can hold, for the places beyond the budget.
const READ_MESSAGES_MAX: usize = 8_192;

/// What one message says of one device.
#[derive(Debug)]
pub struct Arrival {
    /// Which device; `None` where the message does not say, so that nothing in it is valid.
    pub device: Option<DeviceId>,
    /// The valid samples.
    pub valid: Vec<ValidSamples>,
    /// The rejected parts.
    pub rejections: Vec<Rejection>,
    /// Where it was published.
    pub topic: bytes::Bytes,
    /// MQTT 5 content type.
    pub content_type: Option<String>,
    /// The whole message, for the quarantine.
    pub payload: bytes::Bytes,
    /// When it came.
    pub received_at: Timestamp,
    /// The same on the steady clock.
    pub arrived: Instant,
    /// When it was published, where the publisher says so.
    pub published_at: Option<Timestamp>,
    /// Samples in it, valid or not.
    pub samples: u64,
    /// The connection and the message that its commit settles; `None` at QoS 0.
    pub ack: Option<(usize, Token)>,
}

impl Arrival {
    /// Bytes that it counts for.
    pub fn weight(&self) -> usize {
        ARRIVAL_BYTES_MIN.saturating_add(self.payload.len()).saturating_add(self.samples().saturating_mul(16))
    }
}

impl QueueItem for Arrival {
    fn samples(&self) -> usize {
        usize::try_from(self.samples).unwrap_or(usize::MAX)
    }

    fn bytes(&self) -> usize {
        self.weight()
    }

    fn arrived(&self) -> Instant {
        self.arrived
    }
}

/// The places that a ring needs so that the budget is full before it is.
pub fn capacity_for(inflight_bytes_max: usize, connections: usize) -> usize {
    inflight_bytes_max / ARRIVAL_BYTES_MIN + connections.saturating_mul(READ_MESSAGES_MAX)
}

/// The arrivals of one lane.
pub type Queue = Ring<Arrival>;

/// All lanes' queues with their common budget.
#[derive(Clone, Debug)]
pub struct Lanes {
    /// One for each lane.
    pub queues: Arc<[Queue]>,
    /// What all of them hold.
    pub budget: Arc<Budget>,
}

impl Lanes {
    /// So many lanes.
    pub fn new(lanes: usize, connections: usize, inflight_bytes_max: usize, limits: Limits) -> Lanes {
        let capacity = capacity_for(inflight_bytes_max, connections);
        let queues = (0..lanes).map(|_| Queue::new(capacity, limits)).collect();
        Lanes { queues, budget: Arc::new(Budget::new(inflight_bytes_max)) }
    }

    /// The lane of a device: always the same one while the daemon runs, so that one memory knows its series.
    pub fn of(&self, device: &str) -> Option<&Queue> {
        // FNV-1a: a few nanoseconds for a short name, and even enough over a handful of lanes.
        let hash = device
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let lanes = u64::try_from(self.queues.len().max(1)).unwrap_or(1);
        self.queues.get(usize::try_from((hash >> 32) % lanes).unwrap_or(0))
    }
}
