//! Quarantine: what was rejected: listed, shown, published again once the reason is gone, resolved and purged.

/// Kept messages, published again.
mod retry;

/// Rejections, marked as dealt with.
mod resolve;

/// Rejections, removed.
mod purge;

use std::io::Write as _;

use anyhow::{Context as _, ensure};
use serde::Serialize;

use super::common::Common;
use super::report::{Column, print, print_json, table};
use crate::model::reason::Reason;
use crate::store::quarantine::{ListFilter, QuarantineRow, list, show};
use purge::PurgeArgs;
use resolve::ResolveArgs;
use retry::{RetryArgs, no_message};

/// Lists messages, and parts of messages, that the daemon rejected; publishes them again once the reason is gone, marks
/// them as dealt with, and removes them.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack quarantine list --reason unknown_device
  healthtrack quarantine show 17 --payload | jq .
  healthtrack quarantine retry --reason unknown_device
  healthtrack quarantine resolve --reason conflict --because 'clock of hub-3 was wrong'
  healthtrack quarantine purge --resolved")]
pub struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Action {
    /// List the newest rejected messages, or parts of messages, with the reason: those that are open
    #[command(after_help = "Example:
  healthtrack quarantine list --reason unknown_device --limit 20")]
    List {
        /// Only those rejected for this reason
        #[arg(long)]
        reason: Option<String>,
        /// Those that were marked as dealt with instead
        #[arg(long)]
        resolved: bool,
        /// How many at most
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=1_000_000))]
        limit: i64,
    },
    /// Show one message, or its payload
    #[command(after_help = "Examples:
  healthtrack quarantine show 17
  healthtrack quarantine show 17 --payload > message.json")]
    Show {
        /// The number that `list` shows
        id: i64,
        /// Write only the payload, byte by byte as it was received
        #[arg(long)]
        payload: bool,
    },
    /// Publish messages again to their topics; samples that are stored already count as duplicates
    #[command(after_help = "Examples:
  healthtrack device add watch-7 && healthtrack quarantine retry --reason unknown_device
  healthtrack quarantine retry 17 --broker mqtt://broker:1883")]
    Retry(RetryArgs),
    /// Mark open rejections as dealt with; one that comes again is open again
    #[command(after_help = "Examples:
  healthtrack quarantine resolve 17 18 --because 'test messages'
  healthtrack quarantine resolve --reason conflict --before 2026-11-01 --because 'clock of hub-3 was wrong'")]
    Resolve(ResolveArgs),
    /// Remove rejections for good: what was marked as dealt with, or what is old
    #[command(after_help = "Examples:
  healthtrack quarantine purge --resolved --dry-run
  healthtrack quarantine purge --expired --dry-run
  healthtrack quarantine purge --before 2026-10-01 --reason undecodable")]
    Purge(PurgeArgs),
}

/// One message as `show --json` prints it.
#[derive(Debug, Serialize)]
struct MessageReport<'a> {
    #[serde(flatten)]
    row: &'a QuarantineRow,
    /// The message where it is text; null where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Option<&'a str>>,
}

/// Runs one of the actions.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let database = args.common.database()?;
    match &args.action {
        Action::List { reason, resolved, limit } => {
            check_reason(reason.as_deref())?;
            let which = ListFilter { reason: reason.as_deref(), resolved: *resolved };
            let rows = list(&database.pool().await?, which, *limit).await?;
            if args.common.json { print_json(&rows) } else { print(&rows_in_words(&rows)) }
        }
        Action::Show { id, payload } => {
            let found = show(&database.pool().await?, *id).await?;
            let (row, bytes) = found.with_context(|| no_message(*id))?;
            show_one(&row, &bytes, *payload, args.common.json)
        }
        Action::Retry(which) => {
            check_reason(which.reason.as_deref())?;
            retry::run(&database, which, args.common.json).await
        }
        Action::Resolve(which) => {
            check_reason(which.reason.as_deref())?;
            resolve::run(&database, which, args.common.json).await
        }
        Action::Purge(which) => {
            check_reason(which.reason.as_deref())?;
            purge::run(&database, which, args.common.json).await
        }
    }
}

/// A misspelt reason would be taken for an empty quarantine.
fn check_reason(reason: Option<&str>) -> anyhow::Result<()> {
    let Some(reason) = reason else { return Ok(()) };
    let words = Reason::ALL.map(Reason::word);
    ensure!(words.contains(&reason), "there is no reason {reason}; the reasons are {}", words.join(", "));
    Ok(())
}

fn show_one(row: &QuarantineRow, bytes: &[u8], payload: bool, json: bool) -> anyhow::Result<()> {
    if json {
        return print_json(&MessageReport { row, payload: payload.then(|| std::str::from_utf8(bytes).ok()) });
    }
    if payload {
        let mut out = std::io::stdout().lock();
        out.write_all(bytes)?;
        return Ok(out.flush()?);
    }
    let retried = row.retried_at.as_deref().unwrap_or("never");
    let resolved = match (&row.resolved_at, &row.resolved_by, &row.resolution) {
        (Some(at), Some(by), Some(resolution)) => format!("{at} by {by}: {resolution}"),
        _ => "no".to_owned(),
    };
    print(&format!(
        "message   {}\nreason    {}\ndetail    {}\ntopic     {}\nsamples   {}\nbytes     {}\nreceived  {} ({} times)\n\
         retried   {retried}\nresolved  {resolved}",
        row.quarantine_id,
        row.reason,
        row.detail,
        row.topic,
        row.samples,
        row.payload_bytes,
        row.received_at,
        row.times_received,
    ))
}

fn rows_in_words(rows: &[QuarantineRow]) -> String {
    let columns = [
        Column::Right("id"),
        Column::Left("received"),
        Column::Right("times"),
        Column::Right("samples"),
        Column::Left("reason"),
        Column::Left("topic"),
        Column::Left("retried"),
        Column::Left("detail"),
    ];
    let cells = rows.iter().map(|row| {
        vec![
            row.quarantine_id.to_string(),
            row.received_at.clone(),
            row.times_received.to_string(),
            row.samples.to_string(),
            row.reason.clone(),
            row.topic.clone(),
            row.retried_at.clone().unwrap_or_else(|| "-".to_owned()),
            row.detail.clone(),
        ]
    });
    table(&columns, &cells.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_reason_is_told_the_right_ones() {
        assert!(check_reason(Some("unknown_device")).is_ok() && check_reason(None).is_ok());
        let error = check_reason(Some("unknown_devise")).unwrap_err();
        assert!(error.to_string().contains("unknown_device, unknown_metric"), "{error}");
    }
}
