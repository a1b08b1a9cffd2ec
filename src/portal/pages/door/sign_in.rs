//! `/sign-in` and `/sign-out`.
//!
//! Whatever is wrong gets one sentence after the same work: a guess is paid for, a password is verified (against a hash
//! that nothing matches, where there is none), and an event is written. A new session has a new token, and the one
//! before ends.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{HeaderName, HeaderValue, SET_COOKIE};
use axum::response::{IntoResponse, Redirect, Response};
use secrecy::SecretString;
use serde::Deserialize;

use super::passkey_form::PasskeyForm;
use super::resend::resend;
use crate::portal::answer::{page, refused};
use crate::portal::edge::sent::{Behind, Sent};
use crate::portal::page_error::PageError;
use crate::portal::places::TakenPlace;
use crate::portal::shell::Shell;
use crate::portal::shown::counted;
use crate::portal::state::Portal;
use crate::portal::visit::{Visit, cookie};
use crate::portal::words::WORDS;
use crate::security::totp::step_of;
use crate::store::care::context::SignIn;
use crate::store::care::error::CareError;
use crate::store::care::profile;
use crate::store::care::session::SessionToken;
use crate::store::care::sign_in::{self, Guess};

#[derive(Template)]
#[template(path = "pages/door/sign_in.html", config = "src/portal/askama.toml")]
struct SignInPage {
    shell: Shell,
    /// Where to go afterwards.
    next: String,
    /// As it was typed.
    login: String,
    /// A form that was interrupted, sealed.
    carried: String,
    /// What people call whom else they may sign in by.
    provider: Option<String>,
    portal: Portal,
    /// What is wrong.
    wrong: Option<String>,
    /// What has just been done.
    done: Option<&'static str>,
}

impl SignInPage {
    /// For who has a passkey, where the site can have them.
    fn passkey_form(&self) -> Option<PasskeyForm> {
        PasskeyForm::signing_in(&self.portal, &self.next, &self.carried)
    }

    /// Where whoever signs in by a provider begins.
    fn provider_path(&self) -> String {
        let next = percent_encoding::utf8_percent_encode(&self.next, percent_encoding::NON_ALPHANUMERIC);
        format!("/sign-in/provider?next={next}")
    }
}

/// Where to go afterwards, and what was done before.
#[derive(Debug, Deserialize)]
pub(in crate::portal) struct SignInAsked {
    #[serde(default)]
    pub(super) next: String,
    #[serde(default)]
    set: bool,
}

/// Shows the form.
pub(in crate::portal) async fn get(
    State(portal): State<Portal>,
    Behind(asked): Behind<SignInAsked>,
) -> Result<Response, PageError> {
    let done = asked.set.then_some(WORDS.password_set);
    page(&SignInPage { next: asked.next, done, ..empty(&portal) })
}

/// Shows it, holding a form that was interrupted.
pub(in crate::portal) fn carrying(portal: &Portal, carried: String) -> Option<Response> {
    page(&SignInPage { carried, done: Some(WORDS.resend_text), ..empty(portal) }).ok()
}

fn empty(portal: &Portal) -> SignInPage {
    SignInPage {
        shell: Shell::plain(WORDS.sign_in),
        next: String::new(),
        login: String::new(),
        carried: String::new(),
        provider: portal.provider.as_ref().map(|provider| provider.name.clone()),
        portal: portal.clone(),
        wrong: None,
        done: None,
    }
}

/// What was typed.
#[derive(Deserialize)]
pub(in crate::portal) struct TypedSignIn {
    login: String,
    password: SecretString,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    carried: String,
}

/// Signs in.
pub(in crate::portal) async fn post(visit: Visit, Sent(typed): Sent<TypedSignIn>) -> Result<Response, PageError> {
    let portal = &visit.portal;
    let login = typed.login.trim().to_lowercase();
    let (status, wrong) = match judged(&visit, &login, &typed.password, &typed.code).await? {
        Judged::Wrong(status, wrong) => (status, wrong),
        Judged::Right(step) => match open(&visit, &login, step).await? {
            Some(token) => {
                let on = entered(&visit, (&login, &token), &typed.next, &typed.carried).await?;
                return Ok(([(SET_COOKIE, cookie(Some(&token), portal.is_secure))], on).into_response());
            }
            None => failed(portal, &login).await?,
        },
    };
    let again = SignInPage {
        next: typed.next,
        login: typed.login,
        carried: typed.carried,
        wrong: Some(wrong),
        ..empty(portal)
    };
    Ok((status, page(&again)?).into_response())
}

/// The form again, with what was wrong.
pub(super) fn refusing(portal: &Portal, next: &str, carried: String, wrong: &str) -> Result<Response, PageError> {
    let wrong = Some(wrong.to_owned());
    refused(&SignInPage { next: next.to_owned(), carried, wrong, ..empty(portal) })
}

/// On with what was begun before, as who has just been signed in; the former session ends.
pub(super) async fn entered(
    visit: &Visit,
    who: (&str, &SessionToken),
    next: &str,
    carried: &str,
) -> Result<Response, PageError> {
    let resent = resend(visit, who, carried).await?;
    end_former(visit).await;
    Ok(resent.unwrap_or_else(|| Redirect::to(landing(next)).into_response()))
}

/// What a guess at a password came to.
pub(super) enum Judged {
    /// Right, by the code of a step where there is a second factor.
    Right(Option<i64>),
    /// Wrong, or one too many: a status and a sentence.
    Wrong(StatusCode, String),
}

