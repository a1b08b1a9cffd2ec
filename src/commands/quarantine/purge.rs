//! Purge: rejections leave for good, and payloads with the last of them; never what the law holds.

use serde::Serialize;

use crate::commands::database::Database;
use crate::commands::report::{counted, grouped, print, print_json};
use crate::commands::samples::parse_time;
use crate::model::time::Timestamp;
use crate::store::quarantine::{Page, Purge, Purged, count_purge, purge_page};

/// Rejections that one transaction removes.
const PAGE_ROWS: i32 = 1_000;

/// Which rejections.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct PurgeArgs {
    /// Only those that were marked as dealt with
    #[arg(long, required_unless_present = "before")]
    resolved: bool,
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
    let before = args.before.unwrap_or(Timestamp::MAX);
    let which = Purge { before, reason: args.reason.as_deref(), only_resolved: args.resolved };
    let counts =
        if args.dry_run { count_purge(&database.pool().await?, which).await? } else { purge(database, which).await? };
    let purged = !args.dry_run;
    if json { print_json(&PurgeReport { purged, counts }) } else { print(&in_words(purged, &counts)) }
}

async fn purge(database: &Database, which: Purge<'_>) -> anyhow::Result<Purged> {
    let mut connection = database.ready().await?;
    let (mut page, mut all) = (Some(Page::FIRST), Purged::default());
    while let Some(from) = page {
        let (purged, next) = purge_page(&mut connection, which, from, PAGE_ROWS).await?;
        all.rows += purged.rows;
        all.payload_bytes += purged.payload_bytes;
        all.held += purged.held;
        page = next;
    }
    Ok(all)
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
