//! Messages between a patient and whoever cares for them.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{DocumentId, MessageCategory, MessageId, MessageThreadId, PatientId, ProviderId};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// Begins a thread with a first message, with a provider or all who care; the thread's key.
///
/// # Errors
/// `message_thread_is_with_who_cares`, `messages_of_an_account_are_few`, and the database's.
pub async fn begin(
    actor: &mut Actor<'_>,
    patient: PatientId,
    with: Option<ProviderId>,
    category: MessageCategory,
    subject: &str,
    body: &str,
    documents: &[DocumentId],
) -> Result<MessageThreadId, CareError> {
    let (connection, token, failed) = actor.write("beginning a thread").await?;
    sqlx::query_scalar("SELECT api.begin_thread($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(patient)
        .bind(with)
        .bind(category)
        .bind(subject)
        .bind(body)
        .bind(documents)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Writes in a thread; the message's key.
///
/// # Errors
/// `message_is_in_an_open_thread`, `messages_of_an_account_are_few`, and the database's.
pub async fn write(
    actor: &mut Actor<'_>,
    thread: MessageThreadId,
    body: &str,
    documents: &[DocumentId],
) -> Result<MessageId, CareError> {
    let (connection, token, failed) = actor.write("writing a message").await?;
    sqlx::query_scalar("SELECT api.write_message($1, $2, $3, $4)")
        .bind(token)
        .bind(thread)
        .bind(body)
        .bind(documents)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Retracts an own message; whether there is such a message for whoever acts.
///
/// # Errors
/// `message_is_its_senders`, `message_is_never_edited`, and the database's.
pub async fn retract(actor: &mut Actor<'_>, message: MessageId, reason: &str) -> Result<bool, CareError> {
    let (connection, token, failed) = actor.write("retracting a message").await?;
    sqlx::query_scalar::<_, Option<bool>>("SELECT api.retract_message($1, $2, $3)")
        .bind(token)
        .bind(message)
        .bind(reason)
        .fetch_one(connection)
        .await
        .map(Option::unwrap_or_default)
        .map_err(failed)
}

/// Closes a thread; whether there is such a thread for whoever acts.
///
/// # Errors
/// `message_thread_is_closed_and_nothing_else`, and the database's.
pub async fn close(actor: &mut Actor<'_>, thread: MessageThreadId) -> Result<bool, CareError> {
    let (connection, token, failed) = actor.write("closing a thread").await?;
    sqlx::query_scalar::<_, Option<bool>>("SELECT api.close_thread($1, $2)")
        .bind(token)
        .bind(thread)
        .fetch_one(connection)
        .await
        .map(Option::unwrap_or_default)
        .map_err(failed)
}

/// Notes that the account has read what others wrote in a thread up to a moment; how many messages are newly read.
///
/// # Errors
/// The database's.
pub async fn note_read(actor: &mut Actor<'_>, thread: MessageThreadId, until: Timestamp) -> Result<i32, CareError> {
    let (connection, token, failed) = actor.write("noting what was read").await?;
    sqlx::query_scalar::<_, Option<i32>>("SELECT api.note_messages_read($1, $2, $3)")
        .bind(token)
        .bind(thread)
        .bind(Moment(until))
        .fetch_one(connection)
        .await
        .map(Option::unwrap_or_default)
        .map_err(failed)
}

/// A message as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThreadMessage {
    /// Which.
    pub message_id: MessageId,
    /// When it was written.
    pub sent_at: Timestamp,
    /// Who wrote it: a provider's name, or a part.
    pub sender: String,
    /// Whether that is who reads.
    pub is_own: bool,
    /// The words; `None` where it was retracted.
    pub body: Option<String>,
    /// Why it was retracted; `None` while it stands.
    pub retraction_reason: Option<String>,
    /// The documents sent with it.
    pub documents: Vec<DocumentId>,
}

type MessageRow = (MessageId, Moment, String, bool, Option<String>, Option<String>, Vec<DocumentId>);

/// The latest messages of a thread; 500 at most.
///
/// # Errors
/// The database's.
pub async fn of_thread(
    actor: &mut Actor<'_>,
    patient: PatientId,
    thread: MessageThreadId,
    rows_max: u16,
) -> Result<Vec<ThreadMessage>, CareError> {
    let Some(look) = actor.look(Some(patient), "messages", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading messages")?;
    let rows: Vec<MessageRow> = sqlx::query_as(
        "SELECT message_id, sent_at, sender, is_own, body, retraction_reason, documents
         FROM api.read_messages($1, $2, $3, $4, NULL, NULL, $5)",
    )
    .bind(token)
    .bind(look)
    .bind(patient)
    .bind(thread)
    .bind(i32::from(rows_max))
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let message = |(message_id, sent_at, sender, is_own, body, retraction_reason, documents): MessageRow| {
        let sent_at = sent_at.0;
        ThreadMessage { message_id, sent_at, sender, is_own, body, retraction_reason, documents }
    };
    Ok(rows.into_iter().map(message).collect())
}

/// A thread, and how far it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thread {
    /// Which.
    pub thread: MessageThreadId,
    /// When it began.
    pub began_at: Timestamp,
    /// What kind of matter it is about.
    pub category: MessageCategory,
    /// What it is called.
    pub subject: String,
    /// With which provider; `None` for all who care.
    pub provider: Option<ProviderId>,
    /// Whether nothing can be written in it any more.
    pub is_closed: bool,
    /// When somebody last wrote.
    pub last_sent_at: Option<Timestamp>,
    /// Messages of others that the actor has not read.
    pub unread: i64,
}

type ThreadRow =
    (MessageThreadId, Moment, MessageCategory, String, Option<ProviderId>, Option<Moment>, Option<Moment>, i64);

/// Threads of a patient, the newest first: those after the last one of the page before, so many and 200 at most; `None`
/// where whoever acts may not read them.
///
/// # Errors
/// The database's.
pub async fn threads(
    actor: &mut Actor<'_>,
    patient: PatientId,
    after: Option<(Timestamp, MessageThreadId)>,
    rows_max: u16,
) -> Result<Option<Vec<Thread>>, CareError> {
    let Some(look) = actor.look(Some(patient), "messages", None).await? else { return Ok(None) };
    let (connection, token, failed) = actor.ask("reading threads")?;
    let rows: Vec<ThreadRow> = sqlx::query_as(
        "SELECT message_thread_id, began_at, category, subject, provider_id, closed_at, last_sent_at, unread
         FROM api.read_threads($1, $2, $3, $4, $5, $6)",
    )
    .bind(token)
    .bind(look)
    .bind(patient)
    .bind(after.map(|(at, _)| Moment(at)))
    .bind(after.map(|(_, thread)| thread))
    .bind(i32::from(rows_max))
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let thread = |(thread, began_at, category, subject, provider, closed_at, last_sent_at, unread): ThreadRow| Thread {
        thread,
        began_at: began_at.0,
        category,
        subject,
        provider,
        is_closed: closed_at.is_some(),
        last_sent_at: last_sent_at.map(|at| at.0),
        unread,
    };
    Ok(Some(rows.into_iter().map(thread).collect()))
}
