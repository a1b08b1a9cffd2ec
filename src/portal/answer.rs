//! A template as an answer.

use askama::Template;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::page_error::PageError;

/// A page that is shown.
pub(super) fn page(template: &impl Template) -> Result<Response, PageError> {
    match template.render() {
        Ok(body) => Ok(Html(body).into_response()),
        Err(error) => {
            tracing::error!("a page could not be written: {error}");
            Err(PageError::Unavailable)
        }
    }
}

/// The same page again, since something in its form is wrong.
pub(super) fn refused(template: &impl Template) -> Result<Response, PageError> {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(template)?).into_response())
}

/// On to a page that says what was done: a word of `shell::done`.
pub(super) fn done(path: &str, word: &str) -> Response {
    Redirect::to(&format!("{path}?done={word}")).into_response()
}
