//! Delivery: one message as the broker handed it over, before it is decoded.

use std::time::Instant;

use bytes::Bytes;

use crate::model::time::Timestamp;

/// One message as it came: received, not yet decoded.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Where it was published.
    pub topic: Bytes,
    /// What was published.
    pub payload: Bytes,
    /// MQTT 5 content type.
    pub content_type: Option<String>,
    /// When it was published, where the publisher says so.
    pub published_at: Option<Timestamp>,
    /// When it came.
    pub received_at: Timestamp,
    /// The same on the steady clock.
    pub arrived: Instant,
    /// What its acknowledgement is to name; `None` at QoS 0, which knows no acknowledgement.
    pub packet_id: Option<u16>,
}
