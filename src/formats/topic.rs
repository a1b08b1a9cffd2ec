//! Topics: `ht/1/{shard}/{source}/{format}`.

use crate::model::ids::is_name;
use crate::model::reason::{Reason, Rejection};

/// The formats that this version reads.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// The own batch, JSON.
    Batch,
    /// Open mHealth and IEEE 1752.1.
    Omh,
}

/// What a topic says.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Topic<'a> {
    /// Who publishes: the device, unless the payload names one.
    pub source: &'a str,
    /// How the payload is written.
    pub format: Format,
}

/// Reads a topic.
pub fn parse(topic: &[u8]) -> Result<Topic<'_>, Rejection> {
    let bad = || Rejection::new(Reason::BadTopic, "the topic must be ht/1/{shard}/{source}/{format}", 1);
    let topic = std::str::from_utf8(topic).map_err(|_| bad())?;
    let mut levels = topic.split('/');
    let (Some("ht"), Some("1"), Some(shard), Some(source), Some(format), None) =
        (levels.next(), levels.next(), levels.next(), levels.next(), levels.next(), levels.next())
    else {
        return Err(bad());
    };
    if !is_name(shard) || !is_name(source) {
        let detail = "the topic's shard and source must match [A-Za-z0-9._-]{1,64}";
        return Err(Rejection::new(Reason::BadTopic, detail, 1));
    }
    let format = match format {
        "batch" => Format::Batch,
        "omh" => Format::Omh,
        _ => return Err(Rejection::new(Reason::UnsupportedFormat, "the topic's format must be batch or omh", 1)),
    };
    Ok(Topic { source, format })
}

impl Format {
    /// Checks the MQTT 5 content type where a message has one; parameters such as `charset` do not matter.
    pub fn agree(self, content_type: Option<&str>) -> Result<(), Rejection> {
        let Some(content_type) = content_type else { return Ok(()) };
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        let own = match self {
            Format::Batch => "application/vnd.healthtrack.batch+json",
            Format::Omh => "application/vnd.openmhealth+json",
        };
        if kind.is_empty() || kind.eq_ignore_ascii_case("application/json") || kind.eq_ignore_ascii_case(own) {
            return Ok(());
        }
        let detail = format!("the content type of this topic's format must be application/json or {own}");
        Err(Rejection::new(Reason::ContentTypeMismatch, detail, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_names_source_and_format() {
        assert_eq!(parse(b"ht/1/main/watch-7/batch"), Ok(Topic { source: "watch-7", format: Format::Batch }));
        assert_eq!(parse(b"ht/1/0/a.b_c/omh"), Ok(Topic { source: "a.b_c", format: Format::Omh }));
    }

    #[test]
    fn a_topic_that_is_none_of_ours_is_refused_by_reason() {
        for topic in ["", "ht", "ht/2/s/d/batch", "ht/1/s/d", "ht/1/s/d/batch/x", "ht/1//d/batch", "ht/1/s/a b/batch"] {
            assert_eq!(parse(topic.as_bytes()).unwrap_err().reason, Reason::BadTopic, "{topic}");
        }
        assert_eq!(parse(b"ht/1/s/\xff/batch").unwrap_err().reason, Reason::BadTopic);
        assert_eq!(parse(b"ht/1/s/d/xml").unwrap_err().reason, Reason::UnsupportedFormat);
    }

    #[test]
    fn a_content_type_must_agree_where_there_is_one() {
        for good in [None, Some("application/json"), Some("Application/JSON; charset=utf-8"), Some("")] {
            assert!(Format::Batch.agree(good).is_ok(), "{good:?}");
        }
        for bad in ["text/plain", "application/cbor", "application/vnd.openmhealth+json"] {
            assert_eq!(Format::Batch.agree(Some(bad)).unwrap_err().reason, Reason::ContentTypeMismatch, "{bad}");
        }
    }
}
