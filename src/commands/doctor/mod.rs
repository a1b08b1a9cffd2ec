//! Doctor: diagnoses why it does not work. It changes nothing and takes no shard; what it publishes to the broker, to
//! see how many messages that sends ahead, is on a topic of its own.
//!
//! Each finding is a line: `ok`, `warn` (it works, and will hurt), `FAIL` (it does not work) or `?` (this login cannot
//! see it), what was found, and what to do about it.

/// What a check has to say.
mod finding;

/// The archive.
mod archive;

/// The broker.
mod broker;

/// What is near a limit of the server.
mod limits;

/// Sessions at the broker.
mod sessions;

/// What only a trial shows of the broker.
mod trial;

/// Postgres.
mod database;

/// What was rejected.
mod quarantine;

/// Who may speak for which device.
mod sources;

/// Who may do what on the server.
mod privilege;

/// Ports of this machine.
mod ports;

use anyhow::bail;

use super::common::Common;
use super::report::{is_watched, print, print_json};
use crate::config::Config;
use crate::telemetry::chain;
use finding::{Findings, in_words};

/// Checks configuration, database, archive, broker and ports, and tells what to do about each problem.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack doctor --config healthtrack.toml
  healthtrack doctor --deep
  healthtrack doctor --json")]
pub struct Args {
    /// Where the database is
    #[command(flatten)]
    pub common: Common,
    /// Also see how many messages the broker keeps for a client that is away: publishes 5,000 for a session of its own
    #[arg(long)]
    pub deep: bool,
}

/// Checks everything, whatever fails on the way.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    match Config::load(args.common.config.as_deref()) {
        Ok(config) => {
            let origin = args.common.config.as_ref().map_or_else(
                || "built-in defaults and the environment".to_owned(),
                |path| format!("{} and the environment", path.display()),
            );
            findings.ok(format!("configuration: {origin}"));
            database::check(&config, &mut findings).await;
            archive::check(&config, &mut findings).await;
            broker::check(&config.mqtt, args.deep, &mut findings).await;
            ports::check(&config, &mut findings).await;
        }
        Err(error) => {
            let advice = "correct it; config/default.toml explains every key";
            findings.fail(format!("configuration: {}", chain(&error)), advice);
        }
    }
    if args.common.json {
        print_json(&findings.0)?
    } else {
        print(&in_words(&findings.0, is_watched()))?
    }
    match findings.failures() {
        0 => Ok(()),
        1 => bail!("1 check failed; follow its advice"),
        failures => bail!("{failures} checks failed; follow their advice, the first one first"),
    }
}
