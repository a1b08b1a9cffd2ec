//! Error: why there is no configuration.

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or not readable.
    #[error("cannot read the configuration file {path}: check the path and its permissions")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Not TOML, or a key of the wrong kind.
    #[error("{origin} is not a configuration: {message}")]
    Parse {
        /// File, environment or default.
        origin: String,
        /// What and where.
        message: String,
    },
    /// A variable that names no key.
    #[error("{variable} names no configuration key; config/default.toml lists them all")]
    UnknownVariable {
        /// Which variable.
        variable: String,
    },
    /// A key that names nothing.
    #[error("{origin} has the unknown key {key}; config/default.toml lists them all")]
    UnknownKey {
        /// File or environment.
        origin: String,
        /// Which key.
        key: String,
    },
    /// A value that cannot work.
    #[error("{key} must be {rule}")]
    Rule {
        /// Section and key.
        key: &'static str,
        /// What would work.
        rule: &'static str,
    },
}
