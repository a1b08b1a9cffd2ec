//! The audit's chain: its head, its proof, and what is in it.
//!
//! Everything but its end proves itself. So the head is to be kept where nobody who can write this database can write,
//! and handed in again: a chain that was cut, or written anew from some event on, no longer holds it.

use sqlx::PgConnection;

use crate::model::ids::PatientId;
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// Place and digest of an event.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Head {
    /// Place in the chain, from 1.
    pub seq: i64,
    /// SHA-256 in hexadecimal digits.
    pub hash: String,
}

/// Something is wrong with the chain.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx_macros::FromRow)]
pub struct Finding {
    /// At which event.
    pub seq: i64,
    /// What.
    pub finding: String,
}

/// One event, as an auditor sees it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Event {
    /// Place in the chain.
    pub seq: i64,
    /// When, RFC 3339.
    pub at: String,
    /// The account that acted; none for a program.
    pub actor: Option<String>,
    /// In which part.
    pub part: String,
    /// What was done.
    pub action: String,
    /// Whose record.
    pub patient_id: Option<String>,
    /// To what.
    pub resource: String,
    /// allowed or denied.
    pub outcome: String,
    /// Why, as a word.
    pub reason: Option<String>,
}

/// One event as the database gives it.
type EventRow = (i64, Moment, Option<String>, String, String, Option<String>, String, String, Option<String>);

/// Appends that a program did something to what is kept of a patient; committed with the caller's transaction, and the
/// last thing in it: until it ends nobody else appends.
///
/// # Errors
/// The database's.
pub async fn note(
    connection: &mut PgConnection,
    action: &str,
    patient: &PatientId,
    resource: &str,
) -> Result<(), StoreError> {
    let query = sqlx::query("SELECT access.audit($1, $2, $3, 'allowed')").bind(action).bind(patient.0).bind(resource);
    query.execute(connection).await.map(drop).map_err(StoreError::at("appending to the audit"))
}

/// The last event; `None` while there is none.
///
/// # Errors
/// The database's.
pub async fn head(connection: &mut PgConnection) -> Result<Option<Head>, StoreError> {
    let query = "SELECT seq, encode(hash, 'hex') FROM access.audit_head() WHERE seq IS NOT NULL";
    let found: Option<(i64, String)> =
        sqlx::query_as(query).fetch_optional(connection).await.map_err(StoreError::at("reading the audit's head"))?;
    Ok(found.map(|(seq, hash)| Head { seq, hash }))
}

/// What is wrong with the chain, and whether it still holds a head that was once exported; nothing where all is well.
///
/// # Errors
/// The database's.
pub async fn verify(connection: &mut PgConnection, kept: Option<&Head>) -> Result<Vec<Finding>, StoreError> {
    sqlx::query_as("SELECT seq, finding FROM access.verify_audit($1, decode($2, 'hex'))")
        .bind(kept.map(|head| head.seq))
        .bind(kept.map(|head| head.hash.as_str()))
        .fetch_all(connection)
        .await
        .map_err(StoreError::at("verifying the audit"))
}

/// The newest events, the newest first; with `unexplained` only those that no care, visit or grant explains.
///
/// # Errors
/// The database's.
pub async fn list(connection: &mut PgConnection, unexplained: bool, limit: i64) -> Result<Vec<Event>, StoreError> {
    let query = if unexplained {
        "SELECT seq, at, actor::text, part, action, patient_id::text, resource, outcome, NULL::text
         FROM access.unexplained_access ORDER BY seq DESC LIMIT $1"
    } else {
        "SELECT seq, at, actor::text, part, action, patient_id::text, resource, outcome, reason
         FROM access.audit_event ORDER BY seq DESC LIMIT $1"
    };
    let rows: Vec<EventRow> =
        sqlx::query_as(query).bind(limit).fetch_all(connection).await.map_err(StoreError::at("listing the audit"))?;
    Ok(rows.into_iter().map(event).collect())
}

fn event((seq, at, actor, part, action, patient_id, resource, outcome, reason): EventRow) -> Event {
    let at: Timestamp = at.0;
    Event { seq, at: at.to_string(), actor, part, action, patient_id, resource, outcome, reason }
}
