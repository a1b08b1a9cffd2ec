//! Common: the arguments of each subcommand that asks the database.

use std::path::PathBuf;

use super::database::Database;

/// Where the configuration is, and whether a machine reads the answer.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// The configuration; the environment overrides it [default: built-in defaults]
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
