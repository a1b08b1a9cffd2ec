//! Args: the options of the demo.

use std::path::PathBuf;
use std::time::Duration;

use crate::commands::load::parse_duration;

/// Runs everything on this machine until Ctrl-C: database, broker, daemon and simulated devices.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack demo
  healthtrack demo --for 30s --hubs 200 --data-dir /tmp/healthtrack-demo

HEALTHTRACK__HTTP__BIND and HEALTHTRACK__TELEMETRY__… apply here too; database and broker are the demo's own.")]
pub struct Args {
    /// Stop this long after the daemon is ready: 30s, 2m, 1h [default: at Ctrl-C]
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration)]
    pub duration: Option<Duration>,
    /// How many simulated devices, named wearer-0000 and so on, each worn by a simulated person
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub hubs: u64,
    /// Where the database is kept between runs [default: healthtrack/demo in the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// How much history of each device is published first, as fast as it is stored
    #[arg(long, value_name = "DURATION", default_value = "48h", value_parser = parse_duration)]
    pub history: Duration,
    /// Seed of the values; another seed on the same data contradicts them, which the daemon counts as conflicts
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Report as JSON on standard output; everything else goes to standard error
    #[arg(long)]
    pub json: bool,
}