/// Pays for a guess at a login's password and code, and judges it.
pub(super) async fn judged(
    visit: &Visit,
    login: &str,
    password: &SecretString,
    code: &str,
) -> Result<Judged, PageError> {
    let portal = &visit.portal;
    let _place = place(visit)?;
    // Before the work is done: a flood that waits for its turn holds no connection.
    let guess = {
        let mut connection = portal.connect_sign_in().await?;
        sign_in::begin(&mut SignIn::on(&mut connection), login, &visit.address).await?
    };
    let challenge = match guess {
        Guess::Taken(challenge) => challenge,
        Guess::Wait(seconds) => {
            return Ok(Judged::Wrong(StatusCode::TOO_MANY_REQUESTS, waiting(seconds.into())));
        }
    };
    let is_right = portal.passwords.matches(password, challenge.password_hash.as_ref()).await?;
    let step = match &challenge.totp_secret {
        None => Some(None),
        Some(secret) => step_of(&secret.0, code, portal.clock.now()).map(Some),
    };
    match step.filter(|_| is_right) {
        Some(step) => Ok(Judged::Right(step)),
        None => failed(portal, login).await.map(|(status, wrong)| Judged::Wrong(status, wrong)),
    }
}

/// A place among those who are signed in at one moment, before the database hears of them: a flood takes those of its
/// addresses, and leaves the pages alone.
pub(super) fn place(visit: &Visit) -> Result<TakenPlace, PageError> {
    visit.portal.door.take(&visit.address).ok_or_else(|| PageError::TooOften(WORDS.sign_in_crowded.to_owned()))
}

/// What whoever tries too often is told.
pub(super) fn waiting(seconds: i64) -> String {
    format!("{} {}.", WORDS.sign_in_wait, counted(seconds, [WORDS.second, WORDS.seconds]))
}

/// Records that a guess was wrong; the answer.
pub(super) async fn failed(portal: &Portal, login: &str) -> Result<(StatusCode, String), PageError> {
    let mut connection = portal.connect_sign_in().await?;
    sign_in::note_failed(&mut SignIn::on(&mut connection), login).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, WORDS.sign_in_wrong.to_owned()))
}

/// A session's token; `None` where the code was used before, which is told as a wrong one.
async fn open(visit: &Visit, login: &str, step: Option<i64>) -> Result<Option<SessionToken>, PageError> {
    let token = SessionToken::generate().ok_or(PageError::Unavailable)?;
    let mut connection = visit.portal.connect_sign_in().await?;
    let who = (login, visit.address.as_str());
    let opened = sign_in::end(&mut SignIn::on(&mut connection), who, step, &token, visit.portal.limits).await;
    match opened {
        Ok(_) => Ok(Some(token)),
        Err(CareError::Refused(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Ends the session that the browser came with, which another account may have left.
pub(super) async fn end_former(visit: &Visit) {
    if let Ok(mut seat) = visit.seat().await
        && let Ok((mut actor, _)) = seat.enter().await
    {
        // What cannot be ended now ends when it is not used.
        let _ = profile::sign_out(&mut actor).await;
        let _ = actor.commit().await;
    }
}

/// Signs out, also where nobody is signed in.
pub(in crate::portal) async fn sign_out(visit: Visit) -> Result<Response, PageError> {
    if visit.token.is_some() {
        let mut seat = visit.seat().await?;
        match seat.enter().await {
            Ok((mut actor, _)) => {
                profile::sign_out(&mut actor).await?;
                actor.commit().await?;
            }
            Err(PageError::SignIn(_)) => {}
            Err(error) => return Err(error),
        }
    }
    let forget = (HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\", \"storage\""));
    let ended = (SET_COOKIE, cookie(None, visit.portal.is_secure));
    Ok(([forget, ended], Redirect::to("/")).into_response())
}

/// Where somebody is sent on from a form: to a path of this site that does not lead away from it, since a form's answer
/// may not (`form-action 'self'` counts its redirects as well).
pub(super) fn landing(next: &str) -> &str {
    match next {
        next if next.starts_with("/account/provider") => "/account",
        next if is_own_path(next) && !next.starts_with("/sign-in") => next,
        _ => "/",
    }
}

/// Whether a text is a path of this site: nothing that a browser takes for another one.
fn is_own_path(text: &str) -> bool {
    let mut letters = text.chars();
    let begins = letters.next() == Some('/') && letters.next().is_none_or(|letter| letter.is_ascii_alphanumeric());
    begins && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "/-_?=&.:%".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for own in ["/", "/me", "/patients/0193-ab/vitals?span=week&to=17"] {
            assert!(is_own_path(own), "{own}");
        }
        let others = [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/\t/evil",
            "/a\r\nset-cookie:x",
            "javascript:x",
            "\\\\evil",
            " /me",
            "/@evil.example",
        ];
        for other in others {
            assert!(!is_own_path(other), "{other:?}");
            assert_eq!(landing(other), "/", "{other:?}");
        }
    }

    #[test]
    fn a_forms_answer_leads_to_no_page_that_leaves_for_a_provider() {
        assert_eq!(landing("/patients/1?tab=2"), "/patients/1?tab=2");
        assert_eq!(landing("/account/provider"), "/account");
        assert_eq!(landing("/sign-in/provider?next=%2Fme"), "/");
    }
}
