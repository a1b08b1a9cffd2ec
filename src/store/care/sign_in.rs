//! Signing in: a guess at a password that is paid for first, one-time links, and the session that follows.
//!
//! The hash of a password leaves the database only for who signs people in, for one login at a time and once a guess at
//! it was taken from its buckets. It is verified outside, since what that takes of memory must not be the database's.

use secrecy::{ExposeSecret as _, SecretString};

use super::context::{Operator, SignIn};
use super::error::CareError;
use super::session::{SessionLimits, SessionToken};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// What a password and a code are verified against.
#[derive(Clone, Debug)]
pub struct Challenge {
    /// The password's hash; `None` where there is no such login, it is disabled, or it has no password.
    pub password_hash: Option<SecretString>,
    /// Secret of the second factor; `None` where there is none.
    pub totp_secret: Option<TotpSecret>,
}

/// The secret that an authenticator and the database share. No log prints it.
#[derive(Clone)]
pub struct TotpSecret(pub Vec<u8>);

impl std::fmt::Debug for TotpSecret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TotpSecret")
    }
}

/// What a guess came to before it is judged.
#[derive(Clone, Debug)]
pub enum Guess {
    /// It may be judged.
    Taken(Challenge),
    /// None is left: wait for so many seconds.
    Wait(i32),
}

/// Takes a guess at a login from an address, in a transaction of its own.
///
/// # Errors
/// The database's.
pub async fn begin(sign_in: &mut SignIn<'_>, login: &str, address: &str) -> Result<Guess, CareError> {
    let (connection, failed) = sign_in.step("taking a guess at a password");
    let (wait_s, hash, secret): (i32, Option<String>, Option<Vec<u8>>) =
        sqlx::query_as("SELECT wait_s, password_hash, totp_secret FROM access.begin_sign_in($1, $2)")
            .bind(login)
            .bind(address)
            .fetch_one(connection)
            .await
            .map_err(failed)?;
    Ok(match wait_s {
        0 => Guess::Taken(Challenge { password_hash: hash.map(Into::into), totp_secret: secret.map(TotpSecret) }),
        wait_s => Guess::Wait(wait_s),
    })
}

/// Opens a session for a login whose password, and code of a step where it has a second factor, were right.
///
/// # Errors
/// `code_is_used_once`, `account_may_sign_in`, and the database's.
pub async fn end(
    sign_in: &mut SignIn<'_>,
    (login, address): (&str, &str),
    totp_step: Option<i64>,
    token: &SessionToken,
    limits: SessionLimits,
) -> Result<Timestamp, CareError> {
    let (connection, failed) = sign_in.step("opening a session");
    let query = "SELECT access.end_sign_in($1, $2, $3, $4, make_interval(mins => $5), make_interval(mins => $6))";
    let until: Moment = sqlx::query_scalar(query)
        .bind(login)
        .bind(address)
        .bind(totp_step)
        .bind(token.hash())
        .bind(i32::from(limits.idle_minutes))
        .bind(i32::from(limits.lasts_minutes))
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok(until.0)
}

/// Records that a password or code was wrong.
///
/// # Errors
/// The database's.
pub async fn note_failed(sign_in: &mut SignIn<'_>, login: &str) -> Result<(), CareError> {
    let (connection, failed) = sign_in.step("recording a failed sign-in");
    sqlx::query("SELECT access.note_failed_sign_in($1)").bind(login).execute(connection).await.map(drop).map_err(failed)
}

/// Lets an account set its password by a one-time link that lasts so many hours; when it ends.
///
/// # Errors
/// `account_may_sign_in`, `invitation_ends`, and the database's.
pub async fn invite(
    operator: &mut Operator<'_>,
    login: &str,
    token: &SessionToken,
    hours: u16,
) -> Result<Timestamp, CareError> {
    let (connection, failed) = operator.step("inviting an account");
    let until: Moment = sqlx::query_scalar("SELECT access.invite($1, $2, make_interval(hours => $3))")
        .bind(login)
        .bind(token.hash())
        .bind(i32::from(hours))
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok(until.0)
}

/// Whose login a one-time link is for; `None` where it is of no use.
///
/// # Errors
/// The database's.
pub async fn read_invitation(sign_in: &mut SignIn<'_>, token: &SessionToken) -> Result<Option<String>, CareError> {
    let (connection, failed) = sign_in.step("reading an invitation");
    let query = sqlx::query_scalar("SELECT access.read_invitation($1)").bind(token.hash());
    query.fetch_one(connection).await.map_err(failed)
}

