//! Queue: what is believed waits here for its lane, and the lane takes a batch at a time.
//!
//! # Why
//! The ring is lock-free and of fixed size. It has no wake-ups, so two stand beside it: one for a lane that waits for
//! anything at all, one for a lane that gathers and has enough. A lane that writes is never woken: what comes meanwhile
//! is the next batch, so batches grow with the load by themselves.
//!
//! Bounds: `Budget` counts the bytes of everything received and not yet committed, whatever lane it waits for; sessions
//! stop reading above `inflight_bytes_max`. Each arrival weighs at least `ARRIVAL_BYTES_MIN`, so a ring of
//! `capacity_for` places cannot be full before the budget is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crossbeam::queue::ArrayQueue;
use tokio::sync::Notify;
use tokio::time::timeout_at;

use super::ack::Token;
use super::validate::Believed;
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
    /// Whose; `None` where the message does not say, so that nothing in it is believed.
    pub device: Option<DeviceId>,
    /// What is believed.
    pub believed: Vec<Believed>,
    /// What is not.
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
    /// Samples in it, believed or not.
    pub samples: u64,
    /// The connection and the message that its commit settles; `None` at QoS 0.
    pub ack: Option<(usize, Token)>,
}

impl Arrival {
    /// Bytes that it counts for.
    pub fn weight(&self) -> usize {
        let samples = usize::try_from(self.samples).unwrap_or(usize::MAX);
        ARRIVAL_BYTES_MIN.saturating_add(self.payload.len()).saturating_add(samples.saturating_mul(16))
    }
}

/// When a lane has enough.
#[derive(Copy, Clone, Debug)]
pub struct Limits {
    /// Samples in a batch.
    pub samples_max: usize,
    /// Bytes in a batch.
    pub bytes_max: usize,
    /// How long the first arrival of a batch may wait.
    pub age_max: Duration,
}

/// Bytes received and not yet committed, over all lanes.
#[derive(Debug)]
pub struct Budget {
    bytes: AtomicUsize,
    bytes_max: usize,
    room: Notify,
}

impl Budget {
    /// Room for so many bytes.
    pub fn new(bytes_max: usize) -> Budget {
        Budget { bytes: AtomicUsize::new(0), bytes_max, room: Notify::new() }
    }

    /// Bytes that are taken.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Acquire)
    }

    /// True where nothing more should be read.
    pub fn is_full(&self) -> bool {
        self.bytes() > self.bytes_max
    }

    /// Waits until it is not full.
    pub async fn room(&self) {
        loop {
            let freed = self.room.notified();
            tokio::pin!(freed);
            // Listen before looking: what is released in between must not be missed.
            freed.as_mut().enable();
            if !self.is_full() {
                return;
            }
            freed.await;
        }
    }

    /// Takes bytes.
    pub fn take(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
    }

    /// Gives bytes back after their commit.
    pub fn release(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::AcqRel);
        if !self.is_full() {
            self.room.notify_waiters();
        }
    }
}

/// The places that a ring needs so that the budget is full before it is.
pub fn capacity_for(inflight_bytes_max: usize, connections: usize) -> usize {
    inflight_bytes_max / ARRIVAL_BYTES_MIN + connections.saturating_mul(READ_MESSAGES_MAX)
}

/// The arrivals of one lane.
#[derive(Debug)]
pub struct Queue {
    ring: ArrayQueue<Box<Arrival>>,
    limits: Limits,
    samples: AtomicUsize,
    bytes: AtomicUsize,
    /// The lane waits for anything at all.
    idle: AtomicBool,
    closed: AtomicBool,
    /// Somebody wants the batch written now: a window is nearly full.
    pressed: AtomicBool,
    any: Notify,
    enough: Notify,
}

impl Queue {
    /// An empty ring.
    pub fn new(capacity: usize, limits: Limits) -> Queue {
        Queue {
            ring: ArrayQueue::new(capacity.max(1)),
            limits,
            samples: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            idle: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            pressed: AtomicBool::new(false),
            any: Notify::new(),
            enough: Notify::new(),
        }
    }

