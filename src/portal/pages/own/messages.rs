//! `/me/messages`: threads with who cares for the patient, what is unread told, and a form for another.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use crate::model::people::MessageThreadId;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::{Behind, Sent};
use crate::portal::forms::{Form, Typed};
use crate::portal::page_error::PageError;
use crate::portal::pages::between::message_view::{ALL, AT, ThreadView, beginning, listed, start};
use crate::portal::shell::Shell;
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::share::{SHARE, ShareWords};
use crate::store::care::sharing::{Carer, care_team};

#[derive(Template)]
#[template(path = "pages/own/messages.html", config = "src/portal/askama.toml")]
struct MessagesPage {
    shell: Shell,
    words: &'static ShareWords,
    threads: Vec<ThreadView>,
    /// Key of the last thread, where there are more.
    more: Option<MessageThreadId>,
    /// `None` where nobody cares for the patient.
    form: Option<Form>,
}

/// After which thread.
#[derive(Debug, Deserialize)]
pub(super) struct AfterThread {
    after: Option<MessageThreadId>,
}

async fn shown(
    seat: &mut Seat,
    after: Option<MessageThreadId>,
    form: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<MessagesPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let (threads, more) =
        listed(&mut actor, patient, after, (SHARE.message_all, &viewer.zone)).await?.ok_or(PageError::NotFound)?;
    let team = care_team(&mut actor, patient).await?;
    let form = match team.is_empty() {
        true => None,
        false => Some(form(beginning("/me/messages".to_owned(), &viewer.form_token, whom(&team)))?),
    };
    Ok(MessagesPage { shell: viewer.shell(SHARE.messages_title), words: &SHARE, threads, more, form })
}

fn whom(team: &[Carer]) -> Vec<(String, String)> {
    let mut whom = vec![(ALL.to_owned(), SHARE.message_all.to_owned())];
    whom.extend(team.iter().map(|carer| (carer.provider.to_string(), carer.name.clone())));
    whom.dedup();
    whom
}

/// Shows them.
pub(super) async fn get(visit: Visit, Behind(asked): Behind<AfterThread>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&shown(&mut seat, asked.after, Ok).await?)
}

/// Begins a thread.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let problem = match start(&mut actor, (patient, now), &typed).await {
        Ok(thread) => {
            actor.commit().await?;
            return Ok(done(&format!("/me/messages/{thread}"), "sent"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    refused(&shown(&mut seat, None, |form| form.filled(&typed).told(problem, AT)).await?)
}
