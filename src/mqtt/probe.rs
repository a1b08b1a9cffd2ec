//! Probe: connects to a broker, reads its limits from CONNACK, and disconnects.

use tokio::io::AsyncWriteExt as _;
use url::Url;

use super::connect::{ConnectOptions, connect, shown};
use super::error::BrokerError;
use super::packet::END_SESSION;
use crate::config::TlsConfig;

/// The limits that a broker names in its CONNACK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BrokerLimits {
    /// Its address without user and password.
    pub(crate) shown: String,
    /// How long it keeps the session that it was asked to keep, in seconds.
    pub(crate) session_expiry_s: u32,
    /// How many unacknowledged messages it takes.
    pub(crate) receive_max: u16,
    /// The largest packet that it takes; `None` where it names no limit.
    pub(crate) packet_bytes_max: Option<u32>,
    /// The highest quality of service that it offers.
    pub(crate) qos_max: u8,
}

/// Asks a broker for its limits, and whether it would keep a session for so long. The session ends with its connection.
pub(crate) async fn probe(url: &Url, session_expiry_s: u32) -> Result<BrokerLimits, BrokerError> {
    let (client_id, tls) = (format!("healthtrack-doctor-{}", std::process::id()), TlsConfig::default());
    let options = ConnectOptions::of_publisher(url, &client_id, &tls);
    let options = ConnectOptions { session_expiry_s: Some(session_expiry_s), ..options };
    let connected = connect(&options).await;
    let mut connected = connected.map_err(|source| BrokerError { broker: shown(url), source })?;
    // A broker that does not receive it drops the session, which is empty, when it expires.
    let _ = connected.socket.write_all(&END_SESSION).await;
    let _ = connected.socket.shutdown().await;
    Ok(BrokerLimits {
        shown: shown(url),
        session_expiry_s: connected.session_expiry_s,
        receive_max: connected.receive_max,
        packet_bytes_max: u32::try_from(connected.packet_bytes_max).ok(),
        qos_max: connected.qos_max,
    })
}
