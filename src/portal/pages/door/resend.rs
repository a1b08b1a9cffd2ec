//! What a form held that was interrupted: sent once more by whoever wrote it, with one click.

use askama::Template;
use axum::response::Response;

use crate::portal::answer::page;
use crate::portal::carried::opened;
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
    let portal = &visit.portal;
    let Some(former) = &visit.token else { return Ok(None) };
    let Some(carried) = opened(&portal.seal_key, former, carried, portal.clock.now()) else { return Ok(None) };
    let mut connection = portal.connect_sign_in().await?;
    if !was_session_of(&mut SignIn::on(&mut connection), former, login).await? {
        return Ok(None);
    }
    let shell = Shell::plain(WORDS.resend_title);
    let form_token = form_token(token);
    page(&ResendPage { shell, path: carried.path, fields: carried.fields, form_token }).map(Some)
}
