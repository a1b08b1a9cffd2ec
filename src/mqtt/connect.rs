//! Connect: a socket to the broker, with or without TLS, then CONNECT and CONNACK.
//!
//! What publishes (`load`, `replay`) and what subscribes (`ingest`) connect through here alike.

use std::borrow::Cow;
use std::time::Duration;

use bytes::BytesMut;
// It is named for its version: see Cargo.toml.
use idna_adapter as _;
use percent_encoding::percent_decode_str;
use rumqttc::tokio_rustls::TlsConnector;
use rumqttc::v5::mqttbytes::v5::{Connect, ConnectProperties, Login, Packet};
use rustls::pki_types::ServerName;
use secrecy::ExposeSecret as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use super::error::{BrokerError, MqttError};
use super::packet::{next_packet, put_connect_3, write};
use super::reason::CONNACK;
use super::tls;
use crate::config::{MqttConfig, TlsConfig};

/// How long a publisher may send nothing.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long a publisher waits for socket, TLS and CONNACK together.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest packet that a broker may send to a client that only publishes.
pub(crate) const ANSWER_BYTES_MAX: u32 = 256 * 1024;

/// A socket, with or without TLS.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// The content of CONNECT, and how the broker is reached.
#[derive(Debug)]
pub(crate) struct ConnectOptions<'a> {
    /// `mqtt://` or `mqtts://`, with user and password where there are any.
    pub(crate) url: &'a Url,
    pub(crate) client_id: &'a str,
    /// False to resume the session of this name where the broker has kept it.
    pub(crate) clean_start: bool,
    /// How long we may send nothing.
    pub(crate) keep_alive: Duration,
    /// Messages that the broker may send ahead of their acknowledgement; `None` for a client that receives none.
    pub(crate) receive_maximum: Option<u16>,
    /// How long the broker keeps the session of an absent client.
    pub(crate) session_expiry_s: Option<u32>,
    /// The longest packet that we take.
    pub(crate) packet_bytes_max: u32,
    /// How long the socket, TLS and CONNACK may take together.
    pub(crate) connect_timeout: Duration,
    pub(crate) tls: &'a TlsConfig,
}

