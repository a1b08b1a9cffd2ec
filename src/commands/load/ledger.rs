//! MessageLedger: which message was issued and which was acknowledged, on disk, so that a test can find each in the
//! database.
//!
//! One line an event: `issued,<id>,<kind>,<micros>` before the message is handed over,
//! `acked,<id>,<kind>,<reason>,<micros>` after the broker's answer; `<micros>` since 1970, `<kind>` as `mix` names it.
//! A message that is published twice has two lines of each, `plain` and then `repeat` or `conflict`. A thread of its
//! own writes and syncs every [`SYNC_EVERY`], so that the generator waits for the disk only when it is
//! [`BUFFER_BYTES_MAX`] behind.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};

use super::mix::PublicationKind;
use crate::model::time::Timestamp;

const SYNC_EVERY: Duration = Duration::from_millis(100);
const BUFFER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The open ledger; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct MessageLedger {
    shared: Arc<Shared>,
    /// A moment on both clocks, so that each event costs one reading of the steady one.
    origin: (Instant, i64),
}

#[derive(Debug, Default)]
struct Shared {
    buffer: Mutex<Buffer>,
    /// The writer has taken the buffer, or is to check it.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Buffer {
    bytes: Vec<u8>,
    closed: bool,
}

/// The thread that writes; its end says whether everything is on disk.
#[derive(Debug)]
pub(super) struct LedgerWriter {
    shared: Arc<Shared>,
    thread: JoinHandle<std::io::Result<()>>,
}

impl MessageLedger {
    /// Makes the file anew.
    pub(super) fn create(path: &Path, now: Timestamp) -> anyhow::Result<(MessageLedger, LedgerWriter)> {
        let file = File::create(path).with_context(|| format!("cannot write the ledger {}", path.display()))?;
        let shared = Arc::new(Shared::default());
        let thread = std::thread::spawn({
            let shared = shared.clone();
            move || write_until_closed(&shared, file)
        });
        let ledger = MessageLedger { shared: shared.clone(), origin: (Instant::now(), now.micros()) };
        Ok((ledger, LedgerWriter { shared, thread }))
    }

    pub(super) fn issued(&self, id: u64, kind: PublicationKind) {
        let (kind, micros) = (kind.word(), self.micros(Instant::now()));
        // Writing to memory does not fail.
        self.append(|bytes| drop(writeln!(bytes, "issued,{id},{kind},{micros}")));
    }

    pub(super) fn acked(&self, id: u64, kind: PublicationKind, reason: u8, answered: Instant) {
        let (kind, micros) = (kind.word(), self.micros(answered));
        self.append(|bytes| drop(writeln!(bytes, "acked,{id},{kind},{reason},{micros}")));
    }

    fn append(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut buffer = self.shared.lock();
        while buffer.bytes.len() > BUFFER_BYTES_MAX && !buffer.closed {
            buffer = self.shared.changed.wait(buffer).unwrap_or_else(PoisonError::into_inner);
        }
        write(&mut buffer.bytes);
    }

    fn micros(&self, moment: Instant) -> i64 {
        let (instant, micros) = self.origin;
        micros + moment.saturating_duration_since(instant).as_micros() as i64
    }
}

impl LedgerWriter {
    /// Writes what is left, syncs, and closes the file.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        self.shared.lock().closed = true;
        self.shared.changed.notify_all();
        let written = self.thread.join().map_err(|_| anyhow!("the ledger's writer has panicked"))?;
        written.context("the ledger is incomplete; is the disk full?")
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_until_closed(shared: &Shared, mut file: File) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let mut written = Ok(());
    loop {
        let buffer = shared.lock();
        let awaited = shared.changed.wait_timeout_while(buffer, SYNC_EVERY, |buffer| !buffer.closed);
        let (mut buffer, _) = awaited.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut buffer.bytes, &mut bytes);
        let closed = buffer.closed;
        drop(buffer);
        shared.changed.notify_all();
        // After a failure the generator goes on, and the end says that the ledger is not whole.
        if written.is_ok() && !bytes.is_empty() {
            written = file.write_all(&bytes).and_then(|()| file.sync_data());
        }
        bytes.clear();
        if closed {
            return written;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_is_a_line_on_disk_once_the_ledger_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.csv");
        let (ledger, writer) = MessageLedger::create(&path, Timestamp::from_micros(5_000_000).unwrap()).unwrap();
        for id in 0..1_000 {
            ledger.issued(id, PublicationKind::Plain);
        }
        ledger.acked(7, PublicationKind::Late, 16, Instant::now());
        writer.finish().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text.lines().filter(|line| line.starts_with("issued,")).count(), 1_000);
        let last: Vec<&str> = text.lines().last().unwrap().split(',').collect();
        assert_eq!(last[..4], ["acked", "7", "late", "16"]);
        assert!(last[4].parse::<i64>().unwrap() >= 5_000_000);
    }
}
