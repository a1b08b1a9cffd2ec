//! The metrics of the connections to the broker.

use metrics::{Counter, Gauge};

use super::backlog::Unacknowledged;
use super::declare::{Declarer, MetricName};

const CONNECTED: MetricName =
    MetricName("healthtrack_mqtt_connected", "Connections to the broker that are up and subscribed.");
const CONNECTS: MetricName = MetricName("healthtrack_mqtt_connects_total", "Connections made to the broker.");
const SESSIONS_LOST: MetricName = MetricName(
    "healthtrack_mqtt_sessions_lost_total",
    "Connections for which the broker had no session: messages queued in it may be lost.",
);
const SESSION_EXPIRY: MetricName = MetricName(
    "healthtrack_mqtt_session_expiry_seconds",
    "How long the broker keeps a session without a connection, as it says: messages that wait for longer are lost.",
);
const MESSAGES: MetricName = MetricName("healthtrack_mqtt_messages_total", "Messages received.");
const RECEIVED_BYTES: MetricName = MetricName("healthtrack_mqtt_received_bytes_total", "Bytes of payload received.");
const UNPROTECTED_MESSAGES: MetricName = MetricName(
    "healthtrack_mqtt_unprotected_messages_total",
    "Messages received at QoS 0, which the broker does not send again.",
);
const FOREIGN_MESSAGES: MetricName = MetricName(
    "healthtrack_mqtt_foreign_messages_total",
    "Messages of shards that other daemons own, acknowledged and left to those: mqtt.filters are wider than the shard.",
);
const PAUSES: MetricName =
    MetricName("healthtrack_mqtt_pauses_total", "Times that reading stopped because too much was not yet committed.");
const ACKS: MetricName =
    MetricName("healthtrack_mqtt_acks_total", "PUBACKs handed to the connection, each after its commit.");
const REPLIES: MetricName =
    MetricName("healthtrack_mqtt_replies_total", "Messages published in answer to received ones, at QoS 0.");
const DROPPED_REPLIES: MetricName = MetricName(
    "healthtrack_mqtt_dropped_replies_total",
    "Answers not published: the queue was full, or the broker accepts no such topic or size.",
);
const UNACKNOWLEDGED_MESSAGES: MetricName =
    MetricName("healthtrack_mqtt_unacknowledged_messages", "Messages received and not yet acknowledged.");
const WINDOW_MESSAGES: MetricName = MetricName(
    "healthtrack_mqtt_window_messages",
    "Messages that the broker sends ahead of their acknowledgement, once it was noticed that they are few; else 0.",
);

/// Handles to the metrics of the connections to the broker.
pub struct MqttMetrics {
    connected: Gauge,
    /// `healthtrack_mqtt_connects_total`
    pub connects: Counter,
    /// `healthtrack_mqtt_sessions_lost_total`
    pub sessions_lost: Counter,
    /// `healthtrack_mqtt_session_expiry_seconds`
    pub session_expiry: Gauge,
    /// `healthtrack_mqtt_messages_total`
    pub messages: Counter,
    /// `healthtrack_mqtt_received_bytes_total`
    pub received_bytes: Counter,
    /// `healthtrack_mqtt_unprotected_messages_total`
    pub unprotected_messages: Counter,
    /// `healthtrack_mqtt_foreign_messages_total`
    pub foreign_messages: Counter,
    /// `healthtrack_mqtt_pauses_total`
    pub pauses: Counter,
    /// `healthtrack_mqtt_acks_total`
    pub acks: Counter,
    /// `healthtrack_mqtt_replies_total`
    pub replies: Counter,
    /// `healthtrack_mqtt_dropped_replies_total`
    pub dropped_replies: Counter,
    unacknowledged_messages: Gauge,
    unacknowledged: Unacknowledged,
    /// `healthtrack_mqtt_window_messages`
    pub window: Gauge,
}

impl MqttMetrics {
    pub(super) fn declare(new: &Declarer<'_>) -> MqttMetrics {
        MqttMetrics {
            connected: new.gauge(CONNECTED),
            connects: new.counter(CONNECTS),
            sessions_lost: new.counter(SESSIONS_LOST),
            session_expiry: new.gauge(SESSION_EXPIRY),
            messages: new.counter(MESSAGES),
            received_bytes: new.counter(RECEIVED_BYTES),
            unprotected_messages: new.counter(UNPROTECTED_MESSAGES),
            foreign_messages: new.counter(FOREIGN_MESSAGES),
            pauses: new.counter(PAUSES),
            acks: new.counter(ACKS),
            replies: new.counter(REPLIES),
            dropped_replies: new.counter(DROPPED_REPLIES),
            unacknowledged_messages: new.gauge(UNACKNOWLEDGED_MESSAGES),
            unacknowledged: Unacknowledged::default(),
            window: new.gauge(WINDOW_MESSAGES),
        }
    }

    /// Shows how many connections are up and subscribed.
    pub(super) fn show_connected(&self, connections: usize) {
        self.connected.set(connections as f64);
    }

    /// A connection has so many messages that are not acknowledged.
    pub fn unacknowledged(&self, session: &str, messages: usize) {
        self.unacknowledged_messages.set(self.unacknowledged.set(session, messages) as f64);
    }
}
