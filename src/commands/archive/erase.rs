//! Erase: one device, or one person, out of both tiers, for good. Without `--yes` it only shows what would be erased.

use anyhow::Context as _;
use serde::Serialize;

use crate::archive::erase::Eraser;
use crate::archive::roll::RollProgress;
use crate::commands::database::Database;
use crate::commands::report::{bar, counted, print, print_json};
use crate::store::archive::{ErasureCounts, ErasureTarget};

/// What is reported.
#[derive(Debug, Serialize)]
struct ErasureReport {
    /// Whether it is gone, or only would go.
    erased: bool,
    #[serde(flatten)]
    counts: ErasureCounts,
}

/// Erases, or shows what would be erased.
pub(super) async fn run(database: &Database, of: ErasureTarget, yes: bool, json: bool) -> anyhow::Result<()> {
    let eraser = Eraser { context: database.context()?, roller: crate::commands::roll::roller_of(database)? };
    let progress = bar(0, "bytes");
    let mut watch = |step: RollProgress| match step {
        RollProgress::Due(bytes) => progress.set_length(bytes),
        RollProgress::Done(bytes) => progress.inc(bytes),
    };
    let counts = erase_or_find(&eraser, &of, yes, &mut watch).await;
    progress.finish_and_clear();
    let counts = counts?;
    if json { print_json(&ErasureReport { erased: yes, counts }) } else { print(&in_words(yes, &counts)) }
}

/// Erases what was measured, or only finds it.
pub(in crate::commands) async fn erase_or_find(
    eraser: &Eraser,
    of: &ErasureTarget,
    yes: bool,
    watch: &mut (dyn FnMut(RollProgress) + Send),
) -> anyhow::Result<ErasureCounts> {
    let counts = if yes { eraser.erase(of, watch).await } else { eraser.find(of, watch).await };
    counts?.context("a roll or another erasure is running in this database; wait for it to end and run this again")
}

fn in_words(erased: bool, counts: &ErasureCounts) -> String {
    if *counts == ErasureCounts::default() {
        return "nothing to erase".to_owned();
    }
    let what = format!(
        "{} in {}, {} in {}, {}, {} in quarantine, {} of directories",
        counted(counts.hot_samples, "sample"),
        counted(counts.blocks, "block"),
        counted(counts.archived_samples, "sample"),
        counted(counts.files, "file"),
        counted(counts.deleted_files, "superseded file"),
        counted(counts.quarantine_rows, "message"),
        counted(counts.directory_rows, "row"),
    );
    if erased { format!("erased {what}") } else { format!("would erase {what}; --yes does it, and nothing undoes it") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_go_is_told_from_what_is_gone() {
        let counts = ErasureCounts { blocks: 1, hot_samples: 3, ..ErasureCounts::default() };
        assert!(in_words(true, &counts).starts_with("erased 3 samples in 1 block, 0 samples in 0 files"));
        assert!(
            in_words(false, &counts).starts_with("would erase 3 samples") && in_words(false, &counts).contains("--yes")
        );
        assert_eq!(in_words(true, &ErasureCounts::default()), "nothing to erase");
    }
}