impl<'a> ConnectOptions<'a> {
    /// Those of a client that publishes and receives nothing.
    pub(crate) fn of_publisher(url: &'a Url, client_id: &'a str, tls: &'a TlsConfig) -> ConnectOptions<'a> {
        ConnectOptions {
            url,
            client_id,
            // The publisher remembers what is unacknowledged, so the broker need not.
            clean_start: true,
            keep_alive: KEEP_ALIVE,
            receive_maximum: None,
            session_expiry_s: None,
            packet_bytes_max: ANSWER_BYTES_MAX,
            connect_timeout: CONNECT_TIMEOUT,
            tls,
        }
    }
}

/// A connection that the broker has accepted.
pub(crate) struct Connected {
    pub(crate) socket: Box<dyn Socket>,
    /// Bytes that came after CONNACK and are not read yet.
    pub(crate) rest: BytesMut,
    /// True where the broker has kept the session of this name.
    pub(crate) session_present: bool,
    /// How long the broker keeps the session without a connection, in seconds.
    pub(crate) session_expiry_s: u32,
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

/// The broker that the configuration names.
pub(crate) fn broker_url(config: &MqttConfig) -> Result<Url, BrokerUrlError> {
    Url::parse(config.url.expose_secret()).map_err(|_| BrokerUrlError)
}

/// The configured URL of the broker is none.
#[derive(Copy, Clone, Debug, thiserror::Error)]
#[error("mqtt.url must be a URL as in mqtt://host:1883")]
pub(crate) struct BrokerUrlError;

/// Connects as a publisher; the error names the broker.
pub(crate) async fn connect_publisher(url: &Url, client_id: &str, tls: &TlsConfig) -> Result<Connected, BrokerError> {
    let connected = connect(&ConnectOptions::of_publisher(url, client_id, tls)).await;
    connected.map_err(|source| BrokerError { broker: shown(url), setting: "--broker, or mqtt.url", source })
}

/// Reaches the broker and sends CONNECT.
pub(crate) async fn connect(options: &ConnectOptions<'_>) -> Result<Connected, MqttError> {
    let reached = timeout(options.connect_timeout, async { send_connect(open(options).await?, options).await });
    match reached.await {
        Ok(Err(error)) if error.is_hang_up() => {
            let is_version_3 = timeout(options.connect_timeout, answers_version_3(options)).await;
            Err(if matches!(is_version_3, Ok(Ok(true))) { MqttError::OnlyVersion3 } else { error })
        }
        Ok(connected) => connected,
        Err(_) => Err(MqttError::Silent(options.connect_timeout)),
    }
}

/// Whether it answers CONNECT of MQTT 3.1.1, whatever the answer. Under a name of its own: no session is touched.
async fn answers_version_3(options: &ConnectOptions<'_>) -> Result<bool, MqttError> {
    let mut socket = open(options).await?;
    let mut bytes = BytesMut::new();
    let client_id = format!("healthtrack-version-{}", std::process::id());
    let login = login(options.url)?;
    let login = login.as_ref().map(|login| (login.username.as_bytes(), login.password.as_bytes()));
    put_connect_3(&mut bytes, client_id.as_bytes(), login);
    socket.write_all(&bytes).await?;
    socket.flush().await?;
    Ok(socket.read_u8().await? == CONNACK)
}

async fn open(options: &ConnectOptions<'_>) -> Result<Box<dyn Socket>, MqttError> {
    let host = options.url.host_str().map(|host| host.trim_matches(['[', ']'])).ok_or(MqttError::Address)?;
    let secure = match options.url.scheme() {
        "mqtt" | "tcp" => false,
        "mqtts" | "ssl" => true,
        _ => return Err(MqttError::Address),
    };
    let tcp = TcpStream::connect((host, port(options.url))).await?;
    tcp.set_nodelay(true)?;
    let socket: Box<dyn Socket> = if secure {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| MqttError::Address)?;
        Box::new(TlsConnector::from(tls::client(options.tls)?).connect(name, tcp).await?)
    } else {
        Box::new(tcp)
    };
    Ok(socket)
}

async fn send_connect(mut socket: Box<dyn Socket>, options: &ConnectOptions<'_>) -> Result<Connected, MqttError> {
    let properties = ConnectProperties {
        max_packet_size: Some(options.packet_bytes_max),
        receive_maximum: options.receive_maximum,
        session_expiry_interval: options.session_expiry_s,
        // No topic aliases: each message says its whole topic.
        topic_alias_max: None,
        ..ConnectProperties::new()
    };
    let connect = Connect {
        keep_alive: u16::try_from(options.keep_alive.as_secs()).unwrap_or(u16::MAX),
        client_id: options.client_id.to_owned(),
        clean_start: options.clean_start,
        properties: Some(properties),
    };
    let mut bytes = BytesMut::new();
    write(&Packet::Connect(connect, None, login(options.url)?), &mut bytes)?;
    socket.write_all(&bytes).await?;
    socket.flush().await?;
    bytes.clear();
    let connack = loop {
        match next_packet(&mut bytes, options.packet_bytes_max)? {
            Some(Packet::ConnAck(connack)) => break connack,
            Some(_) => return Err(MqttError::Protocol("its first packet is no CONNACK".to_owned())),
            None if socket.read_buf(&mut bytes).await? == 0 => return Err(MqttError::Closed),
            None => {}
        }
    };
    let given = connack.properties.as_ref();
    let keep_alive = given.and_then(|given| given.server_keep_alive).map(|s| Duration::from_secs(s.into()));
    let keep_alive = keep_alive.unwrap_or(options.keep_alive).min(options.keep_alive);
    Ok(Connected {
        socket,
        rest: bytes,
        session_present: connack.session_present,
        session_expiry_s: given
            .and_then(|given| given.session_expiry_interval)
            .or(options.session_expiry_s)
            .unwrap_or_default(),
        receive_max: given.and_then(|given| given.receive_max).unwrap_or(u16::MAX).max(1),
        packet_bytes_max: given.and_then(|given| given.max_packet_size).map_or(usize::MAX, |max| max as usize),
        qos_max: given.and_then(|given| given.max_qos).unwrap_or(2),
        ping_every: (keep_alive / 2).max(Duration::from_secs(1)),
    })
}

fn login(url: &Url) -> Result<Option<Login>, MqttError> {
    if url.username().is_empty() {
        return Ok(None);
    }
    let password = url.password().unwrap_or_default();
    Ok(Some(Login::new(percent_decoded(url.username())?, percent_decoded(password)?)))
}

/// `%40` is `@`: a URL cannot hold every password as it is.
fn percent_decoded(text: &str) -> Result<String, MqttError> {
    percent_decode_str(text).decode_utf8().map(Cow::into_owned).map_err(|_| MqttError::Login)
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
}
