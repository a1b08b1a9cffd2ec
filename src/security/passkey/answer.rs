//! What devices answer, as browsers send it (`PublicKeyCredential.toJSON`): JSON around bytes, which are the device's.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::cbor::{CborReader, Item};
use super::error::PasskeyError;
use super::key::PublicKey;

/// What a device says beside its counter: that somebody is there, that it knows who, and that a key follows.
pub(super) const IS_THERE: u8 = 0x01;
pub(super) const IS_RECOGNISED: u8 = 0x04;
pub(super) const HAS_KEY: u8 = 0x40;

/// An answer where a passkey is made.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Made {
    #[serde(rename = "clientDataJSON")]
    pub(super) client_data: String,
    pub(super) attestation_object: String,
}

/// An answer where one is used.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Used {
    #[serde(rename = "clientDataJSON")]
    pub(super) client_data: String,
    pub(super) authenticator_data: String,
    pub(super) signature: String,
    pub(super) user_handle: String,
}

/// Around both.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeviceAnswer<T> {
    pub(super) raw_id: String,
    pub(super) response: T,
}

/// What the browser says that it was asked.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ClientData {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) challenge: String,
    pub(super) origin: String,
    #[serde(default)]
    pub(super) cross_origin: bool,
}

/// What the device says.
pub(super) struct DeviceData<'a> {
    pub(super) site: &'a [u8],
    pub(super) flags: u8,
    pub(super) counter: u32,
    /// A new key, and what nobody asked for.
    rest: CborReader<'a>,
}

impl<'a> DeviceData<'a> {
    /// Reads it.
    pub(super) fn read(bytes: &'a [u8]) -> Option<DeviceData<'a>> {
        let mut rest = CborReader(bytes);
        let (site, flags) = (rest.take(32)?, u8::try_from(rest.number(1)?).ok()?);
        let counter = u32::try_from(rest.number(4)?).ok()?;
        Some(DeviceData { site, flags, counter, rest })
    }

    /// What the device knows a new key by, and the key, which is one of ours.
    pub(super) fn key(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        // Which make it is of nobody asked.
        self.rest.take(16)?;
        let size = usize::try_from(self.rest.number(2)?).ok()?;
        let credential_id = self.rest.take(size)?;
        let before = self.rest;
        PublicKey::read(&mut self.rest)?;
        let key = before.0.get(..before.0.len() - self.rest.0.len())?;
        Some((credential_id, key))
    }
}

/// What a device says within what its maker says of it, which is passed over.
pub(super) fn data_within(object: &[u8]) -> Option<&[u8]> {
    let mut reader = CborReader(object);
    let Item::Map(pairs) = reader.item()? else { return None };
    for _ in 0..pairs {
        let Item::Text(name) = reader.item()? else { return None };
        if name == b"authData" {
            return match reader.item()? {
                Item::Bytes(data) => Some(data),
                _ => None,
            };
        }
        reader.skip()?;
    }
    None
}

/// The bytes of a text.
pub(super) fn decoded(text: &str) -> Result<Vec<u8>, PasskeyError> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| PasskeyError::Unreadable)
}

/// A text of JSON.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, PasskeyError> {
    serde_json::from_str(text).map_err(|_| PasskeyError::Unreadable)
}
