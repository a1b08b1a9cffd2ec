//! Packet: MQTT 5 packets out of bytes, and the ones that are written here byte by byte.
//!
//! What is read is read by rumqttc. What is sent often (PUBLISH, PUBACK) or is always the same (PINGREQ, DISCONNECT) is
//! written here, straight into the bytes of the next write.

use bytes::{Buf as _, BufMut as _, BytesMut};
use rumqttc::v5::mqttbytes::Error as PacketError;
use rumqttc::v5::mqttbytes::v5::{Disconnect, DisconnectReasonCode, Packet, PubAckReason, PublishProperties};

use super::error::MqttError;

pub(crate) const PINGREQ: [u8; 2] = [0xC0, 0];
pub(crate) const DISCONNECT: [u8; 2] = [0xE0, 0];
/// DISCONNECT with a session expiry of 0: the session ends with its connection.
pub(crate) const END_SESSION: [u8; 9] = [0xE0, 7, 0, 5, 0x11, 0, 0, 0, 0];

/// PUBLISH at QoS 0, neither repeated nor retained.
const PUBLISH: u8 = 0x30;
/// The bit of QoS 1.
const QOS_1: u8 = 0x02;
/// MQTT 5: what the payload is.
const CONTENT_TYPE: u8 = 0x03;
/// MQTT 5: a name and a value of the sender's own.
const USER_PROPERTY: u8 = 0x26;
/// The user property in which a publisher says when it published, in milliseconds since 1970.
const PUBLISHED_AT: &str = "published_at";
/// Epoch milliseconds have so many digits until the year 2286.
const PUBLISHED_AT_DIGITS: usize = 13;
/// Identifier, name and value, each text with its two bytes of length.
const PUBLISHED_AT_BYTES: usize = 1 + 2 + PUBLISHED_AT.len() + 2 + PUBLISHED_AT_DIGITS;

/// A message to be published. Topic and content type are at most 65,535 bytes long.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Publish<'a> {
    pub(crate) topic: &'a [u8],
    /// MQTT 5 content type.
    pub(crate) content_type: Option<&'a [u8]>,
    /// When it is published, in milliseconds since 1970, where it is to say so.
    pub(crate) published_at_ms: Option<u64>,
    pub(crate) payload: &'a [u8],
    /// At QoS 1; `None` at QoS 0.
    pub(crate) packet_id: Option<u16>,
}

impl Publish<'_> {
    /// The bytes of the whole packet.
    pub(crate) fn bytes(&self) -> usize {
        let rest = self.remaining_length();
        1 + length_bytes(rest) + rest
    }

    /// Appends the packet to what is to be written.
    pub(crate) fn put(&self, out: &mut BytesMut) {
        let rest = self.remaining_length();
        out.reserve(1 + length_bytes(rest) + rest);
        out.put_u8(PUBLISH | self.packet_id.map_or(0, |_| QOS_1));
        put_length(out, rest);
        put_text(out, self.topic);
        if let Some(packet_id) = self.packet_id {
            out.put_u16(packet_id);
        }
        put_length(out, self.properties_length());
        if let Some(content_type) = self.content_type {
            out.put_u8(CONTENT_TYPE);
            put_text(out, content_type);
        }
        if let Some(millis) = self.published_at_ms {
            put_published_at(out, millis);
        }
        out.put_slice(self.payload);
    }

    /// Bytes after the fixed header: topic with length, packet identifier, properties with length, payload.
    fn remaining_length(&self) -> usize {
        let (properties, packet_id) = (self.properties_length(), self.packet_id.map_or(0, |_| 2));
        2 + self.topic.len() + packet_id + length_bytes(properties) + properties + self.payload.len()
    }

    /// Bytes of the properties, each with its identifier and the lengths of its texts.
    fn properties_length(&self) -> usize {
        let content_type = self.content_type.map_or(0, |content_type| 1 + 2 + content_type.len());
        content_type + self.published_at_ms.map_or(0, |_| PUBLISHED_AT_BYTES)
    }
}

/// True for a topic that can be published to. A broker ends the connection over any other one.
pub(crate) fn is_topic_name(topic: &str) -> bool {
    (1..=usize::from(u16::MAX)).contains(&topic.len()) && !topic.contains(['+', '#', '\0'])
}

/// When the publisher says that it published, in milliseconds since 1970.
pub(crate) fn published_at_ms(properties: &PublishProperties) -> Option<i64> {
    let found = properties.user_properties.iter().find(|(key, _)| key == PUBLISHED_AT);
    found.and_then(|(_, millis)| millis.parse().ok())
}

/// Appends a PUBACK of four bytes: success, no properties (MQTT 5, 3.4.2.1).
pub(crate) fn put_puback(out: &mut BytesMut, packet_id: u16) {
    out.put_u16(0x4002);
    out.put_u16(packet_id);
}

