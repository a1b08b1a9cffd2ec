//! The archive's metrics: what was rolled, how long each step took, and what is wrong.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Unit};

use super::declare::{Declarer, MetricName};

const ROLLED_SAMPLES: MetricName =
    MetricName("healthtrack_archive_rolled_samples_total", "Samples moved from the hot table to a file.");
const DUPLICATE_SAMPLES: MetricName = MetricName(
    "healthtrack_archive_duplicate_samples_total",
    "Late samples that were archived already: counted as stored when they came, as duplicates at the roll.",
);
const CONFLICT_SAMPLES: MetricName = MetricName(
    "healthtrack_archive_conflict_samples_total",
    "Late samples that differ from archived ones with the same right to stand, quarantined at the roll.",
);
const OUTDATED_SAMPLES: MetricName = MetricName(
    "healthtrack_archive_outdated_samples_total",
    "Late samples of which a higher revision was archived already: counted as stored when they came.",
);
const SUPERSEDED_SAMPLES: MetricName = MetricName(
    "healthtrack_archive_superseded_samples_total",
    "Archived samples that a roll took out, since their source has said something else or taken them back.",
);
const WRITTEN_BYTES: MetricName =
    MetricName("healthtrack_archive_written_bytes_total", "Bytes of files that were recorded.");
const FAILURES: MetricName =
    MetricName("healthtrack_archive_failures_total", "Days, or whole rolls, that could not be rolled.");
const STEP_SECONDS: MetricName = MetricName(
    "healthtrack_archive_step_seconds",
    "Time that a step took for one metric and day: export, sync, verify, place, record.",
);
const LAG_SECONDS: MetricName =
    MetricName("healthtrack_archive_lag_seconds", "How long the oldest day has been due; 0 when all are rolled.");
const MISSING_FILES: MetricName =
    MetricName("healthtrack_archive_missing_files", "Live files of the manifest that the last roll did not find.");
const UNLISTED_FILES: MetricName = MetricName(
    "healthtrack_archive_unlisted_files",
    "Files that the last roll found, that the manifest does not name, and that cannot be used.",
);
const VERIFIED_SECONDS: MetricName = MetricName(
    "healthtrack_archive_verified_timestamp_seconds",
    "When `archive verify` last found every file valid, as Unix time; 0 until then.",
);

/// A step of the roll.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum RollStep {
    /// Blocks become a file.
    Export,
    /// Its bytes reach the disk.
    Sync,
    /// It is read back.
    Verify,
    /// It gets its name.
    Place,
    /// It becomes part of the manifest, and its blocks go.
    Record,
}

impl RollStep {
    const ALL: [(RollStep, &'static str); 5] = [
        (RollStep::Export, "export"),
        (RollStep::Sync, "sync"),
        (RollStep::Verify, "verify"),
        (RollStep::Place, "place"),
        (RollStep::Record, "record"),
    ];
}

/// Handles to the archive's metrics.
pub struct ArchiveMetrics {
    /// `healthtrack_archive_rolled_samples_total`
    pub rolled_samples: Counter,
    /// `healthtrack_archive_duplicate_samples_total`
    pub duplicate_samples: Counter,
    /// `healthtrack_archive_conflict_samples_total`
    pub conflict_samples: Counter,
    /// `healthtrack_archive_outdated_samples_total`
    pub outdated_samples: Counter,
    /// `healthtrack_archive_superseded_samples_total`
    pub superseded_samples: Counter,
    /// `healthtrack_archive_written_bytes_total`
    pub written_bytes: Counter,
    /// `healthtrack_archive_failures_total`
    pub failures: Counter,
    /// `healthtrack_archive_lag_seconds`
    pub lag_seconds: Gauge,
    /// `healthtrack_archive_missing_files`
    pub missing_files: Gauge,
    /// `healthtrack_archive_unlisted_files`
    pub unlisted_files: Gauge,
    /// `healthtrack_archive_verified_timestamp_seconds`
    pub verified_seconds: Gauge,
    steps: Vec<(RollStep, Histogram, AtomicU64)>,
}

impl ArchiveMetrics {
    pub(super) fn declare(new: &Declarer<'_>) -> ArchiveMetrics {
        let steps = RollStep::ALL.map(|(step, word)| {
            let histogram = new.labelled_histogram(STEP_SECONDS, Some(Unit::Seconds), ("step", word));
            (step, histogram, AtomicU64::new(0))
        });
        ArchiveMetrics {
            rolled_samples: new.counter(ROLLED_SAMPLES),
            duplicate_samples: new.counter(DUPLICATE_SAMPLES),
            conflict_samples: new.counter(CONFLICT_SAMPLES),
            outdated_samples: new.counter(OUTDATED_SAMPLES),
            superseded_samples: new.counter(SUPERSEDED_SAMPLES),
            written_bytes: new.counter(WRITTEN_BYTES),
            failures: new.counter(FAILURES),
            lag_seconds: new.gauge(LAG_SECONDS),
            missing_files: new.gauge(MISSING_FILES),
            unlisted_files: new.gauge(UNLISTED_FILES),
            verified_seconds: new.gauge(VERIFIED_SECONDS),
            steps: steps.into(),
        }
    }

    /// A step took so long.
    pub fn took(&self, step: RollStep, time: Duration) {
        if let Some((_, histogram, spent_us)) = self.steps.iter().find(|(known, ..)| *known == step) {
            histogram.record(time);
            spent_us.fetch_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// Milliseconds that each step has taken so far, by its name.
    pub fn spent_ms(&self) -> BTreeMap<&'static str, u64> {
        let word = |step| RollStep::ALL.iter().find(|(known, _)| *known == step).map_or("", |(_, word)| *word);
        self.steps.iter().map(|(step, _, spent_us)| (word(*step), spent_us.load(Ordering::Relaxed) / 1_000)).collect()
    }
}
