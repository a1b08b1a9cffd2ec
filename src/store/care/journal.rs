//! The journal: sealed entries, their author's alone, shared one by one.
//!
//! Words come here sealed and go from here sealed (`security::envelope`, for the place `care.journal_entry`, `body`,
//! the entry's key). The key of an entry is made before it is stored, because the words are sealed for it.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// Entries in one page at most.
const ENTRIES_MAX: i64 = 200;

/// One entry as it lies in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its key, to which the words are bound.
    pub journal_entry_id: Uuid,
    /// Who wrote it.
    pub patient: Uuid,
    /// When.
    pub written_at: Timestamp,
    /// 1 to 5; none where nothing was said.
    pub mood: Option<i16>,
    /// The words, sealed.
    pub body: Vec<u8>,
}

/// A key for an entry that is about to be sealed and stored.
///
/// # Errors
/// The database's.
pub async fn next_key(connection: &mut PgConnection) -> Result<Uuid, StoreError> {
    sqlx::query_scalar("SELECT gen_random_uuid()")
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("making a key for a journal entry"))
}

/// Stores an entry.
///
/// # Errors
/// `journal_entry_body_is_sealed`, `journal_entry_mood_is_1_to_5`, and the database's.
pub async fn write(connection: &mut PgConnection, entry: &Entry) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO care.journal_entry (journal_entry_id, patient_id, written_at, mood, body)
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(entry.journal_entry_id)
    .bind(entry.patient)
    .bind(Moment(entry.written_at))
    .bind(entry.mood)
    .bind(&entry.body)
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(StoreError::at("writing a journal entry"))
}

/// The entries of a patient that the actor may read, written before a moment, the latest first; 200 at most.
///
/// # Errors
/// The database's.
pub async fn entries(
    connection: &mut PgConnection,
    patient: Uuid,
    before: Timestamp,
) -> Result<Vec<Entry>, StoreError> {
    let step = StoreError::at("reading a journal");
    let rows = sqlx::query(
        "SELECT journal_entry_id, patient_id, written_at, mood, body FROM care.journal_entry
         WHERE patient_id = $1 AND written_at < $2 ORDER BY written_at DESC, journal_entry_id LIMIT $3",
    )
    .bind(patient)
    .bind(Moment(before))
    .bind(ENTRIES_MAX)
    .fetch_all(connection)
    .await
    .map_err(&step)?;
    let entry = |row: &PgRow| {
        Ok(Entry {
            journal_entry_id: row.try_get("journal_entry_id")?,
            patient: row.try_get("patient_id")?,
            written_at: row.try_get::<Moment, _>("written_at")?.0,
            mood: row.try_get("mood")?,
            body: row.try_get("body")?,
        })
    };
    rows.iter().map(entry).collect::<Result<_, sqlx::Error>>().map_err(&step)
}

/// Shares an entry of the actor with a provider, until a moment or until it is taken back; the share's key, none where
/// the actor has no such entry.
///
/// # Errors
/// `journal_share_is_not_repeated`, and the database's.
pub async fn share(
    connection: &mut PgConnection,
    entry: Uuid,
    provider: Uuid,
    until: Option<Timestamp>,
) -> Result<Option<Uuid>, StoreError> {
    sqlx::query_scalar("SELECT care.share_entry($1, $2, $3)")
        .bind(entry)
        .bind(provider)
        .bind(until.map(Moment))
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("sharing a journal entry"))
}

/// Takes an entry back from a provider with the next statement; whether it was shared.
///
/// # Errors
/// The database's.
pub async fn unshare(connection: &mut PgConnection, entry: Uuid, provider: Uuid) -> Result<bool, StoreError> {
    sqlx::query_scalar::<_, i64>("SELECT care.unshare_entry($1, $2)")
        .bind(entry)
        .bind(provider)
        .fetch_one(connection)
        .await
        .map(|ended| ended > 0)
        .map_err(StoreError::at("taking a journal entry back"))
}
