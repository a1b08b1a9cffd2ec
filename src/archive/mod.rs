//! The archive: cold samples as Parquet files, one metric and one UTC day each.

/// One file of the archive: rows in, rows out, and proof that they are the same.
pub mod file;
