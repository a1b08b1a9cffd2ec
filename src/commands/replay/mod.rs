//! Replay: real recordings as the messages that their hubs would have sent.
//!
//! ```text
//! files → find → read (one file a kind) → Recording (tracks: one metric of one device, by time) → messages → broker
//! ```
//!
//! # Why
//! A file holds one person after the other, while hubs send side by side: replaying by the samples' times means reading
//! everything first. A track costs 16 bytes a sample, so five million samples are 80 MB; `recording::SAMPLES_MAX`
//! bounds it. Rows that repeat are published as they are: the daemon is there to count duplicates.
//!
//! A time without a zone is the device's own: `--zone` says which. A time that its clock skipped is rejected, one that
//! it showed twice is taken as the first of the two, and both are counted in the report.

/// Dexcom readings as a table.
mod cgm;

/// Empatica E4 sessions.
mod empatica;

/// Finding and opening files.
mod files;

/// Fitabase exports of Fitbit data.
mod fitbit;

/// Times without a zone.
pub mod local_time;

/// Open mHealth and IEEE 1752.1 data points.
mod omh;

/// All that was read, and the messages that it makes.
pub mod recording;

/// How fast.
mod speed;

/// Messages to the broker, each when it is due.
mod send;

/// Tables of rows under a header.
mod table;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{bail, ensure};
use clap::ValueEnum;
use serde::Serialize;
use url::Url;

use crate::commands::report::{counted, print, print_json};
use crate::config::Config;
use crate::model::ids::is_name;
use crate::mqtt::connect::broker_url;
use crate::mqtt::publisher::Counts;
use local_time::Zone;
use recording::Recording;
use send::SendOptions;
use speed::parse_speed;

pub use speed::Speed;

/// Whose files they are.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordingKind {
    /// Fitabase exports of Fitbit data: heart rate, minute steps, minute intensities, minute sleep, weight
    Fitbit,
    /// Empatica E4 sessions: HR, IBI, TEMP, EDA, BVP, ACC
    Empatica,
    /// Dexcom readings: a subject, a local time and mg/dL a row
    Cgm,
    /// Open mHealth and IEEE 1752.1 data points, as they are
    Omh,
}

/// Publishes real recordings as the batches that their hubs would have sent.
///
/// Files are known by their first lines, not by their names; folders are searched; .gz is read as it is. Summaries of
/// hours and days (hourlySteps, dailyActivity, sleepDay …) are not replayed: they repeat what the minutes say, and are
/// there to check against. Minutes of restless sleep have no code in the catalogue and are counted as left out.
///
/// Devices are fitbit-ID, cgm-SUBJECT, and empatica-SERIAL where the session's folder is EPOCH_SERIAL, else
/// empatica-FOLDER. An Open mHealth body goes out unchanged under its header's user or device, else omh-FILE.
///
/// Times without a zone are the device's own clock in --zone. Where that clock was put forward, a time that it skipped
/// is refused; where it was put back, a time that it showed twice is taken as the first. Both are counted.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack replay fitbit Fitabase_Data/ --zone America/New_York
  healthtrack replay empatica 1560279825_A01F4A/ --speed 60
  healthtrack replay cgm readings.csv.gz --broker mqtt://broker:1883 --json")]
pub struct Args {
    /// Whose files they are
    #[arg(value_enum)]
    pub kind: RecordingKind,
    /// Files, and folders to search
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// The broker, mqtt://user:password@host:port or mqtts://… [default: mqtt.url of the configuration]
    #[arg(long, value_name = "URL")]
    pub broker: Option<Url>,
    /// The shard in the topics
    #[arg(long, default_value = "main")]
    pub shard: String,
    /// max, or how many times faster than it was measured: 1 is real time, 3600 is an hour a second
    #[arg(long, value_name = "max|N", default_value = "max", value_parser = parse_speed)]
    pub speed: Speed,
    /// Where the device's clock stood, as in Europe/Berlin; for times without a zone
    #[arg(long, value_name = "TZ", default_value = "UTC", value_parser = Zone::parse)]
    pub zone: Zone,
    /// MQTT connections, between which the devices are divided
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub connections: u64,
    /// The configuration [default: built-in defaults and the environment]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Report as JSON
    #[arg(long)]
    pub json: bool,
}

