//! Accounts: who opens, moves and disables which, and the two that an account of great power takes.
//!
//! Nobody changes the own account, and sessions end with what is changed; both are kept in the database.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::actor::Actor;
use super::error::CareError;
use super::session::SessionToken;
use crate::model::people::{AccountId, AccountProposalId, FacilityId, PatientId, ProviderId, Role};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// An account, as who keeps it sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountLine {
    /// Key.
    pub account_id: AccountId,
    /// As what it acts.
    pub part: Role,
    /// Name that it signs in by.
    pub login: String,
    /// Facility that it works for; `None` for parts without one.
    pub facility_id: Option<FacilityId>,
    /// Provider whose it is; `None` for every other part.
    pub provider_id: Option<ProviderId>,
    /// Since when it is disabled; `None` where it may act.
    pub disabled_at: Option<Timestamp>,
    /// To be given where it is moved.
    pub version: i32,
    /// How many sessions stand.
    pub sessions: i64,
}

/// An account of great power that an administrator has proposed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalLine {
    /// Key.
    pub account_proposal_id: AccountProposalId,
    /// As what it is to act.
    pub part: Role,
    /// Name that it is to sign in by.
    pub login: String,
    /// Who proposes, and cannot confirm.
    pub proposed_by: AccountId,
    /// When.
    pub proposed_at: Timestamp,
    /// After this moment nobody can confirm it.
    pub until_at: Timestamp,
    /// `confirmed`, `withdrawn` or `expired`; `None` while it stands.
    pub outcome: Option<String>,
    /// Who confirmed or withdrew it.
    pub decided_by: Option<AccountId>,
    /// When.
    pub decided_at: Option<Timestamp>,
}

/// Whose an account is, beside its part.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountFor {
    /// Facility of a desk, a biller or a manager.
    pub facility: Option<FacilityId>,
    /// Provider of a provider's account.
    pub provider: Option<ProviderId>,
}

fn account_line(row: &PgRow) -> Result<AccountLine, sqlx::Error> {
    Ok(AccountLine {
        account_id: row.try_get("account_id")?,
        part: row.try_get("part")?,
        login: row.try_get("login")?,
        facility_id: row.try_get("facility_id")?,
        provider_id: row.try_get("provider_id")?,
        disabled_at: row.try_get::<Option<Moment>, _>("disabled_at")?.map(|Moment(at)| at),
        version: row.try_get("version")?,
        sessions: row.try_get("sessions")?,
    })
}

fn proposal_line(row: &PgRow) -> Result<ProposalLine, sqlx::Error> {
    Ok(ProposalLine {
        account_proposal_id: row.try_get("account_proposal_id")?,
        part: row.try_get("part")?,
        login: row.try_get("login")?,
        proposed_by: row.try_get("proposed_by")?,
        proposed_at: row.try_get::<Moment, _>("proposed_at")?.0,
        until_at: row.try_get::<Moment, _>("until_at")?.0,
        outcome: row.try_get("outcome")?,
        decided_by: row.try_get("decided_by")?,
        decided_at: row.try_get::<Option<Moment>, _>("decided_at")?.map(|Moment(at)| at),
    })
}

