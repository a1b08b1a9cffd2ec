//! The database's side, read along: where in a transaction a connection ends.

use super::pump::{From, Heard};
use super::{Point, State};

/// Where in a transaction with COPY data a connection ended.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Before its COMMIT passed: the database must forget it.
    InBatch,
    /// After its COMMIT passed and before the answer did: it may stand or not.
    InCommit,
}

/// The longest statement worth looking at.
const STATEMENT_BYTES_MAX: usize = 64;
/// What a client that would like TLS sends first (PostgreSQL manual, "Message Formats").
const SSL_REQUEST: u32 = 80_877_103;

#[derive(Debug, Default)]
pub(super) struct PostgresEar {
    from_daemon: Frames,
    from_peer: Frames,
    /// The daemon has asked for TLS, and the answer is one byte.
    asks_for_tls: bool,
    /// TLS was granted.
    is_secret: bool,
    /// Bytes of COPY data in the open transaction.
    copied: u64,
    commit_passed: bool,
    /// Bytes of COPY data since the present trap was set.
    counted: (Option<Point>, u64),
}

/// Messages out of bytes: each a letter, a length and a body, but for the first of a client.
#[derive(Debug, Default)]
struct Frames {
    /// The first message has passed.
    has_begun: bool,
    head: Vec<u8>,
    letter: u8,
    /// Bytes of the body that are still to come.
    left: usize,
    /// The beginning of the body.
    body: Vec<u8>,
}

/// A piece of a message.
struct Piece {
    letter: u8,
    bytes: usize,
    /// The message is whole, and begins like this.
    whole: Option<Vec<u8>>,
}

impl Frames {
    /// Takes the next piece out of `bytes`: no more than what is left of one message.
    fn next(&mut self, bytes: &[u8], letters: bool) -> Piece {
        let head = if letters { 5 } else { 4 };
        if self.head.len() < head {
            let taken = bytes.len().min(head - self.head.len());
            self.head.extend_from_slice(&bytes[..taken]);
            if self.head.len() == head {
                let length = u32::from_be_bytes(*self.head.last_chunk::<4>().unwrap());
                self.letter = if letters { self.head[0] } else { 0 };
                self.left = usize::try_from(length).unwrap().saturating_sub(4);
            }
            let whole = self.whole(head);
            return Piece { letter: 0, bytes: taken, whole };
        }
        let taken = bytes.len().min(self.left);
        let room = STATEMENT_BYTES_MAX.saturating_sub(self.body.len());
        self.body.extend_from_slice(&bytes[..taken.min(room)]);
        self.left -= taken;
        Piece { letter: self.letter, bytes: taken, whole: self.whole(head) }
    }

    fn whole(&mut self, head: usize) -> Option<Vec<u8>> {
        let is_whole = self.head.len() == head && self.left == 0;
        is_whole.then(|| {
            self.head.clear();
            std::mem::take(&mut self.body)
        })
    }
}

impl PostgresEar {
    pub(super) fn hear(&mut self, from: From, bytes: &[u8], state: &mut State) -> Heard {
        let point = state.trap.map(|(point, _)| point);
        if self.counted.0 != point {
            self.counted = (point, 0);
        }
        let mut read = 0;
        while read < bytes.len() && !self.is_secret {
            let strikes_at = match from {
                From::Daemon => self.hear_daemon(&bytes[read..], point, &mut read),
                From::Peer => {
                    self.hear_peer(&bytes[read..], &mut read);
                    None
                }
            };
            if strikes_at.is_some() {
                return Heard { strikes_at: strikes_at.map(|_| read) };
            }
        }
        Heard::default()
    }

    fn hear_daemon(&mut self, bytes: &[u8], point: Option<Point>, read: &mut usize) -> Option<()> {
        let letters = self.from_daemon.has_begun;
        let mut piece = self.from_daemon.next(bytes, letters);
        let letter = self.from_daemon.letter;
        if piece.letter == b'd' {
            if let Some(Point::CopyBytes(wanted)) = point
                && self.counted.1 + piece.bytes as u64 >= wanted
            {
                piece.bytes = usize::try_from(wanted.saturating_sub(self.counted.1)).unwrap();
                self.copied += piece.bytes as u64;
                *read += piece.bytes;
                return Some(());
            }
            self.counted.1 += piece.bytes as u64;
            self.copied += piece.bytes as u64;
        }
        *read += piece.bytes;
        let whole = piece.whole?;
        if !letters {
            let code = whole.first_chunk::<4>().map(|code| u32::from_be_bytes(*code));
            self.asks_for_tls = code == Some(SSL_REQUEST);
            self.from_daemon.has_begun = !self.asks_for_tls;
            return None;
        }
        if letter == b'Q' && whole.starts_with(b"COMMIT") && self.copied > 0 {
            self.commit_passed = true;
            return (point == Some(Point::Commit)).then_some(());
        }
        None
    }

    fn hear_peer(&mut self, bytes: &[u8], read: &mut usize) {
        if std::mem::take(&mut self.asks_for_tls) {
            self.is_secret = bytes.first() == Some(&b'S');
            *read += 1;
            return;
        }
        let piece = self.from_peer.next(bytes, true);
        *read += piece.bytes;
        // ReadyForQuery, outside any transaction.
        if self.from_peer.letter == b'Z' && piece.whole.is_some_and(|body| body == b"I") {
            self.copied = 0;
            self.commit_passed = false;
        }
    }

    /// Where in a transaction the connection stands.
    pub(super) fn cut(&self) -> Option<Cut> {
        (self.copied > 0).then_some(if self.commit_passed { Cut::InCommit } else { Cut::InBatch })
    }
}