/// What a replay came to.
#[derive(Debug, Serialize)]
struct Report {
    kind: RecordingKind,
    files: u64,
    files_left_out: u64,
    devices: u64,
    messages: u64,
    samples: u64,
    /// Rows and values that could not be read, and times that the device's clock skipped.
    refused: u64,
    not_measured: u64,
    /// Times that the device's clock showed twice, taken as the first.
    folded_times: u64,
    samples_by_metric: BTreeMap<&'static str, u64>,
    broker: Counts,
    seconds: f64,
}

/// Reads everything, publishes it, and reports.
pub async fn run(args: Args) -> anyhow::Result<()> {
    ensure!(is_name(&args.shard), "--shard is 1 to 64 letters, digits, full stops, underscores or hyphens");
    let broker = match &args.broker {
        Some(url) => url.clone(),
        None => broker_url(&Config::load(args.config.as_deref())?.mqtt)?,
    };
    let recording = Arc::new(read(args.kind, &args.paths, &args.zone)?);
    let began = tokio::time::Instant::now();
    let sending = SendOptions { broker, shard: args.shard, speed: args.speed, connections: args.connections };
    let (messages, counts) = send::send(recording.clone(), &sending).await?;
    let report = Report {
        kind: args.kind,
        files: recording.tally.files,
        files_left_out: recording.tally.files_left_out,
        devices: recording.devices().len() as u64,
        messages,
        samples: recording.samples(),
        refused: recording.tally.refused,
        not_measured: recording.tally.not_measured,
        folded_times: recording.tally.folded_times,
        samples_by_metric: recording.samples_by_metric(),
        broker: counts,
        seconds: began.elapsed().as_secs_f64(),
    };
    if args.json {
        print_json(&report)?
    } else {
        print(&report.in_words())?
    }
    report.check(recording.tally.first_refusal.as_deref())
}

/// Reads all files of one kind; fails where there is nothing to replay.
pub fn read(kind: RecordingKind, paths: &[PathBuf], zone: &Zone) -> anyhow::Result<Recording> {
    let mut recording = Recording::default();
    for path in files::find(paths)? {
        recording.begin_file(&path);
        let is_ours = read_file(kind, &path, zone, &mut recording)?;
        recording.end_file(is_ours)?;
    }
    if recording.samples() == 0 {
        let refusal = recording.tally.first_refusal.map(|first| format!("; {first}")).unwrap_or_default();
        bail!("nothing to replay: no file holds what `replay {}` reads{refusal}; see --help", kind.word());
    }
    recording.sort();
    Ok(recording)
}

fn read_file(kind: RecordingKind, path: &Path, zone: &Zone, recording: &mut Recording) -> anyhow::Result<bool> {
    match kind {
        RecordingKind::Fitbit => table::read::<fitbit::FitbitLayout>(path, zone, recording),
        RecordingKind::Cgm => table::read::<cgm::CgmLayout>(path, zone, recording),
        RecordingKind::Empatica => empatica::read(path, recording),
        RecordingKind::Omh => omh::read(path, recording),
    }
}

impl RecordingKind {
    fn word(self) -> &'static str {
        match self {
            RecordingKind::Fitbit => "fitbit",
            RecordingKind::Empatica => "empatica",
            RecordingKind::Cgm => "cgm",
            RecordingKind::Omh => "omh",
        }
    }
}

impl Report {
    fn in_words(&self) -> String {
        let Report { files, devices, messages, samples, refused, broker, .. } = self;
        let mut text = format!(
            "{}, {}, {}, {}, {refused} refused, in {:.1} s",
            counted(*files, "file"),
            counted(*devices, "device"),
            counted(*messages, "message"),
            counted(*samples, "sample"),
            self.seconds
        );
        for (count, what) in [
            (self.files_left_out, "files left out"),
            (self.not_measured, "not measured"),
            (self.folded_times, "times shown twice, taken as the first"),
            (broker.without_subscriber, "messages without a subscriber"),
        ] {
            if count > 0 {
                text.push_str(&format!("; {count} {what}"));
            }
        }
        text
    }

    /// Success is every row read and every message acknowledged.
    fn check(&self, first_refusal: Option<&str>) -> anyhow::Result<()> {
        if !self.broker.is_complete() {
            let Counts { refused, unanswered, .. } = self.broker;
            bail!("{refused} messages were refused and {unanswered} are unanswered; check the broker");
        }
        if let Some(first) = first_refusal {
            bail!(
                "{} rows or values were refused, the rest is published; correct them, the first is {first}",
                self.refused
            );
        }
        Ok(())
    }
}
