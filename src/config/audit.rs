//! `[audit]`: with which key the audit's heads are signed, and where they are kept.

use serde::Deserialize;

/// Signed heads of the audit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditConfig {
    /// The private key; empty where nothing is signed here.
    pub key_file: String,
    /// The file that records are added to; empty where nothing is signed here.
    pub file: String,
    /// The syslog daemon that gets each record; empty where there is none.
    pub syslog: String,
    /// The bucket that gets each record; empty where there is none.
    pub bucket: String,
}
