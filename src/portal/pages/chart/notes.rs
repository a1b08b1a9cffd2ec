//! `/patients/{id}/notes`: notes with their sections and addenda, the latest first, one's own drafts among them; and a
//! form for another.
//!
//! # Why
//! A note begins as a draft that its author alone sees, and is rewritten until it is signed; then it keeps its words,
//! and what was forgotten is added below them. A form that is sent twice leaves a second draft, which nobody else sees
//! and which can be marked as an error.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};

use super::note_form::{drafting, searched, words_of};
use super::record_view::{Banner, banner};
use super::tried::{Tried, told};
use crate::model::people::{NoteId, PatientId, ProviderId};
use crate::model::time::{DAY_US, Timestamp};
use crate::portal::answer::{page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{moment, sentence};
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::actor::Actor;
use crate::store::care::directory::provider_names;
use crate::store::care::note::{Note, draft, read};
use crate::store::care::record::read_summary;

/// A page of them.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "pages/chart/notes.html", config = "src/portal/askama.toml")]
struct NotesPage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    lines: Vec<NoteLine>,
    /// When the last line was begun, where there are more.
    more: Option<i64>,
    form_token: String,
    form: Form,
    is_own: bool,
    tab: &'static str,
}

/// A note, to be shown.
pub(in crate::portal) struct NoteLine {
    pub(in crate::portal) key: NoteId,
    pub(in crate::portal) title: String,
    pub(in crate::portal) status: String,
    pub(in crate::portal) is_draft: bool,
    pub(in crate::portal) author: String,
    /// Who is to sign it too, or has.
    pub(in crate::portal) cosigner: Option<String>,
    pub(in crate::portal) when: String,
    pub(in crate::portal) error: Option<String>,
    pub(in crate::portal) is_kept_apart: bool,
    /// Heading and words.
    pub(in crate::portal) sections: Vec<(String, String)>,
    /// Who and when, and what.
    pub(in crate::portal) addenda: Vec<(String, String)>,
}

/// Notes as they are shown, with the names of who wrote them.
pub(in crate::portal) async fn lines(
    actor: &mut Actor<'_>,
    notes: &[Note],
    zone: &jiff::tz::TimeZone,
) -> Result<Vec<NoteLine>, PageError> {
    let mut who: BTreeSet<ProviderId> = notes.iter().map(|note| note.author_id).collect();
    who.extend(notes.iter().filter_map(|note| note.cosigner_id));
    who.extend(notes.iter().flat_map(|note| &note.addenda).map(|addendum| addendum.author_id));
    let who: Vec<ProviderId> = who.into_iter().collect();
    let names = provider_names(actor, &who).await?;
    let name = |key: ProviderId| {
        names.iter().find(|(known, _)| *known == key).map(|(_, name)| name.clone()).unwrap_or_default()
    };
    let line = |note: &Note| NoteLine {
        key: note.note_id,
        title: note.title.clone(),
        status: sentence(&note.status),
        is_draft: note.status == "draft",
        author: name(note.author_id),
        cosigner: note.cosigner_id.map(name),
        when: moment(note.signed_at.unwrap_or(note.created_at), zone),
        error: note.error_reason.clone(),
        is_kept_apart: note.sensitivity.is_some(),
        sections: note.sections.iter().map(|part| (part.title.clone(), part.body.clone())).collect(),
        addenda: note
            .addenda
            .iter()
            .map(|more| (format!("{}, {}", name(more.author_id), moment(more.created_at, zone)), more.body.clone()))
            .collect(),
    };
    Ok(notes.iter().map(line).collect())
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    patient: PatientId,
    before: Option<Timestamp>,
    tried: Option<Tried>,
) -> Result<NotesPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let mut notes = read(&mut actor, patient, before.unwrap_or_else(|| now.plus_micros(DAY_US))).await?;
    let has_more = notes.len() > ROWS;
    notes.truncate(ROWS);
    let action = format!("/patients/{patient}/notes");
    let typed = tried.as_ref().map(|tried| &tried.typed);
    let form = drafting(&mut actor, &action, &viewer.form_token, (None, typed)).await?;
    Ok(NotesPage {
        shell: viewer.shell(CHART.notes_title),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        lines: lines(&mut actor, &notes, &viewer.zone).await?,
        more: notes.last().filter(|_| has_more).map(|last| last.created_at.micros()),
        form_token: viewer.form_token.clone(),
        form: told(tried, form, super::note_form::AT)?,
        is_own: false,
        tab: "notes",
    })
}

/// Shows them, with a form for another.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    page(&shown(&visit, &mut visit.seat().await?, patient, None, None).await?)
}

/// Begins one as a draft, and goes on to it; or shows those before the last line of the page before, since days of
/// notes are nothing for URLs.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    if let Some(at) = typed.some("before") {
        let before = at.parse().ok().and_then(|at| Timestamp::from_micros(at).ok()).ok_or(PageError::NotFound)?;
        return page(&shown(&visit, &mut seat, patient, Some(before), None).await?);
    }
    let (mut actor, _) = seat.enter().await?;
    if let Some(problem) = searched(&mut actor, &typed).await? {
        drop(actor);
        let tried = Tried::searched(typed, problem);
        return page(&shown(&visit, &mut seat, patient, None, Some(tried)).await?);
    }
    match begin(&mut actor, patient, &typed).await {
        Ok(note) => {
            actor.commit().await?;
            Ok(Redirect::to(&format!("/patients/{patient}/notes/{note}?done=saved")).into_response())
        }
        Err(problem) => {
            drop(actor);
            refused(&shown(&visit, &mut seat, patient, None, Some(Tried::refused(typed, problem))).await?)
        }
    }
}

async fn begin(actor: &mut Actor<'_>, patient: PatientId, typed: &Typed) -> Result<NoteId, Problem> {
    let words = words_of(typed, &[])?;
    Ok(draft(actor, patient, typed.required("kind")?, &words).await?)
}
