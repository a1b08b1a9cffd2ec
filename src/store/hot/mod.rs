//! Blocks: written by COPY, read by time.

/// Blocks as rows of a binary COPY.
mod copy;

/// A few rows, committed by one statement.
mod small_batch;

/// What a transaction stores and supersedes.
mod changes;

/// Days, held while their blocks are rewritten.
mod days;

/// One transaction: fence, shared days, removals, COPY, quarantine, COMMIT.
mod commit;

/// Columns of numbers, as Postgres sends them.
mod array;

/// Rows that become blocks, and what is wrong with those that cannot.
mod row;

/// Stored blocks that a merge compares with.
mod overlap;

/// What stood once, and what was replaced.
mod revised;

/// After which moment a series has nothing.
mod ends;

/// Blocks read back.
mod read;

/// Every chunk, read through for blocks that cannot be.
pub mod sound;

/// How many days a new chunk holds.
mod layout;

/// Chunks, made before they are needed and dropped when they are empty.
mod chunk;

/// Small blocks of closed days: found, and replaced by longer ones.
pub mod compact;

/// How much disk a closed chunk takes.
pub mod space;

pub use changes::Changes;
pub use chunk::{Chunk, chunks_before, drop_if_empty, ensure_chunks};
pub use commit::{Removal, Write, Writing, Written};
pub use copy::CopyRows;
pub use overlap::{BlockRange, overlapping};
pub use read::{Filter, SeriesBlock, check_all_visible, read_blocks};
pub use revised::{NewRange, Past, Revised};
pub use row::{Stored, Unreadable};

pub(super) use commit::{copy, remove};
pub(super) use days::{Hold, hold_days};
pub(super) use ends::ends;
pub(super) use row::{BLOCK, END, block_at};
