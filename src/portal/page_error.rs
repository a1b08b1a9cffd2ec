//! Why a page is not shown, each in one sentence. What is not there and what is not allowed are one answer, byte for
//! byte.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use super::provider::ProviderError;
use super::shell::Shell;
use super::words::WORDS;
use crate::security::password::PasswordError;
use crate::store::StoreError;
use crate::store::care::error::CareError;
use crate::telemetry::chain;

/// Why a page is not shown.
#[derive(Debug)]
pub enum PageError {
    /// Nobody is signed in: afterwards this path is shown.
    SignIn(String),
    /// Who is signed in must prove it once more: afterwards this path is shown.
    Confirm(String),
    /// There is no such page for whoever asks.
    NotFound,
    /// A rule refuses it: its sentence.
    Refused(String),
    /// Too often: its sentence.
    TooOften(String),
    /// A form of another site, or of a browser that does not tell.
    CrossSite,
    /// The database or this program cannot answer; it is logged.
    Unavailable,
}

/// Rules that say that it was asked too often.
const TOO_OFTEN: [&str; 1] = ["looks_of_an_account_are_few"];

impl From<CareError> for PageError {
    fn from(error: CareError) -> PageError {
        match error {
            CareError::Refused(broken) if broken.rule == "session_stands" => PageError::SignIn("/".to_owned()),
            CareError::Refused(broken) if TOO_OFTEN.contains(&broken.rule.as_str()) => {
                PageError::TooOften(broken.sentence)
            }
            CareError::Refused(broken) => PageError::Refused(broken.sentence),
            CareError::Failed(error) => PageError::from(error),
        }
    }
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> PageError {
        tracing::warn!("a page could not be shown: {}", chain(&error));
        PageError::Unavailable
    }
}

impl From<ProviderError> for PageError {
    fn from(error: ProviderError) -> PageError {
        tracing::warn!("nobody is signed in by the provider: {}", chain(&error));
        PageError::Refused(WORDS.provider_failed.to_owned())
    }
}

impl From<PasswordError> for PageError {
    fn from(error: PasswordError) -> PageError {
        match error {
            PasswordError::Length => PageError::Refused(WORDS.password_too_short.to_owned()),
            PasswordError::Machine => {
                tracing::warn!("a page could not be shown: {error}");
                PageError::Unavailable
            }
        }
    }
}

#[derive(Template)]
#[template(path = "error.html", config = "src/portal/askama.toml")]
struct ErrorPage<'a> {
    shell: Shell,
    sentence: &'a str,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let (status, sentence) = match self {
            PageError::SignIn(next) => return interrupted("/sign-in", &next, Interrupted::SignIn),
            PageError::Confirm(next) => return interrupted("/confirm", &next, Interrupted::Confirm),
            PageError::NotFound => (StatusCode::NOT_FOUND, WORDS.not_found.to_owned()),
            PageError::Refused(sentence) => (StatusCode::UNPROCESSABLE_ENTITY, sentence),
            PageError::TooOften(sentence) => (StatusCode::TOO_MANY_REQUESTS, sentence),
            PageError::CrossSite => (StatusCode::FORBIDDEN, WORDS.cross_site.to_owned()),
            PageError::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, WORDS.unavailable.to_owned()),
        };
        let page = ErrorPage { shell: Shell::plain(WORDS.error_title), sentence: &sentence };
        let body = page.render().unwrap_or_else(|_| sentence.clone());
        let mut response = (status, Html(body)).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

/// What an answer interrupts, for `edge::carry`: what a form held is kept.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Interrupted {
    /// Nobody is signed in any more.
    SignIn,
    /// Who is signed in must prove it.
    Confirm,
}

/// To a page that asks who it is, and from there back.
fn interrupted(page: &str, next: &str, why: Interrupted) -> Response {
    let next = percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC);
    let mut response = Redirect::to(&format!("{page}?next={next}")).into_response();
    response.extensions_mut().insert(why);
    response
}
