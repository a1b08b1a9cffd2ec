//! What is encrypted can be decrypted where it was encrypted, and nowhere else.

use proptest::prelude::*;
use secrecy::SecretString;

use super::*;

/// 32 bytes each.
const OLD: &str = "2025:b2xkZXItb2xkZXItb2xkZXItb2xkZXItb2xkZXItMDE=";
const NEW: &str = "2026:bmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItMDI=";
/// The same id as [`NEW`], and another key.
const OTHER: &str = "2026:c29tZS1vdGhlci1rZXktc29tZS1vdGhlci1rZXktMDM=";

fn envelope(texts: &[&str]) -> Envelope {
    let keys: Vec<SecretString> = texts.iter().map(|text| SecretString::from(*text)).collect();
    Envelope::new(&KeyRing::load("security.key", "", &keys).unwrap()).unwrap()
}

fn patient(number: u8) -> PatientId {
    PatientId(uuid::Uuid::from_bytes([number; 16]))
}

const HERE: CellAddress<'static> = CellAddress { table: "care.journal_entry", column: "body", row: "7" };

#[test]
fn a_data_key_is_wrapped_by_the_current_key_and_unwrapped_by_each() {
    let (old, both) = (envelope(&[OLD]), envelope(&[OLD, NEW]));
    let key = DataKey::generate(&patient(1)).unwrap();
    let ciphertext = encrypt(&key, &HERE, "slept badly").unwrap();
    for (by, id) in [(&old, "2025"), (&both, "2026")] {
        let wrapped = key.wrap(by).unwrap();
        assert_eq!(wrapped.key_id, id);
        let again = DataKey::unwrap(&both, &patient(1), &wrapped).unwrap();
        assert_eq!(decrypt(&again, &HERE, &ciphertext).unwrap().as_str(), "slept badly");
    }
    let wrapped = key.wrap(&both).unwrap();
    assert!(
        matches!(DataKey::unwrap(&old, &patient(1), &wrapped), Err(EnvelopeError::UnknownKey { id }) if id == "2026")
    );
    for (by, whose) in [(&both, 2), (&envelope(&[OTHER]), 1)] {
        assert!(matches!(DataKey::unwrap(by, &patient(whose), &wrapped), Err(EnvelopeError::Closed { .. })));
    }
    // The ids differ, the keys do not: what says another id was changed.
    let renamed = WrappedKey { key_id: "2027".to_owned(), ..wrapped };
    let same_bytes = NEW.replace("2026", "2027");
    assert!(matches!(
        DataKey::unwrap(&envelope(&[&same_bytes]), &patient(1), &renamed),
        Err(EnvelopeError::Closed { .. })
    ));
    assert!(matches!(Envelope::new(&KeyRing::default()), Err(EnvelopeError::NoKey)));
}

#[test]
fn no_key_and_no_text_is_printed() {
    let envelope = envelope(&[OLD, NEW]);
    let key = DataKey::generate(&patient(1)).unwrap();
    let shown = format!("{envelope:?} {key:?} {:?}", decrypt(&key, &HERE, b"\x01slept badly"));
    let secret = key.bytes.expose_secret();
    assert!(!shown.contains(&format!("{secret:?}")) && !shown.contains("newer") && !shown.contains("slept"), "{shown}");
    assert!(DataKey::generate(&patient(1)).unwrap().bytes.expose_secret() != secret, "no two keys are alike");
}

proptest! {
    #[test]
    fn what_is_sealed_opens_as_it_was(text in ".{0,200}", row in ".{0,20}") {
        let key = DataKey::generate(&patient(1)).unwrap();
        let place = CellAddress { row: &row, ..HERE };
        let (one, two) = (encrypt(&key, &place, &text).unwrap(), encrypt(&key, &place, &text).unwrap());
        prop_assert_ne!(&one, &two, "the same text never gives the same bytes");
        prop_assert_eq!(one.len(), 1 + 12 + text.len() + 16);
        prop_assert!(text.len() < 8 || !one.windows(8).any(|part| text.as_bytes().windows(8).any(|own| own == part)));
        let again = decrypt(&key, &place, &one).unwrap();
        prop_assert_eq!(again.as_str(), text);
    }

    #[test]
    fn what_is_moved_or_changed_does_not_open(
        text in ".{1,50}", row in "[a-c|]{1,3}", other in "[a-c|]{1,3}", at in any::<prop::sample::Index>(), bit in 0..8_u32,
    ) {
        let key = DataKey::generate(&patient(1)).unwrap();
        let place = CellAddress { table: "a|b", column: "c", row: &row };
        let ciphertext = encrypt(&key, &place, &text).unwrap();
        let moved = [
            CellAddress { row: &other, ..place },
            CellAddress { table: "a", column: "b|c", row: &row },
            CellAddress { column: "d", ..place },
            CellAddress { table: "c", column: "a|b", row: &row },
        ];
        for moved in moved.into_iter().filter(|moved| *moved != place) {
            prop_assert!(decrypt(&key, &moved, &ciphertext).is_err(), "{moved:?}");
        }
        // Another patient's key, were it the same bytes.
        let bytes = SecretBox::new(Box::new(*key.bytes.expose_secret()));
        let theirs = DataKey { patient: patient(2), bytes };
        prop_assert!(decrypt(&theirs, &place, &ciphertext).is_err());
        prop_assert!(decrypt(&DataKey::generate(&patient(1)).unwrap(), &place, &ciphertext).is_err());
        let mut changed = ciphertext.clone();
        changed[at.index(ciphertext.len())] ^= 1_u8 << bit;
        prop_assert!(decrypt(&key, &place, &changed).is_err());
        prop_assert!(decrypt(&key, &place, &ciphertext[..at.index(ciphertext.len())]).is_err());
        prop_assert!(decrypt(&key, &place, &ciphertext).is_ok());
    }
}
