//! One file per word an operator can say.
//!
//! Every word has `--help` with an example, exits with 0 only on success, and says in one sentence what to do where it
//! fails. What reports speaks JSON with `--json`. Only here are errors of many kinds thrown together (`anyhow`).

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// How subcommands write for people and for programs.
mod report;

/// How subcommands reach the database.
mod database;

/// What most subcommands take.
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

/// Invalid messages.
pub mod quarantine;

/// Who looked at what.
pub mod audit;

/// A made-up network.
pub mod populate;

/// What the schema says of itself.
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
    /// Publish made-up samples at a fixed rate
    Load(load::Args),
    /// Publish real recordings
    Replay(replay::Args),
    /// Read samples
    Samples(samples::Args),
    /// Move days that are over to the archive
    Roll(roll::Args),
    /// Look at the archive
    Archive(archive::Args),
    /// Add and list devices
    Device(device::Args),
    /// Look at quarantined messages, and publish them again
    Quarantine(quarantine::Args),
    /// Prove and show who looked at what
    Audit(audit::Args),
    /// Fill an empty database with a made-up network
    Populate(populate::Args),
    /// Write the data dictionary and the diagrams
    Schema(schema::Args),
    /// Say in plain words why it does not work
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
