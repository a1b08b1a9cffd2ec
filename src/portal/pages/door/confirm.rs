//! `/confirm`: who is signed in proves it once more before what is dangerous, and goes on with it.
//!
//! A guess is paid for as at the sign-in page, from the same buckets, and what is wrong gets the same sentence. What is
//! right gets a new token as well, so that one that somebody took before is not confirmed with it.

use askama::Template;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::SecretString;
use serde::Deserialize;

use super::passkey_form::PasskeyForm;
use super::resend::resend_own;
use super::sign_in::{Judged, SignInAsked, failed, judged, landing};
use crate::portal::answer::page;
use crate::portal::edge::sent::{Behind, Sent};
use crate::portal::forms::{Form, FormField, Problem};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::state::Portal;
use crate::portal::visit::{Visit, cookie};
use crate::portal::words::WORDS;
use crate::store::care::context::SignIn;
use crate::store::care::error::CareError;
use crate::store::care::session::SessionToken;
use crate::store::care::sign_in;

#[derive(Template)]
#[template(path = "pages/door/confirm.html", config = "src/portal/askama.toml")]
struct ConfirmPage {
    shell: Shell,
    form: Form,
    passkey: Option<PasskeyForm>,
    is_demo: bool,
    form_token: String,
    next: String,
    carried: String,
}

fn asking(portal: &Portal, form_token: &str, next: &str, carried: &str) -> ConfirmPage {
    let form = Form::new("confirm", "/confirm", form_token, WORDS.confirm)
        .with(FormField::hidden("next", next))
        .with(FormField::hidden("carried", carried))
        .with(FormField::typed("password", WORDS.password, "password").known_as("current-password").required())
        .with(FormField::line("code", WORDS.code).known_as("one-time-code").hint(WORDS.code_hint).at_most(10));
    ConfirmPage {
        shell: Shell::plain(WORDS.confirm_title),
        form,
        passkey: PasskeyForm::confirming(portal, form_token, next, carried),
        is_demo: portal.playbill.is_some(),
        form_token: form_token.to_owned(),
        next: next.to_owned(),
        carried: carried.to_owned(),
    }
}

/// Asks, holding a form that was interrupted.
pub(in crate::portal) fn carrying(portal: &Portal, token: &str, carried: &str) -> Option<Response> {
    page(&asking(portal, token, "", carried)).ok()
}

/// Asks.
pub(super) async fn get(visit: Visit, Behind(asked): Behind<SignInAsked>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (_, viewer) = seat.enter().await?;
    page(&asking(&visit.portal, &viewer.form_token, &asked.next, ""))
}

/// Asks again, and says what was wrong.
pub(super) fn refusing(
    portal: &Portal,
    token: &str,
    (next, carried): (&str, &str),
    wrong: &str,
) -> Result<Response, PageError> {
    let mut asked = asking(portal, token, next, carried);
    asked.form = asked.form.told(Problem::at("", wrong), &[])?;
    page(&asked)
}

/// What was typed.
#[derive(Deserialize)]
pub(super) struct TypedProof {
    password: SecretString,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    carried: String,
}

/// Takes the proof.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<TypedProof>) -> Result<Response, PageError> {
    let portal = &visit.portal;
    let viewer = {
        let mut seat = visit.seat().await?;
        seat.enter().await?.1
    };
    let login = viewer.profile.login.as_str();
    let (status, wrong) = match judged(&visit, login, &typed.password, &typed.code).await? {
        Judged::Wrong(status, wrong) => (status, wrong),
        Judged::Right(step) => match prove(&visit, login, step).await? {
            Some(renewed) => return on(&visit, &renewed, &typed.next, &typed.carried),
            None => failed(portal, login).await?,
        },
    };
    let asked = refusing(portal, &viewer.form_token, (&typed.next, &typed.carried), &wrong)?;
    Ok((status, asked).into_response())
}

/// Records the proof; the token that the session has from now on, where it was taken: a code is taken once.
async fn prove(visit: &Visit, login: &str, step: Option<i64>) -> Result<Option<SessionToken>, PageError> {
    let token = visit.token.as_ref().ok_or(PageError::NotFound)?;
    let renewed = SessionToken::generate().ok_or(PageError::Unavailable)?;
    let mut connection = visit.portal.connect_sign_in().await?;
    let who = (login, visit.address.as_str());
    match sign_in::confirm(&mut SignIn::on(&mut connection), who, step, (token, &renewed)).await {
        Ok(()) => Ok(Some(renewed)),
        Err(CareError::Refused(broken)) if broken.rule == "code_is_used_once" => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// On with what was begun, by the token that the session has now.
pub(super) fn on(visit: &Visit, token: &SessionToken, next: &str, carried: &str) -> Result<Response, PageError> {
    let on = match resend_own(visit, token, carried)? {
        Some(resent) => resent,
        None if carried.is_empty() => Redirect::to(landing(next)).into_response(),
        // Another page of this browser was confirmed meanwhile.
        None => PageError::Refused(WORDS.form_not_kept.to_owned()).into_response(),
    };
    Ok(([(SET_COOKIE, cookie(Some(token), visit.portal.is_secure))], on).into_response())
}
