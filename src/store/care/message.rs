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
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ThreadMessage {
    /// Which.
    pub message_id: MessageId,
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
    sqlx::query_as("SELECT * FROM api.read_messages($1, $2, $3, $4, NULL, NULL, $5)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(thread)
        .bind(i32::from(rows_max))
        .fetch_all(connection)
        .await
        .map_err(failed)
}
