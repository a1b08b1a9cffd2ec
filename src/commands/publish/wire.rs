//! Wire: reaching a broker, the MQTT 5 greeting, and reading its answers.
//!
//! The packets are rumqttc's, the socket is ours: rumqttc's event loop writes and flushes each PUBLISH by itself, which
//! costs the load generator more processor time than the daemon that it is to measure.

use std::io;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::BytesMut;
use rumqttc::TlsConfiguration;
use rumqttc::tokio_rustls::TlsConnector;
use rumqttc::v5::mqttbytes::Error as PacketError;
use rumqttc::v5::mqttbytes::v5::{Connect, ConnectProperties, ConnectReturnCode, Login, Packet, PubAckReason};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

/// How long the broker may hear nothing from us. We ping twice as often.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long reaching the broker, TLS and the greeting may take together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest packet that a broker may send to a client that only publishes.
const INCOMING_BYTES_MAX: u32 = 256 * 1024;

/// A socket, with or without TLS.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// A connection on which the broker has said yes.
pub(crate) struct Connected {
    pub(crate) socket: Box<dyn Socket>,
    /// Bytes that came with the greeting and are not read yet.
    pub(crate) rest: BytesMut,
    /// How many unacknowledged messages the broker takes.
    pub(crate) receive_max: u16,
    /// The largest packet that the broker takes.
    pub(crate) packet_bytes_max: usize,
    /// The highest quality of service that the broker offers.
    pub(crate) qos_max: u8,
    /// How often a ping is due.
    pub(crate) ping_every: Duration,
}

/// The broker's address without user and password, for messages to people.
pub(crate) fn shown(url: &Url) -> String {
    format!("{}://{}:{}", url.scheme(), url.host_str().unwrap_or_default(), port(url))
}

/// Reaches the broker and greets it.
pub(crate) async fn connect(url: &Url, client_id: &str) -> anyhow::Result<Connected> {
    let broker = shown(url);
    match timeout(CONNECT_TIMEOUT, reach_and_greet(url, client_id)).await {
        Ok(connected) => connected.with_context(|| format!("cannot use the broker at {broker}; check --broker")),
        Err(_) => bail!("the broker at {broker} does not answer within {CONNECT_TIMEOUT:?}; check --broker"),
    }
}

async fn reach_and_greet(url: &Url, client_id: &str) -> anyhow::Result<Connected> {
    let Some(host) = url.host_str().map(|host| host.trim_matches(['[', ']'])) else {
        bail!("the address names no host; write mqtt://HOST:PORT")
    };
    let tls = match url.scheme() {
        "mqtt" | "tcp" => false,
        "mqtts" | "ssl" => true,
        other => bail!("{other}:// is no MQTT address; write mqtt://HOST:PORT or mqtts://HOST:PORT"),
    };
    let tcp = TcpStream::connect((host, port(url))).await?;
    tcp.set_nodelay(true)?;
    let socket: Box<dyn Socket> = if tls { secure(host, tcp).await? } else { Box::new(tcp) };
    greet(socket, url, client_id).await
}

async fn secure(host: &str, tcp: TcpStream) -> anyhow::Result<Box<dyn Socket>> {
    // Another part of the program may have chosen a provider before: that one is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let TlsConfiguration::Rustls(config) = TlsConfiguration::default() else {
        bail!("no TLS configuration trusts this machine's certificate authorities")
    };
    let name = ServerName::try_from(host.to_owned())?;
    Ok(Box::new(TlsConnector::from(config).connect(name, tcp).await?))
}

