//! The word device.

/// What device takes.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {}

/// Runs it.
pub async fn run(_args: Args) -> anyhow::Result<()> {
    Ok(())
}
