//! The door: one word an operator says, one file in `commands/`.

use std::process::ExitCode;

use clap::Parser as _;
use healthtrack::commands::Cli;

fn main() -> ExitCode {
    healthtrack::commands::run(Cli::parse())
}
