//! Schema: dictionary, diagrams and the current schema as SQL, written from the database's own catalog.
//!
//! # Why
//! A dictionary that people keep by hand is wrong after the second migration. This one is made from a migrated
//! database, and a test compares the files of `schemas/` with what comes out. Partitions, chunks and what TimescaleDB
//! adds of its own are left out, so that it does not depend on the server.

/// Which table belongs to which area.
mod areas;

/// What the model is for, and what holds it.
mod capabilities;

/// As pages of tables.
mod dictionary;

/// As diagrams.
mod diagrams;

/// How large areas are drawn.
mod parts;

/// As SQL, an area in each file.
mod present;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use sqlx::{Connection as _, PgConnection};

use super::database::Database;
use super::report::print;
use crate::config;
use crate::embedded::{PostgresOptions, PostgresSearch, PrivatePostgres};
use crate::model::metric::Catalogue;
use crate::store::dictionary::{SchemaDoc, read_schemas};
use crate::store::migrate::migrate;

/// What says which database; without it a private one is made and thrown away.
const URL_VARIABLE: &str = "HEALTHTRACK__STORE__URL";

/// The folder of the current schema.
const PRESENT: &str = "present";

/// Documents the schema.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Example:
  healthtrack schema docs --check")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Action {
    /// Write the data dictionary, the diagrams and the current schema from a migrated database
    ///
    /// Without --config and without HEALTHTRACK__STORE__URL a private database is made for it and thrown away.
    #[command(after_help = "Examples:
  healthtrack schema docs
  healthtrack schema docs --check
  healthtrack schema docs --config healthtrack.toml --output /tmp/schema")]
    Docs(Docs),
}

#[derive(Clone, Debug, clap::Args)]
struct Docs {
    /// The configuration that names the database [default: a private database]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The folder to write dictionary.md, diagrams.md and present/*.sql into
    #[arg(long, value_name = "DIR", default_value = "schemas")]
    output: PathBuf,
    /// Write nothing; fail where a file is not what would be written
    #[arg(long)]
    check: bool,
}

/// Runs one of the actions.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let Action::Docs(docs) = args.action;
    let schemas = if docs.config.is_none() && config::variable(URL_VARIABLE).is_none() {
        of_a_private_database().await?
    } else {
        read_schemas(&mut Database::read(docs.config.as_deref())?.ready().await?).await?
    };
    let mut files = vec![
        (PathBuf::from("dictionary.md"), dictionary::page(&schemas)),
        (PathBuf::from("diagrams.md"), diagrams::page(&schemas)),
    ];
    let present = present::files(&schemas).into_iter();
    files.extend(present.map(|(name, text)| (Path::new(PRESENT).join(name), text)));
    if docs.check { check(&docs.output, &files) } else { write(&docs.output, &files) }
}

async fn of_a_private_database() -> anyhow::Result<Vec<SchemaDoc>> {
    let folder = tempfile::tempdir().context("cannot create a folder for a private database")?;
    let search = PostgresSearch::of(config::variable);
    let options = PostgresOptions { search, throwaway: true, ..PostgresOptions::default() };
    let postgres = PrivatePostgres::start(folder.path(), options).await?;
    postgres.create_database("schema").await?;
    let mut connection = PgConnection::connect(&postgres.url("schema")).await?;
    migrate(&mut connection, &Catalogue::builtin()?).await?;
    let schemas = read_schemas(&mut connection).await?;
    connection.close().await?;
    postgres.stop().await?;
    Ok(schemas)
}

fn check(folder: &Path, files: &[(PathBuf, String)]) -> anyhow::Result<()> {
    for (name, text) in files {
        let path = folder.join(name);
        let found = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if let Some((number, found)) = first_difference(&found, text) {
            bail!(
                "{} is not what the schema says, from line {number} on ({found:?}); run `healthtrack schema docs`",
                path.display()
            );
        }
    }
    let present = folder.join(PRESENT);
    for entry in fs::read_dir(&present).with_context(|| format!("cannot read {}", present.display()))? {
        let name = Path::new(PRESENT).join(entry?.file_name());
        if !files.iter().any(|(known, _)| *known == name) {
            bail!("{} belongs to no area any more; delete it", folder.join(name).display());
        }
    }
    print(&format!("{} is what the schema says", folder.display()))
}

/// The first line of `found` that differs, and its number.
fn first_difference<'a>(found: &'a str, expected: &str) -> Option<(usize, &'a str)> {
    let mut expected = expected.lines();
    let mut number = 0;
    for line in found.lines() {
        number += 1;
        if expected.next() != Some(line) {
            return Some((number, line));
        }
    }
    expected.next().map(|_| (number + 1, ""))
}

fn write(folder: &Path, files: &[(PathBuf, String)]) -> anyhow::Result<()> {
    let present = folder.join(PRESENT);
    fs::create_dir_all(&present).with_context(|| format!("cannot create {}", present.display()))?;
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        print(&format!("{}: {} lines", path.display(), text.lines().count()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn the_first_line_that_differs_is_found_also_where_one_text_is_longer() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nx\n", "a\nb\n"), Some((2, "x")));
        assert_eq!(first_difference("a\nb\n", "a\n"), Some((2, "b")));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some((2, "")));
    }
}
