//! `[http]`, `[telemetry]`, `[security]` and `[archive]`: short sections.

use secrecy::SecretString;
use serde::Deserialize;
use std::net::SocketAddr;

use super::{ConfigError, DutyPercent};
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

/// Keys of sealed columns.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityConfig {
    /// Keys that wrap the data keys of patients, one a line; empty where there is none.
    pub key_file: String,
    /// More keys, after those of the file; never printed.
    pub keys: Vec<SecretString>,
}

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
    /// The most of its time that a roll works.
    pub duty_percent: DutyPercent,
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

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.hour > 23 {
            return Err(ConfigError::Rule { key: "archive.hour", rule: "0 to 23" });
        }
        self.duty_percent.check("archive.duty_percent")
    }
}
