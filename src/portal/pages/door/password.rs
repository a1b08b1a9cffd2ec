//! `/account/password`: another password, by whoever has just proved who it is.

use askama::Template;
use axum::response::Response;
use secrecy::ExposeSecret as _;

use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::visit::{Viewer, Visit};
use crate::portal::words::WORDS;
use crate::security::password::PasswordError;
use crate::store::care::context::SignIn;
use crate::store::care::sign_in::change_password;

#[derive(Template)]
#[template(path = "pages/door/password.html", config = "src/portal/askama.toml")]
struct PasswordPage {
    shell: Shell,
    form: Form,
}

fn asked(viewer: &Viewer) -> Form {
    Form::new("password", "/account/password", &viewer.form_token, WORDS.set_password)
        .with(
            FormField::typed("password", WORDS.password_new, "password")
                .known_as("new-password")
                .hint(WORDS.password_hint)
                .required(),
        )
        .with(FormField::typed("again", WORDS.password_again, "password").known_as("new-password").required())
}

/// Asks for it.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (_, viewer) = seat.enter_confirmed().await?;
    page(&PasswordPage { shell: viewer.shell(WORDS.password_change), form: asked(&viewer) })
}

/// Changes it.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    // No connection is held while the hash is made.
    let viewer = {
        let mut seat = visit.seat().await?;
        seat.enter_confirmed().await?.1
    };
    match change(&visit, &viewer, &typed).await {
        Ok(()) => Ok(done("/account", "saved")),
        Err(problem) => {
            let form = asked(&viewer).told(problem, &[])?;
            refused(&PasswordPage { shell: viewer.shell(WORDS.password_change), form })
        }
    }
}

async fn change(visit: &Visit, viewer: &Viewer, typed: &Typed) -> Result<(), Problem> {
    let token = visit.token.as_ref().ok_or(PageError::NotFound)?;
    let (password, again) = (typed.secret("password"), typed.secret("again"));
    if password.expose_secret() != again.expose_secret() {
        return Err(Problem::at("again", WORDS.password_differs));
    }
    let hash = match visit.portal.passwords.hash(&password).await {
        Err(PasswordError::Length) => return Err(Problem::at("password", WORDS.password_too_short)),
        made => made.map_err(PageError::from)?,
    };
    let mut connection = visit.portal.connect_sign_in().await?;
    change_password(&mut SignIn::on(&mut connection), &viewer.profile.login, &hash, token).await?;
    Ok(())
}
