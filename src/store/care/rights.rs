//! What opens a record: an emergency, or the patient's own word; and taking that back.
//!
//! The database checks who acts, makes the row and audits it in one statement; the transaction is the caller's to
//! commit.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{AccountId, GrantId, GrantPurpose, PatientId, ProviderId, Scope};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// To whom a record is opened.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Grantee {
    /// Any account: family, another patient.
    Account(AccountId),
    /// A provider, whatever account that is.
    Provider(ProviderId),
}

/// What a patient grants.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Whose record.
    pub patient: PatientId,
    /// To whom.
    pub grantee: Grantee,
    /// What of it.
    pub scopes: Vec<Scope>,
    /// What for.
    pub purpose: GrantPurpose,
    /// How long; `None` until it is taken back.
    pub until: Option<Timestamp>,
}

/// Opens one patient's record to the acting provider for an hour from when it is committed; when it ends.
///
/// # Errors
/// `emergency_is_a_providers`, `emergency_is_explained`; `care_relationship_is_not_repeated` while one lasts.
pub async fn break_glass(actor: &mut Actor<'_>, patient: PatientId, reason: &str) -> Result<Timestamp, CareError> {
    let (connection, token, failed) = actor.write("opening a record in an emergency").await?;
    let until: Moment = sqlx::query_scalar("SELECT api.break_glass($1, $2, $3)")
        .bind(token)
        .bind(patient)
        .bind(reason)
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok(until.0)
}

/// Shares the acting patient's record; the grant's key, that of the one that stands where it is the same.
///
/// # Errors
/// `grant_is_the_patients`, `grant_ends_later`, and the rules of `access.grant_of_access`.
pub async fn share(actor: &mut Actor<'_>, grant: &Grant) -> Result<GrantId, CareError> {
    let (connection, token, failed) = actor.write("sharing a record").await?;
    let (account, provider) = match grant.grantee {
        Grantee::Account(account) => (Some(account), None),
        Grantee::Provider(provider) => (None, Some(provider)),
    };
    sqlx::query_scalar("SELECT api.share_record($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(grant.patient)
        .bind(account)
        .bind(provider)
        .bind(&grant.scopes)
        .bind(grant.purpose)
        .bind(grant.until.map(Moment))
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Takes a grant back: the next statement of whoever had it sees nothing.
///
/// # Errors
/// `grant_stands` where the acting patient has no such grant, or took it back before.
pub async fn unshare(actor: &mut Actor<'_>, grant: GrantId) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("taking a grant back").await?;
    sqlx::query("SELECT api.unshare_record($1, $2)")
        .bind(token)
        .bind(grant)
        .execute(connection)
        .await
        .map(|_| ())
        .map_err(failed)
}
