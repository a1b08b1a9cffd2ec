//! Passkeys: what devices are asked to sign, which of them sign an account in, and the session that follows.
//!
//! What waits for an answer is kept under a token that the browser has, as sessions are, and taken once. What the
//! answer is worth is judged outside the database (`security::passkey`).

use uuid::Uuid;

use super::context::SignIn;
use super::error::CareError;
use super::session::{SessionLimits, SessionToken};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// A passkey as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPasskey {
    /// What its device knows it by.
    pub credential_id: Vec<u8>,
    /// How often its device has signed; 0 where it does not count.
    pub counter: u32,
    /// What its signatures are verified with, as the device gave it.
    pub public_key: Vec<u8>,
}

/// A passkey of an account, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyLine {
    /// Key.
    pub passkey: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// When it was added.
    pub made_at: Timestamp,
    /// When it last signed in or confirmed; `None` if never.
    pub used_at: Option<Timestamp>,
    /// What its device knows it by.
    pub credential_id: Vec<u8>,
}

/// Keeps what a device is to sign, for a browser's token: for a login that adds a passkey, or to sign in whoever that
/// is; 0, else the seconds to wait.
///
/// # Errors
/// `account_may_sign_in`, and the database's.
pub async fn begin(
    sign_in: &mut SignIn<'_>,
    (login, address): (Option<&str>, &str),
    token: &SessionToken,
    challenge: &[u8],
) -> Result<i32, CareError> {
    let (connection, failed) = sign_in.step("asking for a passkey");
    let query = sqlx::query_scalar("SELECT access.begin_passkey($1, $2, $3, $4)");
    query.bind(login).bind(address).bind(token.hash()).bind(challenge).fetch_one(connection).await.map_err(failed)
}

/// What an answer must be to, once; `None` where there is nothing, it is too old, or another's.
///
/// # Errors
/// The database's.
pub async fn take(
    sign_in: &mut SignIn<'_>,
    login: Option<&str>,
    token: &SessionToken,
) -> Result<Option<Vec<u8>>, CareError> {
    let (connection, failed) = sign_in.step("taking what a passkey signed");
    let query = sqlx::query_scalar("SELECT access.take_passkey_challenge($1, $2)").bind(login).bind(token.hash());
    query.fetch_one(connection).await.map_err(failed)
}

/// What devices keep beside a passkey of a login; `None` where there is no such login.
///
/// # Errors
/// The database's.
pub async fn handle(sign_in: &mut SignIn<'_>, login: &str) -> Result<Option<Uuid>, CareError> {
    let (connection, failed) = sign_in.step("naming an account to a device");
    let query = sqlx::query_scalar("SELECT access.passkey_handle($1)").bind(login);
    query.fetch_one(connection).await.map_err(failed)
}

/// Passkey, name, when it was made and last used, and what its device knows it by.
type PasskeyRow = (Uuid, String, Moment, Option<Moment>, Vec<u8>);

/// The passkeys of a login, the oldest first.
///
/// # Errors
/// The database's.
pub async fn list(sign_in: &mut SignIn<'_>, login: &str) -> Result<Vec<PasskeyLine>, CareError> {
    let (connection, failed) = sign_in.step("listing passkeys");
    let query = "SELECT passkey_id, name, made_at, used_at, credential_id FROM access.list_passkeys($1)";
    let rows: Vec<PasskeyRow> = sqlx::query_as(query).bind(login).fetch_all(connection).await.map_err(failed)?;
    let line = |(passkey, name, made_at, used_at, credential_id): (_, _, Moment, Option<Moment>, _)| PasskeyLine {
        passkey,
        name,
        made_at: made_at.0,
        used_at: used_at.map(|at| at.0),
        credential_id,
    };
    Ok(rows.into_iter().map(line).collect())
}

/// Keeps a passkey of a login by a name, audited.
///
/// # Errors
/// `passkeys_of_an_account_are_few`, `passkey_is_added_once`, `passkey_name_is_short`, and the database's.
pub async fn add(sign_in: &mut SignIn<'_>, login: &str, name: &str, passkey: &KeptPasskey) -> Result<(), CareError> {
    let (connection, failed) = sign_in.step("adding a passkey");
    sqlx::query("SELECT access.add_passkey($1, $2, $3, $4, $5)")
        .bind(login)
        .bind(name)
        .bind(i64::from(passkey.counter))
        .bind(&passkey.credential_id)
        .bind(&passkey.public_key)
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}

/// Takes a passkey of a login away, audited.
///
/// # Errors
/// `passkey_to_remove_stands`, and the database's.
pub async fn remove(sign_in: &mut SignIn<'_>, login: &str, passkey: Uuid) -> Result<(), CareError> {
    let (connection, failed) = sign_in.step("removing a passkey");
    let query = sqlx::query("SELECT access.remove_passkey($1, $2)").bind(login).bind(passkey);
    query.execute(connection).await.map(drop).map_err(failed)
}

/// Whose a passkey is, by login, and the passkey as it is kept; `None` where it is nobody's.
///
/// # Errors
/// The database's.
pub async fn read(
    sign_in: &mut SignIn<'_>,
    (handle, credential_id): (Uuid, Vec<u8>),
) -> Result<Option<(String, KeptPasskey)>, CareError> {
    let (connection, failed) = sign_in.step("reading a passkey");
    let query = sqlx::query_as("SELECT login, counter, public_key FROM access.read_passkey($1, $2)");
    let found: Option<(String, i64, Vec<u8>)> =
        query.bind(handle).bind(&credential_id).fetch_optional(connection).await.map_err(failed)?;
    // The column has 32 bits; what has more would be refused as a copy.
    let kept = |(login, counter, public_key): (_, i64, _)| {
        let counter = counter.try_into().unwrap_or(u32::MAX);
        (login, KeptPasskey { credential_id, counter, public_key })
    };
    Ok(found.map(kept))
}

/// Opens a session of the account whose passkey was proved; when it ends.
///
/// # Errors
/// `passkey_counts_up`, and the database's.
pub async fn end(
    sign_in: &mut SignIn<'_>,
    passkey: &KeptPasskey,
    token: &SessionToken,
    limits: SessionLimits,
) -> Result<Timestamp, CareError> {
    let (connection, failed) = sign_in.step("opening a session by a passkey");
    let query = "SELECT access.end_passkey_sign_in($1, $2, $3, make_interval(mins => $4), make_interval(mins => $5))";
    let until: Moment = sqlx::query_scalar(query)
        .bind(&passkey.credential_id)
        .bind(i64::from(passkey.counter))
        .bind(token.hash())
        .bind(i32::from(limits.idle_minutes))
        .bind(i32::from(limits.lasts_minutes))
        .fetch_one(connection)
        .await
        .map_err(failed)?;
    Ok(until.0)
}

/// Records that the account of a session has proved who it is, by a passkey of its own, and gives the session the
/// second token for the first.
///
/// # Errors
/// `passkey_counts_up`, `session_stands`, and the database's.
pub async fn confirm(
    sign_in: &mut SignIn<'_>,
    passkey: &KeptPasskey,
    (token, renewed): (&SessionToken, &SessionToken),
) -> Result<(), CareError> {
    let (connection, failed) = sign_in.step("confirming a session by a passkey");
    sqlx::query("SELECT access.confirm_by_passkey($1, $2, $3, $4)")
        .bind(&passkey.credential_id)
        .bind(i64::from(passkey.counter))
        .bind(token.hash())
        .bind(renewed.hash())
        .execute(connection)
        .await
        .map(drop)
        .map_err(failed)
}
