//! Record: the heads of all chains at one moment, as one signed line.
//!
//! ```text
//! {"format":"healthtrack-audit-heads/1","database":"7431…/health","number":17,"at":"2026-11-28T10:00:00Z",
//!  "previous":"9f86…","heads":["0/1205:60a1…","7/88:03ac…"],"key":"5d41402abc4b2a76","signature":"BASE64"}
//! ```
//!
//! What is signed are the bytes of the line up to `,"signature"`, and a `}` after them: the line as it would be without
//! its signature. `previous` is the SHA-256 of the whole line before, without its line feed, and 64 zeros in the first;
//! so no record can be taken out, put in or moved without another one showing it. All chains that have an event stand
//! in each record, so each tells everything by itself.
//!
//! Invariant: a line of which any bit was changed is none (`a_line_with_any_bit_flipped_is_no_record`).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::model::time::Timestamp;
use crate::security::signature::{PublicKeys, SigningKey};
use crate::store::care::audit::AuditHead;

/// What each record begins with.
const BEGINNING: &str = "{\"format\":\"healthtrack-audit-heads/1\",";
const FORMAT: &str = "healthtrack-audit-heads/1";
const BEFORE_SIGNATURE: &str = ",\"signature\":\"";
const AFTER_SIGNATURE: &str = "\"}";
/// No record is longer: with a header it is a message that syslog daemons take whole (rsyslog: 8,096 bytes).
pub(super) const RECORD_BYTES_MAX: usize = 8_000;

/// The heads of a database's audit at one moment, and who signed them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadRecord {
    /// Which database, for people.
    pub database: String,
    /// Its place among the records, from 1.
    pub number: u64,
    /// When the heads were read.
    pub at: Timestamp,
    /// What the first record of a series follows is 64 zeros, every other the digest of the one before.
    pub previous: String,
    /// The last event of each chain that has one.
    pub heads: Vec<AuditHead>,
    /// The id of the key that signed it.
    pub key: String,
    line: String,
}

/// Why a line is no record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Something else.
    #[error("is no record of heads")]
    Form,
    /// The beginning of one.
    #[error("was cut off while it was written")]
    Cut,
    /// By a key that nobody gave.
    #[error("is signed with key {0}, which is not among the public keys")]
    Key(String),
    /// Not as it was signed.
    #[error("was altered: its signature is not that of key {0}")]
    Altered(String),
}

/// A line without its signature, as it is signed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: String,
    database: String,
    number: u64,
    at: String,
    previous: String,
    heads: Vec<String>,
    key: String,
}

impl HeadRecord {
    /// Signs the heads of a moment as the record after `last`; `None` where no number is left.
    pub fn sign(
        last: Option<&HeadRecord>,
        database: &str,
        at: Timestamp,
        heads: &[AuditHead],
        key: &SigningKey,
    ) -> Option<HeadRecord> {
        let content = Content {
            format: FORMAT.to_owned(),
            database: database.to_owned(),
            number: last.map_or(0, |last| last.number).checked_add(1)?,
            at: at.to_string(),
            previous: last.map_or_else(HeadRecord::origin, HeadRecord::digest),
            heads: heads.iter().map(AuditHead::to_string).collect(),
            key: key.id().to_owned(),
        };
        let signed = serde_json::to_string(&content).ok()?;
        let signature = BASE64_STANDARD.encode(key.sign(signed.as_bytes()));
        let line = format!("{}{BEFORE_SIGNATURE}{signature}{AFTER_SIGNATURE}", signed.strip_suffix('}')?);
        HeadRecord::of(content, line)
    }

    /// Reads a line that one of the keys has signed. What stands before the record is not looked at, so that a line of
    /// a syslog daemon's file is one too.
    ///
    /// # Errors
    /// Where it is none.
    pub fn read(line: &str, keys: &PublicKeys) -> Result<HeadRecord, RecordError> {
        let (record, signed, signature) = split(line)?;
        if !keys.has(&record.key) {
            return Err(RecordError::Key(record.key));
        }
        if !keys.verify(&record.key, signed.as_bytes(), &signature) {
            return Err(RecordError::Altered(record.key));
        }
        Ok(record)
    }

    /// Reads a line, whoever signed it.
    pub(super) fn read_unverified(line: &str) -> Result<HeadRecord, RecordError> {
        split(line).map(|(record, ..)| record)
    }

    /// True for a line that a crash has cut off, and for an empty one.
    pub(super) fn is_beginning(line: &str) -> bool {
        matches!(split(line), Err(RecordError::Cut))
    }

    /// The line, without its line feed.
    pub fn line(&self) -> &str {
        &self.line
    }

