//! The edge: what holds for every request before a page sees it, and for every response after.

/// Headers of every response.
pub(super) mod headers;

/// Forms of other sites.
pub(super) mod cross_site;

/// Panics.
pub(super) mod panics;

/// What is sent.
pub(super) mod sent;

/// Forms that were interrupted.
pub(super) mod carry;

/// No form of ours is longer.
pub(super) const FORM_BYTES_MAX: usize = 655_360;
