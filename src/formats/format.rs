//! Format: the description of a format, and the trait of its decoder.

use std::fmt;

use bytes::BytesMut;

use super::decoded::Decoded;
use super::delivery::Delivery;
use crate::model::reason::{Reason, Rejection};
use crate::model::time::Timestamp;

/// Reads the payloads of one format that come over one connection.
///
/// There is one decoder for each format and connection, so it may remember earlier messages of its
/// connection. Deliveries come in the order of receipt. A message that is not acknowledged comes again, so reading one
/// twice must do no harm.
pub trait Decoder: fmt::Debug + Send {
    /// The content of the message; `Err` where nothing of it can be read.
    fn decode<'a>(&mut self, delivery: &'a Delivery) -> Result<Decoded<'a>, Rejection>;
}

/// Heart rates of one device, a second apart: the message that every format can write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeartRates {
    /// The time of the first.
    pub start: Timestamp,
    /// Beats a minute.
    pub values: Vec<u64>,
    /// Tells devices apart where the format identifies each sample: ids are made of it and of the sample's second.
    pub key: u64,
}

/// One format.
#[derive(Debug)]
pub struct Format {
    /// The last level of its topics.
    pub word: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// The MQTT 5 content types of its payloads. A message that names another one is rejected; one without is not.
    pub content_types: &'static [&'static str],
    /// Makes the decoder of a connection.
    pub decoder: fn() -> Box<dyn Decoder>,
    /// Appends a message of heart rates: what `load` publishes, and what the benches read.
    pub write: fn(&HeartRates, &mut BytesMut),
}

impl Format {
    /// Checks the MQTT 5 content type where a message has one; parameters such as `charset` do not matter.
    pub fn check_content_type(&self, content_type: Option<&str>) -> Result<(), Rejection> {
        let Some(content_type) = content_type else { return Ok(()) };
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if essence.is_empty() || self.content_types.iter().any(|known| essence.eq_ignore_ascii_case(known)) {
            return Ok(());
        }
        let detail = format!("the content type of this topic's format must be {}", self.content_types.join(" or "));
        Err(Rejection::new(Reason::ContentTypeMismatch, detail, 1))
    }
}

/// A format is named in logs and reports by its word.
impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::batch;

    #[test]
    fn a_content_type_must_agree_where_there_is_one() {
        for good in [None, Some("application/json"), Some("Application/JSON; charset=utf-8"), Some("")] {
            assert!(batch::FORMAT.check_content_type(good).is_ok(), "{good:?}");
        }
        for bad in ["text/plain", "application/cbor", "application/vnd.openmhealth+json"] {
            let refused = batch::FORMAT.check_content_type(Some(bad)).unwrap_err();
            assert_eq!(refused.reason, Reason::ContentTypeMismatch, "{bad}");
        }
    }
}
