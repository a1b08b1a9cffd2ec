//! Errors of publishing.

use crate::mqtt::error::BrokerError;

/// Why a message is not published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// There is no connection to begin with.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The broker takes no packet of this size.
    #[error("a message of {bytes} bytes is above the broker's limit of {bytes_max}; put fewer samples into one")]
    TooLarge {
        /// Bytes of its packet.
        bytes: usize,
        /// What the broker takes.
        bytes_max: usize,
    },
    /// MQTT counts the bytes of a topic and of a content type in two bytes.
    #[error("a topic and a content type must each be at most 65,535 bytes long; shorten them")]
    LongText,
    /// The broker ends each connection before it acknowledges anything.
    #[error("publishing has stopped: {0}; read the broker's log")]
    Stopped(String),
}
