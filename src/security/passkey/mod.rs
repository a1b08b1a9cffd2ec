//! Passkeys (W3C Web Authentication, level 3): what a device is asked to sign, and whether what it signed is right.
//!
//! ```text
//! begin_…   what the browser is given, and a challenge that waits in the database until the answer comes
//! finish_…  the answer to the challenge → a passkey to keep, or a passkey that was used
//! ```
//!
//! # Why
//! A device signs for one site alone, so who lures somebody to another one gets nothing of use; it does so only once it
//! has seen who holds it (user verification, which each of these asks for and checks), so a passkey is both factors. It
//! is one that the device finds by itself: nobody types a name, and no answer tells which names there are.
//!
//! *By hand, on `ring`.* What is to be verified of an answer is one signature and six equalities; what makes libraries
//! for it large is attestation, the makers' word for a device, which is not asked for here. The library that is kept up
//! (webauthn-rs) brings some eighty packages, RSA with a fault that nobody has mended among them.
//!
//! Passkeys are bound to the name of a site: at an address, which has none, there are none.

/// What devices answer.
mod answer;

/// How they write.
mod cbor;

/// Why an answer is not taken.
mod error;

/// Their public keys.
mod key;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::json;
use url::{Host, Url};
use uuid::Uuid;

pub use error::PasskeyError;

use crate::store::care::passkey::KeptPasskey;
use answer::{
    ClientData, DeviceAnswer, DeviceData, HAS_KEY, IS_RECOGNISED, IS_THERE, Made, Used, data_within, decoded, read,
};
use cbor::CborReader;
use key::{ALGORITHMS, PublicKey};

/// Random bytes of what is signed.
const CHALLENGE_BYTES: usize = 32;
/// How long a browser waits for its device: as long as a challenge is kept.
const TIMEOUT_MS: u32 = 5 * 60 * 1_000;
/// What is asked of a device.
#[derive(Debug)]
pub struct AskedPasskey {
    /// For the browser, as JSON.
    pub options: String,
    /// For the database: what the answer must be to.
    pub challenge: Vec<u8>,
}

/// Passkeys of a site.
#[derive(Debug)]
pub struct Passkeys {
    /// The name that they are bound to, and what people call it.
    site: String,
    name: &'static str,
    /// Where its pages are.
    origin: String,
}

impl Passkeys {
    /// Those of a site by its origin; `None` where it is reached by an address and has no name.
    pub fn of(origin: &str, name: &'static str) -> Option<Passkeys> {
        let url = Url::parse(origin).ok()?;
        let Some(Host::Domain(host)) = url.host() else { return None };
        Some(Passkeys { site: host.to_owned(), name, origin: url.origin().ascii_serialization() })
    }

    /// Asks a device for a new passkey of somebody: what devices keep beside it, the login, and which it must not be.
    ///
    /// # Errors
    /// Where the system has no randomness.
    pub fn begin_adding(&self, handle: Uuid, login: &str, known: &[Vec<u8>]) -> Result<AskedPasskey, PasskeyError> {
        let challenge = challenge()?;
        let options = json!({
            "rp": { "id": self.site, "name": self.name },
            "user": { "id": encoded(handle.as_bytes()), "name": login, "displayName": login },
            "challenge": encoded(&challenge),
            "pubKeyCredParams": ALGORITHMS.map(|algorithm| json!({ "type": "public-key", "alg": algorithm })),
            "timeout": TIMEOUT_MS,
            "excludeCredentials":
                known.iter().map(|id| json!({ "type": "public-key", "id": encoded(id) })).collect::<Vec<_>>(),
            "authenticatorSelection":
                { "residentKey": "required", "requireResidentKey": true, "userVerification": "required" },
            "attestation": "none",
        });
        Ok(AskedPasskey { options: options.to_string(), challenge })
    }

    /// The passkey that a device made.
    ///
    /// # Errors
    /// What is no answer, or not the one to this challenge at this site.
    pub fn finish_adding(&self, challenge: &[u8], answer: &str) -> Result<KeptPasskey, PasskeyError> {
        let answer: DeviceAnswer<Made> = read(answer)?;
        let object = decoded(&answer.response.attestation_object)?;
        let data = data_within(&object).ok_or(PasskeyError::Unreadable)?;
        let mut device = DeviceData::read(data).ok_or(PasskeyError::Unreadable)?;
        self.check("webauthn.create", challenge, &decoded(&answer.response.client_data)?, &device)?;
        if device.flags & HAS_KEY == 0 {
            return Err(PasskeyError::Unreadable);
        }
        let (credential_id, public_key) = device.key().ok_or(PasskeyError::Unreadable)?;
        if decoded(&answer.raw_id)? != credential_id {
            return Err(PasskeyError::Unreadable);
        }
        Ok(KeptPasskey {
            credential_id: credential_id.to_vec(),
            counter: device.counter,
            public_key: public_key.to_vec(),
        })
    }

