//! A publisher that speaks MQTT 3.1.1 or 5 byte by byte, so that a test may send what no library would.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::daemon::TIMEOUT;

/// The version as its number in CONNECT.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V311 = 4,
    V5 = 5,
}

/// Keep the message for whoever subscribes later.
pub(crate) const RETAIN: u8 = 0x01;
/// It was sent before.
pub(crate) const DUP: u8 = 0x08;
const PUBLISH_QOS1: u8 = 0x32;
const PUBACK: u8 = 0x40;
const DISCONNECT: [u8; 2] = [0xE0, 0];

/// Publishes one message over a connection of its own. True where the broker acknowledges it as taken, false where it
/// refuses it or hangs up.
pub(crate) async fn publish(port: u16, version: Version, flags: u8, topic: &str, payload: &[u8]) -> bool {
    timeout(TIMEOUT, attempt(port, version, flags, topic, payload)).await.expect("the broker answers or hangs up")
}

async fn attempt(port: u16, version: Version, flags: u8, topic: &str, payload: &[u8]) -> bool {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let properties: &[u8] = if version == Version::V5 { &[0] } else { &[] };
    let connect = [text("MQTT"), vec![version as u8, 2, 0, 60], properties.to_vec(), text("raw")].concat();
    socket.write_all(&packet(0x10, &connect)).await.unwrap();
    let [kind, connack] = answer(&mut socket).await.expect("the broker greets");
    assert_eq!((kind[0], connack[1]), (0x20, 0), "the broker lets us in");
    let publish = [text(topic), vec![0, 1], properties.to_vec(), payload.to_vec()].concat();
    // A broker that has seen enough may hang up before all of it is written.
    let _ = socket.write_all(&packet(PUBLISH_QOS1 | flags, &publish)).await;
    match answer(&mut socket).await {
        Some([kind, puback]) => kind[0] == PUBACK && puback.get(2).is_none_or(|reason| *reason < 0x80),
        None => false,
    }
}

/// Whether the broker keeps a session under this client id; it ends with the question.
pub(crate) async fn has_session(port: u16, client_id: &str) -> bool {
    let (mut socket, is_present) = connect(port, client_id, false, 0).await;
    socket.write_all(&DISCONNECT).await.unwrap();
    is_present
}

/// Has the broker forget the session of a client id.
pub(crate) async fn forget_session(port: u16, client_id: &str) {
    let (mut socket, _) = connect(port, client_id, true, 0).await;
    socket.write_all(&DISCONNECT).await.unwrap();
}

/// Leaves a session behind that is subscribed to a filter at QoS 1.
pub(crate) async fn subscribe(port: u16, client_id: &str, filter: &str) {
    let (mut socket, _) = connect(port, client_id, true, 3_600).await;
    let subscribe = [vec![0, 1, 0], text(filter), vec![1]].concat();
    socket.write_all(&packet(0x82, &subscribe)).await.unwrap();
    let [kind, suback] = answer(&mut socket).await.expect("the broker answers");
    assert_eq!((kind[0], suback.last()), (0x90, Some(&1)), "QoS 1 is granted");
    socket.write_all(&DISCONNECT).await.unwrap();
}

/// A connection, and whether the broker had its session.
async fn connect(port: u16, client_id: &str, clean_start: bool, expiry_s: u32) -> (TcpStream, bool) {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let expiry = [&[5, 0x11][..], &expiry_s.to_be_bytes()].concat();
    let flags = if clean_start { 2 } else { 0 };
    let connect = [text("MQTT"), vec![Version::V5 as u8, flags, 0, 60], expiry, text(client_id)].concat();
    socket.write_all(&packet(0x10, &connect)).await.unwrap();
    let [kind, connack] = answer(&mut socket).await.expect("the broker greets");
    assert_eq!((kind[0], connack[1]), (0x20, 0), "the broker lets us in");
    (socket, connack[0] == 1)
}

/// Kind and content of the next packet, which is short; `None` where there is none.
async fn answer(socket: &mut TcpStream) -> Option<[Vec<u8>; 2]> {
    let mut head = [0; 2];
    timeout(Duration::from_secs(10), socket.read_exact(&mut head)).await.ok()?.ok()?;
    let mut content = vec![0; head[1].into()];
    socket.read_exact(&mut content).await.ok()?;
    Some([vec![head[0]], content])
}

fn text(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat()
}

fn packet(kind: u8, content: &[u8]) -> Vec<u8> {
    let (mut packet, mut rest) = (vec![kind], content.len());
    loop {
        let byte = u8::try_from(rest % 128).unwrap();
        rest /= 128;
        packet.push(if rest > 0 { byte | 0x80 } else { byte });
        if rest == 0 {
            break;
        }
    }
    packet.extend_from_slice(content);
    packet
}
