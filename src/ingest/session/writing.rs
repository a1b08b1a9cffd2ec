//! Writing: the subscription, acknowledgements, replies and pings, as they become due.

use std::time::{Duration, Instant};

use bytes::{BufMut as _, BytesMut};
use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{Filter, Packet, Subscribe};
use tokio::io::{AsyncWriteExt as _, WriteHalf};
use tokio::time::sleep_until;

use super::{PROVE_EVERY, Session};
use crate::faults::{Defect, is_injected};
use crate::mqtt::MqttError;
use crate::mqtt::connect::Socket;
use crate::mqtt::packet::{DISCONNECT, PINGREQ, put_puback, write};

impl Session {
    /// Writes the subscription, then acknowledgements and replies as they become due, all that are due in one write,
    /// and pings.
    pub(super) async fn write_acks(
        &self,
        mut socket: WriteHalf<Box<dyn Socket>>,
        connection: u64,
        ping_every: Duration,
        packet_bytes_max: usize,
    ) -> Result<(), MqttError> {
        let (mut out, mut ready) = (BytesMut::new(), Vec::new());
        // A session that is left gets nothing new.
        let mut subscribes = !self.named.filters.is_empty() && !is_injected(Defect::SkipResubscribe);
        let mut last_ping = Instant::now();
        let (mut is_unproved, unproved) = (false, self.state.unproved());
        tokio::pin!(unproved);
        loop {
            let closing = is_unproved || self.close.is_cancelled();
            self.put_subscribe(&mut out)?;
            self.take_ready(connection, &mut ready)?;
            self.telemetry.mqtt.acks.increment(ready.len() as u64);
            self.leave().acknowledge(ready.len() as u64);
            for packet_id in ready.drain(..) {
                put_puback(&mut out, packet_id);
                if is_injected(Defect::DieBetweenAcks) {
                    socket.write_all(&out).await?;
                    std::process::abort();
                }
            }
            let (published, dropped) = self.replies.take_out(packet_bytes_max, &mut out);
            self.telemetry.mqtt.replies.increment(published);
            self.telemetry.mqtt.dropped_replies.increment(dropped);
            let ends = self.put_leave(&mut out)?;
            if !out.is_empty() {
                socket.write_all(&out).await?;
                socket.flush().await?;
                out.clear();
                if ends {
                    return Ok(socket.shutdown().await?);
                }
                continue;
            }
            if closing {
                socket.write_all(&DISCONNECT).await?;
                return Ok(socket.shutdown().await?);
            }
            tokio::select! {
                () = self.acks.wait() => {}
                () = self.replies.wait() => {}
                () = self.subscription.wait() => {}
                () = self.close.cancelled() => {}
                () = self.state.none_behind(), if subscribes => {
                    self.subscription.open();
                    subscribes = false;
                }
                () = self.wait_to_leave() => {}
                () = &mut unproved => is_unproved = true,
                () = self.wait_to_ping(last_ping, ping_every) => {
                    out.put_slice(&PINGREQ);
                    last_ping = Instant::now();
                    self.leave().ping(last_ping);
                }
            }
        }
    }

    /// Waits until another ping is due: to keep the connection, or to prove that it lives.
    async fn wait_to_ping(&self, last: Instant, ping_every: Duration) {
        let prove = async {
            self.named.asked_for_proof().await;
            sleep_until((last + PROVE_EVERY).into()).await;
        };
        tokio::select! {
            () = sleep_until((last + ping_every).into()) => {}
            () = prove => {}
        }
    }

    /// The packet identifiers that may be acknowledged now.
    fn take_ready(&self, connection: u64, ready: &mut Vec<u16>) -> Result<(), MqttError> {
        let mut tracker = self.acks.tracker();
        if !tracker.is_open(connection) {
            return Err(MqttError::Abandoned);
        }
        if tracker.is_ready() {
            let unacknowledged = tracker.unacknowledged();
            tracker.window.free(unacknowledged, Instant::now());
        }
        tracker.take_ready(ready);
        Ok(())
    }

    /// Writes SUBSCRIBE where one is due.
    fn put_subscribe(&self, out: &mut BytesMut) -> Result<(), MqttError> {
        let is_borne = |packet_id| self.acks.tracker().bears(packet_id);
        let Some(pkid) = self.subscription.take_due(is_borne) else { return Ok(()) };
        let filters = self.named.filters.iter().map(|path| Filter::new(path, QoS::AtLeastOnce)).collect();
        write(&Packet::Subscribe(Subscribe { pkid, filters, properties: None }), out)
    }
}
