//! One file of the archive: rows in, rows out, and proof that they are the same. Bytes alone: no database, no place.
//!
//! ```text
//! FileWriter::begin(out, head, key) → push(slice)… → finish() → Facts
//! verify(source, head, facts, keys)                       reopens, and says what is wrong
//! survey(source, (metric, day, generation), keys)         the same of a file that nobody recorded → Head, Facts
//! open(source, metric, keys) → rows(filter) → slice()…    streams what is asked for, rows of one series together
//! ```
//!
//! # Why
//! A file is one metric, one UTC day and one generation, sorted by device and time: whoever asks for one device reads
//! one row group of each day. It is Parquet, so that it outlives this program; row groups of 122,880 are what DuckDB
//! gives to one thread.
//!
//! *One page a chunk, never a bloom filter.* Encryption is Parquet's own, with one key for the whole file (AES-256-GCM,
//! encrypted footer). Stock DuckDB 1.5 to 2.0 reads that only where a column chunk is a single DataPageV1 after its
//! dictionary page and where no AAD prefix is used; and a bloom filter would be written in clear beside encrypted
//! columns. So page limits lie above what a row group can hold, and dictionaries never overflow into a second page.
//! Plain files have the same layout: one to write, one to test.
//!
//! *One key for many files*, not a key of each file's own that the first would wrap: DuckDB takes one footer key for
//! all files of a query. AES-GCM with random nonces is sound to 2^32 pages and headers under one key; a full row group
//! is under 60 of them, so a key is good for 8 × 10^12 samples, and a newer one takes over by being added.
//!
//! *Content is a sum over rows*, beside the SHA-256 of the bytes: the sum of two files that share no row is the sum of
//! the merged one, so a new generation can be proved against what it was made from.
//!
//! *Two versions of columns.* Files of the first know neither flags nor how a sample came; they are read as if nothing
//! were known of either, and a rewrite makes them files of the second. A bound (`below_range`, `above_range`) has no
//! value in a file: its side is kept, and no mean or threshold takes the limit for a number. Whoever reads it back is
//! given the limit of the metric's sensors, which is what the hot table has.
//!
//! Invariant: what `finish` tells of a file holds of its bytes, or `verify` says what does not
//! (`a_flipped_bit_anywhere_is_found`). Invariant: rows rise by device, start, end and statistic; none is there twice
//! (`rows_out_of_order_are_refused`). Invariant: no row, name or statistic of an encrypted file lies in clear
//! (`an_encrypted_file_tells_nothing_without_its_key`).

mod error;

mod key;

mod origin_slice;

mod row_slice;

mod content;

mod head;

mod columns;

mod row_group;

mod encode;

mod write;

mod filter;

mod texts;

mod extras;

mod cells;

mod read;

mod verify;

pub use content::{Content, ContentSum};
pub use error::{Damage, FileError};
pub use filter::RowFilter;
pub use head::{Facts, Head};
pub use key::{KeyError, KeyId, KeyRing};
pub use origin_slice::{OriginRuns, OriginSlice};
pub use read::{Opened, Rows, open};
pub use row_slice::{Row, RowKey, RowSlice};
pub(super) use verify::sha256;
pub use verify::{survey, verify};
pub use write::FileWriter;

#[cfg(test)]
mod tests;
