//! `[ingest]`: from message to row, and every bound on the way.

use serde::Deserialize;
use std::time::Duration;

use super::error::ConfigError;
use crate::model::ids::is_name;
use crate::model::time::{DAY_US, SECOND_US};

/// What to do with samples of a device that nobody has added.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownDevice {
    /// Quarantine them.
    Quarantine,
    /// Add the device and take its samples.
    Enrol,
}

/// Who may speak for a device besides itself and the sources that an operator has allowed.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceSources {
    /// Nobody.
    Own,
    /// The source that was the first to name it.
    First,
    /// Every source.
    Any,
}

/// Shard, lanes and limits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IngestConfig {
    /// The part of the topics that this daemon owns.
    pub shard: String,
    /// What to do with an unknown device.
    pub unknown_device: UnknownDevice,
    /// Who may speak for a device.
    pub device_sources: DeviceSources,
    /// Writers.
    pub lanes: usize,
    /// Samples that fill a batch.
    pub batch_samples_max: usize,
    /// Bytes of payload that fill a batch.
    pub batch_bytes_max: usize,
    batch_age_ms: u64,
    /// Bytes of payload read and not yet committed.
    pub inflight_bytes_max: usize,
    /// Series that all lanes together remember, and devices.
    pub remembered_series_max: usize,
    future_max_s: i64,
    past_max_days: i64,
    span_max_days: i64,
    statistic_span_max_days: i64,
    device_age_max_days: i64,
    /// Rows that one source may put into quarantine in an hour.
    pub quarantine_rows_per_source: u64,
    /// Bytes that one source may put into quarantine in an hour.
    pub quarantine_bytes_per_source: u64,
    /// Bytes that quarantine keeps in all.
    pub quarantine_bytes_max: u64,
    /// How long quarantine keeps what does not come again; 0: for ever.
    pub quarantine_retention_days: u32,
    changes_kept_hours: u32,
}

impl IngestConfig {
    /// How old the first sample of a batch may become before it is written.
    pub fn batch_age(&self) -> Duration {
        Duration::from_millis(self.batch_age_ms)
    }

    /// How long the feed of changes goes back.
    pub fn changes_kept(&self) -> Duration {
        Duration::from_secs(u64::from(self.changes_kept_hours) * 3_600)
    }

    /// How far ahead of now a sample is valid, in microseconds.
    pub fn future_max_us(&self) -> i64 {
        self.future_max_s.saturating_mul(SECOND_US)
    }

    /// How far back a sample is valid, in microseconds.
    pub fn past_max_us(&self) -> i64 {
        self.past_max_days.saturating_mul(DAY_US)
    }

    /// The longest interval of one measurement, in microseconds.
    pub fn span_max_us(&self) -> i64 {
        self.span_max_days.saturating_mul(DAY_US)
    }

    /// The longest interval of a statistic, in microseconds.
    pub fn statistic_span_max_us(&self) -> i64 {
        self.statistic_span_max_days.saturating_mul(DAY_US)
    }

    /// How old a device in use can be, in microseconds.
    pub fn device_age_max_us(&self) -> i64 {
        self.device_age_max_days.saturating_mul(DAY_US)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let rule = |key, rule| Err(ConfigError::Rule { key, rule });
        if !is_name(&self.shard) {
            return rule("ingest.shard", "1 to 64 letters, digits, full stops, underscores or hyphens");
        }
        if !(1..=64).contains(&self.lanes) {
            return rule("ingest.lanes", "1 to 64");
        }
        if self.batch_samples_max == 0 || self.batch_bytes_max == 0 {
            return rule("ingest.batch_samples_max and ingest.batch_bytes_max", "at least 1");
        }
        if self.inflight_bytes_max < 1_048_576 {
            return rule("ingest.inflight_bytes_max", "at least 1048576");
        }
        if self.remembered_series_max == 0 {
            return rule("ingest.remembered_series_max", "at least 1");
        }
        if self.quarantine_bytes_max < 1_048_576 {
            return rule("ingest.quarantine_bytes_max", "at least 1048576");
        }
        if self.quarantine_retention_days > 36_500 {
            return rule("ingest.quarantine_retention_days", "at most 36500; 0 keeps everything");
        }
        if !(1..=87_600).contains(&self.changes_kept_hours) {
            return rule("ingest.changes_kept_hours", "1 to 87600");
        }
        if self.future_max_s < 0 || self.past_max_days < 1 || self.span_max_days < 1 {
            return rule("ingest.future_max_s, past_max_days and span_max_days", "at least 0, 1 and 1");
        }
        if self.device_age_max_days < 1 {
            return rule("ingest.device_age_max_days", "at least 1");
        }
        if self.statistic_span_max_days < self.span_max_days {
            return rule("ingest.statistic_span_max_days", "at least ingest.span_max_days");
        }
        Ok(())
    }
}
