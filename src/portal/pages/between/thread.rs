//! `/patients/{id}/messages/{thread}`: what was written, the first message first, and a form to answer, which ends the
//! task to do so; `…/retract` takes an own message back.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::message_view::{MessageView, answer, answering, closed, find, read, take_back, with};
use crate::model::people::{MessageThreadId, PatientId};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::pages::chart::record_view::{Banner, banner};
use crate::portal::shell::Shell;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::record::read_summary;

#[derive(Template)]
#[template(path = "pages/between/thread.html", config = "src/portal/askama.toml")]
struct ThreadPage {
    shell: Shell,
    words: &'static ShareWords,
    form_token: String,
    banner: Banner,
    is_own: bool,
    tab: &'static str,
    path: String,
    with: String,
    messages: Vec<MessageView>,
    /// `None` where the thread is closed.
    form: Option<Form>,
    /// Why a message was not taken back.
    wrong: Option<String>,
}

/// Whose, and which.
type Keys = (PatientId, MessageThreadId);

fn keys_of(patient: &str, thread: &str) -> Result<Keys, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    Ok((patient, thread.parse().map_err(|_| PageError::NotFound)?))
}

fn path_of((patient, thread): Keys) -> String {
    format!("/patients/{patient}/messages/{thread}")
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    keys: Keys,
    form: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<ThreadPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, keys.0).await?.ok_or(PageError::NotFound)?;
    let thread = find(&mut actor, keys.0, keys.1).await?;
    let with = with(&mut actor, &thread, SHARE.care_team).await?;
    let (messages, is_noted) = read(&mut actor, keys.0, &thread, &viewer.zone).await?;
    if is_noted {
        actor.commit().await?;
    }
    let answer = answering(path_of(keys), &viewer.form_token);
    Ok(ThreadPage {
        shell: viewer.shell(&thread.subject),
        words: &SHARE,
        form_token: viewer.form_token.clone(),
        banner: banner(&record, now, &viewer.zone),
        is_own: false,
        tab: "messages",
        path: path_of(keys),
        with,
        messages,
        form: if thread.is_closed { None } else { Some(form(answer)?) },
        wrong: None,
    })
}

/// Shows it.
pub(super) async fn get(visit: Visit, Path((patient, thread)): Path<(String, String)>) -> Result<Response, PageError> {
    let keys = keys_of(&patient, &thread)?;
    let mut seat = visit.seat().await?;
    page(&shown(&visit, &mut seat, keys, Ok).await?)
}

/// Answers.
pub(super) async fn post(
    visit: Visit,
    Path((patient, thread)): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let keys = keys_of(&patient, &thread)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    find(&mut actor, keys.0, keys.1).await?;
    let problem = match answer(&mut actor, (keys.0, keys.1, now), &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done(&path_of(keys), "sent"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let (at, wrong) = (&[("message_body_is_some", "body")], closed(&problem));
    let shown = shown(&visit, &mut seat, keys, |form| form.filled(&typed).told(problem, at)).await?;
    refused(&ThreadPage { wrong, ..shown })
}

/// Takes an own message back.
pub(super) async fn post_retract(
    visit: Visit,
    Path((patient, thread)): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let keys = keys_of(&patient, &thread)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let wrong = match take_back(&mut actor, keys, &typed).await {
        Ok(is_new) => {
            if is_new {
                actor.commit().await?;
            }
            return Ok(done(&path_of(keys), "removed"));
        }
        Err(Problem::Page(error)) => return Err(error),
        Err(Problem::At(_, sentence)) => sentence,
        Err(Problem::Rule(broken)) => broken.sentence,
    };
    drop(actor);
    refused(&ThreadPage { wrong: Some(wrong), ..shown(&visit, &mut seat, keys, Ok).await? })
}
