//! `/account`: where the account is signed in, and ending that.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use uuid::Uuid;

use crate::portal::answer::page;
use crate::portal::edge::sent::Sent;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{ago, moment};
use crate::portal::visit::Visit;
use crate::portal::words::WORDS;
use crate::store::care::context::SignIn;
use crate::store::care::profile;
use crate::store::care::sign_in::has_identity;

#[derive(Template)]
#[template(path = "pages/door/account.html", config = "src/portal/askama.toml")]
struct AccountPage {
    shell: Shell,
    login: String,
    form_token: String,
    /// Whether the site can have them.
    has_passkeys: bool,
    /// What people call whom else they may sign in by, and whether that is linked.
    provider: Option<(String, bool)>,
    sessions: Vec<SessionLine>,
}

struct SessionLine {
    key: Uuid,
    began: String,
    seen: String,
    ends: String,
    is_this: bool,
}

/// Shows it.
pub(in crate::portal) async fn get(visit: Visit) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let sessions = profile::sessions(&mut actor).await?.into_iter().map(|session| SessionLine {
        key: session.session,
        began: moment(session.began_at, &viewer.zone),
        seen: ago(session.seen_at, now),
        ends: moment(session.ends_at, &viewer.zone),
        is_this: session.is_this,
    });
    let shell = viewer.shell(WORDS.account_title);
    let form_token = shell.who.as_ref().map(|who| who.form_token.clone()).unwrap_or_default();
    let (login, sessions) = (viewer.profile.login.clone(), sessions.collect());
    drop(actor);
    let provider = provider(&visit, &login).await?;
    let has_passkeys = visit.portal.passkeys.is_some();
    page(&AccountPage { login, form_token, has_passkeys, provider, sessions, shell })
}

/// Whom else the account may sign in by, and whether that is linked.
async fn provider(visit: &Visit, login: &str) -> Result<Option<(String, bool)>, PageError> {
    let Some(provider) = &visit.portal.provider else { return Ok(None) };
    let mut connection = visit.portal.connect_sign_in().await?;
    let is_linked = has_identity(&mut SignIn::on(&mut connection), login, provider.issuer()).await?;
    Ok(Some((provider.name.clone(), is_linked)))
}

/// Which session.
#[derive(Debug, Deserialize)]
pub(in crate::portal) struct NamedSession {
    session: Uuid,
}

/// Ends a session of the own account.
pub(in crate::portal) async fn end_session(
    visit: Visit,
    Sent(named): Sent<NamedSession>,
) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    profile::end_session(&mut actor, named.session).await?;
    actor.commit().await?;
    Ok(Redirect::to("/account").into_response())
}
