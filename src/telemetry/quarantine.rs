//! The metrics of quarantine: how much is kept, what is open, and what has left by age.

use metrics::{Counter, Gauge};

use super::declare::{Declarer, MetricName};

const ROWS: MetricName = MetricName(
    "healthtrack_ingest_quarantine_rows",
    "Rejections in quarantine: open, or resolved by an operator. Measured about once a minute.",
);
const BYTES: MetricName = MetricName(
    "healthtrack_ingest_quarantine_bytes",
    "Bytes that quarantine keeps, as they count against ingest.quarantine_bytes_max. Measured about once a minute.",
);
const AGE_SECONDS: MetricName = MetricName(
    "healthtrack_ingest_quarantine_age_seconds",
    "How long ago the oldest rejection in quarantine first came; 0 where there is none.",
);
const EXPIRED_ROWS: MetricName = MetricName(
    "healthtrack_ingest_quarantine_expired_rows_total",
    "Rejections that left quarantine because of their age (ingest.quarantine_retention_days).",
);

/// Handles to the metrics of quarantine.
pub struct QuarantineMetrics {
    /// `healthtrack_ingest_quarantine_rows{state="open"}`
    pub open_rows: Gauge,
    /// `healthtrack_ingest_quarantine_rows{state="resolved"}`
    pub resolved_rows: Gauge,
    /// `healthtrack_ingest_quarantine_bytes`
    pub bytes: Gauge,
    /// `healthtrack_ingest_quarantine_age_seconds`
    pub age_seconds: Gauge,
    /// `healthtrack_ingest_quarantine_expired_rows_total`
    pub expired_rows: Counter,
}

impl QuarantineMetrics {
    pub(super) fn declare(new: &Declarer<'_>) -> QuarantineMetrics {
        QuarantineMetrics {
            open_rows: new.labelled_gauge(ROWS, ("state", "open")),
            resolved_rows: new.labelled_gauge(ROWS, ("state", "resolved")),
            bytes: new.gauge(BYTES),
            age_seconds: new.gauge(AGE_SECONDS),
            expired_rows: new.counter(EXPIRED_ROWS),
        }
    }
}
