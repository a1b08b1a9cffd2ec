//! Sessions: an actor is proved by a token.
//!
//! Whoever signs people in makes a token, hands it to the browser, and has the database keep its SHA-256. From then on
//! the token alone says who acts, until it is revoked, expires or was not used for a while; the database looks anew.

use ring::rand::{SecureRandom as _, SystemRandom};
use secrecy::{ExposeSecret as _, SecretString};

use super::context::SignIn;
use super::error::CareError;
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;

/// What proves who acts: 32 random bytes, as hexadecimal digits. No log prints it.
#[derive(Clone, Debug)]
pub struct SessionToken(SecretString);

impl SessionToken {
    /// A new one; `None` where the system has no randomness.
    pub fn generate() -> Option<SessionToken> {
        let mut bytes = [0; TOKEN_BYTES];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(SessionToken(hex::encode(bytes).into()))
    }

    /// What a browser sent; whether it is a token is the database's to say.
    pub fn received(text: &str) -> SessionToken {
        SessionToken(text.to_owned().into())
    }

    /// For the browser, and for a statement's parameter.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What is stored of it; of what is no token nothing, which the database refuses to keep.
    pub(super) fn hash(&self) -> Vec<u8> {
        let bytes = hex::decode(self.expose()).ok().filter(|bytes| bytes.len() == TOKEN_BYTES);
        bytes.map(|bytes| ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref().to_vec()).unwrap_or_default()
    }
}

/// How long a session lasts.
#[derive(Copy, Clone, Debug)]
pub struct SessionLimits {
    /// It ends when it was not used for so many minutes; a day at most.
    pub idle_minutes: u16,
    /// It ends after so many minutes in any case; 31 days at most.
    pub lasts_minutes: u16,
}

impl Default for SessionLimits {
    /// A quarter of an hour, as is usual at clinics, and twelve hours.
    fn default() -> SessionLimits {
        SessionLimits { idle_minutes: 15, lasts_minutes: 12 * 60 }
    }
}

/// Opens a session for an account that has proved who it is, audited; when it ends at the latest.
///
/// # Errors
/// `account_may_sign_in` where there is no such account or it is disabled, the rules of `access.session`, and the
/// database's.
pub async fn open(
    sign_in: &mut SignIn<'_>,
    login: &str,
    token: &SessionToken,
    limits: SessionLimits,
) -> Result<Timestamp, CareError> {
    let (connection, failed) = sign_in.step("opening a session");
    let until: Moment =
        sqlx::query_scalar("SELECT access.open_session($1, $2, make_interval(mins => $3), make_interval(mins => $4))")
            .bind(login)
            .bind(token.hash())
            .bind(i32::from(limits.idle_minutes))
            .bind(i32::from(limits.lasts_minutes))
            .fetch_one(connection)
            .await
            .map_err(failed)?;
    Ok(until.0)
}

/// Ends every session of an account; how many there were.
///
/// # Errors
/// The database's.
pub async fn revoke_all(sign_in: &mut SignIn<'_>, login: &str) -> Result<i32, CareError> {
    let (connection, failed) = sign_in.step("ending sessions");
    sqlx::query_scalar("SELECT access.revoke_sessions($1)").bind(login).fetch_one(connection).await.map_err(failed)
}
