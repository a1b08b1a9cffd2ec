//! Wire: reaching a broker, with or without TLS, the MQTT 5 greeting, and packets out of bytes.
//!
//! What publishes (the generator, `replay`) and what subscribes greet through here alike.

use std::borrow::Cow;
use std::time::Duration;

use bytes::BytesMut;
// It is named for its version: see Cargo.toml.
use idna_adapter as _;
use percent_encoding::percent_decode_str;
use rumqttc::tokio_rustls::TlsConnector;
use rumqttc::v5::mqttbytes::Error as PacketError;
use rumqttc::v5::mqttbytes::v5::{Connect, ConnectProperties, ConnectReturnCode, Login, Packet};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use super::tls;
use crate::config::TlsConfig;

/// A socket, with or without TLS.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// What is said to the broker first.
#[derive(Debug)]
pub(crate) struct ConnectOptions<'a> {
    /// `mqtt://` or `mqtts://`, with user and password where there are any.
    pub(crate) url: &'a Url,
    pub(crate) client_id: &'a str,
    /// False to go on with the session of this name where the broker has kept it.
    pub(crate) clean_start: bool,
    /// How long the broker may hear nothing from us.
    pub(crate) keep_alive: Duration,
    /// Messages that the broker may send ahead of their acknowledgement; `None` for a client that receives none.
    pub(crate) receive_maximum: Option<u16>,
    /// How long the broker keeps the session of an absent client.
    pub(crate) session_expiry_s: Option<u32>,
    /// The longest packet that we take.
    pub(crate) packet_bytes_max: u32,
    /// How long reaching the broker, TLS and the greeting may take together.
    pub(crate) connect_timeout: Duration,
    pub(crate) tls: &'a TlsConfig,
}

/// A connection on which the broker has said yes.
pub(crate) struct Connected {
    pub(crate) socket: Box<dyn Socket>,
    /// Bytes that came with the greeting and are not read yet.
    pub(crate) rest: BytesMut,
    /// True where the broker has kept the session of this name.
    pub(crate) session_present: bool,
    /// How many unacknowledged messages the broker takes.
    pub(crate) receive_max: u16,
    /// The largest packet that the broker takes.
    pub(crate) packet_bytes_max: usize,
    /// The highest quality of service that the broker offers.
    pub(crate) qos_max: u8,
    /// How often a ping is due.
    pub(crate) ping_every: Duration,
}

/// Why there is no connection, or no longer one. Names the broker never: the caller does, without its password.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WireError {
    #[error("the address must be mqtt://HOST:PORT or mqtts://HOST:PORT")]
    Address,
    #[error("the user or password in the address must be UTF-8 once its %-escapes are read")]
    Login,
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    #[error("{0}")]
    Socket(#[from] std::io::Error),
    #[error("no answer within {0:?}")]
    Silent(Duration),
    #[error("the connection was closed")]
    Closed,
    #[error("the broker refuses the connection: {0:?}")]
    Refused(ConnectReturnCode),
    #[error("the broker does not speak MQTT 5 as the standard says: {0}")]
    Protocol(String),
    #[error("the broker ends the connection: {0}")]
    Disconnected(String),
    #[error("the broker refuses the subscription to {0}: check its access rules")]
    Subscription(String),
}

/// The broker's address without user and password, for messages to people.
pub(crate) fn shown(url: &Url) -> String {
    format!("{}://{}:{}", url.scheme(), url.host_str().unwrap_or_default(), port(url))
}

/// Reaches the broker and greets it.
pub(crate) async fn connect(greeting: &ConnectOptions<'_>) -> Result<Connected, WireError> {
    match timeout(greeting.connect_timeout, reach_and_greet(greeting)).await {
        Ok(connected) => connected,
        Err(_) => Err(WireError::Silent(greeting.connect_timeout)),
    }
}

/// The next whole packet, taken out of `bytes`; `None` where more bytes are needed.
pub(crate) fn next_packet(bytes: &mut BytesMut, bytes_max: u32) -> Result<Option<Packet>, WireError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    match Packet::read(bytes, Some(bytes_max)) {
        Ok(packet) => Ok(Some(packet)),
        Err(PacketError::InsufficientBytes(_)) => Ok(None),
        Err(error) => Err(WireError::Protocol(format!("not a packet: {error:?}"))),
    }
}

