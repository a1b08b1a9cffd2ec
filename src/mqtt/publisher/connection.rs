//! Connection: the publisher's own task, which serves one connection after another until the caller has finished.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::BytesMut;
use rumqttc::v5::mqttbytes::v5::Packet;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::time::{sleep, timeout, timeout_at};
use url::Url;

use super::answer::OnAck;
use super::shared::SharedConnection;
use crate::config::TlsConfig;
use crate::model::backoff::jittered;
use crate::mqtt::connect::{ANSWER_BYTES_MAX, Connected, Socket, connect_publisher, shown};
use crate::mqtt::error::{BrokerError, MqttError};
use crate::mqtt::packet::{DISCONNECT, PINGREQ, next_packet, reason_code};
use crate::telemetry::chain;

/// A broker that sends nothing for as long, though it is pinged, is gone.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// The first pause before connecting again; it doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// So many connections that end before one acknowledgement mean that the broker chokes on a message.
const NO_PROGRESS_MAX: u32 = 10;

/// The publisher's own task: serves one connection after the other until the caller has finished.
pub(super) async fn stay_connected(
    shared: Arc<SharedConnection>,
    url: Url,
    client_id: String,
    tls: TlsConfig,
    first: Connected,
    mut on_ack: OnAck,
) {
    let (mut next, mut no_progress, mut pause) = (Some(first), 0, PAUSE_MIN);
    loop {
        let connected = match next.take() {
            Some(connected) => Ok(connected),
            None => connect_publisher(&url, &client_id, &tls).await.inspect(|connected| {
                shared.reconnects.fetch_add(1, Ordering::Relaxed);
                shared.open(connected);
            }),
        };
        let answered_before = shared.counts();
        let ended = match connected {
            Ok(connected) => serve(&shared, connected, &mut on_ack).await,
            Err(BrokerError { source, .. }) => Err(source),
        };
        let Err(error) = ended else { return };
        let broker = shown(&url);
        let answers = shared.counts();
        let has_answers = answers.acked != answered_before.acked || answers.refused != answered_before.refused;
        let had_in_flight = shared.state().window.in_flight() > 0;
        shared.state().window.close();
        no_progress = match (has_answers, had_in_flight) {
            (true, _) => 0,
            (false, true) => no_progress + 1,
            (false, false) => no_progress,
        };
        pause = if has_answers { PAUSE_MIN } else { (pause * 2).min(PAUSE_MAX) };
        if no_progress >= NO_PROGRESS_MAX {
            return shared.fail(format!("the broker at {broker} ends each connection before it acknowledges: {error}"));
        }
        tracing::warn!(broker.url = %broker, "lost the connection to the broker, reconnecting: {}", chain(&error));
        sleep(jittered(pause)).await;
    }
}

/// Writes and reads one connection at the same time; `Ok` once the caller has finished.
async fn serve(shared: &SharedConnection, connected: Connected, on_ack: &mut OnAck) -> Result<(), MqttError> {
    let (read, write) = tokio::io::split(connected.socket);
    tokio::select! {
        // Whichever ends first ends the connection, so nothing half-done in the other matters.
        ended = write_all(shared, write, connected.ping_every) => ended,
        ended = read_answers(shared, read, connected.rest, on_ack) => ended,
    }
}

async fn write_all(
    shared: &SharedConnection,
    mut socket: WriteHalf<Box<dyn Socket>>,
    ping_every: Duration,
) -> Result<(), MqttError> {
    let mut bytes = BytesMut::new();
    let mut next_ping = tokio::time::Instant::now() + ping_every;
    loop {
        let ping_is_due = timeout_at(next_ping, shared.wake.notified()).await.is_err();
        if shared.take_out(&mut bytes) {
            socket.write_all(&DISCONNECT).await?;
            return Ok(socket.shutdown().await?);
        }
        if ping_is_due {
            bytes.extend_from_slice(&PINGREQ);
            next_ping = tokio::time::Instant::now() + ping_every;
        }
        socket.write_all(&bytes).await?;
        socket.flush().await?;
    }
}

async fn read_answers(
    shared: &SharedConnection,
    mut socket: ReadHalf<Box<dyn Socket>>,
    mut bytes: BytesMut,
    on_ack: &mut OnAck,
) -> Result<(), MqttError> {
    let (mut answers, mut acks) = (Vec::new(), Vec::new());
    loop {
        while let Some(packet) = next_packet(&mut bytes, ANSWER_BYTES_MAX)? {
            match packet {
                Packet::PubAck(puback) => answers.push((puback.pkid, reason_code(puback.reason))),
                Packet::PingResp(_) => {}
                _ => return Err(MqttError::Protocol("a packet that a publisher does not ask for".to_owned())),
            }
        }
        if !answers.is_empty() {
            let all_known = shared.take_answers(&answers, &mut acks);
            acks.iter().for_each(&mut *on_ack);
            answers.clear();
            if !all_known {
                return Err(MqttError::Protocol("a PUBACK for what was never sent".to_owned()));
            }
        }
        bytes.reserve(16 * 1024);
        match timeout(SILENCE_MAX, socket.read_buf(&mut bytes)).await {
            Ok(Ok(0)) => return Err(MqttError::Closed),
            Ok(read) => drop(read?),
            Err(_) => return Err(MqttError::Silent(SILENCE_MAX)),
        }
    }
}
