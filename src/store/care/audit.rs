//! The audit's chains: their heads, and what is in them. Their proof is in `chain`.
//!
//! There are 64, so that those who append do not wait for one another. Everything but the end of a chain proves itself.
//! So the heads are to be kept where nobody who can write this database can write, and handed in again: a chain that
//! was cut, or written anew from some event on, no longer holds its own.

use std::fmt;

use sqlx::PgConnection;

use super::context::{Auditor, Operator};
use super::error::CareError;
use crate::model::people::{AccountId, AuditAction, AuditOutcome, PatientId};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// How many chains there are.
pub const AUDIT_CHAINS: i16 = 64;

/// Place and digest of the last event of a chain.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, sqlx_macros::FromRow)]
pub struct AuditHead {
    /// Which of the 64 chains, from 0.
    pub chain: i16,
    /// Place in the chain, from 1.
    pub seq: i64,
    /// SHA-256 in hexadecimal digits.
    pub hash: String,
}

impl AuditHead {
    /// Reads what `Display` writes, and nothing else.
    pub fn parse(text: &str) -> Option<AuditHead> {
        let (place, hash) = text.split_once(':')?;
        let (chain, seq) = place.split_once('/')?;
        let chain = chain.parse().ok().filter(|chain| (0..AUDIT_CHAINS).contains(chain))?;
        let seq = seq.parse().ok().filter(|seq| *seq > 0)?;
        let is_digest = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_digest.then(|| AuditHead { chain, seq, hash: hash.to_owned() })
    }
}

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}:{}", self.chain, self.seq, self.hash)
    }
}

/// An event that was once the head of a chain and is not in the database any more as it was.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct LostHead {
    /// Its place among the heads that were asked for, from 0.
    pub place: i64,
    /// True where another event stands in its place; false where none does.
    pub replaced: bool,
}

/// Something is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AuditFinding {
    /// With which.
    pub chain: i16,
    /// At which event.
    pub seq: i64,
    /// What.
    pub finding: String,
}

/// One event, as an auditor sees it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct AuditEvent {
    /// Which of the 64 chains it belongs to.
    pub chain: i16,
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
    (i16, i64, Moment, Option<AccountId>, String, AuditAction, Option<PatientId>, String, AuditOutcome, Option<String>);

/// Appends that an operator's program did something to what is kept of a patient; committed with the caller's
/// transaction.
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
    let query = sqlx::query("SELECT access.audit_program($1, $2, $3)").bind(action).bind(patient).bind(resource);
    query.execute(connection).await.map(drop)
}

/// Begins to read: one view of the audit for whatever is read from now on over this connection, in which names are
/// looked up in `pg_catalog` alone and no function or operator of the owner's stands for one of the system.
///
/// # Errors
/// The database's.
pub async fn begin(auditor: &mut Auditor<'_>) -> Result<(), CareError> {
    let (connection, failed) = auditor.step("beginning to read the audit");
    let statements = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = pg_catalog;
                      SET LOCAL lock_timeout = '10s'";
    sqlx::raw_sql(statements).execute(connection).await.map(drop).map_err(failed)
}

/// The last event of each chain that has one, by its key. From the table: a function could be one of the owner's that
/// shows old heads for ever.
///
/// # Errors
/// The database's.
pub async fn heads(auditor: &mut Auditor<'_>) -> Result<Vec<AuditHead>, CareError> {
    let (connection, failed) = auditor.step("reading the audit's heads");
    let query = "SELECT last.chain, last.seq, encode(last.hash, 'hex') AS hash
         FROM generate_series(0, 63) AS number CROSS JOIN LATERAL (
             SELECT chain, seq, hash FROM access.audit_event WHERE chain = number::smallint ORDER BY seq DESC LIMIT 1
         ) AS last ORDER BY last.chain";
    sqlx::query_as(query).fetch_all(connection).await.map_err(failed)
}

