//! Populate: a synthetic network in an empty database, with a sheet of what its views must answer.

/// Encrypted texts.
mod journal;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use serde::Serialize;

use super::common::Common;
use super::report::{bar, counted, print, print_json};
use crate::model::time::{Clock as _, SystemClock, Timestamp};
use crate::store::population::{AREAS, KnownFact, Population, has_patients};

/// Fills an empty database with a synthetic network: places, providers, patients, visits, money, devices …
///
/// The same number, seed and day make the same network. It is created completely or not at all. The login must bypass
/// row-level security, as a superuser does.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack populate --patients 10000 --seed 1
  healthtrack populate --patients 300 --seed 7 --answers answers.json --json")]
pub struct Args {
    /// How many patients
    #[arg(long, value_parser = clap::value_parser!(u32).range(60..=10_000_000))]
    patients: u32,
    /// Seed of everything random
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// The last day of the network's history, as in 2026-11-25 [default: today]
    #[arg(long, value_name = "DAY")]
    today: Option<String>,
    /// Write what the views must answer to this file, as JSON
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// What was made.
#[derive(Debug, Serialize)]
struct PopulateReport {
    patients: u32,
    areas: Vec<&'static str>,
    /// Entries of journals; null where no key is configured to encrypt them with.
    journals: Option<u64>,
    #[serde(rename = "planted")]
    known_facts: usize,
}

/// Makes the network.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let today = match &args.today {
        None => SystemClock.now().day(),
        Some(day) => Timestamp::parse_rfc3339(&format!("{day}T00:00:00Z"))
            .with_context(|| format!("{day} is not a day; write it as 2026-11-25"))?
            .day(),
    };
    let database = args.common.database()?;
    let mut connection = database.ready().await?;
    ensure!(
        !has_patients(&mut connection).await?,
        "this database has patients already, and synthetic ones are never put beside them; give an empty database"
    );
    let mut population = Population::begin(&mut connection, args.patients, args.seed, today).await?;
    let progress = bar(AREAS.len() as u64, "areas");
    for area in AREAS {
        population.make(area).await.with_context(|| format!("cannot create {}", area.name))?;
        progress.inc(1);
    }
    let journals = journal::write(&database.config.security, &mut population).await?;
    let known_facts = population.finish().await?;
    progress.finish_and_clear();
    write_answers(&args, &known_facts)?;
    let areas = AREAS.iter().map(|area| area.name).collect();
    let made = PopulateReport { patients: args.patients, areas, journals, known_facts: known_facts.len() };
    if args.common.json { print_json(&made) } else { print(&in_words(&made)) }
}

fn write_answers(args: &Args, known_facts: &[KnownFact]) -> anyhow::Result<()> {
    let Some(path) = &args.answers else { return Ok(()) };
    fs::write(path, serde_json::to_vec_pretty(known_facts)?).with_context(|| format!("cannot write {}", path.display()))
}

fn in_words(made: &PopulateReport) -> String {
    let patients = counted(u64::from(made.patients), "patient");
    let journals = match made.journals {
        None => "no journals, since there is no key to encrypt them with (security.key_file)".to_owned(),
        Some(entries) => format!("{entries} encrypted entries of journals"),
    };
    format!(
        "{patients}: {}; {journals}; {} with a known answer",
        made.areas.join(", "),
        counted(made.known_facts as u64, "fact")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_made_is_said_in_one_line() {
        let mut made =
            PopulateReport { patients: 300, areas: vec!["places", "money"], journals: Some(30), known_facts: 1 };
        assert_eq!(
            in_words(&made),
            "300 patients: places, money; 30 encrypted entries of journals; 1 fact with a known answer"
        );
        made.journals = None;
        assert!(in_words(&made).contains("no journals, since there is no key"));
    }
}