async fn reach_and_greet(greeting: &ConnectOptions<'_>) -> Result<Connected, WireError> {
    let host = greeting.url.host_str().map(|host| host.trim_matches(['[', ']'])).ok_or(WireError::Address)?;
    let secure = match greeting.url.scheme() {
        "mqtt" | "tcp" => false,
        "mqtts" | "ssl" => true,
        _ => return Err(WireError::Address),
    };
    let tcp = TcpStream::connect((host, port(greeting.url))).await?;
    tcp.set_nodelay(true)?;
    let socket: Box<dyn Socket> = if secure {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| WireError::Address)?;
        Box::new(TlsConnector::from(tls::client(greeting.tls)?).connect(name, tcp).await?)
    } else {
        Box::new(tcp)
    };
    greet(socket, greeting).await
}

async fn greet(mut socket: Box<dyn Socket>, greeting: &ConnectOptions<'_>) -> Result<Connected, WireError> {
    let properties = ConnectProperties {
        max_packet_size: Some(greeting.packet_bytes_max),
        receive_maximum: greeting.receive_maximum,
        session_expiry_interval: greeting.session_expiry_s,
        // No topic aliases: each message says its whole topic.
        topic_alias_max: None,
        ..ConnectProperties::new()
    };
    let connect = Connect {
        keep_alive: u16::try_from(greeting.keep_alive.as_secs()).unwrap_or(u16::MAX),
        client_id: greeting.client_id.to_owned(),
        clean_start: greeting.clean_start,
        properties: Some(properties),
    };
    let mut bytes = BytesMut::new();
    write(&Packet::Connect(connect, None, login(greeting.url)?), &mut bytes)?;
    socket.write_all(&bytes).await?;
    socket.flush().await?;
    bytes.clear();
    let connack = loop {
        match next_packet(&mut bytes, greeting.packet_bytes_max)? {
            Some(Packet::ConnAck(connack)) => break connack,
            Some(_) => return Err(WireError::Protocol("its first packet is no CONNACK".to_owned())),
            None if socket.read_buf(&mut bytes).await? == 0 => return Err(WireError::Closed),
            None => {}
        }
    };
    if connack.code != ConnectReturnCode::Success {
        return Err(WireError::Refused(connack.code));
    }
    let given = connack.properties.as_ref();
    let keep_alive = given.and_then(|given| given.server_keep_alive).map(|s| Duration::from_secs(s.into()));
    let keep_alive = keep_alive.unwrap_or(greeting.keep_alive).min(greeting.keep_alive);
    Ok(Connected {
        socket,
        rest: bytes,
        session_present: connack.session_present,
        receive_max: given.and_then(|given| given.receive_max).unwrap_or(u16::MAX).max(1),
        packet_bytes_max: given.and_then(|given| given.max_packet_size).map_or(usize::MAX, |max| max as usize),
        qos_max: given.and_then(|given| given.max_qos).unwrap_or(2),
        ping_every: (keep_alive / 2).max(Duration::from_secs(1)),
    })
}

/// Appends one packet to what is to be written.
pub(crate) fn write(packet: &Packet, bytes: &mut BytesMut) -> Result<(), WireError> {
    let written = packet.write(bytes, None);
    written.map(drop).map_err(|error| WireError::Protocol(format!("not to be written: {error:?}")))
}

fn login(url: &Url) -> Result<Option<Login>, WireError> {
    if url.username().is_empty() {
        return Ok(None);
    }
    let password = url.password().unwrap_or_default();
    Ok(Some(Login::new(percent_decoded(url.username())?, percent_decoded(password)?)))
}

/// `%40` is `@`: a URL cannot hold every password as it is.
fn percent_decoded(text: &str) -> Result<String, WireError> {
    percent_decode_str(text).decode_utf8().map(Cow::into_owned).map_err(|_| WireError::Login)
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
        assert_eq!(next_packet(&mut bytes, 1_024).unwrap(), None);
        bytes.extend_from_slice(&[0x07]);
        assert!(matches!(next_packet(&mut bytes, 1_024).unwrap(), Some(Packet::PubAck(puback)) if puback.pkid == 7));
        assert!(next_packet(&mut BytesMut::from(&[0x00, 0x00, 0x00][..]), 1_024).is_err());
    }
}
