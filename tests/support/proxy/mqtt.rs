//! The broker's side, read along: which messages the daemon received on each connection, and which it acknowledged.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::pump::{From, Heard};
use super::{Point, State, now_us};

/// One PUBLISH of QoS 1 that passed to the daemon.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) packet_id: u16,
    /// Tells messages apart: [`key`] of topic and payload.
    pub(crate) key: u64,
    /// The broker says that it may have sent it before.
    pub(crate) is_repeated: bool,
    pub(crate) at_us: i64,
}

/// One connection, in the order in which things passed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wire {
    pub(crate) number: u64,
    pub(crate) deliveries: Vec<Delivery>,
    /// Packet identifier of each PUBACK, and when it passed.
    pub(crate) pubacks: Vec<(u16, i64)>,
}

/// A number for a message's topic and payload.
pub(crate) fn key(topic: &[u8], payload: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    (topic, payload).hash(&mut hasher);
    hasher.finish()
}

#[derive(Debug)]
pub(super) struct MqttEar {
    /// The place of its wire.
    place: usize,
    /// The beginnings of packets whose ends are still to come.
    from_daemon: Vec<u8>,
    from_peer: Vec<u8>,
    /// PUBACKs since the present trap was set.
    counted: (Option<Point>, u64),
}

impl MqttEar {
    pub(super) fn new(number: u64, state: &mut State) -> MqttEar {
        state.wires.push(Wire { number, ..Wire::default() });
        let place = state.wires.len() - 1;
        MqttEar { place, from_daemon: Vec::new(), from_peer: Vec::new(), counted: (None, 0) }
    }

    pub(super) fn hear(&mut self, from: From, bytes: &[u8], state: &mut State) -> Heard {
        let mut heard = Heard::default();
        let place = self.place;
        let rest = match from {
            From::Daemon => &mut self.from_daemon,
            From::Peer => &mut self.from_peer,
        };
        let before = rest.len();
        rest.extend_from_slice(bytes);
        let mut read = 0;
        let point = state.trap.map(|(point, _)| point);
        while let Some((first, body, length)) = packet(&rest[read..]) {
            let wire = &mut state.wires[place];
            match (from, first >> 4) {
                (From::Peer, 3) => wire.deliveries.extend(delivery(first, body)),
                (From::Daemon, 4) => {
                    wire.pubacks.push((u16::from_be_bytes([body[0], body[1]]), now_us()));
                    if self.counted.0 != point {
                        self.counted = (point, 0);
                    }
                    self.counted.1 += 1;
                    if point == Some(Point::Pubacks(self.counted.1)) && heard.strikes_at.is_none() {
                        heard.strikes_at = Some(read + length - before);
                    }
                }
                _ => {}
            }
            read += length;
            if heard.strikes_at.is_some() {
                // What comes after it never passes.
                break;
            }
        }
        rest.drain(..read);
        heard
    }
}

/// The first whole packet: its first byte, what follows its length, and how long it is in all.
fn packet(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let first = *bytes.first()?;
    let (length, digits) = number(&bytes[1..])?;
    let whole = 1 + digits + length;
    Some((first, bytes.get(1 + digits..whole)?, whole))
}

/// A number of seven bits a byte, the lowest first, and how many bytes it takes.
fn number(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut number = 0;
    for (place, byte) in bytes.iter().take(4).enumerate() {
        number |= usize::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            return Some((number, place + 1));
        }
    }
    None
}

/// A PUBLISH of QoS 1, MQTT 5.
fn delivery(first: u8, body: &[u8]) -> Option<Delivery> {
    if first >> 1 & 3 != 1 {
        return None;
    }
    let topic_end = 2 + usize::from(u16::from_be_bytes([*body.first()?, *body.get(1)?]));
    let topic = body.get(2..topic_end)?;
    let packet_id = u16::from_be_bytes([*body.get(topic_end)?, *body.get(topic_end + 1)?]);
    let (properties, digits) = number(body.get(topic_end + 2..)?)?;
    let payload = body.get(topic_end + 2 + digits + properties..)?;
    Some(Delivery { packet_id, key: key(topic, payload), is_repeated: first & 8 != 0, at_us: now_us() })
}
