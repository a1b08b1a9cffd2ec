//! Envelope: texts of one patient, encrypted for one cell of the database.
//!
//! ```text
//! ring's current key ──wraps──► data key (32 random bytes, a patient)  ──encrypts──► a cell of a table
//!                               access.data_key                                      as bytea
//! ```
//!
//! Both are AES-256-GCM with a random nonce; each binds what it stands beside. A data key is bound to its patient and
//! the id of the key that wraps it; an encrypted text to `table|column|row|patient`, the patient being its data key's
//! id. So a ciphertext that is moved to another cell, or a data key to another patient, cannot be decrypted. A random
//! nonce is sound to 2^32 texts under one data key, which no person writes.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretBox};

use super::keyring::{KEY_BYTES, KeyRing};
use crate::model::people::PatientId;
use crate::model::time::Timestamp;
use crate::store::care::data_key::{self, DataKeys, WrappedKey};
use crate::store::care::error::CareError;

/// First byte of everything encrypted: raised when a reader must know another form.
const VERSION: u8 = 1;
/// Where a wrapped data key is kept.
const WRAPPED: (&str, &str) = ("access.data_key", "wrapped");

/// The keys that wrap data keys: those of `security.key_file` and `security.keys`.
#[derive(Clone, Debug)]
pub struct Envelope {
    keys: KeyRing,
}

/// What encrypts the texts of one patient; printed, it shows nothing of the key.
#[derive(Debug)]
pub struct DataKey {
    patient: PatientId,
    bytes: SecretBox<[u8; KEY_BYTES]>,
}

/// Where an encrypted text is kept: a ciphertext is bound to it.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct CellAddress<'a> {
    /// With its schema, as `care.journal_entry`.
    pub table: &'a str,
    /// Which column.
    pub column: &'a str,
    /// The row's key as text.
    pub row: &'a str,
}

/// Why something cannot be encrypted or decrypted. It never holds any part of a key or a text.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// Nothing to wrap with.
    #[error("there is no key to encrypt with; set security.key_file or security.keys (HEALTHTRACK__SECURITY__KEYS)")]
    NoKey,
    /// Wrapped with a key that nobody gave.
    #[error("a data key is wrapped with key {id}, which neither security.keys nor security.key_file holds")]
    UnknownKey {
        /// Its id.
        id: String,
    },
    /// Moved, changed, or of another patient or key.
    #[error(
        "an encrypted text of {place} cannot be decrypted: it was moved or changed, or the key of its id is another one"
    )]
    Closed {
        /// Table and column.
        place: String,
    },
    /// Opened, and no text.
    #[error("what was decrypted of {place} is no text")]
    NoText {
        /// Table and column.
        place: String,
    },
    /// Kept, and not to be read again.
    #[error("the patient's data key cannot be read: the actor may not see this patient")]
    Hidden,
    /// The system gives no random numbers, or a text is too long for the cipher.
    #[error("nothing can be encrypted: the system's random numbers or the cipher failed")]
    Cipher,
    /// A rule refuses it, or the database cannot.
    #[error(transparent)]
    Care(#[from] CareError),
}

impl Envelope {
    /// Wraps with the current key of the ring, unwraps with each.
    pub fn new(keys: &KeyRing) -> Result<Envelope, EnvelopeError> {
        keys.newest().ok_or(EnvelopeError::NoKey)?;
        Ok(Envelope { keys: keys.clone() })
    }

    /// The data key of a patient, made at the first call: two that ask at once are given the same. In a transaction
    /// that reads committed rows, as all do by default.
    pub async fn data_key(
        &self,
        keys: &mut DataKeys<'_, '_>,
        patient: PatientId,
        now: Timestamp,
    ) -> Result<DataKey, EnvelopeError> {
        if let Some(wrapped) = data_key::find(keys, patient).await? {
            return DataKey::unwrap(self, &patient, &wrapped);
        }
        let wrapped = DataKey::generate(&patient)?.wrap(self)?;
        // Somebody may have been faster.
        let kept = data_key::keep(keys, patient, &wrapped, now).await?;
        DataKey::unwrap(self, &patient, &kept.ok_or(EnvelopeError::Hidden)?)
    }

    fn key(&self, id: &str) -> Result<LessSafeKey, EnvelopeError> {
        let bytes = self.keys.bytes(id).ok_or_else(|| EnvelopeError::UnknownKey { id: id.to_owned() })?;
        cipher(bytes)
    }
}

impl DataKey {
    /// A new one.
    pub fn generate(patient: &PatientId) -> Result<DataKey, EnvelopeError> {
        let mut bytes = Box::new([0; KEY_BYTES]);
        SystemRandom::new().fill(bytes.as_mut_slice()).map_err(|_| EnvelopeError::Cipher)?;
        Ok(DataKey { patient: *patient, bytes: SecretBox::new(bytes) })
    }

