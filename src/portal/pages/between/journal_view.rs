//! Entries of a journal as pages show them: sealed before they go to the database, opened where they come from it, and
//! nowhere else.

use jiff::tz::TimeZone;

use crate::model::people::{JournalEntryId, PatientId, ProviderId};
use crate::model::time::Timestamp;
use crate::portal::forms::Problem;
use crate::portal::page_error::PageError;
use crate::portal::shown::moment;
use crate::portal::words::WORDS;
use crate::portal::words::share::SHARE;
use crate::security::envelope::{CellAddress, DataKey, Envelope, EnvelopeError, decrypt, encrypt};
use crate::store::care::actor::Actor;
use crate::store::care::data_key::{self, DataKeys};
use crate::store::care::journal::{self, JournalEntry, JournalShare};
use crate::telemetry::chain;

/// Entries that the database gives at once.
const PART: usize = 200;
/// So often it is asked at most: 5,000 entries, one a day for 13 years.
const PARTS_MAX: usize = 25;

/// An entry, opened.
pub(in crate::portal) struct EntryView {
    pub(in crate::portal) key: JournalEntryId,
    pub(in crate::portal) when: String,
    pub(in crate::portal) mood: Option<&'static str>,
    /// `None` where they cannot be opened.
    pub(in crate::portal) words: Option<String>,
    pub(in crate::portal) shares: Vec<ShareView>,
}

/// With whom an entry is shared.
pub(in crate::portal) struct ShareView {
    pub(in crate::portal) provider: ProviderId,
    pub(in crate::portal) name: String,
    pub(in crate::portal) until: String,
}

/// How one feels, by number.
pub(in crate::portal) fn moods() -> Vec<(String, String)> {
    (1..=5).filter_map(|mood| Some((mood.to_string(), mood_of(mood)?.to_owned()))).collect()
}

fn mood_of(mood: i16) -> Option<&'static str> {
    match mood {
        1 => Some(SHARE.mood_1),
        2 => Some(SHARE.mood_2),
        3 => Some(SHARE.mood_3),
        4 => Some(SHARE.mood_4),
        5 => Some(SHARE.mood_5),
        _ => None,
    }
}

/// Where the words of an entry are sealed for.
fn place(row: &str) -> CellAddress<'_> {
    CellAddress { table: "care.journal_entry", column: "body", row }
}

fn failed(error: EnvelopeError) -> PageError {
    match error {
        EnvelopeError::Care(error) => error.into(),
        error => {
            tracing::warn!("a journal cannot be opened: {}", chain(&error));
            PageError::Unavailable
        }
    }
}

/// Seals an entry and stores it.
pub(in crate::portal) async fn write(
    actor: &mut Actor<'_>,
    envelope: &Envelope,
    words: &str,
    mut entry: JournalEntry,
) -> Result<(), Problem> {
    let keys = &mut DataKeys::Acting(actor);
    let key = envelope.data_key(keys, entry.patient, entry.written_at).await.map_err(failed)?;
    entry.body = encrypt(&key, &place(&entry.journal_entry_id.to_string()), words).map_err(failed)?;
    Ok(journal::write(actor, &entry).await?)
}

/// The entries from the newest on, or those after one; `true` where there may be more.
pub(in crate::portal) async fn entries_after(
    actor: &mut Actor<'_>,
    patient: PatientId,
    (now, after): (Timestamp, Option<JournalEntryId>),
) -> Result<(Vec<JournalEntry>, bool), PageError> {
    let mut before = now.plus_micros(1);
    let mut is_reached = after.is_none();
    for _ in 0..PARTS_MAX {
        let mut part = journal::entries(actor, patient, before).await?;
        let has_more = part.len() == PART;
        if is_reached {
            return Ok((part, has_more));
        }
        let Some(last) = part.last() else { break };
        before = last.written_at;
        if let Some(at) = part.iter().position(|entry| Some(entry.journal_entry_id) == after) {
            let rest = part.split_off(at + 1);
            if !rest.is_empty() || !has_more {
                return Ok((rest, has_more));
            }
            is_reached = true;
        } else if !has_more {
            break;
        }
    }
    Err(PageError::NotFound)
}

