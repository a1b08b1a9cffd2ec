//! ID tokens: a signature and claims, each of which must be what was asked for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::error::OidcError;
use super::keys::KeySet;
use crate::model::time::{SECOND_US, Timestamp};

/// How far clocks may be apart.
const LEEWAY_S: i64 = 60;
/// No token is longer.
const TOKEN_BYTES_MAX: usize = 65_536;
/// By OpenID Connect Core.
const SUBJECT_CHARS_MAX: usize = 255;

/// What a token must say.
#[derive(Clone, Debug)]
pub struct ExpectedToken<'a> {
    /// Who signs: as configured.
    pub issuer: &'a str,
    /// For whom: as this program is known there.
    pub client_id: &'a str,
    /// What was asked with.
    pub nonce: &'a str,
    /// The present.
    pub now: Timestamp,
}

/// Who somebody is, as a provider knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
}

impl Identity {
    /// Issuer and subject, by which accounts are linked.
    pub fn known_as(&self) -> (&str, &str) {
        (&self.issuer, &self.subject)
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that must be understood; none is.
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    iat: f64,
    nonce: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Whom a token names, once its signature verifies and it says what was asked for.
///
/// # Errors
/// What is wrong with it.
pub fn verify(token: &str, keys: &KeySet, expected: &ExpectedToken<'_>) -> Result<Identity, OidcError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(OidcError::Unreadable("token"));
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(OidcError::Unreadable("token"))?;
    let (header, claims) = signed.split_once('.').ok_or(OidcError::Unreadable("token"))?;
    let header: Header = part(header)?;
    if header.crit.is_some() {
        return Err(OidcError::Claim("crit"));
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| OidcError::Unreadable("token"))?;
    keys.verify(header.kid.as_deref(), &header.alg, signed.as_bytes(), &signature)?;
    judge(part(claims)?, expected)
}

fn part<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, OidcError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| OidcError::Unreadable("token"))?;
    serde_json::from_slice(&bytes).map_err(|_| OidcError::Unreadable("token"))
}

