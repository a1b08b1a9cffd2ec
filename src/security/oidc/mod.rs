//! OpenID Connect: what a provider says of who somebody is, believed only once it is proved.
//!
//! The code flow with PKCE and a nonce (OpenID Connect Core 1.0, RFC 7636, RFC 9207). This module is pure: tokens and
//! key sets in, an identity out; what fetches them is the portal's.
//!
//! # Why
//! An ID token is taken only if its signature verifies under a key of the provider's own set, by the algorithm that the
//! key is for: RS256, ES256 or EdDSA. `none` and keys that both sides share are no proof. Issuer, audience, nonce and
//! times are those that were asked for. A person is (issuer, subject): a mail address is nobody.

/// Why a provider is not believed.
mod error;

/// Keys of a provider.
mod keys;

/// Tokens.
mod token;

pub use error::OidcError;
pub use keys::KeySet;
pub use token::{ExpectedToken, Identity, verify};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};

/// A secret of one sign-in: 32 random bytes as text; `None` where the system has no randomness.
pub fn secret() -> Option<String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

/// What the provider is shown of a verifier before (`S256` of RFC 7636).
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_challenge_is_that_of_the_rfc() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(super::challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
