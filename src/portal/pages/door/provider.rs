//! `/sign-in/provider`: by way of a provider of OpenID Connect, to an account that was linked before; and linking it.
//!
//! What this sign-in is known by waits in a cookie, sealed, for ten minutes: who comes back without it, or with
//! another's state, is nobody. Linking asks who it is here first, and the cookie opens for that session alone.

use axum::http::header::SET_COOKIE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use serde::Deserialize;

use super::sign_in::{end_former, landing};
use crate::model::time::{MINUTE_US, Timestamp};
use crate::portal::answer::done;
use crate::portal::edge::sent::Behind;
use crate::portal::page_error::PageError;
use crate::portal::provider::{AskedSignIn, Provider};
use crate::portal::state::Portal;
use crate::portal::visit::{Visit, cookie, cookie_of, named_cookie};
use crate::portal::words::WORDS;
use crate::security::oidc::{Identity, secret};
use crate::security::totp::is_equal;
use crate::store::care::context::SignIn;
use crate::store::care::session::SessionToken;
use crate::store::care::sign_in;

/// Nobody takes longer there.
const LASTS_US: i64 = 10 * MINUTE_US;
const COOKIE: &str = "provider";

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    next: String,
}

/// What the provider sends back.
#[derive(Deserialize)]
pub(super) struct Back {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
    iss: Option<String>,
}

fn provider(portal: &Portal) -> Result<&Provider, PageError> {
    portal.provider.as_ref().ok_or(PageError::NotFound)
}

/// Sends a browser there to sign in.
pub(super) async fn get(visit: Visit, Behind(wanted): Behind<Wanted>) -> Result<Response, PageError> {
    leave(&visit.portal, landing(&wanted.next), "sign-in").await
}

/// Sends a browser there to link the own account.
pub(super) async fn link(visit: Visit) -> Result<Response, PageError> {
    provider(&visit.portal)?;
    let token = visit.token.clone().ok_or_else(|| PageError::SignIn(visit.target.clone()))?;
    {
        // Given back before the provider is asked, which may take its time.
        let mut seat = visit.seat().await?;
        seat.enter_confirmed().await?;
    }
    leave(&visit.portal, "", token.expose()).await
}

/// Takes the link away.
pub(super) async fn unlink(visit: Visit) -> Result<Response, PageError> {
    let issuer = provider(&visit.portal)?.issuer();
    let viewer = {
        let mut seat = visit.seat().await?;
        seat.enter_confirmed().await?.1
    };
    let mut connection = visit.portal.connect_sign_in().await?;
    sign_in::unlink_identity(&mut SignIn::on(&mut connection), &viewer.profile.login, issuer).await?;
    Ok(done("/account", "ended"))
}

/// On the way there, by whom it was begun: for a sign-in, or for a session that links.
async fn leave(portal: &Portal, next: &str, by: &str) -> Result<Response, PageError> {
    let provider = provider(portal)?;
    let new = || secret().ok_or(PageError::Unavailable);
    let asked = AskedSignIn { state: new()?, nonce: new()?, verifier: new()? };
    let address = provider.address(&asked).await?;
    let kept = [&portal.clock.now().micros().to_string(), &asked.state, &asked.nonce, &asked.verifier, next].join("\n");
    let sealed = portal.seal_key.seal(by, kept.into_bytes()).ok_or(PageError::Unavailable)?;
    let kept = cookie_of(COOKIE, Some(&sealed), portal.is_secure);
    Ok(([(SET_COOKIE, kept)], Redirect::to(&address)).into_response())
}

/// What waited in the cookie, if it was sealed by the same.
fn waited(portal: &Portal, headers: &HeaderMap, by: &str) -> Option<(AskedSignIn, String)> {
    let sealed = named_cookie(headers, COOKIE, portal.is_secure)?;
    let plain = String::from_utf8(portal.seal_key.open(by, &sealed)?).ok()?;
    let mut lines = plain.split('\n').map(str::to_owned);
    let at = Timestamp::from_micros(lines.next()?.parse().ok()?).ok()?;
    let asked = AskedSignIn { state: lines.next()?, nonce: lines.next()?, verifier: lines.next()? };
    let next = lines.next()?;
    (portal.clock.now().micros_since(at) <= LASTS_US).then_some((asked, next))
}

/// Takes who comes back.
pub(super) async fn back(visit: Visit, headers: HeaderMap, Behind(back): Behind<Back>) -> Result<Response, PageError> {
    let portal = &visit.portal;
    let provider = provider(portal)?;
    let failed = || PageError::Refused(WORDS.provider_failed.to_owned());
    let linking = visit.token.as_ref().and_then(|token| waited(portal, &headers, token.expose()));
    let is_linking = linking.is_some();
    let (asked, next) = linking.or_else(|| waited(portal, &headers, "sign-in")).ok_or_else(failed)?;
    // By RFC 9207 a provider may tell who it is, against answers of another one.
    let is_its = back.iss.as_deref().is_none_or(|issuer| issuer == provider.issuer());
    if !is_its || back.code.is_empty() || !is_equal(&asked.state, &back.state) {
        return Err(failed());
    }
    let identity = provider.redeem(&back.code, &asked, portal.clock.now()).await?;
    let forget = cookie_of(COOKIE, None, portal.is_secure);
    if is_linking { linked(&visit, &identity, forget).await } else { entered(&visit, &identity, &next, forget).await }
}

async fn linked(visit: &Visit, identity: &Identity, forget: HeaderValue) -> Result<Response, PageError> {
    let viewer = {
        let mut seat = visit.seat().await?;
        seat.enter_confirmed().await?.1
    };
    let mut connection = visit.portal.connect_sign_in().await?;
    sign_in::link_identity(&mut SignIn::on(&mut connection), &viewer.profile.login, identity.known_as()).await?;
    Ok(([(SET_COOKIE, forget)], done("/account", "saved")).into_response())
}

async fn entered(visit: &Visit, identity: &Identity, next: &str, forget: HeaderValue) -> Result<Response, PageError> {
    let portal = &visit.portal;
    let token = SessionToken::generate().ok_or(PageError::Unavailable)?;
    let login = {
        let mut connection = portal.connect_sign_in().await?;
        sign_in::end_federated(&mut SignIn::on(&mut connection), identity.known_as(), &token, portal.limits).await?
    };
    if login.is_none() {
        return Err(PageError::Refused(WORDS.provider_unknown.to_owned()));
    }
    end_former(visit).await;
    let cookies = AppendHeaders([(SET_COOKIE, cookie(Some(&token), portal.is_secure)), (SET_COOKIE, forget)]);
    Ok((cookies, Redirect::to(landing(next))).into_response())
}
