//! `/patients/{id}/messages`: threads with a patient, what is unread told, and a form for another.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;

use super::message_view::{ALL, AT, ThreadView, beginning, listed, start};
use crate::model::people::{MessageThreadId, PatientId};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::{Behind, Sent};
use crate::portal::forms::{Form, Typed};
use crate::portal::page_error::PageError;
use crate::portal::pages::chart::record_view::{Banner, banner};
use crate::portal::shell::Shell;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::profile::own_provider;
use crate::store::care::record::read_summary;

#[derive(Template)]
#[template(path = "pages/between/messages.html", config = "src/portal/askama.toml")]
struct MessagesPage {
    shell: Shell,
    words: &'static ShareWords,
    banner: Banner,
    is_own: bool,
    tab: &'static str,
    threads: Vec<ThreadView>,
    /// Key of the last thread, where there are more.
    more: Option<MessageThreadId>,
    form: Form,
}

/// After which thread.
#[derive(Debug, Default, Deserialize)]
pub(super) struct AfterThreadWith {
    after: Option<MessageThreadId>,
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    (patient, after): (PatientId, Option<MessageThreadId>),
    form: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<MessagesPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let (threads, more) =
        listed(&mut actor, patient, after, (SHARE.care_team, &viewer.zone)).await?.ok_or(PageError::NotFound)?;
    let own = own_provider(&mut actor).await?.map(|own| (own.to_string(), viewer.profile.name.clone()));
    let whom = own.into_iter().chain([(ALL.to_owned(), SHARE.care_team.to_owned())]).collect();
    let form = form(beginning(format!("/patients/{patient}/messages"), &viewer.form_token, whom))?;
    let (shell, banner) = (viewer.shell(SHARE.messages_title), banner(&record, now, &viewer.zone));
    Ok(MessagesPage { shell, words: &SHARE, banner, is_own: false, tab: "messages", threads, more, form })
}

/// Shows them.
pub(super) async fn get(
    visit: Visit,
    Path(patient): Path<String>,
    Behind(asked): Behind<AfterThreadWith>,
) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    page(&shown(&visit, &mut seat, (patient, asked.after), Ok).await?)
}

/// Begins a thread.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let patient: PatientId = patient.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let problem = match start(&mut actor, (patient, now), &typed).await {
        Ok(thread) => {
            actor.commit().await?;
            return Ok(done(&format!("/patients/{patient}/messages/{thread}"), "sent"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&shown(&visit, &mut seat, (patient, None), |form| form.filled(&typed).told(problem, AT)).await?)
}
