//! Whether the daemon's ports are free, or answer as the daemon does.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::finding::Findings;
use crate::config::Config;

/// How long a daemon may take to answer.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Enough of an answer to know it by.
const ANSWER_BYTES_MAX: u64 = 16 * 1024;

pub(super) async fn check(config: &Config, findings: &mut Findings) {
    check_port("http.bind", config.http.bind, "/readyz", "", findings).await;
    // Every exporter answers; ours names its metrics.
    check_port("telemetry.bind", config.telemetry.bind, "/metrics", "healthtrack", findings).await;
}

async fn check_port(key: &str, address: SocketAddr, path: &str, sign: &str, findings: &mut Findings) {
    let advice = format!("stop the other program, or choose another {key}");
    match TcpListener::bind(address).await {
        Ok(_) => return findings.ok(format!("{key} {address}: free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
        Err(error) => return findings.fail(format!("{key} {address}: {error}"), advice),
    }
    match timeout(TIMEOUT, get(reachable(address), path)).await {
        Ok(Ok((200, answer))) if answer.contains(sign) => findings.ok(format!("{key} {address}: {path} answers")),
        Ok(Ok((503, answer))) => {
            let why = answer.lines().next_back().unwrap_or_default().trim();
            findings.warn(format!("{key} {address}: the daemon runs and is not ready: {why}"), "read its log");
        }
        _ => findings.fail(format!("{key} {address}: taken by a program that does not answer {path}"), advice),
    }
}

/// Nobody is reached at "any address".
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// Status and answer of one request.
async fn get(address: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let mut socket = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    socket.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split_ascii_whitespace().nth(1).and_then(|status| status.parse().ok());
    Ok((status.unwrap_or(0), answer))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    /// What is found at a port behind which a server gives one answer.
    async fn found(answer: &'static str) -> Level {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 1_024];
            let _ = socket.read(&mut request).await.unwrap();
            socket.write_all(answer.as_bytes()).await.unwrap();
        });
        let mut findings = Findings::default();
        check_port("http.bind", address, "/readyz", "", &mut findings).await;
        server.await.unwrap();
        findings.0[0].level
    }

    #[tokio::test]
    async fn a_taken_port_is_told_by_its_answer() {
        assert_eq!(found("HTTP/1.1 200 OK\r\n\r\nready").await, Level::Ok);
        assert_eq!(found("HTTP/1.1 503 Service Unavailable\r\n\r\nno database").await, Level::Warn);
        assert_eq!(found("SSH-2.0-OpenSSH\r\n").await, Level::Fail);
    }
}
