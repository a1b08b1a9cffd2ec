//! To whom a patient's record is open: who cares for them, what they have shared, and who acts for them.
//!
//! Sharing and taking back stand in `rights`; this is what a patient sees of it.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{GrantId, GrantPurpose, PatientId, ProviderId, Scope};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// The kind of look for all of it but proxies.
const KIND: &str = "sharing";

/// A provider who cares for the patient at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carer {
    /// Who.
    pub provider: ProviderId,
    /// By name.
    pub name: String,
    /// Why: an appointment, an assignment, an emergency.
    pub basis: String,
    /// Since when.
    pub from: Timestamp,
    /// Until when; `None` while it goes on.
    pub until: Option<Timestamp>,
}

/// What the patient has shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingGrant {
    /// Its key.
    pub grant: GrantId,
    /// To whom: a provider's name, or a part.
    pub name: String,
    /// What of the record.
    pub scopes: Vec<Scope>,
    /// What for.
    pub purpose: GrantPurpose,
    /// Until when; `None` until it is taken back.
    pub until: Option<Timestamp>,
}

/// Somebody who acts for the patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandingProxy {
    /// As what: a guardian, a power of attorney.
    pub kind: String,
    /// What of the record is open to them.
    pub scopes: Vec<Scope>,
    /// What they may do.
    pub acts: Vec<String>,
    /// Until when; `None` until it is ended.
    pub until: Option<Timestamp>,
}

/// Who cares for the acting patient, by name.
///
/// # Errors
/// The database's.
pub async fn care_team(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<Carer>, CareError> {
    let Some(look) = actor.look(Some(patient), KIND, None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading who cares for a patient")?;
    let rows: Vec<(ProviderId, String, String, Moment, Option<Moment>)> =
        sqlx::query_as("SELECT provider_id, name, basis, from_at, until_at FROM api.read_care_team($1, $2, $3)")
            .bind(token)
            .bind(look)
            .bind(patient)
            .fetch_all(connection)
            .await
            .map_err(failed)?;
    let carer = |(provider, name, basis, from, until): (_, _, _, Moment, Option<Moment>)| Carer {
        provider,
        name,
        basis,
        from: from.0,
        until: until.map(|until| until.0),
    };
    Ok(rows.into_iter().map(carer).collect())
}

type GrantRow = (GrantId, String, Vec<Scope>, GrantPurpose, Option<Moment>);

/// What the acting patient has shared and not taken back, the newest first.
///
/// # Errors
/// The database's.
pub async fn grants(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<StandingGrant>, CareError> {
    let Some(look) = actor.look(Some(patient), KIND, None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading what a patient shares")?;
    let rows: Vec<GrantRow> = sqlx::query_as(
        "SELECT grant_of_access, name, scopes, purpose, until_at FROM api.read_grants($1, $2, $3)
             WHERE ended_at IS NULL",
    )
    .bind(token)
    .bind(look)
    .bind(patient)
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let grant = |(grant, name, scopes, purpose, until): GrantRow| StandingGrant {
        grant,
        name,
        scopes,
        purpose,
        until: until.map(|until| until.0),
    };
    Ok(rows.into_iter().map(grant).collect())
}

/// Whether the acting patient has taken a grant back before.
///
/// # Errors
/// The database's.
pub async fn has_ended(actor: &mut Actor<'_>, patient: PatientId, grant: GrantId) -> Result<bool, CareError> {
    let Some(look) = actor.look(Some(patient), KIND, None).await? else { return Ok(false) };
    let (connection, token, failed) = actor.ask("reading whether a grant was taken back")?;
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM api.read_grants($1, $2, $3) WHERE grant_of_access = $4 AND ended_at IS NOT NULL)",
    )
    .bind(token)
    .bind(look)
    .bind(patient)
    .bind(grant)
    .fetch_one(connection)
    .await
    .map_err(failed)
}

type ProxyRow = (String, Vec<Scope>, Vec<String>, Option<Moment>);

/// Who acts for a patient by a proxy that was not ended, the newest first.
///
/// # Errors
/// The database's.
pub async fn proxies(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<StandingProxy>, CareError> {
    let Some(look) = actor.look(Some(patient), "proxies", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading who acts for a patient")?;
    let rows: Vec<ProxyRow> = sqlx::query_as(
        "SELECT kind, scopes, acts, CASE WHEN isfinite(until_at) THEN until_at END FROM api.read_proxies($1, $2, $3)
         WHERE ended_at IS NULL AND until_at > now()",
    )
    .bind(token)
    .bind(look)
    .bind(patient)
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    let proxy =
        |(kind, scopes, acts, until): ProxyRow| StandingProxy { kind, scopes, acts, until: until.map(|until| until.0) };
    Ok(rows.into_iter().map(proxy).collect())
}
