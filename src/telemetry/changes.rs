//! The metrics of the feed of changes: how long its places take, how much it keeps, and how far it goes back.

use metrics::{Gauge, Histogram, Unit};

use super::declare::{Declarer, MetricName};

const NUMBER_SECONDS: MetricName = MetricName(
    "healthtrack_changes_number_seconds",
    "Time that it took to give places in the feed of changes to what was committed.",
);
const BYTES: MetricName =
    MetricName("healthtrack_changes_bytes", "Bytes on disk of the feed of changes. Measured about once a minute.");
const AGE_SECONDS: MetricName = MetricName(
    "healthtrack_changes_age_seconds",
    "How far the feed of changes goes back; at ingest.changes_kept_hours the oldest leave it.",
);

/// Handles to the metrics of the feed of changes.
pub struct ChangesMetrics {
    /// `healthtrack_changes_number_seconds`
    pub number_seconds: Histogram,
    /// `healthtrack_changes_bytes`
    pub bytes: Gauge,
    /// `healthtrack_changes_age_seconds`
    pub age_seconds: Gauge,
}

impl ChangesMetrics {
    pub(super) fn declare(new: &Declarer<'_>) -> ChangesMetrics {
        ChangesMetrics {
            number_seconds: new.histogram(NUMBER_SECONDS, Some(Unit::Seconds)),
            bytes: new.gauge(BYTES),
            age_seconds: new.gauge(AGE_SECONDS),
        }
    }
}
