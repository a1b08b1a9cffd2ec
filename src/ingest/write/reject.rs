//! Reject: what cannot be stored becomes one rejection for each message that brought it.
//!
//! # Why
//! A sample that belongs into an unreadable block may be new or a duplicate: nobody can say before the block is
//! repaired. So its message is kept even above its source's cap, which is there for what devices break, and a retry
//! stores it later.

use std::collections::BTreeMap;

use super::plan::WritePlan;
use super::unit::{ArrivalRejection, Part};
use crate::model::reason::{Reason, Rejection};
use crate::store::hot::Unreadable;

const CONFLICT: &str =
    "another value is stored under the same device, metric, statistic, start and end: the first stays";
const DAMAGED: &str = "the server cannot read the stored block that these samples belong into: run `healthtrack \
                       doctor`, then retry this message";
const REFUSED_RANGE: &str = "the database does not let this range be replaced; its log says why";
const REFUSED: &str = "the database rejects this sample; its log says why";

/// What a merge could not store, one rejection for each message and reason; `admits` says whether it is kept.
pub(super) fn unmergeable(
    parts: &[Part],
    laid: &WritePlan,
    mut admits: impl FnMut(usize, Reason) -> bool,
) -> Vec<ArrivalRejection> {
    let conflicts = conflicts(parts, &laid.conflicts).into_iter().map(|(arrival, rejection)| {
        let kept = admits(arrival, rejection.reason);
        ArrivalRejection::new(arrival, rejection, kept)
    });
    let unreadable = unreadable(parts, &laid.unreadable, &laid.unreadable_ranges).into_iter();
    conflicts.chain(unreadable.map(|(arrival, rejection)| ArrivalRejection::new(arrival, rejection, true))).collect()
}

/// Rejections by the place of their arrival, one for each that brought a value that differs from a stored one.
fn conflicts(parts: &[Part], conflicts: &[usize]) -> Vec<(usize, Rejection)> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for part in conflicts.iter().filter_map(|place| parts.get(*place)) {
        *counts.entry(part.arrival).or_default() += 1;
    }
    counts
        .into_iter()
        .map(|(arrival, samples)| (arrival, Rejection::new(Reason::Conflict, CONFLICT, samples)))
        .collect()
}

/// The same for what belongs into blocks that cannot be read; the first block of each message is named.
fn unreadable(
    parts: &[Part],
    samples: &[(usize, Unreadable)],
    ranges: &[(usize, Unreadable)],
) -> Vec<(usize, Rejection)> {
    let mut counts: BTreeMap<usize, (u64, Unreadable)> = BTreeMap::new();
    for (count, places) in [(1, samples), (0, ranges)] {
        for (place, block) in places {
            if let Some(part) = parts.get(*place) {
                counts.entry(part.arrival).or_insert((0, *block)).0 += count;
            }
        }
    }
    let rejection = |(arrival, (samples, Unreadable { series, start, what, .. })): (usize, (u64, Unreadable))| {
        let detail = format!(
            "the stored block of series {} that begins at {start} cannot be read, since {what}: `healthtrack doctor` \
             says how to repair it; then retry this message",
            series.0
        );
        (arrival, Rejection { reason: Reason::UnreadableBlock, detail, samples, due_at: None })
    };
    counts.into_iter().map(rejection).collect()
}

/// Why samples that belong onto a damaged page cannot be stored.
pub(super) fn damaged(samples: usize) -> Rejection {
    let samples = u64::try_from(samples).unwrap_or(u64::MAX);
    Rejection { reason: Reason::UnreadableBlock, detail: DAMAGED.to_owned(), samples, due_at: None }
}

/// Why a range cannot be replaced; no sample is lost by it.
pub(super) fn refused_range() -> Rejection {
    Rejection { reason: Reason::RefusedByDatabase, detail: REFUSED_RANGE.to_owned(), samples: 0, due_at: None }
}

/// Why one sample that stands alone cannot be stored.
pub(super) fn refused() -> Rejection {
    Rejection::new(Reason::RefusedByDatabase, REFUSED, 1)
}