/// Sets a password by a one-time link and ends every session of its account; the login.
///
/// # Errors
/// `invitation_stands`, and the database's.
pub async fn accept_invitation(
    sign_in: &mut SignIn<'_>,
    token: &SessionToken,
    password_hash: &SecretString,
) -> Result<String, CareError> {
    let (connection, failed) = sign_in.step("setting a password");
    sqlx::query_scalar("SELECT access.accept_invitation($1, $2)")
        .bind(token.hash())
        .bind(password_hash.expose_secret())
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Keeps the secret of a login's second factor, sealed, with the step of the code that proved it, which is then of no
/// use any more; `None` takes it away.
///
/// # Errors
/// `account_has_a_password`, and the database's.
pub async fn keep_totp(
    sign_in: &mut SignIn<'_>,
    login: &str,
    proved: Option<(&TotpSecret, i64)>,
) -> Result<(), CareError> {
    let (connection, failed) = sign_in.step("keeping a second factor");
    let (secret, step) = proved.map_or((None, 0), |(secret, step)| (Some(secret.0.as_slice()), step));
    let query = sqlx::query("SELECT access.keep_totp($1, $2, $3)").bind(login).bind(secret).bind(step);
    query.execute(connection).await.map(drop).map_err(failed)
}

/// Whether a login has a second factor.
///
/// # Errors
/// The database's.
pub async fn has_totp(sign_in: &mut SignIn<'_>, login: &str) -> Result<bool, CareError> {
    let (connection, failed) = sign_in.step("looking for a second factor");
    sqlx::query_scalar("SELECT access.has_totp($1)").bind(login).fetch_one(connection).await.map_err(failed)
}

/// Changes a login's password; every session but that of the token ends, and every open link.
///
/// # Errors
/// `account_has_a_password`, and the database's.
pub async fn change_password(
    sign_in: &mut SignIn<'_>,
    login: &str,
    password_hash: &SecretString,
    token: &SessionToken,
) -> Result<(), CareError> {
    let (connection, failed) = sign_in.step("changing a password");
    sqlx::query("SELECT access.change_password($1, $2, $3)")
        .bind(login)
        .bind(password_hash.expose_secret())
        .bind(token.hash())
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}

/// Records that the login of a session has proved once more who it is, and gives the session the second token for the
/// first; the code of a step is taken once.
///
/// # Errors
/// `code_is_used_once`, `session_stands`, and the database's.
pub async fn confirm(
    sign_in: &mut SignIn<'_>,
    (login, address): (&str, &str),
    totp_step: Option<i64>,
    (token, renewed): (&SessionToken, &SessionToken),
) -> Result<(), CareError> {
    let (connection, failed) = sign_in.step("confirming a session");
    let query = sqlx::query("SELECT access.confirm_session($1, $2, $3, $4, $5)");
    let query = query.bind(login).bind(address).bind(totp_step).bind(token.hash()).bind(renewed.hash());
    query.execute(connection).await.map(drop).map_err(failed)
}

/// Confirms a session of somebody who is played and has no password, for a demo.
///
/// # Errors
/// `session_stands`, and the database's.
pub async fn confirm_played(operator: &mut Operator<'_>, login: &str, token: &SessionToken) -> Result<(), CareError> {
    let (connection, failed) = operator.step("confirming a session of a demo");
    let query = sqlx::query("SELECT access.confirm_played($1, $2)").bind(login).bind(token.hash());
    query.execute(connection).await.map(drop).map_err(failed)
}

/// Whether a session, which may be over, was of a login.
///
/// # Errors
/// The database's.
pub async fn was_session_of(sign_in: &mut SignIn<'_>, token: &SessionToken, login: &str) -> Result<bool, CareError> {
    let (connection, failed) = sign_in.step("looking for a former session");
    let query = sqlx::query_scalar("SELECT access.was_session_of($1, $2)").bind(token.hash()).bind(login);
    query.fetch_one(connection).await.map_err(failed)
}

/// Links a login to a person as a provider knows them: issuer and subject.
///
/// # Errors
/// `identity_is_linked_once`, and the database's.
pub async fn link_identity(
    sign_in: &mut SignIn<'_>,
    login: &str,
    (issuer, subject): (&str, &str),
) -> Result<(), CareError> {
    let (connection, failed) = sign_in.step("linking a sign-in");
    let query = sqlx::query("SELECT access.link_identity($1, $2, $3)");
    let query = query.bind(login).bind(issuer).bind(subject);
    query.execute(connection).await.map(drop).map_err(failed)
}

/// Takes the link of a login to a provider away.
///
/// # Errors
/// The database's.
pub async fn unlink_identity(sign_in: &mut SignIn<'_>, login: &str, issuer: &str) -> Result<(), CareError> {
    let (connection, failed) = sign_in.step("unlinking a sign-in");
    let query = sqlx::query("SELECT access.unlink_identity($1, $2)").bind(login).bind(issuer);
    query.execute(connection).await.map(drop).map_err(failed)
}

/// Whether a login is linked to a provider.
///
/// # Errors
/// The database's.
pub async fn has_identity(sign_in: &mut SignIn<'_>, login: &str, issuer: &str) -> Result<bool, CareError> {
    let (connection, failed) = sign_in.step("looking for a linked sign-in");
    let query = sqlx::query_scalar("SELECT access.has_identity($1, $2)").bind(login).bind(issuer);
    query.fetch_one(connection).await.map_err(failed)
}

/// Opens a session of the account that a provider's person is linked to; its login, `None` where there is none.
///
/// # Errors
/// The database's.
pub async fn end_federated(
    sign_in: &mut SignIn<'_>,
    (issuer, subject): (&str, &str),
    token: &SessionToken,
    limits: SessionLimits,
) -> Result<Option<String>, CareError> {
    let (connection, failed) = sign_in.step("opening a session for a provider's person");
    let query = "SELECT access.end_federated_sign_in($1, $2, $3, make_interval(mins => $4), make_interval(mins => $5))";
    sqlx::query_scalar(query)
        .bind(issuer)
        .bind(subject)
        .bind(token.hash())
        .bind(i32::from(limits.idle_minutes))
        .bind(i32::from(limits.lasts_minutes))
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Somebody whom a visitor of the demo can be.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Player {
    /// By which login.
    pub login: String,
    /// In which part, as the database writes it.
    pub part: String,
    /// Who that is.
    pub name: String,
}

/// Providers with patients whose devices measure, such patients, who works where the first of those providers does, and
/// one of each other part: the same each time.
///
/// # Errors
/// The database's.
pub async fn players(operator: &mut Operator<'_>) -> Result<Vec<Player>, CareError> {
    let (connection, failed) = operator.step("listing who can be played");
    sqlx::query_as(PLAYERS).fetch_all(connection).await.map_err(failed)
}

const PLAYERS: &str = "
    WITH worn AS (
        SELECT DISTINCT w.patient_id FROM care.wear w JOIN signal.series s USING (device_key)
        WHERE upper_inf(w.worn_during)
    ), cared AS (
        SELECT r.provider_id, count(*) AS worn FROM access.care_relationship r JOIN worn USING (patient_id)
        WHERE r.valid_during @> now() GROUP BY 1
    ), carers AS (
        SELECT a.login, a.part, concat_ws(' ', p.given_name, p.family_name) AS name, provider_id
        FROM cared JOIN access.account a USING (provider_id) JOIN care.provider p USING (provider_id)
        WHERE a.disabled_at IS NULL ORDER BY cared.worn DESC, a.login LIMIT 3
    ), place AS (
        SELECT v.facility_id FROM care.affiliation v JOIN carers USING (provider_id)
        WHERE v.valid_during @> current_date ORDER BY v.facility_id LIMIT 1
    )
    SELECT login, part, name FROM carers
    UNION ALL
    (SELECT a.login, a.part, concat_ws(' ', array_to_string(n.given, ' '), n.family)
     FROM worn JOIN access.account a USING (patient_id) JOIN care.patient_name n USING (patient_id)
     WHERE a.disabled_at IS NULL AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
     ORDER BY a.login LIMIT 3)
    UNION ALL
    (SELECT DISTINCT ON (a.part) a.login, a.part, f.name
     FROM access.account a JOIN place USING (facility_id) JOIN care.facility f USING (facility_id)
     WHERE a.disabled_at IS NULL ORDER BY a.part, a.login)
    UNION ALL
    (SELECT DISTINCT ON (a.part) a.login, a.part, a.login FROM access.account a
     WHERE a.disabled_at IS NULL AND a.patient_id IS NULL AND a.provider_id IS NULL AND a.facility_id IS NULL
       AND EXISTS (SELECT FROM carers) ORDER BY a.part, a.login)";
