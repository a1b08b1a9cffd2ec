//! Dry run: what would be stored, without a broker and without a database.
//!
//! The messages are made as they would be published, and go through the daemon's own decoders and validation. So what
//! is shown is what the daemon would make of them now, in an empty database: it knows no device, no patient and no
//! sample that is stored already.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use serde::{Serialize, Serializer};

use super::recording::{Recording, ReplayMessage};
use super::report::ReadReport;
use crate::commands::report::{Column, table};
use crate::config::Config;
use crate::formats::delivery::Delivery;
use crate::formats::registry::FORMATS;
use crate::formats::{Decoded, Decoders};
use crate::ingest::validate::{ValidSamples, ValidationLimits, Validator};
use crate::model::metric::{Catalogue, Metric};
use crate::model::reason::Rejection;
use crate::model::sample::{Sample, SampleKey};
use crate::model::time::{Clock as _, SystemClock, Timestamp};
use crate::model::unit::Units;

/// What would become of one series.
#[derive(Clone, Debug, Serialize)]
struct SeriesForecast {
    device_id: String,
    metric: String,
    statistic: Option<String>,
    unit: String,
    /// Samples that would be stored, bounds among them.
    count: u64,
    /// Of these, those that are only known to be below or above what the sensor can measure.
    out_of_range: u64,
    /// Samples with the time and the value of the one before.
    duplicates: u64,
    /// Samples with the time of the one before and another value.
    conflicts: u64,
    #[serde(serialize_with = "as_text")]
    first: Timestamp,
    #[serde(serialize_with = "as_text")]
    last: Timestamp,
    /// The least and the greatest number; none where the metric has codes.
    min: Option<f64>,
    max: Option<f64>,
    #[serde(skip)]
    before: Option<(SampleKey, f64)>,
}

/// What the daemon would reject.
#[derive(Clone, Debug, Serialize)]
struct RejectionForecast {
    reason: &'static str,
    detail: String,
    samples: u64,
}

/// What would be stored, and what would not.
#[derive(Debug, Serialize)]
pub(super) struct Forecast {
    #[serde(flatten)]
    read: ReadReport,
    dry_run: bool,
    series: Vec<SeriesForecast>,
    rejected: Vec<RejectionForecast>,
}

/// The daemon's own path, as far as it needs no database.
struct Rehearsal {
    catalogue: Arc<Catalogue>,
    decoders: Decoders,
    validator: Validator,
    now: Timestamp,
    /// By device, metric and statistic.
    series: BTreeMap<(String, String, Option<String>), SeriesForecast>,
    /// By reason and detail.
    rejected: BTreeMap<(&'static str, String), u64>,
}

/// Makes every message, and sees what would become of it.
pub(super) fn rehearse(
    read: ReadReport,
    recording: &Recording,
    shard: &str,
    config: &Config,
) -> anyhow::Result<Forecast> {
    let limits = ValidationLimits::from(&config.ingest);
    let catalogue = Arc::new(Catalogue::builtin()?);
    let validator = Validator::new(Arc::clone(&catalogue), Arc::new(Units::builtin()?), limits);
    let decoders = Decoders::new(FORMATS);
    let (series, rejected) = (BTreeMap::new(), BTreeMap::new());
    let mut rehearsal = Rehearsal { catalogue, decoders, validator, now: SystemClock.now(), series, rejected };
    for piece in recording.pieces() {
        rehearsal.take(recording.message(&piece, shard).context("a piece is of its recording")?)?;
    }
    let rejected = rehearsal.rejected.into_iter();
    Ok(Forecast {
        read,
        dry_run: true,
        series: rehearsal.series.into_values().collect(),
        rejected: rejected.map(|((reason, detail), samples)| RejectionForecast { reason, detail, samples }).collect(),
    })
}

impl Rehearsal {
    fn take(&mut self, message: ReplayMessage) -> anyhow::Result<()> {
        let delivery = Delivery {
            topic: message.topic.into(),
            payload: message.payload,
            content_type: None,
            published_at: None,
            received_at: self.now,
            arrived: Instant::now(),
            packet_id: None,
        };
        let (source, decoded) = match self.decoders.decode(&delivery) {
            Ok(decoded) => decoded,
            Err(rejection) => {
                self.reject(rejection);
                return Ok(());
            }
        };
        let Decoded { readings, rejections, .. } = decoded;
        rejections.into_iter().for_each(|rejection| self.reject(rejection));
        for reading in readings {
            let device = reading.device.as_deref().unwrap_or(source).to_owned();
            let validated = self.validator.validate(reading, self.now);
            validated.rejections.into_iter().for_each(|rejection| self.reject(rejection));
            if let Some(valid) = validated.valid {
                self.add(device, &valid)?;
            }
        }
        Ok(())
    }

