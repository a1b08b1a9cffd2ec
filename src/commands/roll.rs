//! Roll: moves old days from the hot table to the archive, now.

use anyhow::{Context as _, ensure};
use serde::Serialize;

use super::common::Common;
use super::database::Database;
use super::report::{Column, bar, counted, print, print_json, table};
use super::samples::parse_time;
use crate::archive::Archive;
use crate::archive::report::RollReport;
use crate::archive::roll::{RollProgress, Roller};
use crate::config::DutyPercent;
use crate::model::metric::Catalogue;
use crate::model::time::Timestamp;
use crate::store::archive::Due;

/// Moves old days from the database to Parquet files: written, synced, read back, recorded, and only then removed from
/// the database. May be stopped or killed at any moment; the next roll finishes it.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack roll
  healthtrack roll --before 2026-11-01 --dry-run")]
pub struct Args {
    /// Roll days that ended by this time: RFC 3339, or YYYY-MM-DD for midnight UTC [default: archive.after_days ago]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub before: Option<Timestamp>,
    /// Only show what would be rolled
    #[arg(long)]
    pub dry_run: bool,
    /// How much of its time the roll works, so that ingest keeps its share of the machine; 100 is without rest
    /// [default: archive.duty_percent]
    #[arg(long, value_name = "PERCENT", value_parser = duty)]
    pub duty_percent: Option<DutyPercent>,
    /// Where the database is
    #[command(flatten)]
    pub common: Common,
}

/// One metric and day that would be rolled.
#[derive(Debug, Serialize)]
struct DueRow {
    metric: String,
    day: String,
    blocks: u64,
}

/// Rolls once.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let database = args.common.database()?;
    drop(database.ready().await?);
    let roller = roller_of(&database)?;
    let mut roller =
        roller.context("there is no archive; set archive.url (HEALTHTRACK__ARCHIVE__URL) to file:///DIR or s3://…")?;
    roller.config.duty_percent = args.duty_percent.unwrap_or(roller.config.duty_percent);
    if args.dry_run {
        let due = roller.due(args.before).await?;
        return show_due(&due, &roller.context.catalogue, args.common.json);
    }
    let progress = bar(0, "blocks");
    let mut watch = |step: RollProgress| match step {
        RollProgress::Due(blocks) => progress.set_length(blocks),
        RollProgress::Done(blocks) => progress.inc(blocks),
    };
    let report = roller.roll(args.before, &mut watch).await?;
    progress.finish_and_clear();
    let report = report.context("another roll is running in this database; wait for it to end")?;
    if args.common.json {
        print_json(&report)?;
    } else {
        print(&in_words(&report))?;
    }
    let wrong = report.failed.len() + report.unlisted.len() + report.missing.len();
    let first = report.failed.iter().chain(&report.unlisted).chain(&report.missing).next().map_or("", String::as_str);
    ensure!(wrong == 0, "{wrong} problems, the first: {first}; read the report and run `healthtrack archive verify`");
    Ok(())
}

fn duty(text: &str) -> Result<DutyPercent, String> {
    text.parse().ok().and_then(DutyPercent::new).ok_or_else(|| "write a percentage from 1 to 100".to_owned())
}

/// What rolls into the archive of a configuration; `None` where there is none.
pub(super) fn roller_of(database: &Database) -> anyhow::Result<Option<Roller>> {
    let Some(archive) = Archive::of(&database.config.archive)? else { return Ok(None) };
    Ok(Some(Roller { archive, context: database.context()?, config: database.config.archive.clone() }))
}

fn show_due(due: &[Due], catalogue: &Catalogue, json: bool) -> anyhow::Result<()> {
    let rows: Vec<DueRow> = due
        .iter()
        .map(|due| DueRow {
            metric: catalogue.by_id(due.metric).map_or_else(|| due.metric.0.to_string(), |metric| metric.name.clone()),
            day: due.day.to_string(),
            blocks: due.blocks,
        })
        .collect();
    if json {
        return print_json(&rows);
    }
    let columns = [Column::Left("metric"), Column::Left("day"), Column::Right("blocks")];
    let cells = rows.into_iter().map(|row| vec![row.metric, row.day, row.blocks.to_string()]);
    print(&table(&columns, &cells.collect::<Vec<_>>()))
}

fn in_words(report: &RollReport) -> String {
    let RollReport { days, files, bytes, samples, duplicates, conflicts, retired, chunks, deleted, .. } = report;
    let RollReport { recovered, adopted, outdated, superseded, .. } = report;
    let mut text = format!(
        "rolled {}: {} in {}, {bytes} bytes\n",
        counted(*days, "partition"),
        counted(*samples, "sample"),
        counted(*files, "file")
    );
    for (count, noun, what) in [
        (*duplicates, "late sample", "archived before"),
        (*conflicts, "late sample", "in quarantine, since it differs from the archived one"),
        (*outdated, "late sample", "outdated, since a higher revision was archived before"),
        (*superseded, "archived sample", "superseded by what its source said later"),
        (*retired, "file", "of days that were kept for long enough out of the archive"),
        (*chunks, "empty chunk", "dropped"),
        (*deleted, "superseded file", "deleted"),
        (*recovered, "leftover", "of a killed roll cleared away"),
        (*adopted, "file", "that the manifest did not name taken back into it"),
    ] {
        if count > 0 {
            text.push_str(&format!("{} {what}\n", counted(count, noun)));
        }
    }
    for told in &report.failed {
        text.push_str(&format!("{told}\n"));
    }
    for told in &report.unlisted {
        text.push_str(&format!("the manifest does not name {told}\n"));
    }
    for name in &report.missing {
        text.push_str(&format!("{name} is in the manifest and not in the archive\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_happen_is_not_told() {
        let report = RollReport { days: 2, files: 1, bytes: 900, samples: 1, duplicates: 3, ..RollReport::default() };
        assert_eq!(
            in_words(&report),
            "rolled 2 partitions: 1 sample in 1 file, 900 bytes\n3 late samples archived before\n"
        );
    }
}
