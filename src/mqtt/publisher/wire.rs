//! Wire: the greeting of a client that only publishes, and the broker's answers.
//!
//! The packets are rumqttc's, the socket is ours: rumqttc's event loop writes and flushes each PUBLISH by itself, which
//! costs the load generator more processor time than the daemon that it is to measure.

use std::io;
use std::time::Duration;

use anyhow::Context as _;
use bytes::BytesMut;
use rumqttc::v5::mqttbytes::v5::{Packet, PubAckReason};
use url::Url;

use crate::config::TlsConfig;
use crate::mqtt::wire::{self, ConnectOptions};

pub(crate) use wire::{Connected, Socket, shown};

/// How long the broker may hear nothing from us.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long reaching the broker, TLS and the greeting may take together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest packet that a broker may send to a client that only publishes.
const INCOMING_BYTES_MAX: u32 = 256 * 1024;

/// Reaches the broker and greets it.
pub(crate) async fn connect(url: &Url, client_id: &str) -> anyhow::Result<Connected> {
    let greeting = ConnectOptions {
        url,
        client_id,
        // The window remembers what is unacknowledged, so the broker need not.
        clean_start: true,
        keep_alive: KEEP_ALIVE,
        receive_maximum: None,
        session_expiry_s: None,
        packet_bytes_max: INCOMING_BYTES_MAX,
        connect_timeout: CONNECT_TIMEOUT,
        tls: &TlsConfig::default(),
    };
    let connected = wire::connect(&greeting).await;
    connected.with_context(|| format!("cannot use the broker at {}; check --broker", shown(url)))
}

/// The next whole packet, taken out of `bytes`; `None` where more bytes are needed.
pub(crate) fn next_packet(bytes: &mut BytesMut) -> io::Result<Option<Packet>> {
    wire::next_packet(bytes, INCOMING_BYTES_MAX).map_err(io::Error::other)
}

/// The reason code of a PUBACK as MQTT 5 numbers it; 0x80 and above are refusals.
pub(crate) fn reason_code(reason: PubAckReason) -> u8 {
    match reason {
        PubAckReason::Success => 0x00,
        PubAckReason::NoMatchingSubscribers => 0x10,
        PubAckReason::UnspecifiedError => 0x80,
        PubAckReason::ImplementationSpecificError => 0x83,
        PubAckReason::NotAuthorized => 0x87,
        PubAckReason::TopicNameInvalid => 0x90,
        PubAckReason::PacketIdentifierInUse => 0x91,
        PubAckReason::QuotaExceeded => 0x97,
        PubAckReason::PayloadFormatInvalid => 0x99,
    }
}
