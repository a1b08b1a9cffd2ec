//! Revision: which of the words that a source has said of one start of a series stands.
//!
//! # Why
//! Sources correct themselves: totals grow, nights are scored again, readings are taken back. Those that can say so
//! raise a revision, and the highest stands, whatever the order in which words arrive. Most cannot. Then the first of
//! two instants stays, since a clock that repeats itself is the likelier cause; and of two intervals that begin
//! together, and of two values for one day or one event, the later stands, since that is what growing totals and new
//! scores look like. A word that has stood before and comes again is a repeated delivery and changes nothing.
//!
//! Every tier decides by this module: a lane as samples arrive, and the roll as it joins late samples with archived
//! ones.
//!
//! Invariant: with revisions the outcome does not depend on the order of arrival: what stands at a start is its highest
//! revision, unless a higher range covers it; of two equal ones the first.

/// What a source says.
mod word;

/// What a source takes back.
mod range;

/// What is known of one start, and what a further word does to it.
mod start;

/// What was said of one start, asked for by what it says.
mod spoken;

#[cfg(test)]
mod tests;

pub use range::{REPLACED_DAYS_MAX, ReplacedRange};
pub use start::{Said, Start};
pub use word::{Precedence, Word};
