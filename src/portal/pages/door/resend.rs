//! What a form held that was interrupted: sent once more by whoever wrote it, with one click.

use askama::Template;
use axum::response::Response;

use crate::portal::answer::page;
use crate::portal::carried::{Carried, opened};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::visit::{Visit, form_token};
use crate::portal::words::WORDS;
use crate::store::care::context::SignIn;
use crate::store::care::session::SessionToken;
use crate::store::care::sign_in::was_session_of;

#[derive(Template)]
#[template(path = "pages/door/resend.html", config = "src/portal/askama.toml")]
struct ResendPage {
    shell: Shell,
    path: String,
    fields: Vec<(String, String)>,
    form_token: String,
}

/// The page, where the browser bears what it wrote by the session that it came with, and that was of the same login.
pub(super) async fn resend(
    visit: &Visit,
    (login, token): (&str, &SessionToken),
    carried: &str,
) -> Result<Option<Response>, PageError> {
    let (Some(former), Some(carried)) = (&visit.token, interrupted(visit, carried)) else { return Ok(None) };
    let mut connection = visit.portal.connect_sign_in().await?;
    if !was_session_of(&mut SignIn::on(&mut connection), former, login).await? {
        return Ok(None);
    }
    asking(carried, token).map(Some)
}

/// The same for the session that it came with, which goes on by a new token.
pub(super) fn resend_own(visit: &Visit, token: &SessionToken, carried: &str) -> Result<Option<Response>, PageError> {
    interrupted(visit, carried).map(|carried| asking(carried, token)).transpose()
}

fn interrupted(visit: &Visit, carried: &str) -> Option<Carried> {
    let former = visit.token.as_ref()?;
    opened(&visit.portal.seal_key, former, carried, visit.portal.clock.now())
}

fn asking(carried: Carried, token: &SessionToken) -> Result<Response, PageError> {
    let shell = Shell::plain(WORDS.resend_title);
    page(&ResendPage { shell, path: carried.path, fields: carried.fields, form_token: form_token(token) })
}
