//! Report: what a roll did, for whoever asked for it.

use std::collections::BTreeMap;

use super::recover::RecoverReport;

/// What a roll did.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct RollReport {
    /// Metrics and days that were rolled.
    pub days: u64,
    /// Files that were written.
    pub files: u64,
    /// Their length.
    pub bytes: u64,
    /// Samples that were not archived before.
    pub samples: u64,
    /// Late samples that were archived before.
    pub duplicates: u64,
    /// Late samples that differ from archived ones with the same right to stand, now in quarantine.
    pub conflicts: u64,
    /// Late samples of which a higher revision was archived before.
    pub outdated: u64,
    /// Archived samples that a later word of their source has superseded.
    pub superseded: u64,
    /// Files that became another generation since their subjects were true no more.
    pub relabelled: u64,
    /// Files of days that have been kept for long enough, now out of the archive.
    pub retired: u64,
    /// Samples in them.
    pub retired_samples: u64,
    /// Chunks that were empty then, and are gone.
    pub chunks: u64,
    /// Superseded files whose grace had passed.
    pub deleted: u64,
    /// What killed rolls had left behind.
    pub recovered: u64,
    /// Files that the manifest did not name, and that it names now or that were joined with another.
    pub adopted: u64,
    /// Samples that they brought into it.
    pub adopted_samples: u64,
    /// Files that the manifest does not name and that cannot be used, and why.
    pub unlisted: Vec<String>,
    /// Milliseconds that each step took, rest between them included.
    pub step_ms: BTreeMap<&'static str, u64>,
    /// Files of the manifest that are missing.
    pub missing: Vec<String>,
    /// Days that stay in the hot table, and why.
    pub failed: Vec<String>,
}

/// What became of one metric and day.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Rolled {
    pub(super) samples: u64,
    pub(super) duplicates: u64,
    pub(super) conflicts: u64,
    pub(super) outdated: u64,
    pub(super) superseded: u64,
    /// Length of the new file, where there is one.
    pub(super) bytes: Option<u64>,
}

impl RollReport {
    /// Of a roll that begins after a recovery.
    pub(super) fn after(recovered: &RecoverReport) -> RollReport {
        let RecoverReport { unfinished, superseded, reinstated, adopted, joined, samples, .. } = *recovered;
        RollReport {
            recovered: unfinished + superseded + reinstated,
            adopted: adopted + joined,
            adopted_samples: samples,
            unlisted: recovered.unlisted.iter().map(|file| format!("{}: {}", file.name, file.problem)).collect(),
            missing: recovered.missing.clone(),
            ..RollReport::default()
        }
    }

    /// Adds what became of a metric and day.
    pub(super) fn add(&mut self, rolled: Rolled) {
        self.days += 1;
        self.files += u64::from(rolled.bytes.is_some());
        self.bytes += rolled.bytes.unwrap_or(0);
        self.samples += rolled.samples;
        self.duplicates += rolled.duplicates;
        self.conflicts += rolled.conflicts;
        self.outdated += rolled.outdated;
        self.superseded += rolled.superseded;
    }
}