    /// Whose it is.
    pub fn patient(&self) -> &PatientId {
        &self.patient
    }

    /// The data key as it is kept in the database.
    pub fn wrap(&self, envelope: &Envelope) -> Result<WrappedKey, EnvelopeError> {
        let id = envelope.keys.newest().ok_or(EnvelopeError::NoKey)?.as_str().to_owned();
        let bound = wrapped_at(&self.patient, &id);
        let wrapped = encrypted(&envelope.key(&id)?, &bound, self.bytes.expose_secret())?;
        Ok(WrappedKey { key_id: id, wrapped })
    }

    /// The data key that was wrapped for this patient.
    pub fn unwrap(envelope: &Envelope, patient: &PatientId, wrapped: &WrappedKey) -> Result<DataKey, EnvelopeError> {
        let closed = || EnvelopeError::Closed { place: format!("{}.{}", WRAPPED.0, WRAPPED.1) };
        let bound = wrapped_at(patient, &wrapped.key_id);
        let plain = decrypted(&envelope.key(&wrapped.key_id)?, &bound, &wrapped.wrapped).ok_or_else(closed)?;
        let bytes: [u8; KEY_BYTES] = plain.as_slice().try_into().map_err(|_| closed())?;
        Ok(DataKey { patient: *patient, bytes: SecretBox::new(Box::new(bytes)) })
    }
}

/// A text encrypted for this place, and for no other.
pub fn encrypt(key: &DataKey, place: &CellAddress<'_>, plain: &str) -> Result<Vec<u8>, EnvelopeError> {
    encrypt_bytes(key, place, plain.as_bytes())
}

/// The same of what is no text.
pub fn encrypt_bytes(key: &DataKey, place: &CellAddress<'_>, plain: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    encrypted(&cipher(key.bytes.expose_secret())?, &text_at(key, place), plain)
}

/// The text that was encrypted for this cell.
pub fn decrypt(key: &DataKey, place: &CellAddress<'_>, ciphertext: &[u8]) -> Result<Zeroizing<String>, EnvelopeError> {
    let shown = || format!("{}.{}", place.table, place.column);
    let plain = decrypt_bytes(key, place, ciphertext)?;
    let text = std::str::from_utf8(&plain).map_err(|_| EnvelopeError::NoText { place: shown() })?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The same of what is no text.
pub fn decrypt_bytes(
    key: &DataKey,
    place: &CellAddress<'_>,
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, EnvelopeError> {
    let shown = || format!("{}.{}", place.table, place.column);
    let plain = decrypted(&cipher(key.bytes.expose_secret())?, &text_at(key, place), ciphertext);
    plain.ok_or_else(|| EnvelopeError::Closed { place: shown() })
}

fn text_at(key: &DataKey, place: &CellAddress<'_>) -> Vec<u8> {
    bound(&[place.table, place.column, place.row, &key.patient.to_string()])
}

fn wrapped_at(patient: &PatientId, id: &str) -> Vec<u8> {
    bound(&[WRAPPED.0, WRAPPED.1, &patient.to_string(), id])
}

/// What a ciphertext is bound to: each part with its length before it, so that no two lists are equal.
fn bound(parts: &[&str]) -> Vec<u8> {
    let mut bytes = vec![VERSION];
    for part in parts {
        bytes.extend((part.len() as u64).to_le_bytes());
        bytes.extend(part.as_bytes());
    }
    bytes
}

fn cipher(bytes: &[u8; KEY_BYTES]) -> Result<LessSafeKey, EnvelopeError> {
    UnboundKey::new(&AES_256_GCM, bytes).map(LessSafeKey::new).map_err(|_| EnvelopeError::Cipher)
}

/// Version, nonce, ciphertext, tag.
fn encrypted(key: &LessSafeKey, bound: &[u8], plain: &[u8]) -> Result<Vec<u8>, EnvelopeError> {
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).map_err(|_| EnvelopeError::Cipher)?;
    let mut body = plain.to_vec();
    let tag = key
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(bound), &mut body)
        .map_err(|_| EnvelopeError::Cipher)?;
    let mut bytes = Vec::with_capacity(1 + NONCE_LEN + body.len() + tag.as_ref().len());
    bytes.push(VERSION);
    bytes.extend(nonce);
    bytes.extend(body);
    bytes.extend(tag.as_ref());
    Ok(bytes)
}

fn decrypted(key: &LessSafeKey, bound: &[u8], ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let rest = ciphertext.strip_prefix(&[VERSION])?;
    let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>()?;
    let mut body = Zeroizing::new(body.to_vec());
    let plain = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(bound), &mut body).ok()?.len();
    body.truncate(plain);
    Some(body)
}

#[cfg(test)]
mod tests;
