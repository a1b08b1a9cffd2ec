//! Keys: by id, from the configuration; the last one writes, each of them reads.
//!
//! A key is told as `ID:BASE64`, its 32 bytes as `openssl rand -base64 32` makes them and as DuckDB's
//! `PRAGMA add_parquet_key` takes them. To change keys, add a line: new files use it, old files keep the id of theirs
//! and are read as before.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use parquet::encryption::decrypt::KeyRetriever;
use parquet::errors::ParquetError;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

use super::error::FileError;
use crate::model::ids::is_name;

/// Bytes of an AES-256 key.
const KEY_BYTES: usize = 32;
/// Keys of one archive; a yearly change fills it in six decades.
const KEYS_MAX: usize = 64;
/// Bytes in the longest file of keys.
const KEY_FILE_BYTES_MAX: u64 = 65_536;

/// What a key is called: `[A-Za-z0-9._-]{1,64}`. No secret: it stands in files and in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(Arc<str>);

impl KeyId {
    /// Takes a text that is a name.
    pub fn parse(text: &str) -> Option<KeyId> {
        is_name(text).then(|| KeyId(Arc::from(text)))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The keys that were given, the oldest first; printed, it shows ids alone.
#[derive(Clone, Debug, Default)]
pub struct KeyRing {
    keys: Arc<Vec<Key>>,
}

#[derive(Debug)]
struct Key {
    id: KeyId,
    bytes: SecretBox<[u8; KEY_BYTES]>,
}

/// Why there are no keys. It never holds any part of one.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file is not there, not readable or far too long.
    #[error("cannot read archive.key_file {}: check the path, its permissions and its length", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line that is no key.
    #[error("{origin}: key {place} must be written ID:BASE64 with 32 bytes, as `openssl rand -base64 32` makes them")]
    Form {
        /// Which file or setting.
        origin: String,
        /// Which of its keys, from one.
        place: usize,
    },
    /// Two keys of one name.
    #[error("two archive keys are called {id}; an id stands for one key for ever")]
    Twice {
        /// The name.
        id: KeyId,
    },
    /// Too many.
    #[error("at most {KEYS_MAX} archive keys can be held")]
    TooMany,
}

impl KeyRing {
    /// The keys of `archive.key_file`, then those of `archive.keys`. None at all: files are plain.
    pub fn load(key_file: &str, more: &[SecretString]) -> Result<KeyRing, KeyError> {
        let mut keys = Vec::new();
        if !key_file.is_empty() {
            let text = read_key_file(key_file)?;
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            add(&mut keys, "archive.key_file", lines)?;
        }
        let more = more.iter().map(|text| text.expose_secret()).filter(|text| !text.is_empty());
        add(&mut keys, "archive.keys", more)?;
        Ok(KeyRing { keys: Arc::new(keys) })
    }

    /// The id of the key that new files are written with; `None` where they are plain.
    pub fn newest(&self) -> Option<&KeyId> {
        self.keys.last().map(|key| &key.id)
    }

    /// The bytes of a key.
    pub(super) fn bytes(&self, id: &str) -> Option<&[u8; KEY_BYTES]> {
        self.keys.iter().find(|key| key.id.as_str() == id).map(|key| key.bytes.expose_secret())
    }
}

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

fn read_key_file(path: &str) -> Result<Zeroizing<String>, KeyError> {
    use std::io::Read as _;
    let mut text = Zeroizing::new(String::new());
    let read = std::fs::File::open(path).and_then(|file| file.take(KEY_FILE_BYTES_MAX + 1).read_to_string(&mut text));
    let read = read.and_then(|bytes| match bytes as u64 {
        0..=KEY_FILE_BYTES_MAX => Ok(()),
        _ => Err(std::io::ErrorKind::FileTooLarge.into()),
    });
    read.map(|()| text).map_err(|source| KeyError::Read { path: PathBuf::from(path), source })
}

fn add<'a>(keys: &mut Vec<Key>, origin: &str, texts: impl Iterator<Item = &'a str>) -> Result<(), KeyError> {
    for (place, text) in texts.enumerate() {
        let key = parse(text).ok_or_else(|| KeyError::Form { origin: origin.to_owned(), place: place + 1 })?;
        if keys.iter().any(|known| known.id == key.id) {
            return Err(KeyError::Twice { id: key.id });
        }
        if keys.len() >= KEYS_MAX {
            return Err(KeyError::TooMany);
        }
        keys.push(key);
    }
    Ok(())
}

fn parse(text: &str) -> Option<Key> {
    let (id, encoded) = text.split_once(':')?;
    let decoded = Zeroizing::new(BASE64_STANDARD.decode(encoded.trim()).ok()?);
    let bytes: [u8; KEY_BYTES] = decoded.as_slice().try_into().ok()?;
    Some(Key { id: KeyId::parse(id.trim())?, bytes: SecretBox::new(Box::new(bytes)) })
}
