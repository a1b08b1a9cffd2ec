//! Recover: files of the archive that the manifest does not name are taken back into it.

use anyhow::{Context as _, ensure};
use serde::Serialize;

use crate::archive::recover::RecoverReport;
use crate::archive::restore::RecoverMode;
use crate::commands::database::Database;
use crate::commands::report::{counted, print, print_json};

/// What is reported.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    /// Whether it is done, or only would be.
    recovered: bool,
    #[serde(flatten)]
    report: &'a RecoverReport,
}

/// Recovers, or shows what would be recovered.
pub(super) async fn run(database: &Database, mode: RecoverMode, json: bool) -> anyhow::Result<()> {
    let roller = crate::commands::roll::roller_of(database)?;
    let roller = roller.context("there is no archive; set archive.url (HEALTHTRACK__ARCHIVE__URL)")?;
    let busy = "a roll or an erasure is running in this database; wait for it to end and run this again";
    let report = roller.recover(mode).await?.context(busy)?;
    let is_done = mode != RecoverMode::Look;
    if json {
        print_json(&Shown { recovered: is_done, report: &report })?;
    } else {
        print(&in_words(is_done, &report))?;
    }
    let wrong = report.unlisted.len() + report.missing.len();
    let first = report.unlisted.iter().map(|file| &file.name).chain(&report.missing).next();
    let first = first.map_or("", String::as_str);
    ensure!(wrong == 0, "{wrong} files stay unusable or missing, the first: {first}; bring them back from a backup");
    Ok(())
}

fn in_words(is_done: bool, report: &RecoverReport) -> String {
    let mut lines = vec![format!(
        "{} {} with {}",
        if is_done { "took back" } else { "would take back" },
        counted(report.adopted + report.joined, "file"),
        counted(report.samples, "sample"),
    )];
    let moved = report.superseded + report.reinstated;
    for (count, noun, what) in [
        (report.joined, "of these files", "joined with the live file of the day"),
        (report.conflicts, "sample", "in quarantine, since it differs from the live one"),
        (report.redundant.len() as u64, "file", "with nothing that live files lack"),
        (moved, "file", "not where the manifest says, put there"),
        (report.unfinished, "half-written file", "deleted"),
    ] {
        if count > 0 {
            let counted = if noun.starts_with("of") { format!("{count} {noun}") } else { counted(count, noun) };
            lines.push(format!("{counted} {what}"));
        }
    }
    lines.extend(report.unlisted.iter().map(|file| format!("{} stays where it is: {}", file.name, file.problem)));
    lines.extend(report.missing.iter().map(|name| format!("{name} is in the manifest and not in the archive")));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_done_is_told_from_what_is_done() {
        let report = RecoverReport { adopted: 2, joined: 1, samples: 9, conflicts: 1, ..RecoverReport::default() };
        assert_eq!(
            in_words(false, &report),
            "would take back 3 files with 9 samples\n1 of these files joined with the live file of the day\n\
             1 sample in quarantine, since it differs from the live one"
        );
        assert_eq!(in_words(true, &RecoverReport::default()), "took back 0 files with 0 samples");
    }
}
