//! Topics: `ht/1/{shard}/{source}/{format}`, parsed and built here only.

use super::format::Format;
use crate::model::ids::is_name;
use crate::model::reason::{Reason, Rejection};

/// The parts of a topic.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Topic<'a> {
    /// Whose it is.
    pub shard: &'a str,
    /// Who publishes: the device, unless the payload names one.
    pub source: &'a str,
    /// The word of the format in which the payload is written, whether or not it is one that is read.
    pub format: &'a str,
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
    Ok(Topic { shard, source, format })
}

/// The level of a topic that names the source, also where the topic is invalid; all of it where it has no such level.
pub fn source(topic: &[u8]) -> &[u8] {
    topic.split(|byte| *byte == b'/').nth(3).unwrap_or(topic)
}

/// What every topic of a shard begins with.
pub fn prefix(shard: &str) -> String {
    format!("ht/1/{shard}/")
}

/// The topic of a source's messages in one format. Shard and source are names.
pub fn build(shard: &str, source: &str, format: &Format) -> String {
    format!("{}{source}/{format}", prefix(shard))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::{batch, omh};

    #[test]
    fn a_topic_names_shard_source_and_format() {
        assert_eq!(parse(b"ht/1/main/watch-7/batch"), Ok(Topic { shard: "main", source: "watch-7", format: "batch" }));
        assert_eq!(parse(b"ht/1/0/a.b_c/omh"), Ok(Topic { shard: "0", source: "a.b_c", format: "omh" }));
    }

    #[test]
    fn the_source_is_the_fourth_level_of_a_topic() {
        assert_eq!(source(b"ht/1/main/watch-7/batch"), b"watch-7");
        assert_eq!(source(b"elsewhere"), b"elsewhere");
    }

    #[test]
    fn a_topic_is_built_as_it_is_read() {
        assert_eq!(build("main", "watch-7", &batch::FORMAT), "ht/1/main/watch-7/batch");
        let topic = build("0", "a.b_c", &omh::FORMAT);
        assert_eq!(parse(topic.as_bytes()), Ok(Topic { shard: "0", source: "a.b_c", format: "omh" }));
    }

    #[test]
    fn a_topic_that_is_none_of_ours_is_refused_by_reason() {
        for topic in ["", "ht", "ht/2/s/d/batch", "ht/1/s/d", "ht/1/s/d/batch/x", "ht/1//d/batch", "ht/1/s/a b/batch"] {
            assert_eq!(parse(topic.as_bytes()).unwrap_err().reason, Reason::BadTopic, "{topic}");
        }
        assert_eq!(parse(b"ht/1/s/\xff/batch").unwrap_err().reason, Reason::BadTopic);
    }
}