async fn greet(mut socket: Box<dyn Socket>, url: &Url, client_id: &str) -> anyhow::Result<Connected> {
    let properties = ConnectProperties { max_packet_size: Some(INCOMING_BYTES_MAX), ..ConnectProperties::new() };
    let connect = Connect {
        keep_alive: KEEP_ALIVE.as_secs() as u16,
        client_id: client_id.to_owned(),
        // The window below remembers what is unacknowledged, so the broker need not.
        clean_start: true,
        properties: Some(properties),
    };
    let mut bytes = BytesMut::new();
    Packet::Connect(connect, None, login(url)?).write(&mut bytes, None)?;
    socket.write_all(&bytes).await?;
    socket.flush().await?;
    bytes.clear();
    let connack = loop {
        match next_packet(&mut bytes)? {
            Some(Packet::ConnAck(connack)) => break connack,
            Some(_) => bail!("it does not greet as an MQTT 5 broker does"),
            None if socket.read_buf(&mut bytes).await? == 0 => bail!("it closed the connection; does it speak MQTT 5?"),
            None => {}
        }
    };
    if connack.code != ConnectReturnCode::Success {
        bail!("it refuses the connection: {:?}", connack.code);
    }
    let properties = connack.properties;
    let given = properties.as_ref();
    let keep_alive =
        given.and_then(|given| given.server_keep_alive).map_or(KEEP_ALIVE, |s| Duration::from_secs(s.into()));
    Ok(Connected {
        socket,
        rest: bytes,
        receive_max: given.and_then(|given| given.receive_max).unwrap_or(u16::MAX).max(1),
        packet_bytes_max: given.and_then(|given| given.max_packet_size).map_or(usize::MAX, |max| max as usize),
        qos_max: given.and_then(|given| given.max_qos).unwrap_or(2),
        ping_every: (keep_alive.min(KEEP_ALIVE) / 2).max(Duration::from_secs(1)),
    })
}

/// The next whole packet, taken out of `bytes`; `None` where more bytes are needed.
pub(crate) fn next_packet(bytes: &mut BytesMut) -> io::Result<Option<Packet>> {
    if bytes.is_empty() {
        return Ok(None);
    }
    match Packet::read(bytes, Some(INCOMING_BYTES_MAX)) {
        Ok(packet) => Ok(Some(packet)),
        Err(PacketError::InsufficientBytes(_)) => Ok(None),
        Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, format!("not a packet: {error:?}"))),
    }
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

fn login(url: &Url) -> anyhow::Result<Option<Login>> {
    if url.username().is_empty() {
        return Ok(None);
    }
    let password = url.password().unwrap_or_default();
    Ok(Some(Login::new(percent_decoded(url.username())?, percent_decoded(password)?)))
}

/// `%40` is `@`: a URL cannot hold every password as it is.
fn percent_decoded(text: &str) -> anyhow::Result<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.split_at_checked(2)).flatten();
        let decoded = escaped.and_then(|(hex, after)| {
            let hex = std::str::from_utf8(hex).ok()?;
            Some((u8::from_str_radix(hex, 16).ok()?, after))
        });
        let (byte, after) = decoded.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).context("the user or password in the broker's address is no UTF-8")
}

fn port(url: &Url) -> u16 {
    url.port().unwrap_or(if matches!(url.scheme(), "mqtts" | "ssl") { 8883 } else { 1883 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let url = Url::parse("mqtts://user:secret@broker.example").unwrap();
        assert_eq!(shown(&url), "mqtts://broker.example:8883");
    }

    #[test]
    fn a_password_may_hold_any_character() {
        let url = Url::parse("mqtt://hub:p%40ss%2Fw%25rd@localhost").unwrap();
        assert_eq!(login(&url).unwrap(), Some(Login::new("hub", "p@ss/w%rd")));
    }

    #[test]
    fn half_a_packet_waits_for_its_other_half() {
        let mut bytes = BytesMut::from(&[0x40, 0x02, 0x00][..]);
        assert_eq!(next_packet(&mut bytes).unwrap(), None);
        bytes.extend_from_slice(&[0x07]);
        assert!(matches!(next_packet(&mut bytes).unwrap(), Some(Packet::PubAck(puback)) if puback.pkid == 7));
        assert!(next_packet(&mut BytesMut::from(&[0x00, 0x00, 0x00][..])).is_err());
    }
}
