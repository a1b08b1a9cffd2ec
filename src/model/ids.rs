//! Names and keys. A name is what the outside says; a key is the short number that the database gave it.

use std::fmt;
use std::sync::Arc;

/// Bytes in the longest device or shard name: `[A-Za-z0-9._-]{1,64}`.
pub const NAME_BYTES_MAX: usize = 64;

/// What measures, as the outside names it: `[A-Za-z0-9._-]{1,64}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(Arc<str>);

/// Why a text is not a name.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name is 1 to 64 letters, digits, full stops, underscores or hyphens")]
pub struct NameError;

/// True for `[A-Za-z0-9._-]{1,64}`: safe in a topic, a path and a log.
pub fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

impl DeviceId {
    /// Takes a text that is a name.
    pub fn parse(text: &str) -> Result<DeviceId, NameError> {
        if is_name(text) { Ok(DeviceId(Arc::from(text))) } else { Err(NameError) }
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::borrow::Borrow<str> for DeviceId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// Whom samples are about, by pseudonym: `[A-Za-z0-9._-]{1,64}`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SubjectId(Arc<str>);

impl SubjectId {
    /// Takes a text that is a name.
    pub fn parse(text: &str) -> Result<SubjectId, NameError> {
        if is_name(text) { Ok(SubjectId(Arc::from(text))) } else { Err(NameError) }
    }

    /// The pseudonym itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A patient, as the clinical record numbers people: a uuid, and nothing that may leave the database.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PatientId([u8; 16]);

/// Why a text is no patient's id.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a patient's id is a uuid: 32 hexadecimal digits, in groups of 8, 4, 4, 4 and 12 with hyphens between them")]
pub struct PatientIdError;

impl PatientId {
    /// Takes a uuid in its usual form.
    pub fn parse(text: &str) -> Result<PatientId, PatientIdError> {
        let groups: Vec<usize> = text.split('-').map(str::len).collect();
        let digits: Vec<u8> = text.chars().filter_map(|digit| digit.to_digit(16)).map(|digit| digit as u8).collect();
        if groups != [8, 4, 4, 4, 12] || digits.len() != 32 {
            return Err(PatientIdError);
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = pair.iter().fold(0, |sum, digit| sum << 4 | digit);
        }
        Ok(PatientId(bytes))
    }

    /// The sixteen bytes of a uuid.
    pub fn from_bytes(bytes: [u8; 16]) -> PatientId {
        PatientId(bytes)
    }

    /// Its sixteen bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for PatientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            let hyphen = if matches!(place, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{hyphen}{byte:02x}")?;
        }
        Ok(())
    }
}

/// The part of the topics that one daemon owns, by name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShardName(Arc<str>);

impl ShardName {
    /// Takes a text that is a name.
    pub fn parse(text: &str) -> Result<ShardName, NameError> {
        if is_name(text) { Ok(ShardName(Arc::from(text))) } else { Err(NameError) }
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The number of a device in `signal.device`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceKey(pub i32);

/// The number of a metric in the catalogue; stable for ever, never reused.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetricId(pub i16);

/// The number of a series in `signal.series`.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeriesId(pub i32);

/// How often a shard has changed hands; a writer with an older epoch is refused.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patients_id_is_a_uuid_and_reads_as_it_was_written() {
        let text = "0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b";
        assert_eq!(PatientId::parse(text).unwrap().to_string(), text);
        assert_eq!(PatientId::parse(&text.to_uppercase()).unwrap().to_string(), text);
        for wrong in [
            "",
            "0e1f3c5a7b9d4e2f8a1b3c5d7e9f1a2b",
            "0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2",
            "x",
            &text.replace('0', "g"),
        ] {
            assert_eq!(PatientId::parse(wrong), Err(PatientIdError), "{wrong}");
        }
    }
}
