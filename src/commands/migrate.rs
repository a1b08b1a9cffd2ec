//! Migrate: brings the database's schema up to date, and reports what was done.

use super::common::Common;
use super::report::{counted, print, print_json};
use crate::model::metric::Catalogue;
use crate::store::migrate::{Migrated, migrate};

/// Brings the database's schema up to date: on plain Postgres and on TimescaleDB, again and again without harm.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack migrate --config healthtrack.toml
  HEALTHTRACK__STORE__URL=postgres://owner:secret@db/healthtrack healthtrack migrate --json")]
pub struct Args {
    /// Where the database is
    #[command(flatten)]
    pub common: Common,
}

/// Runs the migrations that are not applied yet.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let database = args.common.database()?;
    let mut connection = database.connect().await?;
    let migrated = migrate(&mut connection, &Catalogue::builtin()?).await?;
    if args.common.json { print_json(&migrated) } else { print(&in_words(&migrated)) }
}

fn in_words(migrated: &Migrated) -> String {
    let Migrated { applied, known, hypertable, moved } = *migrated;
    let layout = if hypertable { "a TimescaleDB hypertable" } else { "plain Postgres, a partition a day" };
    let what = match applied {
        0 if moved => "moved the database to the roles that begin with healthtrack_".to_owned(),
        0 => format!("nothing to do, all {known} were applied before"),
        applied => format!("applied {} of {known}", counted(applied as u64, "migration")),
    };
    format!("{what}; samples lie in {layout}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_said_in_one_line() {
        let plain = Migrated { applied: 9, known: 9, hypertable: false, moved: false };
        assert_eq!(in_words(&plain), "applied 9 migrations of 9; samples lie in plain Postgres, a partition a day");
        let again = Migrated { applied: 0, known: 9, hypertable: true, moved: false };
        assert!(in_words(&again).starts_with("nothing to do"), "{}", in_words(&again));
        let moved = Migrated { applied: 0, known: 9, hypertable: false, moved: true };
        assert!(in_words(&moved).starts_with("moved the database"), "{}", in_words(&moved));
    }
}
