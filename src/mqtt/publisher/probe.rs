//! Probe: greets a broker, hears what it says of itself, and leaves again.

use anyhow::anyhow;
use secrecy::ExposeSecret as _;
use tokio::io::AsyncWriteExt as _;
use url::Url;

use super::{DISCONNECT, wire};
use crate::config::MqttConfig;

/// The broker that the configuration names.
pub(crate) fn broker_of(config: &MqttConfig) -> anyhow::Result<Url> {
    Url::parse(config.url.expose_secret()).map_err(|_| anyhow!("mqtt.url must be a URL as in mqtt://host:1883"))
}

/// What a broker says of itself when it lets us in.
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

/// Greets a broker and leaves again.
pub(crate) async fn probe(url: &Url) -> anyhow::Result<BrokerLimits> {
    let mut connected = wire::connect(url, &format!("healthtrack-doctor-{}", std::process::id())).await?;
    // Whether it hears our goodbye changes nothing.
    let _ = connected.socket.write_all(&DISCONNECT).await;
    let _ = connected.socket.shutdown().await;
    Ok(BrokerLimits {
        shown: wire::shown(url),
        receive_max: connected.receive_max,
        packet_bytes_max: u32::try_from(connected.packet_bytes_max).ok(),
        qos_max: connected.qos_max,
    })
}
