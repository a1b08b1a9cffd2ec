//! Oversight: what the privacy officer reads of the audit, and what is found of emergencies.
//!
//! Unlike `audit`, which reads as the auditor over a login of its own, this is asked by an account, in looks that are
//! events themselves.

use std::fmt;
use std::str::FromStr;

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{AccountId, CareRelationshipId, PatientId, ProviderId};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// How many events a page has.
pub const EVENTS_MAX: usize = 100;

/// The last event of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainEnd {
    /// Which of the 64 chains, from 0.
    pub chain: i16,
    /// Place in the chain, from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// SHA-256 in hexadecimal digits.
    pub hash: String,
    /// How many of its newest events were computed anew.
    pub checked: i64,
    /// How many of those are not what they should be.
    pub wrong: i64,
}

/// A place among events: its time, chain and number.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct EventPlace {
    /// When.
    pub at: Timestamp,
    /// Which chain.
    pub chain: i16,
    /// Place in the chain.
    pub seq: i64,
}

/// What is no place among events.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct NoPlace;

impl fmt::Display for EventPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.at.micros(), self.chain, self.seq)
    }
}

impl FromStr for EventPlace {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<EventPlace, NoPlace> {
        let mut parts = text.splitn(3, '.');
        let mut part = || parts.next().ok_or(NoPlace);
        let at = part()?.parse().ok().and_then(|at| Timestamp::from_micros(at).ok()).ok_or(NoPlace)?;
        let chain = part()?.parse().map_err(|_| NoPlace)?;
        Ok(EventPlace { at, chain, seq: part()?.parse().map_err(|_| NoPlace)? })
    }
}

/// Which events; what is `None` does not matter.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Whose record.
    pub patient: Option<PatientId>,
    /// Which account acted.
    pub account: Option<AccountId>,
    /// After the event at this place, the newest first.
    pub after: Option<EventPlace>,
}

/// An event, as the privacy officer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfficerEvent {
    /// Where it stands.
    pub place: EventPlace,
    /// The account that acted; none for a program.
    pub actor: Option<AccountId>,
    /// Its name.
    pub who: Option<String>,
    /// Whose record.
    pub patient: Option<PatientId>,
    /// In which part.
    pub part: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub resource: String,
    /// `allowed` or `denied`.
    pub outcome: String,
    /// Why it was open, as a word.
    pub reason: Option<String>,
}

/// A look that no care, visit or grant explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnexplainedLook {
    /// When.
    pub at: Timestamp,
    /// Who, by name.
    pub who: Option<String>,
    /// Whose record.
    pub patient: Option<PatientId>,
    /// In which part.
    pub part: String,
    /// What was done.
    pub action: String,
    /// To what.
    pub resource: String,
    /// `allowed` or `denied`.
    pub outcome: String,
}

/// A record that was opened in an emergency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmergencyLine {
    /// Key.
    pub emergency: CareRelationshipId,
    /// Whose record.
    pub patient: PatientId,
    /// Who opened it.
    pub provider: ProviderId,
    /// When.
    pub opened_at: Timestamp,
    /// Why, in the provider's words.
    pub reason: Option<String>,
    /// `justified`, `unjustified` or `unclear`; `None` while nobody has reviewed it.
    pub finding: Option<String>,
    /// Whether nobody has within a day.
    pub overdue: bool,
}

