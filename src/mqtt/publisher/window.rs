//! Window: which messages wait, which fly, and which packet identifier each flying one has.
//!
//! Pure: no socket, no clock, no task. A lost connection puts what flew back in front of what waits, in the order in
//! which it was issued, so that nothing is lost and each device's messages stay in order: at least once.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{BufMut, Bytes, BytesMut};

/// PUBLISH, QoS 1, neither repeated nor retained.
const PUBLISH_QOS1: u8 = 0x32;
/// MQTT 5: what the payload is.
const CONTENT_TYPE: u8 = 0x03;
/// MQTT 5: a name and a value of the sender's own.
const USER_PROPERTY: u8 = 0x26;
/// The user property that tells when a message was handed over; `telemetry` names what the daemon makes of it.
const PUBLISHED_AT: &[u8] = b"published_at";
/// Epoch milliseconds have so many digits until the year 2286.
const PUBLISHED_AT_DIGITS: usize = 13;
/// Identifier, name and value, each text with its two bytes of length.
const PUBLISHED_AT_BYTES: usize = 1 + 2 + PUBLISHED_AT.len() + 2 + PUBLISHED_AT_DIGITS;

/// One message that the caller handed over and the broker has not acknowledged yet.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// What the caller calls it.
    pub(crate) id: u64,
    pub(crate) topic: Bytes,
    /// MQTT 5 content type.
    pub(crate) content_type: Option<Bytes>,
    pub(crate) payload: Bytes,
    /// When the caller handed it over.
    pub(crate) issued: Instant,
    /// The same in epoch milliseconds, where the message is to say so.
    pub(crate) published_at_ms: Option<u64>,
}

/// All unacknowledged messages of one publisher, and the bytes that its connection still has to write.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// The slot at `packet identifier - 1` holds the flying message and the order in which it was issued.
    flying: Vec<Option<(u64, Message)>>,
    /// Packet identifiers that nothing uses, the longest unused first.
    free: VecDeque<u16>,
    /// Issued, but the broker's receive maximum does not let them fly yet.
    waiting: VecDeque<(u64, Message)>,
    /// How many messages were ever issued.
    issued: u64,
    /// Encoded packets for the connection.
    out: BytesMut,
}

impl Window {
    /// Takes a message; it flies at once where the broker lets one more fly.
    pub(crate) fn issue(&mut self, message: Message) {
        self.waiting.push_back((self.issued, message));
        self.issued += 1;
        self.send_waiting();
    }

    /// A connection stands, and its broker lets `limit` messages fly.
    pub(crate) fn open(&mut self, limit: u16) {
        self.close();
        self.flying.resize(usize::from(limit), None);
        self.free = (1..=limit).collect();
        self.send_waiting();
    }

    /// The connection is gone: what flew waits again, first issued first.
    pub(crate) fn close(&mut self) {
        let mut flown: Vec<(u64, Message)> = self.flying.drain(..).flatten().collect();
        flown.sort_unstable_by_key(|(order, _)| *order);
        for message in flown.into_iter().rev() {
            self.waiting.push_front(message);
        }
        self.free.clear();
        self.out.clear();
    }

    /// The broker has answered for a packet identifier; `None` where nothing flies under it.
    pub(crate) fn answered(&mut self, packet_id: u16) -> Option<Message> {
        let slot = self.flying.get_mut(usize::from(packet_id).checked_sub(1)?)?;
        let (_, message) = slot.take()?;
        self.free.push_back(packet_id);
        self.send_waiting();
        Some(message)
    }

    /// Swaps the bytes that are to be written for an empty buffer.
    pub(crate) fn take_out(&mut self, buffer: &mut BytesMut) {
        buffer.clear();
        std::mem::swap(&mut self.out, buffer);
    }

    /// True where bytes wait to be written.
    pub(crate) fn has_out(&self) -> bool {
        !self.out.is_empty()
    }

    /// Messages that the broker has not answered for.
    pub(crate) fn unanswered(&self) -> usize {
        self.waiting.len() + self.in_flight()
    }

    /// Messages that this connection has sent, or is about to, and that the broker has not answered for.
    pub(crate) fn in_flight(&self) -> usize {
        self.flying.len().saturating_sub(self.free.len())
    }

    fn send_waiting(&mut self) {
        while !self.waiting.is_empty() {
            let Some(packet_id) = self.free.pop_front() else { return };
            let Some((order, message)) = self.waiting.pop_front() else { return };
            encode_publish(&mut self.out, packet_id, &message);
            if let Some(slot) = self.flying.get_mut(usize::from(packet_id) - 1) {
                *slot = Some((order, message));
            }
        }
    }
}

/// Bytes of a PUBLISH after its fixed header: topic with length, packet identifier, properties with length, payload.
pub(crate) fn remaining_length(message: &Message) -> usize {
    let properties = properties_length(message);
    2 + message.topic.len() + 2 + length_bytes(properties) + properties + message.payload.len()
}

/// Bytes of the properties, each with its identifier and the lengths of its texts.
fn properties_length(message: &Message) -> usize {
    let content_type = message.content_type.as_ref().map_or(0, |content_type| 1 + 2 + content_type.len());
    content_type + message.published_at_ms.map_or(0, |_| PUBLISHED_AT_BYTES)
}

