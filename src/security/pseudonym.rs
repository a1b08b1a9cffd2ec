//! Pseudonym: the name under which a patient's samples leave the database.
//!
//! It is the first half of HMAC-SHA-256 over the patient's uuid: 128 bits, so that two of ten million people share one
//! with a chance of 10^-25. One key gives one person one name in every file; another key gives another, which is how a
//! name that has become known is taken back.

use std::fmt;

use ring::hmac;

use super::keyring::{KeyId, KeyRing};
use crate::model::ids::SubjectId;
use crate::model::people::PatientId;

/// Bytes of a pseudonym, each two hexadecimal digits.
const BYTES: usize = 16;
/// So that no other use of a key can give the same bits.
const PURPOSE: &[u8] = b"healthtrack subject\0";

/// Names patients, with the keys of a ring.
#[derive(Clone)]
pub struct Pseudonyms {
    /// The current key last; at least one.
    keys: Vec<(KeyId, hmac::Key)>,
}

impl Pseudonyms {
    /// By the keys of a ring; `None` where it has none.
    pub fn of(ring: &KeyRing) -> Option<Pseudonyms> {
        let key = |id: &KeyId| Some((id.clone(), hmac::Key::new(hmac::HMAC_SHA256, ring.bytes(id.as_str())?)));
        let keys: Vec<_> = ring.ids().filter_map(key).collect();
        (!keys.is_empty()).then_some(Pseudonyms { keys })
    }

    /// The id of the key that names now.
    pub fn key(&self) -> Option<&KeyId> {
        self.keys.last().map(|(id, _)| id)
    }

    /// The name of a patient now.
    pub fn name(&self, patient: &PatientId) -> Option<SubjectId> {
        self.keys.last().and_then(|(_, key)| named(key, patient))
    }

    /// Every name that a patient has or had, with the id of its key; the current one last.
    pub fn names(&self, patient: &PatientId) -> Vec<(KeyId, SubjectId)> {
        self.keys.iter().filter_map(|(id, key)| Some((id.clone(), named(key, patient)?))).collect()
    }
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|(id, _)| id)).finish()
    }
}

fn named(key: &hmac::Key, patient: &PatientId) -> Option<SubjectId> {
    let mut context = hmac::Context::with_key(key);
    context.update(PURPOSE);
    context.update(patient.0.as_bytes());
    let tag = context.sign();
    SubjectId::parse(&hex::encode(tag.as_ref().get(..BYTES)?)).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::*;

    /// 32 bytes each.
    const OLD: &str = "2025:b2xkZXItb2xkZXItb2xkZXItb2xkZXItb2xkZXItMDE=";
    const NEW: &str = "2026:bmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItMDI=";

    fn pseudonyms(texts: &[&str]) -> Pseudonyms {
        let keys: Vec<SecretString> = texts.iter().map(|text| SecretString::from(*text)).collect();
        Pseudonyms::of(&KeyRing::load("some.key", "", &keys).unwrap()).unwrap()
    }

    fn patient(text: &str) -> PatientId {
        PatientId(text.parse().unwrap())
    }

    #[test]
    fn a_known_patient_keeps_the_name_for_ever() {
        let names = pseudonyms(&[OLD, NEW]);
        let someone = patient("0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b");
        let name = names.name(&someone).unwrap();
        // As `openssl dgst -sha256 -mac HMAC -macopt hexkey:…` says of the purpose and the sixteen bytes.
        assert_eq!(name.as_str(), "3bcfcae21088cd8a9e266ed407bb46ec");
        assert_eq!(names.key().map(KeyId::as_str), Some("2026"));
        let all = names.names(&someone);
        assert_eq!(all.last().map(|(id, name)| (id.as_str(), name.clone())), Some(("2026", name)));
        assert_eq!(all.first(), pseudonyms(&[OLD]).names(&someone).first());
        assert!(Pseudonyms::of(&KeyRing::default()).is_none());
        let shown = format!("{names:?}");
        assert!(shown.contains("2026") && !shown.contains("newer"), "{shown}");
    }

    proptest! {
        #[test]
        fn a_name_tells_one_patient_and_one_key(bytes in proptest::collection::hash_set(any::<[u8; 16]>(), 2..50)) {
            let (old, new) = (pseudonyms(&[OLD]), pseudonyms(&[OLD, NEW]));
            let mut seen = HashSet::new();
            for bytes in &bytes {
                let patient = PatientId(uuid::Uuid::from_bytes(*bytes));
                for names in [&old, &new] {
                    let name = names.name(&patient).unwrap();
                    prop_assert_eq!(Some(name.clone()), names.name(&patient));
                    prop_assert!(name.as_str().len() == 32 && name.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
                    prop_assert!(!patient.to_string().replace('-', "").contains(name.as_str()));
                    prop_assert!(seen.insert(name));
                }
            }
        }
    }
}
