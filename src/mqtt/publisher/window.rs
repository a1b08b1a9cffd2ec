//! SendWindow: which messages wait, which are in flight, and which packet identifier each of the latter has.
//!
//! Pure: no socket, no clock, no task. A lost connection puts what was in flight back in front of what waits, in the
//! order in which it was issued, so that nothing is lost and each device's messages stay in order: at least once.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Bytes, BytesMut};

use crate::mqtt::packet::Publish;

/// One message that the caller handed over and the broker has not acknowledged yet.
#[derive(Clone, Debug)]
pub(crate) struct OutgoingMessage {
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

impl OutgoingMessage {
    /// The message as a packet at QoS 1.
    fn packet(&self, packet_id: u16) -> Publish<'_> {
        Publish {
            topic: &self.topic,
            content_type: self.content_type.as_deref(),
            published_at_ms: self.published_at_ms,
            payload: &self.payload,
            packet_id: Some(packet_id),
        }
    }

    /// The bytes of its packet.
    pub(crate) fn packet_bytes(&self) -> usize {
        self.packet(1).bytes()
    }
}

/// All unacknowledged messages of one publisher, and the bytes that its connection still has to write.
#[derive(Debug, Default)]
pub(crate) struct SendWindow {
    /// The slot at `packet identifier - 1` holds the message in flight and the order in which it was issued.
    in_flight: Vec<Option<(u64, OutgoingMessage)>>,
    /// Packet identifiers that nothing uses, the longest unused first.
    free: VecDeque<u16>,
    /// Issued, but held back by the broker's receive maximum.
    waiting: VecDeque<(u64, OutgoingMessage)>,
    /// How many messages were ever issued.
    issued: u64,
    /// Encoded packets for the connection.
    out: BytesMut,
}

impl SendWindow {
    /// Takes a message; it is sent at once where the receive maximum allows one more.
    pub(crate) fn issue(&mut self, message: OutgoingMessage) {
        self.waiting.push_back((self.issued, message));
        self.issued += 1;
        self.send_waiting();
    }

    /// A connection stands, whose broker allows `limit` messages in flight.
    pub(crate) fn open(&mut self, limit: u16) {
        self.close();
        self.in_flight.resize(usize::from(limit), None);
        self.free = (1..=limit).collect();
        self.send_waiting();
    }

    /// The connection is gone: what was in flight waits again, first issued first.
    pub(crate) fn close(&mut self) {
        let mut sent: Vec<(u64, OutgoingMessage)> = self.in_flight.drain(..).flatten().collect();
        sent.sort_unstable_by_key(|(order, _)| *order);
        for message in sent.into_iter().rev() {
            self.waiting.push_front(message);
        }
        self.free.clear();
        self.out.clear();
    }

    /// The broker has answered for a packet identifier; `None` where nothing is in flight under it.
    pub(crate) fn answered(&mut self, packet_id: u16) -> Option<OutgoingMessage> {
        let slot = self.in_flight.get_mut(usize::from(packet_id).checked_sub(1)?)?;
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
        self.in_flight.len().saturating_sub(self.free.len())
    }

    fn send_waiting(&mut self) {
        while !self.waiting.is_empty() {
            let Some(packet_id) = self.free.pop_front() else { return };
            let Some((order, message)) = self.waiting.pop_front() else { return };
            message.packet(packet_id).put(&mut self.out);
            if let Some(slot) = self.in_flight.get_mut(usize::from(packet_id) - 1) {
                *slot = Some((order, message));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rumqttc::v5::mqttbytes::v5::Packet;

    fn message(id: u64) -> OutgoingMessage {
        OutgoingMessage {
            id,
            topic: Bytes::from("ht/1/0/d/batch"),
            content_type: None,
            payload: vec![b'x'; 200].into(),
            issued: Instant::now(),
            published_at_ms: None,
        }
    }

    /// The packets that the window wants written, as (packet identifier, topic, payload length).
    fn written(window: &mut SendWindow) -> Vec<(u16, Bytes, usize)> {
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
        let mut window = SendWindow::default();
        window.open(10);
        window.issue(message(0));
        assert_eq!(written(&mut window), [(1, Bytes::from("ht/1/0/d/batch"), 200)]);
    }

    #[test]
    fn a_message_that_tells_when_it_was_published_is_read_with_that_property() {
        let mut window = SendWindow::default();
        window.open(10);
        let message = OutgoingMessage { published_at_ms: Some(1_795_428_000_123), ..message(0) };
        let length = message.packet_bytes();
        window.issue(message);
        let mut bytes = BytesMut::new();
        window.take_out(&mut bytes);
        assert_eq!(bytes.len(), length);
        let Packet::Publish(publish) = Packet::read(&mut bytes, Some(1 << 20)).unwrap() else { panic!("no PUBLISH") };
        let expected = [("published_at".to_owned(), "1795428000123".to_owned())];
        assert_eq!(publish.properties.unwrap().user_properties, expected);
        assert_eq!((publish.payload.len(), bytes.len()), (200, 0));
    }

    #[test]
    fn a_content_type_of_any_length_travels_with_its_message() {
        let mut window = SendWindow::default();
        window.open(10);
        for length in [0, 16, 124, 125, 20_000] {
            let content_type = Some(vec![b'a'; length].into());
            window.issue(OutgoingMessage { content_type, published_at_ms: Some(7), ..message(0) });
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
    fn no_more_messages_are_in_flight_than_the_broker_allows() {
        let mut window = SendWindow::default();
        window.open(2);
        for id in 0..5 {
            window.issue(message(id));
        }
        assert_eq!((written(&mut window).len(), window.in_flight(), window.unanswered()), (2, 2, 5));
        assert_eq!(window.answered(2).map(|message| message.id), Some(1));
        assert_eq!((written(&mut window).len(), window.in_flight(), window.unanswered()), (1, 2, 4));
    }

    #[test]
    fn a_lost_connection_sends_what_was_in_flight_again_in_its_order() {
        let mut window = SendWindow::default();
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
        let mut window = SendWindow::default();
        window.open(3);
        for packet_id in [0, 1, 4, u16::MAX] {
            assert!(window.answered(packet_id).is_none());
        }
    }
}
