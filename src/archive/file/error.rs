//! Why a file cannot be written, or is not valid.

use parquet::errors::ParquetError;

/// Why a file cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The disk, or what stands for one.
    #[error("the archive file cannot be read or written")]
    Io(#[from] std::io::Error),
    /// The Parquet library gave up.
    #[error("the archive file cannot be encoded or decoded")]
    Parquet(#[source] ParquetError),
    /// A row that is not above the one before it.
    #[error("row {row} of the archive file does not come after the row before it; rows must be sorted, each once")]
    Order {
        /// Which, from zero.
        row: u64,
    },
    /// A row of another day.
    #[error("row {row} of the archive file does not begin on its day")]
    OtherDay {
        /// Which, from zero.
        row: u64,
    },
    /// A value that is no place in the metric's list of codes.
    #[error("row {row} of the archive file holds no code of its metric")]
    NoCode {
        /// Which, from zero.
        row: u64,
    },
    /// A file of nothing.
    #[error("an archive file must hold a row")]
    Empty,
    /// Encrypted with a key that was not given.
    #[error("the archive file is encrypted with key {id}, which neither archive.keys nor archive.key_file holds")]
    UnknownKey {
        /// Its id, as the file names it.
        id: String,
    },
    /// The file is not what was recorded of it.
    #[error("the archive file is damaged: {0}")]
    Damaged(Damage),
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Shorter or longer.
    #[error("it has {found} bytes instead of {expected}")]
    Length {
        /// As recorded.
        expected: u64,
        /// As it is.
        found: u64,
    },
    /// Other bytes.
    #[error("its SHA-256 is not the recorded one")]
    Digest,
    /// No Parquet file at all.
    #[error("it does not end as a Parquet file does")]
    NotParquet,
    /// Another column, type or version than this program writes.
    #[error("it does not have the columns and the schema version of the archive")]
    Schema,
    /// The file is of another metric, unit, day or generation, or of none.
    #[error("its {0} is not the expected one")]
    Head(&'static str),
    /// Plain where it should be encrypted, or under another key.
    #[error("it is not encrypted with the recorded key")]
    RowKey,
    /// Does not open with the key of its id.
    #[error("it cannot be decrypted: the key of its id is another one, or its bytes were changed")]
    Decryption,
    /// More or fewer rows.
    #[error("it has {found} rows instead of {expected}")]
    Rows {
        /// As recorded.
        expected: u64,
        /// As it is.
        found: u64,
    },
    /// Another first or last moment.
    #[error("its first or last time is not the recorded one")]
    Times,
    /// Brings the decoder down.
    #[error("it cannot be decoded")]
    Undecodable,
    /// Other rows.
    #[error("its rows are not the recorded ones")]
    Content,
    /// A text that is no name, statistic or code, or a missing value.
    #[error("row {row} holds something that was never written")]
    Row {
        /// Which, from zero.
        row: u64,
    },
}

impl From<Damage> for FileError {
    fn from(damage: Damage) -> FileError {
        FileError::Damaged(damage)
    }
}

impl From<ParquetError> for FileError {
    /// A failed read or write, or a key that was not found, by its own name: the library wraps both.
    fn from(error: ParquetError) -> FileError {
        match error {
            ParquetError::External(source) => match source.downcast::<std::io::Error>() {
                Ok(error) => FileError::Io(*error),
                Err(source) => match source.downcast::<FileError>() {
                    Ok(error) => *error,
                    Err(source) => FileError::Parquet(ParquetError::External(source)),
                },
            },
            other => FileError::Parquet(other),
        }
    }
}