    fn reject(&mut self, rejection: Rejection) {
        *self.rejected.entry((rejection.reason.word(), rejection.detail)).or_default() += rejection.samples;
    }

    fn add(&mut self, device: String, valid: &ValidSamples) -> anyhow::Result<()> {
        let metric = self.catalogue.by_id(valid.metric).context("a valid sample is of the catalogue")?;
        let Some(first) = valid.run.samples().next() else { return Ok(()) };
        let key = (device, metric.name.to_string(), valid.statistic.text());
        let series = self.series.entry(key).or_insert_with_key(|(device_id, name, statistic)| SeriesForecast {
            device_id: device_id.clone(),
            metric: name.clone(),
            statistic: statistic.clone(),
            unit: metric.unit.to_string(),
            count: 0,
            out_of_range: 0,
            duplicates: 0,
            conflicts: 0,
            first: first.start,
            last: first.start,
            min: None,
            max: None,
            before: None,
        });
        valid.run.samples().for_each(|sample| series.add(&sample, metric));
        Ok(())
    }
}

impl SeriesForecast {
    fn add(&mut self, sample: &Sample, metric: &Metric) {
        if let Some((_, value)) = self.before.filter(|(key, _)| *key == sample.key()) {
            let repeats = if value == sample.value { &mut self.duplicates } else { &mut self.conflicts };
            *repeats += 1;
            return;
        }
        self.before = Some((sample.key(), sample.value));
        self.count += 1;
        self.first = self.first.min(sample.start);
        self.last = self.last.max(sample.start);
        if sample.flags.is_bound() {
            self.out_of_range += 1;
        } else if !metric.is_coded() {
            self.min = Some(self.min.map_or(sample.value, |min| min.min(sample.value)));
            self.max = Some(self.max.map_or(sample.value, |max| max.max(sample.value)));
        }
    }

    fn cells(&self) -> Vec<String> {
        let number = |number: Option<f64>| number.map_or_else(String::new, |number| format!("{number:.2}"));
        let statistic = self.statistic.as_ref().map(|statistic| format!(" {statistic}")).unwrap_or_default();
        vec![
            self.device_id.clone(),
            format!("{}{statistic}", self.metric),
            self.unit.clone(),
            self.count.to_string(),
            self.out_of_range.to_string(),
            (self.duplicates + self.conflicts).to_string(),
            self.first.to_string(),
            self.last.to_string(),
            number(self.min),
            number(self.max),
        ]
    }
}

impl Forecast {
    /// A table of the series, and then of what would not be stored.
    pub(super) fn in_words(&self) -> String {
        let left = [Column::Left("device"), Column::Left("metric"), Column::Left("unit")];
        let right = ["stored", "out of range", "repeated"].map(Column::Right);
        let times = [Column::Left("first"), Column::Left("last"), Column::Right("min"), Column::Right("max")];
        let columns = [left.as_slice(), right.as_slice(), times.as_slice()].concat();
        let rows: Vec<Vec<String>> = self.series.iter().map(SeriesForecast::cells).collect();
        let (text, remarks) = self.read.in_words();
        let mut lines = vec![[vec![format!("dry run, nothing is published: {text}")], remarks].concat().join("; ")];
        if !rows.is_empty() {
            lines.push(table(&columns, &rows).trim_end().to_owned());
        }
        let refusals = self.read.refusals.iter();
        lines.extend(refusals.map(|refusal| {
            format!("not read: {} × {}; the first is {}", refusal.count, refusal.reason, refusal.first)
        }));
        let rejected = self.rejected.iter();
        lines.extend(rejected.map(|rejected| {
            format!("would be rejected: {} × {}: {}", rejected.samples, rejected.reason, rejected.detail)
        }));
        lines.join("\n")
    }
}

fn as_text<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}
