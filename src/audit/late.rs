//! Late: events that are older than a record which should have had them and does not.
//!
//! # Why
//! A signer can be shown an old state for ever, and then everything of since can be forged until it is signed. Events
//! tell their moment, and a chain grows by one at a time: so the event after a head cannot be much older than the last
//! record that still had this head. A little older it can be, since its transaction may have gone on for a while after
//! it was written, and since two machines do not have the same clock.

use super::error::AuditError;
use super::record::HeadRecord;
use super::sequence::ShippedFindings;
use crate::model::time::{MINUTE_US, Timestamp};
use crate::store::care::audit::{AUDIT_CHAINS, events_after};
use crate::store::care::context::Auditor;

/// How much older than a record an event may be that it does not have, besides the time since the record before.
const LATE_US: i64 = 10 * MINUTE_US;
/// No more than this is added, however long nothing was shipped.
const INTERVAL_MAX_US: i64 = 60 * MINUTE_US;
/// Places that are asked for at once.
const BATCH_PLACES: usize = 4_096;

/// A place after which nothing was written until a record, as far as that record says.
#[derive(Copy, Clone, Debug)]
struct Held {
    chain: i16,
    seq: i64,
    record: RecordTime,
}

#[derive(Copy, Clone, Debug)]
struct RecordTime {
    number: u64,
    at: Timestamp,
    /// Since the record before.
    interval_us: i64,
}

/// What the records say of when chains grew.
#[derive(Debug)]
pub(super) struct LateEvents {
    /// The head of each chain in the last record; 0 for a chain without an event.
    seqs: Vec<i64>,
    last: Option<RecordTime>,
    batch: Vec<Held>,
    /// Of each chain the first that was found, and when it is said to be written.
    found: Vec<Option<(Held, Timestamp)>>,
}

impl LateEvents {
    /// Before the first record.
    pub(super) fn new() -> LateEvents {
        let chains = usize::from(AUDIT_CHAINS.unsigned_abs());
        LateEvents { seqs: vec![0; chains], last: None, batch: Vec::new(), found: vec![None; chains] }
    }

    /// Takes the next record; true where it is time to look.
    pub(super) fn take(&mut self, record: &HeadRecord) -> bool {
        let mut seqs = vec![0; self.seqs.len()];
        for head in &record.heads {
            if let Some(seq) = usize::try_from(head.chain).ok().and_then(|chain| seqs.get_mut(chain)) {
                *seq = head.seq;
            }
        }
        if let Some(last) = self.last {
            let changed = (0_i16..).zip(self.seqs.iter().zip(&seqs)).filter(|(_, (before, now))| before != now);
            self.batch.extend(changed.map(|(chain, (seq, _))| Held { chain, seq: *seq, record: last }));
        }
        let interval_us = self.last.map_or(0, |last| record.at.micros_since(last.at)).clamp(0, INTERVAL_MAX_US);
        self.last = Some(RecordTime { number: record.number, at: record.at, interval_us });
        self.seqs = seqs;
        self.batch.len() >= BATCH_PLACES
    }

    /// Asks the database for what follows the places so far.
    pub(super) async fn look(&mut self, auditor: &mut Auditor<'_>) -> Result<(), AuditError> {
        let batch = std::mem::take(&mut self.batch);
        let places: Vec<(i16, i64)> = batch.iter().map(|held| (held.chain, held.seq)).collect();
        for (place, at) in events_after(auditor, &places).await? {
            let Some(held) = batch.get(place) else { continue };
            let found = usize::try_from(held.chain).ok().and_then(|chain| self.found.get_mut(chain));
            if held.record.is_late(at)
                && let Some(found) = found
            {
                found.get_or_insert((*held, at));
            }
        }
        Ok(())
    }

    /// Looks at the last record's heads, and says what was found.
    pub(super) async fn tell(
        mut self,
        auditor: &mut Auditor<'_>,
        findings: &mut ShippedFindings,
    ) -> Result<(), AuditError> {
        if let Some(record) = self.last {
            let all = (0_i16..).zip(&self.seqs).map(|(chain, seq)| Held { chain, seq: *seq, record });
            self.batch.extend(all);
        }
        self.look(auditor).await?;
        for (Held { chain, seq, record }, at) in self.found.into_iter().flatten() {
            findings.add(format!(
                "chain {chain} has an event after its event {seq} that is of {at}, and record {} of {} does not have \
                 it: it was written or moved into the past since, the signer was shown an older state, or the clocks \
                 differ",
                record.number, record.at
            ));
        }
        Ok(())
    }
}

impl RecordTime {
    /// True where an event of this moment would stand in the record.
    fn is_late(self, at: Timestamp) -> bool {
        self.at.micros_since(at) > LATE_US.saturating_add(self.interval_us)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{heads, key, now};
    use super::*;

    #[test]
    fn an_event_may_be_a_little_older_than_a_record_without_it() {
        let record = RecordTime { number: 1, at: now(), interval_us: 5 * MINUTE_US };
        assert!(!record.is_late(now().plus_micros(MINUTE_US)));
        assert!(!record.is_late(now().plus_micros(-15 * MINUTE_US)));
        assert!(record.is_late(now().plus_micros(-15 * MINUTE_US - 1)));
    }

    #[test]
    fn a_head_is_asked_for_with_the_last_record_that_still_has_it() {
        let mut late = LateEvents::new();
        let mut last = None;
        for (minutes, seq) in [(0, 1), (5, 1), (600, 1), (605, 4)] {
            let at = now().plus_micros(minutes * MINUTE_US);
            let record = HeadRecord::sign(last.as_ref(), "7/health", at, &heads(seq), &key(1)).unwrap();
            assert!(!late.take(&record));
            last = Some(record);
        }
        let held: Vec<_> = late.batch.iter().map(|held| (held.chain, held.seq, held.record.number)).collect();
        assert_eq!(held, [(0, 1, 3), (7, 1, 3), (63, 1, 3)]);
        assert_eq!(late.batch[0].record.interval_us, INTERVAL_MAX_US, "a long pause hides no more than an hour");
    }
}
