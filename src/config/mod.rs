//! Configuration: read once, validated, handed on in parts. The only module that reads the environment.
//!
//! `config/default.toml` is compiled in and is the only source of defaults: every key, its default and its reason stand
//! there. A file overrides it, the environment (`HEALTHTRACK__SECTION__KEY`) overrides both. The default's own type
//! says how a text from the environment is to be read, so `HEALTHTRACK__MQTT__CONNECTIONS=4` is a number.
//!
//! Invariant: an unknown section or key is an error, wherever it stands
//! (`an_unknown_key_is_an_error_wherever_it_stands`).

use std::path::Path;

use secrecy::SecretString;
use serde::Deserialize;
use toml::{Table, Value};

mod audit;
mod compaction;
mod duty;
mod environment;
mod error;
mod ingest;
mod mqtt;
mod portal;
mod sections;
mod store;

pub use audit::AuditConfig;
pub use compaction::CompactionConfig;
pub use duty::DutyPercent;
pub use environment::{data_dir, variable, variables};
pub use error::ConfigError;
pub use ingest::{DeviceSources, IngestConfig, UnknownDevice};
pub use mqtt::{MqttConfig, TlsConfig};
pub use portal::PortalConfig;
pub use sections::{ArchiveConfig, HttpConfig, LogFormat, SecurityConfig, TelemetryConfig};
pub use store::StoreConfig;

/// Every key with its default and reason.
pub const DEFAULT_TOML: &str = include_str!("../../config/default.toml");

const PREFIX: &str = "HEALTHTRACK__";
/// What every tool of an object store reads, so that its operator has it set already.
const STORE_PREFIX: &str = "AWS_";

/// All sections; each module is given its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Postgres.
    pub store: StoreConfig,
    /// The broker.
    pub mqtt: MqttConfig,
    /// From message to row.
    pub ingest: IngestConfig,
    /// Small blocks, joined.
    pub compaction: CompactionConfig,
    /// Health pages.
    pub http: HttpConfig,
    /// Pages for people.
    pub portal: PortalConfig,
    /// Metrics and logs.
    pub telemetry: TelemetryConfig,
    /// Keys of encrypted columns.
    pub security: SecurityConfig,
    /// Signed heads of the audit.
    pub audit: AuditConfig,
    /// Cold data.
    pub archive: ArchiveConfig,
}

impl Config {
    /// Reads defaults, then `file`, then the process environment.
    pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
        Config::read(file, variables())
    }

    /// Reads defaults, then `file`, then the given variables.
    pub fn read(file: Option<&Path>, variables: impl Iterator<Item = (String, String)>) -> Result<Config, ConfigError> {
        let mut table = parse("config/default.toml", DEFAULT_TOML)?;
        if let Some(path) = file {
            let origin = path.display().to_string();
            let text =
                std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: origin.clone(), source })?;
            merge_tables(&mut table, parse(&origin, &text)?, &origin)?;
        }
        let mut store_variables = Vec::new();
        for (name, text) in variables {
            if let Some(key) = name.strip_prefix(PREFIX) {
                set_from_text(&mut table, key, &name, &text)?;
            } else if name.starts_with(STORE_PREFIX) && !text.is_empty() {
                store_variables.push((name, SecretString::from(text)));
            }
        }
        let mut config: Config = table.try_into().map_err(|error: toml::de::Error| ConfigError::Parse {
            origin: "the configuration".into(),
            message: error.message().into(),
        })?;
        config.archive.store_variables = store_variables;
        config.mqtt.fill_in(&config.ingest.shard);
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        self.store.check()?;
        self.mqtt.check()?;
        self.ingest.check()?;
        self.archive.check()?;
        self.portal.check()?;
        self.compaction.check()
    }
}

/// The value of `PATH`, for searching programs.
pub fn search_path() -> Option<std::ffi::OsString> {
    variable("PATH")
}

fn parse(origin: &str, text: &str) -> Result<Table, ConfigError> {
    text.parse::<Table>().map_err(|error| ConfigError::Parse { origin: origin.to_owned(), message: error.to_string() })
}

/// Sets every key of `over` in `table`; each must be there already.
fn merge_tables(table: &mut Table, over: Table, origin: &str) -> Result<(), ConfigError> {
    for (section, keys) in over {
        let unknown = |key: String| ConfigError::UnknownKey { origin: origin.to_owned(), key };
        let known = table.get_mut(&section).and_then(Value::as_table_mut).ok_or_else(|| unknown(section.clone()))?;
        let Value::Table(keys) = keys else { return Err(unknown(section)) };
        for (key, value) in keys {
            match known.get_mut(&key) {
                Some(slot) => *slot = value,
                None => return Err(unknown(format!("{section}.{key}"))),
            }
        }
    }
    Ok(())
}

