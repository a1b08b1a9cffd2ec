//! Head and facts: what a file is, and what it turned out to be.

use parquet::file::metadata::KeyValue;

use super::content::Content;
use super::error::Damage;
use super::key::KeyId;
use crate::model::metric::Metric;
use crate::model::time::{Day, Timestamp};

/// Of the columns and of what stands in the footer; raised when a reader must know the difference.
pub(super) const SCHEMA_VERSION: u32 = 2;
/// Files of it have no column for flags and origins, and are read as if nothing were known of either.
pub(super) const FIRST_VERSION: u32 = 1;

const VERSION: &str = "healthtrack.schema_version";
const METRIC: &str = "healthtrack.metric";
const UNIT: &str = "healthtrack.unit";
const DAY: &str = "healthtrack.day";
const GENERATION: &str = "healthtrack.generation";
const FIRST: &str = "healthtrack.first_start_at";
const LAST: &str = "healthtrack.last_start_at";
const CONTENT: &str = "healthtrack.content";
const SUBJECT_KEY: &str = "healthtrack.subject_key_id";
const REVISED_TO: &str = "healthtrack.revised_to";

/// What a file is: known before its first row.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// What its rows measure.
    pub metric: Metric,
    /// On which UTC day they begin.
    pub day: Day,
    /// Which version of that metric and day it is, from 1.
    pub generation: u32,
    /// The key that made its pseudonyms; `None` where no row has one.
    pub subject_key: Option<KeyId>,
    /// Up to which number it was made with what the database says was superseded and replaced; 0 where nothing is known
    /// of it. The manifest may say more, so it is not compared.
    pub revised_to: i64,
}

/// What a file turned out to be: recorded in the manifest, proved by [`verify`](super::verify()).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How many rows; at least one.
    pub rows: u64,
    /// How long it is.
    pub bytes: u64,
    /// Of its bytes.
    pub sha256: [u8; 32],
    /// The earliest start.
    pub first: Timestamp,
    /// The latest start.
    pub last: Timestamp,
    /// Of its rows.
    pub content: Content,
    /// The key that opens it; `None` for a plain file.
    pub key: Option<KeyId>,
    /// Which columns it has: those of the first version know neither flags nor how a sample came.
    pub version: u32,
}

impl Head {
    /// What the footer holds from the start.
    pub(super) fn key_values(&self) -> Vec<KeyValue> {
        let fixed = [
            (VERSION, SCHEMA_VERSION.to_string()),
            (METRIC, self.metric.name.clone()),
            (UNIT, self.metric.unit.clone()),
            (DAY, self.day.to_string()),
            (GENERATION, self.generation.to_string()),
        ];
        let subject_key = self.subject_key.iter().map(|id| (SUBJECT_KEY, id.to_string()));
        let revised_to = (self.revised_to > 0).then(|| (REVISED_TO, self.revised_to.to_string()));
        fixed
            .into_iter()
            .chain(subject_key)
            .chain(revised_to)
            .map(|(key, value)| KeyValue::new(key.to_owned(), value))
            .collect()
    }

    /// Compares the footer with what the file should be.
    pub(super) fn check(&self, said: &[KeyValue]) -> Result<(), Damage> {
        check_metric(&self.metric, said)?;
        agrees(said, DAY, &self.day.to_string(), Damage::Head("day"))?;
        agrees(said, GENERATION, &self.generation.to_string(), Damage::Head("generation"))?;
        let is_same = found(said, SUBJECT_KEY) == self.subject_key.as_ref().map(KeyId::as_str);
        if is_same { Ok(()) } else { Err(Damage::Head("key of subjects")) }
    }
}

/// What the footer holds when the last row is known: so a file whose row in the manifest is lost tells of itself.
pub(super) fn told_at_end(first: Timestamp, last: Timestamp, content: Content) -> [KeyValue; 3] {
    [(FIRST, first.to_string()), (LAST, last.to_string()), (CONTENT, content.to_string())]
        .map(|(key, value)| KeyValue::new(key.to_owned(), value))
}

/// Compares what the footer held then with what was found. Files of before do not tell their content.
pub(super) fn check_end(
    said: &[KeyValue],
    (first, last): (Timestamp, Timestamp),
    content: Content,
) -> Result<(), Damage> {
    agrees(said, FIRST, &first.to_string(), Damage::Times)?;
    agrees(said, LAST, &last.to_string(), Damage::Times)?;
    if found(said, CONTENT).is_some() { agrees(said, CONTENT, &content.to_string(), Damage::Content) } else { Ok(()) }
}

/// The key that the footer names for its pseudonyms.
pub(super) fn subject_key(said: &[KeyValue]) -> Result<Option<KeyId>, Damage> {
    let parse = |id: &str| KeyId::parse(id).ok_or(Damage::Head("key of subjects"));
    found(said, SUBJECT_KEY).map(parse).transpose()
}

/// Up to which number the footer says that its rows were revised; files of before say nothing.
pub(super) fn revised_to(said: &[KeyValue]) -> i64 {
    found(said, REVISED_TO).and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// The version that the footer names, where it is one that a reader can understand.
pub(super) fn version(said: &[KeyValue]) -> Result<u32, Damage> {
    let version = found(said, VERSION).and_then(|text| text.parse().ok()).ok_or(Damage::Schema)?;
    if (FIRST_VERSION..=SCHEMA_VERSION).contains(&version) { Ok(version) } else { Err(Damage::Schema) }
}

/// Compares metric and unit with what a reader can understand.
pub(super) fn check_metric(metric: &Metric, said: &[KeyValue]) -> Result<(), Damage> {
    version(said)?;
    agrees(said, METRIC, &metric.name, Damage::Head("metric"))?;
    agrees(said, UNIT, &metric.unit, Damage::Head("unit"))
}

fn agrees(said: &[KeyValue], key: &str, expected: &str, otherwise: Damage) -> Result<(), Damage> {
    if found(said, key) == Some(expected) { Ok(()) } else { Err(otherwise) }
}

fn found<'a>(said: &'a [KeyValue], key: &str) -> Option<&'a str> {
    said.iter().find(|pair| pair.key == key).and_then(|pair| pair.value.as_deref())
}