/// Appends one packet to what is to be written.
pub(crate) fn write(packet: &Packet, bytes: &mut BytesMut) -> Result<(), MqttError> {
    let written = packet.write(bytes, None);
    written.map(drop).map_err(|error| MqttError::Protocol(format!("not to be written: {error:?}")))
}

/// The next whole packet, taken out of `bytes`; `None` where more bytes are needed.
pub(crate) fn next_packet(bytes: &mut BytesMut, bytes_max: u32) -> Result<Option<Packet>, MqttError> {
    if bytes.is_empty() {
        return Ok(None);
    }
    // A DISCONNECT of a reason alone, which the library waits to be longer.
    if let [0xE0, 1, code, ..] = bytes[..]
        && let Ok(reason) = DisconnectReasonCode::try_from(code)
    {
        bytes.advance(3);
        return Ok(Some(Packet::Disconnect(Disconnect::new(reason))));
    }
    match Packet::read(bytes, Some(bytes_max)) {
        Ok(packet) => Ok(Some(packet)),
        Err(PacketError::InsufficientBytes(_)) => Ok(None),
        Err(error) => Err(MqttError::Protocol(format!("not a packet: {error:?}"))),
    }
}

/// The reason code of a PUBACK as MQTT 5 numbers it; 0x80 and above are refusals.
pub(crate) fn reason_code(reason: PubAckReason) -> u8 {
    match reason {
        PubAckReason::Success => 0x00,
        PubAckReason::NoMatchingSubscribers => 0x10,
        PubAckReason::UnspecifiedError => 0x80,
        PubAckReason::ImplementationSpecificError => 0x83,
        PubAckReason::NotAuthorized => 0x87,
        PubAckReason::TopicNameInvalid => 0x90,
        PubAckReason::PacketIdentifierInUse => 0x91,
        PubAckReason::QuotaExceeded => 0x97,
        PubAckReason::PayloadFormatInvalid => 0x99,
    }
}

fn put_published_at(out: &mut BytesMut, millis: u64) {
    out.put_u8(USER_PROPERTY);
    put_text(out, PUBLISHED_AT.as_bytes());
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
        16_384..2_097_152 => 3,
        _ => 4,
    }
}

fn put_text(out: &mut BytesMut, text: &[u8]) {
    out.put_u16(text.len() as u16);
    out.put_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_packet_waits_for_its_other_half() {
        let mut bytes = BytesMut::from(&[0x40, 0x02, 0x00][..]);
        assert_eq!(next_packet(&mut bytes, 1_024).unwrap(), None);
        bytes.extend_from_slice(&[0x07]);
        assert!(matches!(next_packet(&mut bytes, 1_024).unwrap(), Some(Packet::PubAck(puback)) if puback.pkid == 7));
        assert!(next_packet(&mut BytesMut::from(&[0x00, 0x00, 0x00][..]), 1_024).is_err());
    }

    #[test]
    fn a_disconnect_of_a_reason_alone_is_read() {
        let mut bytes = BytesMut::from(&[0xE0, 1, 0x8E, 0xD0, 0][..]);
        let taken_over = Packet::Disconnect(Disconnect::new(DisconnectReasonCode::SessionTakenOver));
        assert_eq!(next_packet(&mut bytes, 1_024).unwrap(), Some(taken_over));
        assert!(matches!(next_packet(&mut bytes, 1_024).unwrap(), Some(Packet::PingResp(_))));
    }

    #[test]
    fn every_form_of_a_message_is_read_by_others_as_it_was_written() {
        for (content_type, published_at_ms, packet_id, length) in [
            (None, None, None, 0),
            (Some(&b"application/json"[..]), None, Some(7), 100),
            (None, Some(1_795_428_000_123), Some(u16::MAX), 20_000),
            (Some(&[b'a'; 300][..]), Some(7), None, 3_000_000),
        ] {
            let payload = vec![b'x'; length];
            let publish =
                Publish { topic: b"ht/1/0/d/batch", content_type, published_at_ms, payload: &payload, packet_id };
            let mut out = BytesMut::new();
            publish.put(&mut out);
            assert_eq!(out.len(), publish.bytes());
            let Some(Packet::Publish(read)) = next_packet(&mut out, 1 << 24).unwrap() else { panic!("no PUBLISH") };
            assert_eq!((&read.topic[..], read.payload.len()), (publish.topic, length));
            assert_eq!((read.pkid, read.qos as u16), (packet_id.unwrap_or(0), u16::from(packet_id.is_some())));
            let properties = read.properties.unwrap_or_default();
            assert_eq!(super::published_at_ms(&properties), published_at_ms.map(u64::cast_signed));
            assert_eq!(properties.content_type.map(String::into_bytes), content_type.map(<[u8]>::to_vec));
            assert!(out.is_empty() && !read.retain);
        }
    }
}
