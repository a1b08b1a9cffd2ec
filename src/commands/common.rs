//! Common: what each subcommand that asks the database takes.

use std::path::PathBuf;

use super::database::Database;

/// Where the configuration is, and whether a machine reads the answer.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// The configuration [default: built-in defaults and the environment]
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Report as JSON
    #[arg(long, global = true)]
    pub json: bool,
}

impl Common {
    /// The database that the configuration names.
    pub(super) fn database(&self) -> anyhow::Result<Database> {
        Database::read(self.config.as_deref())
    }
}
