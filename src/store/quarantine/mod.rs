//! Quarantine: messages that were rejected, as a whole or in part: kept with their reason, listed, shown, retried,
//! resolved, and purged.
//!
//! # Why
//! A message is kept once, by its digest, beside a row for each of its topics and reasons (`signal.quarantine` shows
//! both as one): what is long is the message, and one may be rejected for six reasons.
//!
//! Invariant: whoever writes or deletes locks payloads before their rejections, in the order of digests, so that
//! neither waits for the other in a circle.

/// Rows that a transaction writes.
mod insert;

/// What operators read, and what a retry does.
mod inspect;

/// Given to the daemon again, since its time has come.
mod due;

/// Removed.
mod purge;

/// Marked as dealt with, and how full it is.
mod upkeep;

pub use due::{count_tries, due, settle};
pub(in crate::store) use insert::insert;
pub use insert::{Added, Quarantined};
pub use inspect::{
    KeptMessage, ListFilter, QuarantineRow, RetryFilter, list, mark_retried, retry_extent, show, to_retry,
};
pub use purge::{Page, Purge, Purged, count_due, count_page, pass_over, purge_page};
pub use upkeep::{Fullness, ReasonCount, Resolution, ResolveFilter, fullness, reasons, resolve};
