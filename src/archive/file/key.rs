//! Keys of files, as the Parquet library asks for them.

use parquet::encryption::decrypt::KeyRetriever;
use parquet::errors::ParquetError;

use super::error::FileError;
use crate::model::ids::is_name;
pub use crate::security::keyring::{KeyError, KeyId, KeyRing};

impl KeyRetriever for KeyRing {
    fn retrieve_key(&self, id: &[u8]) -> Result<Vec<u8>, ParquetError> {
        let id = String::from_utf8_lossy(id);
        let unknown = || ParquetError::External(Box::new(FileError::UnknownKey { id: printable(&id) }));
        self.bytes(&id).map(|bytes| bytes.to_vec()).ok_or_else(unknown)
    }
}

/// The id as it can be shown, whatever a damaged file says.
fn printable(id: &str) -> String {
    if is_name(id) { id.to_owned() } else { "without a name".to_owned() }
}
