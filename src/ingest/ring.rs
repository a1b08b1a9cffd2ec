//! Ring: the bounded, lock-free queue in which arrivals wait for their lane, and how the lane is woken.
//!
//! # Why
//! The places are lock-free and of fixed number. They have no wake-ups, so two stand beside them: one for a lane that
//! waits for anything at all, one for a lane that gathers and has enough. A lane that writes is never woken: what comes
//! meanwhile is the next batch, so batches grow with the load by themselves. A lane that gathers waits no longer than
//! there is something to wait for: once nothing has come for a lull, it writes what it has. Its caller makes the lull
//! as long as its last batch took to write, so waiting at most doubles what a message waits, and at load no lull is
//! that long.
//!
//! Invariants, checked in every order of their steps by `tests`: no wake-up is lost, nothing pushed is lost or doubled,
//! no count falls below zero, and what was pushed before the ring was closed is taken out of it.

use std::time::{Duration, Instant};

use super::sync::{ArrayQueue, AtomicBool, AtomicUsize, Notify, Ordering, in_time};

/// Items in a batch. What each is while it is written (a device to be added, a row, a place among others) takes more
/// memory than what came, and from some thousands on a longer batch costs an item no less.
const BATCH_ITEMS_MAX: usize = 16_384;

/// What a queue must know of its items.
pub trait QueueItem {
    /// Samples in it.
    fn samples(&self) -> usize;

    /// Bytes that it counts for.
    fn bytes(&self) -> usize;

    /// When it came.
    fn arrived(&self) -> Instant;
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

/// A ring with wake-ups.
#[derive(Debug)]
pub struct Ring<T> {
    places: ArrayQueue<Box<T>>,
    limits: Limits,
    samples: AtomicUsize,
    bytes: AtomicUsize,
    /// The lane waits for anything at all.
    idle: AtomicBool,
    closed: AtomicBool,
    /// A session wants the batch written now, since its receive window is nearly full.
    flush_requested: AtomicBool,
    any: Notify,
    enough: Notify,
}

impl<T: QueueItem> Ring<T> {
    /// An empty ring.
    pub fn new(capacity: usize, limits: Limits) -> Ring<T> {
        Ring {
            places: ArrayQueue::new(capacity.max(1)),
            limits,
            samples: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
            idle: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            flush_requested: AtomicBool::new(false),
            any: Notify::new(),
            enough: Notify::new(),
        }
    }

    /// Adds an arrival; gives it back where the ring is full.
    pub fn push(&self, arrival: Box<T>) -> Result<(), Box<T>> {
        let (samples, bytes) = (arrival.samples(), arrival.bytes());
        // Counted before it can be taken, so that the count never falls below zero.
        let samples_before = self.samples.fetch_add(samples, Ordering::AcqRel);
        let bytes_before = self.bytes.fetch_add(bytes, Ordering::AcqRel);
        if let Err(arrival) = self.places.push(arrival) {
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
    pub fn request_flush(&self) {
        // A lane that has nothing would take it for a request to write the next arrival alone.
        if self.bytes.load(Ordering::Acquire) > 0 && !self.flush_requested.swap(true, Ordering::AcqRel) {
            self.enough.notify_one();
        }
    }

    /// Closes it: nothing more comes.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.any.notify_one();
        self.enough.notify_one();
    }

    /// Fills `batch` with what is to be written together, which is all where nothing has come for `lull`; false where
    /// nothing is left and nothing more comes.
    pub async fn next_batch(&self, batch: &mut Vec<T>, lull: Duration) -> bool {
        let Some(first) = self.first().await else { return false };
        let deadline = first.arrived() + self.limits.age_max;
        let mut size = Size::default();
        size.keep(*first, batch);
        self.gather(deadline, lull, batch, &mut size).await;
        // Counted until here: only so is the lane woken when what it holds and what waits are enough together.
        self.samples.fetch_sub(size.samples, Ordering::AcqRel);
        self.bytes.fetch_sub(size.bytes, Ordering::AcqRel);
        true
    }

    /// Adds to a batch until it is enough, old, wanted now, or nothing more comes.
    async fn gather(&self, deadline: Instant, lull: Duration, batch: &mut Vec<T>, size: &mut Size) {
        loop {
            // Swapped before the ring is read, so that reading it sees all that was pushed before the request.
            let is_flush_requested = self.flush_requested.swap(false, Ordering::AcqRel);
            if self.fill(batch, size) {
                if is_flush_requested {
                    // What is left is wanted as well.
                    self.flush_requested.store(true, Ordering::Release);
                }
                return;
            }
            if is_flush_requested || self.closed.load(Ordering::Acquire) {
                return;
            }
            let (held, quiet) = (batch.len(), deadline.min(Instant::now() + lull));
            if !in_time(quiet, self.enough.notified()).await
                && (self.fill(batch, size) || quiet == deadline || batch.len() == held)
            {
                return;
            }
        }
    }

    /// Takes what the ring holds; true where the batch has enough.
    fn fill(&self, batch: &mut Vec<T>, size: &mut Size) -> bool {
        while size.samples < self.limits.samples_max
            && size.bytes < self.limits.bytes_max
            && batch.len() < BATCH_ITEMS_MAX
        {
            let Some(arrival) = self.places.pop() else { return false };
            size.keep(*arrival, batch);
        }
        true
    }

    async fn first(&self) -> Option<Box<T>> {
        loop {
            if let Some(first) = self.places.pop() {
                return Some(first);
            }
            if self.closed.load(Ordering::Acquire) {
                // Closed after the last push: one more read sees it.
                return self.places.pop();
            }
            // Swapped, not stored: the read below must not be older than the flag, and must see a push that found none.
            self.idle.swap(true, Ordering::AcqRel);
            // A push between the read and the flag has woken nobody.
            if self.places.is_empty() && !self.closed.load(Ordering::Acquire) {
                self.any.notified().await;
            }
        }
    }
}

/// What a batch holds so far.
#[derive(Copy, Clone, Debug, Default)]
struct Size {
    samples: usize,
    bytes: usize,
}

impl Size {
    fn keep<T: QueueItem>(&mut self, arrival: T, batch: &mut Vec<T>) {
        self.samples = self.samples.saturating_add(arrival.samples());
        self.bytes = self.bytes.saturating_add(arrival.bytes());
        batch.push(arrival);
    }
}
