//! Mqtt: connections to a broker, the packets that go over them, and a publisher.
//!
//! # Why
//! The packets are rumqttc's; the loops that read and write them are ours, in `publisher` and in `ingest::session`.
//! rumqttc's own event loop writes and flushes each packet by itself, may lose an acknowledgement that is cancelled
//! half-way, sends one of a dead connection over the next, and cannot pause reading without pausing its pings. Here all
//! that is due leaves in one write, by the task that owns the connection, so nothing can ever leave over another.

/// Why there is no connection.
mod error;

/// Certificates.
mod tls;

/// What a broker means by a refusal.
pub(crate) mod reason;

/// Packets out of bytes, and into them.
pub(crate) mod packet;

/// A connection, from the socket to CONNACK.
pub(crate) mod connect;

/// What a broker says of its limits.
pub(crate) mod probe;

/// What only a trial shows of a broker.
pub(crate) mod measure;

/// Messages to a broker, each acknowledged.
pub mod publisher;

pub use error::{BrokerError, MqttError};
pub use reason::BrokerReason;
pub use tls::TlsError;
