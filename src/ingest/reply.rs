//! Reply: what decoders answer, waiting for the half of the session that writes.
//!
//! # Why
//! Replies go out at QoS 0, and only over the connection whose message they answer: a message that was not acknowledged
//! over it comes again over the next, and is answered again. Neither half of the session waits for the other here: what
//! finds no place is dropped and counted (`healthtrack_mqtt_dropped_replies_total`), since whoever was not answered
//! asks again, while a full queue that stopped the reading could hold back samples.

use std::collections::VecDeque;

use bytes::BytesMut;

use super::sync::{Mutex, MutexGuard, Notify, PoisonError};
use crate::formats::Reply;
use crate::mqtt::packet::{Publish, is_topic_name};

/// Replies that wait at a time: more than one read from the socket is likely to ask for.
const REPLIES_MAX: usize = 1_024;
/// Bytes of their topics and payloads.
const REPLY_BYTES_MAX: usize = 1024 * 1024;

/// The replies of one connection that are not written yet.
#[derive(Debug, Default)]
pub(super) struct ReplyQueue {
    waiting: Mutex<Waiting>,
    ready: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    replies: VecDeque<Reply>,
    bytes: usize,
}

impl ReplyQueue {
    /// Takes replies; how many were dropped, for lack of a place or of a topic that can be published to.
    pub(super) fn push(&self, replies: &mut Vec<Reply>) -> u64 {
        if replies.is_empty() {
            return 0;
        }
        let (mut waiting, mut dropped) = (self.lock(), 0);
        for reply in replies.drain(..) {
            let bytes = waiting.bytes + reply.topic.len() + reply.payload.len();
            if waiting.replies.len() < REPLIES_MAX && bytes <= REPLY_BYTES_MAX && is_topic_name(&reply.topic) {
                waiting.bytes = bytes;
                waiting.replies.push_back(reply);
            } else {
                dropped += 1;
            }
        }
        drop(waiting);
        self.ready.notify_one();
        dropped
    }

    /// A new connection stands: what was to answer messages of the one before is forgotten.
    pub(super) fn open(&self) {
        *self.lock() = Waiting::default();
    }

    /// Appends all replies to what is to be written, less those above the broker's limit; how many of both there are.
    pub(super) fn take_out(&self, packet_bytes_max: usize, out: &mut BytesMut) -> (u64, u64) {
        let replies = std::mem::take(&mut *self.lock()).replies;
        let (mut published, mut dropped) = (0, 0);
        for Reply { topic, payload } in &replies {
            let (topic, content_type, published_at_ms, packet_id) = (topic.as_bytes(), None, None, None);
            let packet = Publish { topic, content_type, published_at_ms, payload, packet_id };
            if packet.bytes() <= packet_bytes_max {
                packet.put(out);
                published += 1;
            } else {
                dropped += 1;
            }
        }
        (published, dropped)
    }

    /// Waits until there is a reply.
    pub(super) async fn wait(&self) {
        self.ready.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mqtt::packet::next_packet;
    use rumqttc::v5::mqttbytes::v5::Packet;

    fn reply(topic: &str, bytes: usize) -> Reply {
        Reply { topic: topic.to_owned(), payload: vec![b'x'; bytes].into() }
    }

    fn topics(out: &mut BytesMut) -> Vec<String> {
        let mut topics = Vec::new();
        while let Some(packet) = next_packet(out, 1 << 24).unwrap() {
            let Packet::Publish(publish) = packet else { panic!("{packet:?}") };
            topics.push(String::from_utf8(publish.topic.to_vec()).unwrap());
        }
        topics
    }

    #[test]
    fn replies_leave_in_their_order_and_once() {
        let (queue, mut out) = (ReplyQueue::default(), BytesMut::new());
        assert_eq!(queue.push(&mut vec![reply("a", 1), reply("b", 2)]), 0);
        assert_eq!(queue.push(&mut vec![reply("c", 3)]), 0);
        assert_eq!(queue.take_out(usize::MAX, &mut out), (3, 0));
        assert_eq!(topics(&mut out), ["a", "b", "c"]);
        assert_eq!((queue.take_out(usize::MAX, &mut out), out.len()), ((0, 0), 0));
    }

    #[test]
    fn what_finds_no_place_is_dropped_and_counted() {
        let (queue, mut out) = (ReplyQueue::default(), BytesMut::new());
        let mut many: Vec<Reply> = (0..REPLIES_MAX + 5).map(|number| reply(&number.to_string(), 1)).collect();
        assert_eq!(queue.push(&mut many), 5);
        assert_eq!(queue.take_out(usize::MAX, &mut out).0, REPLIES_MAX as u64);
        let mut large = vec![reply("a", REPLY_BYTES_MAX / 2), reply("b", REPLY_BYTES_MAX / 2), reply("c", 1)];
        assert_eq!(queue.push(&mut large), 1, "both topics count too");
        out.clear();
        assert_eq!(queue.take_out(1_000, &mut out), (1, 1), "the broker's limit");
        assert_eq!(topics(&mut out), ["c"]);
    }

    #[test]
    fn the_last_byte_of_each_limit_is_allowed() {
        let (queue, mut out) = (ReplyQueue::default(), BytesMut::new());
        for round in 0..2 {
            assert_eq!(queue.push(&mut vec![reply("a", REPLY_BYTES_MAX - 1)]), 0, "round {round}: the queue is empty");
            assert_eq!(queue.push(&mut vec![reply("b", 0)]), 1, "the topic is one byte too many");
            out.clear();
            assert_eq!(queue.take_out(usize::MAX, &mut out), (1, 0));
        }
        let packet_bytes = out.len();
        queue.push(&mut vec![reply("a", REPLY_BYTES_MAX - 1)]);
        assert_eq!(queue.take_out(packet_bytes, &mut out), (1, 0));
        queue.push(&mut vec![reply("a", REPLY_BYTES_MAX - 1)]);
        assert_eq!(queue.take_out(packet_bytes - 1, &mut out), (0, 1));
    }

    #[test]
    fn a_topic_that_ends_the_connection_is_never_written() {
        let queue = ReplyQueue::default();
        let mut bad = ["", "a/+/b", "a/#", "a\0b"].map(|topic| reply(topic, 1)).to_vec();
        bad.push(reply(&"a".repeat(65_536), 1));
        assert_eq!(queue.push(&mut bad), 5);
    }

    #[test]
    fn a_new_connection_answers_no_message_of_the_one_before() {
        let (queue, mut out) = (ReplyQueue::default(), BytesMut::new());
        queue.push(&mut vec![reply("a", 1)]);
        queue.open();
        assert_eq!((queue.take_out(usize::MAX, &mut out), out.len()), ((0, 0), 0));
    }
}
