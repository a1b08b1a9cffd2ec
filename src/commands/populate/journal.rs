//! Journal: synthetic entries, encrypted as a page would encrypt them: the database never sees the words.

use uuid::Uuid;

use crate::config::SecurityConfig;
use crate::model::people::DocumentId;
use crate::model::time::{Clock as _, SystemClock};
use crate::security::envelope::{CellAddress, Envelope, encrypt};
use crate::security::keyring::KeyRing;
use crate::store::care::document::NewDocument;
use crate::store::care::journal::JournalEntry;
use crate::store::population::Population;

/// What the synthetic patients write.
const WORDS: [&str; 4] = [
    "Slept badly, and was short with everybody.",
    "Walked to the lake and back. It did me good.",
    "I have not told anybody yet that I am afraid of the results.",
    "A good day. Cooked for the children.",
];

/// What somebody wrote to each of them.
const LETTER: &str = "Seen today and found well. Blood pressure within bounds; the next visit is in a year.";

/// Writes the journals, and beside each a letter; how many entries, none where no key was given.
pub(super) async fn write(config: &SecurityConfig, population: &mut Population<'_>) -> anyhow::Result<Option<u64>> {
    let keys = KeyRing::load("security.key", &config.key_file, &config.keys)?;
    if keys.newest().is_none() {
        return Ok(None);
    }
    let envelope = Envelope::new(&keys)?;
    let unwritten = population.unwritten().await?;
    for (entry, (words, mood)) in unwritten.iter().zip(WORDS.iter().zip(2..).cycle()) {
        let (patient, row) = (entry.patient, entry.entry.to_string());
        let key = envelope.data_key(&mut population.data_keys(), patient, SystemClock.now()).await?;
        let body = encrypt(&key, &CellAddress { table: "care.journal_entry", column: "body", row: &row }, words)?;
        let (journal_entry_id, written_at) = (entry.entry, entry.written_at);
        let entry = JournalEntry { journal_entry_id, patient, written_at, mood: Some(mood), body };
        population.write(&entry).await?;
        let document = DocumentId(Uuid::from_u128(entry.journal_entry_id.0.as_u128() ^ 1));
        let row = document.to_string();
        let place = CellAddress { table: "care.document_content", column: "body", row: &row };
        let letter = NewDocument {
            document,
            encounter: None,
            supersedes: None,
            documented_at: written_at,
            type_loinc: "11488-4",
            title: "Letter of the clinic",
            media_type: "text/plain",
            size_bytes: i32::try_from(LETTER.len())?,
            body: &encrypt(&key, &place, LETTER)?,
            sensitivity: None,
        };
        population.attach(patient, &letter).await?;
    }
    Ok(Some(unwritten.len() as u64))
}
