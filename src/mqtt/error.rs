//! Errors of connections to a broker.

use std::time::Duration;

use rumqttc::v5::mqttbytes::v5::ConnectReturnCode;

use super::tls::TlsError;

/// Why there is no connection, or it was lost. It never names the broker: [`BrokerError`] does, without its password.
#[derive(Debug, thiserror::Error)]
pub enum MqttError {
    /// The URL is none of a broker.
    #[error("the address must be mqtt://HOST:PORT or mqtts://HOST:PORT")]
    Address,
    /// The URL's login is not text.
    #[error("the user or password in the address must be UTF-8 once its %-escapes are read")]
    Login,
    /// TLS could not be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The operating system refuses, or the connection breaks.
    #[error(transparent)]
    Socket(#[from] std::io::Error),
    /// The broker sent nothing for so long.
    #[error("no answer within {0:?}")]
    Silent(Duration),
    /// The broker has closed the connection.
    #[error("the connection was closed")]
    Closed,
    /// This side has closed it.
    #[error("the connection was closed so that the broker sends again what is not acknowledged")]
    Abandoned,
    /// CONNACK with another reason code than success.
    #[error("the broker refuses the connection: {0:?}")]
    Refused(ConnectReturnCode),
    /// Packets that MQTT 5 does not allow.
    #[error("the broker violates MQTT 5: {0}")]
    Protocol(String),
    /// The broker has sent DISCONNECT.
    #[error("the broker ends the connection: {0}")]
    Disconnected(String),
    /// The broker has handed the session to another connection of the same client id.
    #[error(
        "another client has connected with the client id {0}: give each daemon an mqtt.client_id of its own, unless \
         this one's standby has just taken over"
    )]
    TakenOver(String),
    /// SUBACK with another reason code than QoS 1.
    #[error("the broker refuses the subscription to {0}: check its access rules")]
    Subscription(String),
}

/// Why a broker cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the broker at {broker}; check --broker, or mqtt.url")]
pub struct BrokerError {
    /// Its address, without user and password.
    pub(super) broker: String,
    /// Why.
    #[source]
    pub(super) source: MqttError,
}
