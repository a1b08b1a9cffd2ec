//! Reason: what a broker means by the reason code of a refusal, and what to do about it.
//!
//! # Why
//! CONNACK, SUBACK and DISCONNECT share one table of codes (MQTT 5, 2.4), and brokers add a sentence of their own or
//! the name of another server. The packet library drops both, and reads no DISCONNECT that ends after its code, so
//! refusals are read here.

use std::fmt;

/// The most of a broker's own words that is shown.
const SAID_CHARS_MAX: usize = 300;
pub(crate) const CONNACK: u8 = 0x20;
const DISCONNECT: u8 = 0xE0;
/// From here on a code is a refusal.
const REFUSAL_MIN: u8 = 0x80;
const SERVER_REFERENCE: u8 = 0x1C;
const REASON_STRING: u8 = 0x1F;
/// Another connection has the session now.
pub(crate) const SESSION_TAKEN_OVER: u8 = 0x8E;
/// The identifier that was sent is taken.
pub(crate) const PACKET_ID_IN_USE: u8 = 0x91;

/// A reason code, and what the broker adds to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BrokerReason {
    /// As MQTT 5 numbers it.
    pub code: u8,
    /// The broker's own words.
    pub said: Option<String>,
    /// The server that it names instead.
    pub server: Option<String>,
}

/// What a packet of the broker says that ends the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// CONNACK of MQTT 3.1.1.
    OnlyVersion3,
    /// CONNACK with a refusal.
    Connection(BrokerReason),
    /// DISCONNECT.
    End(BrokerReason),
}

impl fmt::Display for BrokerReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (reason 0x{:02X})", advice(self.code), self.code)?;
        if let Some(said) = &self.said {
            write!(f, "; it says \"{said}\"")?;
        }
        match &self.server {
            Some(server) => write!(f, "; it names another server: {server}"),
            None => Ok(()),
        }
    }
}

/// What it means, and what to do.
fn advice(code: u8) -> &'static str {
    match code {
        0x00 => "without a reason; its log may tell more",
        0x80 => "it gives no reason; its log may tell more",
        0x81 | 0x82 => "it cannot read what was sent; report this with the broker's name and version",
        0x83 => "a rule of its own forbids it; its log should tell which",
        0x84 => "it does not speak MQTT 5; use a broker that does (deploy/brokers.md)",
        0x85 => "it accepts no client id such as this one; change mqtt.client_id",
        0x86 => "it does not know this user or password; correct the login in mqtt.url",
        0x87 => "its access rules forbid it; allow this login to subscribe to mqtt.filters",
        0x88 | 0x89 => "it is not ready or too busy; this passes, or its machine is too small",
        0x8A => "it has banned this client; lift the ban there",
        0x8B => "it is shutting down; start it again",
        0x8C => "it wants another way of authentication; let it accept user and password, or a certificate",
        0x8D => "it has heard nothing for longer than mqtt.keep_alive_s; look for a network or a machine that stalls",
        SESSION_TAKEN_OVER => {
            "another client has connected with the same client id; give each daemon an mqtt.client_id of its own, \
             unless this one's standby has just taken over"
        }
        0x8F => "it accepts no such topic filter; correct mqtt.filters",
        0x90 => "it accepts no such topic; correct the topic, or its rules",
        PACKET_ID_IN_USE => {
            "it takes packet identifiers for used that are free; end the session at the broker once its messages are \
             delivered, or update the broker"
        }
        0x93 => "it has been sent more than it takes at a time; report this with the broker's name and version",
        0x95 => "a packet is longer than it accepts; raise its limit of packets",
        0x96 | 0x9F => "it limits how much a client may send or how often it may connect; raise that limit",
        0x97 => "a quota of the broker is used up; raise it, or free what this login holds there",
        0x98 => "somebody who administrates it has ended it",
        0x99 => "it does not accept the payload's format; see its rules",
        0x9A => "it does not keep retained messages; publish without the flag",
        0x9B => "it does not offer the quality of service that is needed; let it offer QoS 1",
        0x9C => "another server is to be used for now; set mqtt.url to it",
        0x9D => "it has moved; set mqtt.url to its new address",
        0x9E => "it offers no shared subscriptions; name filters without $share in mqtt.filters",
        0xA0 => "a connection may last no longer there; raise that limit",
        0xA1 => "it offers no subscription identifiers; report this with the broker's name and version",
        0xA2 => "it accepts no wildcards; allow them, or name each topic in mqtt.filters",
        _ => "no standard knows this reason; its log may tell more",
    }
}

