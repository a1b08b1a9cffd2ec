//! Acknowledgements: which messages of one connection may be acknowledged now.
//!
//! # Why
//! MQTT asks for PUBACKs in the order in which the messages came [MQTT-4.6.0-2], and an acknowledgement is a promise
//! that everything in the message is committed. Commits end in any order, so an acknowledgement waits until all before
//! it are committed too. A message that came over a connection that is gone can no longer be acknowledged: the broker
//! sends it again, under a number of its own, and its samples count as duplicates.
//!
//! Invariants, each kept by a property below:
//! - no acknowledgement before all parts of its message are settled, and none twice;
//! - acknowledgements leave in the order of receipt;
//! - none crosses from one connection to the next.

use std::collections::VecDeque;

use super::sync::{Mutex, MutexGuard, Notify, PoisonError};

use crate::faults::{Defect, is_injected};
use crate::ingest::window::Window;

/// One message of one connection: what a commit settles.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Token {
    generation: u64,
    sequence: u64,
}

/// The messages of one connection that are not acknowledged yet. Pure: no socket, no clock.
#[derive(Debug, Default)]
pub struct AckTracker {
    /// How many connections there have been.
    generation: u64,
    /// The sequence number of the first entry.
    base: u64,
    /// At most 65,535: each holds a packet identifier that the broker may not give again before its PUBACK.
    entries: VecDeque<Entry>,
    /// How many of them the broker lets there be.
    pub window: Window,
}

#[derive(Debug)]
struct Entry {
    packet_id: u16,
    /// Parts that are not committed yet.
    left: u32,
}

impl AckTracker {
    /// A new connection is open: whatever came over the one before is not acknowledged over this one.
    pub fn open(&mut self) {
        self.generation += 1;
        self.base = 0;
        self.entries.clear();
        self.window.forget();
    }

    /// Tracks a message that is committed in `parts` parts.
    pub fn receive(&mut self, packet_id: u16, parts: u32) -> Token {
        let sequence = self.base + self.entries.len() as u64;
        self.entries.push_back(Entry { packet_id, left: parts });
        Token { generation: self.generation, sequence }
    }

    /// One part of a message is committed. Of an older connection: nothing is left to do.
    pub fn settle(&mut self, token: Token) {
        if token.generation != self.generation && !is_injected(Defect::StaleAck) {
            return;
        }
        let place = token.sequence.checked_sub(self.base).and_then(|place| usize::try_from(place).ok());
        if let Some(entry) = place.and_then(|place| self.entries.get_mut(place)) {
            entry.left = entry.left.saturating_sub(1);
        }
    }

    /// Takes the packet identifiers that may be acknowledged now, in the order of receipt.
    pub fn take_ready(&mut self, ready: &mut Vec<u16>) {
        while let Some(entry) = self.entries.pop_front_if(|entry| entry.left == 0) {
            ready.push(entry.packet_id);
            self.base += 1;
        }
    }

    /// True where something may be acknowledged now.
    pub fn is_ready(&self) -> bool {
        self.entries.front().is_some_and(|entry| entry.left == 0)
    }

    /// Whether a message that is not acknowledged bears this packet identifier.
    pub fn bears(&self, packet_id: u16) -> bool {
        self.entries.iter().any(|entry| entry.packet_id == packet_id)
    }

    /// Messages that are not acknowledged yet.
    pub fn unacknowledged(&self) -> usize {
        self.entries.len()
    }
}

/// The tracker of one connection, shared by the session that receives and the lanes that commit. Neither waits for the
/// other: each holds the lock for as long as a few list operations take.
#[derive(Debug, Default)]
pub struct Acks {
    tracker: Mutex<AckTracker>,
    ready: Notify,
}

impl Acks {
    /// The tracker, for a few operations.
    pub fn tracker(&self) -> MutexGuard<'_, AckTracker> {
        self.tracker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Settles parts of messages after their commit, and wakes the session where that frees an acknowledgement.
    pub fn settle(&self, tokens: &[Token]) {
        let mut tracker = self.tracker();
        tokens.iter().for_each(|token| tracker.settle(*token));
        let is_ready = tracker.is_ready();
        drop(tracker);
        if is_ready {
            self.ready.notify_one();
        }
    }

