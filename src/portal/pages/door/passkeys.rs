//! `/account/passkeys`: passkeys are added, by a name, and removed, by whoever has just proved who it is.
//!
//! A second click does nothing more: what a device was asked takes one answer, and what is removed is gone.

use askama::Template;
use axum::http::HeaderMap;
use axum::response::Response;
use uuid::Uuid;

use super::passkey::{ask, of, waited};
use super::passkey_form::PasskeyForm;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::moment;
use crate::portal::visit::{Viewer, Visit};
use crate::portal::words::WORDS;
use crate::store::care::context::SignIn;
use crate::store::care::passkey::{self, PasskeyLine};

#[derive(Template)]
#[template(path = "pages/door/passkeys.html", config = "src/portal/askama.toml")]
struct PasskeysPage {
    shell: Shell,
    form_token: String,
    lines: Vec<PasskeyShown>,
    /// What could not be removed.
    wrong: Option<String>,
    form: PasskeyForm,
}

struct PasskeyShown {
    key: Uuid,
    name: String,
    made: String,
    used: Option<String>,
}

async fn entered(visit: &Visit) -> Result<Viewer, PageError> {
    of(&visit.portal)?;
    let mut seat = visit.seat().await?;
    Ok(seat.enter_confirmed().await?.1)
}

async fn listed(visit: &Visit, viewer: &Viewer) -> Result<Vec<PasskeyLine>, PageError> {
    let mut connection = visit.portal.connect_sign_in().await?;
    Ok(passkey::list(&mut SignIn::on(&mut connection), &viewer.profile.login).await?)
}

async fn shown(visit: &Visit, viewer: &Viewer, form: PasskeyForm) -> Result<PasskeysPage, PageError> {
    let line = |line: PasskeyLine| PasskeyShown {
        key: line.passkey,
        name: line.name,
        made: moment(line.made_at, &viewer.zone),
        used: line.used_at.map(|at| moment(at, &viewer.zone)),
    };
    Ok(PasskeysPage {
        shell: viewer.shell(WORDS.passkeys_title),
        form_token: viewer.form_token.clone(),
        lines: listed(visit, viewer).await?.into_iter().map(line).collect(),
        wrong: None,
        form,
    })
}

/// Shows them.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let viewer = entered(&visit).await?;
    page(&shown(&visit, &viewer, PasskeyForm::adding(&viewer.form_token, "", None)).await?)
}

/// Asks a device for another one.
pub(super) async fn begin(visit: Visit) -> Result<Response, PageError> {
    let viewer = entered(&visit).await?;
    let login = viewer.profile.login.as_str();
    let known: Vec<_> = listed(&visit, &viewer).await?.into_iter().map(|line| line.credential_id).collect();
    let handle = {
        let mut connection = visit.portal.connect_sign_in().await?;
        passkey::handle(&mut SignIn::on(&mut connection), login).await?.ok_or(PageError::NotFound)?
    };
    let asked = of(&visit.portal)?.begin_adding(handle, login, &known)?;
    ask(&visit, Some(login), asked).await
}

/// Adds it.
pub(super) async fn post(visit: Visit, headers: HeaderMap, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let viewer = entered(&visit).await?;
    match add(&visit, &viewer, &headers, &typed).await {
        Ok(()) => Ok(done("/account/passkeys", "saved")),
        Err(problem) => {
            let form = PasskeyForm::adding(&viewer.form_token, typed.text("name"), Some(sentence(problem)?));
            refused(&shown(&visit, &viewer, form).await?)
        }
    }
}

async fn add(visit: &Visit, viewer: &Viewer, headers: &HeaderMap, typed: &Typed) -> Result<(), Problem> {
    let login = viewer.profile.login.as_str();
    let name = typed.required("name")?;
    let challenge = waited(visit, headers, Some(login)).await?;
    let made = challenge.and_then(|asked| of(&visit.portal).ok()?.finish_adding(&asked, typed.text("answer")).ok());
    let made = made.ok_or_else(|| Problem::at("answer", WORDS.passkey_not_added))?;
    let mut connection = visit.portal.connect_sign_in().await?;
    let (_, rules) = visit.portal.connect().await?;
    Ok(passkey::add(&mut SignIn::on(&mut connection).with_rules(&rules), login, name, &made).await?)
}

fn sentence(problem: Problem) -> Result<String, PageError> {
    match problem {
        Problem::At(_, sentence) => Ok(sentence),
        Problem::Rule(broken) => Ok(broken.sentence),
        Problem::Page(error) => Err(error),
    }
}

/// Removes one.
pub(super) async fn end(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let viewer = entered(&visit).await?;
    let problem = match remove(&visit, &viewer, &typed).await {
        Ok(()) => return Ok(done("/account/passkeys", "removed")),
        Err(problem) => problem,
    };
    let mut page = shown(&visit, &viewer, PasskeyForm::adding(&viewer.form_token, "", None)).await?;
    page.wrong = Some(sentence(problem)?);
    refused(&page)
}

async fn remove(visit: &Visit, viewer: &Viewer, typed: &Typed) -> Result<(), Problem> {
    let key = typed.one("passkey")?;
    let mut connection = visit.portal.connect_sign_in().await?;
    Ok(passkey::remove(&mut SignIn::on(&mut connection), &viewer.profile.login, key).await?)
}
