//! Message: the contents of message number `id`, a function of its number and the plan alone.
//!
//! Each hub's messages continue where its last one ended, one value a second. A value depends on seed, hub and second
//! only, so that two runs that overlap in time repeat each other and never contradict each other.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::mix::{Mix, PublicationKind};
use crate::formats::{Format, HeartRates, topic};
use crate::model::time::{SECOND_US, Timestamp};
use crate::simulation::random::mix;

/// What all messages of one run have in common.
#[derive(Clone, Debug)]
pub struct Plan {
    /// How the messages are written.
    pub format: &'static Format,
    /// Decides the values.
    pub seed: u64,
    /// The part of the topics.
    pub shard: String,
    /// How many hubs take turns.
    pub hubs: u64,
    /// The number of the first hub.
    pub first_hub: u64,
    /// Values in each message.
    pub samples: u64,
    /// The first value's time, a whole second.
    pub start: Timestamp,
    /// Which messages are disturbed.
    pub mix: Mix,
}

impl Plan {
    /// The topic of the hub whose turn message `id` is.
    pub fn topic(&self, id: u64) -> Bytes {
        Bytes::from(topic::build(&self.shard, &format!("load-{}", self.hub(id)), self.format))
    }

    /// The hub whose turn message `id` is.
    pub fn hub(&self, id: u64) -> u64 {
        self.first_hub + id % self.hubs.max(1)
    }

    /// The kind of message `id`.
    pub fn kind(&self, id: u64) -> PublicationKind {
        self.mix.kind(self.seed, id)
    }

    /// The time of the first value of message `id`.
    pub fn start_of(&self, id: u64) -> Timestamp {
        let seconds = (id / self.hubs.max(1)).saturating_mul(self.samples);
        self.start.plus_micros((seconds as i64).saturating_mul(SECOND_US))
    }

    /// The heart rate of a hub at a second.
    pub fn value(&self, hub: u64, second: i64) -> u64 {
        55 + mix(self.seed, hub, second as u64) % 90
    }

    /// Another value for the same second: what a message of conflicting values says.
    pub fn contradiction(&self, hub: u64, second: i64) -> u64 {
        55 + (self.value(hub, second) - 55 + 1) % 90
    }

    /// Writes message `id` to the end of `out`.
    pub fn write(&self, id: u64, out: &mut BytesMut) {
        self.write_as(id, PublicationKind::Plain, out);
    }

    /// Writes message `id` as one of its publications: contradicting, broken, or as it is.
    pub fn write_as(&self, id: u64, kind: PublicationKind, out: &mut BytesMut) {
        let value = match kind {
            PublicationKind::Conflict => Plan::contradiction,
            PublicationKind::Plain | PublicationKind::Repeat | PublicationKind::Late | PublicationKind::Broken => {
                Plan::value
            }
        };
        if kind == PublicationKind::Broken {
            // Two broken messages are never alike, so that the quarantine keeps each.
            return out.put_slice(format!("{{\"v\":1,\"broken\":{id}").as_bytes());
        }
        let (hub, start) = (self.hub(id), self.start_of(id));
        let first = start.micros() / SECOND_US;
        let values = (first..).take(self.samples as usize).map(|second| value(self, hub, second)).collect();
        (self.format.write)(&HeartRates { start, values, key: mix(self.seed, hub, 0) }, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::registry::FORMATS;
    use crate::formats::{batch, omh};
    use serde_json::Value;

    fn plan(format: &'static Format, samples: u64) -> Plan {
        let start = Timestamp::parse_rfc3339("2026-11-23T10:00:00Z").unwrap();
        Plan { format, seed: 1, shard: "0".to_owned(), hubs: 3, first_hub: 5, samples, start, mix: Mix::default() }
    }

    fn read(plan: &Plan, id: u64) -> Value {
        let mut out = BytesMut::new();
        plan.write(id, &mut out);
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn each_hub_continues_where_its_last_message_ended() {
        let plan = plan(&batch::FORMAT, 60);
        assert_eq!((plan.topic(1), plan.topic(4)), (Bytes::from("ht/1/0/load-6/batch"), plan.topic(1)));
        let (first, second) = (read(&plan, 1), read(&plan, 4));
        let start = |message: &Value| message["series"][0]["start"].as_i64().unwrap();
        assert_eq!(start(&second) - start(&first), 60_000);
        let values = first["series"][0]["values"].as_array().unwrap();
        assert_eq!(values.len(), 60);
        assert!(values.iter().all(|value| (55..145).contains(&value.as_i64().unwrap())));
        assert_ne!(first["series"][0]["values"], second["series"][0]["values"]);
    }

    #[test]
    fn a_message_is_the_same_whenever_it_is_written() {
        for format in FORMATS.iter().copied() {
            assert_eq!(read(&plan(format, 7), 11), read(&plan(format, 7), 11));
        }
    }

    #[test]
    fn a_contradiction_says_another_value_for_each_of_the_same_moments() {
        for format in FORMATS.iter().copied() {
            let plan = plan(format, 7);
            let says = |kind| {
                let mut out = BytesMut::new();
                plan.write_as(11, kind, &mut out);
                out
            };
            assert_eq!(says(PublicationKind::Plain), says(PublicationKind::Repeat));
            assert_ne!(says(PublicationKind::Plain), says(PublicationKind::Conflict));
            assert!(serde_json::from_slice::<Value>(&says(PublicationKind::Broken)).is_err());
            assert!((0..1_000).all(|second| plan.value(1, second) != plan.contradiction(1, second)));
            assert!((0..1_000).all(|second| (55..145).contains(&plan.contradiction(1, second))));
        }
    }

    #[test]
    fn an_open_mhealth_message_is_a_point_or_an_array_of_points() {
        let one = read(&plan(&omh::FORMAT, 1), 0);
        assert_eq!(one["body"]["effective_time_frame"]["date_time"], "2026-11-23T10:00:00Z");
        assert_eq!(one["header"]["uuid"].as_str().unwrap().len(), 36);
        let many = read(&plan(&omh::FORMAT, 3), 0);
        assert_eq!(many.as_array().unwrap().len(), 3);
        assert_eq!(many[0], one);
        assert_ne!(many[0]["header"]["uuid"], many[1]["header"]["uuid"]);
    }
}
