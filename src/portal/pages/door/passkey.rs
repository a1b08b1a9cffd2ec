//! `/sign-in/passkey` and `/confirm/passkey`: a device signs what it is asked to, in the place of password and code.
//!
//! ```text
//! POST …/begin   what is to be signed, kept in the database under a token → JSON, and the token as a cookie
//! POST …         what was signed → taken from there, whatever comes of it → judged → signed in, or one sentence
//! ```
//!
//! Asking is paid for from the guesses of an address, and what was asked takes one answer: so each answer is paid for.
//! Nobody types a name and none is told: of whom a passkey is, only its device says. Whatever is wrong gets one
//! sentence.

use axum::http::header::{CONTENT_TYPE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::Deserialize;

use super::confirm;
use super::sign_in::{self as door, failed};
use crate::portal::edge::sent::Sent;
use crate::portal::page_error::PageError;
use crate::portal::state::Portal;
use crate::portal::visit::{Visit, cookie, cookie_of, named_cookie};
use crate::portal::words::WORDS;
use crate::security::passkey::{AskedPasskey, PasskeyError, Passkeys};
use crate::store::care::context::SignIn;
use crate::store::care::error::CareError;
use crate::store::care::passkey::{self, KeptPasskey};
use crate::store::care::session::SessionToken;

/// What a browser knows its question by.
const COOKIE: &str = "passkey";

/// What the script sends with a form.
#[derive(Deserialize)]
pub(super) struct SignedAnswer {
    #[serde(default)]
    answer: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    carried: String,
}

/// Those of this site; there is no such page where it has none.
pub(super) fn of(portal: &Portal) -> Result<&Passkeys, PageError> {
    portal.passkeys.as_ref().ok_or(PageError::NotFound)
}

impl From<PasskeyError> for PageError {
    /// Of what is asked, which nobody but this program has made.
    fn from(error: PasskeyError) -> PageError {
        tracing::warn!("no passkey can be asked for: {error}");
        PageError::Unavailable
    }
}

/// Gives what is to be signed to the browser, and keeps it until the answer comes.
pub(super) async fn ask(visit: &Visit, login: Option<&str>, asked: AskedPasskey) -> Result<Response, PageError> {
    let _place = door::place(visit)?;
    let token = SessionToken::generate().ok_or(PageError::Unavailable)?;
    let mut connection = visit.portal.connect_sign_in().await?;
    let who = (login, visit.address.as_str());
    let wait_s = passkey::begin(&mut SignIn::on(&mut connection), who, &token, &asked.challenge).await?;
    if wait_s > 0 {
        return Err(PageError::TooOften(door::waiting(wait_s.into())));
    }
    let kept = cookie_of(COOKIE, Some(token.expose()), visit.portal.is_secure);
    let headers = [(SET_COOKIE, kept), (CONTENT_TYPE, HeaderValue::from_static("application/json"))];
    Ok((headers, asked.options).into_response())
}

/// What an answer of this browser must be to, once.
pub(super) async fn waited(
    visit: &Visit,
    headers: &HeaderMap,
    login: Option<&str>,
) -> Result<Option<Vec<u8>>, PageError> {
    let Some(token) = named_cookie(headers, COOKIE, visit.portal.is_secure) else { return Ok(None) };
    let mut connection = visit.portal.connect_sign_in().await?;
    Ok(passkey::take(&mut SignIn::on(&mut connection), login, &SessionToken::received(&token)).await?)
}

/// Asks for the passkey of whoever it is.
pub(super) async fn begin(visit: Visit) -> Result<Response, PageError> {
    let asked = of(&visit.portal)?.begin_proving()?;
    ask(&visit, None, asked).await
}

/// Whose passkey an answer proves.
struct ProvedPasskey {
    /// Empty where that is nobody.
    login: String,
    /// None where the answer proves nothing.
    passkey: Option<KeptPasskey>,
}

/// What an answer proves; none where nothing was asked of this browser: what nobody has paid for is looked up nowhere,
/// and is no event.
async fn judged(visit: &Visit, headers: &HeaderMap, answer: &str) -> Result<Option<ProvedPasskey>, PageError> {
    let passkeys = of(&visit.portal)?;
    let Some(challenge) = waited(visit, headers, None).await? else { return Ok(None) };
    let nobody = ProvedPasskey { login: String::new(), passkey: None };
    let Ok((handle, credential)) = passkeys.named(answer) else { return Ok(Some(nobody)) };
    let known = {
        let mut connection = visit.portal.connect_sign_in().await?;
        passkey::read(&mut SignIn::on(&mut connection), (handle, credential)).await?
    };
    let Some((login, kept)) = known else { return Ok(Some(nobody)) };
    let passkey = passkeys.finish_proving(&challenge, answer, &kept).ok();
    Ok(Some(ProvedPasskey { login, passkey }))
}

/// Signs in.
pub(super) async fn sign_in(
    visit: Visit,
    headers: HeaderMap,
    Sent(sent): Sent<SignedAnswer>,
) -> Result<Response, PageError> {
    let portal = &visit.portal;
    let Some(judged) = judged(&visit, &headers, &sent.answer).await? else {
        return door::refusing(portal, &sent.next, sent.carried, WORDS.passkey_wrong);
    };
    let token = SessionToken::generate().ok_or(PageError::Unavailable)?;
    let is_open = match &judged.passkey {
        Some(proved) => {
            let mut connection = portal.connect_sign_in().await?;
            taken(passkey::end(&mut SignIn::on(&mut connection), proved, &token, portal.limits).await.map(drop))?
        }
        None => false,
    };
    if !is_open {
        failed(portal, &judged.login).await?;
        return door::refusing(portal, &sent.next, sent.carried, WORDS.passkey_wrong);
    }
    let on = door::entered(&visit, (&judged.login, &token), &sent.next, &sent.carried).await?;
    let forget = cookie_of(COOKIE, None, portal.is_secure);
    let cookies = AppendHeaders([(SET_COOKIE, cookie(Some(&token), portal.is_secure)), (SET_COOKIE, forget)]);
    Ok((cookies, on).into_response())
}

/// Whether it was taken: what is refused is told as what is wrong.
fn taken(done: Result<(), CareError>) -> Result<bool, PageError> {
    match done {
        Ok(()) => Ok(true),
        Err(CareError::Refused(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Takes a proof of who is signed in.
pub(super) async fn confirm(
    visit: Visit,
    headers: HeaderMap,
    Sent(sent): Sent<SignedAnswer>,
) -> Result<Response, PageError> {
    let portal = &visit.portal;
    of(portal)?;
    let viewer = {
        let mut seat = visit.seat().await?;
        seat.enter().await?.1
    };
    let login = viewer.profile.login.as_str();
    let wrong = || {
        let page = confirm::refusing(portal, &viewer.form_token, (&sent.next, &sent.carried), WORDS.passkey_wrong)?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
    };
    let Some(judged) = judged(&visit, &headers, &sent.answer).await? else { return wrong() };
    let token = visit.token.as_ref().ok_or(PageError::NotFound)?;
    // Somebody else's passkey proves nothing of who is signed in.
    let renewed = SessionToken::generate().ok_or(PageError::Unavailable)?;
    let is_proved = match judged.passkey.filter(|_| judged.login == login) {
        Some(proved) => {
            let mut connection = portal.connect_sign_in().await?;
            taken(passkey::confirm(&mut SignIn::on(&mut connection), &proved, (token, &renewed)).await)?
        }
        None => false,
    };
    if is_proved {
        return confirm::on(&visit, &renewed, &sent.next, &sent.carried);
    }
    failed(portal, login).await?;
    wrong()
}
