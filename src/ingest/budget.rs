//! Budget: the bytes of everything received and not yet committed, over all lanes.
//!
//! # Why
//! A session never waits for one lane, and a lane never for a session: a session that finds too much in flight stops
//! reading until commits have made room, whichever lane they come from. So there is no deadlock.
//!
//! Invariant, checked in every interleaving by `tests`: whoever waits for room is woken once there is room.

use super::sync::{AtomicUsize, Notify, Ordering};

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