fn encode_publish(out: &mut BytesMut, packet_id: u16, message: &Message) {
    let rest = remaining_length(message);
    out.reserve(rest + 5);
    out.put_u8(PUBLISH_QOS1);
    put_length(out, rest);
    put_text(out, &message.topic);
    out.put_u16(packet_id);
    put_length(out, properties_length(message));
    if let Some(content_type) = &message.content_type {
        out.put_u8(CONTENT_TYPE);
        put_text(out, content_type);
    }
    if let Some(millis) = message.published_at_ms {
        put_published_at(out, millis);
    }
    out.put_slice(&message.payload);
}

fn put_published_at(out: &mut BytesMut, millis: u64) {
    out.put_u8(USER_PROPERTY);
    put_text(out, PUBLISHED_AT);
    let mut digits = [b'0'; PUBLISHED_AT_DIGITS];
    let mut rest = millis;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    put_text(out, &digits);
}

/// A length as MQTT writes it, seven bits a byte, the lowest first.
fn put_length(out: &mut BytesMut, mut length: usize) {
    while length >= 128 {
        out.put_u8((length % 128) as u8 | 128);
        length /= 128;
    }
    out.put_u8(length as u8);
}

fn length_bytes(length: usize) -> usize {
    match length {
        0..128 => 1,
        128..16_384 => 2,
        _ => 3,
    }
}

fn put_text(out: &mut BytesMut, text: &[u8]) {
    out.put_u16(text.len() as u16);
    out.put_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rumqttc::v5::mqttbytes::v5::Packet;

    fn message(id: u64) -> Message {
        Message {
            id,
            topic: Bytes::from("ht/1/0/d/batch"),
            content_type: None,
            payload: vec![b'x'; 200].into(),
            issued: Instant::now(),
            published_at_ms: None,
        }
    }

    /// The packets that the window wants written, as (packet identifier, topic, payload length).
    fn written(window: &mut Window) -> Vec<(u16, Bytes, usize)> {
        let mut bytes = BytesMut::new();
        window.take_out(&mut bytes);
        let mut packets = Vec::new();
        while !bytes.is_empty() {
            let Packet::Publish(publish) = Packet::read(&mut bytes, Some(1 << 20)).unwrap() else {
                panic!("no PUBLISH")
            };
            packets.push((publish.pkid, publish.topic, publish.payload.len()));
        }
        packets
    }

    #[test]
    fn what_is_written_is_a_publish_that_others_read() {
        let mut window = Window::default();
        window.open(10);
        window.issue(message(0));
        assert_eq!(written(&mut window), [(1, Bytes::from("ht/1/0/d/batch"), 200)]);
    }

    #[test]
    fn a_message_that_tells_when_it_was_published_is_read_with_that_property() {
        let mut window = Window::default();
        window.open(10);
        let message = Message { published_at_ms: Some(1_795_428_000_123), ..message(0) };
        let length = remaining_length(&message);
        window.issue(message);
        let mut bytes = BytesMut::new();
        window.take_out(&mut bytes);
        // 248 bytes: their length takes two.
        assert_eq!(bytes.len(), 1 + 2 + length);
        let Packet::Publish(publish) = Packet::read(&mut bytes, Some(1 << 20)).unwrap() else { panic!("no PUBLISH") };
        let expected = [("published_at".to_owned(), "1795428000123".to_owned())];
        assert_eq!(publish.properties.unwrap().user_properties, expected);
        assert_eq!((publish.payload.len(), bytes.len()), (200, 0));
    }

    #[test]
    fn a_content_type_of_any_length_travels_with_its_message() {
        let mut window = Window::default();
        window.open(10);
        for length in [0, 16, 124, 125, 20_000] {
            let content_type = Some(vec![b'a'; length].into());
            window.issue(Message { content_type, published_at_ms: Some(7), ..message(0) });
            let mut bytes = BytesMut::new();
            window.take_out(&mut bytes);
            let Packet::Publish(publish) = Packet::read(&mut bytes, Some(1 << 20)).unwrap() else {
                panic!("no PUBLISH")
            };
            let read = publish.properties.and_then(|properties| properties.content_type);
            assert_eq!((read.map(|read| read.len()), publish.payload.len()), (Some(length), 200));
        }
    }

    #[test]
    fn no_more_messages_fly_than_the_broker_lets() {
        let mut window = Window::default();
        window.open(2);
        for id in 0..5 {
            window.issue(message(id));
        }
        assert_eq!((written(&mut window).len(), window.in_flight(), window.unanswered()), (2, 2, 5));
        assert_eq!(window.answered(2).map(|message| message.id), Some(1));
        assert_eq!((written(&mut window).len(), window.in_flight(), window.unanswered()), (1, 2, 4));
    }

    #[test]
    fn a_lost_connection_sends_what_flew_again_in_its_order() {
        let mut window = Window::default();
        window.open(3);
        for id in 0..5 {
            window.issue(message(id));
        }
        window.answered(1).unwrap();
        window.answered(2).unwrap();
        window.close();
        assert_eq!((window.unanswered(), window.has_out()), (3, false));
        window.open(100);
        assert_eq!(written(&mut window).len(), 3);
        let ids: Vec<u64> =
            (1..=3).filter_map(|packet_id| window.answered(packet_id)).map(|message| message.id).collect();
        assert_eq!((ids, window.unanswered()), (vec![2, 3, 4], 0));
    }

    #[test]
    fn an_answer_for_nothing_is_noticed() {
        let mut window = Window::default();
        window.open(3);
        for packet_id in [0, 1, 4, u16::MAX] {
            assert!(window.answered(packet_id).is_none());
        }
    }
}
