//! Answers: what the broker makes of each message, and of all of them.

use std::time::Instant;

/// `[0x80..]`: the broker refuses the message.
pub(super) const REFUSED: u8 = 0x80;
/// The broker has the message, but nobody subscribes to its topic.
pub(crate) const NO_SUBSCRIBER: u8 = 0x10;

/// The broker's answer to one message.
#[derive(Copy, Clone, Debug)]
pub struct Ack {
    /// What the caller called the message.
    pub id: u64,
    /// The PUBACK reason code; 0x80 and above are refusals.
    pub reason: u8,
    /// When the caller handed the message over.
    pub issued: Instant,
    /// When the answer was read.
    pub answered: Instant,
}

/// Called with each answer, in the order in which they come. It must not block.
pub type OnAck = Box<dyn FnMut(&Ack) + Send>;

/// What became of the messages so far.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Messages handed over.
    pub issued: u64,
    /// Messages that the broker acknowledged.
    pub acked: u64,
    /// Of these, messages to which nobody subscribes.
    pub without_subscriber: u64,
    /// Messages that the broker refused.
    pub refused: u64,
    /// Messages without an answer.
    pub unanswered: u64,
    /// Times that the connection was made anew.
    pub reconnects: u64,
}

impl Counts {
    /// True where the broker acknowledged each message.
    pub fn is_complete(&self) -> bool {
        self.acked == self.issued
    }

    /// The counts of two publishers together.
    pub fn and(self, other: Counts) -> Counts {
        Counts {
            issued: self.issued + other.issued,
            acked: self.acked + other.acked,
            without_subscriber: self.without_subscriber + other.without_subscriber,
            refused: self.refused + other.refused,
            unanswered: self.unanswered + other.unanswered,
            reconnects: self.reconnects + other.reconnects,
        }
    }
}
