//! Subscription: what one connection has asked to be subscribed to, and what became of it.
//!
//! # Why
//! The standard keeps the packet identifiers of both sides apart; some brokers do not, and refuse a SUBSCRIBE whose
//! identifier a message bears that they have sent and that is not acknowledged (Mochi). Brokers count from 1, so we
//! count down from 65,535, past what is borne, and try again under another one where it is refused for that alone.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rumqttc::v5::mqttbytes::QoS;
use rumqttc::v5::mqttbytes::v5::{SubAck, SubscribeReasonCode};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::mqtt::MqttError;
use crate::mqtt::reason::{BrokerReason, PACKET_ID_IN_USE, said};

/// So many identifiers are tried over one connection.
const TRIES_MAX: u16 = 8;
/// From one try to the next: brokers give neighbouring identifiers to messages.
const STRIDE: u16 = 4_099;

/// The subscription of the present connection.
#[derive(Debug, Default)]
pub(super) struct Subscription {
    state: Mutex<State>,
    due: Notify,
    asked: Notify,
}

#[derive(Debug, Default)]
struct State {
    packet_id: u16,
    tries: u16,
    is_due: bool,
    is_granted: bool,
}

impl Subscription {
    /// A new connection has asked for nothing yet.
    pub(super) fn forget(&self) {
        *self.state() = State::default();
    }

    /// The connection subscribes.
    pub(super) fn open(&self) {
        *self.state() = State { packet_id: u16::MAX, tries: 0, is_due: true, is_granted: false };
        self.asked.notify_one();
    }

    /// The identifier of the SUBSCRIBE that is to be sent now, if one is; none that `is_borne`.
    pub(super) fn take_due(&self, is_borne: impl Fn(u16) -> bool) -> Option<u16> {
        let mut state = self.state();
        if !std::mem::take(&mut state.is_due) {
            return None;
        }
        let from = u16::MAX - state.tries * STRIDE;
        state.tries += 1;
        state.packet_id = (1..=from).rev().find(|id| !is_borne(*id))?;
        Some(state.packet_id)
    }

    /// Waits until one is to be sent.
    pub(super) async fn wait(&self) {
        self.due.notified().await;
    }

    /// What the broker answers: true where all filters are granted, false where it is asked again.
    pub(super) fn answer(&self, filters: &[String], suback: &SubAck) -> Result<bool, MqttError> {
        let mut state = self.state();
        if suback.pkid != state.packet_id || state.is_granted {
            return Err(MqttError::Protocol("a SUBACK for what was never asked".to_owned()));
        }
        let codes = suback.return_codes.iter().map(code);
        if codes.clone().any(|code| code == PACKET_ID_IN_USE) && state.tries < TRIES_MAX {
            state.is_due = true;
            self.due.notify_one();
            return Ok(false);
        }
        if let Some((filter, code)) = filters.iter().zip(codes.clone()).find(|(_, code)| *code >= 0x80) {
            let said = suback.properties.as_ref().and_then(|given| said(given.reason_string.as_deref()?));
            return Err(MqttError::Subscription {
                filter: filter.clone(),
                reason: BrokerReason { code, said, server: None },
            });
        }
        if codes.len() != filters.len() {
            return Err(MqttError::Protocol("a SUBACK of another length".to_owned()));
        }
        if let Some((filter, _)) = filters.iter().zip(codes).find(|(_, code)| *code == 0) {
            return Err(MqttError::Unprotected(filter.clone()));
        }
        state.is_granted = true;
        Ok(true)
    }

    /// Waits until the broker has not answered for `timeout`, which is for ever where it answers or is never asked.
    pub(super) async fn unanswered(&self, timeout: Duration) -> MqttError {
        while !self.is_asked() {
            self.asked.notified().await;
        }
        sleep(timeout).await;
        if self.state().is_granted {
            std::future::pending::<()>().await;
        }
        MqttError::NoSubAck(timeout)
    }

    fn is_asked(&self) -> bool {
        let state = self.state();
        state.is_due || state.tries > 0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The code as MQTT 5 numbers it.
fn code(code: &SubscribeReasonCode) -> u8 {
    match code {
        SubscribeReasonCode::Success(QoS::AtMostOnce) => 0x00,
        SubscribeReasonCode::Success(_) => 0x01,
        SubscribeReasonCode::Failure | SubscribeReasonCode::Unspecified => 0x80,
        SubscribeReasonCode::ImplementationSpecific => 0x83,
        SubscribeReasonCode::NotAuthorized => 0x87,
        SubscribeReasonCode::TopicFilterInvalid => 0x8F,
        SubscribeReasonCode::PkidInUse => PACKET_ID_IN_USE,
        SubscribeReasonCode::QuotaExceeded => 0x97,
        SubscribeReasonCode::SharedSubscriptionsNotSupported => 0x9E,
        SubscribeReasonCode::SubscriptionIdNotSupported => 0xA1,
        SubscribeReasonCode::WildcardSubscriptionsNotSupported => 0xA2,
    }
}
