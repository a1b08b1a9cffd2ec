//! What `verify` finds, and that no damaged file brings a reader down.

use super::*;

fn damage(result: Result<(), FileError>) -> Damage {
    match result {
        Err(FileError::Damaged(damage)) => damage,
        other => panic!("not found damaged: {other:?}"),
    }
}

#[test]
fn a_flipped_bit_anywhere_is_found() {
    for keys in [KeyRing::default(), keys(&[NEW_KEY])] {
        let head = head("heart_rate");
        let (bytes, facts) = written(&head, &keys, &sample_rows());
        for place in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[place] ^= 1 << (place % 8);
            assert_eq!(damage(verify(Bytes::from(changed), &head, &facts, &keys)), Damage::Digest, "byte {place}");
        }
    }
}

/// Without the digest before it: a reader asks no manifest for each file. AES-GCM finds every flip in what it covers,
/// which is all but the first and last words and the footer's length.
#[test]
fn a_flipped_bit_brings_no_reader_down_and_changes_no_encrypted_row() {
    for keys in [KeyRing::default(), keys(&[NEW_KEY])] {
        let head = head("heart_rate");
        let rows = sample_rows();
        let (bytes, _) = written(&head, &keys, &rows);
        for place in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[place] ^= 1 << (place % 8);
            let found = read(&Bytes::from(changed), &head.metric, &keys, RowFilter::default());
            let is_encrypted = keys.newest().is_some();
            assert!(!is_encrypted || found.is_err() || found.unwrap() == rows, "byte {place}");
        }
    }
}

#[test]
fn a_truncated_file_is_found_and_brings_no_reader_down() {
    for keys in [KeyRing::default(), keys(&[NEW_KEY])] {
        let head = head("heart_rate");
        let (bytes, facts) = written(&head, &keys, &sample_rows());
        for length in 0..bytes.len() {
            let short = bytes.slice(..length);
            let expected = Damage::Length { expected: bytes.len() as u64, found: length as u64 };
            assert_eq!(damage(verify(short.clone(), &head, &facts, &keys)), expected);
            assert!(read(&short, &head.metric, &keys, RowFilter::default()).is_err(), "{length} bytes");
        }
    }
}

#[test]
fn a_file_that_is_not_what_was_recorded_says_in_what() {
    let (head, ring) = (head("heart_rate"), keys(&[NEW_KEY]));
    let (bytes, facts) = written(&head, &ring, &sample_rows());
    let check = |head: &Head, facts: Facts, expected: Damage| {
        assert_eq!(damage(verify(bytes.clone(), head, &facts, &ring)), expected);
    };
    let rows = Damage::Rows { expected: facts.rows + 1, found: facts.rows };
    check(&head, Facts { rows: facts.rows + 1, ..facts.clone() }, rows);
    check(&head, Facts { content: facts.content + facts.content, ..facts.clone() }, Damage::Content);
    check(&head, Facts { first: facts.last, ..facts.clone() }, Damage::Times);
    check(&head, Facts { key: None, ..facts.clone() }, Damage::RowKey);
    check(&head, Facts { key: KeyId::parse("2025"), ..facts.clone() }, Damage::RowKey);
    check(&Head { generation: 2, ..head.clone() }, facts.clone(), Damage::Head("generation"));
    check(&Head { subject_key: KeyId::parse("2026"), ..head.clone() }, facts.clone(), Damage::Head("key of subjects"));
    check(&Head { day: head.day.next(), ..head.clone() }, facts.clone(), Damage::Head("day"));
    check(&Head { metric: metric("step_count"), ..head.clone() }, facts.clone(), Damage::Head("metric"));
    let mut other_unit = head.clone();
    other_unit.metric.unit = "Hz".to_owned();
    check(&other_unit, facts, Damage::Head("unit"));
}

#[test]
fn two_files_that_changed_places_are_found() {
    let (head, keys) = (head("heart_rate"), keys(&[NEW_KEY]));
    let rows = sample_rows();
    let (one, facts_of_one) = written(&head, &keys, &rows);
    let (other, facts_of_other) = written(&head, &keys, &rows);
    assert_eq!((one.len(), facts_of_one.content), (other.len(), facts_of_other.content));
    assert_eq!(damage(verify(one, &head, &facts_of_other, &keys)), Damage::Digest);
}
