//! Load: an open-loop generator. Message `id` is due at `id / rate`, whether or not the ones before it were answered,
//! so a stall shows as lateness and is not hidden by a generator that waits along.
//!
//! Hubs are spread over the connections, so each hub's messages stay in order.

mod hubs;
mod latency;
mod ledger;
mod report;

/// Which messages are disturbed on purpose.
pub mod mix;

/// What each message says.
pub mod message;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::{Args as ClapArgs, ValueEnum};
use indicatif::ProgressBar;
use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::commands::report::bar;
use crate::model::ids::is_name;
use crate::model::time::{Clock as _, SECOND_US, SystemClock, Timestamp};
use crate::mqtt::publisher::{Counts, INFLIGHT_DEFAULT};
use hubs::{Hubs, Witnesses};
use latency::Latency;
use ledger::Ledger;
use message::Plan;
use mix::Mix;
use report::report;

/// Messages a second that no broker on one machine exceeds: how far back values begin where only a time limit is given.
const UNLIMITED_RATE: f64 = 200_000.0;
/// How long a run goes where neither `--for` nor `--messages` says.
const FOR_DEFAULT: Duration = Duration::from_secs(30);

/// The format of the generated messages.
#[derive(Copy, Clone, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The own batch, JSON.
    Batch,
    /// Open mHealth data points.
    Omh,
}

/// Publishes made-up heart rates at a fixed rate and reports what the broker made of it.
#[derive(Clone, Debug, ClapArgs)]
#[command(after_help = "Examples:
  healthtrack load --hubs 1000 --rate 5000 --samples 60 --for 30s
  healthtrack load --rate 0 --messages 1000000 --samples 1 --connections 8 --ledger ledger.csv --json
  healthtrack load --for 1m --mix repeat=3,late=3,conflict=1,broken=1 --ledger ledger.csv")]
pub struct Args {
    /// The broker, mqtt://user:password@host:port or mqtts://…
    #[arg(long, default_value = "mqtt://127.0.0.1:1883")]
    pub broker: Url,
    /// How many hubs take turns; each is the device load-NUMBER
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub hubs: u64,
    /// The number of the first hub, so that another run can use devices of its own
    #[arg(long, default_value_t = 0)]
    pub first_hub: u64,
    /// Messages a second, all hubs together; 0 is as fast as the broker takes them
    #[arg(long, default_value_t = 1_000.0)]
    pub rate: f64,
    /// Values in each message, one a second
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub samples: u64,
    /// What the messages are written as
    #[arg(long, value_enum, default_value_t = Format::Batch)]
    pub format: Format,
    /// How long: 30s, 2m, 1h [default: 30s, unless --messages says when to end]
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    pub duration: Option<Duration>,
    /// End after so many messages
    #[arg(long)]
    pub messages: Option<u64>,
    /// Write one line for each message issued and each answer to this file
    #[arg(long, value_name = "FILE")]
    pub ledger: Option<PathBuf>,
    /// MQTT connections, between which the hubs are divided
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    pub connections: u64,
    /// Unacknowledged messages on each connection
    #[arg(long, default_value_t = INFLIGHT_DEFAULT)]
    pub inflight: usize,
    /// Decides the values, and which messages are disturbed
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Percent of the messages that are published twice, late, with contradicting values, or broken, as in
    /// repeat=3,late=3,conflict=1,broken=1
    #[arg(long, value_name = "PERCENTS")]
    pub mix: Option<Mix>,
    /// The shard in the topics
    #[arg(long, default_value = "0")]
    pub shard: String,
    /// The time of the first value, RFC 3339 [default: so that the last value is about now]
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse_rfc3339)]
    pub start_at: Option<Timestamp>,
    /// Leave out when each message was published; else its user property published_at tells the daemon
    #[arg(long)]
    pub without_published_at: bool,
    /// How long to wait for the last acknowledgements
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    pub grace: Duration,
    /// Report as JSON
    #[arg(long)]
    pub json: bool,
}

/// Parses `250ms`, `30s`, `2m` or `1h`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => return Err("write a number and ms, s, m or h, as in 30s".to_owned()),
    };
    let number = text.strip_suffix(unit).and_then(|number| number.parse::<f64>().ok());
    let number = number.ok_or_else(|| "write a number before the unit, as in 30s".to_owned())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| "a duration must be below 500 billion years".to_owned())
}

