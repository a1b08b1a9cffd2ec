//! Blocks: written by COPY, read by time.

/// Blocks as rows of a binary COPY.
mod copy;

/// A few rows, committed by one statement.
mod few;

/// One transaction: fence, removals, COPY, quarantine, COMMIT.
mod commit;

/// Blocks read back.
mod read;

/// Chunks, made before they are needed.
mod chunk;

pub use chunk::ensure_chunks;
pub use commit::{Removal, Timing, Write, commit};
pub use copy::CopyRows;
pub use read::{Filter, SeriesBlock, Wanted, overlapping, read_blocks};
