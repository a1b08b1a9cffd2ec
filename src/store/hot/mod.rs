//! Blocks: written by COPY, read by time.

/// Blocks as rows of a binary COPY.
mod copy;

/// A few rows, committed by one statement.
mod small_batch;

/// Days, held while their blocks are rewritten.
mod days;

/// One transaction: fence, shared days, removals, COPY, quarantine, COMMIT.
mod commit;

/// Columns of numbers, as Postgres sends them.
mod array;

/// Blocks read back.
mod read;

/// Chunks, made before they are needed and dropped when they are empty.
mod chunk;

/// Small blocks of closed days: found, and replaced by longer ones.
pub mod compact;

/// How densely a closed chunk lies on the disk.
pub mod space;

pub use chunk::{Chunk, chunks_before, drop_if_empty, ensure_chunks};
pub use commit::{Removal, Timing, Write, Writing};
pub use copy::CopyRows;
pub use read::{BlockRange, Filter, SeriesBlock, overlapping, read_blocks};

pub(super) use commit::{copy, remove};
pub(super) use days::{Hold, hold_days};
pub(super) use read::{BLOCK, block_at};
