//! Sequence: records in the order in which they were shipped, and what is wrong with that order.
//!
//! Each names the one before by its digest, so what was removed, put in or moved shows itself. Only the end does not:
//! it shows by its age. A line that a crash cut off was written again, so it is told and is no fault; an object of a
//! bucket cannot be cut off by a crash. Nor is it a fault that a record stands there once more, the very same: a
//! message of syslog may come twice, and all of them do where it was forgotten that they were sent.

use std::collections::BTreeMap;

use super::record::{HeadRecord, RecordError};
use super::source::Line;
use crate::security::signature::PublicKeys;

/// The most sentences that are kept; the rest is counted.
const FINDINGS_MAX: usize = 1_000;
/// Of so many records copies are known, the first ones: nine years, each five minutes.
const KNOWN_MAX: usize = 1_000_000;

/// What was found, in sentences.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShippedFindings {
    /// What is wrong.
    pub wrong: Vec<String>,
    /// What is worth knowing and is no fault.
    pub notes: Vec<String>,
    /// What is wrong and was not kept.
    pub unlisted: u64,
}

impl ShippedFindings {
    /// Keeps a sentence about what is wrong.
    pub(super) fn add(&mut self, sentence: String) {
        match self.wrong.len() < FINDINGS_MAX {
            true => self.wrong.push(sentence),
            false => self.unlisted += 1,
        }
    }

    /// Keeps a sentence that is worth knowing.
    pub(super) fn note(&mut self, sentence: String) {
        if self.notes.len() < FINDINGS_MAX {
            self.notes.push(sentence);
        }
    }

    /// True where nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.wrong.is_empty()
    }
}

/// The records so far.
#[derive(Debug)]
pub(super) struct Sequence<'k> {
    keys: &'k PublicKeys,
    first: u64,
    last: Option<HeadRecord>,
    records: u64,
    /// The digest of each record so far.
    known: BTreeMap<u64, [u8; 32]>,
    copies: u64,
}

