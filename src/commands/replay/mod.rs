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
//! A time without a zone is the device's own: `--zone` says which, and `local_time` how both passes of a repeated hour,
//! and an hour that was skipped, are told. What a file must say and does not (the order of its dates, the unit of
//! glucose) is an option, and never guessed: such a file stops the replay before anything is published.

/// Continuous glucose monitors.
mod cgm;

/// What would be stored.
mod dry_run;

/// Empatica E4 sessions.
mod empatica;

/// Finding and opening files.
mod files;

/// Fitabase exports of Fitbit data.
mod fitbit;

/// Whose files.
mod kind;

/// Times without a zone.
pub mod local_time;

/// Open mHealth and IEEE 1752.1 data points.
mod omh;

/// How files are to be read.
mod options;

/// All that was read, and the messages that it makes.
pub mod recording;

/// What a replay came to.
mod report;

/// How fast.
mod speed;

/// Messages to the broker, each when it is due.
mod send;

/// Tables of rows under a header.
mod table;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{bail, ensure};
use url::Url;

use crate::commands::report::{print, print_json};
use crate::config::Config;
use crate::model::ids::{DeviceId, is_name};
use crate::mqtt::connect::broker_url;
use local_time::{DayOrder, Zone};
use recording::Recording;
use report::{ReadReport, ReplayReport};
use send::SendOptions;
use speed::parse_speed;

pub use cgm::GlucoseUnit;
pub use kind::RecordingKind;
pub use options::ReadOptions;
pub use speed::Speed;

/// Publishes real recordings as the batches that their hubs would have sent.
///
/// Files are known by their first lines, not by their names; folders are searched; .gz is read as it is. Summaries of
/// hours and days (hourlySteps, dailyActivity, sleepDay …) are not replayed: they repeat what the minutes say, and are
/// there to check against. Minutes of restless sleep have no code in the catalogue and are counted as left out.
///
/// Devices are fitbit-ID, cgm-SUBJECT (cgm-TRANSMITTER of Clarity, cgm-SERIAL of LibreView, or --device), and
/// empatica-SERIAL where the session's folder is EPOCH_SERIAL, else empatica-FOLDER. An Open mHealth body goes out
/// unchanged under its header's user or device, else omh-FILE.
///
/// Times without a zone are the device's own clock in --zone. Where that clock was put back, the order of the rows
/// tells both passes of the hour; where nothing tells, it is the first, and that is counted. A time that the clock
/// skipped is refused, unless a run of readings without a hole leads to it.
///
/// 4/11/2026 is a day in November or in April: a date of the file with a number above 12 says which, for all of it.
/// Where none does, the file is refused, and --day-first or --month-first says it (Fitabase writes the month first).
///
/// Glucose is in the unit that the column's title says, else mg/dL. A file whose values look like the other unit is
/// refused; --unit decides. Low and High are kept as below and above the sensor's range.
///
/// --dry-run publishes nothing and needs no broker: it shows what would be stored, each series with its count, first,
/// last, least and greatest, and what would be rejected and why.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack replay fitbit Fitabase_Data/ --zone America/New_York
  healthtrack replay empatica 1560279825_A01F4A/ --speed 60
  healthtrack replay cgm readings.csv.gz --broker mqtt://broker:1883 --json
  healthtrack replay cgm Clarity_Export.csv --zone Europe/London --dry-run
  healthtrack replay cgm LibreView.csv --zone Europe/Paris --day-first --unit mmol/L")]
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
    ///
    /// The order of the rows tells both passes of an hour that was shown twice. A time that the clock skipped is
    /// refused, unless a run of readings without a hole leads to it.
    #[arg(long, value_name = "TZ", default_value = "UTC", value_parser = Zone::parse)]
    pub zone: Zone,
    /// The day stands first in dates, as in 13/11/2026 [default: what one date of the file proves for all]
    #[arg(long, conflicts_with = "month_first")]
    pub day_first: bool,
    /// The month stands first in dates, as in 11/13/2026 [default: the same; Fitabase's where no date proves it]
    #[arg(long)]
    pub month_first: bool,
    /// What glucose is measured in, mg/dL or mmol/L, for cgm [default: as the column's title says, else mg/dL]
    ///
    /// Without it, a file whose values look like the other unit is refused.
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<GlucoseUnit>,
    /// The device of an export of one person, in place of the transmitter or serial number; for cgm
    #[arg(long, value_name = "NAME", value_parser = parse_device)]
    pub device: Option<DeviceId>,
    /// Publish nothing, and show what would be stored
    #[arg(long)]
    pub dry_run: bool,
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