/// One entry; what is nobody's or another's is not there.
pub(in crate::portal) async fn entry(
    actor: &mut Actor<'_>,
    patient: PatientId,
    (now, key): (Timestamp, JournalEntryId),
) -> Result<JournalEntry, PageError> {
    let mut before = now.plus_micros(1);
    for _ in 0..PARTS_MAX {
        let part = journal::entries(actor, patient, before).await?;
        let last = part.last().map(|entry| entry.written_at);
        let has_more = part.len() == PART;
        if let Some(found) = part.into_iter().find(|entry| entry.journal_entry_id == key) {
            return Ok(found);
        }
        match last.filter(|_| has_more) {
            Some(last) => before = last,
            None => break,
        }
    }
    Err(PageError::NotFound)
}

/// What stands under the key of a form that was sent.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(in crate::portal) enum SentBefore {
    /// The very entry.
    Same,
    /// Another entry of the patient's.
    Other,
    /// None of the patient's.
    Nothing,
}

/// Whether an entry stands with these words and this mood.
pub(in crate::portal) async fn kept(
    actor: &mut Actor<'_>,
    envelope: &Envelope,
    (patient, now, key): (PatientId, Timestamp, JournalEntryId),
    (words, mood): (&str, Option<i16>),
) -> Result<SentBefore, PageError> {
    let stored = match entry(actor, patient, (now, key)).await {
        Ok(stored) => stored,
        Err(PageError::NotFound) => return Ok(SentBefore::Nothing),
        Err(error) => return Err(error),
    };
    let key = own_key(actor, envelope, patient).await?;
    let stored_words = key.and_then(|key| words_of(&key, &stored));
    let is_same = stored.mood == mood && stored_words.as_deref() == Some(words);
    Ok(if is_same { SentBefore::Same } else { SentBefore::Other })
}

/// Every entry, the newest first, with its words as far as they can be opened.
pub(in crate::portal) async fn all_words(
    actor: &mut Actor<'_>,
    envelope: &Envelope,
    (patient, now): (PatientId, Timestamp),
) -> Result<Vec<(JournalEntry, Option<String>)>, PageError> {
    let key = own_key(actor, envelope, patient).await?;
    let (mut entries, mut before) = (Vec::new(), now.plus_micros(1));
    for _ in 0..PARTS_MAX {
        let part = journal::entries(actor, patient, before).await?;
        let is_last = part.len() < PART;
        if let Some(last) = part.last() {
            before = last.written_at;
        }
        let opened = |entry: JournalEntry| {
            let words = key.as_ref().and_then(|key| words_of(key, &entry));
            (entry, words)
        };
        entries.extend(part.into_iter().map(opened));
        if is_last {
            break;
        }
    }
    Ok(entries)
}

/// The patient's data key; `None` where nothing was sealed yet.
async fn own_key(actor: &mut Actor<'_>, envelope: &Envelope, patient: PatientId) -> Result<Option<DataKey>, PageError> {
    let wrapped = data_key::find(&mut DataKeys::Acting(actor), patient).await?;
    wrapped.map(|wrapped| DataKey::unwrap(envelope, &patient, &wrapped)).transpose().map_err(failed)
}

/// Entries as they are read, with whom each is shared.
pub(in crate::portal) async fn opened(
    actor: &mut Actor<'_>,
    envelope: &Envelope,
    patient: PatientId,
    (entries, zone): (&[JournalEntry], &TimeZone),
) -> Result<Vec<EntryView>, PageError> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let shares = journal::shares(actor, patient).await?;
    let key = own_key(actor, envelope, patient).await?;
    let view = |entry: &JournalEntry| EntryView {
        key: entry.journal_entry_id,
        when: moment(entry.written_at, zone),
        mood: entry.mood.and_then(mood_of),
        words: key.as_ref().and_then(|key| words_of(key, entry)),
        shares: shares
            .iter()
            .filter(|share| share.entry == entry.journal_entry_id)
            .map(|share| of(share, zone))
            .collect(),
    };
    Ok(entries.iter().map(view).collect())
}

fn words_of(key: &DataKey, entry: &JournalEntry) -> Option<String> {
    let opened = decrypt(key, &place(&entry.journal_entry_id.to_string()), &entry.body);
    opened.map(|words| words.to_string()).map_err(failed).ok()
}

fn of(share: &JournalShare, zone: &TimeZone) -> ShareView {
    let until = share
        .until
        .map_or_else(|| SHARE.until_ended.to_owned(), |until| format!("{} {}", WORDS.until, moment(until, zone)));
    ShareView { provider: share.provider, name: share.name.clone(), until }
}
