//! Broker: one session's side of a broker, over a pipe of few bytes, which may write its whole window before it reads.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{BufMut as _, BytesMut};
use rumqttc::v5::mqttbytes::v5::Packet;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use crate::mqtt::packet::next_packet;

const PACKET_BYTES_MAX: u32 = 4_096;

/// What it has to do.
#[derive(Copy, Clone, Debug)]
pub(super) struct Backlog {
    pub(super) messages: usize,
    /// Messages ahead of their acknowledgement; a broker without a limit has all of them.
    pub(super) window: usize,
    pub(super) devices: usize,
}

/// How far it is.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) sent: AtomicUsize,
    pub(super) acknowledged: AtomicUsize,
}

/// Grants the subscription, and sends what the window allows before it reads the next acknowledgements.
pub(super) async fn serve(mut pipe: DuplexStream, backlog: Backlog, progress: Arc<Progress>) {
    let mut read = BytesMut::new();
    loop {
        let (sent, acknowledged) = (progress.sent.load(Ordering::SeqCst), progress.acknowledged.load(Ordering::SeqCst));
        if sent < backlog.messages && sent - acknowledged < backlog.window {
            if pipe.write_all(&publish(sent, backlog.devices)).await.is_err() {
                return;
            }
            progress.sent.fetch_add(1, Ordering::SeqCst);
            continue;
        }
        match next_packet(&mut read, PACKET_BYTES_MAX).unwrap() {
            Some(Packet::PubAck(ack)) => {
                assert_eq!(usize::from(ack.pkid), acknowledged + 1, "acknowledged in the order of receipt");
                progress.acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            Some(Packet::Subscribe(asked)) => {
                let [high, low] = asked.pkid.to_be_bytes();
                pipe.write_all(&[0x90, 4, high, low, 0, 1]).await.unwrap();
            }
            Some(Packet::PingReq(_)) => pipe.write_all(&[0xD0, 0]).await.unwrap(),
            Some(other) => panic!("{other:?} is not expected"),
            None if pipe.read_buf(&mut read).await.unwrap_or(0) == 0 => return,
            None => {}
        }
    }
}

fn publish(number: usize, devices: usize) -> Vec<u8> {
    let topic = format!("ht/1/main/hub-{}/batch", number % devices);
    let payload = r#"{"v":1,"series":[{"metric":"heart_rate","times":[1795428000000],"values":[61]}]}"#;
    let mut packet = vec![0x32];
    let length = 2 + topic.len() + 2 + 1 + payload.len();
    assert!(length < 128, "a length of one byte");
    packet.put_u8(u8::try_from(length).unwrap());
    packet.put_u16(u16::try_from(topic.len()).unwrap());
    packet.put_slice(topic.as_bytes());
    packet.put_u16(u16::try_from(number + 1).unwrap());
    packet.put_u8(0);
    packet.put_slice(payload.as_bytes());
    packet
}
