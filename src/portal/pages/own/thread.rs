//! `/me/messages/{thread}`: what was written, the first message first, and a form to answer; `…/retract` takes an own
//! message back, `…/close` ends the thread.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use crate::model::people::MessageThreadId;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::pages::between::message_view::{
    MessageView, answer, answering, closed, find, read, take_back, with,
};
use crate::portal::shell::Shell;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::message::close;

#[derive(Template)]
#[template(path = "pages/own/thread.html", config = "src/portal/askama.toml")]
struct ThreadPage {
    shell: Shell,
    words: &'static ShareWords,
    form_token: String,
    path: String,
    with: String,
    messages: Vec<MessageView>,
    /// `None` where the thread is closed.
    form: Option<Form>,
    /// Why a message was not taken back.
    wrong: Option<String>,
}

async fn shown(
    seat: &mut Seat,
    key: MessageThreadId,
    form: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<ThreadPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let thread = find(&mut actor, patient, key).await?;
    let with = with(&mut actor, &thread, SHARE.message_all).await?;
    let (messages, is_noted) = read(&mut actor, patient, &thread, &viewer.zone).await?;
    if is_noted {
        actor.commit().await?;
    }
    let path = format!("/me/messages/{key}");
    let answer = answering(path.clone(), &viewer.form_token);
    let form = if thread.is_closed { None } else { Some(form(answer)?) };
    let shell = viewer.shell(&thread.subject);
    Ok(ThreadPage { shell, words: &SHARE, form_token: viewer.form_token, path, with, messages, form, wrong: None })
}

fn key_of(key: &str) -> Result<MessageThreadId, PageError> {
    key.parse().map_err(|_| PageError::NotFound)
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key_of(&key)?;
    let mut seat = visit.seat().await?;
    page(&shown(&mut seat, key, Ok).await?)
}

/// Answers.
pub(super) async fn post(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let key = key_of(&key)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    find(&mut actor, patient, key).await?;
    let problem = match answer(&mut actor, (patient, key, now), &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done(&format!("/me/messages/{key}"), "sent"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let (at, wrong) = (&[("message_body_is_some", "body")], closed(&problem));
    let shown = shown(&mut seat, key, |form| form.filled(&typed).told(problem, at)).await?;
    refused(&ThreadPage { wrong, ..shown })
}

/// Takes an own message back.
pub(super) async fn post_retract(
    visit: Visit,
    Path(key): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let key = key_of(&key)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let wrong = match take_back(&mut actor, (patient, key), &typed).await {
        Ok(is_new) => {
            if is_new {
                actor.commit().await?;
            }
            return Ok(done(&format!("/me/messages/{key}"), "removed"));
        }
        Err(Problem::Page(error)) => return Err(error),
        Err(Problem::At(_, sentence)) => sentence,
        Err(Problem::Rule(broken)) => broken.sentence,
    };
    drop(actor);
    refused(&ThreadPage { wrong: Some(wrong), ..shown(&mut seat, key, Ok).await? })
}

/// Closes it. A thread that is closed stays so, however often it is sent.
pub(super) async fn post_close(visit: Visit, Path(key): Path<String>) -> Result<Response, PageError> {
    let key = key_of(&key)?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    if !find(&mut actor, patient, key).await?.is_closed {
        close(&mut actor, key).await?;
        actor.commit().await?;
    }
    Ok(done("/me/messages", "ended"))
}