    /// Waits until something may be acknowledged.
    pub async fn wait(&self) {
        self.ready.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(debug_assertions)]
    use crate::faults::is_seen;
    use proptest::prelude::*;

    /// What can happen to a connection's messages.
    #[derive(Clone, Debug)]
    enum Step {
        Open,
        Receive {
            parts: u32,
        },
        /// Settles some outstanding part, of whatever connection.
        Settle(prop::sample::Index),
        Send,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            1 => Just(Step::Open),
            8 => (1..4_u32).prop_map(|parts| Step::Receive { parts }),
            12 => any::<prop::sample::Index>().prop_map(Step::Settle),
            4 => Just(Step::Send),
        ];
        prop::collection::vec(step, 0..400)
    }

    proptest! {
        #[test]
        fn acks_are_the_settled_prefix_of_the_present_connection(steps in steps()) {
            agrees_with_the_model(steps)?;
        }
    }

    #[test]
    #[cfg(debug_assertions)]
    fn the_model_sees_an_acknowledgement_of_an_earlier_connection() {
        assert!(is_seen(Defect::StaleAck, &steps(), agrees_with_the_model));
    }

    /// The model keeps every message by itself and checks all of them anew each time.
    fn agrees_with_the_model(steps: Vec<Step>) -> Result<(), TestCaseError> {
        struct Message {
            connection: u64,
            id: u16,
            left: u32,
            acked: bool,
        }
        let (mut tracker, mut connection, mut next) = (AckTracker::default(), 0_u64, 0_u16);
        let mut messages: Vec<Message> = Vec::new();
        let mut outstanding: Vec<(Token, usize)> = Vec::new();
        for step in steps {
            match step {
                Step::Open => {
                    tracker.open();
                    connection += 1;
                }
                Step::Receive { parts } => {
                    next = next.wrapping_add(1);
                    let token = tracker.receive(next, parts);
                    outstanding.extend((0..parts).map(|_| (token, messages.len())));
                    messages.push(Message { connection, id: next, left: parts, acked: false });
                }
                Step::Settle(index) if !outstanding.is_empty() => {
                    let (token, message) = outstanding.swap_remove(index.index(outstanding.len()));
                    tracker.settle(token);
                    messages[message].left -= 1;
                }
                Step::Settle(_) => {}
                Step::Send => {
                    let mut sent = Vec::new();
                    tracker.take_ready(&mut sent);
                    let expected: Vec<u16> = messages
                        .iter_mut()
                        .filter(|message| message.connection == connection && !message.acked)
                        .take_while(|message| message.left == 0)
                        .map(|message| {
                            message.acked = true;
                            message.id
                        })
                        .collect();
                    prop_assert_eq!(sent, expected);
                }
            }
            let waiting = messages.iter().filter(|m| m.connection == connection && !m.acked).count();
            prop_assert_eq!(tracker.unacknowledged(), waiting);
        }
        Ok(())
    }

    #[test]
    fn a_commit_of_an_older_connection_acknowledges_nothing() {
        let mut tracker = AckTracker::default();
        tracker.open();
        let old = tracker.receive(1, 1);
        tracker.open();
        let new = tracker.receive(9, 1);
        tracker.settle(old);
        let mut ready = Vec::new();
        tracker.take_ready(&mut ready);
        assert!(ready.is_empty());
        tracker.settle(new);
        tracker.take_ready(&mut ready);
        assert_eq!(ready, [9]);
    }

    #[test]
    fn a_message_in_two_parts_waits_for_both() {
        let mut tracker = AckTracker::default();
        tracker.open();
        let token = tracker.receive(3, 2);
        tracker.settle(token);
        assert!(!tracker.is_ready());
        tracker.settle(token);
        assert!(tracker.is_ready());
    }
}