/// Reads a CONNACK that refuses, one of MQTT 3.1.1, or a DISCONNECT, if that is what `bytes` begin with as a whole.
pub(crate) fn refusal(bytes: &[u8]) -> Option<Refusal> {
    let kind = bytes.first().copied().filter(|kind| matches!(*kind, CONNACK | DISCONNECT))?;
    let (length, rest) = length(bytes.get(1..)?)?;
    let content = rest.get(..length)?;
    match (kind, content) {
        (CONNACK, [_, _]) => Some(Refusal::OnlyVersion3),
        (CONNACK, [_, code, properties @ ..]) if *code >= REFUSAL_MIN => {
            Some(Refusal::Connection(reason(*code, properties)))
        }
        (DISCONNECT, [code, properties @ ..]) => Some(Refusal::End(reason(*code, properties))),
        (DISCONNECT, []) => Some(Refusal::End(BrokerReason::default())),
        _ => None,
    }
}

/// The broker's own words without what a terminal would obey.
pub(crate) fn said(words: &str) -> Option<String> {
    let words: String = words.chars().filter(|c| !c.is_control()).take(SAID_CHARS_MAX).collect();
    (!words.is_empty()).then_some(words)
}

fn reason(code: u8, properties: &[u8]) -> BrokerReason {
    let mut reason = BrokerReason { code, ..BrokerReason::default() };
    let Some((length, rest)) = length(properties) else { return reason };
    let mut rest = rest.get(..length).unwrap_or(rest);
    while let Some((identifier, content, after)) = property(rest) {
        let text = || said(&String::from_utf8_lossy(content));
        match identifier {
            REASON_STRING => reason.said = text(),
            SERVER_REFERENCE => reason.server = text(),
            _ => {}
        }
        rest = after;
    }
    reason
}

/// The next property's identifier and content, and what follows it; `None` at the end, and where nobody knows its
/// length.
fn property(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (identifier, rest) = bytes.split_first()?;
    let size = match *identifier {
        0x01 | 0x17 | 0x19 | 0x24 | 0x25 | 0x28 | 0x29 | 0x2A => 1,
        0x13 | 0x21 | 0x22 | 0x23 => 2,
        0x02 | 0x11 | 0x18 | 0x27 => 4,
        0x03 | 0x08 | 0x09 | 0x12 | 0x15 | 0x16 | 0x1A | SERVER_REFERENCE | REASON_STRING => {
            let (text, after) = text(rest)?;
            return Some((*identifier, text, after));
        }
        // A name and a value.
        0x26 => {
            let (_, after) = text(rest)?;
            let (value, after) = text(after)?;
            return Some((*identifier, value, after));
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(size)?;
    Some((*identifier, content, after))
}

fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (size, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*size).into())
}

/// A length of up to four bytes, the lowest seven bits first, and what follows it.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut length = 0;
    for (place, byte) in bytes.iter().enumerate().take(4) {
        length |= usize::from(byte & 127) << (7 * place);
        if *byte < 128 {
            return Some((length, bytes.get(place + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_whatever_they_hold() {
        let end = |code, said: Option<&str>, server: Option<&str>| {
            Some(Refusal::End(BrokerReason { code, said: said.map(str::to_owned), server: server.map(str::to_owned) }))
        };
        let both = b"\xE0\x10\x9D\x0E\x1F\x00\x04away\x1C\x00\x04b\x1B:1";
        for (bytes, expected) in [
            (&b"\xE0\x00"[..], end(0, None, None)),
            (b"\xE0\x01\x8E", end(0x8E, None, None)),
            (b"\xE0\x02\x8B\x00\xD0\x00", end(0x8B, None, None)),
            (both, end(0x9D, Some("away"), Some("b:1"))),
            (b"\xE0\x05\x87\x03\x1F\x00\xFF", end(0x87, None, None)),
            (b"\xE0\x02\x8B", None),
            (b"\x20\x02\x00\x01", Some(Refusal::OnlyVersion3)),
            (b"\x20\x03\x00\x00\x00", None),
            (
                b"\x20\x03\x00\x85\x00",
                Some(Refusal::Connection(BrokerReason { code: 0x85, ..BrokerReason::default() })),
            ),
            (b"\x40\x02\x00\x01", None),
            (b"", None),
        ] {
            assert_eq!(refusal(bytes), expected, "{bytes:x?}");
        }
    }

    #[test]
    fn each_refusal_that_the_standard_knows_has_a_sentence_of_its_own() {
        let unknown = advice(0xFF);
        let known = (0x80..=0xA2).filter(|code| ![0x92, 0x94].contains(code));
        assert!(known.into_iter().all(|code| advice(code) != unknown));
        let reason = BrokerReason { code: 0x9D, said: said("moved\u{1b}[2J"), server: Some("b:1".to_owned()) };
        assert_eq!(
            reason.to_string(),
            "it has moved; set mqtt.url to its new address (reason 0x9D); it says \"moved[2J\"; it names another \
             server: b:1"
        );
    }
}
