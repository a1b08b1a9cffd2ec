//! `/invite/{token}` and `/reset/{token}`: a password is set by a one-time link, which `healthtrack user invite` makes,
//! or who keeps the account (`/network/accounts/{account}`). A second factor stays as it is; passkeys and the link to a
//! provider are taken away.
//!
//! The token is in the path because a link must hold it. It is in no log (routes are logged, not paths), no page names
//! it to another site (no referrer), and it is of no use once a password was set.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::portal::answer::{page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::state::Portal;
use crate::portal::words::WORDS;
use crate::store::care::context::SignIn;
use crate::store::care::session::SessionToken;
use crate::store::care::sign_in;

#[derive(Template)]
#[template(path = "pages/door/invite.html", config = "src/portal/askama.toml")]
struct InvitePage {
    shell: Shell,
    login: String,
    wrong: Option<&'static str>,
}

/// Shows the form.
pub(in crate::portal) async fn get(
    State(portal): State<Portal>,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    page(&form(WORDS.invite_title, whose(&portal, &token).await?, None))
}

/// The same to who had a password before.
pub(in crate::portal) async fn get_again(
    State(portal): State<Portal>,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    page(&form(WORDS.reset_title, whose(&portal, &token).await?, None))
}

fn form(title: &str, login: String, wrong: Option<&'static str>) -> InvitePage {
    InvitePage { shell: Shell::plain(title), login, wrong }
}

async fn whose(portal: &Portal, token: &str) -> Result<String, PageError> {
    let mut connection = portal.connect_sign_in().await?;
    let login = sign_in::read_invitation(&mut SignIn::on(&mut connection), &SessionToken::received(token)).await?;
    login.ok_or_else(|| PageError::Refused(WORDS.invite_gone.to_owned()))
}

/// What was typed.
#[derive(Deserialize)]
pub(in crate::portal) struct ChosenPassword {
    password: SecretString,
    again: SecretString,
}

/// Sets the password.
pub(in crate::portal) async fn post(
    State(portal): State<Portal>,
    Path(token): Path<String>,
    Sent(typed): Sent<ChosenPassword>,
) -> Result<Response, PageError> {
    set(&portal, WORDS.invite_title, &token, &typed).await
}

/// The same of who had a password before.
pub(in crate::portal) async fn post_again(
    State(portal): State<Portal>,
    Path(token): Path<String>,
    Sent(typed): Sent<ChosenPassword>,
) -> Result<Response, PageError> {
    set(&portal, WORDS.reset_title, &token, &typed).await
}

async fn set(portal: &Portal, title: &str, token: &str, typed: &ChosenPassword) -> Result<Response, PageError> {
    // Before the hash is made, which takes its time: of use to nobody without a link.
    let login = whose(portal, token).await?;
    let wrong = |wrong| refused(&form(title, login.clone(), Some(wrong)));
    if typed.password.expose_secret() != typed.again.expose_secret() {
        return wrong(WORDS.password_differs);
    }
    let hash = match portal.passwords.hash(&typed.password).await.map_err(PageError::from) {
        Err(PageError::Refused(_)) => return wrong(WORDS.password_too_short),
        made => made?,
    };
    let mut connection = portal.connect_sign_in().await?;
    sign_in::accept_invitation(&mut SignIn::on(&mut connection), &SessionToken::received(token), &hash).await?;
    Ok(Redirect::to("/sign-in?set=true").into_response())
}