    /// Adds an arrival; gives it back where the ring is full.
    pub fn push(&self, arrival: Box<Arrival>) -> Result<(), Box<Arrival>> {
        let (samples, bytes) = (usize::try_from(arrival.samples).unwrap_or(usize::MAX), arrival.weight());
        // Counted before it can be taken, so that the count never falls below zero.
        let samples_before = self.samples.fetch_add(samples, Ordering::AcqRel);
        let bytes_before = self.bytes.fetch_add(bytes, Ordering::AcqRel);
        if let Err(arrival) = self.ring.push(arrival) {
            self.samples.fetch_sub(samples, Ordering::AcqRel);
            self.bytes.fetch_sub(bytes, Ordering::AcqRel);
            return Err(arrival);
        }
        let crosses = |before: usize, more: usize, limit: usize| before < limit && before.saturating_add(more) >= limit;
        if crosses(samples_before, samples, self.limits.samples_max)
            || crosses(bytes_before, bytes, self.limits.bytes_max)
        {
            self.enough.notify_one();
        }
        if self.idle.swap(false, Ordering::AcqRel) {
            self.any.notify_one();
        }
        Ok(())
    }

    /// Asks the lane to write what it has: nothing more can come before it does.
    pub fn press(&self) {
        if !self.pressed.swap(true, Ordering::AcqRel) {
            self.enough.notify_one();
        }
    }

    /// Says that nothing more comes.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.any.notify_one();
        self.enough.notify_one();
    }

    /// Fills `batch` with what is to be written together; false where nothing is left and nothing more comes.
    pub async fn next_batch(&self, batch: &mut Vec<Box<Arrival>>) -> bool {
        let Some(first) = self.first().await else { return false };
        let deadline = tokio::time::Instant::from_std(first.arrived + self.limits.age_max);
        let mut size = Size::default();
        self.keep(first, batch, &mut size);
        loop {
            let is_enough = self.fill(batch, &mut size);
            if is_enough || self.pressed.swap(false, Ordering::AcqRel) || self.closed.load(Ordering::Acquire) {
                return true;
            }
            if timeout_at(deadline, self.enough.notified()).await.is_err() {
                self.fill(batch, &mut size);
                return true;
            }
        }
    }

    /// Takes what the ring holds; true where the batch has enough.
    fn fill(&self, batch: &mut Vec<Box<Arrival>>, size: &mut Size) -> bool {
        while size.samples < self.limits.samples_max && size.bytes < self.limits.bytes_max {
            let Some(arrival) = self.ring.pop() else { return false };
            self.keep(arrival, batch, size);
        }
        true
    }

    async fn first(&self) -> Option<Box<Arrival>> {
        loop {
            if let Some(first) = self.ring.pop() {
                return Some(first);
            }
            if self.closed.load(Ordering::Acquire) {
                // Closed after the last push: one more look sees it.
                return self.ring.pop();
            }
            self.idle.store(true, Ordering::Release);
            // A push between the look and the flag has woken nobody.
            if self.ring.is_empty() && !self.closed.load(Ordering::Acquire) {
                self.any.notified().await;
            }
        }
    }

    fn keep(&self, arrival: Box<Arrival>, batch: &mut Vec<Box<Arrival>>, size: &mut Size) {
        let (samples, bytes) = (usize::try_from(arrival.samples).unwrap_or(usize::MAX), arrival.weight());
        self.samples.fetch_sub(samples, Ordering::AcqRel);
        self.bytes.fetch_sub(bytes, Ordering::AcqRel);
        size.samples = size.samples.saturating_add(samples);
        size.bytes = size.bytes.saturating_add(bytes);
        batch.push(arrival);
    }
}

/// What a batch holds so far.
#[derive(Copy, Clone, Debug, Default)]
struct Size {
    samples: usize,
    bytes: usize,
}

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
        let hash = device.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let lanes = u64::try_from(self.queues.len().max(1)).unwrap_or(1);
        self.queues.get(usize::try_from((hash >> 32) % lanes).unwrap_or(0))
    }
}