    /// What the next record says of this one: SHA-256 of its line, in hexadecimal digits.
    pub fn digest(&self) -> String {
        hex::encode(self.digest_bytes())
    }

    /// The same as bytes.
    pub(super) fn digest_bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, self.line.as_bytes()).as_ref());
        bytes
    }

    /// What the first record follows.
    pub(super) fn origin() -> String {
        "0".repeat(64)
    }

    fn of(content: Content, line: String) -> Option<HeadRecord> {
        let heads: Option<Vec<AuditHead>> = content.heads.iter().map(|head| AuditHead::parse(head)).collect();
        let is_whole = content.format == FORMAT && content.number > 0 && line.len() <= RECORD_BYTES_MAX;
        is_whole.then_some(HeadRecord {
            database: content.database,
            number: content.number,
            at: Timestamp::parse_rfc3339(&content.at).ok()?,
            previous: content.previous,
            heads: heads?,
            key: content.key,
            line,
        })
    }
}

/// A line's record, the bytes that were signed, and the signature.
fn split(line: &str) -> Result<(HeadRecord, String, Vec<u8>), RecordError> {
    let none = if BEGINNING.starts_with(line) { RecordError::Cut } else { RecordError::Form };
    let (_, rest) = line.split_once(BEGINNING).ok_or(none)?;
    let (rest, signature) = rest.rsplit_once(BEFORE_SIGNATURE).ok_or(RecordError::Cut)?;
    let signature = signature.strip_suffix(AFTER_SIGNATURE).ok_or(RecordError::Cut)?;
    let signed = format!("{BEGINNING}{rest}}}");
    let line = format!("{BEGINNING}{rest}{BEFORE_SIGNATURE}{signature}{AFTER_SIGNATURE}");
    let signature = BASE64_STANDARD.decode(signature).map_err(|_| RecordError::Form)?;
    let content: Content = serde_json::from_str(&signed).map_err(|_| RecordError::Form)?;
    let record = HeadRecord::of(content, line).ok_or(RecordError::Form)?;
    Ok((record, signed, signature))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{heads, key, keys, now};
    use super::*;

    fn two() -> (HeadRecord, HeadRecord) {
        let key = key(1);
        let first = HeadRecord::sign(None, "7/health", now(), &heads(3), &key).unwrap();
        let second = HeadRecord::sign(Some(&first), "7/health", now(), &heads(5), &key).unwrap();
        (first, second)
    }

    #[test]
    fn a_record_is_read_as_it_was_signed_and_follows_the_one_before() {
        let (first, second) = two();
        assert_eq!((first.number, first.previous.clone()), (1, "0".repeat(64)));
        assert_eq!((second.number, second.previous.clone()), (2, first.digest()));
        assert_eq!(HeadRecord::read(second.line(), &keys(&[1])).unwrap(), second);
        assert_eq!(HeadRecord::read_unverified(second.line()).unwrap(), second);
        let logged = format!("Nov 28 10:00:00 host healthtrack: {}", second.line());
        assert_eq!(HeadRecord::read(&logged, &keys(&[2, 1])).unwrap(), second);
        assert_eq!(HeadRecord::read(second.line(), &keys(&[2])), Err(RecordError::Key(key(1).id().to_owned())));
        assert_eq!(HeadRecord::read("{\"format\":\"other\"}", &keys(&[1])), Err(RecordError::Form));
        for length in 1..second.line().len() {
            assert_eq!(HeadRecord::read(&second.line()[..length], &keys(&[1])), Err(RecordError::Cut), "{length}");
        }
        assert!(HeadRecord::read(&format!("{} ", second.line()), &keys(&[1])).is_err());
    }

    #[test]
    fn the_longest_record_is_one_message_of_syslog() {
        let heads: Vec<AuditHead> =
            (0..64).map(|chain| AuditHead { chain, seq: i64::MAX, hash: "f".repeat(64) }).collect();
        // What a name of a database can grow to as JSON.
        let name = format!("{}/{}", i64::MIN, "\u{1}".repeat(63));
        let record = HeadRecord::sign(None, &name, now(), &heads, &key(1)).unwrap();
        assert!(record.line().len() < 7_000, "{}", record.line().len());
    }

    proptest! {
        #[test]
        fn a_line_with_any_bit_flipped_is_no_record(place in any::<prop::sample::Index>(), bit in 0..8_u32) {
            let (_, record) = two();
            let mut bytes = record.line().as_bytes().to_vec();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            prop_assert!(HeadRecord::read(&String::from_utf8_lossy(&bytes), &keys(&[1])).is_err());
        }
    }
}
