//! Arguments of `load`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args as ClapArgs;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use url::Url;

use super::mix::Mix;
use crate::formats::{Format, batch, registry};
use crate::model::time::Timestamp;
use crate::mqtt::publisher::INFLIGHT_DEFAULT;

/// Publishes synthetic heart rates at a fixed rate and reports what the broker made of it.
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
    #[arg(long, value_name = "FORMAT", default_value = batch::FORMAT.word, value_parser = format_parser())]
    pub format: &'static Format,
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
    /// Leave out when each message was published; else the user property published_at carries it
    #[arg(long)]
    pub without_published_at: bool,
    /// How long to wait for the last acknowledgements
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    pub grace: Duration,
    /// Report as JSON
    #[arg(long)]
    pub json: bool,
}

/// Parses the name of a format.
fn format_parser() -> impl TypedValueParser<Value = &'static Format> {
    let words = registry::FORMATS.iter().map(|format| PossibleValue::new(format.word).help(format.title));
    PossibleValuesParser::new(words).try_map(|word| registry::find(&word).ok_or("there is no such format"))
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
}
