//! Purge: rejections leave for good, and payloads with the last of them; never what the law holds.

use anyhow::Context as _;
use serde::Serialize;

use crate::commands::database::Database;
use crate::commands::report::{counted, grouped, print, print_json};
use crate::commands::samples::parse_time;
use crate::model::time::{Clock as _, SystemClock, Timestamp};
use crate::store::quarantine::{Page, Purge, Purged, count_page, purge_page};

/// Rejections that one transaction removes, or one question counts.
const PAGE_ROWS: i32 = 1_000;

/// Which rejections.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct PurgeArgs {
    /// Only those that were marked as dealt with
    #[arg(long, required_unless_present_any = ["before", "expired"])]
    resolved: bool,
    /// Those that the daemon removes by itself because of their age (ingest.quarantine_retention_days): no open
    /// contradiction
    #[arg(long, conflicts_with_all = ["resolved", "before", "reason"])]
    expired: bool,
    /// Only those that last came before this time: RFC 3339, or a day in UTC
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    before: Option<Timestamp>,
    /// Only those that were rejected for this reason
    #[arg(long)]
    pub(super) reason: Option<String>,
    /// Only show how much would be removed
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Serialize)]
struct PurgeReport {
    /// Whether it is gone, or only would go.
    purged: bool,
    #[serde(flatten)]
    counts: Purged,
}

pub(super) async fn run(database: &Database, args: &PurgeArgs, json: bool) -> anyhow::Result<()> {
    let which = if args.expired {
        Purge::of_age(SystemClock.now(), database.config.ingest.quarantine_retention_days)
            .context("nothing leaves quarantine by its age: ingest.quarantine_retention_days is 0")?
    } else {
        Purge {
            before: args.before.unwrap_or(Timestamp::MAX),
            reason: args.reason.as_deref(),
            only_resolved: args.resolved,
            spare_open_conflicts: false,
        }
    };
    let mut connection = database.ready().await?;
    let (mut page, mut counts) = (Some(Page::FIRST), Purged::default());
    while let Some(from) = page {
        let (of_page, next) = if args.dry_run {
            count_page(&mut connection, which, from, PAGE_ROWS).await?
        } else {
            purge_page(&mut connection, which, from, PAGE_ROWS).await?
        };
        counts.rows += of_page.rows;
        counts.payload_bytes += of_page.payload_bytes;
        counts.held += of_page.held;
        page = next;
    }
    let purged = !args.dry_run;
    if json { print_json(&PurgeReport { purged, counts }) } else { print(&in_words(purged, &counts)) }
}

fn in_words(purged: bool, counts: &Purged) -> String {
    let done = if purged { "purged" } else { "would purge" };
    let bytes = grouped(counts.payload_bytes);
    let held = match counts.held {
        0 => String::new(),
        held => format!("; {} may be of somebody under legal hold and stay", counted(held, "rejection")),
    };
    format!("{done} {} with {bytes} bytes of payload{held}", counted(counts.rows, "rejection"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_by_law_is_said() {
        let counts = Purged { rows: 1, payload_bytes: 1_200, held: 2 };
        let said = "purged 1 rejection with 1,200 bytes of payload; 2 rejections may be of somebody under legal hold \
                    and stay";
        assert_eq!(in_words(true, &counts), said);
        assert!(in_words(false, &Purged::default()).starts_with("would purge 0 rejections"));
    }
}
