//! Probe: connects to a broker, reads its limits from CONNACK, and disconnects.

use tokio::io::AsyncWriteExt as _;
use url::Url;

use super::connect::{ConnectOptions, connect, shown};
use super::error::BrokerError;
use super::packet::DISCONNECT;
use crate::config::TlsConfig;

/// The limits that a broker names in its CONNACK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BrokerLimits {
    /// Its address without user and password.
    pub(crate) shown: String,
    /// How many unacknowledged messages it takes.
    pub(crate) receive_max: u16,
    /// The largest packet that it takes; `None` where it names no limit.
    pub(crate) packet_bytes_max: Option<u32>,
    /// The highest quality of service that it offers.
    pub(crate) qos_max: u8,
}

/// Asks a broker for its limits.
pub(crate) async fn probe(url: &Url) -> Result<BrokerLimits, BrokerError> {
    let (client_id, tls) = (format!("healthtrack-doctor-{}", std::process::id()), TlsConfig::default());
    let options = ConnectOptions::of_publisher(url, &client_id, &tls);
    let mut connected =
        connect(&options).await.map_err(|source| BrokerError { broker: shown(url), setting: "mqtt.url", source })?;
    // Whether it receives our DISCONNECT changes nothing.
    let _ = connected.socket.write_all(&DISCONNECT).await;
    let _ = connected.socket.shutdown().await;
    Ok(BrokerLimits {
        shown: shown(url),
        receive_max: connected.receive_max,
        packet_bytes_max: u32::try_from(connected.packet_bytes_max).ok(),
        qos_max: connected.qos_max,
    })
}