/// Sets `SECTION__KEY` from a text, read as the default's type.
fn set_from_text(table: &mut Table, key: &str, variable: &str, text: &str) -> Result<(), ConfigError> {
    let unknown = || ConfigError::UnknownVariable { variable: variable.to_owned() };
    let (section, key) = key.split_once("__").ok_or_else(unknown)?;
    let slot = table
        .get_mut(&section.to_lowercase())
        .and_then(Value::as_table_mut)
        .and_then(|section| section.get_mut(&key.to_lowercase()))
        .ok_or_else(unknown)?;
    let not_read =
        |kind: &str| ConfigError::Parse { origin: variable.to_owned(), message: format!("it must be {kind}") };
    *slot = match slot {
        Value::Integer(_) => Value::Integer(text.replace('_', "").parse().map_err(|_| not_read("a whole number"))?),
        Value::Float(_) => Value::Float(text.parse().map_err(|_| not_read("a number"))?),
        Value::Boolean(_) => Value::Boolean(text.parse().map_err(|_| not_read("true or false"))?),
        Value::Array(_) => Value::Array(text.split(',').map(|item| Value::String(item.trim().to_owned())).collect()),
        _ => Value::String(text.to_owned()),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::read(None, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn the_defaults_are_a_configuration() {
        let config = read(&[]).unwrap();
        assert_eq!(config.ingest.unknown_device, UnknownDevice::Quarantine);
        assert_eq!(config.ingest.device_sources, DeviceSources::First);
        assert_eq!(config.mqtt.filters, ["ht/1/main/+/+"]);
    }

    #[test]
    fn client_id_and_filters_follow_the_shard() {
        let config = read(&[("HEALTHTRACK__INGEST__SHARD", "ward-3")]).unwrap();
        assert_eq!(
            (config.mqtt.client_id.as_str(), &config.mqtt.filters[..]),
            ("healthtrack-ward-3", &["ht/1/ward-3/+/+".to_owned()][..])
        );
        let own = [("HEALTHTRACK__MQTT__CLIENT_ID", "mine"), ("HEALTHTRACK__MQTT__FILTERS", "ht/1/+/+/+, x/{shard}")];
        let config = read(&own).unwrap();
        assert_eq!((config.mqtt.client_id.as_str(), config.mqtt.filters[1].as_str()), ("mine", "x/main"));
    }

    #[test]
    fn the_environment_overrides_with_the_type_of_the_default() {
        let config = read(&[
            ("HEALTHTRACK__MQTT__CONNECTIONS", "2"),
            ("HEALTHTRACK__MQTT__FILTERS", "ht/1/a/+/+, ht/1/b/+/+"),
            ("HEALTHTRACK__INGEST__UNKNOWN_DEVICE", "enrol"),
            ("PATH", "/bin"),
        ])
        .unwrap();
        assert_eq!((config.mqtt.connections, config.mqtt.filters.len()), (2, 2));
        assert_eq!(config.ingest.unknown_device, UnknownDevice::Enrol);
    }

    #[test]
    fn an_unknown_key_is_an_error_wherever_it_stands() {
        assert!(matches!(read(&[("HEALTHTRACK__MQTT__CONECTIONS", "2")]), Err(ConfigError::UnknownVariable { .. })));
        assert!(matches!(read(&[("HEALTHTRACK__MQTT", "2")]), Err(ConfigError::UnknownVariable { .. })));
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[mqtt]\nconections = 2\n").unwrap();
        let error = Config::read(Some(file.path()), std::iter::empty()).unwrap_err();
        assert!(error.to_string().contains("mqtt.conections"), "{error}");
    }

    #[test]
    fn a_value_that_cannot_work_is_refused_by_name() {
        for (variable, value) in [
            ("HEALTHTRACK__MQTT__URL", "http://here"),
            ("HEALTHTRACK__MQTT__CONNECTIONS", "0"),
            ("HEALTHTRACK__MQTT__CONNECTIONS", "many"),
            ("HEALTHTRACK__MQTT__KEEP_ALIVE_S", "4"),
            ("HEALTHTRACK__INGEST__UNKNOWN_DEVICE", "ignore"),
            ("HEALTHTRACK__INGEST__SHARD", "a/b"),
            ("HEALTHTRACK__INGEST__QUARANTINE_BYTES_MAX", "1000"),
            ("HEALTHTRACK__INGEST__QUARANTINE_RETENTION_DAYS", "36501"),
            ("HEALTHTRACK__ARCHIVE__HOUR", "24"),
            ("HEALTHTRACK__ARCHIVE__REQUEST_TIMEOUT_S", "0"),
            ("HEALTHTRACK__COMPACTION__DUTY_PERCENT", "0"),
            ("HEALTHTRACK__STORE__URL", "mysql://here"),
            ("HEALTHTRACK__HTTP__BIND", "everywhere"),
        ] {
            assert!(read(&[(variable, value)]).is_err(), "{variable}={value}");
        }
    }

    #[test]
    fn no_secret_is_printed_with_the_configuration() {
        let config = read(&[
            ("HEALTHTRACK__STORE__URL", "postgres://u:s3cret@h/db"),
            ("HEALTHTRACK__MQTT__URL", "mqtt://u:s3cret@h"),
            ("HEALTHTRACK__ARCHIVE__KEYS", "2025:s3cret,2026:s3cret"),
            ("HEALTHTRACK__SECURITY__KEYS", "2026:s3cret"),
            ("AWS_SECRET_ACCESS_KEY", "s3cret"),
            ("AWS_SESSION_TOKEN", ""),
        ])
        .unwrap();
        assert_eq!((config.archive.keys.len(), config.archive.store_variables.len()), (2, 1));
        assert!(!format!("{config:?}").contains("s3cret"));
    }
}
