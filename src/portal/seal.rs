//! What a browser keeps for this program and cannot read: sealed under a key of this program's run.
//!
//! Each is sealed *with* something that must be there again when it is opened: for what, and by whom.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};

/// A key of this program's run.
#[derive(Debug)]
pub(super) struct SealKey(LessSafeKey);

impl SealKey {
    /// A new one; `None` where the system has no randomness.
    pub(super) fn generate() -> Option<SealKey> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).ok()?;
        UnboundKey::new(&AES_256_GCM, &bytes).ok().map(|key| SealKey(LessSafeKey::new(key)))
    }

    /// What a browser keeps; `None` where the system has no randomness.
    pub(super) fn seal(&self, with: &str, mut plain: Vec<u8>) -> Option<String> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).ok()?;
        let unique = Nonce::assume_unique_for_key(nonce);
        self.0.seal_in_place_append_tag(unique, Aad::from(with.as_bytes()), &mut plain).ok()?;
        Some(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &plain].concat()))
    }

    /// What was sealed with the same.
    pub(super) fn open(&self, with: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, rest) = bytes.split_at_checked(NONCE_LEN)?;
        let mut rest = rest.to_vec();
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        self.0.open_in_place(nonce, Aad::from(with.as_bytes()), &mut rest).ok().map(|plain| plain.to_vec())
    }
}
