//! One file a subcommand.
//!
//! Every subcommand has `--help` with an example, exits with 0 only on success, and says in one sentence what to do
//! where it fails. What reports does so as JSON with `--json`. `anyhow` is used here only.

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use tracing::{Instrument as _, Span, debug_span};

use crate::telemetry::chain;

/// What subcommands print, for people and for programs.
mod report;

/// How subcommands reach the database.
mod database;

/// The arguments that most subcommands share.
mod common;

/// Ctrl-C and SIGTERM.
mod signals;

/// Everything at once, on this machine.
pub mod demo;

/// The daemon.
pub mod serve;

/// Brings the schema up to date.
pub mod migrate;

/// The open-loop load generator.
pub mod load;

/// Replays real recordings.
pub mod replay;

/// Reads samples.
pub mod samples;

/// Moves days that are over to the archive.
pub mod roll;

/// Lists, verifies and queries the archive.
pub mod archive;

/// Devices, and who wears them.
pub mod device;

/// People, erased.
pub mod patient;

/// Who may sign in.
pub mod user;

/// Rejected messages.
pub mod quarantine;

/// Who read what.
pub mod audit;

/// A synthetic network.
pub mod populate;

/// Writes the documentation of the schema.
pub mod schema;

/// Diagnoses why it does not work.
pub mod doctor;

/// Wearable data from MQTT to TimescaleDB and Parquet, each acknowledged sample kept exactly once.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110, after_help = "Begin with: healthtrack demo")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run everything on this machine: database, broker, simulated devices and the daemon
    Demo(demo::Args),
    /// Run the daemon against a broker and a database
    Serve(serve::Args),
    /// Bring the database's schema up to date
    Migrate(migrate::Args),
    /// Generate load: publish synthetic samples at a fixed rate
    Load(load::Args),
    /// Publish real recordings: Fitbit, Empatica, glucose sensors, Open mHealth
    Replay(replay::Args),
    /// Read samples from the database and the archive
    Samples(samples::Args),
    /// Move old days from the database to the archive
    Roll(roll::Args),
    /// List, verify, query and recover the archive, and erase from it
    Archive(archive::Args),
    /// Add, list and move devices, and record who wears them
    Device(device::Args),
    /// Erase people, and show what proves it
    Patient(patient::Args),
    /// Invite people to the portal
    User(user::Args),
    /// List what was rejected; retry, resolve and purge it
    Quarantine(quarantine::Args),
    /// Show who read what, and verify that the record is intact
    Audit(audit::Args),
    /// Fill an empty database with a synthetic network
    Populate(populate::Args),
    /// Write the data dictionary and the diagrams
    Schema(schema::Args),
    /// Diagnose why it does not work
    Doctor(doctor::Args),
}

/// Reads the arguments of the process, and runs the subcommand that they name to its end.
pub fn run() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let name = matches.subcommand_name().unwrap_or_default();
    let span = || debug_span!("command", command = name);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("healthtrack: cannot start threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run_command(cli.command, span)) {
        Ok(()) => ExitCode::SUCCESS,
        // `healthtrack samples | head` has had enough: no failure.
        Err(error) if report::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("healthtrack: {}", chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn run_command(command: Command, span: impl FnOnce() -> Span + Send) -> anyhow::Result<()> {
    match command {
        // These start the log, and a span that is opened earlier would not be in it.
        Command::Demo(args) => demo::run(args, span).await,
        Command::Serve(args) => serve::run(args, span).await,
        Command::Migrate(args) => migrate::run(args).instrument(span()).await,
        Command::Load(args) => load::run(args).instrument(span()).await,
        Command::Replay(args) => replay::run(args).instrument(span()).await,
        Command::Samples(args) => samples::run(args).instrument(span()).await,
        Command::Roll(args) => roll::run(args).instrument(span()).await,
        Command::Archive(args) => archive::run(args).instrument(span()).await,
        Command::Device(args) => device::run(args).instrument(span()).await,
        Command::Patient(args) => patient::run(args).instrument(span()).await,
        Command::User(args) => user::run(args).instrument(span()).await,
        Command::Quarantine(args) => quarantine::run(args).instrument(span()).await,
        Command::Audit(args) => audit::run(args).instrument(span()).await,
        Command::Populate(args) => populate::run(args).instrument(span()).await,
        Command::Schema(args) => schema::run(args).instrument(span()).await,
        Command::Doctor(args) => doctor::run(args).instrument(span()).await,
    }
}
