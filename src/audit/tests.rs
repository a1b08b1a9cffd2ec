//! Keys, heads and records for the tests of this module.

use super::record::HeadRecord;
use crate::model::time::Timestamp;
use crate::security::signature::{PublicKeys, SigningKey};
use crate::store::care::audit::AuditHead;

/// One of the keys of tests, each with an id of its own; made once a process.
pub(super) fn key(number: usize) -> SigningKey {
    let folder = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        (0..3).for_each(|number| drop(SigningKey::create(&folder.path().join(number.to_string())).unwrap()));
        folder
    });
    SigningKey::read(&folder.path().join(number.to_string())).unwrap()
}

static FOLDER: std::sync::OnceLock<tempfile::TempDir> = std::sync::OnceLock::new();

/// Their public halves.
pub(super) fn keys(numbers: &[usize]) -> PublicKeys {
    PublicKeys::parse(&numbers.iter().map(|number| key(*number).public_pem()).collect::<String>()).unwrap()
}

/// A moment.
pub(super) fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-28T10:00:00Z").unwrap()
}

/// Heads of three chains at this event.
pub(super) fn heads(seq: i64) -> Vec<AuditHead> {
    [0, 7, 63].map(|chain| AuditHead { chain, seq, hash: format!("{seq:064x}") }).into()
}

/// The lines of so many records, each after the other.
pub(super) fn series(count: usize) -> Vec<String> {
    let mut records: Vec<HeadRecord> = Vec::new();
    for seq in (1..).take(count) {
        records.push(HeadRecord::sign(records.last(), "7/health", now(), &heads(seq), &key(1)).unwrap());
    }
    records.iter().map(|record| record.line().to_owned()).collect()
}
