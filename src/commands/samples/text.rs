//! Text: a line a sample, as CSV or as JSON.

use std::io::Write;

use serde::Serialize;

use super::sink::{COLUMNS, SampleSink, SeriesRef};
use crate::model::origin::Revision;
use crate::model::sample::Sample;

/// A header, and a line a sample.
pub(super) struct Csv<W: Write> {
    writer: csv::Writer<W>,
    field: String,
}

impl<W: Write> Csv<W> {
    pub(super) fn begin(writer: W) -> anyhow::Result<Csv<W>> {
        let mut writer = csv::Writer::from_writer(writer);
        writer.write_record(COLUMNS).map_err(io_error)?;
        Ok(Csv { writer, field: String::new() })
    }

    /// Writes what there is through one piece of memory that all fields share.
    fn show(&mut self, shown: Option<impl std::fmt::Display>) -> anyhow::Result<()> {
        use std::fmt::Write as _;
        self.field.clear();
        if let Some(shown) = shown {
            write!(self.field, "{shown}")?;
        }
        self.writer.write_field(&self.field).map_err(io_error)
    }

    /// Writes words with a space between them.
    fn show_words(&mut self, words: impl Iterator<Item = &'static str>) -> anyhow::Result<()> {
        self.field.clear();
        for word in words {
            if !self.field.is_empty() {
                self.field.push(' ');
            }
            self.field.push_str(word);
        }
        self.writer.write_field(&self.field).map_err(io_error)
    }
}

impl<W: Write> SampleSink for Csv<W> {
    fn take(&mut self, of: &SeriesRef<'_>, samples: &mut dyn Iterator<Item = Sample>) -> anyhow::Result<()> {
        let statistic = of.statistic.text().unwrap_or_default();
        for sample in samples {
            for text in [of.device.as_str(), &of.metric.name, &statistic] {
                self.writer.write_field(text).map_err(io_error)?;
            }
            self.show(Some(sample.start))?;
            self.show(sample.end())?;
            self.show(of.value(&sample))?;
            self.show(of.code(&sample))?;
            self.show(of.unit())?;
            self.show_words(sample.flags.words())?;
            self.show(sample.origin.utc_offset_minutes)?;
            self.show(sample.origin.received_at)?;
            self.show(sample.origin.revision.map(Revision::number))?;
            self.writer.write_record(None::<&[u8]>).map_err(io_error)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        Ok(self.writer.flush()?)
    }
}

/// A failed write by its own name, so that a broken pipe is known as one.
fn io_error(error: csv::Error) -> anyhow::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => anyhow::anyhow!("the line cannot be written: {other:?}"),
    }
}

/// A JSON object a line.
pub(super) struct Ndjson<W: Write>(W);

#[derive(Serialize)]
struct Line<'a> {
    device_id: &'a str,
    metric: &'a str,
    statistic: Option<&'a str>,
    start_at: String,
    end_at: Option<String>,
    value: Option<f64>,
    code: Option<&'a str>,
    unit: Option<&'a str>,
    flags: Vec<&'static str>,
    utc_offset_minutes: Option<i16>,
    received_at: Option<String>,
    revision: Option<i64>,
}

impl<W: Write> Ndjson<W> {
    pub(super) fn begin(writer: W) -> Ndjson<W> {
        Ndjson(writer)
    }
}