/// Which of these heads the database holds no more, in their order; nothing where it holds all. Looks at nothing else.
///
/// # Errors
/// The database's.
pub async fn lost_heads(auditor: &mut Auditor<'_>, kept: &[AuditHead]) -> Result<Vec<LostHead>, CareError> {
    let (connection, failed) = auditor.step("looking for the audit's former heads");
    let rows: Vec<(i64, Option<Vec<u8>>)> = sqlx::query_as(
        "SELECT head.place - 1, own.hash
         FROM unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY AS head (chain, seq, place)
         LEFT JOIN access.audit_event own ON own.chain = head.chain AND own.seq = head.seq ORDER BY head.place",
    )
    .bind(kept.iter().map(|head| head.chain).collect::<Vec<_>>())
    .bind(kept.iter().map(|head| head.seq).collect::<Vec<_>>())
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let mut lost: Vec<LostHead> = Vec::new();
    for (place, hash) in rows {
        let head = usize::try_from(place).ok().and_then(|place| kept.get(place));
        let stands =
            hash.as_ref().map(hex::encode).zip(head).is_some_and(|(own, head)| own.eq_ignore_ascii_case(&head.hash));
        if !stands && lost.last().is_none_or(|last| last.place != place) {
            lost.push(LostHead { place, replaced: hash.is_some() });
        }
    }
    Ok(lost)
}

/// When the event after each of these places (chain and number) was written, by the database's own word; nothing for a
/// place that none follows.
///
/// # Errors
/// The database's.
pub async fn events_after(
    auditor: &mut Auditor<'_>,
    places: &[(i16, i64)],
) -> Result<Vec<(usize, Timestamp)>, CareError> {
    let (connection, failed) = auditor.step("looking for events after the audit's former heads");
    let rows: Vec<(i64, Moment)> = sqlx::query_as(
        "SELECT head.place - 1, own.at
         FROM unnest($1::smallint[], $2::bigint[]) WITH ORDINALITY AS head (chain, seq, place)
         JOIN access.audit_event own ON own.chain = head.chain AND own.seq = head.seq + 1
         WHERE isfinite(own.at) ORDER BY head.place",
    )
    .bind(places.iter().map(|(chain, _)| *chain).collect::<Vec<_>>())
    .bind(places.iter().map(|(_, seq)| *seq).collect::<Vec<_>>())
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().filter_map(|(place, Moment(at))| Some((usize::try_from(place).ok()?, at))).collect())
}

/// Which database this is, for people: server and name. The server is a dash where the login may not ask for it.
///
/// # Errors
/// The database's.
pub async fn database(auditor: &mut Auditor<'_>) -> Result<String, CareError> {
    let (connection, failed) = auditor.step("asking which database this is");
    let may_ask = "SELECT has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')";
    let query = match sqlx::query_scalar(may_ask).fetch_one(&mut *connection).await.map_err(&failed)? {
        true => "SELECT system_identifier || '/' || current_database() FROM pg_control_system()",
        false => "SELECT '-/' || current_database()",
    };
    sqlx::query_scalar(query).fetch_one(connection).await.map_err(failed)
}

/// The newest events, the newest first; with `unexplained` only those that no care, visit or grant explains.
///
/// # Errors
/// The database's.
pub async fn list(auditor: &mut Auditor<'_>, unexplained: bool, limit: i64) -> Result<Vec<AuditEvent>, CareError> {
    let (connection, failed) = auditor.step("listing the audit");
    // Of each chain its newest, by its key, and of those the newest: no index by time is kept for every append.
    let query = if unexplained {
        "SELECT e.* FROM generate_series(0, 63) AS number CROSS JOIN LATERAL (
             SELECT chain, seq, at, actor, part, action, patient_id, resource, outcome, NULL::text
             FROM access.unexplained_access WHERE chain = number::smallint ORDER BY seq DESC LIMIT $1) AS e
         ORDER BY at DESC, chain, seq DESC LIMIT $1"
    } else {
        "SELECT e.* FROM generate_series(0, 63) AS number CROSS JOIN LATERAL (
             SELECT chain, seq, at, actor, part, action, patient_id, resource, outcome, reason
             FROM access.audit_event WHERE chain = number::smallint ORDER BY seq DESC LIMIT $1) AS e
         ORDER BY at DESC, chain, seq DESC LIMIT $1"
    };
    let rows: Vec<EventRow> = sqlx::query_as(query).bind(limit).fetch_all(connection).await.map_err(failed)?;
    Ok(rows.into_iter().map(event).collect())
}

fn event((chain, seq, Moment(at), actor, role, action, patient_id, resource, outcome, reason): EventRow) -> AuditEvent {
    AuditEvent { chain, seq, at, actor, role, action, patient_id, resource, outcome, reason }
}
