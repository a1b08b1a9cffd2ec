//! The journal: encrypted entries, their author's alone, shared one by one.
//!
//! Words come here encrypted and go from here encrypted (`security::envelope`, for the cell `care.journal_entry`,
//! `body`, the entry's key). The key of an entry is made before it is stored, because the words are bound to it.

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{JournalEntryId, JournalShareId, PatientId, ProviderId};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// One entry as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its key, to which the words are bound.
    pub journal_entry_id: JournalEntryId,
    /// Who wrote it.
    pub patient: PatientId,
    /// When.
    pub written_at: Timestamp,
    /// 1 to 5; none where nothing was said.
    pub mood: Option<i16>,
    /// The words, encrypted.
    pub body: Vec<u8>,
}

/// A key for an entry that is about to be encrypted and stored.
///
/// # Errors
/// The database's.
pub async fn next_key(actor: &mut Actor<'_>) -> Result<JournalEntryId, CareError> {
    let (connection, token, failed) = actor.ask("making a key for a journal entry")?;
    sqlx::query_scalar("SELECT api.make_key($1)").bind(token).fetch_one(connection).await.map_err(failed)
}

/// Stores an entry.
///
/// # Errors
/// `journal_entry_body_is_sealed`, `journal_entry_mood_is_1_to_5`, and the database's.
pub async fn write(actor: &mut Actor<'_>, entry: &JournalEntry) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("writing a journal entry").await?;
    sqlx::query("SELECT api.write_journal_entry($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(entry.journal_entry_id)
        .bind(entry.patient)
        .bind(Moment(entry.written_at))
        .bind(entry.mood)
        .bind(&entry.body)
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}

/// The same where a made-up network is made.
pub(in crate::store) async fn insert(connection: &mut PgConnection, entry: &JournalEntry) -> Result<(), sqlx::Error> {
    let query = sqlx::query(
        "INSERT INTO care.journal_entry (journal_entry_id, patient_id, written_at, mood, body)
         VALUES ($1, $2, $3, $4, $5)",
    );
    let query = query.bind(entry.journal_entry_id).bind(entry.patient).bind(Moment(entry.written_at));
    query.bind(entry.mood).bind(&entry.body).execute(connection).await.map(drop)
}

/// The entries of a patient that the actor may read, written before a moment, the latest first; 200 at most.
///
/// # Errors
/// The database's.
pub async fn entries(
    actor: &mut Actor<'_>,
    patient: PatientId,
    before: Timestamp,
) -> Result<Vec<JournalEntry>, CareError> {
    let Some(look) = actor.look(Some(patient), "journal", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading a journal")?;
    let rows = sqlx::query(
        "SELECT journal_entry_id, patient_id, written_at, mood, body FROM api.read_journal($1, $2, $3, $4)",
    )
    .bind(token)
    .bind(look)
    .bind(patient)
    .bind(Moment(before))
    .fetch_all(connection)
    .await
    .map_err(&failed)?;
    let entry = |row: &PgRow| {
        Ok(JournalEntry {
            journal_entry_id: row.try_get("journal_entry_id")?,
            patient: row.try_get("patient_id")?,
            written_at: row.try_get::<Moment, _>("written_at")?.0,
            mood: row.try_get("mood")?,
            body: row.try_get("body")?,
        })
    };
    rows.iter().map(entry).collect::<Result<_, sqlx::Error>>().map_err(&failed)
}

/// Shares an entry of the actor with a provider, until a moment or until it is taken back; the share's key, none where
/// the actor has no such entry.
///
/// # Errors
/// `journal_share_is_not_repeated`, and the database's.
pub async fn share(
    actor: &mut Actor<'_>,
    entry: JournalEntryId,
    provider: ProviderId,
    until: Option<Timestamp>,
) -> Result<Option<JournalShareId>, CareError> {
    let (connection, token, failed) = actor.write("sharing a journal entry").await?;
    sqlx::query_scalar("SELECT api.share_journal_entry($1, $2, $3, $4)")
        .bind(token)
        .bind(entry)
        .bind(provider)
        .bind(until.map(Moment))
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Takes an entry back from a provider with the next statement; whether it was shared.
///
/// # Errors
/// The database's.
pub async fn unshare(actor: &mut Actor<'_>, entry: JournalEntryId, provider: ProviderId) -> Result<bool, CareError> {
    let (connection, token, failed) = actor.write("taking a journal entry back").await?;
    sqlx::query_scalar::<_, i64>("SELECT api.unshare_journal_entry($1, $2, $3)")
        .bind(token)
        .bind(entry)
        .bind(provider)
        .fetch_one(connection)
        .await
        .map(|ended| ended > 0)
        .map_err(failed)
}

/// An entry that is shared at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalShare {
    /// Which entry.
    pub entry: JournalEntryId,
    /// With whom.
    pub provider: ProviderId,
    /// By name.
    pub name: String,
    /// Until when; `None` until it is taken back.
    pub until: Option<Timestamp>,
}

/// Which entries of a patient are shared at this moment, as far as the actor may see that; the newest share first.
///
/// # Errors
/// The database's.
pub async fn shares(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<JournalShare>, CareError> {
    let Some(look) = actor.look(Some(patient), "journal", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading with whom a journal is shared")?;
    let rows: Vec<(JournalEntryId, ProviderId, String, Option<Moment>)> =
        sqlx::query_as("SELECT journal_entry, provider, name, until_at FROM api.read_journal_shares($1, $2, $3)")
            .bind(token)
            .bind(look)
            .bind(patient)
            .fetch_all(connection)
            .await
            .map_err(failed)?;
    let share = |(entry, provider, name, until): (_, _, _, Option<Moment>)| JournalShare {
        entry,
        provider,
        name,
        until: until.map(|until| until.0),
    };
    Ok(rows.into_iter().map(share).collect())
}
