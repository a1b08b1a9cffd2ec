//! Decoders: the entry point of the formats: from a delivery to what its format makes of it.

use super::decoded::Decoded;
use super::delivery::Delivery;
use super::format::{Decoder, Format};
use super::topic;
use crate::model::reason::{Reason, Rejection};

/// The decoders of one connection, one for each format.
#[derive(Debug)]
pub struct Decoders(Vec<(&'static Format, Box<dyn Decoder>)>);

impl Decoders {
    /// New decoders, which remember nothing.
    pub fn new(formats: &[&'static Format]) -> Decoders {
        Decoders(formats.iter().map(|format| (*format, (format.decoder)())).collect())
    }

    /// The source that the topic names, and the content of the message; `Err` where nothing of it can be read.
    pub fn decode<'a>(&mut self, delivery: &'a Delivery) -> Result<(&'a str, Decoded<'a>), Rejection> {
        let topic = topic::parse(&delivery.topic)?;
        let Some((format, decoder)) = self.0.iter_mut().find(|(format, _)| format.word == topic.format) else {
            return Err(self.unsupported());
        };
        format.check_content_type(delivery.content_type.as_deref())?;
        Ok((topic.source, decoder.decode(delivery)?))
    }

    fn unsupported(&self) -> Rejection {
        let words: Vec<&str> = self.0.iter().map(|(format, _)| format.word).collect();
        let list = match words.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        };
        Rejection::new(Reason::UnsupportedFormat, format!("the topic's format must be {list}"), 1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::formats::registry::FORMATS;
    use crate::model::time::Timestamp;

    fn delivery(topic: &'static str, content_type: Option<&str>) -> Delivery {
        Delivery {
            topic: topic.into(),
            payload: r#"{"v":1,"series":[]}"#.into(),
            content_type: content_type.map(str::to_owned),
            published_at: None,
            received_at: Timestamp::from_micros(0).unwrap(),
            arrived: Instant::now(),
            packet_id: None,
        }
    }

    #[test]
    fn a_message_is_read_by_the_format_of_its_topic() {
        let mut decoders = Decoders::new(FORMATS);
        let sound = delivery("ht/1/main/watch-7/batch", Some("application/json"));
        assert_eq!(decoders.decode(&sound), Ok(("watch-7", Decoded::default())));
        let refusals = [
            (delivery("ht/2/main/watch-7/batch", None), Reason::BadTopic),
            (delivery("ht/1/main/watch-7/batch", Some("text/plain")), Reason::ContentTypeMismatch),
        ];
        let other = delivery("ht/1/main/watch-7/omh", None);
        assert_eq!(decoders.decode(&other).unwrap().1.rejections.len(), 1, "a batch is no data point");
        for (message, reason) in refusals {
            assert_eq!(decoders.decode(&message).map_or_else(|refused| Some(refused.reason), |_| None), Some(reason));
        }
    }

    #[test]
    fn an_unknown_format_is_told_the_known_ones() {
        let unknown = delivery("ht/1/main/watch-7/xml", None);
        let refused = Decoders::new(FORMATS).decode(&unknown).unwrap_err();
        assert_eq!(refused.reason, Reason::UnsupportedFormat);
        assert_eq!(refused.detail, "the topic's format must be batch, omh or fhir");
        for (known, list) in [(&FORMATS[..1], "batch"), (&[FORMATS[0], FORMATS[1], FORMATS[0]], "batch, omh or batch")]
        {
            let refused = Decoders::new(known).decode(&unknown).unwrap_err();
            assert_eq!(refused.detail, format!("the topic's format must be {list}"));
        }
    }
}
