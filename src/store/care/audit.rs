//! The audit's chain: its head, its proof, and what is in it.
//!
//! Everything but its end proves itself. So the head is to be kept where nobody who can write this database can write,
//! and handed in again: a chain that was cut, or written anew from some event on, no longer holds it.

use sqlx::PgConnection;

use super::context::{Auditor, Operator};
use super::error::CareError;
use crate::model::people::{AccountId, AuditAction, AuditOutcome, PatientId};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// Place and digest of an event.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AuditHead {
    /// Place in the chain, from 1.
    pub seq: i64,
    /// SHA-256 in hexadecimal digits.
    pub hash: String,
}

/// Something is wrong with the chain.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx_macros::FromRow)]
pub struct AuditFinding {
    /// At which event.
    pub seq: i64,
    /// What.
    pub finding: String,
}

/// One event, as an auditor sees it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AuditEvent {
    /// Place in the chain.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// The account that acted; none for a program.
    pub actor: Option<AccountId>,
    /// In which role: one of an account, or `program`, or `unknown` for an account that is gone.
    pub role: String,
    /// What was done.
    pub action: AuditAction,
    /// Whose record.
    pub patient_id: Option<PatientId>,
    /// To what.
    pub resource: String,
    /// Whether it was allowed.
    pub outcome: AuditOutcome,
    /// Why, as a word.
    pub reason: Option<String>,
}

/// One event as the database gives it.
type EventRow =
    (i64, Moment, Option<AccountId>, String, AuditAction, Option<PatientId>, String, AuditOutcome, Option<String>);

/// Appends that an operator's program did something to what is kept of a patient; committed with the caller's
/// transaction, and the last thing in it: until it ends nobody else appends.
///
/// # Errors
/// The database's.
pub async fn append(
    operator: &mut Operator<'_>,
    action: AuditAction,
    patient: PatientId,
    resource: &str,
) -> Result<(), CareError> {
    let (connection, failed) = operator.step("appending to the audit");
    append_within(connection, action, patient, resource).await.map_err(failed)
}

/// The same within a transaction of the store that does what is audited.
pub(in crate::store) async fn append_within(
    connection: &mut PgConnection,
    action: AuditAction,
    patient: PatientId,
    resource: &str,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query("SELECT access.audit($1, $2, $3, 'allowed')").bind(action).bind(patient).bind(resource);
    query.execute(connection).await.map(drop)
}

/// The last event; `None` while there is none.
///
/// # Errors
/// The database's.
pub async fn head(auditor: &mut Auditor<'_>) -> Result<Option<AuditHead>, CareError> {
    let (connection, failed) = auditor.step("reading the audit's head");
    let query = "SELECT seq, encode(hash, 'hex') FROM access.audit_head() WHERE seq IS NOT NULL";
    let found: Option<(i64, String)> = sqlx::query_as(query).fetch_optional(connection).await.map_err(failed)?;
    Ok(found.map(|(seq, hash)| AuditHead { seq, hash }))
}

/// What is wrong with the chain, and whether it still holds a head that was once exported; nothing where all is well.
///
/// # Errors
/// The database's.
pub async fn verify(auditor: &mut Auditor<'_>, kept: Option<&AuditHead>) -> Result<Vec<AuditFinding>, CareError> {
    let (connection, failed) = auditor.step("verifying the audit");
    sqlx::query_as("SELECT seq, finding FROM access.verify_audit($1, decode($2, 'hex'))")
        .bind(kept.map(|head| head.seq))
        .bind(kept.map(|head| head.hash.as_str()))
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// The newest events, the newest first; with `unexplained` only those that no care, visit or grant explains.
///
/// # Errors
/// The database's.
pub async fn list(auditor: &mut Auditor<'_>, unexplained: bool, limit: i64) -> Result<Vec<AuditEvent>, CareError> {
    let (connection, failed) = auditor.step("listing the audit");
    let query = if unexplained {
        "SELECT seq, at, actor, part, action, patient_id, resource, outcome, NULL::text
         FROM access.unexplained_access ORDER BY seq DESC LIMIT $1"
    } else {
        "SELECT seq, at, actor, part, action, patient_id, resource, outcome, reason
         FROM access.audit_event ORDER BY seq DESC LIMIT $1"
    };
    let rows: Vec<EventRow> = sqlx::query_as(query).bind(limit).fetch_all(connection).await.map_err(failed)?;
    Ok(rows.into_iter().map(event).collect())
}

fn event((seq, Moment(at), actor, role, action, patient_id, resource, outcome, reason): EventRow) -> AuditEvent {
    AuditEvent { seq, at, actor, role, action, patient_id, resource, outcome, reason }
}
