//! `[http]`, `[telemetry]` and `[archive]`: short sections.

use secrecy::SecretString;
use serde::Deserialize;
use std::net::SocketAddr;

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
}
