//! A device that keeps a passkey, as a program: it makes a key, and signs with it what it is asked to, as CTAP2 devices do.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

/// That somebody is there, and who.
const SEEN: u8 = 0x01;
const RECOGNISED: u8 = 0x04;
/// That a key follows.
const WITH_KEY: u8 = 0x40;

/// A device with one passkey.
pub(crate) struct Device {
    pub(crate) key: EcdsaKeyPair,
    pub(crate) credential: Vec<u8>,
    /// What it keeps beside the key: whose it is.
    pub(crate) handle: String,
    pub(crate) counter: u32,
    /// Where its browser is.
    pub(crate) origin: &'static str,
    /// Whether it sees who holds it.
    pub(crate) is_recognising: bool,
}

impl Device {
    /// One whose browser is at an origin.
    pub(crate) fn at(origin: &'static str) -> Device {
        let random = SystemRandom::new();
        let mut credential = vec![0; 32];
        random.fill(&mut credential).unwrap();
        let (handle, counter, is_recognising) = (String::new(), 0, true);
        Device { key: new_key(), credential, handle, counter, origin, is_recognising }
    }

    /// Another key under the same name.
    pub(crate) fn forget_key(&mut self) {
        self.key = new_key();
    }

    /// A passkey that it makes as it is asked to.
    pub(crate) fn makes(&mut self, asked: &str) -> String {
        let asked: Value = serde_json::from_str(asked).unwrap();
        self.handle = asked["user"]["id"].as_str().unwrap().to_owned();
        let mut data = self.data(asked["rp"]["id"].as_str().unwrap(), WITH_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.credential.len()).unwrap().to_be_bytes());
        data.extend(&self.credential);
        let point = self.key.public_key().as_ref();
        // COSE: a key on P-256 for ES256, by its two coordinates.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        let said = self.said("webauthn.create", &asked);
        self.answer(
            json!({ "attestationObject": text(&object), "clientDataJSON": text(&said), "transports": ["internal"] }),
        )
    }

    /// What it signs as it is asked to.
    pub(crate) fn proves(&mut self, asked: &str) -> String {
        let asked: Value = serde_json::from_str(asked).unwrap();
        self.counter += 1;
        let data = self.data(asked["rpId"].as_str().unwrap(), 0);
        let said = self.said("webauthn.get", &asked);
        let signed = [data.as_slice(), digest(&SHA256, &said).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        self.answer(json!({
            "authenticatorData": text(&data),
            "clientDataJSON": text(&said),
            "signature": text(signature.as_ref()),
            "userHandle": self.handle,
        }))
    }

    fn data(&self, site: &str, more: u8) -> Vec<u8> {
        let recognised = if self.is_recognising { RECOGNISED } else { 0 };
        let mut data = digest(&SHA256, site.as_bytes()).as_ref().to_vec();
        data.push(SEEN | recognised | more);
        data.extend(self.counter.to_be_bytes());
        data
    }

    fn said(&self, kind: &str, asked: &Value) -> Vec<u8> {
        let said =
            json!({ "type": kind, "challenge": asked["challenge"], "origin": self.origin, "crossOrigin": false });
        said.to_string().into_bytes()
    }

    fn answer(&self, response: Value) -> String {
        let id = text(&self.credential);
        let answer =
            json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {} });
        answer.to_string()
    }
}

fn new_key() -> EcdsaKeyPair {
    let (algorithm, random) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
    let made = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(algorithm, made.as_ref(), &random).unwrap()
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
