//! What opens a record: an emergency, or the patient's own word; and taking that back.
//!
//! The database checks who acts, makes the row and audits it in one statement; the transaction is the caller's to
//! commit. What it refuses has its sentence by `refusal`.

use uuid::Uuid;

use super::acting::Acting;
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// What a patient may let others see; none holds another.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Conditions, medicines, results, visits.
    Chart,
    /// Appointments.
    Schedule,
    /// What devices measured.
    Samples,
    /// Bills and payments.
    Billing,
    /// The private journal.
    Journal,
    /// Behavioural health.
    BehaviouralHealth,
}

impl Scope {
    fn word(self) -> &'static str {
        match self {
            Scope::Chart => "chart",
            Scope::Schedule => "schedule",
            Scope::Samples => "samples",
            Scope::Billing => "billing",
            Scope::Journal => "journal",
            Scope::BehaviouralHealth => "behavioural_health",
        }
    }
}

/// To whom a record is opened.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Reader {
    /// Any account: family, another patient.
    Account(Uuid),
    /// A provider, whatever account that is.
    Provider(Uuid),
}

/// What a patient grants.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Whose record.
    pub patient: Uuid,
    /// To whom.
    pub reader: Reader,
    /// What of it.
    pub scopes: Vec<Scope>,
    /// treatment, second_opinion, family, research, insurance or other.
    pub purpose: String,
    /// How long; `None` until it is taken back.
    pub until: Option<Timestamp>,
}

/// Opens one patient's record to the acting provider for an hour; when it ends.
///
/// # Errors
/// `emergency_is_a_providers`, `emergency_is_explained`; `care_relationship_is_not_repeated` while one lasts.
pub async fn break_glass(acting: &mut Acting<'_>, patient: Uuid, reason: &str) -> Result<Timestamp, StoreError> {
    let until: Moment = sqlx::query_scalar("SELECT access.break_glass($1, $2)")
        .bind(patient)
        .bind(reason)
        .fetch_one(acting.connection())
        .await
        .map_err(StoreError::at("opening a record in an emergency"))?;
    Ok(until.0)
}

/// Shares the acting patient's record; the grant's key.
///
/// # Errors
/// `grant_is_the_patients`, `grant_ends_later`, and the rules of `access.grant_of_access`.
pub async fn share(acting: &mut Acting<'_>, grant: &Grant) -> Result<Uuid, StoreError> {
    let (account, provider) = match grant.reader {
        Reader::Account(account) => (Some(account), None),
        Reader::Provider(provider) => (None, Some(provider)),
    };
    let scopes: Vec<&str> = grant.scopes.iter().map(|scope| scope.word()).collect();
    sqlx::query_scalar("SELECT access.share($1, $2, $3, $4, $5, $6)")
        .bind(grant.patient)
        .bind(account)
        .bind(provider)
        .bind(scopes)
        .bind(&grant.purpose)
        .bind(grant.until.map(Moment))
        .fetch_one(acting.connection())
        .await
        .map_err(StoreError::at("sharing a record"))
}

/// Takes a grant back: the next statement of whoever had it sees nothing.
///
/// # Errors
/// `grant_stands` where the acting patient has no such grant, or took it back before.
pub async fn unshare(acting: &mut Acting<'_>, grant: Uuid) -> Result<(), StoreError> {
    sqlx::query("SELECT access.unshare($1)")
        .bind(grant)
        .execute(acting.connection())
        .await
        .map(|_| ())
        .map_err(StoreError::at("taking a grant back"))
}
