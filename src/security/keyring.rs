//! Keyring: keys by id, from the configuration; the last one is current, each of them opens what names its id.
//!
//! A key is told as `ID:BASE64`, its 32 bytes as `openssl rand -base64 32` makes them and as DuckDB's
//! `PRAGMA add_parquet_key` takes them. To change keys, add a line: what is new uses it, what is old keeps the id of
//! its own and is read as before.
//!
//! Invariant: no key is printed, whatever is printed with it
//! (`keys_come_from_a_file_and_from_the_configuration_and_are_never_printed`).

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

use crate::model::ids::is_name;

/// Bytes of an AES-256 key.
pub(crate) const KEY_BYTES: usize = 32;
/// Keys of one ring; a yearly change fills it in six decades.
const KEYS_MAX: usize = 64;
/// Bytes in the longest file of keys.
const KEY_FILE_BYTES_MAX: u64 = 65_536;

/// What a key is called: `[A-Za-z0-9._-]{1,64}`. No secret: it stands in files and in the database.
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
    #[error("cannot read {setting} {}: check the path, its permissions and its length", path.display())]
    Read {
        /// Which setting names it.
        setting: String,
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line that is no key.
    #[error("{origin}: key {place} must be written ID:BASE64 with 32 bytes, as `openssl rand -base64 32` makes them")]
    Form {
        /// Which setting.
        origin: String,
        /// Which of its keys, from one.
        place: usize,
    },
    /// Two keys of one name.
    #[error("{origin}: two keys are called {id}; an id stands for one key for ever")]
    Twice {
        /// Which setting.
        origin: String,
        /// The name.
        id: KeyId,
    },
    /// Too many.
    #[error("{origin}: at most {KEYS_MAX} keys can be held")]
    TooMany {
        /// Which setting.
        origin: String,
    },
}

impl KeyRing {
    /// The keys of the settings `NAME_file` and `NAMEs`, in this order: `archive.key` names `archive.key_file` and
    /// `archive.keys`. None at all is a ring too.
    pub fn load(name: &str, key_file: &str, more: &[SecretString]) -> Result<KeyRing, KeyError> {
        let mut keys = Vec::new();
        if !key_file.is_empty() {
            let setting = format!("{name}_file");
            let text = File::open(key_file).and_then(read_keys).map_err(|source| {
                let path = PathBuf::from(key_file);
                KeyError::Read { setting: setting.clone(), path, source }
            })?;
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            add(&mut keys, &setting, lines)?;
        }
        let more = more.iter().map(|text| text.expose_secret()).filter(|text| !text.is_empty());
        add(&mut keys, &format!("{name}s"), more)?;
        Ok(KeyRing { keys: Arc::new(keys) })
    }

    /// The id of the current key; `None` where there is none.
    pub fn newest(&self) -> Option<&KeyId> {
        self.keys.last().map(|key| &key.id)
    }

    /// The ids of all keys, the oldest first.
    pub fn ids(&self) -> impl Iterator<Item = &KeyId> {
        self.keys.iter().map(|key| &key.id)
    }

    /// The bytes of a key.
    pub(crate) fn bytes(&self, id: &str) -> Option<&[u8; KEY_BYTES]> {
        self.keys.iter().find(|key| key.id.as_str() == id).map(|key| key.bytes.expose_secret())
    }
}

/// The text of a file that holds keys, to be wiped when it is dropped.
pub(super) fn read_keys(file: File) -> std::io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    let bytes = file.take(KEY_FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if bytes as u64 > KEY_FILE_BYTES_MAX {
        return Err(std::io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

fn add<'a>(keys: &mut Vec<Key>, origin: &str, texts: impl Iterator<Item = &'a str>) -> Result<(), KeyError> {
    let origin = origin.to_owned();
    for (place, text) in texts.enumerate() {
        let Some(key) = parse(text) else { return Err(KeyError::Form { origin, place: place + 1 }) };
        if keys.iter().any(|known| known.id == key.id) {
            return Err(KeyError::Twice { origin, id: key.id });
        }
        if keys.len() >= KEYS_MAX {
            return Err(KeyError::TooMany { origin });
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

#[cfg(test)]
mod tests {
    use super::*;

    /// 32 bytes each.
    const OLD_KEY: &str = "2025:b2xkZXItb2xkZXItb2xkZXItb2xkZXItb2xkZXItMDE=";
    const NEW_KEY: &str = "2026:bmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItMDI=";

    #[test]
    fn keys_come_from_a_file_and_from_the_configuration_and_are_never_printed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("# by year\n\n  {OLD_KEY}  \n")).unwrap();
        let key_file = file.path().to_string_lossy().into_owned();
        let load = |key_file: &str, texts: &[&str]| {
            let keys: Vec<SecretString> = texts.iter().map(|text| SecretString::from(*text)).collect();
            KeyRing::load("some.key", key_file, &keys)
        };
        let ring = load(&key_file, &[NEW_KEY]).unwrap();
        assert_eq!(ring.newest().map(KeyId::as_str), Some("2026"));
        assert!(ring.bytes("2025").is_some() && ring.bytes("2024").is_none());
        let shown = format!("{ring:?}");
        assert!(shown.contains("2025") && !shown.contains("older") && !shown.contains("111, 108, 100"), "{shown}");
        assert!(load("", &[""]).unwrap().newest().is_none());
        assert!(matches!(load(&key_file, &[OLD_KEY]), Err(KeyError::Twice { .. })));
        assert!(matches!(load("/nowhere/keys", &[]), Err(KeyError::Read { .. })));
        let secret = NEW_KEY.split_once(':').unwrap().1;
        for text in
            ["2026", "2026:", "2026:c2hvcnQ=", &format!(":{secret}"), &format!("a b:{secret}"), &format!("x:{secret}x")]
        {
            let error = load("", &[text]).unwrap_err();
            assert!(matches!(error, KeyError::Form { place: 1, .. }), "{text}: {error:?}");
            assert!(!format!("{error:?} {error}").contains(secret));
        }
    }
}
