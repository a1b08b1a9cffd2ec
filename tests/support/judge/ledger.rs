//! The generator's ledger, read back.

use std::collections::BTreeMap;
use std::path::Path;

use healthtrack::commands::load::mix::PublicationKind;

use super::Publication;

/// A broker says with this reason that it has the message and nobody subscribes: it keeps it for nobody.
const NO_SUBSCRIBER: u8 = 0x10;
/// From here on, reasons are refusals.
const REFUSED: u8 = 0x80;

/// When a publication was issued and acknowledged, in microseconds since 1970.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) issued: i64,
    /// The reason code, and when it came.
    pub(crate) acked: Option<(u8, i64)>,
}

impl Entry {
    /// Whether the broker has promised to deliver it.
    pub(crate) fn is_promised(&self) -> bool {
        self.acked.is_some_and(|(reason, _)| reason < REFUSED && reason != NO_SUBSCRIBER)
    }
}

/// Every publication of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    pub(crate) entries: BTreeMap<Publication, Entry>,
}

impl Ledger {
    /// Reads the file that `healthtrack load --ledger` wrote.
    pub(crate) fn read(path: &Path) -> Ledger {
        Ledger::parse(&std::fs::read_to_string(path).unwrap())
    }

    /// Reads its lines.
    pub(crate) fn parse(text: &str) -> Ledger {
        let mut ledger = Ledger::default();
        for line in text.lines() {
            let words: Vec<&str> = line.split(',').collect();
            let number = |place: usize| words[place].parse::<i64>().unwrap();
            let publication = (words[1].parse().unwrap(), PublicationKind::of_word(words[2]).unwrap());
            match words[0] {
                "issued" => {
                    let entry = Entry { issued: number(3), acked: None };
                    assert!(ledger.entries.insert(publication, entry).is_none(), "issued twice: {line}");
                }
                "acked" => {
                    let entry = ledger.entries.get_mut(&publication).expect("acked after it was issued");
                    entry.acked = Some((words[3].parse().unwrap(), number(4)));
                }
                _ => panic!("not a line of a ledger: {line}"),
            }
        }
        ledger
    }
}