/// Runs the generator to its end, or to Ctrl-C, and reports.
pub async fn run(args: Args) -> anyhow::Result<()> {
    ensure!(is_name(&args.shard), "--shard is 1 to 64 letters, digits, full stops, underscores or hyphens");
    ensure!(args.rate.is_finite() && args.rate >= 0.0, "--rate is a number of messages a second, or 0 for no limit");
    let schedule = Schedule::of(&args);
    let plan = Arc::new(plan(&args, &schedule));
    let (ledger, writer) = match &args.ledger {
        Some(path) => Some(Ledger::create(path, SystemClock.now())?).unzip(),
        None => (None, None),
    };
    let stop = CancellationToken::new();
    let watch = tokio::spawn(cancel_on_ctrl_c(stop.clone()));
    let connections = args.connections.min(args.hubs);
    // Without a rate nobody knows how many messages there will be.
    let answered =
        if schedule.messages == u64::MAX { ProgressBar::hidden() } else { bar(schedule.messages, "messages") };
    let mut hubs = Vec::new();
    for index in 0..connections {
        let witnesses = Witnesses { ledger: ledger.clone(), answered: answered.clone() };
        hubs.push(Hubs::connect(&args, index, connections, plan.clone(), witnesses).await?);
    }
    let began = Instant::now();
    let tasks: Vec<_> =
        hubs.into_iter().map(|hubs| tokio::spawn(hubs.run(schedule, began, args.grace, stop.clone()))).collect();
    let mut total = Outcome::nothing()?;
    for task in tasks {
        total.add(&task.await.context("a generator task has panicked")??)?;
    }
    watch.abort();
    answered.finish_and_clear();
    writer.map_or(Ok(()), ledger::Writer::finish)?;
    let report = report(&args, &plan, connections, &total, began);
    report.print(args.json)?;
    let counts = report.counts;
    if !counts.is_complete() {
        bail!("{} messages were refused and {} are unanswered; is the broker well?", counts.refused, counts.unanswered);
    }
    Ok(())
}

/// When messages are due, and how many there are.
#[derive(Copy, Clone, Debug)]
struct Schedule {
    /// Zero: at once.
    rate: f64,
    messages: u64,
    /// For a rate of zero: when to stop.
    until: Option<Duration>,
}

impl Schedule {
    fn of(args: &Args) -> Schedule {
        let duration = args.duration.or(args.messages.is_none().then_some(FOR_DEFAULT));
        let in_time =
            duration.filter(|_| args.rate > 0.0).map_or(u64::MAX, |d| (d.as_secs_f64() * args.rate).ceil() as u64);
        Schedule { rate: args.rate, messages: in_time.min(args.messages.unwrap_or(u64::MAX)), until: duration }
    }

    fn due(&self, id: u64) -> Option<Duration> {
        (self.rate > 0.0).then(|| Duration::from_secs_f64(id as f64 / self.rate))
    }
}

fn plan(args: &Args, schedule: &Schedule) -> Plan {
    let unlimited = schedule.until.map_or(0, |until| (until.as_secs_f64() * UNLIMITED_RATE) as u64);
    let messages = if schedule.messages == u64::MAX { unlimited } else { schedule.messages };
    let start = args.start_at.unwrap_or_else(|| {
        let seconds = messages.div_ceil(args.hubs).saturating_mul(args.samples).min(i32::MAX as u64) as i64;
        SystemClock.now().plus_micros(-seconds * SECOND_US)
    });
    Plan {
        format: args.format,
        seed: args.seed,
        shard: args.shard.clone(),
        hubs: args.hubs,
        first_hub: args.first_hub,
        samples: args.samples,
        mix: args.mix.unwrap_or_default(),
        // A whole second, so that two runs that overlap say the same.
        start: start.plus_micros(-start.micros().rem_euclid(SECOND_US)),
    }
}

async fn cancel_on_ctrl_c(stop: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        stop.cancel();
    }
}

/// What the messages of one connection, or of all, came to.
#[derive(Clone, Debug)]
struct Outcome {
    counts: Counts,
    puback: Latency,
    lateness: Latency,
    last_answer: Option<std::time::Instant>,
    /// How long handing over took.
    offered_in: Duration,
}

impl Outcome {
    fn nothing() -> anyhow::Result<Outcome> {
        let (puback, lateness) = (Latency::new()?, Latency::new()?);
        Ok(Outcome { counts: Counts::default(), puback, lateness, last_answer: None, offered_in: Duration::ZERO })
    }

    fn add(&mut self, other: &Outcome) -> anyhow::Result<()> {
        self.counts = self.counts.and(other.counts);
        self.puback.add(&other.puback)?;
        self.lateness.add(&other.lateness)?;
        self.last_answer = self.last_answer.max(other.last_answer);
        self.offered_in = self.offered_in.max(other.offered_in);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_a_number_and_a_unit() {
        for (text, millis) in [("30s", 30_000), ("2m", 120_000), ("250ms", 250), ("1.5h", 5_400_000)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "30", "s", "30 s", "-1s", "1d", "1e3s", "..s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_schedule_ends_with_the_time_or_the_messages_whichever_is_first() {
        let schedule = |rate, duration: Option<u64>, messages| {
            let duration = duration.map(Duration::from_secs);
            let line = clap::Command::new("load");
            let matches = <Args as clap::Args>::augment_args(line).get_matches_from(["load"]);
            let args = <Args as clap::FromArgMatches>::from_arg_matches(&matches).unwrap();
            Schedule::of(&Args { rate, duration, messages, ..args })
        };
        assert_eq!(schedule(100.0, Some(2), None).messages, 200);
        assert_eq!(schedule(100.0, Some(2), Some(50)).messages, 50);
        assert_eq!(schedule(100.0, None, Some(5_000)).messages, 5_000);
        assert_eq!(schedule(100.0, None, None).messages, 3_000);
        assert_eq!(schedule(0.0, Some(2), None).messages, u64::MAX);
        assert_eq!(schedule(100.0, None, None).due(50), Some(Duration::from_millis(500)));
    }
}
