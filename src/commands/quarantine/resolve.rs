//! Resolve: open rejections are marked as dealt with: by whom, and how. They stay, and are no longer listed or retried.

use anyhow::ensure;
use serde::Serialize;

use crate::commands::database::Database;
use crate::commands::report::{counted, print, print_json};
use crate::commands::samples::parse_time;
use crate::model::time::{Clock as _, SystemClock, Timestamp};
use crate::store::quarantine::{Resolution, ResolveFilter, resolve};

/// Which rejections, and how they were dealt with.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct ResolveArgs {
    /// These, by the numbers that `list` shows
    #[arg(value_name = "ID", required_unless_present_any = ["reason", "before"])]
    ids: Vec<i64>,
    /// Those that were rejected for this reason
    #[arg(long)]
    pub(super) reason: Option<String>,
    /// Those that last came before this time: RFC 3339, or a day in UTC
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    before: Option<Timestamp>,
    /// How they were dealt with; name no person
    #[arg(long, value_name = "TEXT")]
    because: String,
    /// Who dealt with them [default: the database user]
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Debug, Serialize)]
struct ResolveReport {
    resolved: u64,
}

pub(super) async fn run(database: &Database, which: &ResolveArgs, json: bool) -> anyhow::Result<()> {
    let is_some = |text: &str| !text.trim().is_empty();
    ensure!(is_some(&which.because), "--because must say how they were dealt with");
    ensure!(which.by.as_deref().is_none_or(is_some), "--by must name somebody");
    let filter = ResolveFilter { ids: &which.ids, reason: which.reason.as_deref(), before: which.before };
    let how = Resolution { by: which.by.as_deref(), because: &which.because, at: SystemClock.now() };
    let resolved = resolve(&database.pool().await?, &filter, &how).await?;
    if json {
        return print_json(&ResolveReport { resolved });
    }
    print(&format!(
        "{} resolved; `healthtrack quarantine purge --resolved` removes them",
        counted(resolved, "rejection")
    ))
}