/// Opens an account; its key.
///
/// # Errors
/// `account_is_kept_by_who_may`, `account_is_opened_by_two`, `account_is_of_a_facility_that_stands`, and the
/// database's.
pub async fn open(actor: &mut Actor<'_>, role: Role, login: &str, whose: AccountFor) -> Result<AccountId, CareError> {
    let (connection, token, failed) = actor.write("opening an account").await?;
    sqlx::query_scalar("SELECT api.open_account($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(role)
        .bind(login)
        .bind(whose.facility)
        .bind(whose.provider)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Disables an account; its sessions end at once.
///
/// # Errors
/// `account_is_kept_by_who_may`, `account_is_changed_by_another`, and the database's.
pub async fn disable(actor: &mut Actor<'_>, account: AccountId) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("disabling an account").await?;
    sqlx::query("SELECT api.disable_account($1, $2)")
        .bind(token)
        .bind(account)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Enables an account again.
///
/// # Errors
/// `account_is_kept_by_who_may`, `account_is_changed_by_another`, `account_is_opened_by_two`, and the database's.
pub async fn enable(actor: &mut Actor<'_>, account: AccountId) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("enabling an account").await?;
    sqlx::query("SELECT api.enable_account($1, $2)")
        .bind(token)
        .bind(account)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Moves an account to another facility; its sessions end at once.
///
/// # Errors
/// `account_is_kept_by_who_may`, `account_is_changed_as_it_was_read`, `account_is_moved_by_an_administrator`, and the
/// database's.
pub async fn relocate(
    actor: &mut Actor<'_>,
    account: AccountId,
    version: i32,
    facility: FacilityId,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("moving an account").await?;
    sqlx::query("SELECT api.move_account($1, $2, $3, $4)")
        .bind(token)
        .bind(account)
        .bind(version)
        .bind(facility)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Ends all sessions of an account; how many.
///
/// # Errors
/// `account_is_kept_by_who_may`, and the database's.
pub async fn end_sessions(actor: &mut Actor<'_>, account: AccountId) -> Result<i32, CareError> {
    let (connection, token, failed) = actor.write("ending the sessions of an account").await?;
    sqlx::query_scalar("SELECT api.end_sessions($1, $2)")
        .bind(token)
        .bind(account)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Lets an account set its password by a one-time link, for 24 hours and in the place of an earlier one; when it ends.
///
/// # Errors
/// `account_is_kept_by_who_may`, `account_is_changed_by_another`, `link_of_great_power_is_made_by_an_operator`,
/// `account_may_sign_in`, and the database's.
pub async fn make_password_link(
    actor: &mut Actor<'_>,
    account: AccountId,
    link: &SessionToken,
) -> Result<Timestamp, CareError> {
    let (connection, token, failed) = actor.write("making a link for a password").await?;
    let until: Moment = sqlx::query_scalar("SELECT api.make_password_link($1, $2, $3)")
        .bind(token)
        .bind(account)
        .bind(link.hash())
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok(until.0)
}

/// Opens the account of a patient who came to the own desk, under this name to sign in by, or enables it again if that
/// is its name; its key.
///
/// # Errors
/// `patients_account_is_opened_at_the_desk`, `patients_account_keeps_its_login`,
/// `patients_account_is_enabled_by_another`, `record_is_of_an_erased_person`, and the database's.
pub async fn open_for_patient(actor: &mut Actor<'_>, patient: PatientId, login: &str) -> Result<AccountId, CareError> {
    let (connection, token, failed) = actor.write("opening a patient's account").await?;
    sqlx::query_scalar("SELECT api.open_patient_account($1, $2, $3)")
        .bind(token)
        .bind(patient)
        .bind(login)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Disables the account of a patient at the own desk; its sessions end at once.
///
/// # Errors
/// `patients_account_is_opened_at_the_desk`, and the database's.
pub async fn disable_for_patient(actor: &mut Actor<'_>, patient: PatientId) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("disabling a patient's account").await?;
    sqlx::query("SELECT api.disable_patient_account($1, $2)")
        .bind(token)
        .bind(patient)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Lets a patient at the own desk set the first password by a one-time link, for 24 hours and in the place of an
/// earlier one; when it ends.
///
/// # Errors
/// `patients_account_is_opened_at_the_desk`, `patients_link_is_of_an_account`,
/// `patients_link_is_for_the_first_password`, and the database's.
pub async fn make_patient_link(
    actor: &mut Actor<'_>,
    patient: PatientId,
    link: &SessionToken,
) -> Result<Timestamp, CareError> {
    let (connection, token, failed) = actor.write("making a link for a patient").await?;
    let until: Moment = sqlx::query_scalar("SELECT api.make_patient_link($1, $2, $3)")
        .bind(token)
        .bind(patient)
        .bind(link.hash())
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok(until.0)
}

/// Proposes a privacy officer or an administrator, for another administrator to confirm; the key.
///
/// # Errors
/// `account_is_proposed_by_an_administrator`, `account_proposal_stands_once`, and the database's.
pub async fn propose(actor: &mut Actor<'_>, role: Role, login: &str) -> Result<AccountProposalId, CareError> {
    let (connection, token, failed) = actor.write("proposing an account").await?;
    sqlx::query_scalar("SELECT api.propose_account($1, $2, $3)")
        .bind(token)
        .bind(role)
        .bind(login)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Opens the account that another administrator has proposed; its key.
///
/// # Errors
/// `account_proposal_is_confirmed_by_another`, `account_proposal_stands`, and the database's.
pub async fn confirm(actor: &mut Actor<'_>, proposal: AccountProposalId) -> Result<AccountId, CareError> {
    let (connection, token, failed) = actor.write("confirming an account").await?;
    sqlx::query_scalar("SELECT api.confirm_account($1, $2)")
        .bind(token)
        .bind(proposal)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Ends a proposal, so that nobody confirms it.
///
/// # Errors
/// `account_proposal_stands`, and the database's.
pub async fn withdraw(actor: &mut Actor<'_>, proposal: AccountProposalId) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("withdrawing the proposal of an account").await?;
    sqlx::query("SELECT api.withdraw_account_proposal($1, $2)")
        .bind(token)
        .bind(proposal)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// The accounts that who asks keeps, by login; 200 at most, those after `after`.
///
/// # Errors
/// The database's.
pub async fn list(
    actor: &mut Actor<'_>,
    role: Option<Role>,
    facility: Option<FacilityId>,
    after: Option<&str>,
) -> Result<Vec<AccountLine>, CareError> {
    let Some(look) = actor.look(None, "accounts", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("listing accounts")?;
    let query = sqlx::query("SELECT * FROM api.list_accounts($1, $2, NULL, $3, $4, $5, $6)")
        .bind(token)
        .bind(look)
        .bind(role)
        .bind(facility)
        .bind(after)
        .bind(200_i32);
    let rows = query.fetch_all(connection).await.map_err(&failed)?;
    rows.iter().map(account_line).collect::<Result<_, _>>().map_err(failed)
}

/// Accounts that were proposed, the newest 200.
///
/// # Errors
/// The database's.
pub async fn list_proposals(actor: &mut Actor<'_>) -> Result<Vec<ProposalLine>, CareError> {
    let Some(look) = actor.look(None, "account_proposals", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("listing proposed accounts")?;
    let query = sqlx::query("SELECT * FROM api.list_account_proposals($1, $2, NULL)").bind(token).bind(look);
    let rows = query.fetch_all(connection).await.map_err(&failed)?;
    rows.iter().map(proposal_line).collect::<Result<_, _>>().map_err(failed)
}
