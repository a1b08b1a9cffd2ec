//! Names and keys. A name comes from outside; a key is the short number that the database gave it.

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

/// How often a shard has changed hands; a writer with an older epoch is rejected.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch(pub i64);