impl<W: Write> SampleSink for Ndjson<W> {
    fn take(&mut self, of: &SeriesRef<'_>, samples: &mut dyn Iterator<Item = Sample>) -> anyhow::Result<()> {
        let statistic = of.statistic.text();
        for sample in samples {
            let line = Line {
                device_id: of.device.as_str(),
                metric: &of.metric.name,
                statistic: statistic.as_deref(),
                start_at: sample.start.to_string(),
                end_at: sample.end().map(|end| end.to_string()),
                value: of.value(&sample),
                code: of.code(&sample),
                unit: of.unit(),
                flags: sample.flags.words().collect(),
                utc_offset_minutes: sample.origin.utc_offset_minutes,
                received_at: sample.origin.received_at.map(|moment| moment.to_string()),
                revision: sample.origin.revision.map(Revision::number),
            };
            serde_json::to_writer(&mut self.0, &line).map_err(std::io::Error::from)?;
            self.0.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        Ok(self.0.flush()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ids::DeviceId;
    use crate::model::metric::Catalogue;
    use crate::model::origin::Origin;
    use crate::model::sample::Flags;
    use crate::model::statistic::Statistic;
    use crate::model::time::Timestamp;

    fn moment(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn sample(value: f64, span_us: Option<i64>) -> Sample {
        let (start, flags) = (moment("2026-11-23T10:00:00Z"), Flags::NONE);
        Sample { start, span_us, value, flags, origin: Origin::default() }
    }

    /// A bound of which all is known.
    fn bound() -> Sample {
        let origin = Origin {
            received_at: Some(moment("2026-11-23T10:05:00Z")),
            utc_offset_minutes: Some(-210),
            revision: Revision::new(7),
        };
        Sample { flags: Flags::TIME_ASSUMED.and(Flags::BELOW_RANGE), origin, ..sample(40.0, None) }
    }

    fn written(metric: &str, sample: Sample, sink: impl FnOnce(&mut Vec<u8>) -> Box<dyn SampleSink + '_>) -> String {
        let catalogue = Catalogue::builtin().unwrap();
        let device = DeviceId::parse("d").unwrap();
        let of = SeriesRef { device: &device, metric: catalogue.by_name(metric).unwrap(), statistic: Statistic::NONE };
        let mut bytes = Vec::new();
        let mut sink = sink(&mut bytes);
        sink.take(&of, &mut std::iter::once(sample)).unwrap();
        sink.finish().unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn csv_leaves_empty_what_is_null() {
        fn csv(bytes: &mut Vec<u8>) -> Box<dyn SampleSink + '_> {
            Box::new(Csv::begin(bytes).unwrap())
        }
        let header = COLUMNS.join(",");
        assert_eq!(
            written("heart_rate", sample(61.5, None), csv),
            format!("{header}\nd,heart_rate,,2026-11-23T10:00:00Z,,61.5,,/min,,,,\n")
        );
        assert_eq!(
            written("sleep_stage", sample(3.0, Some(30_000_000)), csv),
            format!("{header}\nd,sleep_stage,,2026-11-23T10:00:00Z,2026-11-23T10:00:30Z,,rem,,,,,\n")
        );
        let known = "time_assumed below_range,-210,2026-11-23T10:05:00Z,7";
        assert_eq!(
            written("heart_rate", bound(), csv),
            format!("{header}\nd,heart_rate,,2026-11-23T10:00:00Z,,,,/min,{known}\n"),
            "a bound has no value"
        );
    }

    #[test]
    fn json_says_null() {
        let ndjson = |metric, sample| written(metric, sample, |bytes| Box::new(Ndjson::begin(bytes)));
        let expected = r#"{"device_id":"d","metric":"sleep_stage","statistic":null,"start_at":"2026-11-23T10:00:00Z","end_at":"2026-11-23T10:00:30Z","value":null,"code":"rem","unit":null,"flags":[],"utc_offset_minutes":null,"received_at":null,"revision":null}"#;
        assert_eq!(ndjson("sleep_stage", sample(3.0, Some(30_000_000))), format!("{expected}\n"));
        let expected = r#"{"device_id":"d","metric":"heart_rate","statistic":null,"start_at":"2026-11-23T10:00:00Z","end_at":null,"value":null,"code":null,"unit":"/min","flags":["time_assumed","below_range"],"utc_offset_minutes":-210,"received_at":"2026-11-23T10:05:00Z","revision":7}"#;
        assert_eq!(ndjson("heart_rate", bound()), format!("{expected}\n"));
    }
}
