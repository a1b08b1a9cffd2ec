//! Errors of connections to a broker.

use std::io::ErrorKind;
use std::time::Duration;

use super::reason::{BrokerReason, Refusal};
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
    #[error("the broker refuses the connection: {0}")]
    Refused(BrokerReason),
    /// CONNACK of MQTT 3.1.1, or none for MQTT 5 and one for 3.1.1.
    #[error("the broker speaks only MQTT 3.1.1, and MQTT 5 is needed: update it, or use another (deploy/brokers.md)")]
    OnlyVersion3,
    /// Packets that MQTT 5 does not allow.
    #[error("the broker violates MQTT 5: {0}")]
    Protocol(String),
    /// The broker has sent DISCONNECT.
    #[error("the broker ends the connection: {0}")]
    Disconnected(BrokerReason),
    /// The broker has handed the session to another connection of the same client id.
    #[error(
        "another client has connected with the client id {0}: give each daemon an mqtt.client_id of its own, unless \
         this one's standby has just taken over"
    )]
    TakenOver(String),
    /// SUBACK with a refusal.
    #[error("the broker refuses the subscription to {filter}: {reason}")]
    Subscription {
        /// What was asked for.
        filter: String,
        /// Why not.
        reason: BrokerReason,
    },
    /// SUBACK with QoS 0.
    #[error("the broker grants {0} at QoS 0 only, which loses messages: let it offer QoS 1")]
    Unprotected(String),
    /// A trial's own topic is refused.
    #[error("the broker does not let this login publish and subscribe to {0}")]
    Unmeasured(String),
    /// No SUBACK at all.
    #[error("the broker has not answered SUBSCRIBE within {0:?}: see its log and its access rules")]
    NoSubAck(Duration),
}

impl MqttError {
    /// Whether the broker has ended the connection without a word.
    pub(crate) fn is_hang_up(&self) -> bool {
        match self {
            MqttError::Closed => true,
            // The last is what TLS makes of a connection that ends without its own farewell.
            MqttError::Socket(error) => matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof),
            _ => false,
        }
    }

    /// Whether it says nothing of what the broker thinks of this client.
    pub(crate) fn is_unreachable(&self) -> bool {
        matches!(self, MqttError::Socket(_) | MqttError::Silent(_)) && !self.is_hang_up()
    }
}

impl From<Refusal> for MqttError {
    fn from(refusal: Refusal) -> MqttError {
        match refusal {
            Refusal::OnlyVersion3 => MqttError::OnlyVersion3,
            Refusal::Connection(reason) => MqttError::Refused(reason),
            Refusal::End(reason) => MqttError::Disconnected(reason),
        }
    }
}

/// Why a broker cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the broker at {broker}; check {setting}")]
pub struct BrokerError {
    /// What names it: an option or a key.
    pub(super) setting: &'static str,
    /// Its address, without user and password.
    pub(super) broker: String,
    /// Why.
    #[source]
    pub(super) source: MqttError,
}
