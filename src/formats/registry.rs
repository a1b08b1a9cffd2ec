//! Registry: every format there is. A new one is a folder beside this file and a line in `FORMATS`.

use super::format::Format;
use super::{batch, fhir, omh};

/// The formats, by their topics' last level.
pub static FORMATS: &[&Format] = &[&batch::FORMAT, &omh::FORMAT, &fhir::FORMAT];

/// The format of this word.
pub fn find(word: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|format| format.word == word)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use bytes::BytesMut;

    use super::*;
    use crate::formats::delivery::Delivery;
    use crate::formats::{Decoders, HeartRates, Values, topic};
    use crate::model::time::Timestamp;

    #[test]
    fn every_format_has_a_word_of_its_own() {
        for (place, format) in FORMATS.iter().enumerate() {
            assert!(std::ptr::eq(find(format.word).unwrap(), *format), "{format}");
            assert!(FORMATS.iter().skip(place + 1).all(|other| other.word != format.word), "{format}");
            assert!(!format.content_types.is_empty(), "{format}");
        }
        assert!(find("xml").is_none());
    }

    #[test]
    fn every_format_reads_what_it_writes() {
        let start = Timestamp::parse_rfc3339("2026-11-23T10:00:00Z").unwrap();
        for (format, samples) in FORMATS.iter().flat_map(|format| [(format, 1), (format, 60)]) {
            let values: Vec<u64> = (0..samples).map(|place| 55 + place).collect();
            let mut payload = BytesMut::new();
            (format.write)(&HeartRates { start, values: values.clone(), key: 7 }, &mut payload);
            let delivery = Delivery {
                topic: topic::build("main", "watch-7", format).into(),
                payload: payload.freeze(),
                content_type: Some(format.content_types[0].to_owned()),
                published_at: None,
                received_at: start,
                arrived: Instant::now(),
                packet_id: Some(1),
            };
            let mut decoders = Decoders::new(FORMATS);
            let (source, decoded) = decoders.decode(&delivery).unwrap();
            assert_eq!((source, &decoded.rejections[..]), ("watch-7", &[][..]), "{format}");
            let [reading] = decoded.readings.as_slice() else { panic!("{format}: one reading") };
            assert_eq!(reading.metric, "heart_rate");
            assert_eq!(reading.values, Values::Numbers(values.iter().map(|value| *value as f64).collect()));
            let second = |place: i64| Some(start.plus_micros(place * 1_000_000));
            assert!((0..samples as usize).all(|place| reading.times.at(place) == second(place as i64)), "{format}");
        }
    }

    #[test]
    fn the_published_table_of_formats_is_that_of_the_registry() {
        let row = |format: &&Format| {
            let types: Vec<String> = format.content_types.iter().map(|one| format!("`{one}`")).collect();
            format!("| `{}` | {} | {} |\n", format.word, format.title, types.join(", "))
        };
        let table: String = FORMATS.iter().map(row).collect();
        let table = format!("| topic ends in | format | MQTT 5 content type |\n|---|---|---|\n{table}\n");
        let readme = include_str!("../../schemas/payloads/README.md");
        assert!(readme.contains(&table), "schemas/payloads/README.md must hold this table:\n{table}");
    }
}
