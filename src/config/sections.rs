//! `[http]`, `[telemetry]`, `[security]` and `[archive]`: short sections.

use secrecy::SecretString;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::duty::DutyPercent;
use super::environment::temporary_dir;
use super::error::ConfigError;
use crate::model::time::{DAY_US, SECOND_US};

/// Where the health pages are served.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Address and port.
    pub bind: SocketAddr,
}

/// For whom logs are written.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Metrics and logs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Address and port of `/metrics`.
    pub bind: SocketAddr,
    /// Level or filter.
    pub log: String,
    /// For whom.
    pub log_format: LogFormat,
}

/// Keys of encrypted columns.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityConfig {
    /// Keys that wrap the data keys of patients, one a line; empty where there is none.
    pub key_file: String,
    /// More keys, after those of the file; never printed.
    pub keys: Vec<SecretString>,
}

/// More of them would only hide that a store is gone.
const RETRIES_MAX: u32 = 100;
/// A hundred years: more is a slip of the pen.
const RETENTION_DAYS_MAX: u32 = 36_500;

/// Where cold data go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveConfig {
    /// `file://…` or `s3://…`; empty where there is none.
    pub url: String,
    /// Keys of encrypted files, one a line; empty where there is none.
    pub key_file: String,
    /// More keys, after those of the file; never printed.
    pub keys: Vec<SecretString>,
    /// Keys of pseudonyms, one a line; empty where there is none.
    pub subject_key_file: String,
    /// More of them, after those of the file; never printed.
    pub subject_keys: Vec<SecretString>,
    /// Files whose subjects one roll decides anew.
    pub subject_files_max: u32,
    after_days: u32,
    hour: u8,
    grace_hours: u32,
    retention_days: u32,
    /// The most of its time that a roll works.
    pub duty_percent: DutyPercent,
    scratch_dir: String,
    request_timeout_s: u32,
    /// How often a request to an object store is sent again.
    pub retries_max: u32,
    /// The environment's `AWS_…` variables, by name; secrets are among them, so none is ever printed.
    #[serde(skip)]
    pub store_variables: Vec<(String, SecretString)>,
}

impl ArchiveConfig {
    /// How long after its end a day is rolled, in microseconds.
    pub fn after_us(&self) -> i64 {
        i64::from(self.after_days) * DAY_US
    }

    /// From which moment of a UTC day on the daemon rolls, in microseconds.
    pub fn hour_us(&self) -> i64 {
        i64::from(self.hour) * 3_600 * SECOND_US
    }

    /// How long superseded files stay, in microseconds.
    pub fn grace_us(&self) -> i64 {
        i64::from(self.grace_hours) * 3_600 * SECOND_US
    }

    /// For how many days before the newest one files are kept; `None` for ever.
    pub fn retention_days(&self) -> Option<u32> {
        Some(self.retention_days).filter(|days| *days > 0)
    }

    /// Where files are written before they are uploaded.
    pub fn scratch_dir(&self) -> PathBuf {
        if self.scratch_dir.is_empty() { temporary_dir() } else { PathBuf::from(&self.scratch_dir) }
    }

    /// How long one request to an object store may take.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout_s.into())
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.hour > 23 {
            return Err(ConfigError::Rule { key: "archive.hour", rule: "0 to 23" });
        }
        if self.retention_days > RETENTION_DAYS_MAX {
            return Err(ConfigError::Rule { key: "archive.retention_days", rule: "0 for ever, or 1 to 36500" });
        }
        if self.request_timeout_s == 0 {
            return Err(ConfigError::Rule { key: "archive.request_timeout_s", rule: "at least 1" });
        }
        if self.retries_max > RETRIES_MAX {
            return Err(ConfigError::Rule { key: "archive.retries_max", rule: "0 to 100" });
        }
        self.duty_percent.check("archive.duty_percent")
    }
}
