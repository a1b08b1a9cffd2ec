//! Queue: arrivals wait here for their lane, which takes a batch at a time.
//!
//! # Why
//! How a lane is woken is in `ring`, how sessions are kept within bounds in `budget`.
//!
//! Bounds: `Budget` counts the bytes of everything received and not yet committed, whatever lane it waits for; sessions
//! stop reading above `inflight_bytes_max`. Each arrival weighs at least `ARRIVAL_BYTES_MIN`, so a ring of
//! `capacity_for` places cannot be full before the budget is.

use std::sync::Arc;
use std::time::Instant;

use super::ack::Token;
pub use super::budget::Budget;
pub use super::ring::Limits;
use super::ring::{QueueItem, Ring};
use super::validate::ValidSamples;
use crate::formats::topic;
use crate::model::ids::DeviceId;
use crate::model::reason::Rejection;
use crate::model::time::Timestamp;

/// What an arrival weighs beside its payload and its samples.
pub const ARRIVAL_BYTES_MIN: usize = 512;
/// The most messages that one read from a socket can hold, for the places beyond the budget.
const READ_MESSAGES_MAX: usize = 8_192;

/// What one message says of one device.
#[derive(Debug)]
pub struct Arrival {
    /// Which device; `None` where the message does not say, so that nothing in it is valid.
    pub device: Option<DeviceId>,
    /// The valid samples.
    pub valid: Vec<ValidSamples>,
    /// The rejected parts.
    pub rejections: Vec<Rejection>,
    /// Where it was published.
    pub topic: bytes::Bytes,
    /// MQTT 5 content type.
    pub content_type: Option<String>,
    /// The whole message, for the quarantine.
    pub payload: bytes::Bytes,
    /// When it came.
    pub received_at: Timestamp,
    /// The same on the steady clock.
    pub arrived: Instant,
    /// When it was published, where the publisher says so.
    pub published_at: Option<Timestamp>,
    /// Samples in it, valid or not.
    pub samples: u64,
    /// The connection and the message that its commit settles; `None` at QoS 0.
    pub ack: Option<(usize, Token)>,
}

impl Arrival {
    /// The source that speaks for the device: a level of the topic. Empty where it is no text, as in no valid topic.
    pub fn source(&self) -> &str {
        std::str::from_utf8(topic::source(&self.topic)).unwrap_or_default()
    }

    /// Bytes that it counts for.
    pub fn weight(&self) -> usize {
        ARRIVAL_BYTES_MIN.saturating_add(self.payload.len()).saturating_add(self.samples().saturating_mul(16))
    }
}

impl QueueItem for Arrival {
    fn samples(&self) -> usize {
        usize::try_from(self.samples).unwrap_or(usize::MAX)
    }

    fn bytes(&self) -> usize {
        self.weight()
    }

    fn arrived(&self) -> Instant {
        self.arrived
    }
}

/// The places that a ring needs so that the budget is full before it is.
pub fn capacity_for(inflight_bytes_max: usize, connections: usize) -> usize {
    inflight_bytes_max / ARRIVAL_BYTES_MIN + connections.saturating_mul(READ_MESSAGES_MAX)
}

/// The lane of a device among so many. It holds for one run of the daemon: nothing that is stored depends on it.
fn lane_of(device: &str, lanes: usize) -> usize {
    // FNV-1a: a few nanoseconds for a short name. Names differ in a few digits, and of those its single bits know
    // little: `hub-0000000` to `hub-0000999` have bit 32 in common. So its halves are folded and multiplied, which
    // brings all of it into the upper bits.
    let hash = device
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    // The share of the range of 32 bits, as a share of the lanes.
    usize::try_from((mixed * u64::try_from(lanes).unwrap_or(1)) >> 32).unwrap_or(0)
}

/// The arrivals of one lane.
pub type Queue = Ring<Arrival>;

/// All lanes' queues with their common budget.
#[derive(Clone, Debug)]
pub struct Lanes {
    /// One for each lane.
    pub queues: Arc<[Queue]>,
    /// What all of them hold.
    pub budget: Arc<Budget>,
}

impl Lanes {
    /// So many lanes.
    pub fn new(lanes: usize, connections: usize, inflight_bytes_max: usize, limits: Limits) -> Lanes {
        let capacity = capacity_for(inflight_bytes_max, connections);
        let queues = (0..lanes).map(|_| Queue::new(capacity, limits)).collect();
        Lanes { queues, budget: Arc::new(Budget::new(inflight_bytes_max)) }
    }

    /// The lane of a device: always the same one while the daemon runs, so that one memory knows its series.
    pub fn of(&self, device: &str) -> Option<&Queue> {
        self.queues.get(lane_of(device, self.queues.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names that devices have: generated hubs, the files of a replay, addresses, wards and beds.
    const NAMES: [fn(usize) -> String; 8] = [
        |n| format!("hub-{n:05}"),
        |n| format!("hub-{n:07}"),
        |n| format!("hub-{n}"),
        |n| format!("fitbit-{}", 1_503_960_366 + 7_919 * n),
        |n| format!("{:012x}", 0xa4c1_3800_0000_u64 + n as u64),
        |n| format!("ward-{}.bed-{:02}", n / 40, n % 40),
        |n| format!("patient_{n:04}_wrist"),
        |n| char::from_u32(0x61 + (n % 26) as u32).map(|first| format!("{first}{n}")).unwrap(),
    ];

    #[test]
    fn devices_are_spread_over_the_lanes_whatever_their_names_have_in_common() {
        for (form, name) in NAMES.iter().enumerate() {
            for lanes in [2, 3, 4, 8] {
                let mut devices = vec![0; lanes];
                (0..1_000).for_each(|n| devices[lane_of(&name(n), lanes)] += 1);
                let fair = 1_000 / lanes;
                let is_even = devices.iter().all(|count| (fair * 4 / 5..=fair * 6 / 5).contains(count));
                assert!(is_even, "{form}, as {}: {devices:?}", name(7));
            }
        }
    }
}