/// Reads everything, publishes it, and reports.
pub async fn run(args: Args) -> anyhow::Result<()> {
    ensure!(is_name(&args.shard), "--shard is 1 to 64 letters, digits, full stops, underscores or hyphens");
    let is_cgm = args.kind == RecordingKind::Cgm;
    ensure!(is_cgm || (args.unit.is_none() && args.device.is_none()), "--unit and --device are for replay cgm");
    if args.dry_run {
        let config = Config::load(args.config.as_deref())?;
        let recording = read(args.kind, &args.paths, &args.options())?;
        let report = ReadReport::of(args.kind, &recording);
        let forecast = dry_run::rehearse(report, &recording, &args.shard, &config)?;
        return if args.json { print_json(&forecast) } else { print(&forecast.in_words()) };
    }
    let broker = match &args.broker {
        Some(url) => url.clone(),
        None => broker_url(&Config::load(args.config.as_deref())?.mqtt)?,
    };
    let recording = Arc::new(read(args.kind, &args.paths, &args.options())?);
    let began = tokio::time::Instant::now();
    let sending = SendOptions { broker, shard: args.shard, speed: args.speed, connections: args.connections };
    let counts = send::send(recording.clone(), &sending).await?;
    let read = ReadReport::of(args.kind, &recording);
    let report = ReplayReport { read, broker: counts, seconds: began.elapsed().as_secs_f64() };
    if args.json {
        print_json(&report)?
    } else {
        print(&report.in_words())?
    }
    report.check(recording.tally.first_refusal.as_deref())
}

/// Reads all files of one kind; fails where there is nothing to replay.
pub fn read(kind: RecordingKind, paths: &[PathBuf], options: &ReadOptions) -> anyhow::Result<Recording> {
    let mut recording = Recording::new(&options.zone);
    for path in files::find(paths)? {
        recording.begin_file(&path);
        let is_ours = read_file(kind, &path, options, &mut recording)?;
        recording.end_file(is_ours)?;
    }
    if recording.samples() == 0 {
        let refusal = recording.tally.first_refusal.map(|first| format!("; {first}")).unwrap_or_default();
        bail!("nothing to replay: no file holds what `replay {}` reads{refusal}; see --help", kind.word());
    }
    recording.sort();
    Ok(recording)
}

fn read_file(
    kind: RecordingKind,
    path: &Path,
    options: &ReadOptions,
    recording: &mut Recording,
) -> anyhow::Result<bool> {
    let order = options.day_order;
    match kind {
        RecordingKind::Fitbit => table::read(path, fitbit::FitbitLayout::of, order, recording),
        RecordingKind::Cgm => table::read(path, |header| cgm::CgmLayout::of(header, options), order, recording),
        RecordingKind::Empatica => empatica::read(path, recording),
        RecordingKind::Omh => omh::read(path, recording),
    }
}

impl Args {
    fn options(&self) -> ReadOptions {
        let day_order = match (self.day_first, self.month_first) {
            (true, _) => Some(DayOrder::DayFirst),
            (_, true) => Some(DayOrder::MonthFirst),
            _ => None,
        };
        ReadOptions { zone: self.zone.clone(), day_order, unit: self.unit, device: self.device.clone() }
    }
}

fn parse_device(text: &str) -> Result<DeviceId, String> {
    DeviceId::parse(text).map_err(|_| "write 1 to 64 letters, digits, full stops, underscores or hyphens".to_owned())
}
