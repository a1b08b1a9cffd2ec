//! Keys, and what a file tells those who have none.

use super::*;

/// The same id as [`NEW_KEY`], and another key.
const OTHER_KEY: &str = "2026:c29tZS1vdGhlci1rZXktc29tZS1vdGhlci1rZXktMDM=";

#[test]
fn a_file_opens_with_its_own_key_and_no_other() {
    let metric = metric("heart_rate");
    let head = head("heart_rate");
    let (old, old_facts) = written(&head, &keys(&[OLD_KEY]), &sample_rows());
    let (new, new_facts) = written(&head, &keys(&[OLD_KEY, NEW_KEY]), &sample_rows());
    assert_eq!(old_facts.key.as_ref().map(KeyId::as_str), Some("2025"));
    assert_eq!(new_facts.key.as_ref().map(KeyId::as_str), Some("2026"));
    let both = keys(&[OLD_KEY, NEW_KEY]);
    verify(old.clone(), &head, &old_facts, &both).unwrap();
    verify(new.clone(), &head, &new_facts, &both).unwrap();
    for ring in [KeyRing::default(), keys(&[NEW_KEY])] {
        let error = read(&old, &metric, &ring, RowFilter::default()).unwrap_err();
        assert!(matches!(&error, FileError::UnknownKey { id } if id == "2025"), "{error:?}");
        assert!(matches!(verify(old.clone(), &head, &old_facts, &ring), Err(FileError::UnknownKey { .. })));
    }
    let wrong = keys(&[OTHER_KEY]);
    let error = read(&new, &metric, &wrong, RowFilter::default()).unwrap_err();
    assert!(matches!(error, FileError::Damaged(Damage::Decryption)), "{error:?}");
    let error = verify(new, &head, &new_facts, &wrong).unwrap_err();
    assert!(matches!(error, FileError::Damaged(Damage::Decryption)), "{error:?}");
}

#[test]
fn an_encrypted_file_tells_nothing_without_its_key() {
    let known = Row {
        statistic: Statistic::parse("median").unwrap(),
        end: Some(day_start().plus_micros(77 * SECOND_US + 7)),
        subject: Some(SubjectId::parse("known-subject-4711").unwrap()),
        ..row("known-device-0815", 70, 113.0625)
    };
    let mut signs: Vec<Vec<u8>> = [
        "known-device-0815",
        "known-subject-4711",
        "median",
        "heart_rate",
        "/min",
        "start_at",
        "device_id",
        "2026-11-23",
        "healthtrack.",
        "healthtrack version",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    signs.push(known.start.micros().to_le_bytes().to_vec());
    signs.push(known.end.unwrap().micros().to_le_bytes().to_vec());
    signs.push(known.value.to_le_bytes().to_vec());
    let holds = |bytes: &Bytes, sign: &[u8]| bytes.windows(sign.len()).any(|window| window == sign);
    let mut rows = sample_rows();
    rows.insert(0, known);
    // That a plain file shows each of them says that this looks well enough.
    let (plain, _) = written(&head("heart_rate"), &KeyRing::default(), &rows[..1]);
    let (encrypted, facts) = written(&head("heart_rate"), &keys(&[NEW_KEY]), &rows);
    for sign in &signs {
        let shown = String::from_utf8_lossy(sign);
        assert!(holds(&plain, sign), "a plain file does not show {shown}");
        assert!(!holds(&encrypted, sign), "an encrypted file shows {shown}");
    }
    assert!(holds(&encrypted, b"2026"), "the id of the key is there for whoever has it");
    verify(encrypted, &head("heart_rate"), &facts, &keys(&[NEW_KEY])).unwrap();
}
