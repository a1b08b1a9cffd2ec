//! Blocks: written by COPY, read by time.

/// Blocks as rows of a binary COPY.
mod copy;

/// A few rows, committed by one statement.
mod few;

/// Days, held while their blocks are rewritten.
mod days;

/// One transaction: fence, removals, COPY, quarantine, COMMIT.
mod commit;

/// Blocks read back.
mod read;

/// Chunks, made before they are needed and dropped when they are empty.
mod chunk;

pub use chunk::{Chunk, chunks_before, drop_if_empty, ensure_chunks};
pub use commit::{Removal, Timing, Write, commit};
pub use copy::CopyRows;
pub use read::{Filter, SeriesBlock, Wanted, overlapping, read_blocks};

pub(super) use days::{Hold, hold_days};
pub(super) use read::{BLOCK, block_at};
