//! `[mqtt]`: the broker, the session and its limits.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

use super::error::ConfigError;

/// Stands for `ingest.shard` in the client id and the filters.
const SHARD: &str = "{shard}";

/// Where the broker is and what is asked of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MqttConfig {
    /// `mqtt://…` or `mqtts://…`; may hold a password, so it is never printed.
    pub url: SecretString,
    /// The session's name.
    pub client_id: String,
    /// What to subscribe to.
    pub filters: Vec<String>,
    /// Connections among which the filters are dealt out.
    pub connections: usize,
    /// Messages that the broker may send ahead of their acknowledgement, per connection.
    pub receive_maximum: u16,
    /// Bytes in the longest packet.
    pub packet_bytes_max: u32,
    /// Seconds that the broker keeps the session of an absent daemon.
    pub session_expiry_s: u32,
    keep_alive_s: u16,
    /// Seconds to wait for a connection.
    pub connect_timeout_s: u64,
    retry_min_ms: u64,
    retry_max_ms: u64,
    tls_ca_file: String,
    tls_cert_file: String,
    tls_key_file: String,
}

/// Certificates for `mqtts://`.
#[derive(Clone, Debug, Default)]
pub struct TlsConfig {
    /// The authority to trust, else the system's.
    pub ca_file: Option<PathBuf>,
    /// This daemon's own certificate and key.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl MqttConfig {
    /// How often the connection proves that it lives.
    pub fn keep_alive(&self) -> Duration {
        Duration::from_secs(self.keep_alive_s.into())
    }

    /// The first and the longest wait between attempts to connect.
    pub fn retry(&self) -> (Duration, Duration) {
        (Duration::from_millis(self.retry_min_ms), Duration::from_millis(self.retry_max_ms))
    }

    /// The certificates that are set.
    pub fn tls(&self) -> TlsConfig {
        let set = |file: &String| (!file.is_empty()).then(|| PathBuf::from(file));
        TlsConfig { ca_file: set(&self.tls_ca_file), identity: set(&self.tls_cert_file).zip(set(&self.tls_key_file)) }
    }

    /// Client id and filters of each connection.
    pub fn sessions(&self) -> Vec<(String, Vec<String>)> {
        let of = |number: usize| {
            let filters = self.filters.iter().skip(number).step_by(self.connections).cloned().collect();
            match number {
                0 => (self.client_id.clone(), filters),
                number => (format!("{}-{number}", self.client_id), filters),
            }
        };
        (0..self.connections).map(of).collect()
    }

    /// Puts the shard's name where the configuration stands for it.
    pub(super) fn fill_in(&mut self, shard: &str) {
        for text in std::iter::once(&mut self.client_id).chain(&mut self.filters) {
            *text = text.replace(SHARD, shard);
        }
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let rule = |key, rule| Err(ConfigError::Rule { key, rule });
        let url = url::Url::parse(self.url.expose_secret());
        if !url.is_ok_and(|url| matches!(url.scheme(), "mqtt" | "mqtts") && url.has_host()) {
            return rule("mqtt.url", "a URL as in mqtt://host:1883 or mqtts://host:8883");
        }
        if self.client_id.is_empty() || self.client_id.len() > 200 {
            return rule("mqtt.client_id", "1 to 200 bytes long: the broker keeps the session under it");
        }
        // A broker closes the connection of whoever asks for another one, again and again and without a word.
        if self.filters.is_empty() || !self.filters.iter().all(|filter| rumqttc::valid_filter(filter)) {
            return rule(
                "mqtt.filters",
                "topic filters, at least one, in which + and # stand alone as in ht/1/main/+/+",
            );
        }
        if self.connections == 0 || self.connections > self.filters.len() {
            return rule(
                "mqtt.connections",
                "at least 1 and at most the number of mqtt.filters, which are dealt out among them",
            );
        }
        if self.receive_maximum == 0 {
            return rule("mqtt.receive_maximum", "at least 1");
        }
        if self.packet_bytes_max < 1_024 {
            return rule("mqtt.packet_bytes_max", "at least 1024");
        }
        // The client library refuses shorter ones.
        if self.keep_alive_s < 5 {
            return rule("mqtt.keep_alive_s", "at least 5");
        }
        if self.retry_min_ms == 0 || self.retry_max_ms < self.retry_min_ms {
            return rule("mqtt.retry_max_ms", "at least mqtt.retry_min_ms, which is at least 1");
        }
        if self.tls_cert_file.is_empty() != self.tls_key_file.is_empty() {
            return rule("mqtt.tls_cert_file", "set together with mqtt.tls_key_file");
        }
        Ok(())
    }
}