    /// Asks a device for a passkey of whoever holds it.
    ///
    /// # Errors
    /// Where the system has no randomness.
    pub fn begin_proving(&self) -> Result<AskedPasskey, PasskeyError> {
        let challenge = challenge()?;
        let options = json!({
            "challenge": encoded(&challenge),
            "rpId": self.site,
            "timeout": TIMEOUT_MS,
            "userVerification": "required",
            "allowCredentials": [],
        });
        Ok(AskedPasskey { options: options.to_string(), challenge })
    }

    /// Whose passkey an answer says that it is by, and which.
    ///
    /// # Errors
    /// What is no answer, and an answer that does not say.
    pub fn named(&self, answer: &str) -> Result<(Uuid, Vec<u8>), PasskeyError> {
        let answer: DeviceAnswer<Used> = read(answer)?;
        let handle = Uuid::from_slice(&decoded(&answer.response.user_handle)?).map_err(|_| PasskeyError::Unreadable)?;
        Ok((handle, decoded(&answer.raw_id)?))
    }

    /// The passkey as it is after the answer was proved to be by it.
    ///
    /// # Errors
    /// What is no answer, or not right: of another site, to another challenge, without who holds it having been seen,
    /// by another key, or by a device that has counted no further than before.
    pub fn finish_proving(
        &self,
        challenge: &[u8],
        answer: &str,
        kept: &KeptPasskey,
    ) -> Result<KeptPasskey, PasskeyError> {
        let answer: DeviceAnswer<Used> = read(answer)?;
        let (data, said) = (decoded(&answer.response.authenticator_data)?, decoded(&answer.response.client_data)?);
        let device = DeviceData::read(&data).ok_or(PasskeyError::Unreadable)?;
        self.check("webauthn.get", challenge, &said, &device)?;
        if decoded(&answer.raw_id)? != kept.credential_id {
            return Err(PasskeyError::Forged);
        }
        let key = PublicKey::read(&mut CborReader(&kept.public_key)).ok_or(PasskeyError::Unreadable)?;
        let signed = [data.as_slice(), digest(&SHA256, &said).as_ref()].concat();
        if !key.verifies(&signed, &decoded(&answer.response.signature)?) {
            return Err(PasskeyError::Forged);
        }
        if device.counter <= kept.counter && (device.counter, kept.counter) != (0, 0) {
            return Err(PasskeyError::Copied);
        }
        Ok(KeptPasskey { counter: device.counter, ..kept.clone() })
    }

    /// Whether browser and device say that it is for this site, by a page of it, to this challenge, by who was seen.
    fn check(&self, kind: &str, challenge: &[u8], said: &[u8], device: &DeviceData<'_>) -> Result<(), PasskeyError> {
        let said: ClientData = serde_json::from_slice(said).map_err(|_| PasskeyError::Unreadable)?;
        let is_here = said.kind == kind && said.origin == self.origin && !said.cross_origin;
        if !is_here || device.site != digest(&SHA256, self.site.as_bytes()).as_ref() {
            return Err(PasskeyError::Elsewhere);
        }
        if challenge.len() != CHALLENGE_BYTES || decoded(&said.challenge)? != challenge {
            return Err(PasskeyError::Another);
        }
        let wanted = IS_THERE | IS_RECOGNISED;
        if device.flags & wanted == wanted { Ok(()) } else { Err(PasskeyError::Unseen) }
    }
}

fn challenge() -> Result<Vec<u8>, PasskeyError> {
    let mut challenge = vec![0; CHALLENGE_BYTES];
    SystemRandom::new().fill(&mut challenge).map_err(|_| PasskeyError::Machine)?;
    Ok(challenge)
}

fn encoded(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_without_a_name_has_no_passkeys() {
        for origin in ["http://127.0.0.1:8080", "http://[::1]:8080", "https://192.0.2.7", "nonsense", ""] {
            assert!(Passkeys::of(origin, "x").is_none(), "{origin}");
        }
        for origin in ["http://localhost:8080", "https://portal.example.org"] {
            assert_eq!(Passkeys::of(origin, "x").unwrap().origin, origin);
        }
    }

    #[test]
    fn what_is_no_answer_is_refused_and_breaks_nothing() {
        let site = Passkeys::of("https://portal.example.org", "x").unwrap();
        let asked = site.begin_proving().unwrap();
        assert_ne!(asked.challenge, site.begin_proving().unwrap().challenge);
        let made = |object: &[u8]| {
            let response = json!({ "clientDataJSON": "e30", "attestationObject": encoded(object) });
            json!({ "rawId": "AA", "response": response }).to_string()
        };
        let objects: [&[u8]; 6] = [b"", b"\xa0", b"\xa1\x68authData\x41\x00", b"\xbf", b"\xa1\x01\x02", b"\x80"];
        for object in objects {
            assert_eq!(site.finish_adding(&asked.challenge, &made(object)), Err(PasskeyError::Unreadable));
        }
        for text in ["", "{}", "[]", "null", "{\"rawId\":\"=\",\"response\":{}}"] {
            assert_eq!(site.finish_adding(&asked.challenge, text), Err(PasskeyError::Unreadable), "{text}");
            assert_eq!(site.named(text), Err(PasskeyError::Unreadable), "{text}");
        }
    }
}