fn judge(claims: Claims, expected: &ExpectedToken<'_>) -> Result<Identity, OidcError> {
    let now_s = expected.now.micros() as f64 / SECOND_US as f64;
    let leeway_s = LEEWAY_S as f64;
    let is_for_us = match &claims.aud {
        Audience::One(client) => client == expected.client_id,
        // Of several, the one that asked must be told.
        Audience::Several(clients) => {
            clients.iter().any(|client| client == expected.client_id) && (clients.len() == 1 || claims.azp.is_some())
        }
    };
    let is_asked_by_us = claims.azp.as_deref().is_none_or(|client| client == expected.client_id);
    let subject_is_short = !claims.sub.is_empty() && claims.sub.len() <= SUBJECT_CHARS_MAX;
    let checks = [
        (claims.iss == expected.issuer, "issuer"),
        (is_for_us && is_asked_by_us, "audience"),
        (claims.nonce.as_deref() == Some(expected.nonce), "nonce"),
        (claims.exp + leeway_s > now_s, "end"),
        (claims.iat - leeway_s < now_s, "beginning"),
        (subject_is_short && claims.sub.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "subject"),
    ];
    match checks.iter().find(|(is_right, _)| !is_right) {
        Some((_, claim)) => Err(OidcError::Claim(claim)),
        None => Ok(Identity { issuer: claims.iss, subject: claims.sub }),
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
    use serde_json::{Value, json};

    use super::*;

    const NOW_S: i64 = 1_800_000_000;

    struct Provider {
        ec: EcdsaKeyPair,
        ed: Ed25519KeyPair,
        keys: KeySet,
    }

    fn provider() -> Provider {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let ec = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let ed = Ed25519KeyPair::from_pkcs8(Ed25519KeyPair::generate_pkcs8(&random).unwrap().as_ref()).unwrap();
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let point = ec.public_key().as_ref();
        let set = json!({"keys": [
            {"kty": "EC", "crv": "P-256", "kid": "ec", "x": encoded(&point[1..33]), "y": encoded(&point[33..])},
            {"kty": "OKP", "crv": "Ed25519", "kid": "ed", "use": "sig", "x": encoded(ed.public_key().as_ref())},
            {"kty": "EC", "crv": "P-521", "kid": "unknown kinds are left out"},
            {"kty": "oct", "k": "c2hhcmVk", "kid": "shared"},
        ]});
        let keys = KeySet::parse(set.to_string().as_bytes()).unwrap();
        Provider { ec, ed, keys }
    }

    fn claims() -> Value {
        json!({"iss": "https://id.example", "sub": "248289761001", "aud": "portal", "exp": NOW_S + 300,
               "iat": NOW_S, "nonce": "n-0S6"})
    }

    impl Provider {
        fn token(&self, header: &Value, claims: &Value) -> String {
            let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let signed = format!("{}.{}", encoded(header), encoded(claims));
            let signature = match header["alg"].as_str() {
                Some("EdDSA") => self.ed.sign(signed.as_bytes()).as_ref().to_vec(),
                Some("none") => Vec::new(),
                _ => self.ec.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec(),
            };
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
        }

        fn judged(&self, header: &Value, claims: &Value) -> Result<Identity, String> {
            let now = Timestamp::from_millis(NOW_S * 1_000).unwrap();
            let expected = ExpectedToken { issuer: "https://id.example", client_id: "portal", nonce: "n-0S6", now };
            verify(&self.token(header, claims), &self.keys, &expected).map_err(|error| error.to_string())
        }
    }

    #[test]
    fn a_token_that_says_what_was_asked_for_names_somebody() {
        let provider = provider();
        let whom = Ok(Identity { issuer: "https://id.example".to_owned(), subject: "248289761001".to_owned() });
        assert_eq!(provider.judged(&json!({"alg": "ES256", "kid": "ec"}), &claims()), whom);
        assert_eq!(provider.judged(&json!({"alg": "EdDSA"}), &claims()), whom, "the one key of it");
        let mut several = claims();
        several["aud"] = json!(["portal", "other"]);
        several["azp"] = json!("portal");
        assert_eq!(provider.judged(&json!({"alg": "ES256", "kid": "ec"}), &several), whom);
    }

    #[test]
    fn what_is_not_for_us_not_now_or_not_asked_for_is_refused() {
        let provider = provider();
        let header = json!({"alg": "ES256", "kid": "ec"});
        for (claim, value, told) in [
            ("iss", json!("https://id.example/"), "issuer"),
            ("aud", json!("other"), "audience"),
            ("aud", json!(["portal", "other"]), "audience"),
            ("azp", json!("other"), "audience"),
            ("nonce", json!("another"), "nonce"),
            ("nonce", Value::Null, "nonce"),
            ("exp", json!(NOW_S - 61), "end"),
            ("iat", json!(NOW_S + 61), "beginning"),
            ("sub", json!(""), "subject"),
            ("sub", json!("é"), "subject"),
        ] {
            let mut claims = claims();
            claims[claim] = value;
            let expected = format!("the token's {told} is not what was asked for");
            assert_eq!(provider.judged(&header, &claims), Err(expected), "{claims}");
        }
    }

    #[test]
    fn nothing_is_believed_without_a_signature_by_a_key_for_it() {
        let provider = provider();
        let unknown = "the token is signed by a key that the provider does not list";
        for header in [
            json!({"alg": "none"}),
            json!({"alg": "HS256", "kid": "shared"}),
            json!({"alg": "RS256", "kid": "ec"}),
            json!({"alg": "ES256", "kid": "another"}),
            json!({"alg": "EdDSA", "kid": "ec"}),
        ] {
            assert_eq!(provider.judged(&header, &claims()), Err(unknown.to_owned()), "{header}");
        }
        let stranger = provider_of_the_same_names();
        let now = Timestamp::from_millis(NOW_S * 1_000).unwrap();
        let expected = ExpectedToken { issuer: "https://id.example", client_id: "portal", nonce: "n-0S6", now };
        let token = stranger.token(&json!({"alg": "ES256", "kid": "ec"}), &claims());
        assert!(matches!(verify(&token, &provider.keys, &expected), Err(OidcError::Signature)));
        for nonsense in ["", ".", "a.b.c", "e30.e30.", &"a".repeat(TOKEN_BYTES_MAX + 1)] {
            assert!(matches!(verify(nonsense, &provider.keys, &expected), Err(OidcError::Unreadable(_))), "{nonsense}");
        }
        let critical = provider.judged(&json!({"alg": "ES256", "kid": "ec", "crit": ["b64"]}), &claims());
        assert_eq!(critical, Err("the token's crit is not what was asked for".to_owned()));
    }

    fn provider_of_the_same_names() -> Provider {
        provider()
    }
}
