//! Keys of a provider: a JSON Web Key Set (RFC 7517), as far as it signs.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;

use super::error::OidcError;

/// No provider has more.
const KEYS_MAX: usize = 100;

/// The keys by which a provider signs.
#[derive(Clone, Debug, Default)]
pub struct KeySet(Vec<Key>);

#[derive(Clone, Debug)]
struct Key {
    id: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Described {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    used_for: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a set; keys of other kinds, which it may hold, are left out.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(json: &[u8]) -> Result<KeySet, OidcError> {
        let set: Set = serde_json::from_slice(json).map_err(|_| OidcError::Unreadable("key set"))?;
        Ok(KeySet(set.keys.into_iter().take(KEYS_MAX).filter_map(Key::read).collect()))
    }

    /// Whether a message was signed by the key of a name, by an algorithm; where no name is told, by the one key of it.
    pub(super) fn verify(
        &self,
        id: Option<&str>,
        algorithm: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), OidcError> {
        let mut fit = self.0.iter().filter(|key| key.material.algorithm() == algorithm);
        let key = match id {
            Some(id) => fit.find(|key| key.id.as_deref() == Some(id)),
            None => fit.next().filter(|_| fit.next().is_none()),
        };
        let key = key.ok_or(OidcError::UnknownKey)?;
        key.material.verify(message, signature).map_err(|_| OidcError::Signature)
    }
}

impl Key {
    fn read(described: serde_json::Value) -> Option<Key> {
        let key: Described = serde_json::from_value(described).ok()?;
        if key.used_for.as_deref().is_some_and(|used_for| used_for != "sig") {
            return None;
        }
        let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        let material = match (key.kty.as_str(), key.crv.as_deref()) {
            ("RSA", _) => Material::Rsa { n: bytes(&key.n)?, e: bytes(&key.e)? },
            ("EC", Some("P-256")) => Material::P256([vec![4], bytes(&key.x)?, bytes(&key.y)?].concat()),
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes(&key.x)?),
            _ => return None,
        };
        let is_for_it = key.alg.is_none_or(|alg| alg == material.algorithm());
        is_for_it.then_some(Key { id: key.kid, material })
    }
}

impl Material {
    fn algorithm(&self) -> &'static str {
        match self {
            Material::Rsa { .. } => "RS256",
            Material::P256(_) => "ES256",
            Material::Ed25519(_) => "EdDSA",
        }
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), ring::error::Unspecified> {
        match self {
            Material::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            Material::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature),
            Material::Ed25519(point) => UnparsedPublicKey::new(&ED25519, point).verify(message, signature),
        }
    }
}
