//! A broker that does what a test says: which message comes when and under which number, and when a connection ends.
//!
//! A real broker chooses packet identifiers and moments by itself; what must hold whatever it chooses is tested with
//! this one. It also sees with its own eyes which acknowledgements come, and in which order.

use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{
    ConnAck, ConnAckProperties, ConnectReturnCode, Packet, PingResp, Publish, SubAck, SubscribeReasonCode,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout, timeout_at};

use super::daemon::TIMEOUT;

/// Listens; says nothing by itself.
pub(crate) struct ScriptedBroker {
    listener: TcpListener,
}

/// One subscribed connection. Dropping it cuts it.
pub(crate) struct Line {
    socket: TcpStream,
    bytes: BytesMut,
}

/// A message under the number that the test chose.
pub(crate) struct Numbered {
    pub(crate) packet_id: u16,
    /// Marked as sent before.
    pub(crate) dup: bool,
    pub(crate) topic: String,
    pub(crate) payload: String,
}

impl ScriptedBroker {
    /// On a free port.
    pub(crate) async fn open() -> ScriptedBroker {
        ScriptedBroker { listener: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap() }
    }

    /// Where the daemon connects.
    pub(crate) fn url(&self) -> String {
        format!("mqtt://{}", self.listener.local_addr().unwrap())
    }

    /// Takes the next connection up to its subscription; `kept` says whether its session was.
    pub(crate) async fn accept(&self, kept: bool) -> Line {
        self.accept_for(kept, None).await
    }

    /// The same, with a word on how many seconds the session will be kept.
    pub(crate) async fn accept_for(&self, kept: bool, session_expiry_s: Option<u32>) -> Line {
        timeout(TIMEOUT, self.greet(kept, session_expiry_s)).await.expect("the daemon connects and subscribes")
    }

    /// Takes the next connection up to its CONNECT, which is not answered.
    pub(crate) async fn accept_silently(&self) -> Line {
        timeout(TIMEOUT, self.hear()).await.expect("the daemon connects")
    }

    /// Takes the next connection before anything was read of it.
    pub(crate) async fn accept_socket(&self) -> TcpStream {
        timeout(TIMEOUT, self.listener.accept()).await.expect("the daemon connects").unwrap().0
    }

    /// The same, and its client id.
    pub(crate) async fn accept_named(&self) -> (String, Line) {
        timeout(TIMEOUT, self.hear_named()).await.expect("the daemon connects")
    }

    async fn hear(&self) -> Line {
        self.hear_named().await.1
    }

    async fn hear_named(&self) -> (String, Line) {
        let (socket, _) = self.listener.accept().await.unwrap();
        let mut line = Line { socket, bytes: BytesMut::new() };
        let Some(Packet::Connect(connect, ..)) = line.next().await else { panic!("a connection begins with CONNECT") };
        (connect.client_id, line)
    }

    async fn greet(&self, kept: bool, session_expiry_s: Option<u32>) -> Line {
        let mut line = self.hear().await;
        line.welcome(kept, session_expiry_s).await;
        let Some(Packet::Subscribe(subscribe)) = line.next().await else { panic!("the daemon does not subscribe") };
        let return_codes = vec![SubscribeReasonCode::Success(QoS::AtLeastOnce); subscribe.filters.len()];
        line.send(&Packet::SubAck(SubAck { pkid: subscribe.pkid, return_codes, properties: None })).await;
        line
    }
}

fn with_expiry(session_expiry_s: u32) -> ConnAckProperties {
    ConnAckProperties {
        session_expiry_interval: Some(session_expiry_s),
        receive_max: None,
        max_qos: None,
        retain_available: None,
        max_packet_size: None,
        assigned_client_identifier: None,
        topic_alias_max: None,
        reason_string: None,
        user_properties: Vec::new(),
        wildcard_subscription_available: None,
        subscription_identifiers_available: None,
        shared_subscription_available: None,
        server_keep_alive: None,
        response_information: None,
        server_reference: None,
        authentication_method: None,
        authentication_data: None,
    }
}

impl Line {
    /// Sends messages, all in one write.
    pub(crate) async fn deliver(&mut self, messages: &[Numbered]) {
        let mut out = BytesMut::new();
        for message in messages {
            let payload = Bytes::copy_from_slice(message.payload.as_bytes());
            let mut publish = Publish::new(message.topic.clone(), QoS::AtLeastOnce, payload, None);
            (publish.pkid, publish.dup) = (message.packet_id, message.dup);
            Packet::Publish(publish).write(&mut out, None).unwrap();
        }
        self.socket.write_all(&out).await.unwrap();
    }

    /// The acknowledgements that come, in their order, until there are `count`, nothing more comes within `timeout`, or
    /// the daemon is gone.
    pub(crate) async fn acks(&mut self, count: usize, timeout: Duration) -> Vec<u16> {
        let (mut acks, deadline) = (Vec::new(), Instant::now() + timeout);
        while acks.len() < count {
            match timeout_at(deadline, self.next()).await {
                Ok(Some(Packet::PubAck(puback))) => acks.push(puback.pkid),
                Ok(Some(Packet::PingReq(_))) => self.send(&Packet::PingResp(PingResp)).await,
                Ok(Some(packet)) => panic!("{packet:?} is no answer to a message"),
                Ok(None) | Err(_) => break,
            }
        }
        acks
    }

    /// Sends CONNACK.
    pub(crate) async fn welcome(&mut self, kept: bool, session_expiry_s: Option<u32>) {
        let properties = session_expiry_s.map(with_expiry);
        let connack = ConnAck { session_present: kept, code: ConnectReturnCode::Success, properties };
        self.send(&Packet::ConnAck(connack)).await;
    }

    /// Sends what no packet of the library is.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).await.unwrap();
    }

    /// The packet identifier of the next SUBSCRIBE.
    pub(crate) async fn subscribe_id(&mut self) -> u16 {
        match timeout(TIMEOUT, self.next()).await {
            Ok(Some(Packet::Subscribe(subscribe))) => subscribe.pkid,
            other => panic!("{other:?} is no SUBSCRIBE"),
        }
    }

    async fn send(&mut self, packet: &Packet) {
        let mut out = BytesMut::new();
        packet.write(&mut out, None).unwrap();
        self.socket.write_all(&out).await.unwrap();
    }

    /// The next packet; `None` once the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<Packet> {
        loop {
            if !self.bytes.is_empty()
                && let Ok(packet) = Packet::read(&mut self.bytes, None)
            {
                return Some(packet);
            }
            if self.socket.read_buf(&mut self.bytes).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }
}
