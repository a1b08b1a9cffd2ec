//! `[compaction]`: when small blocks are joined, and how much of the database that may take.

use serde::Deserialize;
use std::time::Duration;

use super::duty::DutyPercent;
use super::error::ConfigError;
use crate::model::time::SECOND_US;

/// When and how hard to work.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompactionConfig {
    /// Whether this daemon joins blocks at all.
    pub enabled: bool,
    lateness_s: i64,
    every_s: u64,
    duty_percent: DutyPercent,
}

impl CompactionConfig {
    /// How long after its end a day is left alone, in microseconds.
    pub fn lateness_us(&self) -> i64 {
        self.lateness_s.saturating_mul(SECOND_US)
    }

    /// How long to wait between two passes.
    pub fn every(&self) -> Duration {
        Duration::from_secs(self.every_s)
    }

    /// How long to rest after having worked for so long.
    pub fn rest_after(&self, worked: Duration) -> Duration {
        self.duty_percent.rest_after(worked)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let rule = |key, rule| Err(ConfigError::Rule { key, rule });
        if self.lateness_s < 0 {
            return rule("compaction.lateness_s", "at least 0");
        }
        if self.every_s == 0 {
            return rule("compaction.every_s", "at least 1");
        }
        self.duty_percent.check("compaction.duty_percent")
    }
}
