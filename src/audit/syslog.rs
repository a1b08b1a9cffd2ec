//! Syslog: each record as one message in the form of RFC 5424.
//!
//! # Why
//! A record goes whole: all 64 chains take 5 to 7 kB, and with its header less than the 8,096 bytes that rsyslog takes
//! by default (syslog-ng and journald take more). A shorter one of fewer chains would prove nothing of the others, and
//! a digest of all of them nothing at all once the chains have moved on. Where a relay takes only the 2,048 bytes that
//! the standard recommends, records go elsewhere.
//!
//! The facility is 13, log audit. What arrives is one line, so the file of a syslog daemon is verified as it is. TCP
//! counts the bytes of each message (RFC 6587); it and a socket of this machine fail where nobody listens. UDP does not
//! tell.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket, UnixDatagram, lookup_host};
use tokio::time::timeout;
use url::Url;

use super::error::AuditError;
use super::record::HeadRecord;

/// Facility 13 (log audit), severity 5 (notice).
const PRIORITY: u8 = 13 * 8 + 5;
/// For one message, with the connection to where it goes.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
const UDP_PORT: u16 = 514;
const TCP_PORT: u16 = 601;

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Syslog {
    /// A datagram socket of this machine.
    Unix(PathBuf),
    /// Another machine, or this one.
    Udp(String, u16),
    /// The same, over a connection.
    Tcp(String, u16),
}

impl Syslog {
    /// Reads `unix:///dev/log`, `udp://HOST[:PORT]` or `tcp://HOST[:PORT]`.
    pub(super) fn parse(text: &str) -> Option<Syslog> {
        let url = Url::parse(text).ok()?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        let host = url.host_str().filter(|host| !host.is_empty()).map(str::to_owned);
        match (url.scheme(), url.path(), host) {
            _ if !is_plain => None,
            ("unix", path, None) if path.len() > 1 => Some(Syslog::Unix(PathBuf::from(path))),
            ("udp", "" | "/", Some(host)) => Some(Syslog::Udp(host, url.port().unwrap_or(UDP_PORT))),
            ("tcp", "" | "/", Some(host)) => Some(Syslog::Tcp(host, url.port().unwrap_or(TCP_PORT))),
            _ => None,
        }
    }

    /// Sends a record.
    pub(super) async fn send(&self, record: &HeadRecord) -> Result<(), AuditError> {
        let late = || Err(io::ErrorKind::TimedOut.into());
        let sent = timeout(SEND_TIMEOUT, self.send_message(&message(record))).await.unwrap_or_else(|_| late());
        sent.map_err(AuditError::Syslog)
    }

    async fn send_message(&self, message: &str) -> io::Result<()> {
        match self {
            Syslog::Unix(path) => UnixDatagram::unbound()?.send_to(message.as_bytes(), path).await.map(drop),
            Syslog::Udp(host, port) => {
                let to = resolved(host, *port).await?;
                let from = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                UdpSocket::bind(from).await?.send_to(message.as_bytes(), to).await.map(drop)
            }
            Syslog::Tcp(host, port) => {
                let mut stream = TcpStream::connect(resolved(host, *port).await?).await?;
                stream.write_all(format!("{} {message}", message.len()).as_bytes()).await?;
                stream.shutdown().await
            }
        }
    }
}

/// The first address of a host; that of IPv6 stands in brackets.
async fn resolved(host: &str, port: u16) -> io::Result<SocketAddr> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    lookup_host((host, port)).await?.next().ok_or_else(|| io::ErrorKind::HostUnreachable.into())
}

/// Without a host, which who receives it knows better.
fn message(record: &HeadRecord) -> String {
    format!("<{PRIORITY}>1 {} - healthtrack - heads - {}", record.at, record.line())
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpListener;

    use super::super::record::RECORD_BYTES_MAX;
    use super::super::tests::{keys, series};
    use super::*;

    fn record() -> HeadRecord {
        HeadRecord::read(&series(1)[0], &keys(&[1])).unwrap()
    }

    /// What is received is RFC 5424, and a record is read from it.
    fn is_received(bytes: &[u8]) {
        let text = std::str::from_utf8(bytes).unwrap();
        assert!(text.starts_with("<109>1 2026-11-28T10:00:00Z - healthtrack - heads - {"), "{text}");
        assert_eq!(HeadRecord::read(text, &keys(&[1])).unwrap(), record());
        assert!(text.len() - record().line().len() + RECORD_BYTES_MAX <= 8_096, "rsyslog takes it whole");
    }

    #[tokio::test]
    async fn a_record_is_one_message_on_a_socket_of_the_machine() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let syslog = Syslog::parse(&format!("unix://{}", path.display())).unwrap();
        assert!(matches!(syslog.send(&record()).await, Err(AuditError::Syslog(_))), "nobody listens");
        let socket = UnixDatagram::bind(&path).unwrap();
        syslog.send(&record()).await.unwrap();
        let mut bytes = vec![0; 9_000];
        let length = socket.recv(&mut bytes).await.unwrap();
        is_received(&bytes[..length]);
    }

    #[tokio::test]
    async fn a_record_is_one_datagram_of_udp() {
        for local in ["127.0.0.1:0", "[::1]:0"] {
            // A machine without IPv6 has none to try.
            let Ok(socket) = UdpSocket::bind(local).await else { continue };
            let syslog = Syslog::parse(&format!("udp://{}", socket.local_addr().unwrap())).unwrap();
            syslog.send(&record()).await.unwrap();
            let mut bytes = vec![0; 9_000];
            let length = socket.recv(&mut bytes).await.unwrap();
            is_received(&bytes[..length]);
        }
    }

    #[tokio::test]
    async fn over_tcp_its_length_stands_before_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let syslog = Syslog::parse(&format!("tcp://{address}")).unwrap();
        let record = record();
        let (sent, received) = tokio::join!(syslog.send(&record), async {
            let mut text = String::new();
            listener.accept().await.unwrap().0.read_to_string(&mut text).await.unwrap();
            text
        });
        sent.unwrap();
        let (length, text) = received.split_once(' ').unwrap();
        assert_eq!(length.parse(), Ok(text.len()));
        is_received(text.as_bytes());
        drop(listener);
        assert!(matches!(syslog.send(&record).await, Err(AuditError::Syslog(_))), "nobody listens");
    }

    #[test]
    fn only_what_can_be_sent_to_is_an_address() {
        assert_eq!(Syslog::parse("unix:///dev/log"), Some(Syslog::Unix("/dev/log".into())));
        assert_eq!(Syslog::parse("udp://logs"), Some(Syslog::Udp("logs".to_owned(), 514)));
        assert_eq!(Syslog::parse("tcp://logs"), Some(Syslog::Tcp("logs".to_owned(), 601)));
        for wrong in
            ["", "/dev/log", "unix://", "unix://host/dev/log", "udp://", "udp://a:b@c", "udp://c/x", "https://c"]
        {
            assert_eq!(Syslog::parse(wrong), None, "{wrong}");
        }
    }
}
