//! One file a subcommand.
//!
//! Every subcommand has `--help` with an example, exits with 0 only on success, and says in one sentence what to do
//! where it fails. What reports does so as JSON with `--json`. Only here are errors of many kinds thrown together
//! (`anyhow`).

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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

/// The schema, brought up to date.
pub mod migrate;

/// The open-loop generator.
pub mod load;

/// Real recordings, replayed.
pub mod replay;

/// Samples, read back.
pub mod samples;

/// Days that are over, moved to the archive.
pub mod roll;

/// What is in the archive.
pub mod archive;

/// What measures.
pub mod device;

/// What was rejected.
pub mod quarantine;

/// Who looked at what.
pub mod audit;

/// A synthetic network.
pub mod populate;

/// The documentation of the schema.
pub mod schema;

/// Why it does not work.
pub mod doctor;

/// Wearable data from MQTT to TimescaleDB and Parquet, each acknowledged sample kept exactly once.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 110, after_help = "Begin with: healthtrack demo")]
pub struct Cli {
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
    /// Generate load: publish made-up samples at a fixed rate
    Load(load::Args),
    /// Publish real recordings: Fitbit, Empatica, glucose sensors, Open mHealth
    Replay(replay::Args),
    /// Read samples from the database and the archive
    Samples(samples::Args),
    /// Move old days from the database to the archive
    Roll(roll::Args),
    /// List, verify and query the archive, and erase from it
    Archive(archive::Args),
    /// Add and list devices, and record who wears them
    Device(device::Args),
    /// List what was rejected, and retry it
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

/// Runs one command to its end.
pub fn run(cli: Cli) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("healthtrack: the system gives no threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run_command(cli.command)) {
        Ok(()) => ExitCode::SUCCESS,
        // `healthtrack samples | head` has had enough: no failure.
        Err(error) if report::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("healthtrack: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run_command(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Serve(args) => serve::run(args).await,
        Command::Migrate(args) => migrate::run(args).await,
        Command::Load(args) => load::run(args).await,
        Command::Replay(args) => replay::run(args).await,
        Command::Samples(args) => samples::run(args).await,
        Command::Roll(args) => roll::run(args).await,
        Command::Archive(args) => archive::run(args).await,
        Command::Device(args) => device::run(args).await,
        Command::Quarantine(args) => quarantine::run(args).await,
        Command::Audit(args) => audit::run(args).await,
        Command::Populate(args) => populate::run(args).await,
        Command::Schema(args) => schema::run(args).await,
        Command::Doctor(args) => doctor::run(args).await,
    }
}
