//! Leaving: how one connection leaves filters and its session, once all that waits in them has come (`leave`).

use std::sync::{MutexGuard, PoisonError};
use std::time::Instant;

use bytes::{BufMut as _, BytesMut};
use rumqttc::v5::mqttbytes::v5::{Packet, UnsubAckReason, Unsubscribe};
use tokio::time::sleep_until;

use super::Session;
use crate::ingest::leave::{Action, Leave};
use crate::mqtt::MqttError;
use crate::mqtt::packet::{END_SESSION, PINGREQ, write};

impl Session {
    /// What the broker answers to UNSUBSCRIBE.
    pub(super) fn take_unsuback(&self, reasons: &[UnsubAckReason]) {
        let is_done =
            |reason: &UnsubAckReason| matches!(reason, UnsubAckReason::Success | UnsubAckReason::NoSubscriptionExisted);
        let (client, filters) = (&self.named.client_id, self.named.known().left.filters.join(", "));
        if reasons.iter().all(is_done) {
            tracing::info!(mqtt.client = %client, "unsubscribed from {filters}, which held no message any more");
            self.named.leave_filters();
        } else {
            tracing::warn!(mqtt.client = %client, "the broker refuses to unsubscribe from {filters} and goes on \
                sending; let this client unsubscribe, and start the daemon again");
        }
        self.leave().unsubscribed();
    }

    /// Writes what is due to leave filters or the session; true where the session ends with it.
    pub(super) fn put_leave(&self, out: &mut BytesMut) -> Result<bool, MqttError> {
        let due = self.leave().take_due(Instant::now());
        match due {
            Some(Action::Ask) => out.put_slice(&PINGREQ),
            Some(Action::Unsubscribe(filters)) => {
                let tracker = self.acks.tracker();
                let pkid = (1..=u16::MAX).rev().find(|id| !tracker.bears(*id)).unwrap_or(u16::MAX);
                write(&Packet::Unsubscribe(Unsubscribe { pkid, filters, properties: None }), out)?;
            }
            Some(Action::EndSession) => {
                out.put_slice(&END_SESSION);
                return Ok(true);
            }
            None => {}
        }
        Ok(false)
    }

    /// Waits until more may be due to leave something.
    pub(super) async fn wait_to_leave(&self) {
        if self.leave().is_waiting() {
            self.state.all_subscribed().await;
            return self.leave().begin();
        }
        let next = self.leave().next_at(Instant::now());
        match next {
            Some(at) => sleep_until(at.into()).await,
            None => std::future::pending().await,
        }
    }

    pub(super) fn leave(&self) -> MutexGuard<'_, Leave> {
        self.leave.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