/// The ends of all chains that have events; nothing for other parts.
///
/// # Errors
/// The database's.
pub async fn chain_ends(actor: &mut Actor<'_>) -> Result<Vec<ChainEnd>, CareError> {
    let Some(look) = actor.look(None, "audit", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading the ends of the audit's chains")?;
    type Row = (i16, i64, Moment, String, i64, i64);
    let query = sqlx::query_as("SELECT chain, seq, at, hash, checked, wrong FROM api.read_audit_chains($1, $2, NULL)");
    let rows: Vec<Row> = query.bind(token).bind(look).fetch_all(connection).await.map_err(failed)?;
    let end = |(chain, seq, Moment(at), hash, checked, wrong)| ChainEnd { chain, seq, at, hash, checked, wrong };
    Ok(rows.into_iter().map(end).collect())
}

/// Events, the newest first, `EVENTS_MAX` at most; nothing for other parts.
///
/// # Errors
/// The database's.
pub async fn events(actor: &mut Actor<'_>, query: &EventQuery) -> Result<Vec<OfficerEvent>, CareError> {
    let Some(look) = actor.look(None, "audit", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("listing events of the audit")?;
    let rows = sqlx::query("SELECT * FROM api.list_audit($1, $2, NULL, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(look)
        .bind(query.patient)
        .bind(query.account)
        .bind(query.after.map(|after| Moment(after.at)))
        .bind(query.after.map(|after| after.chain))
        .bind(query.after.map(|after| after.seq))
        .fetch_all(connection)
        .await
        .map_err(&failed)?;
    rows.iter().map(event).collect::<Result<_, _>>().map_err(failed)
}

fn event(row: &PgRow) -> Result<OfficerEvent, sqlx::Error> {
    let Moment(at) = row.try_get("at")?;
    Ok(OfficerEvent {
        place: EventPlace { at, chain: row.try_get("chain")?, seq: row.try_get("seq")? },
        actor: row.try_get("actor")?,
        who: row.try_get("who")?,
        patient: row.try_get("patient_id")?,
        part: row.try_get("part")?,
        action: row.try_get("action")?,
        resource: row.try_get("resource")?,
        outcome: row.try_get("outcome")?,
        reason: row.try_get("reason")?,
    })
}

/// Looks of the last 30 days that no care, visit or grant explains, the newest first, 500 at most.
///
/// # Errors
/// The database's.
pub async fn unexplained(actor: &mut Actor<'_>) -> Result<Vec<UnexplainedLook>, CareError> {
    let Some(look) = actor.look(None, "unexplained_access", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("listing unexplained looks")?;
    type Row = (Moment, Option<String>, Option<PatientId>, String, String, String, String);
    let query = sqlx::query_as(
        "SELECT happened_at, who, patient_id, part, action, resource, outcome
         FROM api.list_unexplained_access($1, $2, NULL)",
    );
    let rows: Vec<Row> = query.bind(token).bind(look).fetch_all(connection).await.map_err(failed)?;
    let line = |(Moment(at), who, patient, part, action, resource, outcome)| UnexplainedLook {
        at,
        who,
        patient,
        part,
        action,
        resource,
        outcome,
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Records that were opened in emergencies, the newest first, 500 at most.
///
/// # Errors
/// The database's.
pub async fn emergencies(actor: &mut Actor<'_>) -> Result<Vec<EmergencyLine>, CareError> {
    let Some(look) = actor.look(None, "emergencies", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("listing emergencies")?;
    type Row = (CareRelationshipId, PatientId, ProviderId, Moment, Option<String>, Option<String>, bool);
    let query = sqlx::query_as(
        "SELECT care_relationship_id, patient_id, provider_id, opened_at, reason, finding, overdue
         FROM api.list_emergencies($1, $2, NULL)",
    );
    let rows: Vec<Row> = query.bind(token).bind(look).fetch_all(connection).await.map_err(failed)?;
    let line = |(emergency, patient, provider, Moment(opened_at), reason, finding, overdue)| EmergencyLine {
        emergency,
        patient,
        provider,
        opened_at,
        reason,
        finding,
        overdue,
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Records what was found of an emergency: `justified`, `unjustified` or `unclear`.
///
/// # Errors
/// `review_is_the_officers`, `review_is_of_an_emergency`, `emergency_review_finding_is_known`, and the database's.
pub async fn review_emergency(
    actor: &mut Actor<'_>,
    emergency: CareRelationshipId,
    finding: &str,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("reviewing an emergency").await?;
    let query = sqlx::query("SELECT api.review_emergency($1, $2, $3)").bind(token).bind(emergency).bind(finding);
    query.execute(connection).await.map(drop).map_err(failed)
}