impl<'k> Sequence<'k> {
    /// Of which the first must have this number: 1, unless older ones are kept elsewhere.
    pub(super) fn new(keys: &'k PublicKeys, first: u64) -> Sequence<'k> {
        Sequence { keys, first, last: None, records: 0, known: BTreeMap::new(), copies: 0 }
    }

    /// The newest record, and how many there were.
    pub(super) fn end(&self) -> (Option<&HeadRecord>, u64) {
        (self.last.as_ref(), self.records)
    }

    /// Takes the next line; its record, where it is a new one that a key has signed.
    pub(super) fn take(&mut self, line: &Line, found: &mut ShippedFindings) -> Option<&HeadRecord> {
        let place = &line.place;
        let Some(text) = &line.text else {
            found.add(format!("{place} is too long for a record of heads"));
            return None;
        };
        let record = match HeadRecord::read(text, self.keys) {
            Ok(record) => record,
            Err(RecordError::Cut) if line.is_whole => {
                found.add(format!("{place} is empty or holds a part of a record: it was put there instead of one"));
                return None;
            }
            Err(RecordError::Cut) => {
                found.note(format!("{place} {}", RecordError::Cut));
                return None;
            }
            Err(error) => {
                found.add(format!("{place} {error}"));
                return None;
            }
        };
        let digest = record.digest_bytes();
        if self.known.get(&record.number) == Some(&digest) {
            self.copies += 1;
            return None;
        }
        if let Some(sentence) = self.misplaced(&record) {
            found.add(sentence);
        }
        if self.known.len() < KNOWN_MAX {
            self.known.insert(record.number, digest);
        }
        self.records += 1;
        Some(self.last.insert(record))
    }

    /// Says how many records stand there once more.
    pub(super) fn tell_copies(&self, found: &mut ShippedFindings) {
        match self.copies {
            0 => {}
            1 => found.note("1 line is a copy of a record before it".to_owned()),
            copies => found.note(format!("{copies} lines are copies of records before them")),
        }
    }

    /// What is wrong with the place of a record.
    fn misplaced(&self, record: &HeadRecord) -> Option<String> {
        let Some(last) = &self.last else { return self.misplaced_first(record) };
        let number = record.number;
        let expected = last.number.saturating_add(1);
        if number == last.number {
            return Some(format!(
                "two records have number {number}: one of them was put in, or two programs have signed"
            ));
        }
        if number < expected {
            return Some(format!("record {number} stands after record {}: it was moved", last.number));
        }
        if number > expected {
            return Some(missing(expected, number));
        }
        if record.previous != last.digest() {
            let before = last.number;
            return Some(format!("record {number} does not follow this record {before}: one of the two was put in"));
        }
        let is_other = record.database != last.database;
        is_other.then(|| {
            format!("record {number} is of database {}, and the one before of {}", record.database, last.database)
        })
    }

    fn misplaced_first(&self, record: &HeadRecord) -> Option<String> {
        let number = record.number;
        if number < self.first {
            return Some(format!("the first record is record {number}, and should be record {}", self.first));
        }
        if number > self.first {
            return Some(missing(self.first, number));
        }
        let is_origin = record.previous == HeadRecord::origin();
        (number == 1 && !is_origin).then(|| "record 1 follows another record, and should be the first".to_owned())
    }
}

/// That records from one to before another are not there.
fn missing(from: u64, before: u64) -> String {
    match before.saturating_sub(1) {
        last if last == from => format!("record {from} is missing"),
        last => format!("records {from} to {last} are missing"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{heads, key, keys, now, series};
    use super::*;

    /// What is said of these lines.
    fn found(lines: &[String], first: u64) -> (Vec<String>, Vec<String>, u64) {
        let keys = keys(&[1]);
        let (mut found, mut sequence) = (ShippedFindings::default(), Sequence::new(&keys, first));
        for (place, text) in lines.iter().enumerate() {
            let line = Line { place: format!("line {}", place + 1), text: Some(text.clone()), is_whole: false };
            sequence.take(&line, &mut found);
        }
        sequence.tell_copies(&mut found);
        (found.wrong, found.notes, sequence.end().1)
    }

    #[test]
    fn an_unbroken_series_is_in_order_with_copies_and_lines_that_were_cut_off() {
        let mut lines = series(4);
        assert_eq!(found(&lines, 1), (vec![], vec![], 4));
        assert_eq!(found(&lines[2..], 3), (vec![], vec![], 2));
        lines.insert(2, lines[2][..90].to_owned());
        lines.insert(2, lines[1].clone());
        let notes = ["line 4 was cut off while it was written", "1 line is a copy of a record before it"];
        assert_eq!(found(&lines, 1), (vec![], notes.map(str::to_owned).into(), 4));
    }

    #[test]
    fn records_that_were_all_sent_again_are_no_fault_and_one_that_is_not_the_same_is() {
        let lines = series(6);
        let again = [&lines[..4], &lines[..5], &lines[2..]].concat();
        let copies = vec!["7 lines are copies of records before them".to_owned()];
        assert_eq!(found(&again, 1), (vec![], copies, 6));
        let first = HeadRecord::read(&lines[0], &keys(&[1])).unwrap();
        let other = HeadRecord::sign(Some(&first), "7/health", now(), &heads(9), &key(1)).unwrap();
        let replaced = [&lines[..4], &lines[..1], &[other.line().to_owned()]].concat();
        assert_eq!(found(&replaced, 1).0, ["record 2 stands after record 4: it was moved"]);
    }

    #[test]
    fn an_object_is_whole_or_a_fault() {
        let keys = keys(&[1]);
        let (mut found, mut sequence) = (ShippedFindings::default(), Sequence::new(&keys, 1));
        for text in [Some(String::new()), Some(series(1)[0][..90].to_owned()), None] {
            let line = Line { place: "object 1".to_owned(), text, is_whole: true };
            assert!(sequence.take(&line, &mut found).is_none());
        }
        let part = "object 1 is empty or holds a part of a record: it was put there instead of one";
        assert_eq!(found.wrong, [part, part, "object 1 is too long for a record of heads"]);
        assert_eq!(found.notes, [""; 0]);
    }

    #[test]
    fn what_was_removed_moved_altered_or_put_in_is_found() {
        let lines = series(5);
        let without = |place: usize| [&lines[..place], &lines[place + 1..]].concat();
        let mut swapped = lines.clone();
        swapped.swap(1, 2);
        let mut altered = lines.clone();
        altered[2] = altered[2].replace(":00Z", ":01Z");
        let mut noise = lines.clone();
        noise.insert(1, "something else".to_owned());
        // The holder of the key signs another third record: a fork.
        let second = HeadRecord::read(&lines[1], &keys(&[1])).unwrap();
        let mut forked = lines.clone();
        let fork = |database| HeadRecord::sign(Some(&second), database, now(), &heads(1), &key(1)).unwrap();
        forked[2] = fork("7/health").line().to_owned();
        let both = [&forked[..3], &lines[2..]].concat();
        let mut foreign = forked[..2].to_vec();
        foreign.push(fork("8/other").line().to_owned());
        let stranger = HeadRecord::sign(Some(&second), "7/health", now(), &heads(1), &key(2)).unwrap();
        let unknown = format!("line 3 is signed with key {}, which is not among the public keys", key(2).id());
        let signed_by_another = [&lines[..2], &[stranger.line().to_owned()]].concat();
        let altered_by = format!("line 3 was altered: its signature is not that of key {}", key(1).id());
        let twice = "two records have number 3: one of them was put in, or two programs have signed";
        for (what, lines, expected) in [
            ("one removed", without(2), vec!["record 3 is missing"]),
            ("the beginning removed", lines[2..].to_vec(), vec!["records 1 to 2 are missing"]),
            (
                "swapped",
                swapped,
                vec!["record 2 is missing", "record 2 stands after record 3: it was moved", "record 3 is missing"],
            ),
            ("altered", altered, vec![altered_by.as_str(), "record 3 is missing"]),
            ("noise", noise, vec!["line 2 is no record of heads"]),
            ("forked", forked, vec!["record 4 does not follow this record 3: one of the two was put in"]),
            ("both of a fork", both, vec![twice]),
            ("foreign", foreign, vec!["record 3 is of database 8/other, and the one before of 7/health"]),
            ("another key", signed_by_another, vec![unknown.as_str()]),
        ] {
            assert_eq!(found(&lines, 1).0, expected, "{what}");
        }
        assert_eq!(found(&lines, 3).0, ["the first record is record 1, and should be record 3"]);
    }

    #[test]
    fn more_findings_than_anybody_reads_are_counted() {
        let mut found = ShippedFindings::default();
        (0..FINDINGS_MAX + 5).for_each(|_| found.add("wrong".to_owned()));
        assert_eq!((found.wrong.len(), found.unlisted), (FINDINGS_MAX, 5));
    }
}
