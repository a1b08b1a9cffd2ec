//! The entry point: one subcommand, one file in `commands/`.

use std::process::ExitCode;

fn main() -> ExitCode {
    healthtrack::commands::run()
}
