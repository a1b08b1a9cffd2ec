//! Sync: the synchronisation primitives, by one name each.
//!
//! `ring`, `budget` and `ack` take their primitives from here, so that the tests can put those of a model checker under
//! the same source.

use std::time::Instant;

pub(super) use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
pub(super) use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) use crossbeam::queue::ArrayQueue;
pub(super) use tokio::sync::Notify;

/// Waits for `happening`; false where `deadline` comes first.
pub(super) async fn in_time(deadline: Instant, happening: impl Future<Output = ()>) -> bool {
    tokio::time::timeout_at(deadline.into(), happening).await.is_ok()
}
