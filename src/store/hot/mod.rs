//! Blocks: written by COPY, read by time.

/// Blocks as rows of a binary COPY.
mod copy;

/// A few rows, committed by one statement.
mod few;

/// Days, held while their blocks are rewritten.
mod days;

/// One transaction: fence, shared days, removals, COPY, quarantine, COMMIT.
mod commit;

/// Blocks read back.
mod read;

/// Chunks, made before they are needed.
mod chunk;

/// Small blocks of closed days: found, and replaced by longer ones.
pub mod compact;

pub use chunk::ensure_chunks;
pub use commit::{Removal, Timing, Write, Writing};
pub use copy::CopyRows;
pub use read::{Filter, SeriesBlock, Wanted, overlapping, read_blocks};
